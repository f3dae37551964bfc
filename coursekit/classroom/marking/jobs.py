"""What is to be marked: each distinct content once, with the exercise whose checks it gets."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from coursekit import __version__
from coursekit.classroom.intake.submissions import Submission
from coursekit.classroom.marking import seeds
from coursekit.classroom.marking.private import Checks
from coursekit.classroom.settings import GradingSettings
from coursekit.grading.notebook_file import Cell

SHARED = Path(__file__).parents[2] / "checks" / "shared.py"  # what several of the course's own pages use


@dataclass(frozen=True)
class MarkingJob:
    """One content to be marked.

    Attributes:
        key: stands for everything that the mark depends on.
        run: stands for everything that the learner's code depends on: the key without the checks.
        submission: the first submission with this content.
        checks: the questions that it gets.
        cell_seconds: how long each cell may run.
        seconds: how long the whole may take.
        seed: of what is drawn for this content alone; ``None`` to ask with the notebook's draws only.
        modules: those beside the notebook that it imports, by name; they are known when it is read.
    """

    key: str
    run: str
    submission: Submission
    checks: Checks
    cell_seconds: float
    seconds: float
    seed: str | None = None
    modules: dict[str, bytes] = field(default_factory=dict)

    def seeded(self, secret: bytes) -> MarkingJob:
        """The job with the seed that the secret of a batch gives it."""
        return replace(self, seed=seeds.draws_seed(secret, self.submission.digest, self.checks.exercise.name))

    def work(self, cells: Sequence[Cell]) -> dict[str, Any]:
        """What :func:`coursekit.classroom.marking.markers.mark` needs to know of it."""
        limits = {"cell_seconds": self.cell_seconds, "seconds": self.seconds}
        drawn = {"seed": self.seed, "random_state": seeds.random_state(self.submission.digest)}
        return {"title": self.submission.shown_file, "cells": cells, "modules": self.modules, **limits, **drawn}


def job_for(submission: Submission, checks: Checks, settings: GradingSettings) -> MarkingJob:
    """The job that a submission makes. Submissions with the same content make the same job.

    A change in the content, in the limits on how long it may run, or in the questions and the files that hold them
    makes another key, so that the submission is marked anew.
    """
    limits = [f"{limit:g}" for limit in (settings.cell_seconds, settings.seconds)]
    limits += [] if settings.memory == GradingSettings.memory else [str(settings.memory)]
    run = _digest(submission.digest, checks.exercise.name, *limits)
    return MarkingJob(
        _digest(run, checks_digest(checks)), run, submission, checks, settings.cell_seconds, settings.seconds
    )


def checks_digest(checks: Checks) -> str:
    """Stands for the questions of an exercise and the code that checks them."""
    parts = [__version__, *checks.private]
    for question in checks.exercise.questions.values():
        parts += [question.name, question.title, f"{question.points:g}", f"{question.seconds:g}"]
    files = {Path(inspect.getfile(question.body)) for question in checks.exercise.questions.values()}
    files |= {SHARED} if any(file.parent == SHARED.parent for file in files) else set()
    return _digest(*parts, *map(_file_digest, sorted(files)))


@cache
def _file_digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
