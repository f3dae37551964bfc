"""Marking a notebook: in a sealed worker that sees no other, with its answers recorded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.classroom.marking.jobs import MarkingJob
from coursekit.executors import Executor, Halted, Task
from coursekit.executors.bounded import Done
from coursekit.executors.watching import watching
from coursekit.grading.checking import check_notebook
from coursekit.grading.notebook_file import parse_notebook
from coursekit.grading.questions import Exercise
from coursekit.grading.recording import Recording
from coursekit.sandbox import WorkerPool
from coursekit.worker.channel import Worker


@dataclass(frozen=True)
class MarkerHere:
    """Marks on this machine.

    Attributes:
        executor: of this machine.
        pool: where workers come from; it is open.
    """

    executor: Executor
    pool: WorkerPool

    def begin(self, job: MarkingJob, content: bytes) -> Done:
        """Start marking a notebook."""
        exercise = job.checks.exercise
        return self.executor.submit(lambda work, task: mark(work, task, exercise, self.pool), job.work(content))


def mark(work: dict[str, Any], task: Task, exercise: Exercise, pool: WorkerPool) -> dict[str, Any]:
    """Run a notebook and check it. Soon after the task is halted, every process that runs the notebook ends.

    Args:
        work: ``notebook`` (bytes), ``cell_seconds`` and ``seconds``, the limits.
        task: is asked between the steps and twice a second whether it is halted.
        exercise: whose questions are asked.
        pool: where workers come from.

    Returns:
        ``report``, ``answers`` (the packed recording; ``None`` if it is too large), ``seconds`` and ``level``, how the
        notebook's code was sealed off.

    Raises:
        Halted: the batch was stopped.
    """
    recording, began, workers = Recording(), time.monotonic(), list[Worker]()

    def step(words: str) -> None:
        if task.halted():
            raise Halted

    def start(folder: Path | None) -> Worker:
        step("starting")
        workers.append(pool.start(folder))
        return workers[-1]

    def end_if_halted() -> None:
        for worker in workers if task.halted() else ():
            worker.close()

    notebook = parse_notebook(Path(f"{exercise.name}.ipynb"), work["notebook"])
    with watching(end_if_halted):
        try:
            report = check_notebook(notebook, exercise, work["cell_seconds"], step, start, work["seconds"], recording)
        finally:
            step("keeping the mark")
    answers, seconds = recording.packed(report.cells), time.monotonic() - began
    return {"report": report, "answers": answers, "seconds": seconds, "level": pool.level}
