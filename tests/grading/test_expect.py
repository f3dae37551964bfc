"""Expectations of chance, of forms, and the texts that are made of answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, norm

from coursekit.grading import Expect
from coursekit.grading import expect as module
from coursekit.grading.expect import FALSE_ALARM, Unmet, explain
from coursekit.worker.bounds import FAILURE_CHARACTERS
from coursekit.worker.text import short


def holds(name: str, *values) -> bool:
    try:
        getattr(Expect(), name)(*values)
    except Unmet:
        return False
    return True


@pytest.mark.parametrize(("count", "probability"), [(40, 0.5), (1000, 0.2), (784, 0.9)])
def test_a_share_fails_a_right_answer_once_in_a_million(count, probability):
    passing = [n for n in range(count + 1) if holds("share", np.arange(count) < n, probability)]
    assert passing == list(range(passing[0], passing[-1] + 1))
    alarm = binom.cdf(passing[0] - 1, count, probability) + binom.sf(passing[-1], count, probability)
    assert alarm <= FALSE_ALARM
    tighter = binom.cdf(passing[0], count, probability) + binom.sf(passing[-1] - 1, count, probability)
    assert tighter > FALSE_ALARM  # no wider than it has to be


def test_a_mean_fails_a_right_answer_once_in_a_million():
    reach = norm.isf(FALSE_ALARM / 2) * 3 / np.sqrt(100)
    for off, passes in ((0.0, True), (0.999 * reach, True), (-0.999 * reach, True), (1.001 * reach, False)):
        assert holds("mean", np.full(100, 5 + off), 5.0, 3.0) is passes
    assert not holds("mean", [], 5.0, 3.0)


@pytest.mark.parametrize("pair", [(1, 2), [1, 2], np.array([1, 2]), np.zeros((2, 3))])
def test_a_pair_has_any_form_of_its_length(pair):
    assert holds("several", pair, "a, b")


@pytest.mark.parametrize("other", [None, 3, "ab", {"a": 1, "b": 2}, (1, 2, 3), np.array(2), np.zeros(3)])
def test_what_is_no_pair_is_told(other):
    with pytest.raises(Unmet, match="is not 2 values") as unmet:
        Expect().several(other, "a, b")
    assert unmet.value.hint == "End with `return a, b`."


@pytest.mark.parametrize("one", [3, 3.0, np.array(3), np.array([3]), np.array([[3.0]], dtype=np.float32)])
def test_an_array_of_one_element_is_a_number(one):
    assert holds("equal", one, 3)
    assert holds("close", one, 3.0)
    assert not holds("equal", one, 4)


def test_numbers_where_an_array_is_asked_are_no_array():
    assert not holds("close", 3.0, np.array([3.0]))


def test_a_dtype_is_named_only_where_one_is_asked_for():
    with pytest.raises(Unmet) as unmet:
        Expect().close(np.zeros(2, dtype=np.float32), np.ones(2))
    assert "float64" not in unmet.value.expected
    with pytest.raises(Unmet) as unmet:
        Expect().dtype(np.zeros(2), "float32")
    assert (unmet.value.expected, "float64" in unmet.value.got) == ("numbers of dtype float32", True)


def test_texts_are_made_on_failure_alone(monkeypatch):
    monkeypatch.setattr(module, "short", lambda *values, **options: pytest.fail("a text of a right answer"))
    expect = Expect()
    expect.close(np.zeros(3), np.zeros(3))
    expect.equal([1, 2], (1, 2))
    expect.finite(np.zeros(3))
    expect.shape(np.zeros((2, 3)), (2, None))
    expect.between(0.5, 0, 1)
    expect.kind("text", str)


def test_texts_are_made_of_slices():
    assert short(np.zeros((6,) * 9)) == "[0. 0. 0. 0. 0. 0.] … (array, shape (6, 6, 6, 6, 6, 6, 6, 6, 6), float64)"
    nested: list = [1]
    for _ in range(25):
        nested = [nested] * 8
    assert len(short(nested)) <= 200


def test_what_a_check_says_of_eight_megabytes_of_text_is_short():
    words = "x" * 8_000_000
    for error in (Unmet(words, words, words, words), ValueError(words)):
        assert all(text is None or len(text) <= FAILURE_CHARACTERS for text in explain(error).values())


def test_flags_cost_nothing_and_are_kept():
    expect = Expect()
    expect.flag(False, "never")
    expect.flag(np.True_, "look at it")
    assert (expect.flags, expect.parts) == (["look at it"], [])
