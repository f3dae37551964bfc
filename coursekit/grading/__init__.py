"""Questions, answers and checks.

For check modules: :class:`Exercise`, whose questions get ``answers`` (:class:`Answers`) and ``expect``
(:class:`Expect`). For notebooks: :func:`open_exercise`.
"""

from coursekit.grading.answers import Answers, NamespaceAnswers
from coursekit.grading.expect import Expect
from coursekit.grading.in_notebook import open_exercise
from coursekit.grading.models import Layer, Loss, Model, Optimizer
from coursekit.grading.questions import Exercise, Question, find_exercise
from coursekit.grading.results import PartResult, QuestionResult, Report

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
