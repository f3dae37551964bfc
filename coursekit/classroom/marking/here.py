"""The marker that runs notebooks: each in a sealed worker that sees no other, with its answers recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from coursekit.classroom.intake.sources import SubmissionSource
from coursekit.classroom.intake.submissions import content_of
from coursekit.classroom.marking.engine import Stopped
from coursekit.classroom.marking.jobs import Job
from coursekit.classroom.marking.ledger import CannotWrite, Mark
from coursekit.files import replace_file
from coursekit.grading.checking import check_notebook
from coursekit.grading.notebook_file import parse_notebook
from coursekit.grading.questions import Exercise
from coursekit.grading.recording import Recording
from coursekit.grading.results import Report
from coursekit.sandbox import WorkerPool
from coursekit.worker.channel import Worker


class NotebookMarker:
    """Marks one submission at a time for each thread that calls it.

    Args:
        source: where the submissions are read from.
        answers: the folder where recorded answers are kept.
        pool: where workers come from; it is open.
        cell_seconds: how long each cell may run.
        seconds: how long a whole submission may take.
    """

    def __init__(
        self, source: SubmissionSource, answers: Path, pool: WorkerPool, cell_seconds: float, seconds: float
    ) -> None:
        self._source, self._answers, self._pool = source, answers, pool
        self._limits = {"cell_seconds": cell_seconds, "seconds_in_all": seconds}
        self._stopped = False

    def __call__(self, job: Job) -> Mark:
        """The mark of a job; its answers are on the disk when this returns.

        Raises:
            CannotWrite: the answers cannot be kept.
            coursekit.classroom.intake.sources.UnusableFile: the submission has changed or is gone.
        """
        content = content_of(self._source, job.submission)
        run = run_submission(content, job.checks.exercise, self._start, self._step, self._limits)
        report, recording, seconds = run
        keep_answers(self._answers, job.run, recording.packed(report.cells))
        return Mark(job.key, job.run, report, seconds, self._pool.level, job.checks.private)

    def stop(self) -> None:
        """End every process that runs a submission; the calls that wait for them raise :class:`Stopped`."""
        self._stopped = True
        self._pool.close()

    def _start(self, folder: Path | None) -> Worker:
        self._step("starting")
        return self._pool.start(folder)

    def _step(self, words: str) -> None:
        if self._stopped:
            raise Stopped


def run_submission(
    content: bytes,
    exercise: Exercise,
    start: Callable[[Path | None], Worker],
    step: Callable[[str], None],
    limits: Mapping[str, float],
) -> tuple[Report, Recording, float]:
    """The report on a notebook, its recorded answers, and the seconds that it took.

    Args:
        content: the notebook.
        exercise: whose questions are asked.
        start: starts a worker.
        step: called before each step and at the end; what it raises comes out.
        limits: ``cell_seconds`` and ``seconds_in_all``.
    """
    recording, started = Recording(), time.monotonic()
    try:
        notebook = parse_notebook(Path(f"{exercise.name}.ipynb"), content)
        report = check_notebook(notebook, exercise, on_step=step, start=start, recording=recording, **limits)
    finally:
        step("keeping the mark")
    return report, recording, time.monotonic() - started


def answers_file(folder: Path, run: str) -> Path:
    """Where the recorded answers of a run lie."""
    return folder / f"{run}.answers"


def keep_answers(folder: Path, run: str, packed: bytes | None) -> None:
    """Keep a packed recording, if it was not too large to pack.

    Raises:
        CannotWrite: it cannot be written.
    """
    if packed is None:
        return
    try:
        replace_file(answers_file(folder, run), packed)
    except OSError as error:
        raise CannotWrite(
            f"Answers cannot be kept in {folder}: {error.strerror}. The marks in the ledger are safe. "
            "Make room, then give the same command again: it goes on from there."
        ) from error
