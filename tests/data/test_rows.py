"""Rows of reviews: tokens once, runs of words, sums of rows, and the runs that are known; empty reviews included."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.data import KnownRuns, Ragged, run_words

sequences = st.lists(st.lists(st.integers(1, 30), max_size=8), max_size=8)


def runs_of(review: list[int], length: int) -> list[tuple[int, ...]]:
    return [tuple(review[start : start + length]) for start in range(len(review) - length + 1)]


@given(sequences)
def test_once_is_the_set_of_each_sequence(lists):
    once = Ragged.from_lists(lists, num_words=31).once()
    assert [row.tolist() for row in once] == [sorted(set(row)) for row in lists]
    assert (once.num_words, once.tokens.dtype) == (31, np.int32)


@pytest.mark.parametrize("token", [-1, 1 << 31])
def test_once_refuses_tokens_that_it_would_confuse(token):
    with pytest.raises(ValueError, match="must go from 0"):
        Ragged(np.array([3, token]), np.array([0, 2])).once()


@given(sequences, st.integers(0, 32))
def test_below_keeps_the_sequences_and_their_order(lists, size):
    kept = Ragged.from_lists(lists, num_words=31).below(size)
    assert [row.tolist() for row in kept] == [[token for token in row if token < size] for row in lists]
    assert kept.num_words == size


@given(sequences, st.integers(1, 4))
def test_runs_stay_in_their_sequence_and_are_read_back(lists, length):
    runs = Ragged.from_lists(lists, num_words=31).runs(length)
    assert [[tuple(run_words(run, 31)) for run in row] for row in runs] == [runs_of(row, length) for row in lists]
    assert runs.num_words == 31**length


@pytest.mark.parametrize("length", [0, -1, 13])
def test_runs_without_a_number_are_refused(length):
    with pytest.raises(ValueError, match="no numbers of 63 bits"):
        Ragged.from_lists([[1, 2]], num_words=31).runs(length)


@given(sequences, st.sampled_from([(), (3,)]))
def test_the_sum_of_rows_is_the_product_with_the_multi_hot_vectors(lists, shape):
    rows = Ragged.from_lists(lists, num_words=31).once()
    table = np.random.default_rng(0).integers(-9, 10, size=(31, *shape)).astype("float32")
    sums = rows.sum_of_rows(table)
    np.testing.assert_array_equal(sums, rows.multi_hot() @ table)
    assert sums.dtype == table.dtype


@given(sequences, sequences, st.integers(1, 3), st.integers(1, 3))
def test_known_runs_are_those_that_occur_often_enough(counted, asked, longest, at_least):
    known = KnownRuns(Ragged.from_lists(counted, num_words=31), longest, at_least)
    want = []
    for length in range(1, longest + 1):
        counts = Counter(run for review in counted for run in runs_of(review, length))
        want.append(sorted(run for run, count in counts.items() if count >= at_least))
    assert known.sizes.tolist() == np.cumsum([len(runs) for runs in want]).tolist()
    order = [run for runs in want for run in runs]
    assert [tuple(known.words(row)) for row in range(len(known))] == order
    rows = known.rows(Ragged.from_lists(asked, num_words=31))
    assert rows.num_words == len(known) == len(order)
    for review, found in zip(asked, rows, strict=True):
        here = {run for length in range(1, longest + 1) for run in runs_of(review, length)}
        assert found.tolist() == [row for row, run in enumerate(order) if run in here]


def test_blocks_of_reviews_join_without_a_seam(monkeypatch):
    reviews = Ragged.from_lists([[1, 2], [], [1, 2, 1], [2], []])
    known = KnownRuns(reviews, longest=2)
    whole = known.rows(reviews)
    monkeypatch.setattr("coursekit.data.runs.BLOCK", 2)
    assert [row.tolist() for row in known.rows(reviews)] == [row.tolist() for row in whole]


def test_another_number_of_words_or_no_length_is_an_error():
    reviews = Ragged.from_lists([[1, 2], [1, 2]])
    with pytest.raises(ValueError, match="3 different words"):
        KnownRuns(reviews, longest=2).rows(Ragged.from_lists([[1, 5]]))
    with pytest.raises(ValueError, match="at least 1"):
        KnownRuns(reviews, longest=0)
