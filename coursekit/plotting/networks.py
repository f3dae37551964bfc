"""Diagrams of networks: a neuron, dense layers, an autoencoder, a VAE, two adversaries, a U-Net, transfer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes

from coursekit.plotting.describing import describe, listing, plural
from coursekit.plotting.sketching import MARKED, PALE, WIDTH, arrow, box, circle, line, note, sketch
from coursekit.plotting.style import QUIET

MOST_UNITS = 6  # of a layer that are drawn; of more, dots stand for the others


def plot_neuron(inputs: Sequence[str] = ("x₁", "x₂", "x₃"), activation: str = "ReLU") -> Axes:
    """Draw one neuron: each input times its weight, summed with the bias, through an activation.

    Args:
        inputs: the names of the inputs, one to five.
        activation: its name.

    Returns:
        The axes, described.

    Raises:
        ValueError: no input, or more than five.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_neuron(["x₁", "x₂"], "sigmoid"))
    'Diagram of a neuron: its 2 inputs, x₁ and x₂, are each multiplied by a weight of their own and added to the bias b.
    The sum z goes through the activation, sigmoid, which gives the output y.'
    """
    if not 1 <= len(inputs) <= 5:
        raise ValueError(f"A neuron is drawn with one to five inputs, not {len(inputs)}.")
    height = max(2.2, 0.75 * len(inputs) + 0.7)
    middle = (height - 0.5) / 2
    ax = sketch(WIDTH, height)
    center = (2.3, middle)
    for index, name in enumerate(inputs):
        at = (0.4, middle + 0.75 * ((len(inputs) - 1) / 2 - index))
        circle(ax, at, name)
        arrow(
            ax,
            (at[0] + 0.28, at[1]),
            (center[0] - 0.36, middle + 0.12 * ((len(inputs) - 1) / 2 - index)),
            f"w{name[1:]}",
        )
    arrow(ax, (2.3, height - 0.3), (2.3, middle + 0.36))
    note(ax, (2.3, height - 0.15), "bias b")
    circle(ax, center, "Σ", 0.36, MARKED, 16)
    arrow(ax, (2.66, middle), (3.3, middle), "z")
    box(ax, (3.85, middle), (1.1, 0.62), activation)
    arrow(ax, (4.4, middle), (4.86, middle))
    circle(ax, (5.14, middle), "y")
    return describe(
        ax,
        f"Diagram of a neuron: its {plural(len(inputs), 'input')}, {listing(inputs)}, are each multiplied by a weight "
        f"of their own and added to the bias b. The sum z goes through the activation, {activation}, which gives the "
        "output y.",
    )


def plot_dense_network(sizes: Sequence[int], names: Sequence[str] | None = None) -> Axes:
    """Draw layers of units, each of which is connected with all units of the layer before.

    Args:
        sizes: units of each layer, the inputs first; of more than six, some stand for all.
        names: what is written below each layer; if left out, "inputs", "hidden" and "outputs".

    Returns:
        The axes, described.

    Raises:
        ValueError: fewer than two layers, a layer without units, or another number of names.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_dense_network([784, 512, 10]))
    'Diagram of a dense network: 784 inputs, 512 hidden and 10 outputs. Each unit is connected with all of the layer
    before: 401,408 and 5,120 weights.'
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"A network is drawn from two layers on, each with a unit or more; these came: {list(sizes)}.")
    names = names or ["inputs", *["hidden"] * (len(sizes) - 2), "outputs"]
    if len(names) != len(sizes):
        raise ValueError(f"{len(sizes)} layers need {len(sizes)} names; {len(names)} came.")
    ax = sketch(WIDTH, 3.9)
    columns = [(0.6 + i * (WIDTH - 1.2) / (len(sizes) - 1), _places(size)) for i, size in enumerate(sizes)]
    for (left, lower), (right, upper) in pairwise(columns):
        for y in lower:
            for to in upper:
                line(ax, (left, y), (right, to), color=QUIET, linewidth=0.7)
    for (x, places), size, name in zip(columns, sizes, names):
        for y in places:
            circle(ax, (x, y), radius=0.17)
        if size > MOST_UNITS:
            note(ax, (x, sum(places) / len(places)), "⋮", 18)
        note(ax, (x, 0.3), f"{size:,}\n{name}")
    layers = listing(f"{size:,} {name}" for size, name in zip(sizes, names))
    weights = listing(f"{before * after:,}" for before, after in pairwise(sizes))
    return describe(
        ax,
        f"Diagram of a dense network: {layers}. Each unit is connected with all of the layer before: {weights} "
        "weights.",
    )


def _places(size: int) -> list[float]:
    """The heights of the units of a layer."""
    shown = min(size, MOST_UNITS)
    middle, gap = 2.25, 0.48
    places = [middle + gap * ((shown - 1) / 2 - i) for i in range(shown)]
    return places if size <= MOST_UNITS else [y + 0.12 if y > middle else y - 0.12 for y in places]


