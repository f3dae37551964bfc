"""A mark of a batch, repeated on one file: with the checks, limits, draws and random numbers that it was made with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from coursekit.classroom.intake.learners import PLAIN, Learner
from coursekit.classroom.intake.modules import imported, read_module
from coursekit.classroom.intake.sources import FolderSource
from coursekit.classroom.intake.submissions import Reading, Submission, exercise_of
from coursekit.classroom.marking.engine import recorded
from coursekit.classroom.marking.jobs import job_for
from coursekit.classroom.marking.ledger import Ledger, Mark
from coursekit.classroom.marking.private import checks_for
from coursekit.classroom.marking.seeds import read_secret
from coursekit.classroom.pipeline import OpenMarker
from coursekit.classroom.settings import read_batch
from coursekit.grading.notebook_file import Notebook, notebook_bytes, parse_notebook
from coursekit.grading.results import Report, points_text


@dataclass(frozen=True)
class Appeal:
    """A mark that was repeated.

    Attributes:
        report: what the checks found now.
        level: how the notebook was sealed off, in words.
        submissions: those of the batch with the same content.
        earlier: the batch's mark for it, if there is one.
        outdated: whether that comes from earlier checks.
        drawn: whether inputs were drawn for this content alone.
    """

    report: Report
    level: str
    submissions: tuple[Submission, ...]
    earlier: Mark | None
    outdated: bool
    drawn: bool

    @property
    def same_points(self) -> bool | None:
        """Whether the batch's mark has the same points, before penalties and points by hand; ``None`` without one."""
        return None if self.earlier is None else self.earlier.report.points == self.report.points

    def as_data(self) -> dict[str, Any]:
        """What the batch says of it, as data that JSON can hold."""
        points = self.earlier and self.earlier.report.points
        files = [each.shown_file for each in self.submissions]
        return {"submissions": files, "points": points, "same_points": self.same_points, "outdated": self.outdated}

    def sentences(self) -> tuple[str, ...]:
        """The same in words."""
        listed = ", ".join(f"{each.learner.name} ({each.shown_file})" for each in self.submissions)
        told = [f"This content was handed in by {listed}."]
        if not self.submissions:
            told = ["No submission of the batch has this content, so its draws are its own."]
        elif self.earlier is None:
            told.append("The batch has no mark for it.")
        else:
            found = self.earlier.report
            points = points_text(found.points, found.max_points)
            made = "The batch's mark, made with earlier checks," if self.outdated else "The batch's mark"
            told.append(f"{made} has {'the same' if self.same_points else 'other'} points: {points}.")
        return tuple(
            told if self.drawn else [*told, "Only what every notebook draws was asked: the batch has no more."]
        )


def repeat(file: Path, out: Path, open_marker: OpenMarker) -> Appeal:
    """Mark a file as the batch in a folder was marked. Nothing is kept.

    Args:
        file: the notebook.
        out: the folder with the results.
        open_marker: makes the marker for a ``with`` statement, as soon as it is known that the file can be marked.

    Raises:
        coursekit.classroom.settings.NoBatch: the folder holds no graded class.
        coursekit.grading.notebook_file.UnusableNotebook: the file cannot be used.
    """
    batch, content = read_batch(out), notebook_bytes(file)
    settings, notebook = batch.settings, parse_notebook(file, content)
    name = exercise_of(notebook, settings.exercise or None)
    modules = _modules(file, notebook, any(each.platform != PLAIN for each in batch.submissions))
    reading = Reading.of(notebook, content)
    digest = reading.digest(modules)
    same = tuple(each for each in batch.submissions if each.usable and (each.digest, each.exercise) == (digest, name))
    asked = same[0] if same else Submission(file.name, Learner("", ""), name, digest=digest)
    job = job_for(asked, checks_for([name], Path(settings.checks) if settings.checks else None)[name], settings)
    with Ledger(out) as ledger:
        earlier = ledger.marks.get(job.key) or ledger.latest(job.run)
        if replies := recorded(job, ledger):
            job = replace(job, seed=replies.seed)
        elif secret := read_secret(out):
            job = job.seeded(secret)
    with open_marker() as marker:
        made = marker.begin(replace(job, modules=modules), reading.cells).result()
    outdated = earlier is not None and earlier.key != job.key
    return Appeal(made["report"], made["level"], same, earlier, outdated, job.seed is not None)


def _modules(file: Path, notebook: Notebook, renamed: bool) -> dict[str, bytes]:
    """The modules beside a notebook that it imports, by name."""
    source = FolderSource(file.parent)
    others = [PurePosixPath(each.name) for each in file.parent.iterdir() if each.suffix == ".py"]
    found, _ = imported((cell.source for cell in notebook.work), PurePosixPath(file.name), others, source, renamed)
    return {name: read_module(source, path) for name, path in found.items()}
