"""Diagrams of windows that slide over an image, with their numbers: convolution and pooling."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from coursekit.plotting.describing import describe
from coursekit.plotting.sketching import WIDTH, arrow, note, sketch, table

POOLS: dict[str, Any] = {"max": np.max, "average": np.mean}
MOST, TOGETHER = 7, 12  # rows or columns of a table, and columns side by side, whose numbers can be read


def plot_convolution_window(image: ArrayLike, kernel: ArrayLike, row: int = 0, column: int = 0) -> Axes:
    """Draw one step of a convolution as networks compute it: the window, the kernel, and the sum of their products.

    Args:
        image: numbers, shape (h, w), such as 5 by 5.
        kernel: shape (kh, kw), such as 3 by 3; no larger than the image.
        row: where the window stands, from 0 to h − kh.
        column: likewise, from 0 to w − kw.

    Returns:
        The axes, described. All outputs up to this one, row by row, are written into the map on the right.

    Raises:
        ValueError: no matrix, too many columns side by side, or a place where the kernel does not fit.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_convolution_window([[1, 2, 3], [4, 5, 6]], [[1, 0], [0, 1]], column=1))
    'Diagram of a convolution: a window of 2 by 2 at row 0, column 1 of an image of 2 by 3 is multiplied by the kernel,
    number by number, and summed: 2·1 + 3·0 + 5·0 + 6·1 = 8.'
    """
    numbers, weights = _matrix(image, "image"), _matrix(kernel, "kernel")
    height, width = (numbers.shape[i] - weights.shape[i] + 1 for i in range(2))
    if height < 1 or width < 1:
        raise ValueError(f"A kernel of {weights.shape} does not fit into an image of {numbers.shape}.")
    if not (0 <= row < height and 0 <= column < width):
        raise ValueError(f"The kernel fits rows 0 to {height - 1} and columns 0 to {width - 1}, not ({row}, {column}).")
    windows = np.lib.stride_tricks.sliding_window_view(numbers, weights.shape)
    outputs = (windows * weights).sum(axis=(2, 3))
    places = [(row + i, column + j) for i, j in np.ndindex(*weights.shape)]
    ax, top = _three(numbers, weights, outputs, ("image", "kernel", "feature map"), places, (row, column))
    terms = [f"{x:.4g}·{w:.4g}" for x, w in zip(windows[row, column].ravel(), weights.ravel())]
    sum_in_words = f"{' + '.join(terms)} = {outputs[row, column]:.4g}"
    note(ax, (WIDTH / 2, top / 2), textwrap.fill(sum_in_words, 48), 10.5)
    return describe(
        ax,
        f"Diagram of a convolution: a window of {weights.shape[0]} by {weights.shape[1]} at row {row}, column {column} "
        f"of an image of {numbers.shape[0]} by {numbers.shape[1]} is multiplied by the kernel, number by number, and "
        f"summed: {sum_in_words}.",
    )


def plot_pooling_window(image: ArrayLike, size: int = 2, kind: str = "max") -> Axes:
    """Draw pooling: each block of an image becomes one number.

    Args:
        image: numbers, shape (h, w), at most 7 by 7, of which a last row or column that fills no block is left out.
        size: rows and columns of a block.
        kind: "max" or "average".

    Returns:
        The axes, described.

    Raises:
        ValueError: another kind, no matrix, or one without a whole block.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_pooling_window([[1, 5, 2, 0], [3, 4, 8, 1]]))
    'Diagram of max pooling: of each block of 2 by 2 in an image of 2 by 4 the max is kept. The first block, 1, 5, 3 and
    4, becomes 5.'
    """
    if kind not in POOLS:
        raise ValueError(f'Pooling is "max" or "average", not {kind!r}.')
    numbers = _matrix(image, "image")
    rows, columns = (length // size for length in numbers.shape)
    if not rows or not columns:
        raise ValueError(f"An image of {numbers.shape} holds no block of {size} by {size}.")
    blocks = numbers[: rows * size, : columns * size].reshape(rows, size, columns, size)
    outputs = POOLS[kind](blocks, axis=(1, 3))
    first = list(np.ndindex(size, size))
    ax, top = _three(numbers, None, outputs, ("image", "", f"{kind} pooling"), first, (0, 0), all_shown=True)
    inside = [f"{value:.4g}" for value in blocks[0, :, 0].ravel()]
    word = "max" if kind == "max" else "mean"
    note(ax, (WIDTH / 2, top / 2), f"{word}({', '.join(inside)}) = {outputs[0, 0]:.4g}", 11)
    return describe(
        ax,
        f"Diagram of {kind} pooling: of each block of {size} by {size} in an image of {numbers.shape[0]} by "
        f"{numbers.shape[1]} the {word} is kept. The first block, {', '.join(inside[:-1])} and {inside[-1]}, becomes "
        f"{outputs[0, 0]:.4g}.",
    )


def _three(
    numbers: np.ndarray,
    weights: np.ndarray | None,
    outputs: np.ndarray,
    names: tuple[str, str, str],
    window: list[tuple[int, int]],
    at: tuple[int, int],
    all_shown: bool = False,
) -> tuple[Axes, float]:
    """The tables beside each other; what is left below them."""
    tables = [each for each in (numbers, weights, outputs) if each is not None]
    columns, gap = sum(each.shape[1] for each in tables), 0.6
    if columns > TOGETHER:
        raise ValueError(f"Side by side these are {columns} columns; {TOGETHER} can be read. Take a smaller image.")
    cell = min(0.5, (WIDTH - 0.2 - gap * (len(tables) - 1)) / columns)
    tallest, below = max(len(each) for each in tables) * cell, 0.75
    ax = sketch(WIDTH, tallest + below + 0.4)
    middle = below + tallest / 2
    x = (WIDTH - cell * columns - gap * (len(tables) - 1)) / 2
    for index, each in enumerate(tables):
        corner = (x, middle + len(each) * cell / 2)
        is_map = index == len(tables) - 1
        marked = [at] if is_map else window if index == 0 else list(np.ndindex(*each.shape))
        shown = at[0] * each.shape[1] + at[1] + 1 if is_map and not all_shown else None
        table(ax, corner, each, cell, marked, shown)
        note(ax, (x + each.shape[1] * cell / 2, below + tallest + 0.2), [name for name in names if name][index])
        x += each.shape[1] * cell + gap
        if index == len(tables) - 2:
            arrow(ax, (x - gap + 0.1, middle), (x - 0.1, middle))
        elif not is_map:
            note(ax, (x - gap / 2, middle), "∗", 18)
    return ax, below


def _matrix(values: ArrayLike, name: str) -> np.ndarray:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or not matrix.size or max(matrix.shape) > MOST:
        raise ValueError(
            f"The {name} should be a matrix of at most {MOST} by {MOST} numbers; its shape is {matrix.shape}."
        )
    return matrix
