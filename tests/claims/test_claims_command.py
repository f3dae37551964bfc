"""`coursekit claims`: the register as a table and as JSON, at once, and a clear error for what it cannot read."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from test_register import bundle, stored

from coursekit import course
from coursekit.claims.comparison import Arm, Comparison

CONTROL = Arm("control", (0.50, 0.51, 0.49))
HELPS = Comparison("It helps", "loss", "lower", Arm("treated", (0.29, 0.31, 0.30)), CONTROL, (0, 1, 2), 4.2)
NOTHING = Comparison("So does this", "loss", "lower", Arm("placebo", (0.49, 0.52, 0.50)), CONTROL, (0, 1, 2))


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """A course of three lessons, the second with two claims."""
    monkeypatch.setattr(course, "LESSONS", course.LESSONS[:3])
    monkeypatch.setattr(course, "root", lambda: tmp_path)
    (tmp_path / "notebooks").mkdir()
    for lesson, claims in zip(course.LESSONS, ([], [HELPS, NOTHING], [])):
        lesson.notebook.write_bytes(stored(*map(bundle, claims)))
    return course.LESSONS


@pytest.mark.usefixtures("lessons")
def test_the_register_of_the_course(command):
    ended = command("claims")

    rows = [[part.strip() for part in line.split("  ") if part.strip()] for line in ended.stdout.splitlines()]
    assert [row for row in rows if len(row) > 1][1:] == [
        ["2", "It helps", "✓ holds", "−0.200"],
        ["loss: treated − control; 3 seeds, 4 s", "−0.225 to −0.175"],
        ["2", "So does this", "~ within the noise", "+0.003"],
        ["loss: placebo − control; 3 seeds", "−0.025 to +0.032"],
    ]
    assert "2 claims in 1 of 3 lessons: 1 holds, 1 within the noise, 0 contradicted." in ended.stdout
    assert (ended.exit_code, ended.stderr) == (0, "")


@pytest.mark.usefixtures("lessons")
def test_one_lesson(command):
    assert "2 claims in 1 of 1 lessons" in command("claims", "imdb_dense").stdout
    assert command("claims", "1").stdout == (
        "0 claims in 0 of 1 lessons: 0 holds, 0 within the noise, 0 contradicted.\n"
    )


@pytest.mark.usefixtures("lessons")
def test_the_register_for_programs(command):
    rows = json.loads(command("claims", "--json").stdout)

    assert [row.pop("lesson") for row in rows] == ["02_imdb_dense"] * 2
    assert rows == [json.loads(json.dumps(claim.as_data())) for claim in (HELPS, NOTHING)]
    assert rows[0].keys() == {
        *("sentence", "measure", "better", "treatment", "control", "seeds", "seconds", "each"),
        *("effect", "interval", "verdict"),
    }
    assert rows[0]["treatment"] == {"name": "treated", "values": [0.29, 0.31, 0.30]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"# no notebook", "03_regularization.ipynb is not JSON"),
        (b"[]", "03_regularization.ipynb is JSON, but no notebook"),
        (b'{"cells": []}', "stores no outputs. Store its outputs with: coursekit run 3 --update"),
        (None, "is not there. Restore it with: git checkout"),
        (
            stored(bundle(HELPS) | {"text/plain": "It cures."}),
            "03_regularization.ipynb, code cell 2: the stored comparison cannot be used: by its values",
        ),
    ],
)
def test_what_cannot_be_read_is_told(command, lessons, content, told):
    lessons[2].notebook.unlink() if content is None else lessons[2].notebook.write_bytes(content)

    ended = command("claims")

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("coursekit: ")
    assert told in ended.stderr


def test_an_unknown_lesson_is_told(command):
    assert "No lesson '99'" in command("claims", "99").stderr


def test_the_register_loads_nothing_heavy():
    code = (
        "import sys; from coursekit import cli\n"
        "try: cli.main(['claims'])\n"
        "except SystemExit as ended: assert not ended.code\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'scipy.stats', 'nbformat', 'papermill'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stderr) == (0, "")
