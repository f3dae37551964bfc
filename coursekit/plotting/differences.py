"""Paired differences between two trainings, seed by seed, with their mean and its interval."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from coursekit.plotting.describing import describe, listing, number, plural
from coursekit.plotting.style import COLORS, QUIET, new_figure

SEEDS, MEAN = (1.0, 1.26, 0.74, 1.5, 0.5), 0.0  # the heights of dots, one above the other where they meet, and below
DOT = 0.02  # the width of a dot as a share of the axis


def plot_paired_differences(
    differences: Sequence[float],
    interval: tuple[float, float],
    measure: str,
    names: tuple[str, str],
    better: str,
    each: str = "seed",
) -> Axes:
    """Draw the difference of each seed as a dot, below them their mean with its 95 % interval, and a line at zero.

    Dots that would hide each other stand one above the other.

    Args:
        differences: treatment minus control, one value a seed.
        interval: lower and upper end of the interval of the mean.
        measure: what was measured, with its unit where it has one.
        names: of treatment and control.
        better: ``"lower"`` or ``"higher"``: on which side of zero the claim expects the treatment.
        each: what the differences are of, in one word whose plural ends in s.

    Returns:
        The axes, described.

    >>> from coursekit.plotting import alt_text
    >>> ax = plot_paired_differences([-0.25, -0.24, -0.26], (-0.27, -0.23), "test loss", ("early", "late"), "lower")
    >>> alt_text(ax)
    'Dot plot of the difference in test loss, early minus late, for 3 seeds: -0.25, -0.24 and -0.26.
    Mean -0.25, 95 % interval from -0.27 to -0.23, all below zero, as claimed.'
    """
    mean = sum(differences) / len(differences)
    ax = new_figure((7, 1.55)).subplots()
    ax.axvline(0, color="black", linewidth=1.2)
    low, high = _limits([0.0, *differences, *interval])
    ax.plot(differences, _heights(differences, DOT * (high - low)), "o", color=COLORS[0], markersize=7, alpha=0.7)
    ax.plot(interval, [MEAN, MEAN], "-", color="black", linewidth=2.5, marker="|", markersize=12, markeredgewidth=2.5)
    ax.plot(mean, MEAN, "D", color="black", markersize=7)
    ax.set_yticks([SEEDS[0], MEAN], [f"each {each}", "mean, 95 %"])
    ax.set(xlabel=f"{measure}: {names[0]} − {names[1]}", ylim=(-0.6, 1.75))
    ax.set_xlim(low, high)
    ax.locator_params(axis="x", nbins=6)  # small differences have long numbers
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    side, words = (0, "← as claimed") if better == "lower" else (1, "as claimed →")
    ax.text(side, 1.0, words, transform=ax.transAxes, ha=("left", "right")[side], va="bottom", color=QUIET, size=10)
    return describe(ax, _in_words(differences, mean, interval, measure, names, better, each))


def _heights(values: Sequence[float], width: float) -> list[float]:
    """For each value the first height at which no smaller one is nearer than ``width``."""
    heights, last = [SEEDS[0]] * len(values), dict.fromkeys(SEEDS, float("-inf"))
    for i in sorted(range(len(values)), key=values.__getitem__):
        heights[i] = next((height for height in SEEDS if values[i] - last[height] >= width), SEEDS[0])
        last[heights[i]] = values[i]
    return heights


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def _in_words(
    differences: Sequence[float],
    mean: float,
    interval: tuple[float, float],
    measure: str,
    names: tuple[str, str],
    better: str,
    each: str,
) -> str:
    low, high = interval
    if low <= 0 <= high:
        where = "which holds zero"
    else:
        as_claimed = (high < 0) == (better == "lower")
        where = f"all {'below' if high < 0 else 'above'} zero, {'as claimed' if as_claimed else 'against the claim'}"
    return (
        f"Dot plot of the difference in {measure}, {names[0]} minus {names[1]}, "
        f"for {plural(len(differences), each)}: {listing(map(number, differences))}. "
        f"Mean {number(mean)}, 95 % interval from {number(low)} to {number(high)}, {where}."
    )
