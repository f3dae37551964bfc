"""Marks made again from recorded answers, without running any code of a learner's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from coursekit.classroom.marking.here import answers_file
from coursekit.classroom.marking.jobs import Job
from coursekit.classroom.marking.ledger import Mark
from coursekit.grading.recording import NotRecorded, ReplayedAnswers, Replies, UnusableRecording


def replay(job: Job, folder: Path, earlier: Mark | None) -> Mark | None:
    """The mark of a job, from the answers recorded in ``folder``.

    Args:
        job: what to mark.
        folder: where recorded answers lie.
        earlier: the mark of the run that was recorded.

    Returns:
        ``None`` where the answers do not suffice, or were not kept: the submission has to run again.

    Raises:
        coursekit.worker.failures.BadCheck: a check is made wrongly.
    """
    if earlier is None:
        return None
    try:
        replies = Replies(answers_file(folder, job.run).read_bytes())
        report = job.checks.exercise.run(ReplayedAnswers(replies))
    except (FileNotFoundError, UnusableRecording, NotRecorded):
        return None
    report = replace(report, cells=replies.cells)
    return Mark(job.key, job.run, report, earlier.seconds, earlier.level, job.checks.private, replayed=True)
