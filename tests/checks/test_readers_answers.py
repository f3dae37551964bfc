"""Answers that readers gave who had not seen a check are judged rightly, on the notebook's inputs and on private ones.

``readers_answers/`` holds them by exercise: what all share, then each below ``# %% question · right · how``.
Each question has answers of both kinds in the tables of the other modules too, twice as many at least.
"""

from __future__ import annotations

import importlib
from collections import Counter
from functools import cache
from pathlib import Path

import nbformat
import pytest
from answer_tables import AnswerTables

from coursekit import course
from coursekit.grading import NamespaceAnswers, find_exercise

FOLDER = Path(__file__).parent / "readers_answers"
STUB = "raise NotImplementedError"


def answers_in(path: Path) -> list[tuple[str, str, str, str, str]]:
    """Exercise, question, right or wrong, how, and source of each answer."""
    shared, *parts = path.read_text(encoding="utf-8").split("# %% ")
    heads, sources = zip(*(part.split("\n", 1) for part in parts))
    return [(path.stem, *head.split(" · ", 2), shared + source) for head, source in zip(heads, sources)]


ANSWERS = [answer for path in sorted(FOLDER.glob("*.py")) for answer in answers_in(path)]


@pytest.fixture(scope="module")
def opening():
    """A function from an exercise to the source of its cells above the first question."""

    @cache
    def until_the_first_stub(exercise: str) -> str:
        cells = nbformat.read(course.find(exercise).exercise, as_version=4).cells
        sources = [cell.source for cell in cells if cell.cell_type == "code"]
        first = next(number for number, source in enumerate(sources) if STUB in source)
        lines = "\n".join(sources[:first]).splitlines()
        return "\n".join(line for line in lines if "open_exercise" not in line)

    return until_the_first_stub


@pytest.mark.filterwarnings("ignore")  # in a notebook none is an error
@pytest.mark.parametrize(
    ("exercise", "question", "kind", "how", "source"), ANSWERS, ids=[f"{a[0][:2]}-{a[1]}-{a[3]}" for a in ANSWERS]
)
def test_an_answer_is_judged_rightly(opening, exercise, question, kind, how, source):
    namespace = {"__name__": "__main__"}
    exec(opening(exercise), namespace)
    exec(source, namespace)
    answers = NamespaceAnswers(namespace)
    answers.private_seed = "readers"

    [result] = find_exercise(exercise).run(answers, [question]).questions

    assert (result.points == result.max_points) == (kind == "right"), result


def test_the_tables_hold_two_more_for_each():
    for path in Path(__file__).parent.glob("test_*.py"):
        importlib.import_module(path.stem)
    ours: Counter[tuple[str, str, str]] = Counter()
    for table in AnswerTables.__subclasses__():
        for question, sources in table.right.items():
            ours[table.exercise, question, "right"] += len(set(sources))
        for question, mistakes in table.wrong.items():
            ours[table.exercise, question, "wrong"] += len(set(mistakes))
        for question, _, _ in table.partial:
            ours[table.exercise, question, "wrong"] += 1
    theirs = Counter(answer[:3] for answer in ANSWERS)

    assert {asked: (ours[asked], count) for asked, count in theirs.items() if ours[asked] < 2 * count} == {}
