"""How a run tells how far it is."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest

from coursekit.regenerate import progress


@pytest.fixture
def job(notebook, plan):
    """A job."""
    return plan(notebook("x = 1"))[0]


def test_lines_come_now_and_then_and_at_the_end(job, done, monkeypatch):
    stream = io.StringIO()
    lines = progress.Lines(stream)
    lines.begun(3, 1)
    tell = lines.cells_of(job)
    tell(1, 9)
    monkeypatch.setattr(progress, "INTERVAL", 0)
    tell(2, 9)
    lines.ended(done(job))
    lines.ended(done(job, "broken"))

    assert stream.getvalue().splitlines() == [
        "1 of 3 notebooks were executed earlier; their copies are kept.",
        "notebooks/lesson: 2 of 9 cells, 0 s",
        "notebooks/lesson: passed, 3 s",
        "notebooks/lesson: FAILED, 3 s",
    ]


def test_seconds_count_from_the_beginning_of_a_notebook_not_from_when_it_was_handed_out(job, monkeypatch):
    stream, clock = io.StringIO(), [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    tell = progress.Lines(stream).cells_of(job)
    for now, cells in ((299, 0), (302, 1), (310, 2), (400, 0), (411, 1)):  # its worker ended; it begins anew on another
        clock[0] = now
        tell(cells, 9)

    assert stream.getvalue().splitlines() == [
        "notebooks/lesson: 2 of 9 cells, 11 s",
        "notebooks/lesson: 1 of 9 cells, 11 s",
    ]


def test_the_seconds_of_a_bar_count_from_the_beginning_of_its_notebook(job, monkeypatch):
    bars = progress.Bars()
    tell = bars.cells_of(job)
    clock = [100.0]
    monkeypatch.setattr(bars, "get_time", lambda: clock[0])
    for now, cells in ((299, 0), (302, 1), (400, 0), (411, 1)):
        clock[0] = now
        tell(cells, 9)

    (bar,) = (each for each in bars.tasks if each.description == job.title)
    assert (bar.elapsed, bar.completed, bar.total) == (11, 1, 9)


def test_a_terminal_shows_a_bar_for_each_notebook_and_one_for_all():
    code = """
from pathlib import Path
from coursekit.regenerate.jobs import Execution, NotebookJob
from coursekit.regenerate.progress import for_this_terminal
jobs = [NotebookJob(Path(f"notebooks/[{name}].ipynb"), Path(f"build/[{name}].ipynb")) for name in "ab"]
with for_this_terminal() as bars:
    bars.begun(2, 0)
    for job in jobs:
        bars.cells_of(job)(4, 7)
    bars.ended(Execution(jobs[0], 1.0, {}))
"""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "120", "TERM": "xterm"}
    process = subprocess.Popen([sys.executable, "-c", code], stderr=theirs, env=environment)
    os.close(theirs)
    shown = read_all(ours).decode()

    assert process.wait(timeout=60) == 0
    for words in ("notebooks/[a]", "notebooks/[b]", "4/7", "cells", "1/2", "notebooks"):
        assert words in shown, shown


def read_all(descriptor):
    """What comes from a terminal until its last writer ends."""
    parts = []
    with open(descriptor, "rb", buffering=0) as terminal:
        try:
            while part := terminal.read(4096):
                parts.append(part)
        except OSError:  # how Linux tells that the other end is closed
            pass
    return b"".join(parts)
