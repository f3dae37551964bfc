"""The released exercises carry nbgrader's cell metadata as its schema, version 3, asks for: nbgraderformat/v3.json."""

from __future__ import annotations

import json

import jsonschema
import pytest

from coursekit import course
from coursekit.grading import find_exercise

SCHEMA = {
    "type": "object",
    "properties": {
        "schema_version": {"const": 3},
        "grade": {"type": "boolean"},
        "locked": {"type": "boolean"},
        "solution": {"type": "boolean"},
        "task": {"type": "boolean"},
        "grade_id": {"type": "string", "pattern": r"^[a-zA-Z0-9_\-]+$"},
        "points": {"type": "number", "minimum": 0},
    },
    "required": ["schema_version", "grade", "locked", "solution", "grade_id"],
    "additionalProperties": False,
    "if": {"properties": {"grade": {"const": True}}},
    "then": {"required": ["points"]},
    "else": {"not": {"required": ["points"]}},
}


@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_cells_fit_the_schema_and_points_are_those_of_the_questions(lesson):
    cells = json.loads(lesson.exercise.read_bytes())["cells"]
    marks = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
    for mark in marks:
        jsonschema.validate(mark, SCHEMA)
    names = [mark["grade_id"] for mark in marks]
    assert len(names) == len(set(names))
    points = {mark["grade_id"]: mark["points"] for mark in marks if mark["grade"]}
    assert points == {name: question.points for name, question in find_exercise(lesson.name).questions.items()}
    assert not any(mark["grade"] and mark["solution"] for mark in marks)
