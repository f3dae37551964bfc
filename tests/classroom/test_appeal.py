"""A mark of a batch is repeated on one file: ``coursekit check FILE --as-graded BATCH``."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import replace

import batch_demo
import drawing_demo
import grading_demo
import pytest
from batch_demo import StandIn
from test_seeds import ANSWERED, REMEMBERED

from coursekit.classroom import commands, pipeline
from coursekit.classroom.marking import seeds
from coursekit.grading import progress


@pytest.fixture
def works(demo_lesson, monkeypatch):
    """The exercise that draws, and what goes to the stand-in for the marker."""
    monkeypatch.setattr(sys.modules["coursekit.checks.demo"], "exercise", drawing_demo.exercise)
    sent = []

    class Watching(StandIn):
        def begin(self, job, cells):
            sent.append(job.work(cells))
            return super().begin(job, cells)

    monkeypatch.setattr(commands, "_marker", lambda *options: Watching()())
    return sent


@pytest.fixture
def graded(works, tmp_path):
    """The folder of a graded class: Ada and Bea handed in the same, Dan what remembers the notebook's inputs."""
    settings = batch_demo.write_class(tmp_path / "in", ada=ANSWERED, bea=ANSWERED, dan=REMEMBERED)
    pipeline.grade_class(tmp_path / "out", replace(settings, cell_seconds=7.0), commands._marker)
    return tmp_path / "out"


@pytest.fixture
def check(works, command):
    """Runs the command; its words in one line."""

    def run(*arguments):
        ended = command("check", *arguments)
        return ended.exit_code, re.sub(r"\s+", " ", ended.stdout), ended.stderr

    return run


def test_the_same_mark_with_the_batchs_own_settings_and_draws(graded, works, check, tmp_path):
    file = shutil.copy(tmp_path / "in" / "dan.ipynb", tmp_path / "appeal.ipynb")
    (before,) = [work for work in works if work["title"] == "dan.ipynb"]
    kept = {path: path.read_bytes() for path in graded.rglob("*") if path.is_file()}
    code, out, _ = check(file, "--as-graded", graded)
    assert code == 1
    assert "2 of 5 points; 1 of 2 questions passed" in out
    assert "Input: mean([" in out
    assert "This content was handed in by dan (dan.ipynb). The batch's mark has the same points: 2 of 5 points." in out
    assert "Sandbox: held in a test." in out
    assert works[-1] == before
    assert (works[-1]["cell_seconds"], works[-1]["seed"] is None) == (7.0, False)
    assert {path: path.read_bytes() for path in graded.rglob("*") if path.is_file()} == kept
    assert progress.load() == {}
    assert check(file, "--no-record")[0] == 0  # every notebook's inputs are all that the learner is asked


def test_all_who_handed_it_in_are_named_and_a_pass_exits_with_0(graded, check, tmp_path):
    code, out, _ = check(tmp_path / "in" / "ada.ipynb", "--as-graded", graded)
    assert code == 0
    assert "handed in by ada (ada.ipynb), bea (bea.ipynb). The batch's mark has the same points: 5 of 5 points." in out


def test_another_content_has_draws_of_its_own(graded, works, check, tmp_path):
    file = grading_demo.write_notebook(tmp_path / "other.ipynb", grading_demo.SETUP, *ANSWERED, "# mended")
    code, out, _ = check(file, "--as-graded", graded)
    assert code == 0
    assert "No submission of the batch has this content, so its draws are its own." in out
    assert works[-1]["seed"] not in {work["seed"] for work in works[:-1]} | {None}


def test_points_that_differ_and_checks_that_changed_are_told(graded, check, tmp_path, monkeypatch):
    question = drawing_demo.exercise.questions["luck"]
    monkeypatch.setitem(drawing_demo.exercise.questions, "luck", replace(question, points=1))
    _, out, _ = check(tmp_path / "in" / "ada.ipynb", "--as-graded", graded)
    assert "The batch's mark, made with earlier checks, has other points: 5 of 5 points." in out


def test_without_the_secret_the_recorded_draws_are_repeated(graded, works, check, tmp_path):
    before = works[-1]["seed"]
    (graded / seeds.NAME).unlink()
    assert check(tmp_path / "in" / "dan.ipynb", "--as-graded", graded)[0] == 1
    assert works[-1]["seed"] == before
    file = grading_demo.write_notebook(tmp_path / "other.ipynb", grading_demo.SETUP, *REMEMBERED, "# mended")
    code, out, _ = check(file, "--as-graded", graded)
    assert code == 0
    assert "Only what every notebook draws was asked" in out
    assert not (graded / seeds.NAME).exists()


def test_as_json(graded, command, tmp_path):
    told = json.loads(command("check", tmp_path / "in" / "ada.ipynb", "--json", "--as-graded", graded).stdout)
    assert (told["points"], told["sandbox"]) == (5, "held in a test")
    batch = {"submissions": ["ada.ipynb", "bea.ipynb"], "points": 5, "same_points": True, "outdated": False}
    assert told["batch"] == batch


def test_one_that_the_batch_could_not_mark(works, check, tmp_path):
    settings = batch_demo.write_class(tmp_path / "in", ada=ANSWERED)

    def fail(job, task):
        raise OSError("no")

    pipeline.grade_class(tmp_path / "out", settings, StandIn(before=fail))
    _, out, _ = check(tmp_path / "in" / "ada.ipynb", "--as-graded", tmp_path / "out")
    assert "handed in by ada (ada.ipynb). The batch has no mark for it." in out


def test_what_cannot_be_repeated_has_exit_code_2(graded, check, tmp_path):
    code, out, errors = check(tmp_path / "none.ipynb", "--as-graded", graded)
    assert (code, out) == (2, "")
    assert "There is no file" in errors
    code, out, errors = check(tmp_path / "in" / "ada.ipynb", "--as-graded", tmp_path)
    assert (code, out) == (2, "")
    assert "holds no graded class" in errors
    file = grading_demo.write_notebook(tmp_path / "cnn.ipynb", "check = open_exercise('04_cnn')")
    assert "It answers 04_cnn, not 99_demo." in check(file, "--as-graded", graded)[2]


@pytest.mark.slow
def test_the_real_marker_repeats_a_mark_in_the_sandbox(demo_lesson, command, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["coursekit.checks.demo"], "exercise", drawing_demo.exercise)
    monkeypatch.setitem(drawing_demo.exercise.questions, "luck", drawing_demo.SHOWN)
    luck = "import os, random\nluck = [os.listdir(), random.random()]"
    batch_demo.write_class(tmp_path / "in", dan=(REMEMBERED[0], luck))
    command("grade", tmp_path / "in", "--out", tmp_path / "out")
    file = shutil.copy(tmp_path / "in" / "dan.ipynb", tmp_path / "appeal.ipynb")
    (tmp_path / "beside.py").write_text("")
    told = json.loads(command("check", file, "--as-graded", tmp_path / "out", "--json").stdout)
    (grade,) = json.loads((tmp_path / "out" / "grades.json").read_text())["grades"]
    assert told["batch"]["same_points"]
    assert told["questions"] == grade["report"]["questions"]
    assert told["questions"][1]["got"].startswith("[[], 0.")
    assert told["sandbox"] == grade["level"]
