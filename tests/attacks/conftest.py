"""One pool of sealed workers for all attacks, and the traces that an attack may not leave."""

from __future__ import annotations

from pathlib import Path

import attack_exercise
import pytest
from traces import assert_gone, contents, of_workers

from coursekit.grading.checking import check_notebook
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
