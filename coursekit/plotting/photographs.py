"""Photographs, and pictures that are made from them, dot by dot and in few colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from coursekit.plotting import style
from coursekit.plotting.describing import describe, plural
from coursekit.plotting.images import as_images

SHARED_COLORS = 20  # of all photographs of a figure together; black, white and grey stay free for its text
DITHERED = 2  # dots that a pixel may be wide for its neighbours to make up for its colour
DPI = 100
GAP, LINE, MARGIN = 0.08, 0.24, 0.05  # inches: between pictures, of a title, around
LABEL = 0.95  # inches, to the left of the rows


def plot_photographs(
    pictures: ArrayLike,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    row_labels: Sequence[str] | None = None,
    enlarge: int = 1,
) -> style.Canvas:
    """Draw photographs so that each of their pixels is one dot, or a square of dots, of the figure.

    A photograph takes much room in a notebook. All of a figure are therefore drawn with the same 20 colours, chosen
    for them, with the error of each dot handed on to its neighbours (Floyd and Steinberg, 1976). Pixels that are
    enlarged to three dots or more are seen one by one, and keep their colours.

    Args:
        pictures: shape (n, h, w, 3) or (n, h, w); uint8, or floats from 0 to 1.
        titles: what stands above each picture, or None.
        columns: pictures in a row; as many as 8 inches hold when it is None.
        row_labels: what each row shows, to its left, or None.
        enlarge: dots that a pixel is wide and high.

    Returns:
        The figure, described by its titles; say more with ``show(figure, alt="…")``.

    Raises:
        ValueError: no pictures, another shape, or not as many titles as pictures or row labels as rows.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_photographs(np.zeros((2, 8, 9, 3)), titles=["before", "after"]))
    'Row of 2 photographs, 8 by 9 pixels: before; after.'
    """
    drawn = _as_bytes(as_images(pictures))
    if enlarge <= DITHERED:
        drawn = _in_few_colors(drawn)
    count, height, width = drawn.shape[:3]
    if titles is not None and len(titles) != count:
        raise ValueError(f"Expected {plural(count, 'title')}, one for each picture, got {len(titles)}.")
    size = width * enlarge / DPI, height * enlarge / DPI
    columns = columns or style.balanced_columns(count, max(1, int(8 // (size[0] + GAP))))
    rows = -(-count // columns)
    if row_labels is not None and len(row_labels) != rows:
        raise ValueError(f"Expected {plural(rows, 'row label')}, one for each row, got {len(row_labels)}.")
    lines = max((title.count("\n") + 1 for title in titles), default=0) if titles is not None else 0
    left = MARGIN + LABEL * (row_labels is not None)
    step = size[0] + GAP, size[1] + GAP + LINE * lines
    whole = left + columns * step[0], rows * step[1] + MARGIN
    figure = style.new_figure(whole, "none")
    figure.set_dpi(DPI)
    for number, picture in enumerate(drawn):
        row, column = divmod(number, columns)
        corner = left + column * step[0], whole[1] - (row + 1) * step[1] + GAP
        ax = figure.add_axes((corner[0] / whole[0], corner[1] / whole[1], size[0] / whole[0], size[1] / whole[1]))
        ax.imshow(picture, interpolation="nearest", aspect="auto")
        ax.axis("off")
        if titles is not None:
            ax.set_title(titles[number], size=10, pad=3)
        if row_labels is not None and column == 0:
            ax.text(-0.04, 0.5, row_labels[row], transform=ax.transAxes, ha="right", va="center", size=10)
    words = f"{'Row' if rows == 1 else 'Grid'} of {plural(count, 'photograph')}, {height} by {width} pixels"
    words += f": {'; '.join(' '.join(title.split()) for title in titles)}." if titles is not None else "."
    if row_labels is not None:
        words += f" Rows: {'; '.join(row_labels)}."
    return describe(figure, words)


def _as_bytes(pictures: np.ndarray) -> np.ndarray:
    if pictures.ndim == 3:
        pictures = np.repeat(pictures[..., None], 3, axis=-1)
    if pictures.dtype == np.uint8:
        return pictures
    return (np.clip(pictures, 0, 1) * 255).round().astype(np.uint8)


def _in_few_colors(pictures: np.ndarray) -> np.ndarray:
    """The same pictures (n, h, w, 3) with :data:`SHARED_COLORS` colours that all of them share."""
    together = Image.fromarray(pictures.reshape(-1, *pictures.shape[2:]))
    if together.getcolors(SHARED_COLORS) is not None:
        return pictures  # they have no more than that
    settled = 1 + together.width * together.height // 50  # as few dots may still change their colour at the end
    palette = together.quantize(SHARED_COLORS, method=Image.Quantize.MEDIANCUT, kmeans=settled)
    dithered = [
        Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB")
        for picture in pictures
    ]
    return np.stack([np.asarray(each) for each in dithered])