def plot_encoder_decoder(sizes: Sequence[int] = (784, 128, 32, 128, 784)) -> Axes:
    """Draw an autoencoder: layers that narrow to a code, and widen again.

    Args:
        sizes: numbers in each layer, an odd count of them; the code stands in the middle.

    Returns:
        The axes, described.

    Raises:
        ValueError: an even count, or fewer than three.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_encoder_decoder([784, 64, 784]))
    'Diagram of an autoencoder: the encoder leads from 784 numbers to a code of 64, the decoder from the code to 784.
    The loss compares output and input.'
    """
    if len(sizes) < 3 or len(sizes) % 2 == 0:
        raise ValueError(f"An autoencoder is drawn from three layers or another odd number of them, not {len(sizes)}.")
    ax, half = sketch(WIDTH, 3.6), len(sizes) // 2
    gap = (WIDTH - 0.9) / (len(sizes) - 1)
    tallest = max(sizes)
    for index, size in enumerate(sizes):
        x, height = 0.45 + index * gap, 0.45 + 1.5 * (size / tallest) ** 0.4
        box(ax, (x, 2.05), (min(0.5, 0.6 * gap), height), color=MARKED if index == half else PALE)
        note(ax, (x, 0.85), f"{size:,}")
        if index:
            arrow(ax, (x - gap + min(0.25, 0.3 * gap), 2.05), (x - min(0.25, 0.3 * gap), 2.05))
    names = {0.45: "input", 0.45 + half * gap: "code", WIDTH - 0.45: "output"}
    names |= {0.45 + half * gap / 2: "encoder", 0.45 + 1.5 * half * gap: "decoder"} if half > 1 else {}
    for x, name in names.items():
        note(ax, (x, 3.35 if name in ("encoder", "decoder") else 0.58), name)
    arrow(ax, (0.45, 0.25), (WIDTH - 0.45, 0.25), "loss", color=QUIET, linestyle="--")
    return describe(
        ax,
        f"Diagram of an autoencoder: the encoder leads from {sizes[0]:,} numbers to a code of {sizes[half]:,}, the "
        f"decoder from the code to {sizes[-1]:,}. The loss compares output and input.",
    )


def plot_reparameterization() -> Axes:
    """Draw how a VAE draws its code so that gradients pass: z = μ + σ·ε.

    Returns:
        The axes, described.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_reparameterization()).split(":")[0]
    'Diagram of the reparameterisation'
    """
    ax = sketch(WIDTH, 3.2)
    box(ax, (0.75, 1.6), (1.1, 0.7), "encoder")
    for name, y in (("μ", 2.4), ("σ", 0.8)):
        arrow(ax, (1.3, 1.6), (1.92, y))
        circle(ax, (2.2, y), name, color=MARKED)
    circle(ax, (3.15, 0.8), "×")
    arrow(ax, (2.48, 0.8), (2.87, 0.8))
    circle(ax, (3.15, 2.4), "+")
    arrow(ax, (2.48, 2.4), (2.87, 2.4))
    arrow(ax, (3.15, 1.08), (3.15, 2.12), "σ·ε")
    note(ax, (4.4, 0.8), "ε ~ N(0, 1)\nno weights: gradients\nneed not pass", 11)
    arrow(ax, (3.75, 0.95), (3.43, 0.85), linestyle="--", color=QUIET)
    arrow(ax, (3.43, 2.4), (3.85, 2.4))
    circle(ax, (4.12, 2.4), "z")
    arrow(ax, (4.4, 2.4), (4.55, 2.4))
    box(ax, (5.0, 2.4), (0.88, 0.7), "decoder", letters=11)
    return describe(
        ax,
        "Diagram of the reparameterisation: the encoder gives μ and σ. Noise ε is drawn from N(0, 1) beside them, "
        "multiplied by σ and added to μ: z = μ + σ·ε goes to the decoder. Gradients pass from z to μ and σ, since "
        "drawing ε depends on no weight.",
    )


