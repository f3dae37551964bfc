"""Values as short text, for messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

LONGEST = 200
DEPTH = 5  # of lists within lists


def shorten(text: str, longest: int = LONGEST) -> str:
    """``text``, cut to at most ``longest`` characters.

    >>> shorten("a long story", 7)
    'a long…'
    """
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def short(value: Any, dtype: bool = True) -> str:
    """Plain data as one short line, made from its beginning and its end alone, however large it is.

    Args:
        value: plain data.
        dtype: whether the dtype of an array is told.

    >>> print(short(np.array([[0.25, 0.75]])), short(np.array([[0.25, 0.75]]), dtype=False))
    [[0.25 0.75]] (array, shape (1, 2), float64) [[0.25 0.75]] (array, shape (1, 2))
    >>> print(short([0.1, 0.2]), short("red"), short(None))
    [0.1, 0.2] 'red' None
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"{_numbers(value)} (array, shape {value.shape}{f', {value.dtype}' if dtype else ''})"
    if isinstance(value, np.ndarray | np.generic):
        value = value.item()
    return shorten(_python(value, DEPTH))


def brief(value: Any) -> str:
    """Plain data as an argument in a call: the numbers only, or the shape where there are many.

    >>> print(brief(np.array([1.0, 2.5])), brief(np.zeros((4, 784))))
    [1. 2.5] <array (4, 784)>
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return _numbers(value) if value.size <= 8 else f"<array {value.shape}>"
    return shorten(short(value), 60)


def _numbers(array: np.ndarray) -> str:
    rest = ""
    if array.ndim > 2:  # NumPy shows six of each axis
        array, rest = array.reshape(-1)[:6], " …" if array.size > 6 else ""
    with np.printoptions(precision=4, threshold=12, edgeitems=3, suppress=False, linewidth=10_000):
        return shorten(" ".join(np.array2string(array).split()).replace("[ ", "["), 120) + rest


def _python(value: Any, depth: int) -> str:
    if isinstance(value, np.ndarray):
        return short(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, str):
        return repr(value[:LONGEST])
    if isinstance(value, dict):
        items = (f"{_python(key, 0)}: {_python(item, depth - 1)}" for key, item in value.items())
        return f"{{{_listed(items, len(value), 6 if depth else 0)}}}"
    if isinstance(value, list | tuple):
        listed = _listed((_python(item, depth - 1) for item in value), len(value), 8 if depth else 0)
        if isinstance(value, list):
            return f"[{listed}]"
        return f"({listed},)" if len(value) == 1 else f"({listed})"
    return repr(value)


def _listed(items: Iterator[str], count: int, most: int) -> str:
    """The first ``most`` of ``count`` items, as far as there is room for them; those after them are not made."""
    shown, length = list[str](), 0
    while len(shown) < min(most, count) and length <= LONGEST:
        shown.append(next(items))
        length += len(shown[-1])
    return ", ".join([*shown, "…"] if len(shown) < count else shown)
