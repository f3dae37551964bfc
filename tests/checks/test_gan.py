"""Every check of exercise 13 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from answer_tables import AnswerTables
from gan_answers import DDIM, FRECHET, GENERATOR, LOSSES, MODES, NOISE, RIGHT, SIZE, TRAINED, TRANSPOSED

from coursekit import course
from coursekit.checks import gan as checks
from coursekit.grading import find_exercise

EXERCISE = "13_gan"

WRONG = {
    "losses": [
        ("uphill", re.sub(r"return (soft.*)", r"return -(\1)", LOSSES).replace("def softplus(z):\n    return -", "")),
        (
            "real and fake exchanged, in both",
            LOSSES.replace("(-real", "(real")
            .replace("(fake_logits).mean", "(+fake_logits).mean")
            .replace("(-fake", "(fake")
            .replace("(+fake", "(-fake"),
        ),
        ("sums for means", LOSSES.replace(".mean()", ".sum()")),
        ("one cost for each picture", LOSSES.replace(".mean()", "")),
        (
            "probabilities taken for logits",
            LOSSES.replace("np.logaddexp(0, z)", "-np.log(np.clip(1 / (1 + np.exp(z)), 1e-7, 1)) / 2"),
        ),
        (
            "squared errors",
            """
            def sigmoid(z):
                return 1 / (1 + np.exp(-z))
            def discriminator_loss(real_logits, fake_logits):
                return np.mean((1 - sigmoid(real_logits)) ** 2) + np.mean(sigmoid(fake_logits) ** 2)
            def generator_loss(fake_logits):
                return np.mean((1 - sigmoid(fake_logits)) ** 2)
            """,
        ),
        (
            "of Wasserstein",
            """
            def discriminator_loss(real_logits, fake_logits):
                return np.mean(fake_logits) - np.mean(real_logits)
            def generator_loss(fake_logits):
                return -np.mean(fake_logits)
            """,
        ),
    ],
    "transposed_size": [
        ("without max", SIZE.replace("max(kernel_size, stride)", "kernel_size")),
        (
            "of a convolution",
            SIZE.replace(
                "return (size - 1) * stride + max(kernel_size, stride)", "return (size - kernel_size) // stride + 1"
            ),
        ),
        ("no same", SIZE.replace("return size * stride", "return size")),
        ("always same", SIZE.replace('padding == "same"', "True")),
        ("never same", SIZE.replace('padding == "same"', "False")),
        ("exchanged", SIZE.replace('"same"', '"valid"')),
        ("one input more", SIZE.replace("(size - 1)", "size")),
        ("the smaller one", SIZE.replace("max", "min")),
    ],
    "transposed_convolution": [
        (
            "a convolution",
            "def transposed_convolution(x, kernel, stride): return np.convolve(x, kernel, 'same')[::stride]",
        ),
        ("the kernel turned round", TRANSPOSED.replace("number * kernel", "number * kernel[::-1]")),
        ("side by side always", TRANSPOSED.replace("place * stride", "place")),
        ("cut to stride times n", TRANSPOSED.replace("return made", "return made[: stride * len(x) - 1]")),
        ("too long", TRANSPOSED.replace("(len(x) - 1)", "len(x)")),
        ("multiplied", TRANSPOSED.replace("+= number", "-= number")),
    ],
    "count_modes": [
        ("all classes", "def count_modes(probabilities, certainty, least): return probabilities.shape[1]"),
        (
            "any probability",
            "def count_modes(probabilities, certainty, least): "
            "return int(((probabilities >= certainty).mean(axis=0) >= least).sum())",
        ),
        (
            "mean probabilities",
            "def count_modes(probabilities, certainty, least): return int((probabilities.mean(axis=0) >= least).sum())",
        ),
        ("more than the share", MODES.replace("shares >= least", "shares > least")),
        ("one image is enough", MODES.replace("shares >= least", "shares > 0")),
        ("images for classes", MODES.replace("(axis=1)", "(axis=0)")),
        ("a count for a share", MODES.replace("np.mean((", "np.sum((")),
        ("shares returned", MODES.replace("int((shares >= least).sum())", "shares")),
        ("the largest share", MODES.replace("int((shares >= least).sum())", "int(shares.max() >= least)")),
    ],
    "frechet_distance": [
        (
            "the root",
            FRECHET.replace("return apart @ apart +", "return np.sqrt(apart @ apart +").replace(
                "0)).sum()", "0)).sum())"
            ),
        ),
        ("the covariances forgotten", FRECHET.replace("+ np.trace(A) + np.trace(B)", "").replace("apart @ apart", "0")),
        ("the distance of the means", FRECHET.replace("apart @ apart", "np.sqrt(apart @ apart)")),
        ("the mean of the squares", FRECHET.replace("apart @ apart", "np.mean(apart**2)")),
        ("the common part once", FRECHET.replace("- 2 *", "- 1 *")),
        ("no root", FRECHET.replace("np.sqrt(np.maximum(values.real, 0)).sum()", "values.real.sum()")),
        ("images for features", FRECHET.replace("np.cov(a.T), np.cov(b.T)", "np.cov(a), np.cov(b)")),
        ("determinants", FRECHET.replace("np.trace", "np.linalg.det")),
    ],
    "add_noise": [
        ("sizes for variances", NOISE.replace("np.sqrt(kept) * x + np.sqrt(1 - kept)", "kept * x + (1 - kept)")),
        ("exchanged", NOISE.replace("* x", "* _").replace("* noise", "* x").replace("* _", "* noise")),
        ("the rest without a root", NOISE.replace("np.sqrt(1 - kept)", "(1 - kept)")),
        ("the noise whole", NOISE.replace("np.sqrt(1 - kept) * ", "")),
        ("the difference of the roots", NOISE.replace("np.sqrt(1 - kept)", "(1 - np.sqrt(kept))")),
        ("noise taken off", NOISE.replace("* x +", "* x -")),
        ("noise of its own", NOISE.replace("* noise", "* np.random.default_rng(0).normal(size=x.shape)")),
    ],
    "ddim_step": [
        ("the noise added again", DDIM.replace("(x - ", "(x + ")),
        ("not scaled up", DDIM.replace(" / np.sqrt(kept)", "")),
        ("no roots", DDIM.replace("np.sqrt", "")),
        ("the way back to more noise", DDIM.replace("(x, noise, kept, kept_next)", "(x, noise, kept_next, kept)")),
        ("scaled up without a root", DDIM.replace("/ np.sqrt(kept)", "/ kept")),
        ("x itself", "def ddim_step(x, noise, kept, kept_next): return x"),
        ("the noise taken off", "def ddim_step(x, noise, kept, kept_next): return x - noise"),
        ("clipped", DDIM.replace("kept)\n    return", "kept)\n    clean = np.clip(clean, -1, 1)\n    return")),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("losses", LOSSES.replace("return softplus(-fake_logits).mean()", "return -softplus(fake_logits).mean()"), 1),
    ("losses", LOSSES.replace("-real_logits).mean() +", "-real_logits).mean() / 2 +"), 1),
    (
        "losses",
        LOSSES.replace(
            "softplus(-real_logits).mean() + softplus(fake_logits).mean()",
            "softplus(np.concatenate([-real_logits, fake_logits])).mean()",
        ),
        1,
    ),
    ("losses", LOSSES.replace("np.logaddexp(0, z)", "np.log(1 + np.exp(z))"), 2),
    ("losses", LOSSES.replace("np.logaddexp(0, z)", "-np.log(np.clip(1 / (1 + np.exp(z)), 1e-7, 1))"), 2),
    ("losses", LOSSES.replace("-real_logits", "real_logits"), 1),
    ("losses", LOSSES.replace("return softplus(-fake_logits).mean()", "raise NotImplementedError"), 1),
    ("transposed_convolution", TRANSPOSED.replace("+= number", "= number"), 1),
    ("transposed_convolution", "def transposed_convolution(x, kernel, stride): return np.kron(x, kernel)", 1),
    ("count_modes", MODES.replace(" & sure", ""), 1),
    ("count_modes", MODES.replace("range(probabilities.shape[1])", "range(10)"), 1),
    ("count_modes", MODES.replace("np.mean((classes == c) & sure)", "np.mean(classes[sure] == c)"), 1),
    ("count_modes", MODES.replace(">= certainty", "> certainty"), 1),
    ("frechet_distance", "def frechet_distance(a, b): return np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2)", 1),
    (
        "frechet_distance",
        FRECHET.replace("np.sqrt(np.maximum(values.real, 0)).sum()", "np.trace(np.sqrt(np.abs(A * B)))"),
        1,
    ),
    (
        "frechet_distance",
        FRECHET.replace("np.sqrt(np.maximum(values.real, 0)).sum()", "np.trace(np.linalg.cholesky(A @ B))"),
        0,
    ),
    ("frechet_distance", FRECHET.replace("np.cov(a.T), np.cov(b.T)", "np.cov(a.T, ddof=0), np.cov(b.T, ddof=0)"), 1),
    ("frechet_distance", FRECHET.replace("np.maximum(values.real, 0)", "np.linalg.eigvals(A @ B)"), 2),
    ("add_noise", NOISE.replace("if kept.ndim", "if False"), 1),
    ("add_noise", NOISE.replace("(x.ndim - 1)", "1"), 1),
    ("add_noise", NOISE.replace("    kept = np.asarray(kept)", "    kept = np.mean(kept)"), 1),
    ("ddim_step", DDIM.replace("np.sqrt(kept_next) * clean + np.sqrt(1 - kept_next) * noise", "clean"), 1),
    ("ddim_step", DDIM.replace("np.sqrt(kept_next) *", ""), 1),
    ("ddim_step", DDIM.replace(" + np.sqrt(1 - kept_next) * noise", ""), 1),
    ("ddim_step", DDIM.replace("+ np.sqrt(1 - kept_next) * noise", "+ (1 - kept_next) * noise"), 1),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("ring",)


def test_the_points_add_up():
    assert find_exercise(EXERCISE).points == 20


def given(marker: str) -> str:
    """The source of the cell of the exercise that holds ``marker``, as it stands there."""
    cells = json.loads(course.find(EXERCISE).solution.read_text("utf-8"))["cells"]
    (source,) = (
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and marker in "".join(cell["source"])
    )
    return source


def test_the_notebook_judges_as_the_check_does():
    names = {"np": np}
    exec(given("def ring("), names)
    for seed, scale in ((0, 0.02), (1, 0.1), (2, 1.0)):
        rng = np.random.default_rng(seed)
        points = names["ring"](900, rng)[: rng.integers(600, 900)] + scale * rng.normal(size=2)
        assert names["judge"](points) == pytest.approx(checks.judged(points))
    found, near = names["judge"](names["ring"](20_000, np.random.default_rng(0)))
    assert (found, near) == (8, pytest.approx(1 - np.exp(-4.5), abs=0.004))


def test_the_sizes_are_those_of_keras():
    import keras

    for size in (1, 2, 9):
        for kernel_size in (1, 2, 3, 6):
            for stride in (1, 2, 4):
                for padding in ("valid", "same"):
                    layer = keras.layers.Conv1DTranspose(1, kernel_size, strides=stride, padding=padding)
                    made = layer.compute_output_shape((1, size, 1))[1]
                    assert checks._transposed_size(size, kernel_size, stride, padding) == made


def test_the_distance_is_that_of_its_definition():
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(0)
    a, b = (checks._features(rng, count, 4) for count in (20, 30))
    A, B = np.cov(a.T), np.cov(b.T)
    want = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2) + np.trace(A + B - 2 * sqrtm(A @ B).real)
    assert checks._frechet_distance(a, b) == pytest.approx(want)


def test_a_step_back_undoes_noise():
    rng = np.random.default_rng(0)
    clean, noise = rng.normal(size=(2, 3, 4))
    noisy, want = (checks._add_noise(clean, noise, kept) for kept in (0.2, 0.7))
    assert checks._ddim_step(noisy, noise, 0.2, 0.7) == pytest.approx(want)


def test_probabilities_are_read_as_they_are_meant():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        for certainty in (0.0, 0.25, 0.75, 0.9):
            sure, unsure = checks._telling(rng, 0.05)
            probabilities = checks._readings(rng, sure, unsure * (certainty > 0), certainty)
            best = probabilities.max(axis=1)
            counts = np.bincount(probabilities.argmax(axis=1)[best >= certainty], minlength=10)
            assert counts.tolist() == sure.tolist()
            assert probabilities.sum(axis=1) == pytest.approx(1)
            assert probabilities.min() >= 0
            off = np.abs(best - certainty)
            assert np.all((off == 0) | (off > 0.019))


GENERATORS = [  # what is changed in a generator that stores the ring, and the points
    ((), 5),
    (("0.05 *", "0 *"), 5),  # the centres themselves
    (("0.05 *", "0.075 *"), 5),
    (("share = 1.0", "share = 0.9"), 5),
    (("share = 1.0", "share = 0.65"), 3),  # others lie at the middle
    (("share = 1.0", "share = 0.4"), 0),
    (("% 8", "% 7"), 1),  # one is never found
    (("% 8", "% 1"), 1),  # collapsed
    (("% 8", "% 8 + 0.5"), 0),  # between the centres
    (("ops.floor(8 * turns)", "8 * turns"), 0),  # the whole circle
    (("0.05 *", "0.5 *"), 0),
    (("radius = 1.0", "radius = 2.0"), 0),
    (("radius = 1.0", "radius = np.nan"), 0),
    (("Ring()])", "Ring(), keras.layers.Reshape((1, 2))])"), 0),
    (("generator = ", "network = "), 0),
]


@pytest.mark.parametrize(("change", "want"), GENERATORS)
def test_a_generator_is_judged_by_its_points(earned, change, want):
    source = GENERATOR.replace(*change) if change else GENERATOR
    assert earned(EXERCISE, "ring", source) == want


MADE = """
inputs = keras.Input((8,))
functional = keras.Model(inputs, Ring()(inputs))
nested = keras.Sequential([functional, keras.layers.Activation("linear")])
class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.ring = Ring()
    def call(self, z):
        return self.ring(z)
generator = {}
"""


@pytest.mark.parametrize("made", ["functional", "nested", "Subclassed()", "Ring"])
def test_a_generator_may_be_any_keras_model(earned, made):
    assert earned(EXERCISE, "ring", GENERATOR + MADE.format(made)) == (5 if made != "Ring" else 0)


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "want"), [(2_000, 5), (200, 0)])
def test_a_training_that_is_written_differently_reaches_the_bars_when_it_is_long_enough(earned, steps, want):
    names = {"np": np}
    exec(given("def ring("), names)
    source = TRAINED.replace("SEED", "5").replace("STEPS", str(steps)).replace("BLUR", "0.5")
    assert earned(EXERCISE, "ring", source, **names) == want
