from __future__ import annotations

import hashlib
from unittest import mock

import numpy as np
import pytest

from coursekit.data import load_imdb


def test_facts_of_the_published_encoding():
    data = load_imdb(num_words=None)
    assert data.x_train.lengths[:10].tolist() == [218, 189, 141, 550, 147, 43, 123, 562, 233, 130]
    assert data.y_train[:10].tolist() == [1, 0, 0, 1, 0, 0, 1, 0, 1, 0]
    assert data.x_train[0][:7].tolist() == [1, 14, 22, 16, 43, 530, 973]
    assert data.x_train.lengths.mean() == pytest.approx(238.714, abs=1e-3)
    assert data.x_test.lengths.mean() == pytest.approx(230.804, abs=1e-3)
    assert data.y_train.sum() == data.y_test.sum() == 12_500
    assert data.num_words == data.x_train.tokens.max() + 1 == 88_588
    words = "\n".join(data.words).encode()
    assert hashlib.sha256(words).hexdigest() == "c5875fe5aa047b30f148423ade177d8afca9f2599691a2a2eded0b6dab0e3996"


def test_words_and_decoding():
    data = load_imdb()
    assert len(data.word_index) == 88_584
    assert data.word_index["fawn"] == 34_701
    assert data.decode(data.x_train[0][:10]) == ("<start> this film was just brilliant casting location scenery story")
    assert data.decode([0, 2, 3, 4]) == "<pad> <unknown> <unused> the"
    assert data.decode([]) == ""
    assert data.decode([88_587]) == data.words[-1]


@pytest.mark.parametrize("index", [-1, 88_588])
def test_an_index_that_stands_for_no_word(index):
    with pytest.raises(ValueError, match=f"Index {index} stands for no word"):
        load_imdb().decode([index])


@pytest.mark.parametrize("num_words", [0, -5])
def test_a_number_of_words_that_makes_no_sense(num_words):
    with pytest.raises(ValueError, match="at least 1"):
        load_imdb(num_words=num_words)


def keras_npz(path) -> None:
    """The file that ``keras.datasets.imdb`` reads, made from our arrays: unshuffled, without start, ranks."""
    data = load_imdb(num_words=None)
    random = np.random.RandomState(113)
    arrays = {}
    for half, reviews, labels in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
        order = np.arange(25_000)
        random.shuffle(order)
        texts = np.empty(25_000, object)
        for place, review in zip(order, reviews):
            texts[place] = (review[1:] - 3).tolist()
        arrays[f"x_{half}"] = texts
        arrays[f"y_{half}"] = labels[np.argsort(order)]
    np.savez(path, **arrays)


def keras_load(path, num_words):
    import keras

    with mock.patch("keras.src.datasets.imdb.get_file", return_value=str(path)):
        return keras.datasets.imdb.load_data(num_words=num_words)


@pytest.mark.slow
def test_equal_to_keras_review_for_review(tmp_path):
    keras_npz(tmp_path / "imdb.npz")
    (x_train, y_train), (x_test, y_test) = keras_load(tmp_path / "imdb.npz", 10_000)
    data = load_imdb(num_words=10_000)
    for ours, theirs in ((data.x_train, x_train), (data.x_test, x_test)):
        assert ours.lengths.tolist() == [len(review) for review in theirs]
        assert np.array_equal(ours.tokens, np.concatenate(theirs))
    assert np.array_equal(data.y_train, y_train)
    assert np.array_equal(data.y_test, y_test)


def test_keras_loses_the_rarest_word_where_we_keep_all(tmp_path):
    reviews = np.empty(2, object)
    reviews[:] = [[1, 2], [3, 88_584]]
    np.savez(tmp_path / "small.npz", x_train=reviews, y_train=[0, 1], x_test=reviews, y_test=[0, 1])
    largest = {max(review) for review in np.concatenate([half[0] for half in keras_load(tmp_path / "small.npz", None)])}
    assert 88_587 not in largest
    assert load_imdb(num_words=None).x_train.tokens.max() == 88_587


@pytest.mark.parametrize("num_words", [1, 2, 20, 88_587, 88_588, 100_000])
def test_rarer_words_become_unknown(num_words):
    everything, common = load_imdb(num_words=None), load_imdb(num_words=num_words)
    tokens = everything.x_train.tokens
    assert np.array_equal(common.x_train.tokens, np.where(tokens >= num_words, 2, tokens))
    assert (common.x_train.tokens != tokens).sum() == (tokens[tokens != 2] >= num_words).sum()
    assert np.array_equal(common.x_train.offsets, everything.x_train.offsets)
