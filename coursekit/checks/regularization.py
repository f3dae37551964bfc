"""Questions of exercise 3: penalties, dropout, clipping, early stopping, choosing by validation."""

from __future__ import annotations

import numpy as np

from coursekit.checks.shared import unseen_reviews
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("03_regularization")

WORDS = 2_000
TEST_REVIEWS = 2_000
LARGEST_LOSS = 0.36
LEAST_ACCURACY = 0.86


@exercise.question("penalty", points=2, title="The price of weights")
def penalty(answers: Answers, expect: Expect) -> None:
    """`penalty(weights, l1, l2)`: l1 · Σ|w| + l2 · Σw² over all arrays of a list."""
    from keras import regularizers

    weights = list(_weights())
    for l1, l2 in ((0.0, 0.01), (0.02, 0.0), (0.3, 0.001)):
        reference = sum(float(regularizers.L1L2(l1, l2)(w.astype("float32"))) for w in weights)
        expect.close(
            answers.call("penalty", weights, l1, l2),
            reference,
            rtol=1e-4,
            hint="Sums, not means; sizes (np.abs) for L1; squares for L2 and no root; every array of the list counts.",
        )


@exercise.question("penalty_gradient", points=2, title="How hard it pulls")
def penalty_gradient(answers: Answers, expect: Expect) -> None:
    """The gradient of `l1 · Σ|w| + l2 · Σw²` with respect to one array of weights; 0 where a weight is 0."""
    w = _weights()[0]
    for l1, l2 in ((0.0, 0.01), (0.3, 0.0), (0.3, 0.01)):
        expect.close(
            answers.call("penalty_gradient", w, l1, l2),
            l1 * np.sign(w) + 2 * l2 * w,
            hint="The derivative of w² is 2w. |w| has the slope 1 or −1, whatever the size of the weight: its sign.",
        )
    with expect.part(points=1, title="weights that are exactly zero"):
        zeros = np.array([0.0, -2.0, 0.0, 1.5])
        gradient = answers.call("penalty_gradient", zeros, 0.5, 0.1)
        expect.finite(gradient, hint="w / |w| is 0 / 0 for a weight that is zero. Is there a function for the sign?")
        expect.close(gradient, 0.5 * np.sign(zeros) + 0.2 * zeros, hint="A weight that is 0 already is not pulled at.")


@exercise.question("shrink", points=2, title="Shrinkage by L1")
def shrink(answers: Answers, expect: Expect) -> None:
    """`shrink(w, strength)`: the weights that minimise ½(v − w)² + strength · |v|, one by one."""
    from scipy.optimize import minimize_scalar

    w = np.array([-2.0, -0.55, -0.1, 0.2, 0.45, 1.3])
    for strength in (0.5, 0.25):
        best = [minimize_scalar(lambda v, x=x, s=strength: 0.5 * (v - x) ** 2 + s * abs(v)).x for x in w]
        expect.close(
            answers.call("shrink", w, strength),
            best,
            atol=1e-4,
            hint="Every weight moves towards zero by `strength` and stops at zero; it never changes its sign.",
        )


