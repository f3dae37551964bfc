"""An exercise that nobody has worked on earns nothing, and each of its questions says that it is not written yet."""

from __future__ import annotations

import pytest

from coursekit import course
from coursekit.grading.checking import check_notebook
from coursekit.grading.notebook_file import read_notebook
from coursekit.grading.results import NOT_YET
from coursekit.sandbox import WorkerPool
from coursekit.worker.bounds import Limits


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(limits=Limits.generous(), unsafe=True) as pool:
        yield pool


@pytest.mark.slow
@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_the_stubs_earn_nothing(lesson, pool):
    report = check_notebook(read_notebook(lesson.exercise), start=pool.start)

    assert [(each.name, each.points, each.status) for each in report.questions] == [
        (each.name, 0, NOT_YET) for each in report.questions
    ]
    assert report.max_points == lesson.points
    assert report.cells == ()
