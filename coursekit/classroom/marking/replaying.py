"""Marks made again from recorded answers, without running any code of a learner's."""

from __future__ import annotations

from dataclasses import replace

from coursekit.classroom.marking.jobs import MarkingJob
from coursekit.classroom.marking.ledger import Ledger, Mark
from coursekit.grading.recording import NotRecorded, ReplayedAnswers, Replies, UnusableRecording


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
    earlier = ledger.latest(job.run)
    if earlier is None:
        return None
    try:
        replies = Replies(ledger.answers(job.run).read_bytes())
        report = job.checks.exercise.run(ReplayedAnswers(replies))
    except (FileNotFoundError, UnusableRecording, NotRecorded):
        return None
    report = replace(report, cells=replies.cells)
    return Mark(job.key, job.run, report, earlier.seconds, earlier.level, job.checks.private, replayed=True)
