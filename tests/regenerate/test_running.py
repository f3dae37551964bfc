"""Executing notebooks: what counts as a failure, what is kept, what is stored, what is left when it is stopped."""

from __future__ import annotations

import base64
import contextlib
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future

import nbformat
import notebook_runs
import numpy as np
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from coursekit import files, regenerate
from coursekit.executors import Halted, LocalExecutor
from coursekit.regenerate import records
from coursekit.regenerate.executing import execute
from coursekit.regenerate.notebooks import KERNELSPEC, with_outputs

PARAMETERS = "EPOCHS = 3  # passes over the data\nRATE = 0.1\nNAME = 'adam'"
REPORTS = """from coursekit.results import results_table
results_table([('loss', None, 2), ('accuracy', 0.98, EPOCHS / 4)])"""
pytestmark = pytest.mark.slow


@pytest.fixture
def run(plan, tmp_path):
    """Plans and runs one notebook."""

    def run_one(path, **options):
        return notebook_runs.run(plan(path, **options), archive=regenerate.RunArchive(tmp_path / "build"))[0]

    return run_one


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(notebook, run, tmp_path, monkeypatch):
    ran = tmp_path / "ran"

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(files, "_replace", refuse)
    with pytest.raises(files.CannotWrite, match="Read-only file system"):
        run(notebook(f"import pathlib\npathlib.Path({str(ran)!r}).touch()"))
    assert not ran.exists()


def test_parameters_reach_the_notebook_and_figures_come_back(notebook, run, tmp_path):
    path = notebook(PARAMETERS, REPORTS, "import sys, os\nprint(sys.executable, RATE, NAME, os.getcwd())")

    outcome = run(path, parameters={"EPOCHS": "2", "RATE": "1", "NAME": "sgd"})

    assert outcome.passed
    assert list(outcome.figures.items()) == [("loss", 2.0), ("accuracy", 0.5)], "as the lesson's table has them"
    assert outcome.job.target == tmp_path / "build" / "notebooks" / "lesson.ipynb"
    printed = nbformat.read(outcome.job.target, as_version=4).cells[-1].outputs[0].text.split()
    assert printed == [sys.executable, "1", "sgd", str(path.parent)]
    assert 0.2 < outcome.seconds < 600
    assert 20e6 < outcome.memory < 2e9


def test_the_memory_of_a_notebook_that_ends_at_once_is_known(notebook, run, monkeypatch):
    monkeypatch.setattr("coursekit.executors.watching.INTERVAL", 60)

    assert 20e6 < run(notebook("1 + 1")).memory < 2e9


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a system tells no shares")
def test_memory_that_forks_share_counts_once(notebook, run):
    forks = "import os, time\nhoard = bytearray(b'x' * 300_000_000)\nfor _ in range(3):\n"
    forks += "    if os.fork() == 0:\n        time.sleep(3)\n        os._exit(0)\ntime.sleep(2)"

    assert 300e6 < run(notebook(forks)).memory < 700e6


def test_memory_counts_what_the_kernel_starts(notebook, run):
    hog = "import subprocess, sys\ncode = 'import time; x = bytearray(300_000_000); time.sleep(2)'"

    outcome = run(notebook(hog, "subprocess.run([sys.executable, '-c', code])"))

    assert outcome.memory > 300e6


def test_an_executed_copy_is_the_same_each_time(notebook, plan):
    (job,) = plan(notebook(PARAMETERS, "print(EPOCHS)", "1 / 0"), parameters={"EPOCHS": "2"})

    first, second = (notebook_runs.run([job])[0].notebook for _ in range(2))

    assert first == second
    copied = nbformat.reads(first.decode(), as_version=4)
    nbformat.validate(copied)
    assert copied.metadata.papermill == {"parameters": {"EPOCHS": 2}}


def test_a_kernel_that_is_installed_elsewhere_does_not_take_over(notebook, run, tmp_path, monkeypatch):
    specification = {"argv": ["/nowhere/python"], "display_name": "other", "language": "python"}
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(json.dumps(specification))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    assert run(notebook("x = 1")).passed


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(0)", "SystemExit: 0"),
        ("%no_such_magic\nx = 1", "UsageError: Line magic function `%no_such_magic` not found."),
        ("exit()", "It calls exit or quit, which ends the kernel."),
        ("import os\nos._exit(0)", "Kernel died"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "Kernel died"),
    ],
)
def test_a_cell_that_did_not_end_is_a_failure_and_the_copy_is_kept(notebook, run, source, told, capsys):
    outcome = run(notebook("print('seen')", source, "x = 2"))
    regenerate.report([outcome])

    assert not outcome.passed
    first_line = source.splitlines()[0]
    assert outcome.failure.startswith(f"code cell 2 of 3 did not run to its end: {first_line}")
    shown = capsys.readouterr()
    assert told in shown.err
    assert "notebooks/lesson FAILED" in shown.out
    kept = nbformat.read(outcome.job.target, as_version=4)
    assert "seen" in json.dumps(kept)


