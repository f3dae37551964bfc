"""Every check of exercise 7 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import AnswerTables

from coursekit.checks import autoencoders as checks

EXERCISE = "07_autoencoders"

PSNR = """
def psnr(images, others, peak):
    difference = images.astype(float) - others.astype(float)
    return 10 * np.log10(peak**2 / np.mean(difference**2))
"""
SPOIL = """
def spoil(images, deviation, seed):
    noise = np.random.default_rng(seed).normal(scale=deviation, size=images.shape)
    return np.clip(images + noise, 0, 1)
"""
PAIRS = (
    SPOIL
    + """
def training_pairs(images, deviation, seed):
    targets = images.reshape(len(images), 784) / 255
    return spoil(targets, deviation, seed), targets
"""
)
TIED = """
def tied_gradient(x, W):
    error = x @ W @ W.T - x
    return 2 * error.T @ (x @ W) + 2 * x.T @ (error @ W)
"""
ALARM = """
def find_outsiders(valid_errors, test_errors, rate):
    return test_errors > np.quantile(valid_errors, 1 - rate)
"""
RIGHT = {
    "compression_ratio": [
        "def compression_ratio(pixels, code_length, a, b): return pixels * a / (code_length * b)",
        """
        def compression_ratio(pixels, code_length, bytes_per_pixel, bytes_per_number):
            before, after = np.zeros(pixels, f"V{bytes_per_pixel}"), np.zeros(code_length, f"V{bytes_per_number}")
            return before.nbytes / after.nbytes
        """,
        "from fractions import Fraction\ndef compression_ratio(p, c, a, b): return Fraction(p * a, c * b)",
        "def compression_ratio(p, c, a, b): return np.divide(np.float32(p) * a, [c * b])",
    ],
    "psnr": [
        PSNR,
        """
        import math
        def psnr(a, b, peak):
            squares = np.square(np.float32(a) - np.float32(b))
            return 20 * math.log10(peak) - 10 * math.log10(squares.sum() / squares.size)
        """,
        """
        import tensorflow as tf
        def psnr(a, b, peak):
            a, b = (np.reshape(x, (1, -1, 1)).astype("float32") for x in (a, b))
            return float(tf.image.psnr(a[..., None], b[..., None], float(peak))[0])
        """,
        """
        def psnr(images, others, peak):  # everything on the scale of 0 to 1
            return -20 * np.log10(np.sqrt(np.mean(np.square(images / peak - others / peak))))
        """,
        """
        from keras import ops
        def psnr(images, others, peak):
            error = ops.mean(ops.square(ops.cast(images, "float32") - ops.cast(others, "float32")))
            return 20 * ops.log10(float(peak)) - 10 * ops.log10(error)
        """,
        """
        import keras
        import tensorflow as tf
        def psnr(images, others, peak):
            error = keras.losses.mean_squared_error(np.ravel(images) * 1.0, np.ravel(others) * 1.0)
            return tf.math.log(float(peak) ** 2 / error) * tf.cast(10 / np.log(10), error.dtype)
        """,
        """
        def psnr(images, others, peak):
            pairs = zip(images.ravel().tolist(), others.ravel().tolist())
            squares = [(a - b) ** 2 for a, b in pairs]
            return [10 * np.log10(peak * peak * len(squares) / sum(squares))]
        """,
    ],
    "spoil": [
        SPOIL,
        """
        def spoil(images, deviation, seed):
            rng = np.random.default_rng(seed)
            noisy = images + deviation * rng.standard_normal(images.shape)
            noisy[noisy < 0] = 0
            noisy[noisy > 1] = 1
            return noisy.astype("float32")
        """,
        """
        import keras
        def spoil(images, deviation, seed):
            noise = keras.random.normal(np.shape(images), 0.0, deviation, seed=keras.random.SeedGenerator(seed))
            return keras.ops.minimum(keras.ops.maximum(noise + images, 0.0), 1.0)
        """,
        """
        def spoil(images, deviation, seed):
            np.random.seed(seed)
            return np.clip(np.random.normal(images, deviation), 0, 1)
        """,
        """
        from scipy.stats import norm, truncnorm
        def spoil(images, deviation, seed):
            noise = norm.rvs(scale=deviation, size=images.size, random_state=seed).reshape(images.shape)
            return np.where(images + noise < 0, 0, np.where(images + noise > 1, 1, images + noise)).tolist()
        """,
    ],
    "training_pairs": [
        PAIRS,
        """
        def training_pairs(images, deviation, seed):
            clean = images.astype("float32").reshape(-1, 28 * 28) / 255.0
            noise = np.random.default_rng(seed).normal(0, deviation, clean.shape)
            return [np.minimum(np.maximum(clean + noise, 0), 1), clean]
        """,
        SPOIL
        + """
