"""Quick parameters are parameters: a name that the notebook does not have would be set and change nothing."""

from __future__ import annotations

import ast

import nbformat
import pytest

from coursekit import course


@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_each_quick_parameter_is_one_of_the_notebook(lesson):
    notebook = nbformat.read(lesson.notebook, as_version=4)
    (cell,) = [each for each in notebook.cells if "parameters" in each.metadata.get("tags", [])]
    names = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
    quick = notebook.metadata.coursekit.quick
    assert quick
    assert quick.keys() <= names
