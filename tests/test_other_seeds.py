"""The tool that tries stored solutions from other seeds sees one that owes its points to its seed."""

from __future__ import annotations

import doctest

import nbformat
import other_seeds
import pytest
from nbformat.v4 import new_code_cell, new_notebook

LUCKY = """
import random
class Checks:
    def all(self):
        points = 3 if random.random() < 0.5 else 2  # 0.13 from the seed 1, 0.96 from 2
        print(f"An exercise: {points} of 3 points; 1 of 1 question passed.\\n")
        print("✔ Passed: A question" if points == 3 else "◐ In part: A question")
check = Checks()
keras.utils.set_random_seed(1)
"""


def test_its_examples():
    assert doctest.testmod(other_seeds).failed == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "seed", "missing"),
    [(LUCKY, 0, []), (LUCKY, 1, ["◐ In part: A question"]), ("1 / 0", 0, ["a cell failed: ZeroDivisionError"])],
)
def test_points_that_are_a_matter_of_luck_are_seen(tmp_path, source, seed, missing):
    cells = [new_code_cell(each) for each in (source, 'check("no")', "check.all()")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "solution.ipynb")

    found = other_seeds.lost(other_seeds.report(tmp_path / "solution.ipynb", seed))

    assert [line.partition(": division")[0] for line in found] == missing
