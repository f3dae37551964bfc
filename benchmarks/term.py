"""A class that hands in several exercises, graded end to end: marks that are known beforehand, seconds and memory.

    python benchmarks/term.py [--learners 60] [--exercises 1 11 17]

Most learners hand in the course's own answers, some leave the last question out, some attack in one that no other
builds on. Each has to stand in one row, with the points that it has earned.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import soak  # noqa: E402

from coursekit import course  # noqa: E402
from coursekit.grading import find_exercise  # noqa: E402

# Of soak's; each costs its learner the question it stands in. What hoards memory would leave none for later answers.
ATTACKS = ("exits", "catches all", "floods", "kills")
SLOW = {"cell_seconds": 600, "seconds": 1800}  # as `coursekit grade` has them


def answers(lesson: course.Lesson) -> tuple[dict[str, Any], dict[int, list[str]]]:
    """The exercise, and the solution's answer for each cell that takes one."""
    exercise, solution = (json.loads(path.read_bytes()) for path in (lesson.exercise, lesson.solution))
    found = {
        place: [line for line in solution["cells"][place]["source"] if " SOLUTION" not in line]
        for place, cell in enumerate(exercise["cells"])
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }
    return exercise, found


def lone_answer(notebook: dict[str, Any], answered: dict[int, list[str]]) -> tuple[int, str]:
    """The first answer that defines functions which no other cell calls: its cell, and the question it answers."""
    sources = {
        place: "".join(cell["source"]) for place, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code"
    }
    sources |= {place: "".join(source) for place, source in answered.items()}
    used = {
        place: {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        for place, source in sources.items()
    }
    for place in sorted(answered):
        body = ast.parse(sources[place]).body
        defined = {each.name for each in body if isinstance(each, ast.FunctionDef)}
        if len(defined) == len(body) and not any(defined & names for other, names in used.items() if other != place):
            checks = (re.search(r"check\([\"'](\w+)", sources[later]) for later in sorted(sources) if later > place)
            return place, next(found[1] for found in checks if found)
    raise ValueError("Each answer is used by another.")


def write_class(folder: Path, lesson: course.Lesson, learners: int) -> dict[str, float]:
    """Write the submissions; return the points that each learner has earned."""
    exercise, answered = answers(lesson)
    questions = find_exercise(lesson.name).questions
    total, earned = sum(each.points for each in questions.values()), {}
    attacked, lost = lone_answer(exercise, answered)
    for number in range(learners):
        learner, notebook = f"learner{number:03}", copy.deepcopy(exercise)
        for place, source in answered.items():
            notebook["cells"][place]["source"] = [*source, f"\n# {learner}"]
        earned[learner] = total
        if number % 10 == 9:
            attack = soak.ATTACKS[ATTACKS[number // 10 % len(ATTACKS)]]
            notebook["cells"][attacked]["source"] = attack.splitlines(keepends=True)
            earned[learner] -= questions[lost].points
        elif number % 5 == 4:
            notebook["cells"][max(answered)]["source"] = exercise["cells"][max(answered)]["source"]
            earned[learner] -= list(questions.values())[-1].points
        (folder / f"{learner}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return earned


def complaints(rows: list[soak.Row], earned: dict[str, float]) -> list[str]:
    """What is wrong with the marks."""
    found = {row["learner"]: row["points"] for row in rows}
    told = [f"{len(rows)} rows for {len(earned)} learners"] if len(rows) != len(earned) else []
    return told + [
        f"{learner}: {found.get(learner)!r} points and not {points:g}"
        for learner, points in earned.items()
        if found.get(learner) != f"{points:g}"
    ]


def main() -> int:
    """Print the figures, and return the number of complaints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=60, help="submissions to each exercise")
    parser.add_argument("--exercises", nargs="+", default=["1", "11", "17"], help="numbers of exercises")
    parser.add_argument("--jobs", type=int, help="submissions at a time")
    options, told = parser.parse_args(), []
    for lesson in map(course.find, options.exercises):
        with tempfile.TemporaryDirectory() as scratch:
            folder, out = Path(scratch, "in"), Path(scratch, "out")
            folder.mkdir()
            earned = write_class(folder, lesson, options.learners)
            seconds, peak, code, left = soak.run(folder, out, options.jobs, lesson.name, **SLOW)
            wrong = complaints(soak.read_rows(out), earned) + [f"{process} is left" for process in left]
        wrong += [f"exit code {code}"] if code else []
        print(f"{lesson.name}: {len(earned)} submissions in {seconds:.0f} s, at most {peak.bytes / 1e6:.0f} MB")
        print(*wrong, sep="\n", end="\n" * bool(wrong))
        told += wrong
    print(f"Not as it should be: {len(told)}." if told else "All marks are as they should be.")
    return len(told)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
