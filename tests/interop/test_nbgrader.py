"""The released exercises get the same marks from the real nbgrader as from ``coursekit grade``.

nbgrader is installed into an environment of its own for this; so these tests run only when asked for: ``make interop``.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.rivals import NbgraderCourse
from coursekit import course
from coursekit.grading import find_exercise
from coursekit.grading.release import BEGIN, END, release

pytestmark = pytest.mark.interop

EXAMPLES = Path(__file__).parents[1] / "classroom" / "submissions"
PARTLY_RIGHT = ("wrong_overflow", "wrong_no_biases", "wrong_syntax", "wrong_twice_softmax", "hostile_exits")
Change = Callable[[int, str, str], str]


class Forgetful(ast.NodeTransformer):
    """Has every function return nothing."""

    def visit_Return(self, node: ast.Return) -> ast.Return:
        return ast.Return(ast.Constant(None))


def right(number: int, stub: str, answer: str) -> str:
    return answer


def every_other_wrong(number: int, stub: str, answer: str) -> str:
    """Every second answer: functions that return nothing, and what is no function stays unwritten."""
    if number % 2:
        return answer
    return ast.unparse(Forgetful().visit(ast.parse(answer))) if "return" in answer else stub


def filled_in(lesson: course.Lesson, solved: str, change: Change) -> bytes:
    """The released exercise with answers, made from those of the solution."""
    notebook = json.loads(lesson.exercise.read_bytes())
    answers = {name: source for name, source in map(answer, json.loads(solved)["cells"]) if name}
    stubs = [cell for cell in notebook["cells"] if answer(cell)[0]]
    assert len(stubs) == len(answers) > 0
    for number, cell in enumerate(stubs):
        name, stub = answer(cell)
        cell["source"] = change(number, stub, answers[name])
    return json.dumps(notebook).encode()


def answer(cell: dict) -> tuple[str, str]:
    """The name and the source of a cell for an answer; the name is empty for any other cell."""
    marks = cell["metadata"].get("nbgrader", {})
    lines = [line for line in "".join(cell["source"]).split("\n") if line.strip() not in (BEGIN, END)]
    return (marks["grade_id"] if marks.get("solution") else ""), "\n".join(lines)


def submissions(lesson: course.Lesson, solved: str) -> dict[str, bytes]:
    """The notebooks that are handed in, by learner."""
    made = {
        "right": filled_in(lesson, solved, right),
        "half": filled_in(lesson, solved, every_other_wrong),
        "untouched": lesson.exercise.read_bytes(),
    }
    if lesson.number == 1:
        made |= {name: (EXAMPLES / f"{name}.ipynb").read_bytes() for name in PARTLY_RIGHT}
    return made


def marks_here(folder: Path, lesson: course.Lesson, handed_in: dict[str, bytes]) -> dict[str, dict[str, float]]:
    """The points that ``coursekit grade`` gives to every learner for every question."""
    (folder / "in").mkdir()
    for learner, content in handed_in.items():
        (folder / "in" / f"{learner}.ipynb").write_bytes(content)
    command = [sys.executable, "-m", "coursekit", "grade", "in", "--out", "out", "--exercise", lesson.name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    grades = json.loads((folder / "out" / "grades.json").read_bytes())["grades"]
    return {
        grade["submission"]["learner"]["id"]: {each["name"]: each["points"] for each in grade["report"]["questions"]}
        for grade in grades
    }


@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_nbgrader_gives_the_same_marks(lesson, tmp_path):
    exercise = find_exercise(lesson.name)
    solved = release(lesson.solution, exercise, keep_solutions=True)
    handed_in = submissions(lesson, solved)
    (tmp_path / "nbgrader").mkdir()
    nbgrader = NbgraderCourse.create(tmp_path / "nbgrader", lesson.name, solved)
    for learner, content in handed_in.items():
        nbgrader.submit(learner, content)
    nbgrader.autograde()
    theirs, ours = nbgrader.marks(), marks_here(tmp_path, lesson, handed_in)
    assert ours == theirs
    totals = {learner: sum(points.values()) for learner, points in ours.items()}
    print(totals)
    assert totals["right"] == exercise.points
    assert totals["untouched"] == 0 < totals["half"] < exercise.points
