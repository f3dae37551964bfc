"""Questions, answers and checks.

For check modules: :class:`Exercise`, whose questions get ``answers`` (:class:`Answers`) and ``expect``
(:class:`Expect`). For notebooks: :func:`open_exercise`, which alone is loaded at once: in a worker, whose notebook
calls it as well, nothing else is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursekit import lazy
from coursekit.grading.opening import open_exercise

if TYPE_CHECKING:
    from coursekit.grading.answers import Answers, NamespaceAnswers
    from coursekit.grading.expect import Expect
    from coursekit.grading.models import Layer, Loss, Model, Optimizer
    from coursekit.grading.questions import Exercise, Question, find_exercise
    from coursekit.grading.results import PartResult, QuestionResult, Report

__getattr__ = lazy.exports(
    __name__,
    {
        "answers": ["Answers", "NamespaceAnswers"],
        "expect": ["Expect"],
        "models": ["Layer", "Loss", "Model", "Optimizer"],
        "questions": ["Exercise", "Question", "find_exercise"],
        "results": ["PartResult", "QuestionResult", "Report"],
    },
)

__all__ = [
    "Answers",
    "Exercise",
    "Expect",
    "Layer",
    "Loss",
    "Model",
    "NamespaceAnswers",
    "Optimizer",
    "PartResult",
    "Question",
    "QuestionResult",
    "Report",
    "find_exercise",
    "open_exercise",
]
