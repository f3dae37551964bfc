"""A class that version 0.1.0 graded, before the package was laid out anew: it opens, resumes and is regraded."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import batch_demo
import pytest

from coursekit import course
from coursekit.classroom import pipeline
from coursekit.classroom.marking import jobs
from coursekit.classroom.settings import read_batch
from coursekit.executors import LocalExecutor

KEPT = Path(__file__).parent / "batch_of_0_1"


@pytest.fixture
def questions(monkeypatch):
    """The questions of that class, as the course's own of a lesson 99."""
    spec = importlib.util.spec_from_file_location("coursekit.checks.demo", KEPT / "questions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "coursekit.checks.demo", module)
    monkeypatch.setattr(course, "LESSONS", (*course.LESSONS, course.Lesson(99, "demo", "A demo", 1, 1, 3)))
    return module.exercise.questions


@pytest.fixture
def graded(monkeypatch, tmp_path):
    """A copy of the folder that it wrote, beside the submissions, whose path it keeps."""
    shutil.copytree(KEPT, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "graded"


class Never:
    """Marks nothing: no code of a learner's may run again."""

    executor = LocalExecutor()

    def begin(self, job, content):
        raise AssertionError(f"{job.submission.file} was marked again")


def points(result):
    return {each.submission.file: each.points for each in result.grades}


def earlier(graded):
    grades = json.loads((graded / "grades.json").read_text())["grades"]
    return {each["submission"]["file"]: each["points"] for each in grades}


def test_it_resumes_and_marks_nothing_twice(questions, graded, monkeypatch):
    monkeypatch.setattr(jobs, "__version__", "0.1.0")  # another version marks anew: its checks may ask something else
    before = earlier(graded)
    result = pipeline.grade_class(graded, read_batch(graded).settings, lambda: nullcontext(Never()))
    assert (result.resumed, result.outcome.failures, result.damaged) == (3, {}, ())
    assert points(result) == before == {"ada.ipynb": 3.0, "bob.ipynb": 1.0, "cyd.ipynb": 0.0}


def test_it_is_regraded_from_its_recorded_answers(questions, graded, monkeypatch):
    monkeypatch.setitem(questions, "count", replace(questions["count"], points=2))
    result = pipeline.regrade_class(graded, read_batch(graded).settings)
    assert result.rerun == ()
    assert points(result) == {"ada.ipynb": 4.0, "bob.ipynb": 2.0, "cyd.ipynb": 0.0}


def test_where_a_question_draws_by_now_it_needs_a_new_run(questions, graded, monkeypatch):
    def drawn(answers, expect):
        x = answers.draw("logits").normal(size=3)
        expect.shape(answers.call("softmax", x), x.shape)

    monkeypatch.setitem(questions, "softmax", replace(questions["softmax"], body=drawn))
    result = pipeline.regrade_class(graded, read_batch(graded).settings)
    assert {each.shown_file for each in result.rerun} == {"ada.ipynb", "bob.ipynb", "cyd.ipynb"}
    assert points(result) == earlier(graded)
    assert not (graded / "secret").exists()
    result = pipeline.regrade_class(graded, read_batch(graded).settings, batch_demo.StandIn())
    assert result.rerun == ()
    (told,) = result.told
    assert told.startswith(f"{graded / 'secret'} was missing and is made anew: ")
    assert told.endswith("A class that version 0.1 graded had none, since it drew nothing.")
