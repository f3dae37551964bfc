"""Every check of exercise 10 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from answer_tables import AnswerTables
from optimizers_answers import ADAM, CONJUGATE, COSINE, DIFFERENCES, HVP, MATRIX, MOMENTUM, RIGHT, TWO_LOOP

from coursekit import course
from coursekit.checks import optimizers as checks
from coursekit.data import load_mnist
from coursekit.grading import find_exercise

EXERCISE = "10_optimizers"

WRONG = {
    "momentum_step": [
        ("uphill", MOMENTUM.replace("- rate * gradient", "+ rate * gradient")),
        (
            "a velocity without the rate",
            """
            def momentum_step(w, gradient, velocity, rate, momentum, nesterov):
                velocity = momentum * velocity + gradient
                return w - rate * (gradient + momentum * velocity if nesterov else velocity), velocity
            """,
        ),
        (
            "the rest of the share for the gradient",
            MOMENTUM.replace("rate * gradient", "rate * (1 - momentum) * gradient"),
        ),
        ("the other way round", MOMENTUM.replace("return w + step, velocity", "return velocity, w + step")),
        ("the weights alone", MOMENTUM.replace("return w + step, velocity", "return w + step")),
        (
            "the old velocity returned",
            MOMENTUM.replace("    velocity =", "    old = velocity\n    velocity =").replace(
                "step, velocity", "step, old"
            ),
        ),
        ("no velocity", MOMENTUM.replace("momentum * velocity", "0")),
        (
            "the rate for the velocity too",
            MOMENTUM.replace("momentum * velocity - rate", "rate * momentum * velocity - rate"),
        ),
        ("Nesterov where it is not asked for", MOMENTUM.replace("if nesterov", "if not nesterov")),
        ("Nesterov always", MOMENTUM.replace(" if nesterov else velocity", "")),
        ("against the velocity", MOMENTUM.replace("w + step", "w - step")),
    ],
    "adam_step": [
        (
            "RMSprop",
            """
            def adam_step(w, gradient, m, v, t, rate, beta_1, beta_2, epsilon):
                v = beta_2 * v + (1 - beta_2) * gradient**2
                return w - rate * gradient / (np.sqrt(v) + epsilon), m, v
            """,
        ),
        ("betas exchanged", ADAM.replace("beta_1, beta_2", "beta_2, beta_1")),
        ("sizes for squares", ADAM.replace("gradient**2", "abs(gradient)")),
        (
            "shares exchanged",
            ADAM.replace("beta_1 * m + (1 - beta_1)", "(1 - beta_1) * m + beta_1").replace(
                "beta_2 * v + (1 - beta_2)", "(1 - beta_2) * v + beta_2"
            ),
        ),
        ("the weights alone", ADAM.replace(", m, v\n", "\n").replace("epsilon), m, v", "epsilon)")),
        ("the weights last", ADAM.replace("return w", "return m, v, w").replace("epsilon), m, v", "epsilon)")),
        ("sums for means", ADAM.replace("(1 - beta_1) * g", "g").replace("(1 - beta_2) * g", "g")),
        ("the gradient for m", ADAM.replace("m = beta_1 * m + (1 - beta_1) * gradient", "m = gradient")),
        ("squares of m", ADAM.replace("gradient**2", "m**2")),
    ],
    "warmup_cosine": [
        ("always at its peak", "def warmup_cosine(step, peak, warmup, total): return peak"),
        (
            "down in a line",
            COSINE.replace(
                "(1 + np.cos(np.pi * (step - warmup) / (total - warmup))) / 2", "(total - step) / (total - warmup)"
            ).replace("return 0", "return peak / 9"),
        ),
        ("a whole period", COSINE.replace("np.pi", "2 * np.pi")),
        ("a quarter of a period", COSINE.replace("(1 + np.cos(np.pi", "(1 + np.cos(np.pi / 2")),
        ("not halved", COSINE.replace(" / 2", "")),
        ("the other way round", COSINE.replace("1 + np.cos", "1 - np.cos")),
        ("the peak forgotten", COSINE.replace("peak * ", "")),
        ("the warm-up not taken off", COSINE.replace("/ (total - warmup)", "/ total")),
        ("the cosine from the first step", COSINE.replace("(step - warmup) / (total - warmup)", "step / total")),
        ("one step ahead", COSINE.replace("peak * step", "peak * (step + 1)")),
        ("no warm-up", COSINE.replace("step < warmup", "step < 0")),
        ("a sine", COSINE.replace("1 + np.cos", "1 + np.sin")),
    ],
    "hvp_by_differences": [
        ("the gradient", "def hvp_by_differences(w, v, x, y): return gradient(w, x, y)"),
        ("the step forgotten", DIFFERENCES.replace(" / 2e-5", "")),
        ("a long step", DIFFERENCES.replace("1e-5", "0.3").replace("2e-5", "0.6")),
        ("a step that drowns", DIFFERENCES.replace("1e-5", "1e-14").replace("2e-5", "2e-14")),
        ("half of it", DIFFERENCES.replace("2e-5", "4e-5")),
        ("both ahead", DIFFERENCES.replace("(1, -1)", "(1, 1)")),
        ("the other way round", DIFFERENCES.replace("(1, -1)", "(-1, 1)")),
        ("the length not made up for", DIFFERENCES.replace("* length", "")),
        ("number by number", "def hvp_by_differences(w, v, x, y): return gradient(w, x, y) * v"),
        ("at the direction", DIFFERENCES.replace("gradient(w +", "gradient(v +")),
        (
            "one after the other, the diagonal",
            """
            def hvp_by_differences(w, v, x, y):
                moves = 1e-5 * np.eye(len(w))
                bends = [(gradient(w + e, x, y) - gradient(w - e, x, y)) @ e / 2e-10 for e in moves]
                return np.array(bends) * v
        """,
        ),
    ],
    "hvp": [
        ("the gradient", "def hvp(w, v, x, y): return gradient(w, x, y)"),
        ("number by number", "def hvp(w, v, x, y): return gradient(w, x, y) * v"),
        ("v forgotten", HVP.replace(" * v)", ")")),
        (
            "with respect to v",
            HVP.replace("* v)", "* u)")
            .replace(
                "    with tf.GradientTape() as outer", ("    u = tf.constant(v)\n    with tf.GradientTape() as outer")
            )
            .replace("outer.watch(w)", "outer.watch(u)")
            .replace("outer.gradient(along, w)", "outer.gradient(along, u)"),
        ),
        ("no tape watches", HVP.replace("        outer.watch(w)\n", "")),
        ("a unit of v", HVP.replace("* v)", "* v / np.linalg.norm(v))")),
        ("the gradient at v", HVP.replace("tf.constant(w)", "tf.constant(v)")),
        (
            "Gauss-Newton",
            """
            def hvp(w, v, x, y):
                w = tf.constant(w)
                def outputs(w):
                    return tf.linalg.matvec(tf.tanh(x @ tf.reshape(w[:12], (3, 4))), w[12:])
                with tf.autodiff.ForwardAccumulator(w, tf.constant(v)) as forward:
                    made = outputs(w)
                with tf.GradientTape() as tape:
                    tape.watch(w)
                    made_again = outputs(w)
                return tape.gradient(made_again, w, output_gradients=2 * forward.jvp(made) / len(x))
            """,
        ),
    ],
    "conjugate_gradient": [
        ("solved at once", "def conjugate_gradient(A, b, steps, tolerance): return np.linalg.solve(A, b)"),
        ("steepest descent", CONJUGATE.replace("p = new + (new @ new) / (r @ r) * p", "p = new")),
        ("a fixed step", CONJUGATE.replace("a = (r @ r) / (p @ A @ p)", "a = 0.05")),
        ("the share upside down", CONJUGATE.replace("(new @ new) / (r @ r)", "(r @ r) / (new @ new)")),
        ("the whole direction again", CONJUGATE.replace("(new @ new) / (r @ r) * p", "p")),
        ("against the direction", CONJUGATE.replace("x = x + a * p", "x = x - a * p")),
        ("without A", CONJUGATE.replace("(p @ A @ p)", "(p @ p)")),
        ("from b", CONJUGATE.replace("x = 0 * b", "x = b")),
        ("always n steps", CONJUGATE.replace("range(steps)", "range(len(b))")),
        ("one step too many", CONJUGATE.replace("range(steps)", "range(steps + 1)")),
        ("the residual", CONJUGATE.replace("return x", "return r")),
        ("the share of lengths", CONJUGATE.replace("(new @ new) / (r @ r)", "((new @ new) / (r @ r)) ** 0.5")),
    ],
    "two_loop": [
        ("the gradient", "def two_loop(gradient, steps, changes, scale): return gradient"),
        ("downhill already", TWO_LOOP.replace("return r", "return -r")),
        ("scale forgotten", TWO_LOOP.replace("r = scale * q", "r = q")),
        (
            "steps and changes exchanged",
            TWO_LOOP.replace("steps", "others")
            .replace("changes", "steps")
            .replace("others", "changes")
            .replace("two_loop(gradient, changes, steps", "two_loop(gradient, steps, changes"),
        ),
        ("without the first loop", TWO_LOOP.replace("q -= alphas[-1] * y", "pass")),
        ("without the second loop", TWO_LOOP.replace("        r += s * (alpha - y @ r / (s @ y))", "        pass")),
        ("the second adds twice", TWO_LOOP.replace("(alpha - y @ r", "(alpha + y @ r")),
        ("not divided", TWO_LOOP.replace("s @ q / (s @ y)", "s @ q * (s @ y)")),
        (
            "DFP",
            MATRIX.replace("V @ H @ V.T +", "H - np.outer(H @ y, H @ y) / (y @ H @ y) +"),
        ),
        (
            "a scale of its own",
            TWO_LOOP.replace("r = scale", "r = (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1])"),
        ),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("momentum_step", MOMENTUM.replace(" if nesterov else velocity", " if False else velocity"), 1),
    ("momentum_step", MOMENTUM.replace("w + step, velocity", "w + step, step"), 1),
    ("momentum_step", MOMENTUM.replace("step = momentum", "step = velocity + momentum"), 1),
    ("adam_step", ADAM.replace("m / (1 - beta_1**t), v / (1 - beta_2**t)", "m, v"), 2),
    ("adam_step", ADAM.replace("v / (1 - beta_2**t)", "v"), 2),
    ("adam_step", ADAM.replace("m / (1 - beta_1**t)", "m"), 2),
    ("adam_step", ADAM.replace("**t", "**(t - 1)"), 2),
    ("adam_step", ADAM.replace("(1 - beta_1**t)", "(1 - beta_1**(t + 1))"), 2),
    ("adam_step", ADAM.replace("epsilon), m, v", "epsilon), m_hat, v_hat"), 2),
    ("adam_step", ADAM.replace(" + epsilon", ""), 2),
    ("adam_step", ADAM.replace("np.sqrt(v_hat) + epsilon", "np.sqrt(v_hat + epsilon)"), 2),
    ("adam_step", ADAM.replace("np.sqrt(v_hat)", "v_hat"), 1),
    ("adam_step", ADAM.replace("w - rate", "w + rate"), 1),
    ("adam_step", ADAM.replace("w - rate *", "w -"), 1),
    ("warmup_cosine", COSINE.replace("step >= total", "False"), 1),
    ("warmup_cosine", COSINE.replace("step >= total", "step > total + 1"), 1),
    ("warmup_cosine", COSINE.replace("step < warmup", "step <= warmup"), 1),
    ("hvp_by_differences", DIFFERENCES.replace(" / length", "").replace("* length ", ""), 1),
    ("hvp_by_differences", DIFFERENCES.replace("np.linalg.norm(v)", "max(np.linalg.norm(v), 1)"), 1),
    ("hvp", DIFFERENCES.replace("hvp_by_differences", "hvp"), 1),
    ("hvp", HVP.replace("    w = ", "    w, v, x, y = (each.astype('float32') for each in (w, v, x, y))\n    w = "), 1),
    ("conjugate_gradient", CONJUGATE.replace("r @ r <= tolerance**2 * (b @ b)", "False"), 2),
    ("conjugate_gradient", CONJUGATE.replace("r @ r <=", "r @ r <"), 2),
    ("conjugate_gradient", CONJUGATE.replace("tolerance**2 * (b @ b)", "tolerance**2"), 2),
    ("conjugate_gradient", CONJUGATE.replace("tolerance**2", "tolerance"), 2),
    ("conjugate_gradient", CONJUGATE.replace("tolerance**2", "1e-20"), 2),
    ("conjugate_gradient", CONJUGATE.replace("tolerance**2", "(0.5 * tolerance)**2"), 2),
    ("two_loop", TWO_LOOP.replace("[::-1]", ""), 1),
    ("two_loop", TWO_LOOP.replace("    q, alphas", "    steps, changes = steps[-1:], changes[-1:]\n    q, alphas"), 1),
    ("two_loop", TWO_LOOP.replace("alphas[::-1]", "alphas"), 1),
    ("two_loop", TWO_LOOP.replace("    q, alphas", "    newest = steps[-1]\n    q, alphas"), 2),
]


def given(marker: str) -> str:
    """The source of the cell of the exercise that holds ``marker``, as it stands there."""
    cells = json.loads(course.find(EXERCISE).solution.read_text("utf-8"))["cells"]
    (source,) = (
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and marker in "".join(cell["source"])
    )
    return source


@pytest.fixture(scope="module")
def small_network():
    """The loss and its gradient that the exercise gives, and what its first cells import."""
    import tensorflow as tf

    names = {"np": np, "tf": tf}
    exec(given("def loss("), names)
    return names


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)

    def names(self, question, request):
        """The loss whose Hessian two questions ask for."""
        return request.getfixturevalue("small_network") if question.startswith("hvp") else {}


def test_the_points_add_up():
    assert find_exercise(EXERCISE).points == 20


def test_the_loss_is_the_one_that_the_check_knows(small_network):
    w, _, x, y = checks._small_network(np.random.default_rng(0), 5)
    assert small_network["gradient"](w, x, y) == pytest.approx(checks._gradient(w, x, y), rel=1e-12)


def test_no_step_makes_differences_as_exact_as_derivatives():
    for seed in range(50):
        w, v, x, y = checks._small_network(np.random.default_rng(seed), 8)
        want = checks._hvp(w, v, x, y)
        for step in np.geomspace(1e-7, 1e-3, 20):
            change = checks._gradient(w + step * v, x, y) - checks._gradient(w - step * v, x, y)
            assert np.abs(change / (2 * step) - want).max() > 3 * checks.EXACT * np.abs(want).max()


def test_the_notebook_trains_as_the_check_does():
    names = {"np": np, "pairwise": pairwise, "load_mnist": load_mnist}
    for marker in ("def small(", "def forward(", "def train("):
        exec(given(marker), names)
    _, _, names["x_valid"], names["y_valid"] = checks._digits()
    for momentum in (0.0, 0.9):
        rates = np.linspace(0.01, 0.1, 30)
        want = checks._loss_after(rates, momentum, 7)
        assert names["train"](rates, momentum, 7) == pytest.approx(want, rel=1e-5)


COSINE_RATES = "rates = [PEAK * (1 + np.cos(np.pi * t / 1_000)) / 2 for t in range(1_000)]"
WARM = "rates = 0.08 * np.minimum(np.arange(1_000) / 100, (1_000 - np.arange(1_000)) / 900)"
SETTINGS = [  # how the learner sets `rates` and `momentum`, and the points
    (f"{COSINE_RATES}; momentum = 0.9".replace("PEAK", "0.06"), 3),
    (f"{COSINE_RATES}; momentum = 0.8".replace("PEAK", "0.2"), 3),
    (f"{WARM}; momentum = 0.9", 3),
    ("rates = np.linspace(0.1, 0, 1_000, dtype='float32'); momentum = np.float32(0.9)", 3),
    ("rates = 0.07 * np.minimum(1, np.arange(1_000, 0, -1) / 500); momentum = 0.9", 3),
    ("rates = 600 * [0.08] + 250 * [0.02] + 150 * [0.004]; momentum = 0.9", 3),
    (f"{COSINE_RATES}; momentum = 0".replace("PEAK", "0.4"), 2),
    ("rates = np.full(1_000, 0.15); momentum = 0.5", 2),
    ("rates = np.full(1_000, 0.01); momentum = 0.9", 1),
    (f"{COSINE_RATES}; rates = rates[::-1]; momentum = 0.9".replace("PEAK", "0.08"), 1),  # rising
    ("rates = np.full(1_000, 0.01); momentum = 0.0", 0),
    ("rates = np.full(1_000, 5.0); momentum = 0.9", 0),  # beyond the cliff
    ("rates = np.full(1_000, -0.05); momentum = 0.9", 0),  # uphill
    ("rates = np.full(999, 0.05); momentum = 0.9", 0),
    ("rates = 0.05; momentum = 0.9", 0),
    ("rates = np.full(1_000, np.nan); momentum = 0.9", 0),
    ("rates = np.full(1_000, 0.05); momentum = 1.0", 0),
    ("rates = np.full(1_000, 0.05); momentum = -0.1", 0),
    ("rates = lambda step: 0.05; momentum = 0.9", 0),
    ("rates = np.full((1_000, 1), 0.05); momentum = 0.9", 0),
]


@pytest.mark.parametrize(("source", "want"), SETTINGS)
def test_a_tuning_is_judged_by_what_comes_of_it(earned, source, want):
    assert earned(EXERCISE, "training", source) == want
