"""Submissions found in a source: each with its learner, its exercise, and the reason if it cannot be used."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from coursekit.classroom.intake import conformity
from coursekit.classroom.intake.cleaning import clean
from coursekit.classroom.intake.learners import Learner, origin
from coursekit.classroom.intake.sources import Entry, Source, UnusableFile
from coursekit.grading.notebook_file import Notebook, UnusableNotebook, parse_notebook


@dataclass(frozen=True)
class Submission:
    """One file that was handed in, or the folder of a learner who handed in no notebook.

    Attributes:
        file: its path within the source.
        learner: whose it is.
        exercise: the name of the exercise that it answers; empty if that is not known.
        submitted: when, in seconds since 1970, or ``None``.
        late: whether the platform that exported it marked it as late.
        attempt: which of the learner's submissions for this exercise it is, from 1.
        digest: SHA-256 of its content; empty if it cannot be read.
        reason: why it cannot be used; empty if it can.
        notes: what differs from the released exercise.
        upload: the number that the platform gave to a file that was uploaded again.
    """

    file: str
    learner: Learner
    exercise: str = ""
    submitted: float | None = None
    late: bool = False
    attempt: int = 1
    digest: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    upload: int = 0

    @property
    def usable(self) -> bool:
        """Whether it can be marked."""
        return not self.reason

    @property
    def shown_file(self) -> str:
        """Its path, for people."""
        return clean(self.file)


def find(
    source: Source, exercise: str | None = None, on_file: Callable[[int, int], None] = lambda done, total: None
) -> list[Submission]:
    """All submissions in a source, sorted by learner, exercise and attempt.

    Args:
        source: where to look.
        exercise: the exercise that all of them should answer; each notebook's own if left out.
        on_file: called with the number of files that were read, and of all.
    """
    entries = source.entries()
    found = []
    for done, entry in enumerate(_candidates(entries), 1):
        found.append(_submission(source, entry, exercise))
        on_file(done, len(entries))
    return _numbered(found)


def _candidates(entries: Iterable[Entry]) -> Iterator[Entry]:
    """All notebooks and broken entries; and, of a learner without a notebook, one other file."""
    of_learner: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_learner[origin(entry.path).learner.id].append(entry)
    for listed in of_learner.values():
        notebooks = [entry for entry in listed if entry.path.suffix.lower() == ".ipynb"]
        yield from notebooks or [_no_notebook(listed)]


def _no_notebook(entries: list[Entry]) -> Entry:
    first = entries[0]
    if first.problem:
        return first
    names = ", ".join(entry.path.name for entry in entries[:5])
    return replace(first, problem=f"There is no notebook (.ipynb), but: {names}.")


def _submission(source: Source, entry: Entry, exercise: str | None) -> Submission:
    came = origin(entry.path)
    made = Submission(str(entry.path), came.learner, exercise or "", entry.modified, came.late, upload=came.upload)
    if entry.problem:
        return replace(made, reason=entry.problem)
    try:
        content = source.read(entry.path)
        notebook = parse_notebook(Path(entry.path.name), content)
    except (UnusableFile, UnusableNotebook) as error:
        return replace(made, reason=clean(str(error)))
    try:
        name = _exercise(notebook, exercise)
    except UnusableNotebook as error:
        return replace(made, exercise="", reason=clean(str(error)))
    made = replace(made, digest=hashlib.sha256(content).hexdigest(), exercise=name)
    if problem := conformity.language_problem(notebook):
        return replace(made, reason=problem)
    return replace(made, notes=tuple(map(clean, conformity.notes(notebook, name))))


def _exercise(notebook: Notebook, wanted: str | None) -> str:
    if wanted is None:
        return notebook.exercise_name()
    try:
        named = notebook.exercise_name()
    except UnusableNotebook:
        return wanted
    if named != wanted:
        raise UnusableNotebook(f"It answers {named}, not {wanted}.")
    return wanted


def _numbered(found: Iterable[Submission]) -> list[Submission]:
    """Sorted, with the attempts of each learner at each exercise numbered by time."""
    groups: dict[tuple[str, str], list[Submission]] = defaultdict(list)
    for each in found:
        groups[each.learner.id, each.exercise].append(each)
    numbered = []
    for _, group in sorted(groups.items()):
        group.sort(key=lambda each: (each.upload, each.submitted or 0, each.file))
        numbered += [replace(each, attempt=number) for number, each in enumerate(group, 1)]
    return numbered


def content_of(source: Source, submission: Submission) -> bytes:
    """The content of a submission, as it was when it was found.

    Raises:
        UnusableFile: it cannot be read any more, or has changed.
    """
    content = source.read(PurePosixPath(submission.file))
    if hashlib.sha256(content).hexdigest() != submission.digest:
        raise UnusableFile("It has changed since it was found. Grade it again.")
    return content
