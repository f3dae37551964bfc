"""Every test here keeps its own progress file, and runs outside of nbgrader."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import scipy.linalg  # noqa: F401 (NumPy's and SciPy's threads are counted now)

from coursekit import cli

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop("OPENBLAS_NUM_THREADS", None)  # what a test starts counts its own

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in what a shell starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def progress_file(tmp_path, monkeypatch):
    """The progress file of this test."""
    for name in ("NBGRADER_EXECUTION", "NBGRADER_VALIDATING", "COURSEKIT_WORKER"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "progress" / "progress.json"
    monkeypatch.setenv("COURSEKIT_PROGRESS", str(file))
    return file


@contextlib.contextmanager
def _costs_at_most(loops: float) -> Iterator[None]:
    before, began = _loop(), time.process_time()
    yield
    seconds = time.process_time() - began
    assert seconds < loops * max(before, _loop())


def _loop() -> float:
    began = time.process_time()
    for number in range(1_000_000):
        number * number % 7
    return time.process_time() - began


@pytest.fixture
def costs_at_most():
    """Holds that what stands in it takes at most so many times the processor's time of a loop of a million steps.

    Times and no seconds: one machine takes twice as long as another, and longer beside the other worker.
    """
    return _costs_at_most


@pytest.fixture
def demo_lesson(monkeypatch):
    """The demo exercise as the course's second lesson."""
    import types

    import grading_demo

    from coursekit import course

    lesson = course.Lesson(99, "demo", "A demo", 1, 1, 5)
    monkeypatch.setattr(course, "LESSONS", (*course.LESSONS, lesson))
    module = types.ModuleType("coursekit.checks.demo")
    module.exercise = grading_demo.exercise
    monkeypatch.setitem(sys.modules, "coursekit.checks.demo", module)
    return lesson


@dataclass
class Ended:
    """What a command left: its exit code, and what it printed."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs a command as a shell would, in this process, with a wide terminal."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        return Ended(ended.value.code or 0, *capsys.readouterr())

    return run
