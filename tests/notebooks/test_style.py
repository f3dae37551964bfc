"""Every notebook of the course keeps the style; a lesson of the table whose files are missing fails."""

from __future__ import annotations

import nbformat
import notebook_style as style
import pytest

from coursekit import course

RULED = [
    pytest.param(path, rule, id=f"{path.parent.name}/{path.stem}-{rule.__name__}")
    for lesson in course.LESSONS
    for path, rules in (
        (lesson.notebook, style.LESSON),
        (lesson.solution, style.EXECUTED),
        (lesson.exercise, style.EXERCISE),
    )
    for rule in rules
]
STORED = [path for lesson in course.LESSONS for path in (lesson.notebook, lesson.solution, lesson.exercise)]


@pytest.mark.parametrize(("path", "rule"), RULED)
def test_style(path, rule):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)

    assert list(rule(notebook)) == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_size(path):
    assert style.too_large(path) == []


def test_every_stored_notebook_is_in_the_table():
    found = {path for folder in ("notebooks", "solutions", "exercises") for path in course.root().glob(f"{folder}/*")}

    assert {path for path in found if path.suffix == ".ipynb"} == set(STORED)
