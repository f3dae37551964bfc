"""Questions of exercise 10: steps of optimizers, products with a Hessian, conjugate gradient, L-BFGS, a tuned rate."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from coursekit.data import load_mnist
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("10_optimizers")

LATE = 5_000  # a step
INPUTS, UNITS = 3, 4  # of the network whose loss the notebook gives
WEIGHTS = (INPUTS + 1) * UNITS
EXACT = 1e-12  # of the largest number; two gradients, with the best of all steps, miss by 2e-11
SEEN, UNSEEN = 20_000, 2_000  # digits
STEPS, BATCH = 1_000, 64
SIZES = (196, 32, 32, 32, 32, 32, 10)
SEEDS = range(101, 109)
BARS = (0.4, 0.3, 0.255)  # constant rates reach 0.26, those that fall in the end 0.22


@exercise.question("momentum_step", points=2, title="A step with momentum")
def momentum_step(answers: Answers, expect: Expect) -> None:
    """`momentum_step(w, gradient, velocity, rate, momentum, nesterov)` returns the new pair `(w, velocity)`, as Keras
    has them."""
    rng = answers.draw("weights, gradients and velocities")

    def compare(nesterov: bool, hint: str) -> None:
        for shape, dtype in (((5,), np.float64), ((3, 2), np.float32), ((1,), np.float64)):
            w, gradient, velocity = rng.normal(scale=2, size=(3, *shape)).astype(dtype)
            rate = float(rng.uniform(0.05, 0.4))
            for momentum in (float(rng.uniform(0.3, 0.95)), 0.0):
                got = answers.call("momentum_step", w, gradient, velocity, rate, momentum, nesterov)
                expect.several(got, "w, velocity")
                moved = momentum * velocity - rate * gradient
                step = momentum * moved - rate * gradient if nesterov else moved
                expect.close(got[1], moved, rtol=1e-4, atol=1e-5, hint=hint)
                expect.close(got[0], w + step, rtol=1e-4, atol=1e-5, hint=hint)

    compare(False, "Keep a share `momentum` of the velocity, push it downhill, and move the weights by the new one.")
    with expect.part(points=1, title="Nesterov"):
        compare(
            True,
            "The velocity is the same as without. The weights move by what the same rule makes of the new velocity "
            "with the same gradient, in one more step.",
        )


@exercise.question("adam_step", points=3, title="A step of Adam")
def adam_step(answers: Answers, expect: Expect) -> None:
    """`adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon)` returns the new triple `(w, m, v)`."""
    rng = answers.draw("weights and gradients")
    first, late = [], []
    for shape, dtype in (((5,), np.float64), ((2, 3), np.float32)):
        beta_1, beta_2, rate = rng.uniform(0.6, 0.9), rng.uniform(0.92, 0.99), rng.uniform(0.1, 0.5)
        w, m, v = rng.normal(size=shape).astype(dtype), np.zeros(shape, dtype), np.zeros(shape, dtype)
        for t in (1, 2, 3, 4):
            gradient = _away_from_0(rng, shape).astype(dtype)
            want = _adam(w, gradient, m, v, t, rate, beta_1, beta_2, 1e-9)
            first.append((answers.call("adam_step", w, gradient, m, v, t, rate, beta_1, beta_2, 1e-9), want))
            w, m, v = (each.astype(dtype) for each in want)
        small = float(rng.uniform(1e-4, 1e-3))  # as small as epsilon
        gradient, m = (small * _away_from_0(rng, shape) for _ in range(2))
        v = (small * _away_from_0(rng, shape)) ** 2
        gradient, m, v = (each.astype(dtype) for each in (gradient, m, v))
        want = _adam(w, gradient, m, v, LATE, rate, beta_1, beta_2, small)
        late.append((answers.call("adam_step", w, gradient, m, v, LATE, rate, beta_1, beta_2, small), want))
    for got, _ in (*first, *late):
        expect.several(got, "w, m, v")
    with expect.part(points=1, title="m and v"):
        for got, want in (*first, *late):
            for number, hint in ((1, "m is a running mean of gradients"), (2, "v is one of squared gradients")):
                _expect_near(
                    expect,
                    got[number],
                    want[number],
                    1e-4,
                    f"{hint}: a share beta of the old, 1 − beta of the new; returned uncorrected.",
                )
    with expect.part(points=1, title="the first steps"):
        for got, want in first:
            hint = (
                "m and v start from 0 and are too small at first, by the factors 1 − beta_1ᵗ and 1 − beta_2ᵗ: divide "
                "each by its own before the step is taken, but return them as they are."
            )
            expect.close(got[0], want[0], rtol=1e-4, atol=1e-4, hint=hint)
    for got, want in late:
        hint = (
            "After many steps nothing needs correction: the weights move by rate · m / (√v + epsilon), against the "
            "gradient, with the new m and v."
        )
        expect.close(got[0], want[0], rtol=1e-4, atol=1e-4, hint=hint)


def _away_from_0(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.choice([-1, 1], size=shape) * rng.uniform(0.3, 2, size=shape))


def _adam(
    w: Any, gradient: Any, m: Any, v: Any, t: int, rate: float, beta_1: float, beta_2: float, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """See Kingma & Ba (2015), algorithm 1."""
    w, gradient, m, v = (np.asarray(each, dtype=np.float64) for each in (w, gradient, m, v))
    m, v = beta_1 * m + (1 - beta_1) * gradient, beta_2 * v + (1 - beta_2) * gradient**2
    return w - rate * m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon), m, v


@exercise.question("warmup_cosine", points=2, title="A schedule")
def warmup_cosine(answers: Answers, expect: Expect) -> None:
    """`warmup_cosine(step, peak, warmup, total)`: up in a straight line, down along a cosine, then 0."""
    rng = answers.draw("schedules")

    def compare(step: int, peak: float, warmup: int, total: int, hint: str) -> None:
        expect.close(
            answers.call("warmup_cosine", step, peak, warmup, total),
            _warmup_cosine(step, peak, warmup, total),
            rtol=1e-4,
            atol=1e-6 * peak,
            hint=hint,
        )

    schedules = []
    for _ in range(3):
        warmup = int(rng.integers(5, 30))
        schedules.append((float(rng.uniform(0.1, 5)), warmup, warmup + int(rng.integers(40, 200))))
    for peak, warmup, total in schedules:
        for step in (0, 1, int(rng.integers(2, warmup)), warmup):
            compare(step, peak, warmup, total, "From 0 at step 0 in equal steps to `peak` at step `warmup`.")
        for step in (warmup + 1, (warmup + total) // 2, int(rng.integers(warmup + 2, total)), total - 1):
            hint = (
                "From step `warmup` to step `total` an angle goes from 0 to π; its cosine goes from 1 to −1, and the "
                "rate from `peak` to 0 with it."
            )
            compare(step, peak, warmup, total, hint)
    with expect.part(points=1, title="behind the end, and without warm-up"):
        for peak, _, total in schedules:
            for step in (total, total + 1, total + int(rng.integers(2, total)), 2 * total):
                hint = "From step `total` on the rate is 0: a cosine would rise again."
                compare(step, peak, total // 4, total, hint)
            for step in (0, 1, total // 3):
                hint = "With warmup=0 there is no way up: the rate is `peak` at step 0, and nothing is divided by 0."
                compare(step, peak, 0, total, hint)


def _warmup_cosine(step: int, peak: float, warmup: int, total: int) -> float:
    """See Loshchilov & Hutter (2017), here after a linear rise."""
    if step < warmup:
        return peak * step / warmup
    return float(peak / 2 * (1 + np.cos(np.pi * min(1, (step - warmup) / (total - warmup)))))


@exercise.question("hvp_by_differences", points=2, title="A Hessian's product from two gradients")
def hvp_by_differences(answers: Answers, expect: Expect) -> None:
    """`hvp_by_differences(w, v, x, y)`: the Hessian of `loss` at `w`, times `v`, from values of `gradient` alone."""
    rng = answers.draw("weights, directions and examples")

    def compare(length: float, rows: int, hint: str) -> None:
        w, v, x, y = _small_network(rng, rows)
        v = v * length / np.linalg.norm(v)
        _expect_near(expect, answers.call("hvp_by_differences", w, v, x, y), _hvp(w, v, x, y), 1e-3, hint)

    for length in rng.uniform(0.5, 2, size=4).tolist():
        hint = (
            "How much does the gradient change when the weights move a little along v, for each unit of that move? A "
            "step of 1e-5 is little; 1e-1 bends, and 1e-12 drowns in rounding."
        )
        compare(length, 8, hint)
    compare(1.0, 1, hint)
    with expect.part(points=1, title="directions of any length"):
        for length in (1e-9, 1e6, 1e-3, 3e3):
            hint = (
                "What must be little is how far the weights move, not what v is multiplied by: divide by the length of "
                "v, and make up for it in the result, which is twice as long for a v twice as long."
            )
            compare(length, 8, hint)


@exercise.question("hvp", points=2, title="A Hessian's product without a step")
def hvp(answers: Answers, expect: Expect) -> None:
    """`hvp(w, v, x, y)`: the Hessian of `loss` at `w`, times `v`, by automatic differentiation."""
    rng = answers.draw("weights, directions and examples")
    cases = []
    for rows in (8, 1, 20):
        arrays = _small_network(rng, rows)
        cases.append((answers.call("hvp", *arrays), _hvp(*arrays)))
    hint = (
        "The product is the gradient of a number: of gradient · v, with v held fixed; or the derivative of the "
        "gradient along v. Does `loss` get tensors that the tape watches?"
    )
    for got, want in cases:
        _expect_near(expect, got, want, 1e-3, hint)
    with expect.part(points=1, title="as exact as float64 allows"):
        for got, want in cases:
            hint = (
                "Differences lose digits, and so does float32. Take derivatives, by tapes or a ForwardAccumulator, in "
                "float64 as the arguments come."
            )
            _expect_near(expect, got, want, EXACT, hint)


def _small_network(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights, a direction, and examples that are fitted badly, so that the Gauss–Newton product is another one."""
    w, v = rng.normal(size=(2, WEIGHTS))
    return w, v, rng.normal(size=(rows, INPUTS)), 2 + rng.normal(size=rows)


