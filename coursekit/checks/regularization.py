"""Questions of exercise 3: penalties, dropout, clipping, early stopping, choosing by validation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coursekit.checks.shared import expect_own_noise, unseen_reviews
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("03_regularization")

WORDS = 2_000
TEST_REVIEWS = 10_000
LARGEST_LOSS = 0.36
LEAST_ACCURACY = 0.86
APART = (0, 1, 2, 1000, 1024, 27_720)  # seeds that are the same modulo many numbers


@exercise.question("penalty", points=2, title="The price of weights")
def penalty(answers: Answers, expect: Expect) -> None:
    """`penalty(weights, l1, l2)` is one number: `l1` times the sizes plus `l2` times the squares of all weights."""
    rng = answers.draw("weights")
    for shapes in (((5, 3), (4,)), ((2, 3, 3, 2), (1,), (3, 3)), ((6,),)):
        weights = [rng.normal(scale=2, size=shape) for shape in shapes]
        sizes, squares = (sum(float(each(w).sum()) for w in weights) for each in (np.abs, np.square))
        low, high = rng.uniform(0.001, 0.1), rng.uniform(0.2, 0.9)
        for l1, l2 in ((0.0, low), (low, 0.0), (high, low)):
            for dtype in (np.float64, np.float32):
                expect.close(
                    answers.call("penalty", [w.astype(dtype) for w in weights], l1, l2),
                    l1 * sizes + l2 * squares,
                    rtol=1e-4,
                    hint="Sums, not means; sizes (np.abs) for L1; squares for L2 and no root; every array of the list "
                    "counts.",
                )


@exercise.question("penalty_gradient", points=2, title="How hard it pulls")
def penalty_gradient(answers: Answers, expect: Expect) -> None:
    """`penalty_gradient(w, l1, l2)`: of the penalty of question 1, for one array of weights; 0 where a weight is 0."""
    rng = answers.draw("weights")

    def compare(w: np.ndarray, l1: float, l2: float, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            gradient = answers.call("penalty_gradient", w.astype(dtype), l1, l2)
            expect.shape(gradient, w.shape, hint="A gradient has the shape of what it belongs to.")
            expect.finite(gradient, hint=hint)
            expect.close(gradient, l1 * np.sign(w) + 2 * l2 * w, rtol=1e-4, atol=1e-5, hint=hint)

    hint = "The derivative of w² is 2w. |w| has the slope 1 or −1, whatever the size of the weight: its sign."
    for shape in ((5, 3), (7,), (1,), (2, 2, 3)):
        w = rng.choice([-1, 1], size=shape) * rng.uniform(0.01, 3, size=shape)
        l1, l2 = rng.uniform(0.1, 0.9, size=2).tolist()
        compare(w, 0.0, l2, hint)
        compare(w, l1, 0.0, hint)
        compare(w, l1, l2, hint)
    with expect.part(points=1, title="weights that are exactly zero"):
        hint = "A weight that is 0 already is not pulled at. w / |w| is 0 / 0 there: is there a function for the sign?"
        l1, l2 = rng.uniform(0.1, 0.9, size=2).tolist()
        compare(np.where(rng.permutation(6) < 3, 0, rng.uniform(0.5, 2, size=6)), l1, l2, hint)
        compare(np.zeros((2, 3)), l1, l2, hint)


@exercise.question("shrink", points=2, title="Shrinkage by L1")
def shrink(answers: Answers, expect: Expect) -> None:
    """`shrink(w, strength)`: the weights that minimise ½(v − w)² + strength · |v|, one by one."""
    rng = answers.draw("weights")
    for dtype in (np.float64, np.float32, np.float64):
        strength = float(rng.uniform(0.2, 1.2))
        far, near = rng.uniform(1.2, 5, size=3), rng.uniform(0.1, 0.8, size=2)
        w = (strength * rng.permutation([*far, *-far[::-1], *near, *-near, 0, 1, -1])).astype(dtype)
        expect.close(
            answers.call("shrink", w, strength),
            w - np.clip(w, -strength, strength),
            atol=1e-4,
            hint="Every weight moves towards zero by `strength` and stops at zero; it never changes its sign.",
        )


@exercise.question("dropout", points=4, title="Inverted dropout")
def dropout(answers: Answers, expect: Expect) -> None:
    """`dropout(outputs, rate, training, seed)`: units left out at random in training, nothing changed in use."""
    rng = answers.draw("outputs, rates and seeds")
    seeds = rng.permutation(10_000).tolist()
    rates = rng.uniform(0.15, 0.4), rng.uniform(0.6, 0.85)

    def drop(outputs: np.ndarray, rate: float, training: bool = True, seed: int | None = None) -> np.ndarray:
        got = answers.call("dropout", outputs, float(rate), training, seeds.pop() if seed is None else seed)
        expect.shape(got, outputs.shape, hint="Units become 0; none is removed from the array.")
        return np.asarray(got)

    ones = np.ones((60, 40))
    with expect.part(points=1, title="in use"):
        for rate, dtype in zip(rates, (np.float64, np.float32)):
            outputs = rng.normal(size=(3, 4)).astype(dtype)
            hint = "Without training nothing is left out, and inverted dropout needs no scaling here either."
            expect.close(drop(outputs, rate, training=False), outputs, hint=hint)
    with expect.part(points=1, title="the share that is left out"):
        for rate in rates:
            zeros = _drawn_one_by_one(drop(ones, rate) == 0)
            expect.share(zeros, rate, hint="`rate` is the share that is set to 0, not the share that is kept.")
    with expect.part(points=1, title="the same on average"):
        for rate, dtype in zip(rates, (np.float64, np.float32)):
            outputs = (rng.choice([-1, 1], size=ones.shape) * rng.uniform(0.1, 3, size=ones.shape)).astype(dtype)
            dropped = drop(outputs, rate)
            survivors = dropped != 0
            expect.true(survivors.any() and not survivors.all(), "Nothing, or everything, was left out.")
            hint = "What survives makes up for what is lost: divide it by the probability of being kept."
            expect.close(dropped[survivors], outputs[survivors] / (1 - rate), rtol=1e-4, atol=1e-5, hint=hint)
            expect.true(
                survivors[outputs < 0].any() and survivors[outputs > 0].any(),
                "Outputs of one sign are all left out.",
                hint="Whether an entry is left out does not depend on what it is: negative ones stay as often.",
            )
    with expect.part(points=1, title="a mask of its own for every example"):
        rate = rng.uniform(0.4, 0.6)
        masks = {seed: drop(ones, rate, seed=seed) == 0 for seed in (0, *(seeds.pop() + np.array(APART)).tolist())}
        _expect_own_masks(expect, list(masks.values()))
        for seed in (0, max(masks)):
            hint = "The same seed gives the same mask: np.random.default_rng(seed)."
            expect.equal(drop(ones, rate, seed=seed) == 0, masks[seed], hint=hint)


def _drawn_one_by_one(zeros: np.ndarray) -> np.ndarray:
    """One row where all rows are the same, one column where all columns are: what chance decided."""
    if (zeros == zeros[:1]).all():
        return np.asarray(zeros[0])
    return np.asarray(zeros[:, 0]) if (zeros == zeros[:, :1]).all() else zeros


def _expect_own_masks(expect: Expect, masks: list[np.ndarray]) -> None:
    """Of several seeds, of about half of all entries."""
    mask = masks[0]
    expect.true(mask.any() and not mask.all(), "Nothing, or everything, was left out.")
    expect.true(
        (mask != mask[:1]).any(),
        "Every example has lost the same units.",
        hint="Draw one random number for each entry: the shape of the mask is the shape of `outputs`.",
    )
    expect.true(
        (mask != mask[:, :1]).any(),
        "Whole examples were left out.",
        hint="Dropout leaves out units, not data: draw one random number for each entry.",
    )
    expect.true(
        len({each.tobytes() for each in masks}) == len(masks),
        "Two seeds gave the same mask.",
        hint="The argument `seed` decides, whatever number it is: np.random.default_rng(seed).",
    )
    hint = "Chance decides on each entry by itself: draw one random number for each."
    expect_own_noise(expect, mask.astype(float), hint)
    counts = (mask.sum(axis=0), mask.sum(axis=1), [each.sum() for each in masks])  # seldom all the same: 1e-8
    expect.true(all(map(np.ptp, counts)), "Exactly as many entries are left out each time.", hint=hint)


@exercise.question("clip_by_norm", points=3, title="Clip by norm")
def clip_by_norm(answers: Answers, expect: Expect) -> None:
    """`clip_by_norm(gradients, limit)`: a list of arrays, scaled together so that their norm is at most `limit`."""
    rng = answers.draw("gradients")

    def drawn(norm: float, *shapes: tuple[int, ...]) -> list[np.ndarray]:
        """Arrays of these shapes that have this norm together."""
        arrays = [rng.normal(size=shape) for shape in shapes]
        return [each * norm / _norm(arrays) for each in arrays]

    limit = float(rng.uniform(0.5, 3))
    long = [
        drawn(limit * rng.uniform(3, 20), (3, 2), (4,)),
        drawn(limit * rng.uniform(1.2, 1.4), (2, 3), (5,), (2, 2, 2)),
        drawn(limit * 1000, (3,)),
        [*drawn(limit * 2, (4,), (1,)), np.zeros((2, 2))],
    ]
    clipped = [_arrays(answers, expect, gradients, limit) for gradients in long]
    for each in clipped:
        hint = "The norm of all arrays together: the root of the sum of all squares."
        expect.close(_norm(each), limit, rtol=1e-4, hint=hint)
    with expect.part(points=1, title="the direction is kept"):
        hint = (
            "One factor for all entries of all arrays, limit / norm. Clipping entries, or each array by itself, turns "
            "the step."
        )
        for gradients, each in zip(long, clipped):
            for got, gradient in zip(each, gradients):
                expect.close(got, gradient * limit / _norm(gradients), rtol=1e-4, atol=1e-5, hint=hint)
    with expect.part(points=1, title="short gradients stay as they are"):
        short = [
            (limit, drawn(limit * rng.uniform(0.1, 0.9), (2,), (2, 2))),
            (limit, drawn(limit * 0.01, (3, 2))),
            (limit + 2, drawn((limit + 2) * rng.uniform(0.8, 0.9), (2, 3), (4,))),  # its square is above the limit
            (5.0, [rng.permutation([3.0, -4.0, 0.0])]),  # as long as the limit
        ]
        for longest, gradients in short:
            for got, gradient in zip(_arrays(answers, expect, gradients, longest), gradients):
                hint = "Clipping only ever shortens: the factor is never above 1."
                expect.close(got, gradient, rtol=1e-4, atol=1e-5, hint=hint)
        for got in _arrays(answers, expect, [np.zeros(3), np.zeros((1, 2))], limit):
            expect.close(got, np.zeros_like(got), hint="At a norm of 0, limit / norm divides by zero.")


def _norm(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(sum(np.sum(np.square(each, dtype=np.float64)) for each in arrays)))


def _arrays(answers: Answers, expect: Expect, gradients: list[np.ndarray], limit: float) -> list[np.ndarray]:
    """What comes back for the gradients as float32."""
    clipped = answers.call("clip_by_norm", [each.astype(np.float32) for each in gradients], limit)
    names = ", ".join(f"array {place}" for place in range(1, len(gradients) + 1))
    expect.several(clipped, names, hint="One clipped array for each that came, in a list.")
    for got, gradient in zip(clipped, gradients):
        expect.shape(got, gradient.shape, hint="Clipping changes lengths, not shapes.")
    return [np.asarray(got) for got in clipped]


@exercise.question("early_stopping", points=3, title="When to stop")
def early_stopping(answers: Answers, expect: Expect) -> None:
    """`early_stopping(losses, patience, min_delta)` → the epoch to keep and the last epoch, counted from 1."""
    rng = answers.draw("losses")

    def compare(epochs: int, patience: int, min_delta: float, runs_out: bool, hint: str, steps: int = 40) -> None:
        losses = _losses(rng, epochs, patience, min_delta, runs_out, steps)
        got = answers.call("early_stopping", losses, patience, min_delta)
        expect.several(got, "kept, last")
        expect.equal(got, _kept_and_last(losses, patience, min_delta), hint=hint)

    hint = "Count the epochs since the last best one; it starts anew with each improvement. Epochs count from 1."
    for patience in (1, 2, 3, 2, 4, 3, 2, 3):
        compare(14, patience, 0.0, True, hint)
    with expect.part(points=1, title="losses that keep falling"):
        hint = "When patience never runs out, training ends with the last epoch there is."
        for epochs, patience in ((1, 1), (1, 3), (4, 4), (5, 2), (7, 3), (3, 9)):
            compare(epochs, patience, 0.0, False, hint)
    with expect.part(points=1, title="gains too small to count"):
        hint = "Only a loss more than `min_delta` below the best one takes its place; any other leaves it as it was."
        for patience in (1, 2, 3, 2, 3, 2):
            compare(14, patience, 0.0, True, hint, steps=2)
            compare(14, patience, 2 / 64, True, hint, steps=4)
            compare(14, patience, 6 / 64, True, hint, steps=9)


def _losses(
    rng: np.random.Generator, epochs: int, patience: int, min_delta: float, runs_out: bool, steps: int
) -> list[float]:
    """Losses that go up and down by up to ``steps`` of 1/64, so that sums and differences of them are exact.

    Patience runs out with them, or does not. With few steps it matters that a gain of ``min_delta`` is none.
    """
    while True:
        moves = rng.integers(-steps, steps, size=epochs) - (0 if runs_out else steps // 2)
        losses = ((600 + np.cumsum(moves)) / 64).tolist()
        kept, last = _kept_and_last(losses, patience, min_delta)
        if (last - kept == patience) != runs_out or (runs_out and kept == 1):
            continue
        equal_is_better = _kept_and_last(losses, patience, min_delta - 1 / 128)
        if equal_is_better != (kept, last) if steps < 10 else len(set(losses)) == epochs:
            return list(losses)


def _kept_and_last(losses: list[float], patience: int, min_delta: float) -> tuple[int, int]:
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[best - 1] - min_delta:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(losses)


Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # to train: x, y; to validate: x, y
Rule = Callable[[Data, float], float]  # what a strength is judged by: the lower, the better


@exercise.question("choose_strength", points=2, title="Choose λ by validation")
def choose_strength(answers: Answers, expect: Expect) -> None:
    """`choose_strength(x_train, y_train, x_valid, y_valid, strengths)`: the λ with the lowest validation error."""
    rng = answers.draw("regressions")
    for rival in RIVALS:
        data, strengths = _regression(rng, rival)
        expect.close(
            answers.call("choose_strength", *data, strengths),
            _chosen(_validation_error, data, strengths),
            hint="Fit on x_train only, by the formula of the question, with each strength; compare the mean squared "
            "errors on x_valid; return the strength, not its place in the list.",
        )


def _chosen(rule: Rule, data: Data, strengths: list[float]) -> float:
    return min(strengths, key=lambda strength: rule(data, strength))


def _misses(data: Data, strength: float, added: np.ndarray | float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """By how much ridge regression misses each ``y`` to validate, and its weights."""
    x, y, x_valid, y_valid = data
    added = np.eye(x.shape[1]) if added is None else added
    w = np.linalg.solve(x.T @ x + strength * added, x.T @ y)
    return x_valid @ w - y_valid, w


def _validation_error(data: Data, strength: float) -> float:
    return float(np.mean(_misses(data, strength)[0] ** 2))


def _training_error(data: Data, strength: float) -> float:
    return _validation_error((*data[:2], *data[:2]), strength)


def _error_fitted_on_all(data: Data, strength: float) -> float:
    x, y, x_valid, y_valid = data
    return _validation_error((np.vstack([x, x_valid]), np.append(y, y_valid), x_valid, y_valid), strength)


def _error_of_mean_form(data: Data, strength: float) -> float:
    return _validation_error(data, strength * len(data[0]))


def _error_without_identity(data: Data, strength: float) -> float:
    return float(np.mean(_misses(data, strength, added=1.0)[0] ** 2))


def _absolute_error(data: Data, strength: float) -> float:
    return float(np.mean(np.abs(_misses(data, strength)[0])))


def _penalised_error(data: Data, strength: float) -> float:
    misses, w = _misses(data, strength)
    return float(np.sum(misses**2) + strength * w @ w)


def _error_with_intercept(data: Data, strength: float) -> float:
    x, y, x_valid, y_valid = data
    x_mean, y_mean = x.mean(axis=0), y.mean()
    return _validation_error((x - x_mean, y - y_mean, x_valid - x_mean, y_valid - y_mean), strength)


RIVALS: tuple[Rule, ...] = (
    _training_error,
    _error_fitted_on_all,
    _error_of_mean_form,
    _error_without_identity,
    _absolute_error,
    _penalised_error,
    _error_with_intercept,
)


def _regression(rng: np.random.Generator, rival: Rule) -> tuple[Data, list[float]]:
    """Data with which the rival rule chooses otherwise, the choice being clear, and strengths in no order."""
    while True:
        n, features = int(rng.integers(20, 40)), int(rng.integers(5, 15))
        x = rng.normal(loc=0.3, size=(n + 60, features))
        y = x @ rng.normal(size=features) + 1 + rng.standard_t(3, size=n + 60) * rng.choice([1, 3, 6])
        data = x[:n], y[:n], x[n:], y[n:]
        powers = rng.permutation(7)[: rng.integers(4, 8)] - 2 + rng.uniform(-0.3, 0.3)
        strengths = list(map(float, 10.0**powers))
        lowest, second, *_ = sorted(_validation_error(data, strength) for strength in strengths)
        chosen = _chosen(_validation_error, data, strengths)
        if second > 1.01 * lowest and _chosen(rival, data, strengths) != chosen:
            return data, strengths


@exercise.question("training", points=2, title="A network that does not overfit")
def training(answers: Answers, expect: Expect) -> None:
    """`model` has a low cross-entropy on new reviews and reads them well; `history` holds validation losses."""
    reviews, y_test = unseen_reviews(TEST_REVIEWS, num_words=WORDS)
    x_test = reviews.multi_hot(np.uint8)
    with expect.part(points=1, title=f"a cross-entropy of at most {LARGEST_LOSS}"):
        right = np.where(y_test == 1, *_probabilities(answers, expect, x_test))
        loss = float(-np.log(np.clip(right, 1e-7, 1)).mean())
        expect.true(
            loss <= LARGEST_LOSS,
            f"The cross-entropy of the network is {loss:.3f} on new reviews.",
            expected=f"at most {LARGEST_LOSS}",
            got=f"{loss:.3f}",
            hint="Does your validation loss rise after some epoch? Stop there, and restore the best weights. Does it "
            "still fall? Train longer.",
        )
    with expect.part(points=1, title="accurate, and validated"):
        hint = "history = model.fit(…, validation_data=(x_valid, y_valid))."
        expect.validated(answers.value("history"), hint=hint)
        right = np.where(y_test == 1, *_probabilities(answers, expect, x_test))
        accuracy = float((right > 0.5).mean())
        expect.true(
            accuracy >= LEAST_ACCURACY,
            f"The network judges {accuracy:.2%} of new reviews rightly.",
            expected=f"at least {LEAST_ACCURACY:.0%}",
            got=f"{accuracy:.2%}",
            hint="Does the validation loss rise at the end? Stop where it turns. Does it still fall? Train "
            "longer, or weaken the penalty.",
        )


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
