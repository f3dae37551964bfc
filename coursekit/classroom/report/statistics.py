"""What an instructor looks at after marking: how points are spread, which questions are hard, and what went wrong.

Difficulty and discrimination as in classical test theory: Allen and Yen, *Introduction to Measurement Theory* (1979),
chapter 6; the item-rest correlation leaves the question itself out of the total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coursekit.classroom.report.grades import MARKED, Grade
from coursekit.grading import results
from coursekit.grading.results import QuestionResult

COMMONEST = 5


@dataclass(frozen=True)
class WrongAnswer:
    """What several learners got wrong in the same way: the message, what came, and how many it was."""

    message: str
    got: str
    learners: int


@dataclass(frozen=True)
class Item:
    """Statistics of one question.

    Attributes:
        name: of the question.
        title: of the question.
        max_points: what it is worth.
        difficulty: mean share of its points that was earned, from 0 (nobody) to 1 (everybody).
        discrimination: correlation of its points with those of all other questions; ``None`` where one of them is the
            same for everybody.
        passed: how many passed.
        not_written: how many have not written it.
        wrong: the commonest wrong answers.
    """

    name: str
    title: str
    max_points: float
    difficulty: float
    discrimination: float | None
    passed: int
    not_written: int
    wrong: tuple[WrongAnswer, ...]


@dataclass(frozen=True)
class Statistics:
    """Statistics of one exercise, over the attempts that count.

    Attributes:
        exercise: its name.
        learners: how many were marked.
        max_points: what could be earned.
        mean, median: of the points.
        counts: how many learners are in each tenth of the points; the last tenth includes full points.
        items: of each question.
        seconds: median, 90th percentile and maximum of the time that marking took.
    """

    exercise: str
    learners: int
    max_points: float
    mean: float
    median: float
    counts: tuple[int, ...]
    items: tuple[Item, ...]
    seconds: tuple[float, float, float]


def statistics(grades: Sequence[Grade], exercise: str) -> Statistics | None:
    """The statistics of an exercise, or ``None`` where nobody was marked."""
    marked = [each for each in grades if each.state == MARKED and each.counts and each.submission.exercise == exercise]
    if not marked:
        return None
    points = np.array([each.points for each in marked])
    most = max(each.max_points for each in marked)
    seconds = np.array([each.seconds for each in marked])
    return Statistics(
        exercise,
        len(marked),
        most,
        float(points.mean()),
        float(np.median(points)),
        _tenths(points, most),
        _items(marked),
        (float(np.median(seconds)), float(np.percentile(seconds, 90)), float(seconds.max())),
    )


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
    tenth = np.clip(np.floor(points / most * 10 + 1e-9), 0, 9).astype(int)
    return tuple(int(count) for count in np.bincount(tenth, minlength=10))


def _items(marked: Sequence[Grade]) -> tuple[Item, ...]:
    names = list(dict.fromkeys(question.name for each in marked for question in each.report.questions))
    by_learner = [{question.name: question for question in each.report.questions} for each in marked]
    points = np.array([[each[name].points if name in each else 0.0 for name in names] for each in by_learner])
    items = []
    for column, name in enumerate(names):
        answers = [each[name] for each in by_learner if name in each]
        rest = points.sum(axis=1) - points[:, column]
        items.append(_item(answers, item_rest_correlation(points[:, column], rest)))
    return tuple(items)


def _item(answers: Sequence[QuestionResult], discrimination: float | None) -> Item:
    first = answers[0]
    statuses = Counter(answer.status for answer in answers)
    return Item(
        first.name,
        first.title,
        first.max_points,
        float(np.mean([answer.points for answer in answers])) / first.max_points,
        discrimination,
        statuses[results.PASSED],
        statuses[results.NOT_YET],
        _commonest(answers),
    )


def _commonest(answers: Sequence[QuestionResult]) -> tuple[WrongAnswer, ...]:
    wrong = Counter(
        (answer.message, answer.got or "")
        for answer in answers
        if answer.status in (results.FAILED, results.PARTIAL) and answer.message
    )
    return tuple(WrongAnswer(*pair, count) for pair, count in wrong.most_common(COMMONEST))
