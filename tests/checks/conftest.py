"""What the tests of the checks share: points for an answer, given as the source that a learner would write."""

from __future__ import annotations

import pytest

from coursekit.grading import NamespaceAnswers, find_exercise
from coursekit.worker import responding

pytest.register_assert_rewrite("answer_tables")  # its tests are to show what they compared

from answer_tables import run  # noqa: E402 (after the line above)


class Unasked:
    """Stands for :class:`coursekit.worker.interrupting.Waiting`, of which a check asks only when time is over."""

    def seconds(self) -> float:
        pytest.fail("a right or wrong answer ran out of time")


@pytest.fixture(autouse=True)
def no_look_at_each_thread(monkeypatch):
    """What each thread has waited is read before each answer: up to a third of the time of short ones, which are
    asked for by the thousand here."""
    monkeypatch.setattr(responding, "Waiting", Unasked)


@pytest.fixture
def earned():
    """A function ``(exercise, question, source, **names) -> points`` that grades ``source`` as one notebook cell.

    ``names`` are there before the cell runs, as if earlier cells had made them.
    """

    def grade(exercise: str, question: str, source: str, **names) -> float:
        report = find_exercise(exercise).run(NamespaceAnswers(run(source, names)), [question])
        return report.points

    return grade
