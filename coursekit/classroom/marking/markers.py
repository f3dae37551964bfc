"""Markers: on this machine, and on the workers of a cluster.

Either way a notebook runs in a sealed worker that sees no other, and its answers are recorded. A machine of a cluster
keeps one pool of sealed workers, and is to its submissions what this machine is otherwise: it holds the checks, and the
learner's code runs in its sandbox.
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from coursekit.classroom.marking.jobs import MarkingJob
from coursekit.classroom.marking.private import checks_for
from coursekit.executors import Executor, ExecutorError, Halted, Task, kept
from coursekit.executors.bounded import Done
from coursekit.executors.watching import watching
from coursekit.grading.checking import check_notebook
from coursekit.grading.cleanroom import CleanRoom, CleanRooms
from coursekit.grading.notebook_file import Cell, Notebook
from coursekit.grading.questions import Exercise
from coursekit.grading.recording import Recording
from coursekit.sandbox import NoSandbox, WorkerPool
from coursekit.worker.bounds import Limits
from coursekit.worker.channel import Worker


@dataclass(frozen=True)
class MarkerHere:
    """Marks on this machine.

    Attributes:
        executor: of this machine.
        pool: where workers come from; it is open.
        rooms: where models are made again.
    """

    executor: Executor
    pool: WorkerPool
    rooms: CleanRooms = field(default_factory=CleanRooms)

    def begin(self, job: MarkingJob, cells: Sequence[Cell]) -> Done:
        """Start marking a notebook."""
        exercise = job.checks.exercise
        return self.executor.submit(
            lambda work, task: mark(work, task, exercise, self.pool, self.rooms), job.work(cells)
        )


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

    def begin(self, job: MarkingJob, cells: Sequence[Cell]) -> Done:
        """Start marking a notebook."""
        checks: dict[str, Any] = {"exercise": job.checks.exercise.name, "private": job.checks.files}
        checks |= {"unsafe": self.unsafe, "limits": self.limits}
        return self.executor.submit(mark_on_worker, job.work(cells) | checks)


def mark(work: dict[str, Any], task: Task, exercise: Exercise, pool: WorkerPool, rooms: CleanRooms) -> dict[str, Any]:
    """Run a notebook and check it. Soon after the task is halted, every process that runs the notebook ends.

    Args:
        work: ``cells`` of the notebook; ``modules`` beside it (names and bytes); ``cell_seconds`` and ``seconds``, the
            limits; ``seed`` of its draws, and ``random_state`` of its worker.
        task: is asked between the steps and twice a second whether it is halted.
        exercise: whose questions are asked.
        pool: where workers come from.
        rooms: where models are made again.

    Returns:
        ``report``, ``answers`` (the packed recording; ``None`` if it is too large), ``seconds`` until the first private
        question, ``starved``, whether something ran out of its time while it waited for a processor, and ``level``, how
        the notebook's code was sealed off.

    Raises:
        Halted: the batch was stopped.
    """
    recording, began, workers = Recording(), time.monotonic(), list[Worker | CleanRoom]()

    def step(words: str) -> None:
        if task.halted():
            raise Halted

    def start(folder: Path | None) -> Worker:
        step("starting")
        workers.append(worker := pool.start(folder))
        return worker

    def end_if_halted() -> None:
        for worker in workers if task.halted() else ():
            worker.close()

    notebook = Notebook(Path(f"{exercise.name}.ipynb"), tuple(work["cells"]), {})
    with rooms.one(start) as room, watching(end_if_halted), _folder_of(work["modules"]) as folder:
        workers.append(room)
        try:
            report = check_notebook(
                notebook,
                exercise,
                work["cell_seconds"],
                step,
                start,
                work["seconds"],
                recording,
                folder,
                seed=work["seed"],
                random_state=work["random_state"],
                room=room,
            )
        finally:
            step("keeping the mark")
    seconds = (recording.private_since or time.monotonic()) - began  # a learner may come to see it
    answers, starved = recording.packed(report.cells), recording.starved
    return {"report": report, "answers": answers, "seconds": seconds, "starved": starved, "level": pool.level}


@contextmanager
def _folder_of(modules: dict[str, bytes]) -> Iterator[Path | None]:
    """A folder with these modules, while the block runs; none where there are none."""
    if not modules:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="coursekit-modules-") as folder:
        for name, content in modules.items():
            Path(folder, f"{name}.py").write_bytes(content)
        yield Path(folder)


def mark_on_worker(work: dict[str, Any], task: Task) -> dict[str, Any]:
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
    rooms = kept(("clean rooms", unsafe, limits), lambda: nullcontext(CleanRooms()))
    return mark(work, task, _exercise(work["exercise"], work["private"]), pool, rooms)


@cache
def _exercise(name: str, private: tuple[tuple[str, str], ...]) -> Exercise:
    """The exercise with the private checks that came as the text of their files."""
    with tempfile.TemporaryDirectory(prefix="coursekit-checks-") as folder:
        for file, text in private:
            (Path(folder) / file).write_text(text, "utf-8")
        return checks_for([name], Path(folder) if private else None)[name].exercise
