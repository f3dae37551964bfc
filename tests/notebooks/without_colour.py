"""Whether the lines of a figure are told apart without colour; each run in quick sizes asks it of each figure."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

APART = 0.12  # of lightness, from 0 to 1, by which two lines differ in grey print


def told_by_colour_alone(figure: Figure) -> list[str]:
    """Pairs of lines, named by their labels or colours, that have one style and nearly one lightness.

    Lines of one colour are one series. A text of the line's colour, such as a label at its end, names it by its place;
    so does a word beside the axis, where a series is a row of dots.
    """
    return [fault for ax in figure.axes for fault in _of_axes(ax)]


def lightness(color: object) -> float:
    """From 0, black, to 1, white: the L* of CIELAB over 100."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color)]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return 1.16 * luminance ** (1 / 3) - 0.16 if luminance > 0.008856 else 9.033 * luminance


def _of_axes(ax: Axes) -> list[str]:
    rows = [y for y, label in zip(ax.get_yticks(), ax.get_yticklabels()) if re.match("[A-Za-z]", label.get_text())]
    lines = [
        line
        for line in ax.lines
        if line.get_visible()
        and len(line.get_xdata(orig=False)) > 1
        and not any(np.all(line.get_ydata(orig=False) == row) for row in rows)
    ]
    named = {to_rgb(text.get_color()) for text in ax.texts if text.get_text()}
    faults = {}
    for one, other in combinations(lines, 2):
        colors = to_rgb(one.get_color()), to_rgb(other.get_color())
        apart = colors[0] == colors[1] or abs(lightness(colors[0]) - lightness(colors[1])) >= APART
        if not apart and _style(one) == _style(other) and not named & set(colors):
            faults[colors] = f"{ax.get_title() or 'axes'}: {_name(one)} and {_name(other)}"
    return list(faults.values())


def _style(line: Line2D) -> tuple:
    marker = line.get_marker() if line.get_markersize() else "None"
    return line.get_linestyle(), getattr(line, "_dash_pattern", None), marker, line.get_linewidth()


def _name(line: Line2D) -> str:
    label = str(line.get_label())
    return str(line.get_color()) if label.startswith("_") else label
