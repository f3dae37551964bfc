"""Curves and scores that were written down, not measured: each earns the point for having recorded it, no more."""

from __future__ import annotations

import pytest

from coursekit import course
from coursekit.checks.imdb_dense import VARIANTS
from coursekit.grading import NamespaceAnswers
from coursekit.grading.questions import find_exercise

LOSS, ACCURACY = [0.3, 0.2, 0.1], [0.97, 0.98, 0.99]
CURVES = {"loss": LOSS, "val_loss": LOSS, "accuracy": ACCURACY, "val_accuracy": ACCURACY, "val_elbo": LOSS}
INVENTED = {
    "history": CURVES,
    "dense_history": CURVES | {"val_accuracy": [0.95, 0.96, 0.97]},
    "accuracies": {name: [0.85 + number / 100, 0.86] for number, name in enumerate(VARIANTS)},
}
EARNED = {lesson.slug: 1 for lesson in course.LESSONS} | {
    "imdb_dense": 2,
    "regularization": 0,
    "bayesian_nn": 0,
    "optimizers": 0,
    "text": 0,
    "gan": 0,
    "rbm_dbn": 0,
    "deepdream_style": 0,
    "streaming": 0,
    "attention": 0,
}


@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_an_invented_curve_earns_its_own_point_at_most(lesson):
    assert find_exercise(lesson.name).run(NamespaceAnswers(INVENTED)).points == EARNED[lesson.slug]
