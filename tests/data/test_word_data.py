"""Word vectors and word tests: the published sizes, files that are damaged, and tables that do not fit."""

from __future__ import annotations

import json

import numpy as np
import pytest
import word_vectors

from coursekit.data import DamagedFile, WordVectors, load_analogies, load_glove, load_imdb, load_word_pairs
from coursekit.data.errors import UnknownData
from coursekit.data.word_tests import read_analogies, read_pairs


def test_facts_of_the_vectors():
    glove = load_glove()
    assert glove.vectors.shape == (len(glove), 100) == (27_563, 100)
    assert glove.vectors.dtype == np.float32
    assert glove["the"][:5] == pytest.approx([-0.038194, -0.24487, 0.72812, -0.39961, 0.083172], abs=0.015)
    assert [glove.index[word] for word in glove.words[:5]] == [0, 1, 2, 3, 4]
    assert sum(word in glove for word in load_imdb().words[:10_000]) == 9_593


def test_the_nearest_word_to_king_less_man_plus_woman():
    glove = load_glove()
    unit = glove.vectors / np.linalg.norm(glove.vectors, axis=1, keepdims=True)
    king, man, woman = (unit[glove.index[word]] for word in ("king", "man", "woman"))
    nearest = [glove.words[row] for row in np.argsort(unit @ (king - man + woman))[::-1]]
    assert next(word for word in nearest if word not in ("king", "man", "woman")) == "queen"


@pytest.mark.parametrize(("name", "count", "mean"), [("wordsim353", 353, 5.86), ("simlex999", 999, 4.56)])
def test_facts_of_the_pairs(name, count, mean):
    pairs = load_word_pairs(name)
    assert len(pairs) == len(pairs.first) == len(pairs.second) == count
    assert pairs.scores.mean() == pytest.approx(mean, abs=0.01)
    assert 0 <= pairs.scores.min() < pairs.scores.max() <= 10


def test_facts_of_the_analogies():
    analogies = load_analogies()
    assert analogies.questions.shape == (19_544, 4)
    assert len(set(analogies.sections)) == 14
    assert (analogies.sections == "family").sum() == 506


def test_every_word_of_the_tests_has_a_vector():
    glove = load_glove()
    assert word_vectors.wanted(()) <= set(glove.words)


def test_pairs_of_another_name():
    with pytest.raises(UnknownData, match="simlex999"):
        load_word_pairs("simlex")


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (load_glove, "glove_words.txt.bz2"),
        (load_analogies, "analogies_questions.txt.bz2"),
        (lambda: load_word_pairs("wordsim353"), "wordsim353_pairs.tsv.bz2"),
    ],
)
def test_a_damaged_file_is_not_read(cache, embedded, monkeypatch, load, name):
    monkeypatch.setenv("COURSEKIT_OFFLINE", "1")
    place = embedded / name
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)
    with pytest.raises(DamagedFile, match=name):
        load()


@pytest.mark.parametrize("vectors", [np.zeros((3, 4)), np.zeros(2), np.zeros((2, 2, 2))])
def test_a_table_of_another_size(vectors):
    with pytest.raises(ValueError, match="2 words need a table of as many rows"):
        WordVectors(("a", "b"), vectors, "", "")


def test_a_word_that_comes_twice():
    with pytest.raises(ValueError, match="comes twice"):
        WordVectors(("a", "a"), np.zeros((2, 3)), "", "")


def test_a_word_without_a_vector_is_told_with_an_offer():
    toy = WordVectors(("good", "bad"), np.eye(2), "Two words", "MIT")
    assert repr(toy) == "Two words (MIT)\n  2 words, 2 numbers each, float64"
    with pytest.raises(KeyError, match="Did you mean 'good'"):
        toy["goood"]


@pytest.mark.parametrize("text", ["tiger\tcat", "tiger cat 7.35", "tiger\tcat\t7.35\tx", "tiger\tcat\tnear"])
def test_a_pair_that_cannot_be_read(text):
    with pytest.raises(ValueError, match=r"two words and a score|could not convert"):
        read_pairs(text)


@pytest.mark.parametrize("text", [": family\nboy girl king", "boy girl king queen", ": family\na b c d e"])
def test_an_analogy_that_cannot_be_read(text):
    with pytest.raises(ValueError, match="four words"):
        read_analogies(text)


def test_only_wanted_rows_are_read_whatever_stands_in_a_word():
    names = ["]", '"', "\\", "é", ":["]
    rows = ",".join(f"{json.dumps(name)}:[{','.join([str(row)] * 102)}]" for row, name in enumerate(names))
    text = f'{{"words":{json.dumps(names)},"vectors":{{{rows}}},"unkVector":[0]}}'.encode()
    found, vectors = word_vectors.chosen(text, {*names, "absent"})
    assert found == names
    assert vectors[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_steps_are_at_most_half_a_unit_off():
    vectors = np.random.default_rng(0).normal(size=(50, 100)).astype(np.float32)
    steps, units = word_vectors.quantised(vectors)
    assert steps.dtype == np.int8
    assert np.abs(steps).max() == 127
    assert (np.abs(steps * units[:, None] - vectors) <= 0.501 * units[:, None]).all()
