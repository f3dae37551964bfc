"""How far a run is: bars on a terminal; elsewhere a line now and then, for logs."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from coursekit.executors.tasks import OnReport, ignore
from coursekit.regenerate.jobs import Execution, NotebookJob

INTERVAL = 10.0


class Progress:
    """Is told what begins and what ends; this one ignores it."""

    def begun(self, jobs: int, earlier: int) -> None:
        """So many jobs are to be done, so many of them were done in an earlier run."""

    def cells_of(self, job: NotebookJob) -> OnReport:
        """What is called, from any thread, with the cells that have run and all cells of a job.

        None have run when the job begins, which on a cluster may be long after it was handed out, and more than once.
        """
        return ignore

    def ended(self, execution: Execution) -> None:
        """A job is done."""


class Lines(Progress):
    """A line for each job every ten seconds, and one at its end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def begun(self, jobs: int, earlier: int) -> None:
        if earlier:
            self._say(f"{earlier} of {jobs} notebooks were executed earlier; their copies are kept.")

    def cells_of(self, job: NotebookJob) -> OnReport:
        start = told = time.monotonic()

        def report(done: int, total: int) -> None:
            nonlocal start, told
            now = time.monotonic()
            if done == 0:
                start = told = now
            elif now - told >= INTERVAL:
                told = now
                self._say(f"{job.title}: {done} of {total} cells, {now - start:.0f} s")

        return report

    def ended(self, execution: Execution) -> None:
        self._say(f"{execution.job.title}: {'passed' if execution.passed else 'FAILED'}, {execution.seconds:.0f} s")

    def _say(self, line: str) -> None:
        with self._lock:
            print(line, file=self._stream, flush=True)


class Bars(RichProgress, Progress):
    """A bar for each notebook that has begun, and one for all of them."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        unit = TextColumn("{task.fields[unit]}")
        super().__init__(*columns, unit, TimeElapsedColumn(), console=Console(stderr=True))
        self._of: dict[str, TaskID] = {}
        self._all = self.add_task("all", total=None, unit="notebooks", visible=False)

    def begun(self, jobs: int, earlier: int) -> None:
        self.update(self._all, total=jobs, completed=earlier, visible=jobs > 1)

    def cells_of(self, job: NotebookJob) -> OnReport:
        def report(done: int, total: int) -> None:
            if job.title not in self._of:
                self._of[job.title] = self.add_task(job.title, total=total, unit="cells")
            if done == 0:
                self.reset(self._of[job.title])
            self.update(self._of[job.title], completed=done)

        return report

    def ended(self, execution: Execution) -> None:
        self.advance(self._all)
        if execution.job.title in self._of:
            self.stop_task(self._of[execution.job.title])


def for_this_terminal() -> contextlib.AbstractContextManager[Progress]:
    """Bars if standard error is a terminal, else lines; for a ``with`` statement."""
    return Bars() if sys.stderr.isatty() else contextlib.nullcontext(Lines(sys.stderr))
