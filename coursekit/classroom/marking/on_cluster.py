"""Marking on the workers of a cluster. Each keeps one pool of sealed workers, and is to its submissions what this
machine is otherwise: it holds the checks, and the learner's code runs in its sandbox."""

from __future__ import annotations

import platform
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from coursekit.classroom.intake.sources import SubmissionSource
from coursekit.classroom.intake.submissions import content_of
from coursekit.classroom.marking.engine import Stopped
from coursekit.classroom.marking.here import keep_answers, run_submission
from coursekit.classroom.marking.jobs import Job
from coursekit.classroom.marking.ledger import Mark
from coursekit.classroom.marking.private import checks_for
from coursekit.classroom.settings import GradingSettings
from coursekit.executors import Executor, ExecutorError, Halted, Task, kept
from coursekit.grading.questions import Exercise
from coursekit.grading.results import Report
from coursekit.sandbox import NoSandbox, WorkerPool


class ClusterMarker:
    """Marks one submission at a time for each thread that calls it, on a worker of a cluster.

    Args:
        source: where the submissions are read from.
        answers: the folder where recorded answers are kept.
        settings: how to grade; the private checks go to the workers as text.
        executor: sends the work; it is open.
        unsafe: whether workers may mark where they have no sandbox.
    """

    def __init__(
        self, source: SubmissionSource, answers: Path, settings: GradingSettings, executor: Executor, unsafe: bool
    ) -> None:
        self._source, self._answers, self._executor = source, answers, executor
        files = sorted(Path(settings.checks).glob("*.py")) if settings.checks else []
        limits = {"cell_seconds": settings.cell_seconds, "seconds_in_all": settings.seconds}
        self._common = {"private": tuple((file.name, file.read_text()) for file in files), "unsafe": unsafe}
        self._common["limits"] = limits
        self.stop = executor.stop

    def __call__(self, job: Job) -> Mark:
        """The mark of a job; its answers are on the disk when this returns.

        Raises:
            Stopped: the batch was stopped.
            coursekit.executors.ExecutorError: no worker survived it, or the cluster cannot be used any more.
        """
        work = {"title": job.submission.shown_file, "exercise": job.checks.exercise.name, **self._common}
        work["notebook"] = content_of(self._source, job.submission)
        try:
            done = self._executor.submit(mark, work).result()
        except Halted as error:
            raise Stopped from error
        keep_answers(self._answers, job.run, done["answers"])
        report = Report.from_data(done["report"])
        return Mark(job.key, job.run, report, done["seconds"], done["level"], job.checks.private)


def mark(work: dict[str, Any], task: Task) -> dict[str, Any]:
    """Mark a submission with this process's pool; runs on a worker.

    Raises:
        Halted: the batch was stopped.
        ExecutorError: this machine has no sandbox.
    """
    unsafe = work["unsafe"]
    try:
        pool = kept(("sandbox", unsafe), lambda: WorkerPool(unsafe=unsafe))
    except NoSandbox as error:
        raise ExecutorError(f"The worker on {platform.node()}: {error}") from None

    def step(words: str) -> None:
        if task.halted():
            raise Halted

    exercise = _exercise(work["exercise"], work["private"])
    report, recording, seconds = run_submission(work["notebook"], exercise, pool.start, step, work["limits"])
    answers = recording.packed(report.cells)
    return {"report": report.as_data(), "answers": answers, "seconds": seconds, "level": pool.level}


@cache
def _exercise(name: str, private: tuple[tuple[str, str], ...]) -> Exercise:
    """The exercise with the private checks that came as the text of their files."""
    with tempfile.TemporaryDirectory(prefix="coursekit-checks-") as folder:
        for file, text in private:
            (Path(folder) / file).write_text(text)
        return checks_for([name], Path(folder) if private else None)[name].exercise
