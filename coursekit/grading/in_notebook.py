"""Checks in a learner's own notebook: ``check("softmax")``."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

from coursekit.files import CannotWrite
from coursekit.grading import progress, results
from coursekit.grading.answers import NamespaceAnswers
from coursekit.grading.cards import Card, Panel
from coursekit.grading.questions import CheckInterrupted, Exercise


class NoPoints(Exception):
    """nbgrader runs the notebook, and a question earned nothing. (nbgrader takes a result of 0 for full points.)"""


class Check:
    """Checks one question when called, all of them with :meth:`all`. Made by
    :func:`coursekit.grading.open_exercise`."""

    def __init__(self, exercise: Exercise, namespace: MutableMapping[str, Any]) -> None:
        self._exercise = exercise
        self._namespace = namespace

    def __repr__(self) -> str:
        exercise = self._exercise
        names = ", ".join(exercise.questions)
        return f"<check of {exercise.name}: {len(exercise.questions)} questions, {exercise.points:g} points: {names}>"

    def __call__(self, question: str) -> float | None:
        """Check one question, show the result, and record it.

        Returns:
            ``None``; the points where nbgrader runs the notebook, because it reads them from the cell's result.

        Raises:
            UnknownQuestion: no such question; the message offers the nearest names.
            NoPoints: nbgrader runs the notebook, and the question earned nothing.
            CheckInterrupted: somebody interrupted it; a card says what was running.
        """
        asked = self._exercise.find(question)
        stderr = sys.stdout if _nbgrader_is_running() else sys.stderr  # for words there it gives a cell 0 points
        with contextlib.redirect_stderr(stderr), _card_if_interrupted():
            result = asked.run(NamespaceAnswers(self._namespace))
        _show(Card(result))
        if _nbgrader_is_running():
            return _points_for_nbgrader(result)
        _record(self._exercise.name, [result])
        return None

    def all(self) -> None:
        """Check every question, show one panel, and record the results.

        Raises:
            CheckInterrupted: somebody interrupted it; a card says what was running.
        """
        with _card_if_interrupted():
            report = self._exercise.run(NamespaceAnswers(self._namespace))
        _show(Panel(report))
        if not _nbgrader_is_running():
            _record(self._exercise.name, report.questions)


def _record(exercise: str, questions: Sequence[results.QuestionResult]) -> None:
    try:
        progress.record(exercise, questions)
    except CannotWrite as error:
        warnings.warn(f"Your progress was not saved. {error}", stacklevel=3)


def _show(card: Card | Panel) -> None:
    if "IPython" in sys.modules:
        from IPython.display import display

        display(card)  # type: ignore[no-untyped-call]  # IPython's
    else:
        print(card)


@contextlib.contextmanager
def _card_if_interrupted() -> Iterator[None]:
    try:
        yield
    except CheckInterrupted as end:
        _show(Card(end.result))
        raise


def _nbgrader_is_running() -> bool:
    """Whether nbgrader executes the notebook: to grade it, or to validate it for the learner."""
    return os.environ.get("NBGRADER_EXECUTION") in ("autograde", "validate") or "NBGRADER_VALIDATING" in os.environ


def _points_for_nbgrader(result: results.QuestionResult) -> float:
    if not result.points:
        raise NoPoints(f"{result.title}: {result.message}")
    return result.points
