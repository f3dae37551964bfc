"""Names written at the ends of lines, in place of a legend."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from coursekit.plotting.display import figure_of
from coursekit.plotting.style import ink

SIZE = 10  # of the text, in points
LEADER = {"arrowstyle": "-", "linewidth": 0.7, "shrinkA": 1, "shrinkB": 4, "relpos": (0, 0.5)}


class EndLabel(NamedTuple):
    """A name for the line that ends at (``x``, ``y``), in data coordinates."""

    x: float
    y: float
    text: str
    color: str


def label_ends(ax: Axes, labels: list[EndLabel]) -> None:
    """Write each label right of the axes, level with the end of its line; labels that would overlap move apart.

    Call it when everything is drawn: the limits of the y axis are settled then.
    """
    labels = [label for label in labels if np.isfinite(label.y)]
    ax.set_ylim(ax.get_ylim())
    to_axes = ax.transAxes.inverted()
    heights = [float(to_axes.transform(ax.transData.transform((label.x, label.y)))[1]) for label in labels]
    inches = ax.get_position().height * figure_of(ax).get_figheight()
    line_height = 1.35 * SIZE / 72 / inches
    for label, height in zip(labels, spread(heights, line_height)):
        ax.annotate(
            label.text,
            xy=(label.x, label.y),
            xytext=(1.02, height),
            textcoords="axes fraction",
            va="center",
            size=SIZE,
            color=ink(label.color),
            annotation_clip=False,
            arrowprops=LEADER | {"color": label.color},
        )


def spread(heights: list[float], gap: float) -> np.ndarray:
    """Move heights as little as possible (in squares), so that neighbours are at least ``gap`` apart.

    They stay between 0 and 1 as long as there is room for all of them.

    >>> spread([0.50, 0.52, 0.9], gap=0.1).round(2).tolist()
    [0.46, 0.56, 0.9]
    """
    from scipy.optimize import isotonic_regression

    if len(heights) < 2:
        return np.array(heights, float)
    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(len(heights))
    level = isotonic_regression(np.array(heights)[order] - steps).x
    level = np.clip(level, 0, max(0, 1 - steps[-1]))
    moved = np.empty(len(heights))
    moved[order] = level + steps
    return moved
