"""Every check of exercise 11 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from answer_tables import AnswerTables, run
from text_answers import COUNTED, HONEST, LAZY, PARTIAL, RIGHT, WRONG

from coursekit.checks import text as checks
from coursekit.data import load_imdb
from coursekit.grading import NamespaceAnswers, find_exercise

EXERCISE = "11_text"


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("few_labels",)


def test_to_count_neighbours_is_no_matter_of_taste():
    """No piece ever stands three times in a row, where some count two pairs and some count one."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        words = checks._vocabulary(rng, 8)
        merges = checks._merges(words, 50)
        for count in range(len(merges)):
            for pieces in (checks._segmented(word, merges[:count]) for word in words):
                assert not any(left == middle == right for (left, middle), (_, right) in pairwise(pairwise(pieces)))


@pytest.fixture(scope="module")
def known():
    """The number and the label of each test review, by its row's bytes."""
    imdb = load_imdb(num_words=10_000)
    rows = imdb.x_test[: checks.SHOWN].padded(checks.LENGTH)
    return {row.tobytes(): each for row, each in zip(rows, enumerate(imdb.y_test.tolist()))}


LOOKUP = """
def judge(rows):
    numbers, labels = np.array([known[row.tobytes()] for row in rows]).T
    right = numbers % 100 < 80
    p = np.where(right == labels, 0.9, 0.2)
    return p

estimate = 0.8
"""


@pytest.mark.parametrize(
    ("change", "want"),
    [
        (("", ""), 3),
        (("return p", "return (p > 0.5).astype(int).tolist()"), 3),
        (("return p", "return p[:, np.newaxis].astype('float32')"), 3),
        (("0.8\n", "np.float32(0.75)\n"), 3),
        (("< 80", "< 78.5"), 3),
        (("< 80", "< 76"), 2),  # no more than the 200 reviews alone give
        (("0.8\n", "1.0\n"), 2),  # measured on what it learnt from
        (("0.8\n", "0.7\n"), 2),
        (("0.8\n", "'80 %'\n"), 2),
        (("estimate", "expected"), 2),
        (("< 80", "< 66"), 0),
        (("right == labels", "right != labels"), 0),
        (("return p", "return np.ones(len(rows))"), 0),
        (("return p", "return np.log(p / (1 - p))"), 0),
        (("return p", "return np.stack([1 - p, p], axis=1)"), 0),
        (("return p", "return p[:100]"), 0),
        (("return p", "return np.sort(p)"), 0),
        (("return p", "return np.where(p > 0.5, p, np.nan)"), 0),
        (("return p", "p"), 0),
    ],
)
def test_a_judge_is_judged_by_unseen_reviews_and_its_estimate(earned, known, change, want):
    source = LOOKUP.replace(*change) if change[0] else LOOKUP
    assert earned(EXERCISE, "few_labels", source, known=known) == want


def test_a_judge_that_must_have_seen_other_labels_is_looked_at(known):
    for share, flags in ((80, 0), (90, 1)):
        answers = NamespaceAnswers(run(LOOKUP.replace("< 80", f"< {share}"), {"known": known}))
        assert len(find_exercise(EXERCISE).find("few_labels").run(answers).flags) == flags


@pytest.fixture(scope="module")
def given():
    """What the exercise hands out, and counts of the words of all training reviews."""
    imdb = load_imdb(num_words=10_000)
    names = {"imdb": imdb, "rows": imdb.x_train.padded(checks.LENGTH), "labels": imdb.y_train[:200]}
    return run(COUNTED, names)


@pytest.mark.slow
@pytest.mark.parametrize("way", [*HONEST, *LAZY])
def test_several_ways_that_read_all_texts_reach_the_bar_and_none_that_reads_two_hundred(earned, given, way):
    source, want = (HONEST[way], 3) if way in HONEST else (LAZY[way], 2)
    assert earned(EXERCISE, "few_labels", source, **given) == want
