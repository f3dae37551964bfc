"""Notebook files: what can be used is read, what cannot gets a sentence that says why."""

from __future__ import annotations

import contextlib
import json
import os

import grading_demo as demo
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from coursekit.grading import notebook_file as reading
from coursekit.grading.notebook_file import Cell, UnusableNotebook, read_notebook


def test_a_notebook_is_read(tmp_path):
    path = demo.write_notebook(tmp_path / "a.ipynb", "x = 1", 'check("softmax")', "", " check.all( ) ")
    content = json.loads(path.read_text())
    content["cells"][0]["source"] = ["x = 1\n", "y = 2"]
    content["cells"].append({"cell_type": "markdown", "source": 'check("count")'})
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(content).encode())
    notebook = read_notebook(path)
    assert [cell.source for cell in notebook.work] == ["x = 1\ny = 2"]
    assert [cell.checks_question for cell in notebook.cells] == [None, "softmax", None, None, None]
    assert [cell.is_check for cell in notebook.cells] == [False, True, False, True, False]


@pytest.mark.parametrize("source", ["check('a')", ' check( "a" ) ;\n'])
def test_check_cells_are_recognised(source):
    assert Cell(1, "code", source, {}).checks_question == "a"


@pytest.mark.parametrize("source", ["x = check(1)", "check(1)\nx = 1", "check(name)", "recheck('a')", "# check('a')"])
def test_other_cells_are_work(source):
    assert not Cell(1, "code", source, {}).is_check


def test_nbgraders_test_cells_are_checks_and_its_answer_cells_are_not():
    assert Cell(1, "code", "assert x", {"nbgrader": {"grade": True, "solution": False}}).is_check
    assert not Cell(1, "code", "x = 1", {"nbgrader": {"grade": True, "solution": True}}).is_check
    assert not Cell(1, "code", "x = 1", {"nbgrader": "odd"}).is_check


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"print(1)", "is not JSON"),
        (b'{"cells": [', "is not JSON"),
        ("{}".encode("utf-16"), "UTF-16"),
        (b'{"metadata": {"a": "\xe9"}}', "not encoded as UTF-8"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", "no cells"),
        (b"{}", "no cells"),
        (b'{"worksheets": [], "nbformat": 3}', "format 3"),
        (b'{"cells": [], "nbformat": "4"}', "format '4'"),
        (b'{"cells": {}, "nbformat": 4}', "wrong form"),
        (b'{"cells": [], "metadata": [], "nbformat": 4}', "wrong form"),
        (b'{"worksheets": [], "nbformat": 4}', "cells or its metadata have the wrong form"),
        (b'{"cells": [3], "nbformat": 4}', "cell 1 has no type"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}], "nbformat": 4}', "cell 1 has the wrong form"),
        (b'{"cells": [{"cell_type": "code", "metadata": 1}], "nbformat": 4}', "cell 1 has the wrong form"),
    ],
)
def test_unusable_content_is_named(raw, words, tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_bytes(raw)
    with pytest.raises(UnusableNotebook, match=words) as caught:
        read_notebook(path)
    assert str(path) in str(caught.value)


def test_unusable_files_are_named(tmp_path, monkeypatch):
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "dangling.ipynb").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "fifo.ipynb")
    monkeypatch.setattr(reading, "NOTEBOOK_BYTES", 2**20)
    (tmp_path / "huge.ipynb").write_bytes(b" " * (2**20 + 1))
    expected = {
        "folder.ipynb": "is a folder",
        "dangling.ipynb": "There is no file",
        "none.ipynb": "There is no file",
        "fifo.ipynb": "not a regular file",
        "huge.ipynb": "at most 1 MB",
        "a" * 300: "cannot be read",
        "nul\0.ipynb": "cannot be read",
    }
    for name, words in expected.items():
        with pytest.raises(UnusableNotebook, match=words):
            read_notebook(tmp_path / name)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
cell_like = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown"]) | json_values},
    optional={"source": st.text() | st.lists(st.text(), max_size=3) | json_values, "metadata": json_values},
)
notebook_like = st.fixed_dictionaries(
    {"cells": st.lists(cell_like | json_values, max_size=4) | json_values, "nbformat": st.just(4) | json_values},
    optional={"metadata": st.fixed_dictionaries({"coursekit": json_values}) | json_values},
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notebook_like | json_values)
def test_arbitrary_json_is_read_or_refused(tmp_path, content):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    with contextlib.suppress(UnusableNotebook):
        notebook = read_notebook(path)
        assert all(cell.kind == "code" for cell in notebook.work)
        assert notebook.exercise_name()


def test_the_exercise_is_found_by_metadata_then_by_the_call_then_by_the_file_name(tmp_path, demo_lesson):
    call = 'check = open_exercise("99_demo")'
    marked = {"coursekit": {"exercise": "01_mnist_dense"}}
    assert (
        read_notebook(demo.write_notebook(tmp_path / "a.ipynb", call, metadata=marked)).exercise_name()
        == "01_mnist_dense"
    )
    odd = {"coursekit": {"exercise": ["?"]}}
    assert read_notebook(demo.write_notebook(tmp_path / "a.ipynb", call, metadata=odd)).exercise_name() == "99_demo"
    assert read_notebook(demo.write_notebook(tmp_path / "99_demo.ipynb", "x = 1")).exercise_name() == "99_demo"
    with pytest.raises(UnusableNotebook, match="does not say which exercise"):
        read_notebook(demo.write_notebook(tmp_path / "a.ipynb", "x = 1")).exercise_name()
