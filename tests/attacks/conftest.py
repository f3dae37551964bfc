"""One pool of sealed workers for all attacks, and the traces that an attack may not leave."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from attacks import attack_exercise
from attacks.marked_workers import assert_gone, contents, marked_pool, of_workers
from coursekit.grading import checking
from coursekit.grading.checking import check_notebook
from coursekit.grading.notebook_file import read_notebook
from coursekit.sandbox.levels import SEALED

CELL_SECONDS = 1.5
GRACE_SECONDS = 1.5  # shorter than in grading, as all times here
NOT_BEGUN = "ImportError|ModuleNotFoundError|coursekit.*has no attribute"


@pytest.fixture(scope="session")
def pool():
    """Workers at the best level that there is here."""
    with marked_pool() as pool:
        yield pool


@pytest.fixture(scope="module", params=SEALED)
def sealed(request):
    """Workers of one of the two levels that seal."""
    with marked_pool(levels=[request.param], warm=()) as pool:
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


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    """End sooner what does not heed the end of its time."""
    monkeypatch.setattr(checking, "RemoteAnswers", partial(checking.RemoteAnswers, grace=GRACE_SECONDS))


@pytest.fixture
def grade(pool, classroom):
    """Grades a hostile submission; fails if it leaves a process or changes a file anywhere in the classroom, or if the
    attack did not even begin because it names a module that is not there."""

    def grade(*attack: str, **options):
        path = attack_exercise.submission(classroom / "submissions" / "hostile", *attack)
        files, processes = contents(classroom), of_workers()
        options = {"cell_seconds": CELL_SECONDS, "seconds_in_all": 120.0} | options
        report = check_notebook(read_notebook(path), attack_exercise.exercise, start=pool.start, **options)
        assert not [error for error in report.cells if re.search(NOT_BEGUN, error.message)]
        assert contents(classroom) == files
        assert_gone(processes)
        return report

    return grade
