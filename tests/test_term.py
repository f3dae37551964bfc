"""The class that is graded end to end: where its attackers attack."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks import term

ANSWERS = {0: ["def scale(x):\n", "    return x / 255\n"], 2: ["def mean(x):\n", "    return sum(x) / len(x)\n"]}


def exercise(last: str):
    stub = "raise NotImplementedError"
    return new_notebook(cells=[new_code_cell(s) for s in (stub, 'check("scale")', stub, 'check("mean")', last)])


def test_an_attack_stands_in_an_answer_that_no_other_cell_calls():
    assert term.lone_answer(exercise("scale(255)"), ANSWERS) == (2, "mean")


def test_where_all_are_called_it_says_so():
    with pytest.raises(ValueError, match="Each answer is used"):
        term.lone_answer(exercise("scale(mean([255]))"), ANSWERS)