@exercise.question("dropout", points=4, title="Inverted dropout")
def dropout(answers: Answers, expect: Expect) -> None:
    """`dropout(outputs, rate, training, seed)`: units left out at random in training, nothing changed in use."""
    ones = np.ones((400, 50))
    with expect.part(points=1, title="in use"):
        outputs = np.arange(12.0).reshape(3, 4)
        expect.close(
            answers.call("dropout", outputs, 0.4, training=False, seed=1),
            outputs,
            hint="Without training nothing is left out, and inverted dropout needs no scaling here either.",
        )
    with expect.part(points=1, title="the share that is left out"):
        for rate in (0.5, 0.2):
            dropped = [answers.call("dropout", ones, rate, training=True, seed=seed) for seed in range(10)]
            expect.shape(dropped[0], ones.shape, hint="Units become 0; none is removed from the array.")
            expect.between(
                float(np.mean(np.asarray(dropped) == 0)),
                rate - 0.08,
                rate + 0.08,
                hint="`rate` is the share that is set to 0, not the share that is kept.",
            )
    with expect.part(points=1, title="the same on average"):
        outputs = np.linspace(-2, 3, 50)
        dropped = answers.call("dropout", outputs + 0 * ones, 0.2, training=True, seed=2)
        survivors = np.asarray(dropped) != 0
        expect.shape(dropped, ones.shape, hint="Units become 0; none is removed from the array.")
        expect.true(survivors.any() and not survivors.all(), "Nothing, or everything, was left out.")
        expect.close(
            np.asarray(dropped)[survivors],
            ((outputs + 0 * ones) / 0.8)[survivors],
            hint="What survives makes up for what is lost: divide it by the share that is kept.",
        )
    with expect.part(points=1, title="a mask of its own for every example"):
        masked = np.asarray(answers.call("dropout", ones, 0.5, training=True, seed=3))
        again = answers.call("dropout", ones, 0.5, training=True, seed=3)
        rows, columns = (np.unique(masked == 0, axis=axis).shape[axis] for axis in (0, 1))
        expect.true(
            rows > 1 or columns == 1,
            "Every example has lost the same units.",
            hint="Draw one random number for each entry: the shape of the mask is the shape of `outputs`.",
        )
        expect.true(
            columns > 1,
            "Whole examples were left out, or nothing was.",
            hint="Dropout leaves out units, not data: draw one random number for each entry.",
        )
        expect.equal(again, masked, hint="The same seed gives the same mask: np.random.default_rng(seed).")


@exercise.question("clip_by_norm", points=3, title="Clip by norm")
def clip_by_norm(answers: Answers, expect: Expect) -> None:
    """`clip_by_norm(gradients, limit)`: a list of arrays, scaled together so that their norm is at most `limit`."""
    gradients = [np.array([[3.0, 0.0], [0.0, 4.0]]), np.array([12.0, 0.0])]  # norm 13
    clipped = _arrays(answers, expect, gradients, 2.6)
    together = np.sqrt(sum(np.sum(np.square(g)) for g in clipped))
    expect.close(together, 2.6, hint="The norm of all arrays together: the root of the sum of all squares.")
    with expect.part(points=1, title="the direction is kept"):
        for got, gradient in zip(clipped, gradients):
            expect.close(
                got,
                gradient * 0.2,
                hint="One factor for all entries of all arrays, limit / norm. Clipping entries, or each array by "
                "itself, turns the step.",
            )
    with expect.part(points=1, title="short gradients stay as they are"):
        short = [np.array([0.3, -0.4]), np.zeros((2, 2))]
        for got, gradient in zip(_arrays(answers, expect, short, 2.0), short):
            expect.close(got, gradient, hint="Clipping only ever shortens: the factor is never above 1.")
        for got in _arrays(answers, expect, [np.zeros(3)], 1.0):
            expect.close(got, np.zeros(3), hint="At a norm of 0, limit / norm divides by zero.")


@exercise.question("early_stopping", points=3, title="When to stop")
def early_stopping(answers: Answers, expect: Expect) -> None:
    """`early_stopping(losses, patience, min_delta)` → the epoch to keep and the last epoch, counted from 1."""

    def compare(losses: list[float], patience: int, min_delta: float, hint: str) -> None:
        got = answers.call("early_stopping", losses, patience, min_delta)
        expect.equal(got, _kept_and_last(losses, patience, min_delta), hint=hint)

    hint = "Count the epochs since the last best one; it starts anew with each improvement. Epochs count from 1."
    compare([0.6, 0.5, 0.4, 0.45, 0.5, 0.6], 2, 0.0, hint)
    compare([0.6, 0.5, 0.55, 0.4, 0.45, 0.5, 0.3], 2, 0.0, hint)
    compare([0.3, 0.4, 0.5, 0.6, 0.2], 3, 0.0, hint)
    compare([0.3, 0.4, 0.5, 0.2], 1, 0.0, hint)
    with expect.part(points=1, title="losses that keep falling"):
        hint = "When patience never runs out, training ends with the last epoch there is."
        for losses in ([0.5, 0.4, 0.3, 0.2], [0.5], [0.5, 0.4, 0.45]):
            compare(losses, 3, 0.0, hint)
    with expect.part(points=1, title="gains too small to count"):
        hint = "A loss counts as better only if it is below the best one by more than `min_delta`."
        compare([0.5, 0.4, 0.399, 0.398, 0.397, 0.2], 2, 0.01, hint)
        compare([0.5, 0.5, 0.5, 0.5], 2, 0.01, hint)


