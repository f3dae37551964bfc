"""The batch: jobs go to a marker, marks come back and are kept one by one. A job can fail, a batch cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from coursekit.classroom.intake.cleaning import clean
from coursekit.classroom.intake.sources import SubmissionSource
from coursekit.classroom.intake.submissions import content_of
from coursekit.classroom.marking.jobs import MarkingJob
from coursekit.classroom.marking.ledger import Ledger, Mark
from coursekit.executors.bounded import Done, Interrupted, bounded
from coursekit.executors.tasks import Executor, ExecutorError, WorkLost
from coursekit.worker.text import shorten


class Marker(Protocol):
    """Has notebooks marked by its executor."""

    @property
    def executor(self) -> Executor: ...

    def begin(self, job: MarkingJob, content: bytes) -> Done:
        """Start marking a notebook; the future gets what :func:`coursekit.classroom.marking.here.mark` returns."""


@dataclass
class MarkingOutcome:
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
    jobs: Iterable[MarkingJob],
    marker: Marker,
    source: SubmissionSource,
    ledger: Ledger,
    on_done: Callable[[MarkingJob], None] = lambda job: None,
) -> MarkingOutcome:
    """Mark the jobs that the ledger does not hold yet. Ctrl-C, or SIGTERM, stops it in order.

    Args:
        jobs: what to mark.
        marker: marks them.
        source: where the submissions are read from.
        ledger: where each mark is kept, before the next job is begun in its place.
        on_done: called after each job.

    Raises:
        coursekit.files.CannotWrite: a mark cannot be kept; what is running is stopped.
        coursekit.executors.ExecutorError: nothing can be marked any more.
    """
    outcome = MarkingOutcome()
    missing = [job for job in jobs if job.key not in ledger.marks]

    def begin(job: MarkingJob) -> Done:
        return marker.begin(job, content_of(source, job.submission))

    try:
        with bounded(marker.executor, missing, begin) as results:
            for job, done in results:
                _keep(job, done, ledger, outcome)
                on_done(job)
    except Interrupted:
        outcome.interrupted = True
    return outcome


def _keep(job: MarkingJob, done: Done, ledger: Ledger, outcome: MarkingOutcome) -> None:
    """Keep the mark of a job, or say why there is none."""
    error = done.exception()
    if error is None:
        made = done.result()
        mark = Mark(job.key, job.run, made["report"], made["seconds"], made["level"], job.checks.private)
        ledger.add(mark, made["answers"])
        outcome.marked += 1
    elif isinstance(error, ExecutorError) and not isinstance(error, WorkLost):
        raise error
    else:
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        outcome.failures[job.key] = f"It could not be marked. {shorten(clean(told), 300)}"
