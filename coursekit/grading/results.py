"""What a check found: plain, frozen records that cards, tables and files are made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

PASSED, PARTIAL, FAILED, NOT_YET = "passed", "partial", "failed", "not yet"
INTERRUPTED = "interrupted"  # of what is shown alone: in no report


@dataclass(frozen=True)
class PartResult:
    """One separately counted part of a question.

    Attributes:
        title: what the part is about.
        points: points earned.
        max_points: points that the part is worth.
        status: ``"passed"``, ``"failed"`` or ``"not yet"`` (not written yet).
        message: what went wrong; empty when nothing did.
        expected: what was expected, in short, or ``None``.
        got: what came instead, in short, or ``None``.
        hint: what to think about, or ``None``.
        drawn: the request that failed, where it did so only with inputs drawn for this submission; or ``None``.
    """

    title: str
    points: float
    max_points: float
    status: str
    message: str = ""
    expected: str | None = None
    got: str | None = None
    hint: str | None = None
    drawn: str | None = None


@dataclass(frozen=True)
class QuestionResult:
    """What the check of one question found.

    Attributes:
        name: the question's name, as in ``check("softmax")``.
        title: its title.
        statement: what was asked.
        points: points earned.
        max_points: points that the question is worth.
        status: ``"passed"``, ``"partial"``, ``"failed"`` or ``"not yet"`` (not written yet).
        message: what went wrong first; empty when nothing did.
        expected: what was expected, in short, or ``None``.
        got: what came instead, in short, or ``None``.
        hint: what to think about, or ``None``.
        parts: the separately counted parts that were reached.
        drawn: the request that failed, where it did so only with inputs drawn for this submission; or ``None``.
        flags: what an instructor should look at; it costs no points.
    """

    name: str
    title: str
    statement: str
    points: float
    max_points: float
    status: str
    message: str = ""
    expected: str | None = None
    got: str | None = None
    hint: str | None = None
    parts: tuple[PartResult, ...] = ()
    drawn: str | None = None
    flags: tuple[str, ...] = ()

    @property
    def failures(self) -> list[tuple[str, PartResult | QuestionResult]]:
        """What went wrong: each part that was not passed, by its title; before them, without a title, the question
        itself where its message is not that of a part."""
        parts = [(part.title, part) for part in self.parts if part.status != PASSED]
        own = self.message and self.message not in (f"{title}: {part.message}" for title, part in parts)
        return [*([("", self)] if own else []), *parts]


@dataclass(frozen=True)
class Unverified:
    """A model that a person should look at: it could not be made again outside of the learner's own process, which
    therefore predicted with it; or what was made again predicts something else. See
    :mod:`coursekit.grading.cleanroom`.

    Attributes:
        question: the question's name.
        model: the name that was asked for.
        reason: why, in words.
    """

    question: str
    model: str
    reason: str


@dataclass(frozen=True)
class CellError:
    """A cell of the notebook that did not run to its end, or in which a line for the system's shell failed.

    Attributes:
        number: position among all cells of the notebook, from 1.
        message: what stopped it, or failed.
    """

    number: int
    message: str


@dataclass(frozen=True)
class Note:
    """What is to be said of a notebook beside its results.

    Attributes:
        question: the name of the question that it concerns, or empty.
        message: in words.
    """

    question: str
    message: str


@dataclass(frozen=True)
class Report:
    """The results of all questions of one exercise.

    >>> result = QuestionResult("sum", "A sum", "Add up.", 1, 2, PARTIAL)
    >>> report = Report("01_demo", "Demo", (result,))
    >>> report.points, report.max_points, report.passed
    (1, 2, False)
    """

    exercise: str
    title: str
    questions: tuple[QuestionResult, ...]
    cells: tuple[CellError, ...] = ()
    unverified: tuple[Unverified, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def messages(self) -> list[str]:
        """What is to be said of the notebook beside the results: the cells that did not run to their end, the notes."""
        return [*(error.message for error in self.cells), *(note.message for note in self.notes)]

    @property
    def points(self) -> float:
        """Points earned."""
        return sum(result.points for result in self.questions)

    @property
    def max_points(self) -> float:
        """Points that could be earned."""
        return sum(result.max_points for result in self.questions)

    @property
    def passed(self) -> bool:
        """Whether every question passed."""
        return all(result.status == PASSED for result in self.questions)

    def as_data(self) -> dict[str, Any]:
        """The report as data that JSON can hold."""
        totals = {"points": self.points, "max_points": self.max_points, "passed": self.passed}
        return asdict(self) | totals


def points_text(points: float, max_points: float) -> str:
    """Points in words.

    >>> points_text(1.5, 2), points_text(0, 1)
    ('1.5 of 2 points', '0 of 1 point')
    """
    return f"{points:g} of {max_points:g} {'point' if max_points == 1 else 'points'}"
