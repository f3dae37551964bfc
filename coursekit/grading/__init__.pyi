from .answers import Answers, NamespaceAnswers
from .expect import Expect
from .models import Layer, Loss, Model, Optimizer, Step, Weight
from .opening import open_exercise
from .questions import Exercise, Question, find_exercise
from .results import PartResult, QuestionResult, Report

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
    "Step",
    "Weight",
    "find_exercise",
    "open_exercise",
]
