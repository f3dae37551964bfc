"""The batch: jobs go to threads, marks come back and are kept one by one. A job can fail, a batch cannot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from coursekit.classroom.intake.cleaning import clean
from coursekit.classroom.marking.jobs import Job
from coursekit.classroom.marking.ledger import CannotWrite, Ledger, Mark
from coursekit.executors.interrupts import interrupts_set
from coursekit.executors.tasks import ExecutorError, WorkLost
from coursekit.worker.failures import CheckingError
from coursekit.worker.text import shorten

Marker = Callable[[Job], Mark]
POLL = 0.2


class Stopped(CheckingError):
    """The batch was stopped before this job was done."""


@dataclass
class Outcome:
    """What became of a batch.

    Attributes:
        marked: how many jobs were marked now.
        failures: for each job that could not be marked, its key and why.
        interrupted: whether it was stopped before its end.
    """

    marked: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False


def run(
    jobs: Sequence[Job],
    marker: Marker,
    ledger: Ledger,
    at_once: int = 1,
    stop: Callable[[], None] = lambda: None,
    on_done: Callable[[Job], None] = lambda job: None,
) -> Outcome:
    """Mark the jobs that the ledger does not hold yet. Ctrl-C, or SIGTERM, stops it in order.

    Args:
        jobs: what to mark.
        marker: marks one job; called from several threads at once.
        ledger: where each mark is kept, before the next job is begun in its place.
        at_once: how many jobs run at a time.
        stop: called when the batch is to end early, to end what the marker is running.
        on_done: called after each job.

    Raises:
        coursekit.classroom.marking.ledger.CannotWrite: a mark cannot be kept; what is running is stopped.
    """
    outcome = Outcome()
    waiting = iter([job for job in jobs if job.key not in ledger.marks])
    halted = threading.Event()

    def mark(job: Job) -> Mark:
        if halted.is_set():
            raise Stopped
        return marker(job)

    running: dict[Future[Mark], Job] = {}
    with interrupts_set(halted), ThreadPoolExecutor(at_once, thread_name_prefix="marking") as threads:
        try:
            while not halted.is_set():
                while len(running) < at_once and (job := next(waiting, None)) is not None:
                    running[threads.submit(mark, job)] = job
                if not running:
                    return outcome
                for done in wait(running, timeout=POLL, return_when=FIRST_COMPLETED).done:
                    job = running.pop(done)
                    _keep(done, job, ledger, outcome)
                    on_done(job)
        finally:
            if running:
                halted.set()
                stop()
        outcome.interrupted = True
        for done, job in running.items():
            _keep(done, job, ledger, outcome)
    return outcome


def _keep(done: Future[Mark], job: Job, ledger: Ledger, outcome: Outcome) -> None:
    """Keep the mark of a job, or say why there is none."""
    error = done.exception()
    if error is None:
        ledger.add(done.result())
        outcome.marked += 1
    elif isinstance(error, CannotWrite) or (isinstance(error, ExecutorError) and not isinstance(error, WorkLost)):
        raise error
    elif not isinstance(error, Stopped):
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        outcome.failures[job.key] = f"It could not be marked. {shorten(clean(told), 300)}"