def training_pairs(images, deviation, seed):
    clean = np.array([[pixel / 255 for row in image for pixel in row] for image in images.tolist()])
    yield spoil(clean, deviation, seed).tolist()
    yield clean.tolist()
""",
        """
        import keras
        def training_pairs(images, deviation, seed):
            clean = keras.ops.reshape(keras.ops.cast(images, "float32") / 255, (-1, 784))
            noise = keras.random.normal(clean.shape, stddev=deviation, seed=seed)
            return keras.ops.clip(clean + noise, 0, 1), clean
        """,
        SPOIL
        + """
def training_pairs(images, deviation, seed):
    inputs = spoil(images / 255, deviation, seed)
    return np.stack([inputs, images / 255]).reshape(2, -1, 784).astype("float32")
""",
    ],
    "tied_gradient": [
        TIED,
        """
        def tied_gradient(x, W):
            S, P = x.T @ x, W @ W.T - np.eye(len(W))
            return 2 * (S @ P + P @ S) @ W
        """,
        """
        import tensorflow as tf
        def tied_gradient(x, W):
            W = tf.Variable(W)
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum((x @ W @ tf.transpose(W) - x) ** 2)
            return tape.gradient(loss, W).numpy()
        """,
        """
        def tied_gradient(x, W):
            x, W = np.float32(x), np.float32(W)
            rest = x @ W @ W.T - x
            return 2 * ((x.T @ rest + rest.T @ x) @ W)
        """,
        """
        import tensorflow as tf
        def tied_gradient(x, W):
            shared = tf.Variable(tf.cast(W, tf.float32))
            with tf.GradientTape() as tape:
                code = tf.matmul(tf.cast(x, tf.float32), shared)
                loss = tf.reduce_sum(tf.square(tf.matmul(code, shared, transpose_b=True) - x))
            return tape.gradient(loss, shared)
        """,
        """
        def tied_gradient(x, W):
            total = 0
            for row in x:
                error = W @ (W.T @ row) - row
                total = total + np.outer(error, row @ W) + np.outer(row, error @ W)
            return (2 * total).tolist()
        """,
        """
        def tied_gradient(x, W):
            loss, gradient = lambda W: ((x @ W @ W.T - x) ** 2).sum(), np.empty(W.shape)
            for place in np.ndindex(*W.shape):
                step = np.zeros(W.shape)
                step[place] = 2e-5
                gradient[place] = (loss(W + step) - loss(W - step)) / 4e-5
            return gradient
        """,
        """
        def tied_gradient(x, W):
            error = x @ W @ W.T - x
            return 2 * np.einsum("bi,bj,jc->ic", error, x, W) + 2 * np.einsum("bi,bj,jc->ic", x, error, W)
        """,
    ],
    "find_outsiders": [
        ALARM,
        """
        def find_outsiders(valid_errors, test_errors, rate):
            allowed = round(rate * len(valid_errors))
            limit = sorted(valid_errors)[len(valid_errors) - allowed - 1]
            return [bool(error > limit) for error in test_errors]
        """,
        """
        def find_outsiders(valid_errors, test_errors, rate):  # the share of insiders that are at least as strange
            above = (valid_errors[None, :] >= test_errors[:, None]).sum(axis=1)
            return (above + 1) / (len(valid_errors) + 1) <= rate
        """,
        ALARM.replace("1 - rate)", '1 - rate, method="lower")'),
        """
        import keras
        def find_outsiders(valid_errors, test_errors, rate):
            limit = keras.ops.quantile(keras.ops.cast(valid_errors, "float32"), 1.0 - rate)
            return keras.ops.greater(keras.ops.cast(test_errors, "float32"), limit)
        """,
        ALARM.replace("np.quantile(valid_errors, 1 - rate)", "np.percentile(valid_errors, 100 * (1 - rate))"),
        "def find_outsiders(v, t, rate): return (1 - np.searchsorted(np.sort(v), t) / len(v) < rate).astype(int)",
        "def find_outsiders(v, t, rate): return (error >= np.sort(v)[-round(rate * len(v)):][0] for error in t)",
    ],
}

WRONG = {
    "compression_ratio": [
        ("upside down", "def compression_ratio(p, c, a, b): return c * b / (p * a)"),
        ("share that is saved", "def compression_ratio(p, c, a, b): return 1 - c * b / (p * a)"),
        ("whole numbers only", "def compression_ratio(p, c, a, b): return (p * a) // (c * b)"),
        ("rounded", "def compression_ratio(p, c, a, b): return round(p * a / (c * b))"),
        ("never below one", "def compression_ratio(p, c, a, b): return max(p * a, c * b) / min(p * a, c * b)"),
        ("as percent", "def compression_ratio(p, c, a, b): return 100 * p * a / (c * b)"),
    ],
    "psnr": [
        (
            "mean absolute error",
            "def psnr(a, b, peak): return 10 * np.log10(peak**2 / np.mean(np.abs(a.astype(float) - b)))",
        ),
        ("natural logarithm", PSNR.replace("log10", "log")),
        ("twice the factor", PSNR.replace("10 * np", "20 * np")),
        ("upside down", PSNR.replace("peak**2 / np.mean(difference**2)", "np.mean(difference**2) / peak**2")),
        ("the largest pixel for the peak", PSNR.replace("peak**2", "max(images.max(), others.max())**2")),
        ("the sum for the mean", PSNR.replace("np.mean", "np.sum")),
        ("the root forgotten", PSNR.replace("10 * np.log10(peak**2 / ", "10 * np.log10(peak / ")[:-1] + "**0.25"),
        ("one for each image", PSNR.replace("np.mean(difference**2)", "np.mean(difference**2, axis=(1, 2))")),
        (
            "mean of the decibels of each image",
            """
            def psnr(a, b, peak):
                errors = np.mean((a.astype(float) - b) ** 2, axis=(1, 2))
                return np.mean(10 * np.log10(peak**2 / errors))
            """,
        ),
    ],
    "spoil": [
        ("one draw for all pixels", SPOIL.replace(", size=images.shape", "")),
        ("uniform and positive", SPOIL.replace("normal(scale=deviation, ", "uniform(0, deviation, ")),
        ("variance for deviation", SPOIL.replace("scale=deviation", "scale=deviation**2")),
        ("the same noise for each image", SPOIL.replace("images.shape)", "images.shape[1:])")),
        ("no seed", SPOIL.replace("default_rng(seed)", "default_rng()")),
        ("always one seed", SPOIL.replace("default_rng(seed)", "default_rng(1)")),
        ("uniform around zero", SPOIL.replace("normal(scale=deviation, ", "uniform(-deviation, deviation, ")),
        (
            "uniform of the right deviation",
            SPOIL.replace("normal(scale=deviation, ", "uniform(-3**0.5 * deviation, 3**0.5 * deviation, "),
        ),
        ("half of the noise twice", SPOIL.replace("images.shape)", "images.shape)\n    noise[1::2] = noise[::2]")),
        ("noise in proportion", SPOIL.replace("images + noise", "images * (1 + noise)")),
        ("one draw for each column", SPOIL.replace("images.shape)", "(1, *images.shape[1:]))")),
        ("brighter only", SPOIL.replace("images + noise", "images + np.abs(noise)")),
    ],
    "training_pairs": [
        (
            "noise in the target, and bytes",
            """
            def training_pairs(images, deviation, seed):
                flat = images.reshape(len(images), -1)
                noisy = flat + np.random.default_rng(seed).normal(scale=deviation, size=flat.shape)
                return noisy, noisy
            """,
        ),
        ("bytes", PAIRS.replace(" / 255", "").replace("np.clip(images + noise, 0, 1)", "images + noise")),
        ("pictures for vectors", PAIRS.replace("images.reshape(len(images), 784)", "images")),
        ("one of both", PAIRS.replace("deviation, seed), targets", "deviation, seed)")),
        (
            "the wrong way round",
            PAIRS.replace(
                "return spoil(targets, deviation, seed), targets", "return targets, spoil(targets, deviation, seed)"
            ),
        ),
    ],
    "tied_gradient": [
        ("the error without the transpose", TIED.replace("error.T @ (x @ W)", "(x @ W).T @ error")),
        ("the error without the minus", TIED.replace("x @ W @ W.T - x", "x @ W @ W.T")),
        ("nothing", "def tied_gradient(x, W): return 0 * W"),
        ("the loss", "def tied_gradient(x, W): return ((x @ W @ W.T - x)**2).sum()"),
        ("turned round", TIED.replace("return ", "return (").rstrip() + ").T"),
    ],
    "find_outsiders": [
        ("insiders for outsiders", ALARM.replace(">", "<")),
        ("everything", "def find_outsiders(v, t, rate): return np.ones(len(t), bool)"),
        ("the other tail", ALARM.replace("1 - rate", "rate")),
        ("where they are", ALARM.replace("return ", "return np.where(").rstrip() + ")[0]"),
        ("the rate itself", "def find_outsiders(v, t, rate): return t > rate"),
        ("the median of the tested", ALARM.replace("quantile(valid_errors, 1 - rate)", "median(test_errors)")),
        ("the largest of the tested", "def find_outsiders(v, t, rate): return t > (1 - rate) * t.max()"),
        (
            "both tails",
            ALARM.replace("return", "return (test_errors < np.quantile(valid_errors, rate / 2)) | (").rstrip() + ")",
        ),
        (
            "one answer for all",
            ALARM.replace("return ", "return np.mean(").replace("1 - rate)", "1 - rate))"),
        ),
    ],
}

NORMAL = "norm(valid_errors.mean(), valid_errors.std()).isf(rate)"

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("compression_ratio", "def compression_ratio(pixels, code_length, a, b): return pixels / code_length", 1),
    ("psnr", PSNR.replace("peak**2", "1"), 1),  # the peak forgotten: bytes fail as well
    ("psnr", PSNR.replace("peak**2", "peak"), 1),
    ("psnr", PSNR.replace(".astype(float)", ""), 2),  # bytes wrap around
    ("psnr", PSNR.replace("peak**2", "255**2"), 0),
    ("compression_ratio", "def compression_ratio(p, c, a, b): return p * b / (c * a)", 1),
    # bytes in 16 bits: their squares do not fit
    ("psnr", PSNR.replace(".astype(float)", ".astype(np.int16 if images.dtype == np.uint8 else float)"), 2),
    ("psnr", PSNR.replace("images.astype(float) - others.astype(float)", "np.abs(images - others)"), 2),
    ("spoil", SPOIL.replace("np.clip(images + noise, 0, 1)", "images + noise"), 1),
    ("spoil", SPOIL.replace("np.clip(images + noise, 0, 1)", "np.minimum(abs(images + noise), 1)"), 1),
    ("spoil", SPOIL.replace("np.clip(images + noise, 0, 1)", "(images + noise) % 1"), 1),
    ("spoil", SPOIL.replace("images + noise", "images + np.clip(noise, -2 * deviation, 2 * deviation)"), 0),
    (
        "spoil",
        SPOIL.replace(
            "return np.clip(images + noise, 0, 1)",
            "noisy = images + noise\n    return (noisy - noisy.min()) / np.ptp(noisy) if np.ptp(noisy) > 1 else noisy",
        ),
        1,
    ),
    (
        "training_pairs",
        PAIRS.replace(
            "return spoil(targets, deviation, seed), targets", "return (spoil(targets, deviation, seed),) * 2"
        ),
        1,
    ),
    ("training_pairs", PAIRS.replace("np.clip(images + noise, 0, 1)", "images + noise"), 1),
    ("training_pairs", PAIRS.replace("return spoil(targets, deviation, seed), targets", "return targets, targets"), 1),
    ("training_pairs", PAIRS.replace("spoil(targets, deviation", "spoil(targets, 0.3"), 1),
    ("training_pairs", PAIRS.replace("deviation, seed), targets", "deviation, 0), targets"), 1),
    ("training_pairs", PAIRS.replace("size=images.shape", "size=images.shape[-1]"), 1),
    ("training_pairs", PAIRS.replace(", size=images.shape", ""), 1),
    ("training_pairs", PAIRS.replace(" / 255\n    return spoil(targets", " / 255\n    return spoil(targets[::-1]"), 1),
    ("training_pairs", PAIRS.replace("784) / 255", "784) / images.max()"), 0),
    ("tied_gradient", TIED.replace("2 * error.T @ (x @ W) + ", ""), 1),  # the decoder as a fixed copy
    ("tied_gradient", TIED.replace(" + 2 * x.T @ (error @ W)", ""), 1),  # the encoder as a fixed copy
    ("tied_gradient", TIED.replace("2 * error", "error").replace("2 * x.T", "x.T"), 1),
    ("tied_gradient", TIED.replace("x @ W @ W.T - x", "x - x @ W @ W.T"), 1),  # the sign
    ("find_outsiders", ALARM.replace("valid_errors, 1", "np.concatenate([valid_errors, test_errors]), 1"), 1),
    ("tied_gradient", TIED.replace("error.T @ (x @ W)", "x.T @ (error @ W)"), 1),  # one use counted twice
    ("tied_gradient", TIED.replace("2 *", "2 / x.size *"), 1),  # of the mean
    (
        "find_outsiders",
        ALARM.replace("quantile(valid_errors, 1 - rate)", "mean(valid_errors) + 2 * np.std(valid_errors)"),
        2,
    ),
    (
        "find_outsiders",
        "from scipy.stats import norm\n" + ALARM.replace("np.quantile(valid_errors, 1 - rate)", NORMAL),
        2,
    ),
    ("find_outsiders", ALARM.replace("1 - rate", "1 - rate / 2"), 2),
    ("find_outsiders", ALARM.replace("1 - rate", "0.95"), 2),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("build_denoiser", "training")


def test_the_tied_gradient_agrees_with_finite_differences():
    rng = np.random.default_rng(1)
    x, W, tiny = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), 1e-6
    gradient = sum(checks._tied_gradients(x, W))
    before = np.sum((x @ W @ W.T - x) ** 2)
    for place in ((0, 0), (2, 1), (3, 0)):
        moved = W.copy()
        moved[place] += tiny
        assert (np.sum((x @ moved @ moved.T - x) ** 2) - before) / tiny == pytest.approx(gradient[place], rel=1e-3)


def test_half_the_error_is_six_decibels_more():
    assert checks._psnr(np.zeros(4), np.full(4, 0.1), 1.0) == pytest.approx(20)
    assert checks._psnr(np.zeros(4), np.full(4, 0.05), 1.0) == pytest.approx(26.02, abs=0.01)
