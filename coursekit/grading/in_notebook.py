"""The learner's side in a notebook: ``check = open_exercise("01_mnist_dense")``, then ``check("softmax")``."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import MutableMapping, Sequence
from typing import Any

from coursekit.grading import progress, results
from coursekit.grading.answers import NamespaceAnswers
from coursekit.grading.cards import Card, Panel
from coursekit.grading.questions import Exercise, find_exercise

WORKER_VARIABLE = "COURSEKIT_WORKER"


class NoPoints(Exception):
    """nbgrader runs the notebook, and a question earned nothing. (nbgrader takes a result of 0 for full points.)"""


def open_exercise(name: str | Exercise, namespace: MutableMapping[str, Any] | None = None) -> Check | SilentCheck:
    """The check of an exercise, over the names of the notebook that calls this.

    Args:
        name: the exercise's name, such as ``"01_mnist_dense"``; or the exercise itself.
        namespace: the names to check; those of the caller if left out.

    Raises:
        coursekit.course.UnknownLesson: no such exercise; the message offers the nearest names.
    """
    if os.environ.get(WORKER_VARIABLE):
        return SilentCheck()
    if namespace is None:
        namespace = sys._getframe(1).f_globals
    return Check(name if isinstance(name, Exercise) else find_exercise(name), namespace)


class Check:
    """Checks one question when called, all of them with :meth:`all`. Made by :func:`open_exercise`."""

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
        """
        with _stderr_as_stdout() if _nbgrader_is_running() else contextlib.nullcontext():
            result = self._exercise.find(question).run(NamespaceAnswers(self._namespace))
        _show(Card(result))
        if _nbgrader_is_running():
            return _points_for_nbgrader(result)
        _record(self._exercise.name, [result])
        return None

    def all(self) -> None:
        """Check every question, show one panel, and record the results."""
        report = self._exercise.run(NamespaceAnswers(self._namespace))
        _show(Panel(report))
        if not _nbgrader_is_running():
            _record(self._exercise.name, report.questions)


class SilentCheck:
    """Stands in for :class:`Check` in the worker process, where nothing is checked and no expectation is known."""

    def __call__(self, question: str = "") -> None:
        """Do nothing."""

    def all(self) -> None:
        """Do nothing."""


def _record(exercise: str, questions: Sequence[results.QuestionResult]) -> None:
    try:
        progress.record(exercise, questions)
    except OSError as error:
        warnings.warn(f"Your progress was not saved in {progress.path()}: {error}.", stacklevel=3)


def _show(card: Card | Panel) -> None:
    if "IPython" in sys.modules:
        from IPython.display import display

        display(card)
    else:
        print(card)


def _nbgrader_is_running() -> bool:
    """Whether nbgrader executes the notebook: to grade it, or to validate it for the learner."""
    return os.environ.get("NBGRADER_EXECUTION") in ("autograde", "validate") or "NBGRADER_VALIDATING" in os.environ


def _stderr_as_stdout() -> contextlib.AbstractContextManager:
    """Sends warnings and other words for standard error elsewhere: nbgrader gives a cell that has any 0 points."""
    return contextlib.redirect_stderr(sys.stdout)


def _points_for_nbgrader(result: results.QuestionResult) -> float:
    if not result.points:
        raise NoPoints(f"{result.title}: {result.message}")
    return result.points
