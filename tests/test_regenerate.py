"""`coursekit run`: what is refused, what counts as a failure, what is kept and what is stored."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from coursekit import course, regenerate

PARAMETERS = "EPOCHS = 3  # passes over the data\nRATE = 0.1\nNAME = 'adam'"
REPORTS = "from coursekit.results import results_table\nresults_table([('accuracy', 0.98, EPOCHS / 4)])"


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook of the given code cells and returns its path."""

    def write(*sources, name="lesson", **metadata) -> Path:
        cells = [new_markdown_cell("# A lesson"), *(new_code_cell(source) for source in sources)]
        if sources[0].startswith("EPOCHS"):
            cells[1].metadata.tags = ["parameters"]
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
        return path

    return write


def run(path, out, **options):
    return regenerate.run(regenerate.plan([str(path)], out=out, **options))[0]


@pytest.mark.slow
def test_parameters_reach_the_notebook_and_figures_come_back(notebook, tmp_path):
    path = notebook(PARAMETERS, REPORTS, "import sys\nprint(sys.executable, RATE, NAME)")

    outcome = run(path, tmp_path / "build", parameters={"EPOCHS": "2", "RATE": "1", "NAME": "sgd"})

    assert outcome.passed
    assert outcome.figures == {"accuracy": 0.5}
    assert outcome.job.target == tmp_path / "build" / "notebooks" / "lesson.ipynb"
    printed = nbformat.read(outcome.job.target, as_version=4).cells[-1].outputs[0].text.split()
    assert printed == [sys.executable, "1", "sgd"]


@pytest.mark.slow
def test_a_kernel_that_is_installed_elsewhere_does_not_take_over(notebook, tmp_path, monkeypatch):
    specification = {"argv": ["/nowhere/python"], "display_name": "other", "language": "python"}
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(json.dumps(specification))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    assert run(notebook("x = 1"), tmp_path / "build").passed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(0)", "SystemExit: 0"),
        ("%no_such_magic\nx = 1", "UsageError: Line magic function `%no_such_magic` not found."),
        ("import os\nos._exit(0)", "Kernel died"),
    ],
)
def test_a_cell_that_did_not_end_is_a_failure_and_the_copy_is_kept(notebook, tmp_path, source, told, capsys):
    outcome = run(notebook("print('seen')", source, "x = 2"), tmp_path / "build")
    regenerate.report([outcome])

    assert not outcome.passed
    first_line = source.splitlines()[0]
    assert outcome.failure.startswith(f"code cell 2 of 3 did not run to its end: {first_line}")
    shown = capsys.readouterr()
    assert told in shown.err
    assert "notebooks/lesson FAILED" in shown.out
    kept = nbformat.read(outcome.job.target, as_version=4)
    assert "seen" in json.dumps(kept)


@pytest.mark.slow
def test_several_processes_give_the_outcomes_in_order(notebook, tmp_path):
    paths = [notebook("import time", f"time.sleep({wait})", name=f"n{wait}") for wait in (1, 0)]

    outcomes = regenerate.run(regenerate.plan(list(map(str, paths)), out=tmp_path / "build"), jobs_at_once=2)

    assert [outcome.job.source.stem for outcome in outcomes] == ["n1", "n0"]
    assert all(outcome.passed for outcome in outcomes)


@pytest.mark.slow
def test_update_changes_outputs_and_nothing_else(notebook, tmp_path):
    path = notebook(PARAMETERS, "EPOCHS + 1", coursekit={"quick": {"EPOCHS": 1}})
    before = nbformat.read(path, as_version=4)

    regenerate.update([run(path, tmp_path / "build")])

    after = nbformat.read(path, as_version=4)
    nbformat.validate(after)
    assert [cell.get("execution_count") for cell in after.cells] == [None, 1, 2]
    assert after.cells[2].outputs[0].data["text/plain"] == "4"
    assert [(cell.id, cell.source, cell.metadata) for cell in after.cells] == [
        (cell.id, cell.source, cell.metadata) for cell in before.cells
    ]
    assert after.metadata.coursekit == before.metadata.coursekit
    assert after.metadata.kernelspec == regenerate.KERNELSPEC
    assert "version" not in after.metadata.language_info
    assert "papermill" not in path.read_text()
    first = path.read_bytes()
    regenerate.update([run(path, tmp_path / "build")])
    assert path.read_bytes() == first, "a second run makes a difference"


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"EPOCH": "2"}, r"no parameter 'EPOCH'. It has: EPOCHS = 3, RATE = 0.1, NAME = 'adam'"),
        ({"EPOCHS": "many"}, r"EPOCHS is of type int \(3 by default\); 'many' is not"),
        ({"EPOCHS": "2.5"}, "EPOCHS is of type int"),
        ({"RATE": "True"}, "RATE is of type float"),
    ],
)
def test_a_wrong_parameter_is_refused(notebook, tmp_path, parameters, complaint):
    with pytest.raises(regenerate.CannotRun, match=complaint):
        regenerate.plan([str(notebook(PARAMETERS))], out=tmp_path / "build", parameters=parameters)


