"""Parameters are read by papermill, and quick ones are among them: any other name would be set and change nothing."""

from __future__ import annotations

import ast

import nbformat
import papermill
import pytest

from coursekit import course

EACH_LESSON = pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)


@EACH_LESSON
def test_papermill_reads_each_parameter_without_a_word(lesson, caplog):
    cells = nbformat.read(lesson.notebook, as_version=4).cells
    (cell,) = [each for each in cells if "parameters" in each.metadata.get("tags", [])]
    targets = [target for node in ast.parse(cell.source).body for target in node.targets]
    names = {target.id for target in targets if isinstance(target, ast.Name)}  # papermill sets no pairs

    assert set(papermill.inspect_notebook(str(lesson.notebook))) == names
    assert caplog.messages == []  # such as "Unable to parse line 4", to whom runs the lesson


@EACH_LESSON
def test_each_quick_parameter_is_one_of_the_notebook(lesson):
    notebook = nbformat.read(lesson.notebook, as_version=4)
    (cell,) = [each for each in notebook.cells if "parameters" in each.metadata.get("tags", [])]
    names = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
    quick = notebook.metadata.coursekit.quick
    assert quick
    assert quick.keys() <= names
