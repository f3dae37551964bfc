"""The learner's values as plain data.

Tensors, variables, series and the like become arrays, a Keras ``History`` becomes its dict of curves. No library
is imported for that: an object of a library that is not loaded cannot exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from coursekit.worker.bounds import FRAME_ARRAY_BYTES, FRAME_DEPTH, FRAME_HEADER_BYTES, MB, SEQUENCE_ITEMS

ARRAY_LIBRARIES = frozenset({"tensorflow", "keras", "jax", "jaxlib", "torch", "pandas"})
PYTHONS = frozenset({bool, int, float, complex, str})
EVERYDAY = frozenset({np.float64, np.float32, np.int64, np.bool_})  # of NumPy's numbers: these need no array on the way


class CannotBePlain(TypeError):
    """A value that has no form as numbers, text and arrays. Its text says which and why."""


def to_plain(value: Any) -> Any:
    """``value`` as plain data: ``None``, bool, int, float, complex, text, list, tuple, dict or base array.

    Raises:
        CannotBePlain: it has no such form, or is larger than a frame.

    >>> to_plain({"shape": np.array([1, 2]).shape, "mean": np.float32(0.5), "steps": range(3)})
    {'shape': (2,), 'mean': 0.5, 'steps': [0, 1, 2]}
    >>> to_plain(print)
    Traceback (most recent call last):
        ...
    coursekit.worker.plain.CannotBePlain: a function
    """
    return _plain(value, FRAME_DEPTH - 2, _Room())


def describe_type(value: Any) -> str:
    """The kind of ``value``, in words.

    >>> describe_type(np.zeros(3)), describe_type(3), describe_type(len), describe_type(map(abs, []))
    ('an array', 'an integer', 'a function', 'an object of type map')
    """
    if value is None:
        return "None"
    for kind, words in WORDS.items():
        if isinstance(value, kind):
            return words
    if "keras" in _libraries(value) and hasattr(value, "layers"):
        return "a Keras model"
    if callable(value):
        return "a function"
    return f"an object of type {type(value).__name__}"


WORDS = {
    type: "a class",
    np.ndarray: "an array",
    bool: "True or False",
    int: "an integer",
    float: "a float",
    complex: "a complex number",
    str: "text",
    list: "a list",
    tuple: "a tuple",
    dict: "a dict",
}


class _Room:
    """What a frame has room for. What stands in a value many times counts as often, since it is sent as often."""

    def __init__(self) -> None:
        self._characters, self._array_bytes = FRAME_HEADER_BYTES, FRAME_ARRAY_BYTES

    def take(self, value: Any) -> None:
        """Count a value, without what is in it; an array is counted before it is copied."""
        if isinstance(value, np.ndarray):
            self._array_bytes -= value.size * value.dtype.itemsize
        else:
            self._characters -= 2 + _length(value)
        if self._array_bytes < 0:
            raise CannotBePlain(f"arrays of more than {FRAME_ARRAY_BYTES // MB} MB")
        if self._characters < 0:
            raise CannotBePlain("too much data outside of arrays; make it a NumPy array")


def _length(value: Any) -> int:
    if isinstance(value, str):
        return str.__len__(value)
    return int.bit_length(value) // 4 if isinstance(value, int) else 0


def _plain(value: Any, depth: int, room: _Room) -> Any:
    if depth == 0:
        raise CannotBePlain(f"nested more than {FRAME_DEPTH - 2} deep, or containing itself")
    if isinstance(value, np.ndarray):
        return _plain_array(value, depth, room)
    room.take(value)
    if value is None or type(value) in PYTHONS:
        return value
    if type(value) in EVERYDAY:
        return value.item()
    if isinstance(value, np.generic):
        return _base_array(np.asarray(value)).item()
    kind: Any
    for kind in (int, float, complex, str):
        if isinstance(value, kind):
            return kind(*kind.__getnewargs__(value))
    if type(value) in (Fraction, Decimal):
        return float(value)
    if isinstance(value, list | tuple | range):
        _check_length(value)
        if _has_a_dtype(value):
            return _plain_array(np.array(value), depth, room)
        items = [_plain(item, depth - 1, room) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, Mapping):
        _check_length(value)
        return {_plain_key(key, room): _plain(item, depth - 1, room) for key, item in value.items()}
    return _plain_library_object(value, depth, room)


def _has_a_dtype(values: Any) -> bool:
    """Whether these are NumPy's floats of one kind that Python does not have, so that an array alone can hold them."""
    kinds = {type(each) for each in values} if len(values) else set()
    return kinds in ({np.float16}, {np.float32})


def _check_length(value: Any) -> None:
    if len(value) > SEQUENCE_ITEMS:
        raise CannotBePlain(f"{describe_type(value)} of {len(value):,} items; make it a NumPy array")


def _plain_array(array: np.ndarray, depth: int, room: _Room) -> Any:
    if array.dtype.kind == "O" and array.ndim:
        if array.size > SEQUENCE_ITEMS:
            raise CannotBePlain(f"an array of {array.size:,} objects")
        return _plain(array.tolist(), depth - 1, room)
    room.take(array)
    return _base_array(array)


def _base_array(array: np.ndarray) -> np.ndarray:
    base = np.array(array, copy=True, subok=False)
    kind, size = base.dtype.kind, base.dtype.itemsize
    if (kind == "V" and base.dtype.name == "bfloat16") or (kind == "f" and size > 8):
        return base.astype(np.float32 if size == 2 else np.float64)
    if kind == "c" and size > 16:
        return base.astype(np.complex128)
    if kind not in "biufcU":  # of objects, for one
        raise CannotBePlain(f"an array of dtype {base.dtype}")
    return base.astype(base.dtype.newbyteorder("="), copy=False)


def _plain_key(key: Any, room: _Room) -> str | int:
    room.take(key)
    if isinstance(key, np.integer):
        return key.item()
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int):
        return int.__int__(key)
    raise CannotBePlain(f"a dict with {describe_type(key)} as key; use text or integers as keys")


def _plain_library_object(value: Any, depth: int, room: _Room) -> Any:
    libraries = _libraries(value)
    if "keras" in libraries and type(value).__name__ == "History":
        return _plain(value.history, depth - 1, room)
    if "tensorflow" in libraries and type(value).__name__ == "TensorShape":
        return tuple(value)
    if libraries & ARRAY_LIBRARIES and hasattr(value, "__array__"):
        array = _plain_array(np.asarray(value), depth, room)
        return array.item() if isinstance(array, np.ndarray) and not array.ndim else array
    raise CannotBePlain(describe_type(value))


def _libraries(value: Any) -> set[str]:
    return {str(getattr(base, "__module__", "")).partition(".")[0] for base in type(value).__mro__}
