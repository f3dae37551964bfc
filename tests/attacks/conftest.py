"""One pool of sealed workers for all attacks, and the traces that an attack may not leave."""

from __future__ import annotations

import time
from pathlib import Path

import attack_exercise
import psutil
import pytest

from coursekit.grading.checking import check_notebook
from coursekit.grading.notebook import WORKER_VARIABLE
from coursekit.grading.sandbox import Limits, WorkerPool

LIMITS = Limits(seconds=30, cpu_seconds=30, memory=1000 * 2**20, tasks=64, scratch=32 * 2**20, files=128)
CELL_SECONDS = 1.5


@pytest.fixture(scope="session")
def pool():
    """Workers at the best level that there is here; no level that does not seal is taken."""
    with WorkerPool(jobs=2, limits=LIMITS) as pool:
        yield pool


@pytest.fixture
def classroom(tmp_path) -> Path:
    """A folder with another learner's submission, private checks and results."""
    attack_exercise.submission(tmp_path / "submissions" / "honest")
    (tmp_path / "private_checks").mkdir()
    (tmp_path / "private_checks" / "attacked.py").write_text("EXPECTED = 'the private answer'")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "grades.csv").write_text("learner,points\nhonest,2\n")
    return tmp_path


@pytest.fixture
def grade(pool, classroom):
    """Grades a hostile submission; fails if it leaves a process or changes a file anywhere in the classroom."""

    def grade(*attack: str, **options):
        path = attack_exercise.submission(classroom / "submissions" / "hostile", *attack)
        files, processes = contents(classroom), of_workers()
        options = {"cell_seconds": CELL_SECONDS, "seconds_in_all": 30.0} | options
        report = check_notebook(path, attack_exercise.exercise, start=pool.start, **options)
        assert contents(classroom) == files
        assert_gone(processes)
        return report

    return grade


def contents(folder: Path) -> dict[Path, bytes]:
    """All files below ``folder``."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def of_workers() -> set[int]:
    """The processes of all workers and warm parents on this machine, by the mark in their environment."""
    found = set()
    for process in psutil.process_iter():
        try:
            if WORKER_VARIABLE in process.environ():
                found.add(process.pid)
        except psutil.Error:  # it ended meanwhile, or is another user's
            continue
    return found


def assert_gone(before: set[int], seconds: float = 5.0) -> None:
    """No process of a worker is left that was not there before."""
    last = time.monotonic() + seconds
    while (left := of_workers() - before) and time.monotonic() < last:
        time.sleep(0.02)
    assert not left
