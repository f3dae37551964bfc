"""What answers may hold: what an honest one needs, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.grading import NamespaceAnswers
from coursekit.worker.bounds import QUESTION_BYTES
from coursekit.worker.failures import NotPlainData

PICTURES = (10_000, 28, 28)  # the test set, rebuilt: the largest answer that a question of the course asks for


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_the_largest_honest_answer_passes(dtype):
    answers = NamespaceAnswers({"rebuilt": np.zeros(PICTURES, dtype)})
    assert answers.value("rebuilt").shape == PICTURES


@pytest.mark.parametrize("dtype", ["int8", "bool", "float64"])
def test_more_numbers_are_refused_in_words_whatever_their_size(dtype):
    with pytest.raises(NotPlainData, match="cannot read") as refused:
        NamespaceAnswers({"x": np.zeros(9_000_000, dtype)}).value("x")
    assert refused.value.came == "arrays of 9,000,000 numbers, at most 8,388,608"


def test_all_answers_to_a_question_are_bounded_together():
    answers = NamespaceAnswers({"x": np.zeros(PICTURES, np.float64)})
    for question in ("first", "second"):
        answers.begin(question, "seed")
        allowed = QUESTION_BYTES // answers.value("x").nbytes
        for _ in range(allowed - 1):
            answers.value("x")
        with pytest.raises(NotPlainData, match="All answers together hold more than 160 MB"):
            answers.value("x")
