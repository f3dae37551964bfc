"""What diagrams are made of: circles, boxes, arrows and tables of numbers, on a page measured in inches."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from coursekit.plotting.style import QUIET, new_figure, text_color_on

Point = tuple[float, float]
WIDTH = 5.5
"""Inches: half as wide on a phone, letters of 12 points can still be read."""

PALE = "#dcebf5"
MARKED = "#fbe3b5"
SIZE = 12.0


def sketch(width: float, height: float) -> Axes:
    """Empty axes without a frame, whose units are inches."""
    ax = new_figure((width, height), layout="none").add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")
    return ax


def note(ax: Axes, at: Point, text: str, size: float = SIZE, **options: Any) -> None:
    """Text around a point."""
    ax.text(*at, text, size=size, **({"ha": "center", "va": "center"} | options))


def circle(ax: Axes, at: Point, text: str = "", radius: float = 0.28, color: str = PALE, size: float = SIZE) -> None:
    """A circle with text in it: a unit, or an operation."""
    ax.add_patch(Circle(at, radius, facecolor=color, edgecolor="black", linewidth=1.2, zorder=3))
    note(ax, at, text, size, color=text_color_on(color), zorder=4)


def box(
    ax: Axes, at: Point, size: Point, text: str = "", color: str = PALE, letters: float = SIZE, **options: Any
) -> None:
    """A box around a point, ``size`` wide and high, with text in it: a layer, or a step."""
    corner = (at[0] - size[0] / 2, at[1] - size[1] / 2)
    look: dict[str, Any] = {"facecolor": color, "edgecolor": "black", "linewidth": 1.2, "zorder": 3} | options
    ax.add_patch(FancyBboxPatch(corner, *size, "round,pad=0,rounding_size=0.08", **look))
    note(ax, at, text, letters, color=text_color_on(color), zorder=4)


def arrow(ax: Axes, start: Point, end: Point, text: str = "", **options: Any) -> None:
    """An arrow, with text on its middle."""
    look: dict[str, Any] = {"color": "black", "linewidth": 1.3, "zorder": 2, "shrinkA": 0, "shrinkB": 0} | options
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, **look))
    if text:
        note(ax, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), text, backgroundcolor="white", zorder=2.5)


def line(ax: Axes, *points: Point, **options: Any) -> None:
    """A line through points, without a head."""
    look: dict[str, Any] = {"color": "black", "linewidth": 1.3, "linestyle": "-", "marker": "", "zorder": 2} | options
    ax.plot(*zip(*points), **look)


def table(
    ax: Axes, corner: Point, numbers: np.ndarray, cell: float, marked: Collection[Point] = (), shown: int | None = None
) -> None:
    """A matrix with its numbers.

    Args:
        ax: of :func:`sketch`.
        corner: the upper left one.
        numbers: shape (rows, columns).
        cell: inches that each is wide and high.
        marked: rows and columns of cells that are coloured and have a thick frame.
        shown: how many numbers, row by row, are written; all if left out.
    """
    rows, columns = numbers.shape
    for row, column in np.ndindex(rows, columns):
        at = (corner[0] + column * cell, corner[1] - (row + 1) * cell)
        is_marked = (row, column) in marked
        ax.add_patch(
            Rectangle(
                at,
                cell,
                cell,
                facecolor=MARKED if is_marked else "white",
                edgecolor="black" if is_marked else QUIET,
                linewidth=2.0 if is_marked else 0.8,
                zorder=3.5 if is_marked else 3,
            )
        )
        if shown is None or row * columns + column < shown:
            note(ax, (at[0] + cell / 2, at[1] + cell / 2), f"{numbers[row, column]:.4g}", 26 * cell, zorder=4)
