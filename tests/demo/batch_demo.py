"""A class of the demo exercise, and markers that need no process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grading_demo as demo

from coursekit.classroom.marking.jobs import MarkingJob
from coursekit.classroom.settings import GradingSettings
from coursekit.executors import LocalExecutor, Task
from coursekit.executors.bounded import Done
from coursekit.grading import NamespaceAnswers
from coursekit.grading.notebook_file import Cell
from coursekit.grading.recording import RecordedAnswers, Recording


@dataclass
class StandIn:
    """Marks like the real marker, in this process: it runs the cells with ``exec``.

    ``before`` is called with each job and its task before it is marked. The files ``starved`` had no processor.
    """

    before: Callable[[MarkingJob, Task], None] = lambda job, task: None
    jobs: int = 1
    marked: list[str] = field(default_factory=list)
    starved: frozenset[str] = frozenset()

    @contextmanager
    def __call__(self) -> Iterator[StandIn]:
        """Itself, with a new executor."""
        with LocalExecutor(self.jobs) as self.executor:
            yield self

    def begin(self, job: MarkingJob, cells: Sequence[Cell]) -> Done:
        return self.executor.submit(lambda work, task: self._mark(job, task, work), job.work(cells))

    def _mark(self, job: MarkingJob, task: Task, work: dict[str, Any]) -> dict[str, Any]:
        self.before(job, task)
        namespace: dict = {}
        for cell in work["cells"]:
            if not cell.is_check and "open_exercise" not in cell.source:
                exec("import numpy as np\n" + cell.source, namespace)
        recording, answers = Recording(), NamespaceAnswers(namespace)
        answers.private_seed = work["seed"]
        report = job.checks.exercise.run(RecordedAnswers(answers, recording))
        self.marked.append(job.submission.file)
        made = {"report": report, "answers": recording.packed(()), "seconds": 0.5, "level": "held in a test"}
        return made | {"starved": job.submission.file in self.starved}


WRONG = "count = 11"


def write_class(folder: Path, **answers: tuple[str, ...]) -> GradingSettings:
    """A folder with a notebook for each learner: the sources of its cells."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sources in answers.items():
        demo.write_notebook(folder / f"{name}.ipynb", demo.SETUP, *sources)
    return GradingSettings(submissions=str(folder), exercise="99_demo")


def three(folder: Path) -> GradingSettings:
    """Ada has everything right, Bob one thing, Cyd a wrong count."""
    return write_class(
        folder,
        ada=(demo.SOFTMAX, demo.COUNT, demo.DOUBLE),
        bob=(demo.DOUBLE,),
        cyd=(demo.SOFTMAX, WRONG, demo.DOUBLE),
    )
