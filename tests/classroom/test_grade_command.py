"""The commands grade and regrade, as a shell sees them."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from dataclasses import replace

import batch_demo
import grading_demo as demo
import pytest

from coursekit.classroom import commands


@pytest.fixture
def run(demo_lesson, monkeypatch, command):
    """Runs the commands with a stand-in for the marker."""
    monkeypatch.setattr(commands, "_marker", lambda *options: batch_demo.StandIn()())
    return command


def test_grade_and_regrade(run, tmp_path):
    batch_demo.three(tmp_path / "in")
    out = tmp_path / "out"
    result = run("grade", tmp_path / "in", "--out", out, "--exercise", "demo", "--export", "canvas", "--jobs", 2)
    assert result.exit_code == 0, result
    assert "3 submissions: 3 marked, 0 unusable, 0 not marked." in result.stdout
    assert "3 learners have a mark; they earned 73% of the points on average." in result.stdout
    assert "Sandbox: held in a test." in result.stdout
    assert f"written: {out / 'grades.csv'}" in result.stdout
    assert (out / "canvas" / "99_demo.csv").is_file()
    result = run("grade", tmp_path / "in", "--out", out, "--exercise", "demo")
    assert "3 marked, 3 of them earlier" in result.stdout
    (tmp_path / "by-hand.csv").write_text("learner,question,points\nbob,count,1\n")
    result = run("regrade", out, "--overrides", tmp_path / "by-hand.csv")
    assert result.exit_code == 0
    with open(out / "grades.csv", newline="") as file:
        assert [row["points"] for row in csv.DictReader(file)] == ["5", "3", "4"]


def test_a_terminal_shows_progress_with_an_estimate(run, tmp_path, monkeypatch):
    batch_demo.three(tmp_path / "in")
    monkeypatch.setattr(commands, "_on_terminal", lambda: True)
    result = run("grade", tmp_path / "in", "--out", tmp_path / "out")
    assert re.search(r"marking.*3/3.*left:", result.stderr)


def test_a_pipe_gets_no_progress(run, tmp_path, monkeypatch):
    batch_demo.three(tmp_path / "in")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run("grade", tmp_path / "in", "--out", tmp_path / "out").stderr == ""


def test_what_could_not_be_used_has_exit_code_1_and_a_reason(run, tmp_path):
    batch_demo.three(tmp_path / "in")
    (tmp_path / "in" / "dan\x1b[2J.ipynb").write_text("")
    result = run("grade", tmp_path / "in", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "3 marked, 1 unusable" in result.stdout
    assert "is empty. Was the notebook saved?" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_dry_run_says_what_it_would_do_with_each_file(run, tmp_path):
    batch_demo.three(tmp_path / "in")
    (tmp_path / "in" / "dan\x1b[2J.ipynb").write_text("")
    result = run("grade", tmp_path / "in", "--out", tmp_path / "out", "--dry-run")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "ada.ipynb: ada: mark as 99_demo, attempt 1"
    assert re.match(r"dan�\[2J\.ipynb: dan�\[2J \(dan_2J-\w+\): unusable\. ", lines[3])
    assert lines[4] == "4 submissions of 4 learners: 3 to mark, 1 not."
    assert not (tmp_path / "out").exists()


def test_marks_that_stand_in_no_row_are_named_and_have_exit_code_1(run, tmp_path):
    batch_demo.three(tmp_path / "in")
    (tmp_path / "r.csv").write_text("Student,ID,Section,99_demo (1),HW (2)\n    Points Possible,,,5,10\nAda,11,S,,\n")
    arguments = [
        "grade",
        tmp_path / "in",
        "--out",
        tmp_path / "out",
        "--export",
        "canvas",
        "--roster",
        tmp_path / "r.csv",
    ]
    rehearsed = run(*arguments, "--column", "HW", "--dry-run")
    assert rehearsed.exit_code == 1
    assert "ada.ipynb: ada: mark as 99_demo, attempt 1, in no row of an export\n" in rehearsed.stdout
    result = run(*arguments, "--column", "HW")
    assert result.exit_code == 1
    assert "3 marked, but in no row of an export" in result.stdout
    assert "  ada\n  bob\n  cyd\n" in result.stdout
    assert "canvas: 99_demo goes to column 'HW (2)', from 5 to 10 points." in result.stdout
    page = (tmp_path / "out" / "class.html").read_text().partition("3 with a mark that no export holds")[2]
    assert re.findall("<li>(.*?), <code>", page)[:3] == ["ada (ada)", "bob (bob)", "cyd (cyd)"]


def test_another_class_in_the_same_folder_is_refused(run, tmp_path):
    batch_demo.three(tmp_path / "in")
    batch_demo.write_class(tmp_path / "other", dan=(demo.COUNT,))
    run("grade", tmp_path / "in", "--out", tmp_path / "out")
    result = run("grade", tmp_path / "other", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "3 of its learners are not in" in result.stderr


def test_an_empty_class(run, tmp_path):
    result = run("grade", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "0 submissions" in result.stdout
    assert (tmp_path / "out" / "grades.csv").read_text("utf-8-sig").startswith("learner,name")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grade", "nothing"], "nothing. Name the folder or the zip archive"),
        (["grade", ".", "--exercise", "nothing"], "No lesson 'nothing'"),
        (["grade", ".", "--attempts", "first"], "Write last or best"),
        (["grade", ".", "--deadline", "2026-10-01"], "--deadline needs a rule"),
        (["grade", ".", "--late-penalty", "much"], "is not understood"),
        (["grade", ".", "--extensions", "e.csv"], "--extensions needs a rule"),
        (["grade", ".", "--column", "HW"], "add --roster"),
        (["grade", ".", "--export", "sakai"], "Choose from: canvas, moodle"),
        (["grade", ".", "--checks", "."], "holds no private checks"),
        (["regrade", "."], "holds no graded class"),
    ],
)
def test_what_cannot_be_carried_out_has_exit_code_2(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("coursekit: ")
    assert words in result.stderr
    assert not result.stdout


def test_a_regrade_that_needs_a_run_says_so(run, tmp_path):
    batch_demo.write_class(tmp_path / "in", ada=(demo.COUNT,), bob=(demo.DOUBLE,))
    out = tmp_path / "out"
    run("grade", tmp_path / "in", "--out", out)
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "extra.py").write_text(
        "from coursekit.grading import Exercise\nexercise = Exercise('99_demo')\n"
        "@exercise.question('more', points=1, title='More')\n"
        "def more(answers, expect):\n    expect.equal(answers.call('double', 12345), 24690)\n"
    )
    result = run("regrade", out, "--checks", tmp_path / "private")
    assert result.exit_code == 1
    assert "2 need a new run (coursekit regrade --run):" in result.stdout
    result = run("regrade", out, "--checks", tmp_path / "private", "--run")
    assert result.exit_code == 0
    grades = json.loads((out / "grades.json").read_text())["grades"]
    assert [each["points"] for each in grades] == [1, 3]


def test_a_corrected_check_that_is_made_wrongly_is_told(run, tmp_path, monkeypatch):
    batch_demo.three(tmp_path / "in")
    run("grade", tmp_path / "in", "--out", tmp_path / "out")
    empty = replace(demo.exercise.questions["count"], body=lambda answers, expect: None)
    monkeypatch.setitem(demo.exercise.questions, "count", empty)
    monkeypatch.setitem(demo.exercise.questions, "double", replace(demo.exercise.questions["double"], points=3))
    result = run("regrade", tmp_path / "out")
    assert result.exit_code == 2
    assert "nothing is expected outside its parts" in result.stderr


def test_help_has_examples_and_exit_codes(run):
    for name in ("grade", "regrade"):
        text = re.sub(r"\s+", " ", run(name, "--help").stdout)
        assert "Examples" in text
        assert f"coursekit {name} " in text
        assert "Exit codes" in text


def test_the_command_line_starts_without_what_grading_needs():
    code = (
        "import sys, coursekit.cli\n"
        "print(sorted({'tensorflow', 'keras', 'sklearn', 'scipy', 'jinja2', 'psutil'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
