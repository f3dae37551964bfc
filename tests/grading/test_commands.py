"""The commands check, progress and release, as a shell sees them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import grading_demo as demo
import pytest

from coursekit import checks, course, sandbox, workspace
from coursekit.grading import commands, progress
from coursekit.grading.remote import RemoteAnswers

ENDLESS = "def softmax(z):\n    while True: pass"


@pytest.fixture
def run(demo_lesson, command):
    """Runs a command in a course that also has the demo exercise."""
    return command


def answers(folder: Path, *sources: str) -> Path:
    return demo.write_notebook(folder / "99_demo.ipynb", demo.SETUP, *sources, 'check("softmax")')


def test_check_passes_with_exit_code_0_and_records(run, tmp_path):
    result = run("check", answers(tmp_path, demo.SOFTMAX, demo.COUNT, demo.DOUBLE), "--record")
    assert result.exit_code == 0
    assert "✔ Passed: Softmax by hand (2 of 2 points)" in result.stdout
    assert "A demo: 5 of 5 points; 3 of 3 questions passed." in result.stdout
    assert sum(kept.points for kept in progress.load()["99_demo"].values()) == 5


def test_check_fails_with_exit_code_1_and_says_what_to_do(run, tmp_path):
    path = answers(tmp_path, "def softmax(z):\n    return np.exp(z) / np.exp(z).sum()", "count = 1 / 0")
    result = run("check", path, "--no-record")
    assert result.exit_code == 1
    for line in (
        "◐ In part: Softmax by hand (1 of 2 points)",
        "✘ Not right yet: large logits (0 of 1 point)",
        "Came: [nan 0.] (array, shape (2,), float64)",
        "Hint: Subtract the largest logit first.",
        "○ Not written yet: A count (0 of 1 point)",
        "Cell 3 stopped with ZeroDivisionError: division by zero, in your line `count = 1 / 0`",
        "1 of 5 points; 0 of 3 questions passed, 1 passed in part, 2 not written yet.",
    ):
        assert line in result.stdout
    assert progress.load() == {}


@pytest.mark.parametrize(("running", "cells"), [("`softmax`", [ENDLESS]), ("Cell 3", [ENDLESS, "softmax(1)"])])
def test_an_interrupted_check_says_what_was_running_and_records_nothing(running, cells, run, tmp_path, monkeypatch):
    send = RemoteAnswers._send

    def interrupted(self, request, what, *more):
        if what == running:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        return send(self, request, what, *more)

    patient = replace(demo.exercise.find("softmax"), seconds=60.0)
    monkeypatch.setitem(demo.exercise.questions, "softmax", patient)
    monkeypatch.setattr(RemoteAnswers, "_send", interrupted)
    result = run("check", answers(tmp_path, *cells))
    assert (result.exit_code, result.stdout) == (130, "")
    told = result.stderr.splitlines()
    assert told[:2] == [
        "■ Interrupted: Softmax by hand (0 of 2 points)",
        f"  {running} was running when the check was interrupted.",
    ]
    assert told[-1] == "Interrupted."
    assert progress.load() == {}


def test_check_says_what_held_the_notebook(run, tmp_path, monkeypatch):
    attack = "try:\n    open('/etc/passwd')\nexcept OSError:\n    count = 10"
    (tmp_path / "helper.py").write_text("def double(x):\n    return 2 * x")
    demo.write_notebook(tmp_path / "another.ipynb")
    path = answers(tmp_path, "from helper import double", attack)
    result = run("check", path, "--no-record")
    assert re.search(r"\nSandbox: (bubblewrap|user namespaces), own user, process, mount, network", result.stdout)
    assert "3 of 5 points" in result.stdout  # both the learner's own module and the sandbox are there
    assert json.loads(run("check", path, "--json").stdout)["sandbox"] in result.stdout
    monkeypatch.setattr(sandbox, "WorkerPool", partial(sandbox.WorkerPool, levels=[]))
    unsealed, said = commands.check_notebook, []
    monkeypatch.setattr(commands.typer, "echo", lambda words, err=False: said.append(words))
    monkeypatch.setattr(
        commands, "check_notebook", lambda *given, **names: said.append("run") or unsealed(*given, **names)
    )
    run("check", path)
    assert said == [
        "There is no sandbox here: the notebook runs with your rights.",
        "run",
        "Sandbox: none, the notebook ran with your rights.",
    ]


def test_check_hands_a_notebook_its_modules_and_what_is_named(run, tmp_path):
    (tmp_path / "helper.py").write_text("import inner\ncount = inner.count")
    (tmp_path / "inner.py").write_text("count = 10")
    for name in ("other.py", "roster.csv", "named.txt"):
        (tmp_path / name).write_text("secret")
    (tmp_path / "linked.py").symlink_to(tmp_path / "roster.csv")
    look = "import os\nfrom helper import count\ntry: import linked\nexcept ImportError: pass\n"
    look += "assert sorted(os.listdir()) == {}, os.listdir()"
    path = answers(tmp_path, look.format(["helper.py", "inner.py"]))
    result = run("check", path, "--no-record")
    assert "stopped with" not in result.stdout
    assert "1 of 5 points" in result.stdout
    answers(tmp_path, look.format(["helper.py", "inner.py", "named.txt"]))
    assert "stopped with" not in run("check", path, "--no-record", "--with", tmp_path / "named.txt").stdout


def test_check_tells_of_a_module_that_is_too_large(run, tmp_path):
    (tmp_path / "helper.py").write_text("count = 10")
    (tmp_path / "large.py").write_bytes(b"#" * 1_100_000)
    told = run("check", answers(tmp_path, "%run helper.py\nimport large"), "--no-record").stdout
    assert "1 of 5 points" in told
    assert "The notebook uses `large.py`, which is left out: it has more than 1 MB." in told


def test_what_is_named_stands_where_a_module_beside_the_notebook_has_its_name(run, tmp_path):
    (tmp_path / "helper.py").write_text("count = 9")
    path = answers(tmp_path, "from helper import count")
    for number in range(5):  # which of two stood once followed from the hashes of their paths
        named = tmp_path / f"named{number}" / "helper.py"
        named.parent.mkdir()
        named.write_text("count = 10")
        assert "1 of 5 points" in run("check", path, "--no-record", "--with", named).stdout


def test_misplaced_answers_are_told_to_programs_as_to_people(run, tmp_path):
    path = answers(tmp_path, demo.SOFTMAX)
    content = json.loads(path.read_text())
    content["cells"][1] |= {"cell_type": "markdown", "metadata": {"nbgrader": {"solution": True}}}
    path.write_text(json.dumps(content))
    words = "Cell 2 is an answer and no code cell, so it is not run: change its type."
    assert words in run("check", path, "--no-record").stdout
    assert {"question": "", "message": words} in json.loads(run("check", path, "--json").stdout)["notes"]


def test_check_records_ones_own_work_only(run, tmp_path, monkeypatch):
    monkeypatch.setattr(course, "place", lambda: tmp_path / "course")
    for folder in ("submissions/ada", "course/exercises", "mine/exercises"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "mine" / workspace.MANIFEST).write_text("{}")
    run("check", answers(tmp_path / "submissions/ada", demo.SOFTMAX, demo.COUNT))
    assert progress.load() == {}
    for folder, source in (("course/exercises", demo.SOFTMAX), ("mine/exercises", demo.COUNT)):
        run("check", answers(tmp_path / folder, source))
        assert sum(kept.points for kept in progress.load()["99_demo"].values()) == (2 if source == demo.SOFTMAX else 1)


def exercise_of(folder: Path, *texts: str) -> Path:
    """The demo exercise with these statements, each above the check of its question."""
    path = demo.write_notebook(folder / "exercise_99_demo.ipynb", demo.SETUP)
    content = json.loads(path.read_text("utf-8"))
    for number, (name, text) in enumerate(zip(("softmax", "count", "double"), texts)):
        prose = {"cell_type": "markdown", "id": f"m{number}", "metadata": {}, "source": text}
        check = {"cell_type": "code", "id": f"k{number}", "metadata": {}, "outputs": [], "execution_count": None}
        content["cells"] += [prose, check | {"source": f'check("{name}")'}]
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_an_old_exercise_checks_and_the_questions_that_changed_are_named(run, tmp_path, monkeypatch):
    monkeypatch.setattr(course, "place", lambda: tmp_path / "course")
    (tmp_path / "course/exercises").mkdir(parents=True)
    exercise_of(tmp_path / "course/exercises", "## 1 · Softmax", "## 2 · How many?", "## 3 · Double")
    mine = exercise_of(tmp_path, "## 1 · Softmax ", "## 2 · A count")
    answered = json.loads(mine.read_text("utf-8"))
    answered["cells"][0]["source"] += f"\n{demo.SOFTMAX}\n{demo.COUNT}"
    old = {"cell_type": "code", "id": "k9", "metadata": {}, "outputs": [], "execution_count": None}
    answered["cells"].append(old | {"source": 'check("triple")'})
    mine.write_text(json.dumps(answered), "utf-8")

    told = run("check", mine, "--no-record").stdout
    assert "3 of 5 points; 2 of 3 questions passed" in told
    assert (
        'The exercise has changed since this notebook was made: worded otherwise check("count"); new check("double"); '
        'no longer asked check("triple"). Today\'s is exercise_99_demo.ipynb.\n'
    ) in told
    today = run("check", tmp_path / "course/exercises/exercise_99_demo.ipynb", "--no-record").stdout
    assert "has changed" not in today


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_check_prints_nothing_that_steers_a_terminal(form, run, tmp_path):
    evil = "a\x1b]0;owned\x07\x1b[2J\x9b31m\u202eb"
    cells = (f"count = {evil!r}", f"raise RuntimeError({evil!r})", f"softmax = {evil!r}")
    result = run("check", answers(tmp_path, *cells), "--no-record", *form)
    assert ("RuntimeError: a�]0;owned��[2J�31m�b" in result.stdout) == (not form)  # JSON has signs for some of them
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.stdout)
    result = run("check", tmp_path / "no\x1b[2J.ipynb")
    assert "\x1b" not in result.stderr


def test_check_as_json(run, tmp_path):
    result = run("check", answers(tmp_path, demo.SOFTMAX), "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (report["exercise"], report["points"], report["max_points"], report["passed"]) == ("99_demo", 2, 5, False)
    assert [question["status"] for question in report["questions"]] == ["passed", "not yet", "not yet"]


@pytest.mark.parametrize("raw", [None, b"", b"print(1)", b'{"cells": [], "nbformat": 4}'])
def test_what_cannot_be_checked_has_exit_code_2(raw, run, tmp_path):
    path = tmp_path / "a.ipynb"
    if raw is not None:
        path.write_bytes(raw)
    result = run("check", path)
    assert result.exit_code == 2
    assert str(path) in result.stderr.replace("\n", "")
    assert not result.stdout


def test_a_worker_that_cannot_start_has_exit_code_2(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    result = run("check", answers(tmp_path, demo.SOFTMAX))
    assert result.exit_code == 2
    assert "did not start. What helps: docs/when_it_fails.md." in result.stderr


def test_progress_shows_what_is_done_and_what_is_next(run, tmp_path, progress_file, monkeypatch):
    monkeypatch.setattr(course, "LESSONS", course.LESSONS[-1:])
    assert "Next: 99_demo, 'Softmax by hand': check('softmax')" in run("progress").stdout
    run("check", answers(tmp_path, demo.SOFTMAX, demo.COUNT), "--record")
    result = run("progress")
    assert "3 of 5" in result.stdout
    assert "2 of 3" in result.stdout
    assert "Next: 99_demo, 'Twice as much': check('double')" in result.stdout
    run("check", answers(tmp_path, demo.SOFTMAX, demo.COUNT, demo.DOUBLE), "--record")
    assert "Everything is done." in run("progress").stdout
    progress_file.write_text("damaged")
    result = run("progress")
    assert "was kept as progress.json.damaged-1" in result.stderr.replace("\n", " ")
    assert "0 of 5" in result.stdout


@pytest.fixture
def course_folder(tmp_path, monkeypatch):
    """A course with the demo's solution."""
    monkeypatch.setattr(course, "root", lambda: tmp_path)
    monkeypatch.setattr(course, "LESSONS", course.LESSONS[-1:])
    (tmp_path / "solutions").mkdir()
    answer = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"
    cells = [cell for name in demo.exercise.questions for cell in (answer, f'check("{name}")')]
    demo.write_notebook(tmp_path / "solutions" / "99_demo.ipynb", demo.SETUP, *cells)
    return tmp_path


