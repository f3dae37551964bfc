"""Work in threads of this process. What is heavy runs in processes that the work starts, such as kernels."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from coursekit.executors.tasks import Function, Halted, OnReport, Task, Work, ignore


class LocalExecutor:
    """Runs work on this machine.

    Args:
        jobs: how many pieces at a time.
    """

    here, ahead = True, 0

    def __init__(self, jobs: int = 1) -> None:
        self.slots = jobs
        self._stopping = threading.Event()
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="coursekit")

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self._threads.shutdown()

    def submit(self, function: Function, work: Work, on_report: OnReport = ignore) -> Future[dict[str, Any]]:
        """Start ``function(work, task)`` in a thread."""
        return self._threads.submit(self._perform, function, work, on_report)

    def stop(self) -> None:
        """Tell the work that runs to stop; what waits is not begun."""
        self._stopping.set()

    def _perform(self, function: Function, work: Work, on_report: OnReport) -> dict[str, Any]:
        if self._stopping.is_set():
            raise Halted
        return function(work, Task(self._stopping.is_set, on_report))
