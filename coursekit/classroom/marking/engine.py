"""The batch: jobs go to a marker, marks come back and are kept one by one. A job can fail, a batch cannot.

Or marks are made again from recorded answers, without running any code of a learner's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from coursekit.classroom.intake.cleaning import clean
from coursekit.classroom.intake.submissions import HandedIn
from coursekit.classroom.marking.jobs import MarkingJob
from coursekit.classroom.marking.ledger import Ledger, Mark
from coursekit.executors.bounded import Done, Interrupted, bounded
from coursekit.executors.tasks import Executor, ExecutorError, WorkLost
from coursekit.grading.notebook_file import Cell
from coursekit.grading.recording import NotRecorded, ReplayedAnswers, Replies, UnusableRecording
from coursekit.worker.text import shorten


class Marker(Protocol):
    """Has notebooks marked by its executor."""

    @property
    def executor(self) -> Executor: ...

    def begin(self, job: MarkingJob, cells: Sequence[Cell]) -> Done:
        """Start marking these cells of a notebook; the future gets what
        :func:`coursekit.classroom.marking.markers.mark` returns."""


@dataclass
class MarkingOutcome:
    """What became of a batch.

    Attributes:
        failures: for each job that could not be marked, its key and why.
        interrupted: whether it was stopped before its end.
    """

    failures: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False


def run(
    jobs: Iterable[MarkingJob],
    marker: Marker,
    handed_in: HandedIn,
    ledger: Ledger,
    on_done: Callable[[MarkingJob], None] = lambda job: None,
) -> MarkingOutcome:
    """Mark the jobs. Ctrl-C, or SIGTERM, stops it in order.

    What ran out of its time while others had the processors is marked once more at the end, alone.

    Args:
        jobs: what to mark.
        marker: marks them.
        handed_in: holds the submissions.
        ledger: where each mark is kept, before the next job is begun in its place.
        on_done: called after each job.

    Raises:
        coursekit.files.CannotWrite: a mark cannot be kept; what is running is stopped.
        coursekit.executors.ExecutorError: nothing can be marked any more.
    """
    outcome = MarkingOutcome()

    def begin(job: MarkingJob) -> Done:
        cells, modules = handed_in.of(job.submission)
        return marker.begin(replace(job, modules=modules), cells)

    starved: list[MarkingJob] = []
    try:
        with bounded(marker.executor, jobs, begin) as results:
            for job, done in results:
                _keep(job, done, ledger, outcome)
                on_done(job)
                starved += [job] if job.key in ledger.marks and ledger.marks[job.key].starved else []
        for job in starved:
            with bounded(marker.executor, [job], begin) as results:
                for _, done in results:
                    _keep(job, done, ledger, outcome, alone=True)
    except Interrupted:
        outcome.interrupted = True
    return outcome


def _keep(job: MarkingJob, done: Done, ledger: Ledger, outcome: MarkingOutcome, alone: bool = False) -> None:
    """Keep the mark of a job, or say why there is none; ``alone``, none ran beside it."""
    error = done.exception()
    if error is None:
        made = done.result()
        starved = made["starved"] and not alone
        mark = Mark(
            job.key, job.run, made["report"], made["seconds"], made["level"], job.checks.private, starved=starved
        )
        ledger.add(mark, made["answers"])
    elif isinstance(error, ExecutorError) and not isinstance(error, WorkLost):
        raise error
    else:
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        outcome.failures[job.key] = f"It could not be marked. {shorten(clean(told), 300)}"


def recorded(job: MarkingJob, ledger: Ledger) -> Replies | None:
    """The answers that were recorded when a job was run, ``None`` where they were not kept."""
    try:
        return Replies(ledger.answers(job.run).read_bytes())
    except (FileNotFoundError, UnusableRecording):
        return None


def replay(job: MarkingJob, ledger: Ledger) -> Mark | None:
    """The mark of a job, from the answers that were recorded when it was run.

    Args:
        job: what to mark.
        ledger: holds the answers, and the mark that they gave then.

    Returns:
        ``None`` where the answers do not suffice, or were not kept: the submission has to run again.

    Raises:
        coursekit.worker.failures.BadCheck: a check is made wrongly.
    """
    earlier, replies = ledger.latest(job.run), recorded(job, ledger)
    if earlier is None or replies is None:
        return None
    try:
        report = job.checks.exercise.run(ReplayedAnswers(replies))
    except NotRecorded:
        return None
    asked = {question.name for question in report.questions}
    unverified = tuple(each for each in earlier.report.unverified if each.question in asked)
    report = replace(report, cells=replies.cells, unverified=unverified, notes=earlier.report.notes)
    return Mark(job.key, job.run, report, earlier.seconds, earlier.level, job.checks.private, replayed=True)
