"""Values as short text, for messages."""

from __future__ import annotations

from typing import Any

import numpy as np

LONGEST = 200


def shorten(text: str, longest: int = LONGEST) -> str:
    """``text``, cut to at most ``longest`` characters.

    >>> shorten("a long story", 7)
    'a long…'
    """
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def short(value: Any) -> str:
    """Plain data as one short line.

    >>> print(short(np.array([[0.25, 0.75]])))
    [[0.25 0.75]] (array, shape (1, 2), float64)
    >>> print(short([0.1, 0.2]), short("red"), short(None))
    [0.1, 0.2] 'red' None
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"{_numbers(value)} (array, shape {value.shape}, {value.dtype})"
    if isinstance(value, np.ndarray | np.generic):
        value = value.item()
    return shorten(_python(value))


def brief(value: Any) -> str:
    """Plain data as an argument in a call: the numbers only, or the shape where there are many.

    >>> print(brief(np.array([1.0, 2.5])), brief(np.zeros((4, 784))))
    [1. 2.5] <array (4, 784)>
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return _numbers(value) if value.size <= 8 else f"<array {value.shape}>"
    return shorten(short(value), 60)


def _numbers(array: np.ndarray) -> str:
    with np.printoptions(precision=4, threshold=12, edgeitems=3, suppress=False, linewidth=10_000):
        return shorten(" ".join(np.array2string(array).split()).replace("[ ", "["), 120)


def _python(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, str | dict):
        return shorten(repr(value) if isinstance(value, str) else _dict(value))
    if isinstance(value, list | tuple):
        shown = ", ".join(short(item) for item in value[:8]) + (", …" if len(value) > 8 else "")
        shown += "," if isinstance(value, tuple) and len(value) == 1 else ""
        return f"[{shown}]" if isinstance(value, list) else f"({shown})"
    return repr(value)


def _dict(value: dict[Any, Any]) -> str:
    shown = ", ".join(f"{key!r}: {short(item)}" for key, item in list(value.items())[:6])
    return "{" + shown + (", …}" if len(value) > 6 else "}")
