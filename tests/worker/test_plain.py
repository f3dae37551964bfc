"""The learner's values become plain data, or an error that names what they are."""

from __future__ import annotations

import collections
import enum
import itertools
import tracemalloc
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from coursekit.grading import NamespaceAnswers
from coursekit.worker import failures, plain
from coursekit.worker.bounds import MB
from coursekit.worker.plain import CannotBePlain, describe_type, to_plain


class Colour(enum.IntEnum):
    RED = 3


Point = collections.namedtuple("Point", "x y")


class Shouting(str):
    def __str__(self):
        return "changed"

    __getnewargs__ = __str__


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.int8(-3), -3),
        (Colour.RED, 3),
        (Point(1, 2), (1, 2)),
        (collections.OrderedDict(a=1), {"a": 1}),
        ({np.int64(3): 1}, {3: 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (range(2), [0, 1]),
        (Fraction(1, 4), 0.25),
        (Decimal("0.25"), 0.25),
        (Shouting("quiet"), "quiet"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_python_values(value, plain):
    back = to_plain(value)
    assert back == plain
    assert type(back) is type(plain)


@pytest.mark.parametrize("dtype", ["f2", ">f8", "longdouble", "clongdouble", "u1", "U3", "?"])
def test_arrays_become_base_arrays_of_this_machine(dtype):
    array = np.ones(3).astype(dtype)
    back = to_plain(array.view(np.recarray) if dtype == "u1" else array)
    assert type(back) is np.ndarray
    assert back.dtype.isnative
    assert back.dtype.itemsize <= 16
    assert (back == array).all()


def test_masked_and_matrix_arrays_lose_their_class():
    assert type(to_plain(np.ma.masked_array([1, 2], [True, False]))) is np.ndarray
    assert type(to_plain(np.zeros((2, 2)).view(np.memmap))) is np.ndarray


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (print, "a function"),
        (lambda: 0, "a function"),
        (map(abs, [1]), "type map"),
        ({1, 2}, "type set"),
        (b"raw", "type bytes"),
        (int, "a class"),
        (np.array({}), "dtype object"),
        (np.array(["2020"], "M8[Y]"), "dtype datetime64"),
        ({(1, 2): 3}, "a tuple as key"),
        ([lambda: 0], "a function"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_other_values_are_named(value, words):
    with pytest.raises(CannotBePlain, match=words):
        to_plain(value)


def test_a_list_within_itself_ends():
    loop: list = []
    loop.append(loop)
    with pytest.raises(CannotBePlain, match="containing itself"):
        to_plain(loop)


def test_a_message_names_the_learners_variable():
    with pytest.raises(failures.NotPlainData, match="`f` gave something") as caught:
        NamespaceAnswers({"f": lambda: {1, 2}}).call("f")
    assert caught.value.came == "an object of type set"


def test_what_a_function_yields_is_a_list_and_a_variable_is_left_alone():
    numbers = (n * n for n in range(3))
    answers = NamespaceAnswers({"squares": lambda: (n * n for n in range(3)), "numbers": numbers})
    assert answers.call("squares") == [0, 1, 4]
    with pytest.raises(failures.NotPlainData):
        answers.value("numbers")
    assert list(numbers) == [0, 1, 4]


def test_what_is_yielded_without_end_is_no_answer():
    with pytest.raises(failures.NotPlainData):
        NamespaceAnswers({"f": itertools.count}).call("f")


def test_a_million_items_are_too_many_but_an_array_is_not():
    answers = NamespaceAnswers({"many": list(range(1_000_001)), "array": np.zeros(1_000_001)})
    with pytest.raises(failures.NotPlainData) as caught:
        answers.value("many")
    assert "NumPy array" in caught.value.came
    assert answers.value("array").shape == (1_000_001,)


LARGE = {
    "one number everywhere": (lambda: np.broadcast_to(1.0, 10**7), "arrays of more than 8 MB"),
    "more than memory": (lambda: np.lib.stride_tricks.as_strided(np.zeros(1), (10**12,), (0,)), "arrays of more than"),
    "one array many times": (lambda: [np.zeros(10**6)] * 20, "arrays of more than 8 MB"),
    "one list many times": (lambda: [[0] * 10**5] * 20, "too much data outside of arrays"),
    "one float32 many times": (lambda: [[np.float32(0)] * 10**4] * 300, "arrays of more than 8 MB"),
    "one text many times": (lambda: ["a" * 10**5] * 20, "too much data outside of arrays"),
    "one key many times": (lambda: [{"a" * 10**5: 0}] * 20, "too much data outside of arrays"),
    "one integer many times": (lambda: [1 << 10**6] * 20, "too much data outside of arrays"),
    "one object everywhere": (lambda: np.broadcast_to(np.array(None, dtype=object), 10**7), "10,000,000 objects"),
    "nested twice in itself": (lambda: (lambda it: it.extend([it, it]) or it)([]), "containing itself"),
}


@pytest.mark.parametrize("case", LARGE)
def test_what_a_frame_has_no_room_for_is_not_made(case, monkeypatch):
    make, words = LARGE[case]
    monkeypatch.setattr(plain, "FRAME_ARRAY_BYTES", 8 * MB)
    monkeypatch.setattr(plain, "FRAME_HEADER_BYTES", MB)
    value = make()
    tracemalloc.start()
    with pytest.raises(CannotBePlain, match=words):
        to_plain(value)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * MB


def test_words_for_types():
    assert describe_type(None) == "None"
    assert describe_type(True) == "True or False"