def test_a_kernel_that_died_names_the_page_that_helps(notebook, run):
    assert run(notebook("import os\nos._exit(0)")).failure.endswith("What helps: docs/when_it_fails.md.")


def test_a_kernel_that_does_not_start_in_time_is_a_failure_in_words(notebook, run, tmp_path, monkeypatch):
    startup = tmp_path / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "slow.py").write_text("import time\ntime.sleep(60)")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setattr("coursekit.regenerate.kernels.START_SECONDS", 1)

    failure = run(notebook("x = 1")).failure

    assert "Kernel didn't respond in 1 seconds" in failure
    assert failure.endswith("What helps: docs/when_it_fails.md.")


@pytest.mark.parametrize("source", ["quit()", "if x:\n    exit()\nx = 2"])
def test_a_last_cell_that_ends_the_kernel_did_not_run_to_its_end(notebook, run, source):
    assert run(notebook("x = 1", source)).failure.endswith("which ends the kernel.")


def test_an_exit_that_keeps_the_kernel_ends_no_cell(notebook, run):
    assert run(notebook("exit(keep_kernel=True)\nx = 1", "assert x == 1")).passed


def test_a_tag_makes_no_failure_pass(notebook, run):
    path = notebook("x = 1", "1 / 0")
    tagged = nbformat.read(path, as_version=4)
    tagged.cells[2].metadata.tags = ["skip-execution"]
    nbformat.write(tagged, path)

    assert run(path).failure.startswith("code cell 2 of 2 did not run to its end: 1 / 0")


def test_several_at_a_time_give_the_outcomes_in_order(notebook, plan, tmp_path):
    wait = "import time, pathlib\npathlib.Path('{0}').touch()\nwhile not pathlib.Path('{1}').exists(): time.sleep(0.1)"
    paths = [notebook(wait.format(*names), name=f"n{names[0]}") for names in ("ab", "ba")]

    with LocalExecutor(2) as executor:
        outcomes = notebook_runs.run(plan(*paths), executor)

    assert [outcome.job.source.stem for outcome in outcomes] == ["na", "nb"]
    assert all(outcome.passed for outcome in outcomes)


def test_resume_runs_what_is_missing_failed_or_changed(notebook, plan, tmp_path):
    count = "import pathlib\npathlib.Path('{0}.txt').open('a').write('x')\n{1}"
    codes = {"good": "", "bad": "1 / 0", "new": ""}
    paths = [notebook(count.format(name, code), name=name) for name, code in codes.items()]
    first = notebook_runs.run(plan(*paths[:2]), archive=regenerate.RunArchive(tmp_path / "build"))

    second = notebook_runs.run(plan(*paths), archive=regenerate.RunArchive(tmp_path / "build"), resume=True)

    assert [outcome.kept for outcome in second] == [True, False, False]
    assert (second[0].notebook, second[0].figures) == (first[0].notebook, first[0].figures)
    assert [len((tmp_path / "notebooks" / f"{name}.txt").read_text()) for name in ("good", "bad", "new")] == [1, 2, 1]


def test_update_changes_outputs_and_nothing_else(notebook, run):
    path = notebook(PARAMETERS, "EPOCHS + 1", coursekit={"quick": {"EPOCHS": 1}})
    before = nbformat.read(path, as_version=4)

    regenerate.update([run(path)])

    after = nbformat.read(path, as_version=4)
    nbformat.validate(after)
    assert [cell.get("execution_count") for cell in after.cells] == [None, 1, 2]
    assert after.cells[2].outputs[0].data["text/plain"] == "4"
    assert [(cell.id, cell.source, cell.metadata) for cell in after.cells] == [
        (cell.id, cell.source, cell.metadata) for cell in before.cells
    ]
    assert after.metadata.coursekit.quick == before.metadata.coursekit.quick
    assert (records.stale(after), records.stale(before)) == ("", "it has no record")
    assert after.metadata.kernelspec == KERNELSPEC
    assert "version" not in after.metadata.language_info
    assert "papermill" not in path.read_text()
    first = path.read_bytes()
    regenerate.update([run(path)])
    assert path.read_bytes() == first, "a second run makes a difference"


def test_a_halted_run_ends_its_kernel_and_what_that_started(notebook, plan, tmp_path):
    sleep = "import subprocess, sys, os, time\n"
    sleep += "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    tell = f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}} end')\ntime.sleep(60)"
    (job,) = plan(notebook(sleep, tell))
    halt = threading.Event()

    class Stopping:
        halted = staticmethod(halt.is_set)
        report = staticmethod(lambda done, total: None)

    threading.Thread(target=lambda: (wait_for(tmp_path / "pids", "end"), halt.set())).start()
    with pytest.raises(Halted):
        execute(job.work(), Stopping)

    for process in (tmp_path / "pids").read_text().split()[:2]:
        assert_gone(int(process))


