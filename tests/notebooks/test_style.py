"""Every notebook of the course keeps the style; a lesson of the table whose files are missing fails."""

from __future__ import annotations

import nbformat
import notebook_style as style
import pytest
from full_only import count

from coursekit import course

RULED = [
    pytest.param(path, rule, id=f"{path.parent.name}/{path.stem}-{rule.__name__}")
    for lesson in course.LESSONS
    for path, rules in (
        (lesson.notebook, style.LESSON),
        (lesson.solution, style.SOLUTION),
        (lesson.exercise, style.EXERCISE),
    )
    for rule in rules
]
LONG_LINES = {
    "01_mnist_dense": 0,
    "02_imdb_dense": 0,
    "03_regularization": 156,
    "04_cnn": 0,
    "05_rnn_lstm": 63,
    "06_transfer_learning": 0,
    "07_autoencoders": 1,
    "08_vae": 0,
    "09_bayesian_nn": 0,
}
"""How many lines of code of a lesson are still too long. A lesson whose lines are broken gets a smaller number here."""
STORED = [path for lesson in course.LESSONS for path in (lesson.notebook, lesson.solution, lesson.exercise)]


@pytest.mark.parametrize(("path", "rule"), RULED)
def test_style(path, rule):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)

    assert list(rule(notebook)) == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_size(path):
    assert style.too_large(path) == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_lines_of_code_are_short(path):
    found = style.long_lines(nbformat.read(path, as_version=4))
    allowed = LONG_LINES.get(path.stem, 0) if path.parent.name == "notebooks" else 0

    assert len(found) == allowed, "\n".join([f"{len(found)} lines over {style.LONGEST_LINE} characters:", *found])


def test_every_stored_notebook_is_in_the_table():
    found = {path for folder in ("notebooks", "solutions", "exercises") for path in course.root().glob(f"{folder}/*")}

    assert {path for path in found if path.suffix == ".ipynb"} == set(STORED)


def test_at_most_a_quarter_of_the_assertions_hold_in_the_full_run_only():
    notebooks = {lesson.notebook.stem: nbformat.read(lesson.notebook, as_version=4) for lesson in course.LESSONS}
    counts = {name: count(style.code_cells(notebook)) for name, notebook in notebooks.items()}
    total, full_only = map(sum, zip(*counts.values()))
    rows = {**counts, "all lessons": (total, full_only)}.items()
    table = [f"{name:20} {full:3} of {all_:3} in full only, {full / all_:4.0%}" for name, (all_, full) in rows]

    assert full_only <= total / 4, "\n".join(["too many assertions hold in the full run only:", *table])
