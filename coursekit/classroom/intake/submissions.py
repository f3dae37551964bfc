"""Submissions found in a source: each with its learner, its exercise, and the reason if it cannot be used."""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from coursekit.classroom.intake import conformity, modules
from coursekit.classroom.intake.cleaning import clean
from coursekit.classroom.intake.learners import PLAIN, Layout, Learner, Origin
from coursekit.classroom.intake.rosters import MOODLE, Roster
from coursekit.classroom.intake.sources import SourceFile, SubmissionSource, UnusableFile, is_notebook
from coursekit.grading.notebook_file import Cell, LessonNotExercise, Notebook, UnusableNotebook, parse_notebook
from coursekit.worker.bounds import MB


@dataclass(frozen=True)
class Submission:
    """One file that was handed in, or the folder of a learner who handed in no notebook.

    Attributes:
        file: its path within the source.
        learner: whose it is.
        exercise: the name of the exercise that it answers; empty if that is not known.
        submitted: when, in seconds since 1970; ``None`` where that is not known: the times of an archive that Canvas or
            Moodle wrote are those of the export.
        late: whether the platform that exported it marked it as late.
        attempt: which of the learner's submissions for this exercise it is, from 1.
        digest: SHA-256 of its content, and of the modules that it imports; empty if it cannot be read.
        reason: why it cannot be used; empty if it can.
        notes: what differs from the released exercise, and which modules are left out.
        platform: the one that exported it, as far as the names tell; see
            :class:`coursekit.classroom.intake.learners.Layout`.
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
    platform: str = PLAIN
    modules: tuple[tuple[str, str], ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it can be marked."""
        return not self.reason

    @property
    def shown_file(self) -> str:
        """Its path, for people."""
        return clean(self.file)


HELD, OF_A_CELL = 512 * MB, 400  # bytes of a class, and of a cell without its text; what is beyond is read again


@dataclass(frozen=True)
class Reading:
    """What is held of a notebook that was read.

    Attributes:
        cells: those that its mark needs: the learner's code, and the check cells, without their metadata.
        whole: SHA-256 of the file.
    """

    cells: tuple[Cell, ...]
    whole: hashlib._Hash

    @classmethod
    def of(cls, notebook: Notebook, content: bytes) -> Reading:
        """That of a notebook and its file's content."""
        work = {cell.number for cell in notebook.work}
        needed = (cell for cell in notebook.cells if cell.number in work or cell.checks_question)
        return cls(tuple(replace(cell, metadata={}) for cell in needed), hashlib.sha256(content))

    def digest(self, beside: Mapping[str, bytes]) -> str:
        """What stands for the notebook with the modules beside it; without any, the SHA-256 of the notebook."""
        whole = self.whole.copy()
        for name, module in sorted(beside.items()):
            whole.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(module).digest())
        return whole.hexdigest()


class HandedIn:
    """What was handed in. Each notebook is read once; its code is held for its mark and the search for similar work.

    Attributes:
        source: where it lies.
    """

    def __init__(self, source: SubmissionSource) -> None:
        self.source, self._room = source, HELD
        self._held: dict[PurePosixPath, Reading] = {}

    def read(self, path: PurePosixPath) -> tuple[Notebook, Reading]:
        """A notebook, and what is held of it.

        Raises:
            UnusableFile: it cannot be read.
            coursekit.grading.notebook_file.UnusableNotebook: it cannot be used.
        """
        content = self.source.read(path)
        notebook = parse_notebook(Path(path.name), content)
        reading = Reading.of(notebook, content)
        size = sum(sys.getsizeof(cell.source) + OF_A_CELL for cell in reading.cells)
        if size <= self._room:
            self._room -= size
            self._held[path] = reading
        return notebook, reading

    def modules(self, submission: Submission) -> dict[str, bytes]:
        """The modules beside a submission that it imports, by name.

        Raises:
            UnusableFile: one of them cannot be read.
        """
        return {name: modules.read_module(self.source, PurePosixPath(path)) for name, path in submission.modules}

    def of(self, submission: Submission) -> tuple[tuple[Cell, ...], dict[str, bytes]]:
        """The cells of a submission that its mark needs, and the modules beside it, as they were when it was found.

        Raises:
            UnusableFile: one of them cannot be read any more, or has changed.
            coursekit.grading.notebook_file.UnusableNotebook: the notebook has changed, and cannot be used.
        """
        path = PurePosixPath(submission.file)
        reading, beside = self._held.get(path) or self.read(path)[1], self.modules(submission)
        if reading.digest(beside) != submission.digest:
            raise UnusableFile("It has changed since it was found. Grade it again.")
        return reading.cells, beside


