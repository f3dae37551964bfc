"""Inputs that are drawn anew for each submission: right answers pass with all of them, remembered replies with none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import msgspec
import pytest
from answer_tables import FEWEST, OF_MODELS, TURNS, in_turn

from coursekit import course
from coursekit.grading import Exercise, NamespaceAnswers, find_exercise
from coursekit.grading.results import PASSED
from coursekit.worker.requests import GetModel, Question, Reply

DRAWING = tuple(lesson.name for lesson in course.LESSONS)


class Asked(NamespaceAnswers):
    """Answers that keep what they were asked and what they replied."""

    def __init__(self, namespace: dict) -> None:
        super().__init__(namespace)
        self.requests: dict[bytes, Reply] = {}
        self.of_models = False

    def exchange(self, question: Question, frame: bytes) -> Reply:
        self.of_models |= isinstance(question, GetModel)
        reply = super().exchange(question, frame)
        self.requests[key(question)] = reply
        return reply


class Remembered(NamespaceAnswers):
    """Answers from a table of earlier replies alone."""

    def __init__(self, table: dict[bytes, Reply]) -> None:
        super().__init__({})
        self.table = table

    def exchange(self, question: Question, frame: bytes) -> Reply:
        return self.table.get(key(question), Reply.of(answer=None))


def key(question: Question) -> bytes:
    """What a request is known by, whatever handle it names."""
    return (msgspec.structs.replace(question, handle=0) if hasattr(question, "handle") else question).as_frame()


@pytest.fixture(scope="module", params=DRAWING)
def solved(request) -> tuple[Exercise, dict]:
    """An exercise, and what its stored solution defines, with what the exercise itself trains, but no answer."""
    lesson = course.find(request.param)
    namespace: dict = {"__name__": "__main__"}
    for cell in json.loads(lesson.solution.read_text())["cells"]:
        source = "".join(cell["source"])
        trains = ".fit(" in source and "BEGIN SOLUTION" in source
        if cell["cell_type"] == "code" and not source.startswith("check") and not trains:
            exec(source, namespace)
    return find_exercise(lesson.name), namespace


@pytest.fixture(scope="module")
def drawing(solved) -> list[tuple[str, bool]]:
    """The questions that draw, and whether they ask for models, or take as long."""
    exercise, namespace = solved
    found = []
    for name, question in exercise.questions.items():
        answers = Asked(namespace)
        question.run(answers)
        found += [(name, answers.of_models or name in OF_MODELS)] if answers.has_drawn else []
    return found


def test_stored_solutions_pass_with_many_seeds(solved, drawing, pytestconfig):
    exercise, namespace = solved
    for name, of_models in drawing:
        for seed in in_turn(range(TURNS if of_models else FEWEST), pytestconfig, date.today().toordinal()):
            result = replace(exercise.find(name), exercise=f"seed {seed}").run(NamespaceAnswers(namespace))
            assert result.points == result.max_points, (seed, result)


def test_remembered_replies_earn_nothing(solved, drawing):
    exercise, namespace = solved
    assert len(drawing) >= 6
    for name, of_models in drawing:
        asked = Asked(namespace)
        for seed in (exercise.name, "another learner's", "a third learner's")[: 2 if of_models else 3]:
            replace(exercise.find(name), exercise=seed).run(asked)
        remembered = Remembered(asked.requests)
        assert exercise.find(name).run(remembered).status == PASSED, "the table knows the notebook's own inputs"
        remembered.private_seed = "this learner's"
        assert exercise.find(name).run(remembered).points == 0, name


@pytest.mark.parametrize("first", [0, 739_000])
def test_days_share_the_seeds(pytestconfig, first):
    met = [seed for day in range(first, first + TURNS) for seed in in_turn(range(3, 200, 5), pytestconfig, day)]

    times = TURNS if pytestconfig.option.every_seed else 1
    assert sorted(met) == sorted([*range(3, 200, 5)] * times)
