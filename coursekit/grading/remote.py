"""Answers from a notebook that runs in another process.

The process holds the learner's code and nothing of the check; what passes between the two is plain data, validated on
arrival, and every decision is made on this side. Whether that process is sealed off depends on what starts it: a
:class:`~coursekit.sandbox.unsealed.WorkerProcess` is not, and is for one's own work; for that of others there is
:class:`coursekit.sandbox.WorkerPool`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from coursekit.grading.answers import Answers
from coursekit.grading.notebook_file import Cell
from coursekit.grading.results import CellError
from coursekit.sandbox.unsealed import WorkerProcess
from coursekit.worker import failures, wire
from coursekit.worker.channel import Worker, WorkerEnded, WorkerLost, WorkerStuck

MAX_STARTS = 6
GRACE = 5.0
STARTING = 120.0


class RemoteAnswers(Answers):
    """Answers from a worker process that has run a notebook's cells.

    A cell or an answer that takes too long is interrupted in the process; where that does not help, the process is
    ended from here. After an end, the next request starts a new process and runs the cells again, without those that
    ended it or took too long; a few times at most.

    Args:
        cells: the learner's code cells.
        folder: where the notebook lies.
        cell_seconds: how long each cell may take.
        on_step: called with a few words before each cell.
        start: what starts a worker, given the folder.
        seconds_in_all: how long everything may take together.
        grace: seconds beyond its time after which the process is ended.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        folder: Path,
        cell_seconds: float = 600.0,
        on_step: Callable[[str], None] = lambda words: None,
        start: Callable[[Path], Worker] = WorkerProcess,
        seconds_in_all: float = math.inf,
        grace: float = GRACE,
    ) -> None:
        super().__init__()
        self._cells, self._folder, self._cell_seconds = cells, folder, cell_seconds
        self._on_step, self._start, self._grace = on_step, start, grace
        self._seconds_in_all, self._last = seconds_in_all, time.monotonic() + seconds_in_all
        self._worker: Worker | None = None
        self._starts = 0
        self._left_out: dict[int, failures.AnswerFailure] = {}
        self._failed: dict[int, failures.AnswerFailure] = {}

    def __enter__(self) -> RemoteAnswers:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and all that it started."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    @property
    def cell_errors(self) -> tuple[CellError, ...]:
        """The cells that did not run to their end, except those that are not written yet."""
        failed = sorted((self._failed | self._left_out).items())
        return tuple(CellError(number, failure.message) for number, failure in failed if failure.finished)

    def run_cells(self) -> None:
        """Run the cells now, in a new process if there is none. Every request does this by itself."""
        while self._worker is None:
            if time.monotonic() >= self._last:
                raise failures.TimedOut.after("The whole notebook", self._seconds_in_all)
            if self._starts == MAX_STARTS:
                raise failures.Ended(f"The notebook ended its Python process {MAX_STARTS} times; it is not run again.")
            self._starts += 1
            self._left_out |= {n: each for n, each in self._failed.items() if isinstance(each, failures.TimedOut)}
            self._failed = {}
            self._worker = self._started()
            for cell in self._cells:
                if self._worker is not None and cell.number not in self._left_out:
                    self._run_cell(cell)
            self._on_step("checking")

    def _started(self) -> Worker:
        worker = self._start(self._folder)
        try:
            worker.exchange(wire.encode({"ask": "hello"}), STARTING)
        except (WorkerStuck, WorkerEnded, WorkerLost) as error:
            raise failures.CannotStart(
                "The process for the notebook did not start. To see why, run: python -m coursekit.worker.serving ."
            ) from error
        return worker

    def _run_cell(self, cell: Cell) -> None:
        self._on_step(f"running cell {cell.number}")
        request = {"ask": "cell", "number": cell.number, "source": cell.source, "seconds": self._cell_seconds}
        try:
            reply = self._send(wire.encode(request), f"Cell {cell.number}", self._cell_seconds)
            failure = _failure(reply)
        except (failures.Ended, failures.TimedOut) as ended:
            failure = ended
        if failure is not None:
            (self._left_out if self._worker is None else self._failed)[cell.number] = failure

    def _exchange(self, request: bytes, name: str) -> Any:
        self.run_cells()
        return self._send(request, f"`{name}`", self.seconds)

    def _send(self, request: bytes, what: str, seconds: float) -> Any:
        worker, self._worker = self._worker, None
        left = max(self._last - time.monotonic(), 0)
        try:
            reply = worker.exchange(request, min(seconds + self._grace, left))
        except WorkerStuck:
            if left <= seconds:
                raise failures.TimedOut.after("The whole notebook", self._seconds_in_all) from None
            raise failures.TimedOut.after(what, seconds) from None
        except WorkerEnded as end:
            raise failures.Ended.during(what, str(end)) from None
        except WorkerLost:
            raise failures.Lost(f"{what} was running when its process was ended from outside. Run it again.") from None
        try:
            failure = _failure(reply)
        except ValueError as error:
            worker.close()
            raise failures.Ended.during(what, f"after it sent what is no reply ({error})") from None
        if isinstance(failure, (failures.TimedOut, failures.NoRoom)):
            worker.interrupted()
        self._worker = worker
        return reply


def _failure(reply: Any) -> failures.AnswerFailure | None:
    """The failure that a reply tells of, if it does.

    Raises:
        ValueError: it holds neither an answer nor a failure.
    """
    if isinstance(reply, dict) and reply.keys() == {"failure"}:
        return failures.from_data(reply["failure"])
    if isinstance(reply, dict) and reply.keys() == {"answer"}:
        return None
    raise wire.ProtocolError("a reply holds an answer or a failure")
