"""Marking on the workers of a cluster. Each keeps one pool of sealed workers, and is to its submissions what this
machine is otherwise: it holds the checks, and the learner's code runs in its sandbox."""

from __future__ import annotations

import platform
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from coursekit.classroom.marking import here
from coursekit.classroom.marking.jobs import MarkingJob
from coursekit.classroom.marking.private import checks_for
from coursekit.executors import Executor, ExecutorError, Task, kept
from coursekit.executors.bounded import Done
from coursekit.grading.questions import Exercise
from coursekit.sandbox import NoSandbox, WorkerPool
from coursekit.worker.bounds import Limits


@dataclass(frozen=True)
class MarkerOnCluster:
    """Marks on the workers of a cluster; private checks go to them as text.

    Attributes:
        executor: sends the work; it is open.
        unsafe: whether workers may mark where they have no sandbox.
        limits: bounds on each of their own workers.
    """

    executor: Executor
    unsafe: bool
    limits: Limits

    def begin(self, job: MarkingJob, content: bytes) -> Done:
        """Start marking a notebook."""
        checks = {"exercise": job.checks.exercise.name, "private": job.checks.files, "unsafe": self.unsafe}
        checks |= {"limits": self.limits}
        return self.executor.submit(mark, job.work(content) | checks)


def mark(work: dict[str, Any], task: Task) -> dict[str, Any]:
    """Mark a submission with this process's pool; runs on a worker.

    Raises:
        coursekit.executors.Halted: the batch was stopped.
        ExecutorError: this machine has no sandbox.
    """
    unsafe, limits = work["unsafe"], work["limits"]
    try:
        pool = kept(("sandbox", unsafe, limits), lambda: WorkerPool(limits=limits, unsafe=unsafe))
    except NoSandbox as error:
        raise ExecutorError(f"The worker on {platform.node()}: {error}") from None
    return here.mark(work, task, _exercise(work["exercise"], work["private"]), pool)


@cache
def _exercise(name: str, private: tuple[tuple[str, str], ...]) -> Exercise:
    """The exercise with the private checks that came as the text of their files."""
    with tempfile.TemporaryDirectory(prefix="coursekit-checks-") as folder:
        for file, text in private:
            (Path(folder) / file).write_text(text)
        return checks_for([name], Path(folder) if private else None)[name].exercise