def find(
    handed_in: HandedIn,
    exercise: str | None = None,
    on_file: Callable[[int, int], None] = lambda *counts: None,
    roster: Roster | None = None,
) -> list[Submission]:
    """All submissions, sorted by learner, exercise and attempt.

    Args:
        handed_in: what to look through.
        exercise: the exercise that all of them should answer; each notebook's own if left out. What cannot be read
            counts for the only one that the others answer.
        on_file: called with the number of files that were read, and of all.
        roster: the class as the LMS exported it, which helps to tell whose a file is, and when Moodle got it.
    """
    files = handed_in.source.files()
    layout = Layout(files, roster, handed_in.source.is_archive)
    found = []
    for done, (file, came, others) in enumerate(_candidates(files, layout), 1):
        found.append((_submission(handed_in, file, came, others, exercise, layout.platform, roster), came))
        on_file(done, len(files))
    names = {submission.exercise for submission, _ in found if submission.usable}
    only = names.pop() if len(names) == 1 else ""
    return _numbered((replace(submission, exercise=submission.exercise or only), came) for submission, came in found)


def _candidates(
    files: Iterable[SourceFile], layout: Layout
) -> Iterator[tuple[SourceFile, Origin, list[PurePosixPath]]]:
    """All notebooks, each with the paths of its learner's files; and, of a learner without a notebook, one other file,
    which says so."""
    of_learner: dict[str, list[tuple[SourceFile, Origin]]] = defaultdict(list)
    for file in files:
        if not layout.is_outside(file):
            came = layout.origin(file.path)
            of_learner[came.learner.id].append((file, came))
    for listed in of_learner.values():
        notebooks = [(file, came) for file, came in listed if is_notebook(file.path) and not file.hidden]
        readable = [file.path for file, _ in listed if not file.problem and not file.hidden]
        for file, came in notebooks or [_without_notebook(listed)]:
            yield file, came, readable


def _without_notebook(listed: list[tuple[SourceFile, Origin]]) -> tuple[SourceFile, Origin]:
    visible = [each for each in listed if not each[0].hidden]
    names = ", ".join(file.path.name for file, _ in (visible or listed)[:5])
    file, came = (visible or listed)[0]
    told = (
        f"There is no notebook (.ipynb), but: {names}." if visible else f"There is nothing but hidden files: {names}."
    )
    return replace(file, problem=file.problem or told), came


def _submission(
    handed_in: HandedIn,
    file: SourceFile,
    came: Origin,
    others: Iterable[PurePosixPath],
    exercise: str | None,
    platform: str,
    roster: Roster | None,
) -> Submission:
    submitted = file.modified
    if platform != PLAIN:
        asked = roster if roster and roster.kind == platform == MOODLE else None
        submitted = asked.submitted(came.learner.id) if asked else None
    made = Submission(str(file.path), came.learner, exercise or "", submitted, came.late, platform=platform)
    if problem := came.problem or file.problem:
        return replace(made, reason=clean(problem))
    try:
        notebook, reading = handed_in.read(file.path)
        name = exercise_of(notebook, exercise)
        work = (cell.source for cell in notebook.work)
        found, left_out = modules.imported(work, file.path, others, handed_in.source, platform != PLAIN)
        made = replace(made, exercise=name, modules=tuple((module, str(path)) for module, path in found.items()))
        made = replace(made, digest=reading.digest(handed_in.modules(made)))
    except (UnusableFile, UnusableNotebook) as error:
        return replace(made, reason=clean(str(error)))
    if problem := conformity.language_problem(notebook):
        return replace(made, reason=problem)
    return replace(made, notes=tuple(map(clean, (*left_out, *conformity.notes(notebook, name)))))


def exercise_of(notebook: Notebook, wanted: str | None) -> str:
    """The exercise that a notebook answers; ``wanted`` where it does not say.

    Raises:
        UnusableNotebook: it answers another than ``wanted``, or does not say which.
    """
    try:
        named = notebook.exercise_name()
    except UnusableNotebook as error:
        if wanted is None or isinstance(error, LessonNotExercise):
            raise
        return wanted
    if wanted not in (None, named):
        raise UnusableNotebook(f"It answers {named}, not {wanted}.")
    return named


def _numbered(found: Iterable[tuple[Submission, Origin]]) -> list[Submission]:
    """Sorted, with the attempts of each learner at each exercise numbered by time, else by upload."""

    def order(each: tuple[Submission, Origin]) -> tuple[object, ...]:
        submission, came = each
        return *_work(submission), submission.submitted or 0.0, came.upload, submission.file

    groups = itertools.groupby((submission for submission, _ in sorted(found, key=order)), _work)
    return [replace(each, attempt=number) for _, group in groups for number, each in enumerate(group, 1)]


def _work(submission: Submission) -> tuple[str, str]:
    return submission.learner.id, submission.exercise
