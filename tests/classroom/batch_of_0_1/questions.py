"""The questions of the class in this folder, as they stood when it was graded: a mark's key depends on every byte."""

from __future__ import annotations

import numpy as np

from coursekit.grading import Exercise

exercise = Exercise("99_demo", "A demo")


@exercise.question("softmax", points=2, title="Softmax by hand", seconds=1.5)
def softmax(answers, expect):
    """`softmax(z)` turns logits into probabilities that sum to one, also for large logits."""
    for logits in ([1.0, 2.0, 3.0], [-4.0, 0.0, 4.0]):
        powers = np.exp(logits)
        expect.close(
            answers.call("softmax", np.array(logits)), powers / powers.sum(), hint="Exponentials over their own sum."
        )
    with expect.part(points=1, title="large logits"):
        expect.finite(answers.call("softmax", np.array([1000.0, 0.0])), hint="Subtract the largest logit first.")


@exercise.question("count", points=1, title="A count", seconds=1.5)
def count(answers, expect):
    """`count` is the number of digits."""
    expect.equal(answers.value("count"), 10, hint="From 0 to 9.")
