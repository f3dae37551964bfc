"""How far a run is: bars on a terminal; elsewhere a line now and then, for logs."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TextIO

from rich import progress
from rich.console import Console

from coursekit.executors.tasks import OnReport
from coursekit.regenerate.jobs import Execution, NotebookJob

INTERVAL = 10.0


class Lines:
    """A line for each job every ten seconds, and one at its end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def begun(self, jobs: int, earlier: int) -> None:
        """So many jobs are to be done, so many of them were done in an earlier run."""
        if earlier:
            self._say(f"{earlier} of {jobs} notebooks were executed earlier; their copies are kept.")

    def cells_of(self, job: NotebookJob) -> OnReport:
        """What is called, from any thread, with the cells that have run and all cells of a job.

        None have run when the job begins, which on a cluster may be long after it was handed out, and more than once.
        """
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
        """A job is done."""
        self._say(f"{execution.job.title}: {'passed' if execution.passed else 'FAILED'}, {execution.seconds:.0f} s")

    def _say(self, line: str) -> None:
        print(f"{line}\n", end="", file=self._stream, flush=True)  # at once: jobs run in several threads


class Bars(progress.Progress):
    """A bar for each notebook that has begun, and one for all of them; is told the same as :class:`Lines`."""

    def __init__(self) -> None:
        super().__init__(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[unit]}"),
            progress.TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._of: dict[str, progress.TaskID] = {}
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


Progress = Lines | Bars


def for_this_terminal() -> contextlib.AbstractContextManager[Progress]:
    """Bars if standard error is a terminal, else lines; for a ``with`` statement."""
    return Bars() if sys.stderr.isatty() else contextlib.nullcontext(Lines(sys.stderr))