def test_ctrl_c_in_somebody_elses_callback_is_not_lost(notebook, plan):
    class Swallowing:
        slots, ahead, here = 1, 0, True
        running = Future()

        def submit(self, function, work, on_report):
            with contextlib.suppress(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
            return self.running

        def stop(self):
            if not self.running.done():
                self.running.set_exception(Halted())

    with pytest.raises(KeyboardInterrupt):
        notebook_runs.run(plan(notebook("x = 1")), Swallowing())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_does_not_keep_a_finished_copy_from_its_archive(notebook, plan, tmp_path):
    class Interrupted(regenerate.RunArchive):
        def keep(self, outcome):
            os.kill(os.getpid(), signal.SIGINT)
            super().keep(outcome)

    with pytest.raises(KeyboardInterrupt):
        notebook_runs.run(plan(notebook("x = 1")), archive=Interrupted(tmp_path / "build"))
    assert len(regenerate.RunArchive(tmp_path / "build").entries) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_kernels_and_leaves_what_is_finished(notebook, tmp_path, number):
    wait = f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(f'{{os.getpid()}} end')\ntime.sleep(60)"
    names = [str(notebook("x = 1", name="a")), str(notebook(wait, name="b"))]
    command = [sys.executable, "-m", "coursekit", "run", *names, "--out", str(tmp_path / "build")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_for(tmp_path / "pid", "end")
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert errors.rstrip().endswith("Interrupted."), errors
    assert not re.search("Traceback|Kernel died", errors), errors
    assert_gone(int((tmp_path / "pid").read_text().split()[0]))
    kept = json.loads((tmp_path / "build" / "summary.json").read_text())["notebooks"]
    assert [entry["title"] for entry in kept] == ["notebooks/a"]
    assert sorted(path.name for path in (tmp_path / "build" / "notebooks").iterdir()) == ["a.ipynb"]


def wait_for(path, end):
    deadline = time.monotonic() + 60
    while not path.exists() or not path.read_text().endswith(end):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def assert_gone(process):
    deadline = time.monotonic() + 10
    while psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"process {process} is still there"
        time.sleep(0.1)


def picture(pixels: np.ndarray, level: int) -> str:
    """A grey PNG in base64; another level of compression gives other bytes for the same pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=level)
    return base64.b64encode(file.getvalue()).decode()


def test_a_figure_that_shows_the_same_keeps_its_stored_bytes():
    square = np.arange(64, dtype=np.uint8).reshape(8, 8)
    stored, same, other = picture(square, 1), picture(square, 9), picture(square + 1, 9)

    def shown(png: str):
        data = {"image/png": png, "text/html": f'<img alt="a square" src="data:image/png;base64,{png}">'}
        return new_notebook(cells=[new_code_cell("show()", outputs=[new_output("display_data", data)])])

    assert stored != same
    for came, kept in ((same, stored), (other, other)):
        executed = shown(came)
        executed.metadata["language_info"] = {"name": "python"}
        data = with_outputs(shown(stored), executed).cells[0].outputs[0].data
        assert data["image/png"] == kept
        assert kept in data["text/html"]


def test_what_is_printed_slowly_is_stored_in_one_piece(notebook, run):
    told = "import sys, time\nfor seed in range(3):\n    print(seed, end=' ', flush=True)\n    time.sleep(0.3)\n"
    path = notebook(told + "print('a warning', file=sys.stderr, flush=True)\nprint('end')")
    regenerate.update([run(path, update=True)])

    outputs = json.loads(path.read_bytes())["cells"][-1]["outputs"]
    assert [(each["name"], "".join(each["text"])) for each in outputs] == [
        ("stdout", "0 1 2 "),
        ("stderr", "a warning\n"),
        ("stdout", "end\n"),
    ]


def test_numbers_are_stored_as_jupyterlab_writes_them(notebook, run):
    show = "from IPython.display import display\n"
    show += "display({'application/json': {'figures': [['steps', 159.0], ['rate', 0.5], ['most', 1e300]]}}, raw=True)"
    path = notebook(show)
    regenerate.update([run(path, update=True)])

    stored = json.loads(path.read_bytes())["cells"][-1]["outputs"][0]["data"]["application/json"]
    assert repr(stored) == "{'figures': [['steps', 159], ['rate', 0.5], ['most', 1e+300]]}"
    assert records.stale(nbformat.read(path, as_version=4)) == ""


def test_outputs_of_earlier_code_get_no_record(notebook, run, monkeypatch):
    path = notebook("1 + 1")
    execution = run(path, update=True)
    before = path.read_bytes()
    monkeypatch.setattr(records, "package_digest", lambda *given: "another")
    with pytest.raises(regenerate.CannotRun, match="coursekit has changed since"):
        regenerate.update([execution])
    assert path.read_bytes() == before


def test_magics_are_no_hindrance_to_a_record(notebook, run):
    path = notebook("files = !ls\nlen(files)", "%%bash\necho 3", "%time 1 + 1")
    regenerate.update([run(path, update=True)])
    assert records.stale(nbformat.read(path, as_version=4)) == ""
