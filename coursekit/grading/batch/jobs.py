"""What is to be marked: each distinct content once, with the exercise whose checks it gets."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from coursekit import __version__
from coursekit.grading.batch.private import Checks
from coursekit.grading.batch.submissions import Submission


@dataclass(frozen=True)
class Job:
    """One content to be marked.

    Attributes:
        key: stands for everything that the mark depends on.
        submission: the first submission with this content.
        checks: the questions that it gets.
    """

    key: str
    submission: Submission
    checks: Checks


def key_of(digest: str, checks: Checks, cell_seconds: float) -> str:
    """What a mark is kept under: a digest of the content's, the questions of the exercise with their code, and how
    long a cell may run. A change in any of them makes another key, so the submission is marked anew.
    """
    parts = [__version__, digest, checks.exercise.name, f"{cell_seconds:g}"]
    for question in checks.exercise.questions.values():
        parts += [question.name, question.title, f"{question.points:g}", f"{question.seconds:g}"]
    parts += [hashlib.sha256(file.read_bytes()).hexdigest() for file in _check_files(checks)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def jobs_for(submissions: Iterable[Submission], checks: dict[str, Checks], cell_seconds: float) -> dict[str, Job]:
    """The jobs that these submissions make, by key; submissions with the same content share one."""
    jobs: dict[str, Job] = {}
    keys: dict[str, dict[str, str]] = {}
    for each in submissions:
        if each.usable:
            known = keys.setdefault(each.exercise, {})
            key = known.setdefault(each.digest, "") or key_of(each.digest, checks[each.exercise], cell_seconds)
            known[each.digest] = key
            jobs.setdefault(key, Job(key, each, checks[each.exercise]))
    return jobs


def _check_files(checks: Checks) -> list[Path]:
    """The files that hold the checks' code, sorted."""
    files = {inspect.getsourcefile(question.body) for question in checks.exercise.questions.values()}
    return sorted(Path(file) for file in files if file)
