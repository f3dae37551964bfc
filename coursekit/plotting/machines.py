"""Diagrams of machines with an energy: a restricted Boltzmann machine, a deep belief network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes

from coursekit.plotting.describing import describe, listing, plural
from coursekit.plotting.sketching import MARKED, PALE, WIDTH, arrow, box, circle, line, note, sketch
from coursekit.plotting.style import QUIET

SUBSCRIPTS = "₁₂₃₄₅₆"


def plot_boltzmann_machine(visible: int = 4, hidden: int = 3) -> Axes:
    """Draw a restricted Boltzmann machine: two layers, with a link between any two units of different layers.

    Args:
        visible: units of the lower layer, one to six.
        hidden: units of the upper layer, one to six.

    Returns:
        The axes, described.

    Raises:
        ValueError: a layer without units, or with more than six.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_boltzmann_machine(2, 1))
    'Diagram of a restricted Boltzmann machine: 2 visible units below, 1 hidden unit above. Each visible unit is linked
    with each hidden one, by 2 weights without direction; no two units of one layer are linked.'
    """
    if not (1 <= visible <= len(SUBSCRIPTS) and 1 <= hidden <= len(SUBSCRIPTS)):
        raise ValueError(f"A machine is drawn with one to six units a layer, not {visible} and {hidden}.")
    ax = sketch(WIDTH, 2.5)
    below, above = ([0.75 * (i - (units - 1) / 2) + 2.35 for i in range(units)] for units in (visible, hidden))
    for x in below:
        for to in above:
            line(ax, (x, 0.55), (to, 1.95), color=QUIET, linewidth=0.9)
    for letter, places, y, color in (("v", below, 0.55, PALE), ("h", above, 1.95, MARKED)):
        for index, x in zip(SUBSCRIPTS, places):
            circle(ax, (x, y), f"{letter}{index}", color=color)
    note(ax, (WIDTH - 0.55, 1.95), "hidden")
    note(ax, (WIDTH - 0.55, 1.25), "weights W")
    note(ax, (WIDTH - 0.55, 0.55), "visible")
    return describe(
        ax,
        f"Diagram of a restricted Boltzmann machine: {plural(visible, 'visible unit')} below, "
        f"{plural(hidden, 'hidden unit')} above. Each visible unit is linked with each hidden one, by "
        f"{plural(visible * hidden, 'weight')} without direction; no two units of one layer are linked.",
    )


def plot_belief_network(sizes: Sequence[int] = (784, 500, 500, 10)) -> Axes:
    """Draw how a deep belief network is made: machines one on the other, then a network with their weights.

    Args:
        sizes: units of each layer: the pixels, two or three hidden layers, the classes.

    Returns:
        The axes, described.

    Raises:
        ValueError: another number of layers.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_belief_network((784, 500, 500, 10))).split(":")[0]
    'Diagram of a deep belief network'
    """
    if not 4 <= len(sizes) <= 5:
        raise ValueError(f"A belief network is drawn with two or three hidden layers, not {len(sizes) - 2}.")
    *stack, classes = sizes
    ax = sketch(WIDTH, 0.85 * len(sizes) + 0.35)
    heights = [0.4 + 0.85 * level for level in range(len(sizes))]
    small, large, right = (0.85, 0.42), (1.1, 0.42), WIDTH - 0.7
    for level, (lower, upper) in enumerate(pairwise(stack)):
        x, bottom, top = 0.55 + 1.15 * level, heights[level], heights[level + 1]
        box(ax, (x, bottom), small, f"{lower:,}")
        box(ax, (x, top), small, f"{upper:,}", color=MARKED)
        arrow(ax, (x - 0.15, bottom + 0.21), (x - 0.15, top - 0.21))
        arrow(ax, (x + 0.15, top - 0.21), (x + 0.15, bottom + 0.21))
        if level < len(stack) - 2:
            arrow(ax, (x + 0.43, top), (x + 0.72, top))
        arrow(ax, (x + 0.5, (bottom + top) / 2), (right - 0.7, (bottom + top) / 2), linestyle="--", color=QUIET)
    for level, units in enumerate(sizes):
        box(ax, (right, heights[level]), large, f"{units:,}", color=MARKED if level == len(sizes) - 1 else PALE)
        if level:
            arrow(ax, (right, heights[level - 1] + 0.21), (right, heights[level] - 0.21))
    note(ax, (0.12, heights[-1]), "machines", ha="left")
    note(ax, (right - 0.72, heights[-1]), "network", ha="right")
    note(ax, (right - 0.72, (heights[0] + heights[1]) / 2 + 0.18), "weights", ha="right", color=QUIET)
    machines = listing(f"{lower:,} by {upper:,}" for lower, upper in pairwise(stack))
    return describe(
        ax,
        f"Diagram of a deep belief network: on the left the machines that are trained one after the other, {machines}, "
        f"each on what the hidden units of the one before hand up; on the right a network of "
        f"{listing(f'{n:,}' for n in sizes)} units that goes upwards only. Dashed arrows carry the weights of each "
        "machine into the network; the last "
        f"layer, {classes} classes, has none to begin with.",
    )
