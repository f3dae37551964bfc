"""Plain data to bytes and back: what crosses the pipe between the learner's code and the checker.

Plain data is ``None``, ``bool``, ``int``, ``float``, ``complex``, ``str``, lists, tuples, dicts with text or integer
keys, and NumPy arrays of booleans, numbers or fixed-length text. A frame is::

    b"CKW1" | header length, 4 bytes | arrays length, 8 bytes | header, JSON | arrays, raw, little-endian

Lengths are bounded, and everything is validated on arrival: whatever the bytes are, decoding gives plain data or
raises :class:`ProtocolError`. Nothing is ever unpickled.
"""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from coursekit.worker import bounds

Buffer = bytes | bytearray
Stream = io.FileIO | io.BytesIO
MAGIC = b"CKW1"
PREFIX = struct.Struct("<4sIQ")

_SCALAR_DTYPES = frozenset(
    ["|b1", "|i1", "|u1", "<i2", "<u2", "<f2", "<i4", "<u4", "<f4", "<i8", "<u8", "<f8", "<c8", "<c16"]
)


class ProtocolError(ValueError):
    """The bytes are not a frame of plain data."""


class NotPlain(TypeError):
    """A value was to be sent that is not plain data, or that is too large."""


def encode(value: Any, most: float = math.inf) -> bytes:
    """The frame that carries ``value``.

    Args:
        value: plain data.
        most: bytes of its arrays, each number counted as at least 8 bytes.

    Raises:
        NotPlain: ``value`` holds something else than plain data, is nested too deeply or is too large.

    >>> decode(encode({"loss": [0.5, float("inf")], "shape": (2, 3)}))
    {'loss': [0.5, inf], 'shape': (2, 3)}
    """
    arrays: list[np.ndarray] = []
    tree = _pack(value, arrays, bounds.FRAME_DEPTH)
    described = [[array.dtype.str, list(array.shape)] for array in arrays]
    header = _ENCODER.encode({"data": tree, "arrays": described}).encode("ascii")
    total = sum(array.nbytes for array in arrays)
    if len(header) > bounds.FRAME_HEADER_BYTES:
        raise NotPlain(f"too much data outside of arrays ({len(header) / 2**20:.0f} MB): make it a NumPy array")
    if total > bounds.FRAME_ARRAY_BYTES:
        raise NotPlain(f"arrays too large: {total / 2**20:.0f} MB, at most {bounds.FRAME_ARRAY_BYTES // 2**20} MB")
    if (counted := sum(_counted(array.dtype, array.shape) for array in arrays)) > most:
        raise NotPlain(f"arrays of {counted // 8:,} numbers, at most {most // 8:,.0f}")
    return b"".join([PREFIX.pack(MAGIC, len(header), total), header, *(array.tobytes() for array in arrays)])


def decode(frame: Buffer, most: float = math.inf) -> Any:
    """The plain data in ``frame``. Arrays come as fresh, writable arrays.

    Args:
        frame: as :func:`encode` made it, or anybody else.
        most: as there.

    Raises:
        ProtocolError: ``frame`` is anything but one whole, valid frame.

    >>> decode(encode(np.arange(3)))
    array([0, 1, 2])
    """
    header_length, arrays_length = _lengths(frame[: PREFIX.size])
    body = memoryview(frame)[PREFIX.size :]
    if len(body) != header_length + arrays_length:
        raise ProtocolError(f"frame of {len(body)} bytes, announced were {header_length + arrays_length}")
    tree, described = _header(bytes(body[:header_length]))
    arrays = _arrays(described, body[header_length:], most)
    unpacked = _Unpacker(arrays)
    value = unpacked(tree, bounds.FRAME_DEPTH)
    if unpacked.used != len(arrays):
        raise ProtocolError(f"{len(arrays)} arrays in the frame, {unpacked.used} used")
    return value


def read_frame(stream: Stream, most: float = math.inf) -> bytearray | None:
    """One frame's bytes from a blocking stream; ``None`` at its end.

    Args:
        stream: to read from.
        most: bytes of its arrays.

    Raises:
        ProtocolError: the stream ends within a frame, or what comes is not the start of one.
    """
    frame = read_exactly(stream, PREFIX.size)
    if not frame:
        return None
    header_length, arrays_length = _lengths(frame)
    if arrays_length > most:
        raise ProtocolError(f"{arrays_length} bytes of arrays, at most {most:.0f}")
    whole = len(frame) + header_length + arrays_length
    _fill(frame, stream, whole)
    if len(frame) != whole:
        raise ProtocolError("the stream ended within a frame")
    return frame


def write_frame(stream: Stream, frame: Buffer) -> None:
    """Write all of a frame to a stream, also to an unbuffered one that takes it in pieces."""
    rest = memoryview(frame)
    while rest:
        rest = rest[stream.write(rest) or 0 :]
    stream.flush()


