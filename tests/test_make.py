"""The Makefile: what it passes on to start.py, and what is said about a Python that will not do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit import course

INHERITED = ("PYTHON", "ARGS", "LESSONS", "NOTEBOOKS", "MAKEFLAGS", "MAKELEVEL")  # of a make that runs these tests


@pytest.fixture
def clone(tmp_path) -> Path:
    """What make needs of the course."""
    for name in ("requirements.lock", "pyproject.toml", "Makefile", "start.py"):
        shutil.copy(course.root() / name, tmp_path)
    return tmp_path


def make(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if name not in INHERITED}
    return subprocess.run(
        ["make", *arguments], cwd=clone, env=clean | environment, capture_output=True, text=True, timeout=60
    )


def fake_python(folder: Path, version: str) -> str:
    """An interpreter that says it is of that version."""
    path = folder / "python-fake"
    path.write_text(
        f"#!{sys.executable}\nimport runpy, sys\n"
        f"sys.version_info, sys.executable = {tuple(map(int, version.split('.')))}, {str(path)!r}\n"
        "sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "passed_on"),
    [
        (["run"], "python3 start.py run 01"),
        (["run", "LESSONS=01 02", "ARGS=--quick"], "python3 start.py run 01 02 --quick"),
        (["lab"], "python3 start.py lab"),
        (["site", "ARGS=--without-solutions"], "python3 start.py site --without-solutions"),
        (["unit", 'ARGS=-k "a or b"'], 'python3 start.py unit -k "a or b"'),
        (["run", "PYTHON=python3.12"], "python3.12 start.py --this-python run 01"),
        ([".venv/.installed"], "python3 start.py setup"),
    ],
)
def test_what_is_asked_for_is_passed_on(clone, arguments, passed_on):
    assert " ".join(make(clone, "-n", *arguments).stdout.split()) == passed_on


@pytest.mark.parametrize(
    ("arguments", "told"), [([], "notebooks solutions"), (["NOTEBOOKS=a.ipynb"], "a.ipynb"), (["NOTEBOOKS="], "")]
)
def test_the_notebooks_to_test_are_told_by_the_environment(clone, tmp_path, arguments, told):
    (tmp_path / "python-fake").write_text('#!/bin/sh\necho "$NOTEBOOKS"\n')
    (tmp_path / "python-fake").chmod(0o755)

    assert make(clone, "test-full", *arguments, PYTHON=str(tmp_path / "python-fake")).stdout == f"{told}\n"


def test_what_make_does_itself_has_the_environment_first(clone):
    first, second = make(clone, "-n", "bench", "ARGS=imports").stdout.splitlines()

    assert first.split() == ["python3", "start.py", "setup"]
    assert second == ".venv/bin/python benchmarks/bench.py imports"


@pytest.mark.parametrize("version", ["3.9.19", "3.14.0"])
def test_a_python_that_will_not_do_is_named_before_anything_is_made(clone, tmp_path, version):
    ended = make(clone, "run", PYTHON=fake_python(tmp_path, version))

    assert ended.returncode != 0
    assert f"needs Python 3.10 to 3.13; {tmp_path / 'python-fake'} is Python {version}." in ended.stderr
    assert re.search(r"PYTHON=python3\.1[0-3] make run\n", ended.stderr)
    assert not (clone / ".venv").exists()


def test_help_is_the_default(clone):
    said = make(clone).stdout

    for target in (
        "run",
        "lab",
        "test",
        "unit",
        "test-full",
        "lint",
        "site",
        "release",
        "bench",
        "soak",
        "interop",
        "lock",
    ):
        assert f"make {target} " in said