def plot_adversaries() -> Axes:
    """Draw the game of a generator and a discriminator, and the gradient that teaches the generator.

    Returns:
        The axes, described.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_adversaries()).split(":")[0]
    'Diagram of two networks that train each other'
    """
    ax = sketch(WIDTH, 2.9)
    circle(ax, (0.4, 2.2), "z")
    box(ax, (1.6, 2.2), (1.3, 0.7), "generator", color=MARKED)
    box(ax, (1.6, 0.8), (1.3, 0.7), "data")
    box(ax, (4.1, 1.5), (1.5, 0.8), "discriminator")
    arrow(ax, (0.68, 2.2), (0.95, 2.2))
    arrow(ax, (2.25, 2.2), (3.5, 1.9), "fake")
    arrow(ax, (2.25, 0.8), (3.5, 1.1), "real")
    arrow(ax, (4.85, 1.5), (5.2, 1.5))
    note(ax, (5.34, 1.5), "ℓ")
    arrow(ax, (4.1, 1.9), (1.6, 2.55), connectionstyle="arc3,rad=0.35", linestyle="--", color=QUIET)
    note(ax, (4.45, 2.62), "gradient", color=QUIET)
    note(ax, (4.1, 0.6), "real or fake?", 11)
    return describe(
        ax,
        "Diagram of two networks that train each other: latent numbers z go into the generator, which gives a fake. "
        "Fakes, and real examples from the data, go into the discriminator, which answers each with a logit ℓ: real or "
        "fake? A dashed arrow goes back from the discriminator to the generator: the gradient by which it learns.",
    )


def plot_u_net(sides: Sequence[int] = (28, 14, 7)) -> Axes:
    """Draw a U-Net: down to a coarse grid, up again, and each level's features handed across.

    Args:
        sides: places along the side of each level, finest first, two or three of them.

    Returns:
        The axes, described.

    Raises:
        ValueError: fewer than two levels, or more than three.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_u_net((28, 14)))[:58]
    'Diagram of a U-Net: its input of 28 × 28 places goes down '
    """
    if not 2 <= len(sides) <= 3:
        raise ValueError(f"A U-Net is drawn with two or three levels, not {len(sides)}.")
    ax = sketch(WIDTH, 0.95 * len(sides) + 0.2)
    names = [f"{side} × {side}" for side in sides]
    levels = [0.95 * (len(sides) - level) - 0.3 for level in range(len(sides))]
    for level, (name, y) in enumerate(zip(names, levels)):
        left, right = 0.75 + 0.72 * level, WIDTH - 0.75 - 0.72 * level
        if level == len(sides) - 1:
            box(ax, (WIDTH / 2, y), (1.15, 0.55), name, color=MARKED)
            arrow(ax, (left - 0.5, levels[level - 1] - 0.28), (WIDTH / 2 - 0.58, y))
            arrow(ax, (WIDTH / 2 + 0.58, y), (right + 0.5, levels[level - 1] - 0.28))
            continue
        for x in (left, right):
            box(ax, (x, y), (1.15, 0.55), name)
        if level:
            arrow(ax, (left - 0.5, levels[level - 1] - 0.28), (left - 0.2, y + 0.28))
            arrow(ax, (right + 0.2, y + 0.28), (right + 0.5, levels[level - 1] - 0.28))
        arrow(ax, (left + 0.58, y), (right - 0.58, y), "across", linestyle="--", color=QUIET)
    down = ", then ".join(names[1:])
    return describe(
        ax,
        f"Diagram of a U-Net: its input of {names[0]} places goes down to {down}, and up again to {names[0]}. A dashed "
        f"arrow on each level but the coarsest, {listing(names[:-1])}, hands the features of the way down across to "
        "the way up.",
    )


CASES: tuple[tuple[str, tuple[bool | None, ...], str], ...] = (
    ("few examples,\nsimilar", (False, False, False), "train a new head only"),
    ("few examples,\ndifferent", (False, None, None), "a head on early layers"),
    ("many examples,\nsimilar", (True, True, True), "fine-tune all, gently"),
    ("many examples,\ndifferent", (True, True, True), "start there, retrain all"),
)


def plot_transfer_cases() -> Axes:
    """Draw what is usually kept, trained or left out of a borrowed network, by how many examples there are and how
    similar they are to those that it learned from.

    Returns:
        The axes, described.

    >>> from coursekit.plotting import alt_text
    >>> "few examples, similar: train a new head only" in alt_text(plot_transfer_cases())
    True
    """
    ax, told = sketch(WIDTH, 4.4), []
    for index, (case, layers, advice) in enumerate(CASES):
        x, y = (1.4 + 2.7 * (index % 2), 3.55 - 2.1 * (index // 2))
        note(ax, (x, y + 0.5), case, 11.5)
        for step, trained in enumerate((*layers, True)):
            at = (x - 0.84 + 0.56 * step, y - 0.25)
            if trained is None:
                box(ax, at, (0.46, 0.7), color="white", linestyle="--")
            else:
                box(
                    ax,
                    at,
                    (0.46, 0.7),
                    "new" if step == 3 else "train" if trained else "keep",
                    MARKED if trained else PALE,
                    letters=10,
                )
        note(ax, (x, y - 0.82), advice, 11.5)
        told.append(f"{case.replace(chr(10), ' ')}: {advice}")
    return describe(
        ax,
        "Diagram of the four cases of transfer, with the layers of a borrowed network and a new head. "
        f"{'; '.join(told)}. Each box says keep, train or new; those left out are dashed. A rule of thumb.",
    )
