"""Notebook files: what can be used is read, what cannot gets a sentence that says why."""

from __future__ import annotations

import contextlib
import json
import os
import tracemalloc
from pathlib import Path

import grading_demo as demo
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from coursekit.grading import notebook_file as reading
from coursekit.grading.notebook_file import Cell, UnusableNotebook, parse_notebook, read_notebook
from coursekit.worker.bounds import MB


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


def test_many_names_of_exercises_cost_little_and_none_breaks_off(tmp_path, demo_lesson, costs_at_most):
    names = [f"open_exercise({'x' * (n % 900)!r})" for n in range(1, 2000)] + [f"open_exercise({'9' * 5000!r})"]
    notebook = read_notebook(demo.write_notebook(tmp_path / "a.ipynb", *names, "open_exercise('99_demo')"))
    with costs_at_most(4):
        assert notebook.exercise_name() == "99_demo"


def notebook_of(cells: bytes) -> bytes:
    return b'{"cells": [' + cells + b'], "metadata": {}, "nbformat": 4}'


CELL = b'{"cell_type": "code", "source": "x = 1"}'
HOSTILE = {
    "objects": (notebook_of(b"{}," * 16_000_000 + b"{}"), "more than 1,500,000 numbers"),
    "cells": (notebook_of(b",".join([CELL] * 200_000)), "has 200,000 cells; at most 5,000"),
    "lines": (notebook_of(b'{"cell_type": "code", "source": [' + b'"",' * 9_000_000 + b'""]}'), "more than 1,500,000"),
    "code": (notebook_of(CELL.replace(b"x", b"x" * 45_000_000)), "45,000,004 characters of code; at most 2,000,000"),
    "quotes": (notebook_of(b'"' * 49_000_000), "cannot be read"),
    "backslashes": (notebook_of(b'"' + rb"\"" * 24_000_000), "cannot be read"),
    "numbers and NaN": (notebook_of(CELL + b', {"cell_type": "raw", "outputs": [' + b"NaN," * 12_000_000), "more than"),
    "metadata": (notebook_of(CELL)[:-1] + b', "metadata": {"a": [' + b"[]," * 9_000_000 + b"[]]}}", "more than"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_costs_little_time_and_memory(case, costs_at_most):
    raw, words = HOSTILE[case]
    tracemalloc.start()
    with costs_at_most(10), pytest.raises(UnusableNotebook, match=words):
        parse_notebook(Path("a.ipynb"), raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * MB


def test_what_outputs_hold_is_not_counted_by_its_signs():
    text = json.dumps({"a": '{[,"{' * 1_000_000}).encode()
    cell = b'{"cell_type": "code", "source": "", "outputs": [' + text + b"]}"
    assert len(parse_notebook(Path("a.ipynb"), notebook_of(cell)).cells) == 1


@pytest.mark.parametrize("odd", [b"NaN", b'"\\ud800"', b"-Infinity"])
def test_what_only_python_reads_is_read_where_it_is_small(odd, monkeypatch):
    raw = notebook_of(CELL[:-1] + b', "outputs": [' + odd + b"]}")
    assert len(parse_notebook(Path("a.ipynb"), raw).cells) == 1
    monkeypatch.setattr(reading, "ODD_JSON_BYTES", 10)
    with pytest.raises(UnusableNotebook, match=r"cannot be read as a notebook \(.*clear its outputs"):
        parse_notebook(Path("a.ipynb"), raw)


@pytest.mark.parametrize("call", ["check(%r)", "check.all()", "check('a')%s;"])
def test_a_check_cell_may_stand_among_any_spaces(call, costs_at_most):
    """A megabyte of them, of which 300 kB once took 13 minutes."""
    spaces = " \n" * 500_000
    source = call % "a" if "%r" in call else call % spaces if "%s" in call else call
    with costs_at_most(8):
        assert Cell(1, "code", spaces + source + spaces, {}).is_check
        assert not Cell(1, "code", spaces + source + spaces + "x", {}).is_check
