"""Plain data survives the wire exactly; arbitrary bytes give a ProtocolError and nothing else."""

from __future__ import annotations

import contextlib
import io
import json
import pickle

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from coursekit.worker import bounds, wire

ONE_HASH = 2**61 - 1  # whose multiples all have the hash 0 in CPython

dtypes = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="="),
    hnp.unsigned_integer_dtypes(endianness="="),
    hnp.floating_dtypes(endianness="=", sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(endianness="=", sizes=(64, 128)),
    hnp.unicode_string_dtypes(endianness="=", max_len=5),
)
arrays = dtypes.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(st.characters(codec=None))
)
keys = st.one_of(st.text(), st.integers())
plain = st.recursive(
    scalars | arrays,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def same(a, b) -> bool:
    """Equality that tells types, NaN and -0.0 apart."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, float | complex):
        return repr(a) == repr(b)
    return a == b


@settings(deadline=None, max_examples=300)
@given(plain)
def test_plain_data_comes_back_exactly(value):
    assert same(wire.decode(wire.encode(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        10**19_000,
        -(2**64),
        {"k" * 100_000: 1},
        np.zeros((0, 3)),
        np.zeros((3, 0), "U4"),
        np.float64([np.nan, -0.0]),
        "\ud800",
    ],
    ids=lambda value: type(value).__name__,
)
def test_edges_come_back_exactly(value):
    assert same(wire.decode(wire.encode(value)), value)


def test_decoded_arrays_are_writable_and_foreign_byte_order_becomes_ours():
    back = wire.decode(wire.encode(np.arange(3, dtype=">i4")[::-1]))
    back[0] = 7
    assert back.tolist() == [7, 1, 0]
    assert back.dtype == np.int32


class Sneaky(list):
    """A list that would like to travel as itself."""


@pytest.mark.parametrize(
    "value",
    [
        object(),
        Sneaky([1]),
        {1.5: 1},
        {None: 1},
        b"raw",
        {1, 2},
        np.array([object()]),
        np.float32(1),
        np.zeros(2, "M8[s]"),
        np.zeros(2, [("a", "i4")]),
        1 << 2**16,
        np.ma.masked_array([1], [True]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_values_are_refused(value):
    with pytest.raises(wire.NotPlain):
        wire.encode([value])


def test_what_is_too_large_or_too_deep_is_refused(monkeypatch):
    nested = []
    for _ in range(bounds.FRAME_DEPTH):
        nested = [nested]
    with pytest.raises(wire.NotPlain, match="deep"):
        wire.encode(nested)
    monkeypatch.setattr(bounds, "FRAME_HEADER_BYTES", 100)
    with pytest.raises(wire.NotPlain, match="NumPy array"):
        wire.encode([1.5] * 100)
    monkeypatch.setattr(bounds, "FRAME_ARRAY_BYTES", 100)
    with pytest.raises(wire.NotPlain, match="at most"):
        wire.encode([np.zeros(10), np.zeros(10)])


def test_a_dict_has_few_keys_that_are_integers_and_as_many_that_are_text_as_there_is_room_for():
    most = bounds.INTEGER_KEYS
    for fits in (dict.fromkeys(range(most)), dict.fromkeys(map(str, range(2 * most)))):
        assert wire.decode(wire.encode(fits)) == fits
    with pytest.raises(wire.NotPlain, match="make it a list"):
        wire.encode(dict.fromkeys(range(most + 1)))


def frame(header: object, buffer: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return wire.PREFIX.pack(wire.MAGIC, len(raw), len(buffer)) + raw + buffer


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(raw):
    with pytest.raises(wire.ProtocolError):
        wire.decode(raw)
    with pytest.raises(wire.ProtocolError):
        wire.decode(frame(b"\xff" + raw))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=100))
def test_an_arbitrary_stream_ends(raw):
    stream = io.BytesIO(raw)
    with contextlib.suppress(wire.ProtocolError):
        assert wire.read_frame(stream) is None


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["<f8", "|b1", "<U3"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("fiatdc"), inner, max_size=2),
    max_leaves=10,
)


@settings(deadline=None, max_examples=500)
@given(json_values, st.lists(json_values, max_size=3), st.binary(max_size=64))
def test_arbitrary_headers_give_plain_data_or_a_protocol_error(tree, described, buffer):
    raw = frame({"data": tree, "arrays": described}, buffer)
    with contextlib.suppress(wire.ProtocolError):
        wire.encode(wire.decode(raw))


@settings(deadline=None, max_examples=200)
@given(plain, st.data())
def test_a_frame_with_flipped_bytes_gives_plain_data_or_a_protocol_error(value, data):
    raw = bytearray(wire.encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(wire.ProtocolError):
        wire.decode(bytes(raw))


@pytest.mark.parametrize(
    "raw",
    [
        pickle.dumps([1, 2]),
        wire.PREFIX.pack(wire.MAGIC, 2**32 - 1, 2**64 - 1),
        frame(b"[" * 100_000),
        frame(b'{"data": ' + b"9" * 10_000 + b', "arrays": []}'),
        frame({"data": {"a": 0}, "arrays": [["O", [1]]]}, bytes(8)),
        frame({"data": {"a": 0}, "arrays": [["<f8", [2**40, 2**40]]]}),
        frame({"data": {"a": 0}, "arrays": [["<f8", [0, 10**30]]]}),
        frame({"data": {"a": 0}, "arrays": [["<f8", [1] * 65]]}, bytes(8)),
        frame({"data": {"a": 0}, "arrays": [["<f8", [-1, -1]]]}, bytes(8)),
        frame({"data": {"a": 0}, "arrays": [["<f8", [True]]]}, bytes(8)),
        frame({"data": {"a": 0}, "arrays": [["<U99999999", [0]]]}),
        frame({"data": {"a": 0}, "arrays": [["<U1", [1]]]}, b"\xff\xff\xff\xff"),
        frame({"data": {"a": 0}, "arrays": [["|b1", [1]]]}, b"\x02"),
        frame({"data": [{"a": 0}, {"a": 0}], "arrays": [["|b1", [1]]]}, b"\x01"),
        frame({"data": None, "arrays": [["|b1", [1]]]}, b"\x01"),
        frame({"data": {"d": [["k", 1], ["k", 2]]}, "arrays": []}),
        frame({"data": {"d": [[True, 1]]}, "arrays": []}),
        frame({"data": {"d": [[number * ONE_HASH, 0] for number in range(5_000)]}, "arrays": []}),
        frame({"data": {"d": [[{"i": hex(number * ONE_HASH)}, 0] for number in range(5_000)]}, "arrays": []}),
        frame({"data": {"f": "1e9"}, "arrays": []}),
        frame({"data": {"f": []}, "arrays": []}),
        frame({"data": {"i": "0x" + "f" * 100_000}, "arrays": []}),
        frame({"data": {"i": hex(1 << bounds.INTEGER_BITS)}, "arrays": []}),
        frame({"data": {"c": [1, "2"]}, "arrays": []}),
        frame({"data": {"x": 1}, "arrays": []}),
    ],
)
def test_known_tricks_are_refused(raw):
    with pytest.raises(wire.ProtocolError):
        wire.decode(raw)


def test_a_stream_that_ends_within_a_frame_is_refused():
    raw = wire.encode(np.arange(100))
    with pytest.raises(wire.ProtocolError, match="ended"):
        wire.read_frame(io.BytesIO(raw[:-1]))
    assert wire.read_frame(io.BytesIO(raw)) == raw


@pytest.mark.parametrize("array", [np.zeros(9, np.int8), np.zeros(9, np.float32), np.zeros(9), np.zeros(5, complex)])
def test_an_answer_is_counted_as_it_is_judged(array):
    """Each number as at least 8 bytes, whatever its own size."""
    wire.decode(wire.encode(array, most=80), most=80)
    with pytest.raises(wire.NotPlain, match="numbers, at most 8"):
        wire.encode(array, most=64)
    with pytest.raises(wire.ProtocolError, match="more numbers"):
        wire.decode(wire.encode(array), most=64)


def test_a_frame_that_announces_too_much_is_not_read():
    frame = wire.encode(np.zeros(100))
    stream = io.BytesIO(frame)
    with pytest.raises(wire.ProtocolError, match="800 bytes of arrays, at most 799"):
        wire.read_frame(stream, most=799)
    assert stream.tell() == wire.PREFIX.size
    assert wire.read_frame(io.BytesIO(frame), most=800) == frame
