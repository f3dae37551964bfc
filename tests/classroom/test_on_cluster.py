"""Grading on a real cluster: the same marks as here, also when a worker ends in the middle."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import sys
from contextlib import nullcontext
from dataclasses import replace

import batch_demo
import grading_demo as demo
import psutil
import pytest
from dask_processes import Cluster, wait_until
from test_pipeline import EXTRA

from coursekit.classroom import pipeline
from coursekit.classroom.marking import seeds
from coursekit.classroom.marking.markers import MarkerHere, MarkerOnCluster
from coursekit.executors import LocalExecutor, open_executor
from coursekit.sandbox import WorkerPool
from coursekit.worker.bounds import Limits

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("demo_lesson")]
DRAWING = """
from coursekit.grading import Exercise

exercise = Exercise("99_demo")


@exercise.question("drawn", points=1, title="Drawn")
def drawn(answers, expect):
    "A statement."
    x = answers.draw("numbers").normal(size=4)
    expect.close(answers.call("double", x), 2 * x)
"""
PATH = os.pathsep.join(filter(None, sys.path))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler with two workers whose course has the demo exercise."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        for _ in range(2):
            made.start_worker(PATH, preload="demo_on_worker")
        yield made
    finally:
        made.close()


@pytest.fixture
def grade_there(cluster):
    """Grades on the cluster."""
    with open_executor(scheduler=cluster.address) as executor:
        executor._client.wait_for_workers(2, timeout=150)
        marker = MarkerOnCluster(executor, True, Limits.of_submission())
        yield lambda out, settings, watch=pipeline.SILENT: pipeline.grade_class(
            out, settings, lambda: nullcontext(marker), watch
        )


def test_a_class_gets_the_same_marks_on_a_cluster(grade_there, tmp_path):
    settings = batch_demo.three(tmp_path / "in")
    demo.write_notebook(tmp_path / "in" / "dan.ipynb", demo.SETUP, demo.COUNT, "1 / 0", "import os; os.listdir('..')")
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "more.py").write_text(EXTRA)
    (tmp_path / "checks" / "drawing.py").write_text(DRAWING)
    settings = replace(settings, checks=str(tmp_path / "checks"))
    with WorkerPool(unsafe=True) as pool, LocalExecutor() as executor:
        here = pipeline.grade_class(tmp_path / "a", settings, lambda: nullcontext(MarkerHere(executor, pool)))

    (tmp_path / "b").mkdir()
    shutil.copy(tmp_path / "a" / seeds.NAME, tmp_path / "b")
    there = grade_there(tmp_path / "b", settings)

    assert [each.report for each in there.grades] == [each.report for each in here.grades]
    assert [each.points for each in there.grades] == [7, 4, 6, 1]
    names = sorted(path.name for path in (tmp_path / "a" / "answers").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "b" / "answers").iterdir())
    for name in names:
        assert (tmp_path / "a" / "answers" / name).read_bytes() == (tmp_path / "b" / "answers" / name).read_bytes()
    assert rows(tmp_path / "a") == rows(tmp_path / "b")


def test_ctrl_c_ends_what_runs_on_the_workers_and_keeps_what_was_done(grade_there, cluster, tmp_path):
    def running():
        return {each for worker in cluster.workers for each in psutil.Process(worker).children(recursive=True)}

    grade_there(tmp_path / "first", batch_demo.three(tmp_path / "in"))
    idle, during = running(), []
    endless = batch_demo.write_class(tmp_path / "endless", ada=(demo.COUNT,), bob=("while True: pass",))

    class Interrupt(pipeline.Watch):
        def marked(self, job):
            wait_until(lambda: running() - idle)
            during.extend(running() - idle)
            os.kill(os.getpid(), signal.SIGINT)

    result = grade_there(tmp_path / "second", endless, Interrupt())

    assert result.outcome.interrupted
    assert [each.state for each in result.grades] == ["marked", "not marked"]
    wait_until(lambda: not any(each.is_running() for each in during), seconds=30)


def rows(folder):
    """The table of grades without the seconds, which differ from run to run."""
    with open(folder / "grades.csv", newline="", encoding="utf-8-sig") as file:
        return [{name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def test_no_submission_is_lost_with_a_worker_and_its_sandbox_ends(grade_there, cluster, tmp_path):
    slow = dict.fromkeys(("ada", "bob", "cyd", "dan"), ("import time; time.sleep(3)", demo.COUNT))
    settings = batch_demo.write_class(tmp_path / "in", **slow)
    victim = next(iter(cluster.workers))
    family = []

    class Kill(pipeline.Watch):
        def marked(self, job):
            if victim in cluster.workers:
                family.extend(psutil.Process(victim).children(recursive=True))
                cluster.kill(victim)

    result = grade_there(tmp_path / "out", settings, Kill())

    assert [each.points for each in result.grades] == [1, 1, 1, 1]
    assert family
    wait_until(lambda: not any(member.is_running() for member in family))