def test_a_notebook_without_parameters_says_so(notebook, tmp_path):
    with pytest.raises(regenerate.CannotRun, match="It has: none at all"):
        regenerate.plan([str(notebook("x = 1"))], out=tmp_path / "build", parameters={"EPOCHS": "2"})


def test_a_parameter_goes_to_the_notebooks_that_have_it(notebook, tmp_path):
    paths = [str(notebook(PARAMETERS)), str(notebook("x = 1", name="solution"))]

    jobs = regenerate.plan(paths, out=tmp_path / "build", parameters={"EPOCHS": "2"})

    assert [job.parameters for job in jobs] == [{"EPOCHS": 2}, {}]


def test_two_copies_never_share_a_place(notebook, tmp_path):
    path = notebook("x = 1")
    other = tmp_path / "other" / "notebooks" / path.name
    other.parent.mkdir(parents=True)
    other.write_bytes(path.read_bytes())

    with pytest.raises(regenerate.CannotRun, match="one by one"):
        regenerate.plan([str(path), str(other)], out=tmp_path / "build")


def test_quick_takes_the_notebooks_own_sizes_and_p_overrides_them(notebook, tmp_path):
    path = notebook(PARAMETERS, coursekit={"quick": {"EPOCHS": 1, "RATE": 0.5}})

    (job,) = regenerate.plan([str(path)], out=tmp_path / "build", quick=True, parameters={"EPOCHS": "2"})

    assert job.parameters == {"EPOCHS": 2, "RATE": 0.5}


def test_quick_needs_sizes_where_there_are_parameters(notebook, tmp_path):
    with pytest.raises(regenerate.CannotRun, match="has no quick sizes"):
        regenerate.plan([str(notebook(PARAMETERS))], out=tmp_path / "build", quick=True)
    (job,) = regenerate.plan([str(notebook("x = 1"))], out=tmp_path / "build", quick=True)
    assert job.parameters == {}


@pytest.mark.parametrize("options", [{"quick": True}, {"parameters": {"EPOCHS": "1"}}])
def test_only_a_full_run_can_be_stored(notebook, tmp_path, options):
    with pytest.raises(regenerate.CannotRun, match="full run"):
        regenerate.plan([str(notebook(PARAMETERS))], out=tmp_path / "build", update=True, **options)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"nbformat": 4}', "\x00"])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content):
    (tmp_path / "x.ipynb").write_text(content)

    with pytest.raises(regenerate.CannotRun, match="cannot be read as a notebook"):
        regenerate.plan([str(tmp_path / "x.ipynb")], out=tmp_path / "build")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(regenerate.CannotRun, match="is not there"):
        regenerate.plan([str(tmp_path / "none.ipynb")], out=tmp_path)


def test_an_executed_copy_never_replaces_its_source(notebook, tmp_path):
    with pytest.raises(regenerate.CannotRun, match="would overwrite"):
        regenerate.plan([str(notebook("x = 1"))], out=tmp_path)


def test_names_and_all_stand_for_lessons(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    monkeypatch.setattr(regenerate, "known_parameters", lambda path: {})

    jobs = regenerate.plan(["all", "1"], out=tmp_path, solutions=True)

    expected = [path for lesson in course.LESSONS for path in (lesson.notebook, lesson.solution)]
    assert [job.source for job in jobs] == expected
    assert len({job.target for job in jobs}) == len(jobs)


@pytest.mark.slow
def test_ctrl_c_ends_the_kernel_too(notebook, tmp_path):
    path = notebook(f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)")
    command = [sys.executable, "-m", "coursekit", "run", str(path), "--out", str(tmp_path / "build")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert errors.rstrip().endswith("Interrupted."), errors
    assert "Traceback" not in errors, errors
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
