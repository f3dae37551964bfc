"""Submissions found in a source: each with its learner, its exercise, and the reason if it cannot be used."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from coursekit.classroom.intake import conformity, modules
from coursekit.classroom.intake.cleaning import clean
from coursekit.classroom.intake.learners import Learner, origin
from coursekit.classroom.intake.sources import SourceFile, SubmissionSource, UnusableFile, is_notebook
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
        digest: SHA-256 of its content, and of the modules that it imports; empty if it cannot be read.
        reason: why it cannot be used; empty if it can.
        notes: what differs from the released exercise.
        upload: the number that the platform gave to a file that was uploaded again.
        modules: names and paths of the modules beside it that it imports.
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
    modules: tuple[tuple[str, str], ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it can be marked."""
        return not self.reason

    @property
    def shown_file(self) -> str:
        """Its path, for people."""
        return clean(self.file)


def find(
    source: SubmissionSource, exercise: str | None = None, on_file: Callable[[int, int], None] = lambda *counts: None
) -> list[Submission]:
    """All submissions in a source, sorted by learner, exercise and attempt.

    Args:
        source: where to look.
        exercise: the exercise that all of them should answer; each notebook's own if left out.
        on_file: called with the number of files that were read, and of all.
    """
    files = source.files()
    found = []
    for done, (file, others) in enumerate(_candidates(files), 1):
        found.append(_submission(source, file, others, exercise))
        on_file(done, len(files))
    return _numbered(found)


def _candidates(files: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, list[SourceFile]]]:
    """All notebooks, each with its learner's files; and, of a learner without a notebook, one other file, which says
    so."""
    of_learner: dict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        of_learner[origin(file.path).learner.id].append(file)
    for listed in of_learner.values():
        notebooks = [file for file in listed if is_notebook(file.path)]
        names = ", ".join(file.path.name for file in listed[:5])
        problem = listed[0].problem or f"There is no notebook (.ipynb), but: {names}."
        for file in notebooks or [replace(listed[0], problem=problem)]:
            yield file, listed


def _submission(
    source: SubmissionSource, file: SourceFile, others: Iterable[SourceFile], exercise: str | None
) -> Submission:
    came = origin(file.path)
    made = Submission(str(file.path), came.learner, exercise or "", file.modified, came.late, upload=came.upload)
    if file.problem:
        return replace(made, reason=file.problem)
    try:
        content = source.read(file.path)
        notebook = parse_notebook(Path(file.path.name), content)
    except (UnusableFile, UnusableNotebook) as error:
        return replace(made, reason=clean(str(error)))
    try:
        name = exercise_of(notebook, exercise)
    except UnusableNotebook as error:
        return replace(made, exercise="", reason=clean(str(error)))
    try:
        readable = [each.path for each in others if not each.problem]
        found = modules.imported((cell.source for cell in notebook.work), file.path, readable, source.read)
        made = replace(made, exercise=name, modules=tuple((module, str(path)) for module, path in found.items()))
        made = replace(made, digest=digest(content, _modules(source, made)))
    except UnusableFile as error:
        return replace(made, reason=clean(str(error)))
    if problem := conformity.language_problem(notebook):
        return replace(made, reason=problem)
    return replace(made, notes=tuple(map(clean, conformity.notes(notebook, name))))


def exercise_of(notebook: Notebook, wanted: str | None) -> str:
    """The exercise that a notebook answers; ``wanted`` where it does not say.

    Raises:
        UnusableNotebook: it answers another than ``wanted``, or does not say which.
    """
    try:
        named = notebook.exercise_name()
    except UnusableNotebook:
        if wanted is None:
            raise
        return wanted
    if wanted not in (None, named):
        raise UnusableNotebook(f"It answers {named}, not {wanted}.")
    return named


def _numbered(found: Iterable[Submission]) -> list[Submission]:
    """Sorted, with the attempts of each learner at each exercise numbered by time."""
    attempts = sorted(found, key=lambda each: (*_work(each), each.upload, each.submitted or 0, each.file))
    groups = (group for _, group in itertools.groupby(attempts, _work))
    return [replace(each, attempt=number) for group in groups for number, each in enumerate(group, 1)]


def _work(submission: Submission) -> tuple[str, str]:
    return submission.learner.id, submission.exercise


def content_of(source: SubmissionSource, submission: Submission) -> bytes:
    """The content of a submission, as it was when it was found.

    Raises:
        UnusableFile: it cannot be read any more, or has changed.
    """
    return handed_in(source, submission)[0]


def handed_in(source: SubmissionSource, submission: Submission) -> tuple[bytes, dict[str, bytes]]:
    """The same, and the modules beside it, by name.

    Raises:
        UnusableFile: one of them cannot be read any more, or has changed.
    """
    content, beside = source.read(PurePosixPath(submission.file)), _modules(source, submission)
    if digest(content, beside) != submission.digest:
        raise UnusableFile("It has changed since it was found. Grade it again.")
    return content, beside


def digest(content: bytes, beside: Mapping[str, bytes]) -> str:
    """What stands for a notebook with the modules beside it; without any, the SHA-256 of the notebook."""
    whole = hashlib.sha256(content)
    for name, module in sorted(beside.items()):
        whole.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(module).digest())
    return whole.hexdigest()


def _modules(source: SubmissionSource, submission: Submission) -> dict[str, bytes]:
    return {name: source.read(PurePosixPath(path)) for name, path in submission.modules}
