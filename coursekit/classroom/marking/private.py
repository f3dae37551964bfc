"""Private checks: questions that an instructor adds to an exercise, kept outside of the course.

A folder of private checks holds Python files; each makes one ``exercise`` with the same API as the course's own checks,
under the name of the exercise that it adds to. Learners see the titles and the points of these questions and whether
they passed, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from coursekit.errors import CoursekitError
from coursekit.grading.questions import Exercise, find_exercise
from coursekit.grading.results import PartResult, QuestionResult, Report

TOLD = "A private check: it tells whether it passed, and no more."


class UnusableChecks(CoursekitError):
    """A folder of private checks cannot be used; the message names the file and says why."""


@dataclass(frozen=True)
class Checks:
    """All questions that a submission gets.

    Attributes:
        exercise: the exercise with the private questions at its end.
        private: the names of those.
        files: the names and texts of the files that they come from.
    """

    exercise: Exercise
    private: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


def checks_for(exercises: Iterable[str], folder: Path | None = None) -> dict[str, Checks]:
    """The checks of each exercise named, with the private ones in ``folder``.

    Raises:
        UnusableChecks: the folder, or a file in it, cannot be used.
    """
    added = _private(folder) if folder else {}
    return {name: _combined(find_exercise(name), added.get(name, [])) for name in set(exercises)}


def redacted(report: Report, private: Iterable[str]) -> Report:
    """``report`` as a learner may see it: of private questions only titles, points and statuses, of no question what
    is flagged for the instructor."""
    hidden = set(private)
    notes = tuple(each for each in report.notes if each.question not in hidden)
    questions = (_redacted(each) if each.name in hidden else replace(each, flags=()) for each in report.questions)
    return replace(report, questions=tuple(questions), notes=notes)


def _redacted(result: QuestionResult) -> QuestionResult:
    parts = tuple(PartResult(part.title, part.points, part.max_points, part.status) for part in result.parts)
    counted = (result.points, result.max_points, result.status)
    return QuestionResult(result.name, result.title, TOLD, *counted, parts=parts)


def _combined(exercise: Exercise, added: list[tuple[Path, Exercise]]) -> Checks:
    questions = dict(exercise.questions)
    for file, extra in added:
        for name, question in extra.questions.items():
            if name in questions:
                raise UnusableChecks(f"{file}: {exercise.name} has a question {name!r} already. Give it another name.")
            questions[name] = replace(question, private=True)
    private = tuple(name for name in questions if name not in exercise.questions)
    files = tuple((file.name, _text(file)) for file, _ in added)
    return Checks(Exercise(exercise.name, exercise.title, questions), private, files)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableChecks(f"{file} is not encoded as UTF-8 (byte {error.start}). Save it as UTF-8.") from error


def _private(folder: Path) -> dict[str, list[tuple[Path, Exercise]]]:
    files = sorted(folder.glob("*.py")) if folder.is_dir() else []
    if not files:
        raise UnusableChecks(f"{folder} holds no private checks. It should be a folder with Python files.")
    added: dict[str, list[tuple[Path, Exercise]]] = {}
    for file in files:
        exercise = _load(file)
        added.setdefault(exercise.name, []).append((file, exercise))
    return added


def _load(file: Path) -> Exercise:
    loader = SourceFileLoader(f"coursekit_private_{file.stem}", str(file))
    module = ModuleType(loader.name)
    module.__file__ = loader.path
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UnusableChecks(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    exercise = getattr(module, "exercise", None)
    if not isinstance(exercise, Exercise):
        raise UnusableChecks(f'{file} makes no `exercise`. It should hold: exercise = Exercise("01_mnist_dense")')
    return exercise