def test_release_writes_what_differs(run, course_folder):
    target = course_folder / "exercises" / "exercise_99_demo.ipynb"
    assert run("release", "--check").exit_code == 1
    assert not target.exists()
    assert run("release").stdout.startswith("written")
    assert run("release", "demo").stdout.startswith("unchanged")
    assert run("release", "--check").exit_code == 0
    target.write_bytes(target.read_bytes() + b" ")
    result = run("release", "--check")
    assert result.exit_code == 1
    assert f"differs    {target}" in result.stdout
    assert run("release", "--out", course_folder / "elsewhere" / "deep").exit_code == 0
    assert (course_folder / "elsewhere" / "deep" / "exercise_99_demo.ipynb").exists()


def test_progress_that_cannot_be_read_has_exit_code_2(run, progress_file):
    progress_file.mkdir(parents=True)
    result = run("progress")
    assert result.exit_code == 2
    assert result.stderr == f"coursekit: {progress_file} cannot be read: Is a directory.\n"


def test_release_refuses_with_exit_code_2(run, course_folder, monkeypatch):
    assert run("release", "nothing").exit_code == 2
    monkeypatch.setattr(course, "LESSONS", (replace(course.LESSONS[0], points=6),))
    result = run("release")
    assert result.exit_code == 2
    assert "its questions have 5 points, coursekit.course says 6" in result.stderr
    (course_folder / "solutions" / "99_demo.ipynb").unlink()
    monkeypatch.setattr(course, "LESSONS", (replace(course.LESSONS[0], points=5),))
    assert "There is no file" in run("release").stderr


@pytest.fixture
def no_checks(monkeypatch, tmp_path):
    """A course whose only lesson has no page of checks, and the folder where the page would lie."""
    monkeypatch.setattr(course, "LESSONS", (course.Lesson(98, "unchecked", "Not checked", 1, 1, 5),))
    monkeypatch.setattr(checks, "__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "coursekit.checks.unchecked", raising=False)
    return tmp_path


@pytest.mark.parametrize("asked", ["release", "progress"])
def test_a_lesson_without_checks_is_told_in_a_sentence(asked, command, no_checks):
    result = command(asked)
    assert result.exit_code == 2
    assert "98_unchecked has no checks yet: write coursekit/checks/unchecked.py" in result.stderr
    assert "Traceback" not in result.stderr


def test_checks_that_import_what_is_missing_are_not_called_missing(command, no_checks):
    (no_checks / "unchecked.py").write_text("import no_such_library")
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        command("progress")


def test_importing_the_checks_engine_loads_nothing_heavy():
    code = (
        "import sys, coursekit.grading.commands, coursekit.worker.serving\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'scipy', 'sklearn', 'nbformat', 'jsonschema', 'pandas'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
