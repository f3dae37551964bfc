"""Traces that an attack could leave: files that changed, processes that go on."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from coursekit.grading.notebook import WORKER_VARIABLE


def contents(folder: Path) -> dict[Path, bytes]:
    """All files below ``folder``."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def of_workers() -> set[int]:
    """The processes of all workers and warm parents on this machine, by the mark in their environment."""
    found = set()
    for process in psutil.process_iter():
        try:
            if WORKER_VARIABLE in process.environ():
                found.add(process.pid)
        except psutil.Error:  # it ended meanwhile, or is another user's
            continue
    return found


def assert_gone(before: set[int], seconds: float = 5.0) -> None:
    """No process of a worker is left that was not there before."""
    last = time.monotonic() + seconds
    while (left := of_workers() - before) and time.monotonic() < last:
        time.sleep(0.02)
    assert not left