def _gradient(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of the mean squared error of ``tanh(x @ W) @ a``, where ``w`` holds the rows of ``W`` and then ``a``."""
    W, a = w[: INPUTS * UNITS].reshape(INPUTS, UNITS), w[INPUTS * UNITS :]
    hidden = np.tanh(x @ W)
    error = 2 * (hidden @ a - y) / len(x)
    d_W = x.T @ (error[:, np.newaxis] * a * (1 - hidden**2))
    return np.concatenate([d_W.ravel(), hidden.T @ error])


def _hvp(w: np.ndarray, v: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By a step along an imaginary ``v``, which loses no digits (Squire & Trapp 1998)."""
    step = 1e-30 / np.linalg.norm(v)
    return np.asarray(_gradient(w + 1j * step * v, x, y).imag / step)


@exercise.question("conjugate_gradient", points=3, title="Conjugate gradient")
def conjugate_gradient(answers: Answers, expect: Expect) -> None:
    """`conjugate_gradient(A, b, steps, tolerance)`: what stands after so many steps from 0 towards the x with
    A x = b."""
    rng = answers.draw("matrices")

    def compare(A: np.ndarray, b: np.ndarray, steps: int, tolerance: float, want: np.ndarray, hint: str) -> None:
        got = answers.call("conjugate_gradient", A, b, steps, tolerance)
        expect.shape(got, b.shape, hint="One number for each of b.")
        expect.finite(got, hint="Where the residual is 0, there is nothing left to do, and 0 / 0 to be computed.")
        _expect_near(expect, got, want, 1e-4, hint)

    for size in (2, 5, 8):
        A, b = _positive_definite(rng, size), rng.normal(size=size)
        for steps, want in enumerate(_iterates(A, b)):
            hint = (
                "From x = 0, along conjugate directions: each is the residual plus a multiple of the direction before; "
                "the first is b. Each step goes as far as the quadratic falls. After as many steps as b is long, x "
                "solves A x = b."
            )
            compare(A, b, steps, 0.0, want, hint)
    with expect.part(points=1, title="stopping"):
        for size in (6, 9):
            A, b, step, tolerance = _stopping(rng, size)
            hint = "Before each step, also the first: is |b − A x| at most `tolerance` times |b|? Then x is returned."
            compare(A, b, size, tolerance, _iterates(A, b)[step], hint)
            compare(A, b, size, float(rng.uniform(1.1, 2)), 0 * b, hint)  # no step at all
        b = rng.normal(size=4)
        hint = "A residual of 0 is at most 0 · |b|: stop there also where the tolerance is 0."
        compare(A, np.zeros(len(A)), 3, 0.0, np.zeros(len(A)), hint)
        compare(2 * np.eye(4), b, 4, 0.0, b / 2, hint)


def _positive_definite(rng: np.random.Generator, size: int) -> np.ndarray:
    """Symmetric, with eigenvalues that lie apart, from about 1 to about 20."""
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    A = basis * (np.geomspace(1, 20, size) * rng.uniform(0.9, 1.1, size=size)) @ basis.T
    return (A + A.T) / 2


def _iterates(A: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    """Of conjugate gradient after 0, 1, … steps: each is where xᵀAx / 2 − bᵀx is least in the span of b, A b, A² b, …
    (Nocedal & Wright 2006, section 5.1)."""
    found, basis = [np.zeros_like(b)], (b / np.linalg.norm(b))[:, np.newaxis]
    while True:
        found.append(basis @ np.linalg.solve(basis.T @ A @ basis, basis.T @ b))
        if len(found) > len(b):
            return found
        further = A @ basis[:, -1]
        for _ in range(2):
            further = further - basis @ (basis.T @ further)
        basis = np.column_stack([basis, further / np.linalg.norm(further)])


def _stopping(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, int, float]:
    """A system, the step after which its residual is short enough for the first time, clearly, and the tolerance; by
    its largest number, or by the sum of their sizes, it would be another step."""
    while True:
        A, b = _positive_definite(rng, size), rng.normal(scale=0.3, size=size)
        b[rng.integers(size)] = 3 * rng.choice([-1, 1])  # so that the three measures differ
        residuals = [b - A @ x for x in _iterates(A, b)]
        lengths, *others = [np.array([np.linalg.norm(r, kind) for r in residuals]) for kind in (2, np.inf, 1)]
        step = int(rng.integers(2, size - 1))
        before, there = lengths[:step].min() / lengths[0], lengths[step] / lengths[0]
        tolerance = float(np.sqrt(before * there))
        if there < before / 1.5 and all(np.argmax(other <= tolerance * other[0]) != step for other in others):
            return A, b, step, tolerance


@exercise.question("two_loop", points=3, title="L-BFGS in two loops")
def two_loop(answers: Answers, expect: Expect) -> None:
    """`two_loop(gradient, steps, changes, scale)`: the gradient times the inverse Hessian that L-BFGS makes of its
    pairs."""
    rng = answers.draw("gradients and pairs")

    def compare(size: int, pairs: int, hint: str) -> None:
        A = _positive_definite(rng, size)
        steps = [rng.normal(size=size) for _ in range(pairs)]
        changes = [A @ step * rng.uniform(0.7, 1.4) for step in steps]
        gradient, scale = rng.normal(size=size), float(rng.uniform(0.1, 0.6))
        got = answers.call("two_loop", gradient, steps, changes, scale)
        expect.shape(got, gradient.shape, hint="One number for each of the gradient.")
        _expect_near(expect, got, _inverse(steps, changes, scale, size) @ gradient, 1e-4, hint)

    with expect.part(points=1, title="one pair, and none"):
        hint = "With one pair, H maps the change to the step: two_loop(y, [s], [y], scale) is s, whatever the scale."
        for size in (1, 3, 5):
            compare(size, 1, hint)
        for size in (2, 4):
            compare(size, 0, "As long as nothing is known of the curvature, H is `scale` times the identity.")
    for size, pairs in ((4, 2), (6, 3), (3, 5), (8, 6)):
        hint = (
            "The first loop goes from the newest pair to the oldest, the second back again; between them stands "
            "`scale`. Each loop takes from its vector what the pair accounts for; the second needs what the first one "
            "found."
        )
        compare(size, pairs, hint)


def _inverse(steps: list[np.ndarray], changes: list[np.ndarray], scale: float, size: int) -> np.ndarray:
    """The inverse Hessian of BFGS, as a matrix (Nocedal & Wright 2006, section 6.1)."""
    H = scale * np.eye(size)
    for s, y in zip(steps, changes):
        V = np.eye(size) - np.outer(s, y) / (y @ s)
        H = V @ H @ V.T + np.outer(s, s) / (y @ s)
    return H


def _expect_near(expect: Expect, got: Any, want: np.ndarray, tolerance: float, hint: str) -> None:
    """Within ``tolerance`` of the largest number."""
    expect.close(got, want, rtol=0, atol=tolerance * float(np.abs(want).max()) + 1e-30, hint=hint)


@exercise.question("training", points=3, title="Tune a training")
def training(answers: Answers, expect: Expect) -> None:
    """`rates`, one for each step, and `momentum`: with them the check trains the network, from starts of its own."""
    rates, momentum = answers.value("rates"), answers.value("momentum")
    expect.shape(rates, (STEPS,), hint=f"One learning rate for each of the {STEPS} steps.")
    expect.finite(rates, hint="Rates are finite numbers.")
    expect.between(momentum, 0, 0.999, hint="The share of the velocity that is kept: from 0 to 0.999.")
    loss = float(np.mean([_loss_after(np.asarray(rates, float), float(momentum), seed) for seed in SEEDS]))
    hints = (
        "Which constant rate is best? Try some, each twice the one before, until the loss rises again behind the best.",
        "Tune further: over several seeds, between the best rates. Momentum, or rates that fall in the end, help too.",
        "Rates that fall in the end, from a tuned peak; momentum helps too, with a best peak of its own.",
    )
    for bar, hint in zip(BARS, hints):
        with expect.part(points=1, title=f"a loss of at most {bar}"):
            expect.true(np.isfinite(loss), "The training diverged.", hint="That is beyond the cliff: smaller rates.")
            expect.at_most(loss, bar, hint=hint)


@cache
def _digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Digits of 14 × 14 pixels as the notebook has them, ``(digit, 196)``, and labels: to train, and test digits."""
    mnist = load_mnist()
    pixels = [
        (images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196) / 255).astype(np.float32)
        for images in (mnist.x_train[:SEEN], mnist.x_test[:UNSEEN])
    ]
    return pixels[0], mnist.y_train[:SEEN], pixels[1], mnist.y_test[:UNSEEN]


def _loss_after(rates: np.ndarray, momentum: float, seed: int) -> float:
    """The mean cross-entropy on test digits of the notebook's network, once it is trained as there."""
    x, y, x_test, y_test = _digits()
    rng = np.random.default_rng(seed)
    weights = [rng.normal(scale=n**-0.5, size=(n, m)).astype(np.float32) for n, m in pairwise(SIZES)]
    velocities = [np.zeros_like(W) for W in weights]
    with np.errstate(over="ignore", invalid="ignore"):
        for rate in rates.astype(np.float32):
            batch = rng.integers(len(x), size=BATCH)
            gradients = _weight_gradients(weights, x[batch], y[batch])
            velocities = [np.float32(momentum) * v - rate * g for v, g in zip(velocities, gradients)]
            weights = [W + v for W, v in zip(weights, velocities)]
        log_probabilities = _forward(weights, x_test)[-1]
    return -float(log_probabilities[np.arange(len(y_test)), y_test].mean())


def _forward(weights: list[np.ndarray], x: np.ndarray) -> list[np.ndarray]:
    """What goes into each layer, and the logarithms of the probabilities."""
    outputs = [x]
    for W in weights[:-1]:
        outputs.append(np.tanh(outputs[-1] @ W))
    logits = outputs[-1] @ weights[-1]
    logits = logits - logits.max(axis=1, keepdims=True)
    return [*outputs, logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))]


def _weight_gradients(weights: list[np.ndarray], x: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    *outputs, log_probabilities = _forward(weights, x)
    blame = (np.exp(log_probabilities) - np.eye(10, dtype=np.float32)[labels]) / len(labels)
    gradients = []
    for W, inputs in zip(reversed(weights), reversed(outputs)):
        gradients.append(inputs.T @ blame)
        blame = (blame @ W.T) * (1 - inputs**2)
    return gradients[::-1]
