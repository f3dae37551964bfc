"""The one look of the course: colours, line styles and sizes that also work in grey and for colour-blind readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure, SubFigure

from coursekit.plotting.display import describe_every_figure

STYLE = mpl.rc_params_from_file(Path(__file__).with_name("course.mplstyle"), use_default_template=False)

COLORS: tuple[str, ...] = tuple(STYLE["axes.prop_cycle"].by_key()["color"])
"""Colours in the order of lines and bars, each with a line style and a marker of its own."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

WRONG = COLORS[4]
QUIET: str = STYLE["axes.edgecolor"]
"""For what should step back: frames, notes, reference lines. Dark enough to be read as text."""

DIVERGING = LinearSegmentedColormap.from_list(
    "coursekit_diverging", ["#00192e", COLORS[0], "#8c8c8c", "#f2b04c", "#fff6e0"]
)
"""Blue below zero, grey at zero, orange above, and lighter all the way: in grey, darker than zero is negative."""

Canvas = Figure | SubFigure
"""What axes are put on."""

FIGURE_SIZE: tuple[float, float] = tuple(STYLE["figure.figsize"])
"""In inches."""


def use_course_style() -> None:
    """Give every Matplotlib figure made from now on the look of the course.

    In a notebook, every figure is from now on shown once, as a small PNG with a description for screen readers,
    whether it is handed to :func:`coursekit.plotting.show`, is the last value of a cell, or was drawn with pyplot.

    >>> use_course_style()
    >>> mpl.rcParams["figure.figsize"]
    [7.0, 4.0]
    """
    mpl.rcParams.update(STYLE)
    describe_every_figure()


def luminance(color: Any) -> float:
    """Relative luminance of a colour, 0 for black and 1 for white (W3C, WCAG 2.2).

    >>> luminance("white"), luminance("black")
    (1.0, 0.0)
    """
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return round(float(linear @ (0.2126, 0.7152, 0.0722)), 6)


def contrast(color: Any, other: Any) -> float:
    """How far two colours are told apart, from 1 for the same to 21 for black and white (W3C, WCAG 2.2).

    >>> contrast("white", "black")
    21.0
    """
    darker, lighter = sorted([luminance(color), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def ink(color: Any) -> tuple[float, float, float]:
    """The colour, darkened until text in it can be read on white (contrast 4.5 to 1, WCAG 2.2).

    >>> ink("black")
    (0.0, 0.0, 0.0)
    """
    rgb = np.array(to_rgb(color))
    while contrast(rgb, "white") < 4.5:
        rgb = rgb * 0.95
    red, green, blue = rgb.tolist()
    return red, green, blue


def text_color_on(background: Any) -> str:
    """Black or white, whichever is easier to read on this background.

    >>> text_color_on("#00274d"), text_color_on("#f7f7f7")
    ('white', 'black')
    """
    return "black" if luminance(background) > 0.18 else "white"


def new_figure(size: tuple[float, float] = FIGURE_SIZE, layout: Any = "constrained") -> Figure:
    """An empty figure that pyplot does not know, so that nothing shows it twice and nothing has to close it."""
    return Figure(figsize=size, layout=layout)


def balanced_columns(count: int, most: int) -> int:
    """Columns, at most ``most``, for rows that are as equal as they can be.

    >>> balanced_columns(10, most=8), balanced_columns(8, most=8)
    (5, 8)
    """
    rows = -(-count // most)
    return -(-count // rows)


def grid_of_axes(
    count: int, columns: int, cell: tuple[float, float], fig: Canvas | None = None
) -> tuple[Canvas, list[Axes]]:
    """``count`` axes in rows of ``columns``, each ``cell`` inches wide and high, on ``fig`` or a new figure."""
    rows = -(-count // columns)
    if fig is None:
        fig = new_figure((cell[0] * columns, cell[1] * rows), "compressed")
    axes = fig.subplots(rows, columns, squeeze=False).ravel()
    for unused in axes[count:]:
        unused.remove()
    return fig, list(axes[:count])
