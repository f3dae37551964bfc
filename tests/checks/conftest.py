"""What the tests of the checks share: points for an answer, given as the source that a learner would write."""

from __future__ import annotations

import pytest

from coursekit.grading import NamespaceAnswers, find_exercise

pytest.register_assert_rewrite("answer_tables")  # its tests are to show what they compared

from answer_tables import run  # noqa: E402 (after the line above)


@pytest.fixture
def earned():
    """A function ``(exercise, question, source, **names) -> points`` that grades ``source`` as one notebook cell.

    ``names`` are there before the cell runs, as if earlier cells had made them.
    """

    def grade(exercise: str, question: str, source: str, **names) -> float:
        report = find_exercise(exercise).run(NamespaceAnswers(run(source, names)), [question])
        return report.points

    return grade
