"""Workers under attack, and the traces that an attack could leave: files that changed, processes that go on."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import psutil
import pytest

from coursekit.sandbox import WorkerPool, forkclient
from coursekit.worker.bounds import Limits

MARK = "COURSEKIT_MARK_OF_A_TEST"
LIMITS = Limits(seconds=120, cpu_seconds=60, memory=1000 * 2**20, tasks=64, scratch=32 * 2**20, files=128)


def contents(folder: Path) -> dict[Path, bytes]:
    """All files below ``folder``."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def of_workers() -> set[int]:
    """All processes that come from this one's warm parents, by the mark in their environment."""
    found = set()
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(os.getpid()):
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


@contextlib.contextmanager
def marked_pool(**options):
    """Workers whose processes can be found by a mark; no level that does not seal is taken."""
    environment, before = forkclient._environment, of_workers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forkclient, "_environment", lambda *given: environment(*given) | {MARK: str(os.getpid())})
        with WorkerPool(jobs=2, limits=LIMITS, **options) as pool:
            assert of_workers() > before
            yield pool
    assert_gone(before, seconds=20)
