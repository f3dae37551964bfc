from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.data import Ragged

sequences = st.lists(st.lists(st.integers(0, 30), max_size=8), max_size=8)


def as_lists(ragged: Ragged) -> list[list[int]]:
    return [row.tolist() for row in ragged]


@given(sequences)
def test_holds_what_was_put_in(lists):
    ragged = Ragged.from_lists(lists)
    assert len(ragged) == len(lists)
    assert as_lists(ragged) == lists
    assert [ragged[i].tolist() for i in range(len(lists))] == lists
    assert ragged.lengths.tolist() == [len(row) for row in lists]
    assert repr(ragged).startswith(f"Ragged({len(lists)} sequences")


@given(sequences, st.slices(8))
def test_slices_as_a_list_does(lists, cut):
    assert as_lists(Ragged.from_lists(lists)[cut]) == lists[cut]


@given(sequences, st.data())
def test_takes_indices_and_masks(lists, data):
    ragged = Ragged.from_lists(lists)
    chosen = data.draw(st.lists(st.integers(-len(lists), len(lists) - 1), max_size=6)) if lists else []
    assert as_lists(ragged[chosen]) == [lists[i] for i in chosen]
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(lists), max_size=len(lists))), bool)
    assert as_lists(ragged[mask]) == [row for row, wanted in zip(lists, mask) if wanted]


@given(sequences, st.sampled_from([np.float32, np.uint8, bool]))
def test_multi_hot_marks_what_occurs(lists, dtype):
    hot = Ragged.from_lists(lists, num_words=31).multi_hot(dtype)
    assert hot.shape == (len(lists), 31)
    assert hot.dtype == dtype
    assert [np.flatnonzero(row).tolist() for row in hot] == [sorted(set(row)) for row in lists]
    assert set(np.unique(hot)) <= {0, 1}


@given(sequences, st.integers(1, 10), st.sampled_from(["pre", "post"]), st.sampled_from(["pre", "post"]))
def test_padded_by_the_definition(lists, maxlen, padding, truncating):
    rows = Ragged.from_lists(lists).padded(maxlen, padding, truncating, value=99)
    assert rows.dtype == np.int32
    for row, original in zip(rows.tolist(), lists):
        kept = original[-maxlen:] if truncating == "pre" else original[:maxlen]
        fill = [99] * (maxlen - len(kept))
        assert row == (fill + kept if padding == "pre" else kept + fill)


@pytest.mark.slow
def test_padded_as_keras_does_it():
    from keras.utils import pad_sequences

    lists = [[1, 2, 3], [], [4], [5, 6, 7, 8, 9]]
    ragged = Ragged.from_lists(lists)
    assert np.array_equal(ragged.padded(4), pad_sequences(lists, 4))
    assert np.array_equal(ragged.padded(2, "post", "post", 7), pad_sequences(lists, 2, "int32", "post", "post", 7))


def test_a_slice_shares_its_tokens():
    ragged = Ragged.from_lists([[1, 2], [3], [4]])
    assert np.shares_memory(ragged[1:].tokens, ragged.tokens)
    assert ragged[1:].num_words == ragged.num_words


@pytest.mark.parametrize("index", [3, -4, [3]])
def test_an_index_out_of_range(index):
    with pytest.raises(IndexError):
        Ragged.from_lists([[1], [2], [3]])[index]


def test_an_index_of_two_axes():
    with pytest.raises(IndexError, match="number, a slice, a list or a mask"):
        Ragged.from_lists([[1]])[[[0]]]


@pytest.mark.parametrize(
    ("tokens", "offsets"),
    [
        (np.zeros((2, 2), int), np.array([0, 4])),
        (np.zeros(3), np.array([0, 3])),
        (np.zeros(3, int), np.array([0, 2])),
        (np.zeros(3, int), np.array([1, 3])),
        (np.zeros(3, int), np.array([0, 2, 1, 3])),
        (np.zeros(3, int), np.array([], int)),
    ],
)
def test_offsets_that_do_not_fit(tokens, offsets):
    with pytest.raises(ValueError, match="must"):
        Ragged(tokens, offsets)


def test_a_token_without_a_column():
    with pytest.raises(ValueError, match="num_words=8"):
        Ragged.from_lists([[1, 7]]).multi_hot(num_words=5)


def test_padding_that_makes_no_sense():
    ragged = Ragged.from_lists([[1]])
    with pytest.raises(ValueError, match="at least 1"):
        ragged.padded(0)
    with pytest.raises(ValueError, match='"pre" or "post"'):
        ragged.padded(3, padding="left")
