"""``coursekit grade``, sandbox and all, against ``nbgrader autograde`` and ``otter run``.

    python benchmarks/graders.py [--learners 48]

All three mark the same submissions of exercise 1 by the same checks, one after the other on this machine. Every
question but the last is answered; in its place a tiny network is trained, so that the graders are measured and not a
training, which takes as long in each of them. Times are of the whole command, its start included, for each submission.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "classroom"), str(ROOT / "tests" / "demo")]

import make_submissions  # noqa: E402
import rivals  # noqa: E402

from coursekit import course  # noqa: E402
from coursekit.grading import find_exercise  # noqa: E402
from coursekit.grading.release import release  # noqa: E402

NAME = "01_mnist_dense"
TINY = {
    "training": "x, y = np.random.rand(256, 8), np.random.rand(256, 1)\n"
    "small = keras.Sequential([keras.Input((8,)), layers.Dense(16, activation='relu'), layers.Dense(1)])\n"
    "small.compile('adam', 'mse')\nhistory = small.fit(x, y, epochs=2, verbose=0)"
}
Marks = dict[str, dict[str, float]]


def submissions(count: int) -> dict[str, bytes]:
    """Right answers and a tiny training; a comment makes each different, so that each is marked."""
    made = {}
    for number in range(count):
        answers = make_submissions.RIGHT | {"one_hot": f"# {number}\n{make_submissions.RIGHT['one_hot']}"}
        made[f"learner{number:03d}"] = make_submissions.encoded(make_submissions.answered(answers, TINY))
    return made


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that ``work`` takes, and what it gives."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def grade(folder: Path, handed_in: dict[str, bytes]) -> tuple[float, Marks]:
    """Seconds and marks of ``coursekit grade``, with its defaults: sealed, one submission a core."""
    (folder / "in").mkdir(parents=True)
    for learner, content in handed_in.items():
        (folder / "in" / f"{learner}.ipynb").write_bytes(content)
    command = [sys.executable, "-m", "coursekit", "grade", "in", "--out", "out", "--exercise", NAME]
    seconds, _ = timed(lambda: subprocess.run(command, cwd=folder, stdout=sys.stderr, check=True))
    report = json.loads((folder / "out" / "grades.json").read_bytes())
    marks = {
        each["submission"]["learner"]["id"]: {
            question["name"]: question["points"] for question in each["report"]["questions"]
        }
        for each in report["grades"]
    }
    return seconds, marks


def nbgrader(folder: Path, handed_in: dict[str, bytes]) -> tuple[float, Marks]:
    """Seconds and marks of ``nbgrader autograde``."""
    folder.mkdir()
    solved = release(course.find(NAME).solution, find_exercise(NAME), keep_solutions=True)
    made = rivals.NbgraderCourse.create(folder, NAME, solved)
    for learner, content in handed_in.items():
        made.submit(learner, content)
    seconds, _ = timed(made.autograde)
    return seconds, made.marks()


def otter(folder: Path, handed_in: dict[str, bytes]) -> tuple[float, Marks]:
    """Seconds and marks of ``otter run``, for one submission after another."""
    folder.mkdir()
    archive = rivals.otter_autograder(folder, NAME)
    seconds, marks = 0.0, {}
    for learner, content in handed_in.items():
        path = folder / f"{learner}.ipynb"
        path.write_bytes(content)
        took, marks[learner] = timed(lambda path=path: rivals.otter_run(folder, archive, path))
        seconds += took
    return seconds, marks


def compare(count: int) -> dict[str, float]:
    """Seconds for a submission of each grader.

    Raises:
        SystemExit: their marks differ.
    """
    handed_in = submissions(count)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        ours, marks = grade(folder / "coursekit", handed_in)
        theirs = {"nbgrader": nbgrader(folder / "nbgrader", handed_in), "otter": otter(folder / "otter", handed_in)}
    for name, (_, other) in theirs.items():
        if different := differences(marks, other):
            raise SystemExit(f"{name} gives other marks: {different}")
    return {"coursekit": ours / count} | {name: seconds / count for name, (seconds, _) in theirs.items()}


def differences(ours: Marks, theirs: Marks) -> list[str]:
    """The marks that differ, of questions that our grader gives all their points or none.

    The tests for Otter pass or fail as a whole. A training ends a little differently each time, so its question is
    left out.
    """
    most = {name: question.points for name, question in find_exercise(NAME).questions.items() if name != "training"}
    return [
        f"{learner}, {name}: {points:g} here, {theirs[learner][name]:g} there"
        for learner, questions in ours.items()
        for name, points in questions.items()
        if name in most and points in (0, most[name]) and points != theirs[learner][name]
    ]


def main() -> None:
    """Print the comparison as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=48, help="submissions to mark")
    print(json.dumps(compare(parser.parse_args().learners)))


if __name__ == "__main__":
    main()
