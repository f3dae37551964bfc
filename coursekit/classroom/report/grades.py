"""Grades: one for each submission, made from its mark, the points given by hand and the late penalty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from coursekit.classroom.intake.submissions import Submission
from coursekit.classroom.marking.ledger import Mark
from coursekit.classroom.marking.private import redacted
from coursekit.classroom.report.lateness import LatePolicy
from coursekit.classroom.report.overrides import Override
from coursekit.grading import results
from coursekit.grading.results import QuestionResult, Report, points_text

MARKED, BY_HAND, UNUSABLE, NOT_MARKED = "marked", "marked by hand", "unusable", "not marked"
GIVEN_BY_HAND = "Points given by hand."
WITHHELD = "withheld: a model that it asks for could not be verified. Your instructor decides."


@dataclass(frozen=True)
class Grade:
    """What one submission is worth.

    Attributes:
        submission: the file.
        state: ``"marked"``, ``"marked by hand"`` (what could not be marked), ``"unusable"`` or ``"not marked"`` (yet).
        reason: why it could not be marked; empty if it was.
        report: what the checks found, as the learner may see it, with the points given by hand; or ``None``.
        penalty: points taken off because it was late.
        points: what it is worth in the end.
        max_points: what could be earned; 0 where the exercise is not known.
        counts: whether it is the attempt that counts for this learner and exercise.
        comments: what the instructor wrote with points given by hand, and what was taken off because it came late.
        seconds: how long marking took.
        key: of its mark.
        level: how the learner's code was sealed off, in words.
        outdated: whether the mark comes from earlier checks, because the new ones ask what was not recorded.
        withheld: the questions whose points are withheld, since a model could not be verified.
        flags: what an instructor should look at: the title of each question that is flagged, and why.
    """

    submission: Submission
    state: str
    reason: str = ""
    report: Report | None = None
    penalty: float = 0.0
    points: float = 0.0
    max_points: float = 0.0
    counts: bool = True
    comments: tuple[str, ...] = ()
    seconds: float = 0.0
    key: str = ""
    level: str = ""
    outdated: bool = False
    withheld: tuple[str, ...] = ()
    flags: tuple[tuple[str, str], ...] = ()

    @property
    def has_points(self) -> bool:
        """Whether it is worth anything yet, be it 0 points."""
        return self.state in (MARKED, BY_HAND)

    @property
    def earned(self) -> float:
        """Points of the questions, before the late penalty."""
        return self.report.points if self.report else 0.0


def grade(
    submission: Submission,
    mark: Mark | None,
    failure: str = "",
    late: LatePolicy | None = None,
    overrides: Iterable[Override] = (),
    outdated: bool = False,
    max_points: float = 0.0,
    strict: bool = False,
) -> Grade:
    """The grade of one submission.

    Args:
        submission: the file.
        mark: its mark, if there is one.
        failure: why there is none, if marking it failed.
        late: the rule for late submissions.
        overrides: points given by hand, to any learners.
        outdated: whether the mark comes from earlier checks.
        max_points: what could be earned, for a submission without a mark.
        strict: whether points of questions with a model that could not be verified are withheld, unless points are
            given by hand.
    """
    work = (submission.learner.id, submission.exercise)
    given = [each for each in overrides if (each.learner, each.exercise) == work]
    by_hand = {each.question: each.points for each in given if each.points is not None}
    total = by_hand.pop("", None)
    comments = tuple(each.comment for each in given if each.comment)
    if mark is None:
        reason = submission.reason or failure or "It has not been marked yet."
        if by_hand or total is not None:
            points = sum(by_hand.values()) if total is None else total
            return Grade(submission, BY_HAND, reason, points=points, max_points=max_points, comments=comments)
        state = NOT_MARKED if submission.usable else UNUSABLE
        return Grade(submission, state, reason, max_points=max_points, comments=comments)
    withheld = _withheld(mark.report, by_hand) if strict else ()
    report = _with_overrides(redacted(mark.report, mark.private), by_hand)
    report = replace(report, questions=tuple(_without_points(each, withheld) for each in report.questions))
    share = 0.0
    if late and total is None:
        share = late.share(submission.submitted, submission.late, late.extensions.get(work))
    penalty = min(report.max_points * share, report.points)
    if late and penalty:
        earned = points_text(report.points, report.max_points)
        comments += (f"{earned} earned; {penalty:.4g} taken off because it came late ({late.rule}).",)
    points = report.points - penalty if total is None else total
    return Grade(
        submission,
        MARKED,
        report=report,
        penalty=round(penalty, 4),
        points=round(points, 4),
        max_points=report.max_points,
        comments=comments,
        seconds=mark.seconds,
        key=mark.key,
        level=mark.level,
        outdated=outdated,
        withheld=withheld,
        flags=tuple((question.title, words) for question in mark.report.questions for words in question.flags),
    )


def choose(grades: Iterable[Grade], which: str) -> list[Grade]:
    """The same grades; in each learner's attempts at an exercise, one counts: the last, or the best.

    An attempt that is not marked counts only where no other is.

    Args:
        grades: of any learners and exercises.
        which: ``"last"`` or ``"best"``.
    """
    listed = list(grades)
    usable = {each.submission.learner.id for each in listed if each.submission.exercise}
    best: dict[tuple[str, str], Grade] = {}
    for each in listed:
        learner, exercise = each.submission.learner.id, each.submission.exercise
        if exercise or learner not in usable:
            best[learner, exercise] = max(best.get((learner, exercise), each), each, key=lambda one: _rank(one, which))
    chosen = {id(each) for each in best.values()}
    return [replace(each, counts=id(each) in chosen) for each in listed]


def counting(grades: Iterable[Grade]) -> dict[str, list[Grade]]:
    """The grades that count, by exercise; what answers no known exercise is left out."""
    groups: dict[str, list[Grade]] = {}
    for each in grades:
        if each.counts and each.submission.exercise:
            groups.setdefault(each.submission.exercise, []).append(each)
    return dict(sorted(groups.items()))


def _rank(each: Grade, which: str) -> tuple[Any, ...]:
    order = (each.points, each.submission.attempt) if which == "best" else (each.submission.attempt,)
    return (each.state == MARKED, each.state == BY_HAND, *order)


def _with_overrides(report: Report, points: Mapping[str, float]) -> Report:
    questions = (_given(each, points[each.name]) if each.name in points else each for each in report.questions)
    return replace(report, questions=tuple(questions))


def _withheld(report: Report, by_hand: Mapping[str, float]) -> tuple[str, ...]:
    """The questions that earned something with a model that could not be verified."""
    doubted = {each.question for each in report.unverified} - by_hand.keys()
    return tuple(each.name for each in report.questions if each.name in doubted and each.points)


def _without_points(result: QuestionResult, withheld: Iterable[str]) -> QuestionResult:
    if result.name not in withheld:
        return result
    told = f"{points_text(result.points, result.max_points)} {WITHHELD}"
    about = result.name, result.title, result.statement
    return QuestionResult(*about, 0.0, result.max_points, results.FAILED, told)


def _given(result: QuestionResult, points: float) -> QuestionResult:
    whole = points >= result.max_points
    status = results.PASSED if whole else (results.PARTIAL if points else results.FAILED)
    told = "" if whole else GIVEN_BY_HAND
    return QuestionResult(result.name, result.title, result.statement, points, result.max_points, status, told)
