"""Answers from a notebook that runs in another process.

The process holds the learner's code and nothing of the check; what passes between the two is plain data, validated on
arrival, and every decision is made on this side. Whether that process is sealed off depends on what starts it: a
:class:`~coursekit.sandbox.unsealed.UnsealedWorker` is not, and is for one's own work; for that of others there is
:class:`coursekit.sandbox.WorkerPool`.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from coursekit.grading.answers import Answers
from coursekit.grading.notebook_file import Cell
from coursekit.grading.results import PASSED, CellError, Note, Report
from coursekit.sandbox.unsealed import start_unsealed
from coursekit.worker import bounds, failures
from coursekit.worker.channel import Worker, WorkerEnded, WorkerLost, WorkerStuck
from coursekit.worker.requests import LookBack, PassCheck, Question, Reply, RunCell, SetRandomState, answer_bytes

Name = Annotated[str, msgspec.Meta(max_length=bounds.NAME_TOLD)]
Changed = dict[str, dict[str, Annotated[list[Name], msgspec.Meta(max_length=bounds.NAMES_OF_ONE)]]]
CHANGED = (
    '{names} was changed or deleted after check("{question}"). What it is at the end is marked, so the card may '
    "have shown more: take another name."
)


class RemoteAnswers(Answers):
    """Answers from a worker process that has run a notebook's cells.

    A cell or an answer that takes too long is interrupted in the process; where that does not help, the process is
    ended from here. After an end, the next request starts a new process and runs the cells again, without those that
    ended it or took too long; a few times at most, and not once it was asked what is private: what a cell does then
    could follow from what an earlier process was asked.

    Args:
        cells: the learner's code cells, with the check cells among them, which are not run.
        folder: whose files the process gets as well, if any.
        cell_seconds: how long each cell may take.
        on_step: called with a few words before each cell.
        start: starts a worker that answers, given the folder.
        seconds_in_all: how long everything may take together.
        grace: seconds beyond its time after which the process is ended.
        random_state: 32 bits from which the process's random numbers follow; its own if left out.

    Attributes:
        starved: whether something ran out of its time while it waited for a processor.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        folder: Path | None = None,
        cell_seconds: float = bounds.CELL_SECONDS,
        on_step: Callable[[str], None] = lambda words: None,
        start: Callable[[Path | None], Worker] = start_unsealed,
        seconds_in_all: float = math.inf,
        grace: float = bounds.GRACE_SECONDS,
        random_state: int | None = None,
    ) -> None:
        super().__init__()
        self._cells, self._folder, self._cell_seconds = cells, folder, cell_seconds
        self._on_step, self._start, self._grace, self._random_state = on_step, start, grace, random_state
        self._seconds_in_all, self._last = seconds_in_all, time.monotonic() + seconds_in_all
        self._worker: Worker | None = None
        self._starts = 0
        self._left_out: dict[int, failures.AnswerFailure] = {}
        self._failed: dict[int, failures.AnswerFailure] = {}
        self._told: tuple[CellError, ...] | None = None  # of the first run that came to its end
        self._frozen = self.starved = False
        self._changed: Changed = {}
        self._checks = {cell.checks_question: cell.number for cell in cells}  # the last of each question
        self._asked: dict[str, set[str]] = defaultdict(set)

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
    def seconds_left(self) -> float:  # type: ignore[override]  # a constant where nothing ends
        """For everything that is still to be run or asked."""
        return max(self._last - time.monotonic(), 0)

    @property
    def cell_errors(self) -> tuple[CellError, ...]:
        """The cells that did not run to their end, except those that are not written yet."""
        if self._told is not None:
            return self._told
        failed = sorted((self._failed | self._left_out).items())
        told = [CellError(number, failure.message) for number, failure in failed if failure.finished]
        if len(told) > bounds.CELL_ERRORS:
            more = f"{len(told) - bounds.CELL_ERRORS:,} more cells did not run to their end."
            told[bounds.CELL_ERRORS :] = [CellError(told[bounds.CELL_ERRORS].number, more)]
        return tuple(told)

    def notes(self, report: Report) -> tuple[Note, ...]:
        """For each question that was not passed, what its answer uses and was changed or deleted below its check."""
        told = []
        for result in report.questions:
            changed = self._changed.get(result.name, {})
            names = {name for asked in self._asked[result.name] for name in changed.get(asked, ())}
            if result.status != PASSED and names:
                listed = " and ".join(f"`{name}`" for name in sorted(names))
                told.append(Note(result.name, CHANGED.format(names=listed, question=result.name)))
        return tuple(told)

    def freeze(self) -> None:
        """Run the cells if they have not run to their end; from now on nothing runs them again or tells of them."""
        with contextlib.suppress(failures.AnswerFailure):
            self.run_cells()
        self._told, self._frozen = self.cell_errors, True

    def run_cells(self) -> None:
        """Run the cells now, in a new process if there is none. Every request does this by itself."""
        while self._worker is None:
            if self._frozen:
                raise failures.Ended("A private check ended the notebook's Python process; it is not run again.")
            if not self.seconds_left:
                raise failures.TimedOut.after("The whole notebook", self._seconds_in_all)
            if self._starts == bounds.MAX_STARTS:
                times = f"{self._starts} times"
                raise failures.Ended(f"The notebook ended its Python process {times}; it is not run again.")
            self._starts += 1
            self._left_out |= {n: each for n, each in self._failed.items() if isinstance(each, failures.TimedOut)}
            self._failed = {}
            self._worker = self._start(self._folder)
            if self._random_state is not None:
                self._send(SetRandomState(self._random_state).as_frame(), "The start", bounds.START_SECONDS)
            for cell in self._cells:
                if self._worker is not None and cell.number not in self._left_out:
                    self._run_cell(cell)
            if self._worker is not None and self._told is None:
                self._told = self.cell_errors
                self._look_back()
            self._on_step("checking")

    def exchange(self, question: Question, frame: bytes) -> Reply:
        """The worker's reply."""
        try:
            self.run_cells()
        except failures.AnswerFailure as failure:
            return Reply.of(failure=failure)
        self._asked[self.question].add(question.name)
        what = "A private check" if self._frozen else f"`{question.name}`"  # the message may be shown if all is lost
        return self._send(frame, what, question.seconds, answer_bytes(question))

    def _look_back(self) -> None:
        """Hear what is changed below the checks, before the process is asked anything else."""
        answer = self._send(LookBack().as_frame(), "The end", bounds.START_SECONDS).answer
        with contextlib.suppress(ValueError):  # it is the learner's process: who forges this hears nothing
            self._changed = msgspec.convert(answer, Changed)

    def _run_cell(self, cell: Cell) -> None:
        if cell.checks_question:
            if self._checks[cell.checks_question] == cell.number:
                self._send(PassCheck(cell.checks_question).as_frame(), f"Cell {cell.number}", bounds.START_SECONDS)
            return
        self._on_step(f"running cell {cell.number}")
        request = RunCell(cell.number, cell.source, self._cell_seconds)
        failure = self._send(request.as_frame(), f"Cell {cell.number}", self._cell_seconds).failure
        if failure is not None:
            (self._left_out if self._worker is None else self._failed)[cell.number] = failure

    def _send(self, request: bytes, what: str, seconds: float, most: float = bounds.ANSWER_BYTES) -> Reply:
        """The reply to a request; where the process did not survive it, a failure that says so."""
        worker, self._worker = self._worker, None
        assert worker is not None
        left, began = self.seconds_left, time.monotonic()
        self.running = what
        try:
            reply = worker.exchange(request, min(seconds + self._grace, left), most)
        except WorkerStuck:
            whole = left <= seconds
            stuck = failures.TimedOut.after(
                "The whole notebook" if whole else what, self._seconds_in_all if whole else seconds
            )
            return Reply.of(failure=stuck)
        except WorkerEnded as end:
            return Reply.of(failure=failures.Ended.during(what, str(end)))
        except WorkerLost:
            raise failures.Lost(f"{what} was running when its process was ended from outside. Run it again.") from None
        took_all = time.monotonic() - began >= seconds  # the process alone says that it waited, and may lie
        self.starved |= took_all and isinstance(reply.failure, failures.Starved)
        if isinstance(reply.failure, failures.TimedOut | failures.NoRoom):
            worker.interrupted()
        self._worker = worker
        return reply
