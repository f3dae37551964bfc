"""Stored outputs are those of today's code: each notebook's record fits, and the guard that says so sees changes."""

from __future__ import annotations

import copy
import re
import sys
import warnings
from pathlib import Path

import nbformat
import pytest
from packaging.markers import Marker

from coursekit import course
from coursekit.regenerate import records

REFERENCE = (3, 11)  # the Python whose syntax trees and pins the records are taken with
CURE = "coursekit run --stale --update"
STORED = [path for lesson in course.LESSONS for path in (lesson.notebook, lesson.solution)]
EACH_NOTEBOOK = pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}/{path.stem}")

pytestmark = pytest.mark.skipif(sys.version_info[:2] != REFERENCE, reason="records are taken with the reference Python")


def locked() -> dict[str, str]:
    """The versions of the libraries that compute, as locked for the reference Python."""
    text = (course.root() / "requirements.lock").read_text()
    found = {}
    for name, version, marker in re.findall(r"^([\w.-]+)==([^\s;\\]+)(?: ; ([^\\\n]+?))? \\$", text, re.MULTILINE):
        environment = {"python_full_version": "3.11.0", "python_version": "3.11", "sys_platform": "linux"}
        if name in records.LIBRARIES and (not marker or Marker(marker).evaluate(environment)):
            found[name] = version
    return found


@EACH_NOTEBOOK
def test_stored_outputs_are_of_todays_code(path):
    why = records.stale(nbformat.read(path, as_version=4), records.check_page(path))
    assert not why, f"{path.name}: {why}. Run: {CURE}"


@pytest.mark.filterwarnings("default")
@EACH_NOTEBOOK
def test_libraries_that_moved_are_told(path):
    record = records.record_of(nbformat.read(path, as_version=4))
    assert record, f"{path.name} has no record. Run: {CURE}"
    now = locked()
    assert now.keys() == set(records.LIBRARIES)
    other = [f"{name} {ran}, now {now[name]}" for name, ran in record.libraries.items() if ran != now[name]]
    if other:
        warnings.warn(f"{path.name} ran with {', '.join(other)}; the weekly job runs it anew.", stacklevel=1)


@pytest.fixture
def notebook():
    """A lesson that computes with data, layers and results of the package; its record fits."""
    read = nbformat.read(course.find("09").notebook, as_version=4)
    assert records.stale(read) == ""
    return read


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A copy of the package that a test may change."""
    import shutil

    folder = tmp_path / "coursekit"
    shutil.copytree(records.PACKAGE, folder, ignore=shutil.ignore_patterns("embedded", "__pycache__"))
    monkeypatch.setattr(records, "PACKAGE", folder)
    forget(records)
    yield folder
    monkeypatch.undo()
    forget(records)


def forget(module) -> None:
    for name in ("_tree", "_offers"):
        getattr(module, name).cache_clear()


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def code_cell(notebook, number: int = 0):
    return [cell for cell in notebook.cells if cell.cell_type == "code"][number]


@pytest.mark.parametrize("change", ["{}\n1 + 1", "{};  # a comment", "'shown'\n{}"])
def test_a_changed_cell_is_seen(notebook, change):
    code_cell(notebook).source = change.format(code_cell(notebook).source)
    assert "code has changed" in records.stale(notebook)


def test_a_comment_and_a_docstring_in_a_cell_are_no_change(notebook):
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code" and '    """' in cell.source)
    cell.source = "# Once more\n" + cell.source.replace('    """', '    """Once more: ') + "  # and more;"
    assert records.stale(notebook) == ""


def test_quick_parameters_do_not_date_the_outputs_of_a_full_run(notebook):
    notebook.metadata["coursekit"]["quick"]["EPOCHS"] = 7
    assert records.stale(notebook) == ""


def test_an_output_that_was_edited_by_hand_is_seen(notebook):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output]
    outputs[0]["text"] += "0.999"
    assert "by hand" in records.stale(notebook)


def test_a_changed_layer_is_seen(notebook, package):
    change(package / "nn" / "gaussian.py", "return ", "return 1.0 * ")
    assert "computes with" in records.stale(notebook)


def test_changed_data_are_seen(notebook, monkeypatch):
    name = next(iter(records.record_of(notebook).data))
    monkeypatch.setitem(records._registered(), name, "sha256:00")
    assert name in records.stale(notebook)


def test_a_changed_check_page_is_seen_by_its_solution_only(notebook, package):
    solution = course.find("09").solution
    read = nbformat.read(solution, as_version=4)
    assert records.stale(read, records.check_page(solution)) == ""
    change(package / "checks" / "bayesian_nn.py", "points=2", "points=3")
    forget(records)
    assert "computes with" in records.stale(read, records.check_page(solution))
    assert records.stale(notebook) == ""


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("nn/gaussian.py", '"""', '"""Once more: '),
        ("plotting/history.py", "from __future__", "UNUSED = 1\nfrom __future__"),
        ("claims/comparing.py", "from __future__", "UNUSED = 1\nfrom __future__"),
        ("data/downloads.py", "RETRIES = ", "RETRIES = 1 + "),
    ],
)
def test_a_docstring_a_plot_a_claim_and_how_data_get_here_are_not_what_computes(notebook, package, file, before, after):
    change(package / file, before, after)
    assert records.stale(notebook) == ""


def test_a_changed_sentence_is_no_change(notebook):
    next(cell for cell in notebook.cells if cell.cell_type == "markdown").source += " One more sentence."
    assert records.stale(notebook) == ""


def test_a_notebook_without_a_record_is_stale(notebook):
    without = copy.deepcopy(notebook)
    del without.metadata["coursekit"]["record"]
    assert records.stale(without) == "it has no record"
    without.metadata["coursekit"]["record"] = {"code": 3}
    assert records.stale(without) == "it has no record"
