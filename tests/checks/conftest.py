"""What the tests of the checks share: points for an answer, given as the source that a learner would write."""

from __future__ import annotations

import sys
from collections.abc import Iterator

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


@pytest.fixture
def untraced() -> Iterator[None]:
    """Runs the test without coverage: it repeats what others ran, and tracing takes longer than the test.

    The marker ``no_cover`` does nothing in a worker of pytest-xdist: another measurement waits beneath the stopped one.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)
