"""The Makefile: when it makes the environment anew, and what it says about a Python that will not do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit import course

INHERITED = ("PYTHON", "ARGS", "LESSONS", "MAKEFLAGS", "MAKELEVEL")  # of a make that runs these tests
MADE_ANEW, INSTALLED = "-m venv --clear .venv", "-m pip install"


@pytest.fixture
def clone(tmp_path) -> Path:
    """A folder with a finished environment, as far as make can tell."""
    for name in ("requirements.lock", "pyproject.toml", "Makefile"):
        shutil.copy(course.root() / name, tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / ".installed").write_text(f"{tmp_path}\n")
    return tmp_path


def make(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if name not in INHERITED}
    return subprocess.run(
        ["make", *arguments], cwd=clone, env=clean | environment, capture_output=True, text=True, timeout=60
    )


def fake_python(folder: Path, version: str) -> str:
    """An interpreter that only knows its version."""
    path = folder / "python-fake"
    numbers = tuple(map(int, version.split(".")))
    path.write_text(
        f"#!{sys.executable}\nimport sys\nif '--version' in sys.argv:\n    print('Python {version}')\n"
        f"else:\n    sys.version_info = {numbers}\n    exec(sys.argv[2])\n"
    )
    path.chmod(0o755)
    return str(path)


def test_a_finished_environment_is_left_alone(clone):
    assert make(clone, "-n", "run").stdout.split() == [".venv/bin/coursekit", "run", "01"]


def test_lessons_are_passed_on(clone):
    assert make(clone, "-n", "run", "LESSONS=01 02").stdout.split()[2:] == ["01", "02"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda clone: shutil.rmtree(clone / ".venv"),
        lambda clone: (clone / ".venv" / ".installed").unlink(),
        lambda clone: (clone / ".venv" / ".installed").write_text("/where/it/was/before\n"),
        lambda clone: (clone / ".venv" / "bin" / "python").unlink(),
    ],
    ids=["missing", "half made", "moved", "without its Python"],
)
def test_a_broken_environment_is_made_anew(clone, spoil):
    spoil(clone)

    assert MADE_ANEW in make(clone, "-n", "test").stdout


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_newer_pin_is_installed_into_the_environment_there_is(clone, name):
    later = (clone / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(clone / name, (later, later))

    said = make(clone, "-n", "run").stdout

    assert INSTALLED in said
    assert MADE_ANEW not in said


def test_another_python_is_honoured(clone, tmp_path):
    other = fake_python(tmp_path, "3.12.4" if sys.version_info[:2] != (3, 12) else "3.11.4")

    assert f"{other} {MADE_ANEW}" in make(clone, "-n", "run", PYTHON=other).stdout
    assert MADE_ANEW not in make(clone, "-n", "run", PYTHON=sys.executable).stdout


@pytest.mark.parametrize("version", ["3.9.19", "2.7.18", "3.14.0"])
def test_a_python_that_will_not_do_is_named_before_anything_is_made(clone, tmp_path, version):
    shutil.rmtree(clone / ".venv")

    ended = make(clone, "run", PYTHON=fake_python(tmp_path, version))

    assert ended.returncode != 0
    assert f"needs Python 3.10 to 3.13; {tmp_path / 'python-fake'} is Python {version}." in ended.stderr
    assert "PYTHON=python3.12 make run" in ended.stderr
    assert not (clone / ".venv").exists()


def test_help_is_the_default(clone):
    said = make(clone).stdout

    for target in ("run", "lab", "test", "unit", "test-full", "lint", "release", "bench", "soak", "interop", "lock"):
        assert f"make {target} " in said