@exercise.question("choose_strength", points=2, title="Choose λ by validation")
def choose_strength(answers: Answers, expect: Expect) -> None:
    """The strength whose ridge regression, fitted on the training data, has the lowest error on validation data."""
    strengths = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]
    for seed, noise in ((0, 3.0), (1, 0.05), (2, 8.0)):
        data = _regression(seed, noise)
        expect.close(
            answers.call("choose_strength", *data, strengths),
            _best_strength(*data, strengths),
            hint="Fit on x_train only, with each strength; compare the errors on x_valid; return the strength, not "
            "its place in the list. The training error always prefers the smallest.",
        )


@exercise.question("training", points=2, title="A network that does not overfit")
def training(answers: Answers, expect: Expect) -> None:
    """`model` reads new reviews well and is not too sure of itself; `history` holds validation losses."""
    reviews, y_test = unseen_reviews(TEST_REVIEWS, num_words=WORDS)
    x_test = reviews.multi_hot()
    with expect.part(points=1, title="not too sure of itself"):
        right = np.where(y_test == 1, *_probabilities(answers, expect, x_test))
        expect.at_most(
            float(-np.log(np.clip(right, 1e-7, 1)).mean()),
            LARGEST_LOSS,
            hint="The cross-entropy on new reviews: it grows with each epoch too many. Stop early, restore the best "
            "weights, add dropout or a penalty.",
        )
    with expect.part(points=1, title="accurate, and validated"):
        hint = "history = model.fit(…, validation_data=(x_valid, y_valid))."
        expect.validated(answers.value("history"), hint=hint)
        right = np.where(y_test == 1, *_probabilities(answers, expect, x_test))
        expect.at_least(float((right > 0.5).mean()), LEAST_ACCURACY, hint="Too strong a penalty? Too few epochs?")


def _weights() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 3)), rng.normal(size=4)


def _arrays(answers: Answers, expect: Expect, gradients: list[np.ndarray], limit: float) -> list[np.ndarray]:
    clipped = answers.call("clip_by_norm", gradients, limit)
    expect.true(
        isinstance(clipped, list | tuple) and len(clipped) == len(gradients),
        f"A list of {len(gradients)} arrays was expected.",
        hint="One clipped array for each that came, in a list.",
    )
    for got, gradient in zip(clipped, gradients):
        expect.shape(got, gradient.shape, hint="Clipping changes lengths, not shapes.")
    return [np.asarray(got) for got in clipped]


def _kept_and_last(losses: list[float], patience: int, min_delta: float) -> tuple[int, int]:
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[best - 1] - min_delta:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(losses)


def _regression(seed: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    weights, x = rng.normal(size=20), rng.normal(size=(130, 20))
    y = x @ weights + rng.normal(scale=noise, size=130)
    return x[:30], y[:30], x[30:], y[30:]


def _best_strength(
    x_train: np.ndarray, y_train: np.ndarray, x_valid: np.ndarray, y_valid: np.ndarray, strengths: list[float]
) -> float:
    from sklearn.linear_model import Ridge

    fits = [Ridge(alpha=strength, fit_intercept=False).fit(x_train, y_train) for strength in strengths]
    return strengths[int(np.argmin([np.mean((fit.predict(x_valid) - y_valid) ** 2) for fit in fits]))]


def _probabilities(answers: Answers, expect: Expect, x_test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    outputs = answers.model("model").predict(x_test)
    expect.shape(outputs, (TEST_REVIEWS, 1), hint="One probability a review: Dense(1, activation='sigmoid').")
    p = np.asarray(outputs)[:, 0].astype("float64")
    expect.true(
        bool(((p >= 0) & (p <= 1)).all()),
        "The outputs are no probabilities.",
        hint="The last layer needs a sigmoid.",
    )
    return p, 1 - p
