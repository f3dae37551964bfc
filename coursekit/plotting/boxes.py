"""Pictures with boxes on them: what is there, or what a detector says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from coursekit.plotting import style
from coursekit.plotting.describing import describe, plural
from coursekit.plotting.images import as_images

CELL = 2.2  # inches, of a picture
FOUND, MISSED = "#ffe14d", "#ff8c69"  # on a photograph, each with a dark edge and a line style of its own
EDGE = (patheffects.withStroke(linewidth=3, foreground="black"),)
TEXT_EDGE = (patheffects.withStroke(linewidth=2.2, foreground="black"),)


def plot_boxes(
    pictures: ArrayLike,
    boxes: Sequence[ArrayLike],
    names: Sequence[Sequence[str]] | None = None,
    wrong: Sequence[ArrayLike] | None = None,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
) -> style.Canvas:
    """Draw boxes on pictures.

    Args:
        pictures: shape (n, h, w, 3) or (n, h, w).
        boxes: for each picture (k, 4): top, left, height and width, divided by the picture's height or width.
        names: for each picture the k names that stand at the boxes, or None.
        wrong: for each picture k booleans; these boxes are dashed and of another colour.
        titles: what stands above each picture, or None.
        columns: pictures in a row; chosen by itself when it is None.

    Returns:
        The figure, described.

    Raises:
        ValueError: not as many lists as pictures, or not as many names as boxes.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_boxes(np.zeros((1, 8, 8)), [[[0, 0, 0.5, 0.25]]], [["seven"]]))
    'Grid of 1 picture with boxes. Picture 1: seven.'
    """
    drawn = as_images(pictures)
    rows = [np.asarray(each, float).reshape(-1, 4) for each in boxes]
    texts = [[""] * len(row) for row in rows] if names is None else [list(map(str, each)) for each in names]
    marks = [np.zeros(len(row), bool) for row in rows] if wrong is None else [np.asarray(each, bool) for each in wrong]
    if not len(drawn) == len(rows) == len(texts) == len(marks):
        raise ValueError(f"{len(drawn)} pictures, but {len(rows)} lists of boxes and {len(texts)} of names.")
    if [len(row) for row in rows] != [len(text) for text in texts]:
        raise ValueError("Each box needs one name, and each name one box.")
    columns = columns or style.balanced_columns(len(drawn), 4)
    figure, axes = style.grid_of_axes(len(drawn), columns, (CELL, CELL + 0.25 * (titles is not None)))
    for number, (ax, picture) in enumerate(zip(axes, drawn)):
        ax.imshow(picture, cmap="gray")
        ax.set(xticks=[], yticks=[], title=titles[number] if titles else "")
        ax.grid(False)
        for box, text, bad in zip(rows[number], texts[number], marks[number]):
            _draw(ax, box * np.tile(picture.shape[:2], 2), text, bool(bad))
    heads = [f"Picture {number}" for number in range(1, len(drawn) + 1)] if titles is None else list(titles)
    told = [f"{head}: {_told(text, bad)}." for head, text, bad in zip(heads, texts, marks)]
    return describe(figure, " ".join([f"Grid of {plural(len(drawn), 'picture')} with boxes.", *told]))


def _draw(ax: Axes, box: np.ndarray, text: str, wrong: bool) -> None:
    top, left, height, width = (box - [0.5, 0.5, 0, 0]).tolist()  # pixel 0 is drawn from -0.5 to 0.5
    color = MISSED if wrong else FOUND
    ax.add_patch(
        Rectangle(
            (left, top), width, height, fill=False, edgecolor=color, linewidth=1.5,
            linestyle="--" if wrong else "-", path_effects=EDGE,
        )
    )  # fmt: skip
    ax.text(
        left + 1, top - 1, text, color=color, size=8, weight="bold", verticalalignment="bottom",
        path_effects=TEXT_EDGE, clip_on=False,
    )  # fmt: skip


def _told(names: Sequence[str], wrong: np.ndarray) -> str:
    if not any(names):
        return plural(len(names), "box", "boxes")
    return ", ".join(f"{name} (wrong)" if bad else name for name, bad in zip(names, wrong))
