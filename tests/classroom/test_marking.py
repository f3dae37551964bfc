"""The marker that runs notebooks, and the example submissions that the course ships."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import batch_demo
import demo_command
import grading_demo as demo
import make_submissions
import psutil
import pytest

from coursekit import course
from coursekit.classroom import pipeline
from coursekit.classroom.intake.sources import open_source
from coursekit.classroom.intake.submissions import HandedIn, find
from coursekit.classroom.marking.markers import MarkerHere
from coursekit.classroom.pipeline import Watch
from coursekit.classroom.report.grades import MARKED
from coursekit.classroom.settings import GradingSettings
from coursekit.executors import LocalExecutor
from coursekit.sandbox import WorkerPool


@contextmanager
def markers(jobs=1):
    before = psutil.Process().children()  # a browser of other tests may be one, and start what it likes below
    with WorkerPool(jobs, unsafe=True) as pool, LocalExecutor(jobs) as executor:
        yield lambda: nullcontext(MarkerHere(executor, pool))
    assert not set(psutil.Process().children()) - set(before)


@pytest.mark.usefixtures("demo_lesson")
def test_real_marks_are_those_of_the_stand_in_and_replay_to_the_same(tmp_path, monkeypatch):
    settings = batch_demo.three(tmp_path / "in")
    demo.write_notebook(tmp_path / "in" / "dan.ipynb", demo.SETUP, demo.COUNT, "1 / 0", "import os; os.listdir('..')")
    with markers(2) as make:
        result = pipeline.grade_class(tmp_path / "out", settings, make)
    assert {each.submission.learner.id: each.points for each in result.grades} == {
        "ada": 5,
        "bob": 2,
        "cyd": 4,
        "dan": 1,
    }
    assert result.grades[3].report.cells[0].number == 3
    question = demo.exercise.questions["count"]
    monkeypatch.setitem(demo.exercise.questions, "count", replace(question, title="Another title"))
    again = pipeline.regrade_class(tmp_path / "out", settings)
    assert again.rerun == ()
    for before, after in zip(result.grades, again.grades):
        assert [each.points for each in after.report.questions] == [each.points for each in before.report.questions]
        assert after.report.cells == before.report.cells


@pytest.mark.usefixtures("demo_lesson")
def test_a_submission_sees_no_other_in_its_folder(tmp_path):
    source = "import os\ncount = 10 if os.listdir() == [] else 0"
    settings = batch_demo.write_class(tmp_path / "in", ada=(source,), bob=(demo.COUNT,))
    with markers() as make:
        result = pipeline.grade_class(tmp_path / "out", settings, make)
    assert [each.points for each in result.grades] == [1, 1], [(each.reason, each.report) for each in result.grades]


@pytest.mark.usefixtures("demo_lesson")
def test_ctrl_c_ends_what_runs_and_keeps_what_was_done(tmp_path):
    settings = batch_demo.write_class(tmp_path / "in", ada=(demo.COUNT,), bob=("while True: pass",))
    done = threading.Event()

    class Told(Watch):
        def marked(self, job):
            done.set()

    def interrupt():
        done.wait(60)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with markers() as make:
        result = pipeline.grade_class(tmp_path / "out", settings, make, watch=Told())
    thread.join()
    assert result.outcome.interrupted
    assert [each.state for each in result.grades] == [MARKED, "not marked"]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_command_that_was_ended_leaves_no_process_and_goes_on(tmp_path, number, code):
    batch_demo.write_class(
        tmp_path / "in",
        ada=(demo.COUNT,),
        bob=(demo.COUNT, "import time\ntime.sleep(5)"),
        cyd=("count = 11", demo.DOUBLE),
    )
    script, ledger = Path(demo_command.__file__), tmp_path / "out" / "ledger.jsonl"
    command = [sys.executable, str(script), "grade", "in", "--out", "out", "--jobs", "1"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as first:
        wait_until(lambda: ledger.exists() and ledger.read_bytes().count(b"\n") == 1)
        time.sleep(1)
        below = psutil.Process(first.pid).children(recursive=True)
        first.send_signal(number)
        _, errors = first.communicate(timeout=60)
    assert first.returncode == code
    assert number == signal.SIGKILL or "Give the same command again" in errors
    assert below
    assert psutil.wait_procs(below, timeout=60)[1] == []
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "3 submissions: 3 marked, 1 of them earlier" in done.stdout
    keys = [json.loads(line)["key"] for line in ledger.read_text().splitlines()]
    assert len(keys) == len(set(keys)) == 3
    grades = json.loads((tmp_path / "out" / "grades.json").read_bytes())["grades"]
    assert [each["points"] for each in grades] == [1, 1, 2]


def wait_until(holds, seconds=120.0):
    last = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < last, "it does not come"
        time.sleep(0.1)


def test_the_examples_are_made_from_the_released_exercise():
    made = make_submissions.submissions()
    stored = {path.relative_to(make_submissions.FOLDER).as_posix() for path in make_submissions.FOLDER.rglob("*.ipynb")}
    assert len(made) == 30
    assert stored == made.keys()
    for name, content in made.items():
        assert (make_submissions.FOLDER / name).read_bytes() == content, f"{name}: run make_submissions.py again"


def test_every_example_is_found_with_a_reason_or_an_exercise():
    found = find(HandedIn(open_source(make_submissions.FOLDER)), course.find("1").name)
    unusable = {each.file for each in found if not each.usable}
    assert len(found) == 30
    assert unusable == {"not_json.ipynb", "empty.ipynb", "utf16.ipynb", "format3.ipynb", "another_language.ipynb"}
    assert {each.learner.id for each in found} >= {"emmy", "emmys_neighbour", "no_metadata"}


@pytest.mark.slow
def test_examples_are_graded_by_the_real_marker(tmp_path):
    expected = {"wrong_overflow": 16.0, "hostile_raises_html": 11.0, "hostile_exits": 15.0, "not_json": 0.0}
    (tmp_path / "in").mkdir()
    for name in expected:
        shutil.copy(make_submissions.FOLDER / f"{name}.ipynb", tmp_path / "in")
    out = tmp_path / "out"
    settings = GradingSettings(submissions=str(tmp_path / "in"), exercise="01_mnist_dense", exports=("gradescope",))
    with markers(2) as make:
        result = pipeline.grade_class(out, settings, make)
    points = {each.submission.learner.id: each.points for each in result.grades}
    assert points == expected, [(each.reason, each.report and each.report.cells) for each in result.grades]
    page = next((out / "feedback").glob("hostile_raises_html*")).read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert len(json.loads((out / "grades.json").read_text())["grades"]) == 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has the sandbox")
def test_a_limit_given_on_the_command_line_is_the_one_that_the_sandboxed_process_has(demo_lesson, command, tmp_path):
    told = (
        "import resource as r, signal\n"
        "limits = [r.getrlimit(n)[0] for n in (r.RLIMIT_DATA, r.RLIMIT_CPU)]\n"
        "count = [*limits, signal.getitimer(signal.ITIMER_REAL)[0]]"
    )
    batch_demo.write_class(tmp_path / "in", ada=(told,))
    limits = ("--seconds", 5000, "--cell-seconds", 4000, "--memory", 777)
    command("grade", tmp_path / "in", "--out", tmp_path / "out", *limits)
    grades = json.loads((tmp_path / "out" / "grades.json").read_text())["grades"]
    got = next(each["got"] for each in grades[0]["report"]["questions"] if each["name"] == "count")
    memory, seconds, of_this_cell = json.loads(got)
    assert memory == 777 * 2**20
    assert seconds >= 5000
    assert 3900 < of_this_cell <= 4000
    settings = pipeline.read_batch(tmp_path / "out").settings
    assert (settings.limits.memory, settings.limits.cpu_seconds) == (memory, seconds)
    assert 5000 < settings.limits.seconds < 5100  # its keeper's clock, which no process can ask
