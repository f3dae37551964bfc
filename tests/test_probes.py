"""Probes tell what comes of an answer, whatever it does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from coursekit import probes


def test_a_packed_tar_holds_what_was_given():
    contents = [("3", None), ("3/one.png", np.arange(5, dtype=np.uint8)), ("3/none.png", np.zeros(0, np.uint8))]
    path, tar = probes.pack(lambda path: [str(path)], contents)
    assert path[0].endswith("members.tar")
    assert bytes(range(5)) in tar.tobytes()
    assert tar.dtype == np.uint8


def test_a_buffer_is_asked_for_no_more_than_is_wanted():
    def all_at_once(items, size, rng):
        yield from list(items)

    assert probes.watch(all_at_once, count=50, size=2, seed=0, most=3) == ([0, 1, 2], [50, 50, 50])


class Same:
    """A state that changes when the iterator goes on."""

    def __init__(self, count, batch, seed):
        self.counts = {"drawn": 0}

    def __next__(self):
        self.counts["drawn"] += 1
        return np.array([self.counts["drawn"]])

    def state(self):
        return self.counts


def test_states_are_written_at_the_end():
    found, states = probes.follow(Same, 9, 1, 0, steps=2)
    assert found == [[1], [2]]
    assert [json.loads(each) for each in states] == 3 * [{"drawn": 2}]


def test_what_json_cannot_write_is_an_error():
    class OfArrays(Same):
        def state(self):
            return np.arange(3)

    with pytest.raises(ValueError, match=r"json cannot write the state: .* not JSON serializable"):
        probes.follow(OfArrays, 9, 1, 0, steps=1)


def test_files_are_read_no_further_than_a_stream_asks():
    def greedy(files, sizes, most, rng):
        held = [item for file in files for item in file]
        while True:
            yield held[0]

    came, held = probes.read_files(greedy, [2, 3], most=4, seed=0)
    assert came == 6 * [0]  # one more than there are
    assert held == 4


def test_what_was_not_read_cannot_come():
    with pytest.raises(ValueError, match="item 4 comes, and was not read"):
        probes.read_files(lambda files, sizes, most, rng: [next(files[0]), 4], [2, 3], most=4, seed=0)
    with pytest.raises(ValueError, match="item 0 comes, and was not read"):
        probes.watch(lambda items, size, rng: range(5), count=5, size=2, seed=0, most=3)


@pytest.mark.parametrize(("rows", "want"), [((3, 2), 3), ((5,), 5), ((2, 2), 0), ((), 0)])
def test_rows_are_counted_in_a_graph_for_any_number_of_them(rows, want):
    import tensorflow as tf

    def called(model, loss, x, y, parts):
        call = tf.function(model, input_signature=[tf.TensorSpec((None, 3))])
        return [call(x[:count]) for count in rows]

    weights = [np.zeros((3, 2)), np.zeros(2), np.zeros((2, 1)), np.zeros(1)]
    x = np.ones((5, 3), np.float32)
    assert probes.accumulate(called, weights, x, np.ones((5, 1)), parts=2)[1] == want


def test_files_hold_one_class_each():
    sizes = [30, 0, 7, 1_200]
    pictures, labels = probes.sorted_digits(sizes, seed=3)
    assert pictures.shape == (sum(sizes), 196)
    assert 0 <= pictures.min() < pictures.max() <= 1
    parts = np.split(labels, np.cumsum(sizes)[:-1])
    assert [len(set(part.tolist())) for part in parts] == [1, 0, 1, 1]
    assert not np.array_equal(probes.sorted_digits(sizes, seed=4)[1], labels)


def test_a_layer_learns_from_what_is_mixed():
    pictures, labels = probes.sorted_digits([200] * 10, seed=0)
    order = np.random.default_rng(0).permutation(len(labels))
    assert probes.learn_in_order(pictures, labels) < 0.5 < probes.learn_in_order(pictures[order], labels[order])


def test_a_forgotten_return_is_told():
    with pytest.raises(ValueError, match="None was returned"):
        probes.watch(lambda items, size, rng: None, count=5, size=2, seed=0, most=3)
