"""A class of the demo exercise, and markers that need no process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import grading_demo as demo

from coursekit.classroom.intake.sources import SubmissionSource
from coursekit.classroom.intake.submissions import content_of
from coursekit.classroom.marking.here import keep_answers
from coursekit.classroom.marking.jobs import Job
from coursekit.classroom.marking.ledger import Mark
from coursekit.classroom.settings import GradingSettings
from coursekit.grading import NamespaceAnswers
from coursekit.grading.notebook_file import parse_notebook
from coursekit.grading.recording import RecordedAnswers, Recording


@dataclass
class StandIn:
    """Marks like the real marker, in this process: it runs the cells with ``exec``.

    ``before`` is called with each job before it is marked.
    """

    before: Callable[[Job], None] = lambda job: None
    marked: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def __call__(self, job: Job) -> Mark:
        self.before(job)
        namespace: dict = {}
        for cell in parse_notebook(Path("x.ipynb"), content_of(self.source, job.submission)).work:
            if "open_exercise" not in cell.source:
                exec("import numpy as np\n" + cell.source, namespace)
        recording = Recording()
        report = job.checks.exercise.run(RecordedAnswers(NamespaceAnswers(namespace), recording))
        keep_answers(self.answers, job.run, recording.packed(()))
        self.marked.append(job.submission.file)
        return Mark(job.key, job.run, report, 0.5, "held in a test", job.checks.private)

    def stop(self) -> None:
        self.stopped.set()

    def make(self, source: SubmissionSource, answers: Path, settings: GradingSettings) -> StandIn:
        """Itself, for these submissions."""
        self.source, self.answers = source, answers
        return self


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