def read_exactly(stream: Stream, size: int) -> bytearray:
    """``size`` bytes from a blocking stream; fewer only at its end. What is only announced takes no memory."""
    found = bytearray()
    _fill(found, stream, size)
    return found


def _fill(found: bytearray, stream: Stream, size: int) -> None:
    while len(found) < size and (piece := stream.read(min(size - len(found), 2**20))):
        found += piece


def _lengths(prefix: Buffer) -> tuple[int, int]:
    if len(prefix) != PREFIX.size:
        raise ProtocolError("the frame ends within its first bytes")
    magic, header_length, arrays_length = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise ProtocolError("these bytes are not a frame")
    if header_length > bounds.FRAME_HEADER_BYTES or arrays_length > bounds.FRAME_ARRAY_BYTES:
        raise ProtocolError(f"frame too large: {header_length} and {arrays_length} bytes")
    return header_length, arrays_length


def _header(raw: bytes) -> tuple[Any, list[tuple[str, list[int]]]]:
    """What a header holds: the tree of the data, and of each array dtype and shape."""
    try:
        found = _DECODER.decode(raw.decode("ascii"))
        if not isinstance(found, dict) or found.keys() != {"data", "arrays"}:
            raise ValueError("not the two parts of a header")
        return found["data"], msgspec.convert(found["arrays"], list[tuple[str, list[int]]])
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"unreadable header: {type(error).__name__}") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_ENCODER = json.JSONEncoder(separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _arrays(described: list[tuple[str, list[int]]], buffer: memoryview, most: float) -> list[np.ndarray]:
    dtypes = [_dtype(*each) for each in described]
    if sum(_counted(dtype, shape) for dtype, (_, shape) in zip(dtypes, described)) > most:
        raise ProtocolError("more numbers than an answer may have")
    arrays, start = [], 0
    for dtype, (_, shape) in zip(dtypes, described):
        size = math.prod(shape) * dtype.itemsize
        arrays.append(_array(buffer[start : start + size], dtype, tuple(shape)))
        start += size
    if start != len(buffer):
        raise ProtocolError(f"{len(buffer)} bytes of arrays, described were {start}")
    return arrays


def _dtype(name: str, shape: list[int]) -> np.dtype:
    if name not in _SCALAR_DTYPES and not _is_text_dtype(name):
        raise ProtocolError(f"no arrays of dtype {name[:20]!r}")
    dtype = np.dtype(name)
    if len(shape) > bounds.ARRAY_DIMENSIONS or not all(0 <= length <= bounds.FRAME_ARRAY_BYTES for length in shape):
        raise ProtocolError("not the shape of an array")
    if math.prod(length for length in shape if length) * max(dtype.itemsize, 1) > bounds.FRAME_ARRAY_BYTES:
        raise ProtocolError("array too large")
    return dtype


def _counted(dtype: np.dtype, shape: Sequence[int]) -> int:
    """Bytes of an array whose numbers are computed with: at least 8 each."""
    return math.prod(shape) * max(dtype.itemsize, 8)


def _is_text_dtype(name: str) -> bool:
    digits = name[2:]
    fits = 0 < len(digits) <= 5 and digits.isascii() and digits.isdecimal() and str(int(digits)) == digits
    return name[:2] == "<U" and fits and int(digits) <= bounds.TEXT_ARRAY_WIDTH


def _array(raw: memoryview, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    size = math.prod(shape) * dtype.itemsize
    if len(raw) != size:
        raise ProtocolError("an array is cut short")
    if size == 0:
        return np.zeros(shape, dtype)
    if dtype.kind == "b" and max(raw) > 1:
        raise ProtocolError("a boolean is neither 0 nor 1")
    if dtype.kind == "U" and np.frombuffer(raw, "<u4").max() > 0x10FFFF:
        raise ProtocolError("a character is beyond Unicode")
    return np.frombuffer(raw, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _pack(value: Any, arrays: list[np.ndarray], depth: int) -> Any:
    if depth == 0:
        raise NotPlain(f"nested more than {bounds.FRAME_DEPTH} deep")
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        return _pack_integer(value)
    if kind is float:
        return value if math.isfinite(value) else {"f": repr(value)}
    if kind is complex:
        return {"c": [_pack(part, arrays, depth - 1) for part in (value.real, value.imag)]}
    if kind is np.ndarray:
        return _pack_array(value, arrays)
    if kind in (list, tuple):
        items = [_pack(item, arrays, depth - 1) for item in value]
        return items if kind is list else {"t": items}
    if kind is dict:
        if sum(type(key) is int for key in value) > bounds.INTEGER_KEYS:
            raise NotPlain(
                f"a dict with more than {bounds.INTEGER_KEYS:,} integers as keys: make it a list or an array"
            )
        return {"d": [[_pack_key(key), _pack(item, arrays, depth - 1)] for key, item in value.items()]}
    raise NotPlain(f"{kind.__name__} is not plain data")


def _pack_integer(value: int) -> Any:
    if value.bit_length() > bounds.INTEGER_BITS:
        raise NotPlain(f"an integer of {value.bit_length()} bits, at most {bounds.INTEGER_BITS}")
    return value if value.bit_length() <= 64 else {"i": hex(value)}


def _pack_key(key: Any) -> Any:
    if type(key) is str:
        return key
    if type(key) is int:
        return _pack_integer(key)
    raise NotPlain(f"a dict with a key of type {type(key).__name__}: keys are text or integers")


def _pack_array(array: np.ndarray, arrays: list[np.ndarray]) -> dict[str, int]:
    little = np.ascontiguousarray(array).reshape(array.shape)
    little = little.astype(little.dtype.newbyteorder("<"), copy=False)
    if little.dtype.str not in _SCALAR_DTYPES and not _is_text_dtype(little.dtype.str):
        raise NotPlain(f"an array of dtype {array.dtype} is not plain data")
    if array.ndim > bounds.ARRAY_DIMENSIONS:
        raise NotPlain(f"an array of {array.ndim} dimensions, at most {bounds.ARRAY_DIMENSIONS}")
    if math.prod(length for length in array.shape if length) * max(little.dtype.itemsize, 1) > bounds.FRAME_ARRAY_BYTES:
        raise NotPlain(f"an array of shape {array.shape} is too large: at most {bounds.FRAME_ARRAY_BYTES // 2**20} MB")
    arrays.append(little)
    return {"a": len(arrays) - 1}


class _Unpacker:
    """Turns a header's tree into values; each array is used once, in order."""

    def __init__(self, arrays: list[np.ndarray]) -> None:
        self.arrays = arrays
        self.used = 0

    def __call__(self, tree: Any, depth: int) -> Any:
        if depth == 0:
            raise ProtocolError(f"nested more than {bounds.FRAME_DEPTH} deep")
        if isinstance(tree, list):
            return [self(item, depth - 1) for item in tree]
        if not isinstance(tree, dict):
            return tree
        if len(tree) != 1:
            raise ProtocolError("a tagged value has one tag")
        ((tag, content),) = tree.items()
        unpack = {"f": _float, "i": _integer, "c": self._complex, "a": self._array, "t": self._tuple, "d": self._dict}
        if tag not in unpack:
            raise ProtocolError(f"no tag {tag[:20]!r}")
        return unpack[tag](content, depth)

    def _array(self, index: Any, depth: int) -> np.ndarray:
        if type(index) is not int or index != self.used or index >= len(self.arrays):
            raise ProtocolError("arrays are used once each, in order")
        self.used += 1
        return self.arrays[index]

    def _complex(self, parts: Any, depth: int) -> complex:
        values = self._tuple(parts, depth)
        if len(values) != 2 or any(type(part) is not float for part in values):
            raise ProtocolError("a complex number is two floats")
        return complex(*values)

    def _tuple(self, items: Any, depth: int) -> tuple[Any, ...]:
        if not isinstance(items, list):
            raise ProtocolError("a tuple is a list of items")
        return tuple(self(item, depth - 1) for item in items)

    def _dict(self, pairs: Any, depth: int) -> dict[str | int, Any]:
        if not isinstance(pairs, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in pairs):
            raise ProtocolError("a dict is a list of pairs")
        if sum(not isinstance(packed, str) for packed, _ in pairs) > bounds.INTEGER_KEYS:
            raise ProtocolError(f"a dict with more than {bounds.INTEGER_KEYS:,} integers as keys")
        result: dict[str | int, Any] = {}
        for packed, item in pairs:
            key = _integer(packed["i"], depth) if isinstance(packed, dict) and packed.keys() == {"i"} else packed
            if type(key) not in (str, int) or key in result:
                raise ProtocolError("the keys of a dict are text or integers, each once")
            result[key] = self(item, depth - 1)
        return result


def _float(text: Any, depth: int) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise ProtocolError("a tagged float is nan, inf or -inf")
    return float(text)


def _integer(text: Any, depth: int) -> int:
    if not isinstance(text, str) or len(text) > bounds.INTEGER_BITS // 4 + 3:
        raise ProtocolError("a tagged integer is hexadecimal text of bounded length")
    try:
        number = int(text, 16)
    except ValueError as error:
        raise ProtocolError("a tagged integer is hexadecimal text") from error
    if number.bit_length() > bounds.INTEGER_BITS:
        raise ProtocolError(f"an integer of {number.bit_length()} bits")
    return number
