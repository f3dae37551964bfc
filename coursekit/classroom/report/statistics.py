"""What an instructor looks at after marking: how points are spread, which questions are hard, and what went wrong.

Difficulty and discrimination as in classical test theory: Allen and Yen, *Introduction to Measurement Theory* (1979),
chapter 6; the item-rest correlation leaves the question itself out of the total.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coursekit.classroom.report.grades import MARKED, Grade
from coursekit.grading import results
from coursekit.grading.results import PartResult, QuestionResult, Report

COMMONEST = 5


@dataclass(frozen=True)
class WrongAnswer:
    """What several learners got wrong in the same way: the same hint helps them, or their code stopped alike.

    Attributes:
        part: the title of the part that they failed; empty where it was no part.
        hint: what they should think about, or empty.
        message, got: what went wrong for one of them, and what came, or empty.
        learners: how many they are.
    """

    part: str
    hint: str
    message: str
    got: str
    learners: int


@dataclass(frozen=True)
class Notice:
    """An answer that an instructor should look at.

    Attributes:
        learner: whose it is.
        question: its title.
        part: the title of the part, or empty.
        drawn: the request with inputs drawn for this submission that it failed, where it passed those that every
            notebook draws; or empty.
        flag: what the check says that is to be looked at, or empty.
    """

    learner: str
    question: str
    part: str = ""
    drawn: str = ""
    flag: str = ""


@dataclass(frozen=True)
class QuestionStatistics:
    """Statistics of one question.

    Attributes:
        title: of the question.
        max_points: what it is worth.
        difficulty: mean share of its points that was earned, from 0 (nobody) to 1 (everybody).
        discrimination: correlation of its points with those of all other questions; ``None`` where one of them is the
            same for everybody.
        passed: how many passed.
        not_written: how many have not written it.
        wrong: the commonest wrong answers, each part counted for itself.
    """

    title: str
    max_points: float
    difficulty: float
    discrimination: float | None
    passed: int
    not_written: int
    wrong: tuple[WrongAnswer, ...]


@dataclass(frozen=True)
class ExerciseStatistics:
    """Statistics of one exercise, over the attempts that count.

    Attributes:
        exercise: its name.
        learners: how many were marked.
        max_points: what could be earned.
        mean, median: of the points.
        counts: how many learners are in each tenth of the points; the last tenth includes full points.
        questions: the statistics of each.
        seconds: median, 90th percentile and maximum of the time that marking took.
    """

    exercise: str
    learners: int
    max_points: float
    mean: float
    median: float
    counts: tuple[int, ...]
    questions: tuple[QuestionStatistics, ...]
    seconds: tuple[float, float, float]


def statistics(grades: Sequence[Grade], exercise: str) -> ExerciseStatistics | None:
    """The statistics of an exercise, or ``None`` where nobody was marked."""
    marked = [each for each in grades if each.state == MARKED and each.counts and each.submission.exercise == exercise]
    if not marked:
        return None
    points = np.array([each.points for each in marked])
    most = max(each.max_points for each in marked)
    return ExerciseStatistics(
        exercise,
        len(marked),
        most,
        float(points.mean()),
        float(np.median(points)),
        _tenths(points, most),
        _questions([each.report for each in marked if each.report]),
        tuple(np.percentile([each.seconds for each in marked], [50, 90, 100]).tolist()),
    )


def notices(grades: Sequence[Grade]) -> list[Notice]:
    """What to look at in the attempts that count."""
    found = []
    for each in grades:
        learner = each.submission.learner.name
        for question in each.report.questions if each.report and each.counts else ():
            failures = [(part, failed.drawn) for part, failed in question.failures if failed.drawn]
            found += [Notice(learner, question.title, part, drawn=drawn) for part, drawn in failures]
        found += [Notice(learner, title, flag=words) for title, words in each.flags if each.counts]
    return found


def item_rest_correlation(points: np.ndarray, rest: np.ndarray) -> float | None:
    """Pearson's correlation of a question's points with the points of the others, both of shape ``(learner,)``.

    >>> item_rest_correlation(np.array([0.0, 1.0, 1.0]), np.array([0.0, 2.0, 2.0]))
    1.0
    >>> item_rest_correlation(np.array([1.0, 1.0]), np.array([0.0, 2.0])) is None
    True
    """
    if len(points) < 2 or np.ptp(points) == 0 or np.ptp(rest) == 0:
        return None
    return round(float(np.corrcoef(points, rest)[0, 1]), 12)


def _tenths(points: np.ndarray, most: float) -> tuple[int, ...]:
    if most <= 0:
        return (len(points), *[0] * 9)
    tenths = np.clip(points / most * 10 + 1e-9, 0, 10)
    return tuple(np.histogram(tenths, bins=10, range=(0, 10))[0].tolist())


def _questions(reports: Sequence[Report]) -> tuple[QuestionStatistics, ...]:
    by_learner = [{question.name: question for question in report.questions} for report in reports]
    names = list(dict.fromkeys(name for each in by_learner for name in each))
    points = np.array([[each[name].points if name in each else 0.0 for name in names] for each in by_learner])
    rest = points.sum(axis=1, keepdims=True) - points
    return tuple(
        _question(
            [each[name] for each in by_learner if name in each],
            item_rest_correlation(points[:, column], rest[:, column]),
        )
        for column, name in enumerate(names)
    )


def _question(answers: Sequence[QuestionResult], discrimination: float | None) -> QuestionStatistics:
    first = answers[0]
    statuses = Counter(answer.status for answer in answers)
    return QuestionStatistics(
        first.title,
        first.max_points,
        float(np.mean([answer.points for answer in answers])) / first.max_points,
        discrimination,
        statuses[results.PASSED],
        statuses[results.NOT_YET],
        _wrong(answers),
    )


def _wrong(answers: Sequence[QuestionResult]) -> tuple[WrongAnswer, ...]:
    groups: dict[tuple[str, str, str], list[PartResult | QuestionResult]] = {}
    for answer in answers:
        for title, failed in answer.failures:
            if failed.status != results.NOT_YET and failed.message:
                groups.setdefault((title, failed.hint or "", _kind(failed)), []).append(failed)
    commonest = sorted(groups.items(), key=lambda item: -len(item[1]))[:COMMONEST]
    return tuple(
        WrongAnswer(title, hint, same[0].message, same[0].got or "", len(same)) for (title, hint, _), same in commonest
    )


def _kind(failed: PartResult | QuestionResult) -> str:
    """What tells failures with the same hint apart: nothing where it is the check's, else the message without what is
    the learner's own: code, names and numbers."""
    if failed.hint and " stopped with " not in failed.message:
        return ""
    return re.sub(r"`[^`]*`|'[^']*'|\d[\d.]*", "…", failed.message)
