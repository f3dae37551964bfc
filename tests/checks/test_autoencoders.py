"""Every check of exercise 7 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import KERAS, AnswerTables

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
NETWORK = (
    KERAS
    + """
def build_denoiser():
    network = keras.Sequential([
        keras.Input((784,)), layers.Dense(32, activation="relu"), layers.Dense(784, activation="sigmoid")])
    network.compile("adam", "binary_crossentropy")
    return network
"""
)

RIGHT = {
    "compression_ratio": [
        "def compression_ratio(pixels, code_length, a, b): return pixels * a / (code_length * b)",
        """
        def compression_ratio(pixels, code_length, bytes_per_pixel, bytes_per_number):
            before, after = np.zeros(pixels, f"V{bytes_per_pixel}"), np.zeros(code_length, f"V{bytes_per_number}")
            return before.nbytes / after.nbytes
        """,
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
    ],
    "training_pairs": [
        PAIRS,
        """
        def training_pairs(images, deviation, seed):
            clean = images.astype("float32").reshape(-1, 28 * 28) / 255.0
            noise = np.random.default_rng(seed).normal(0, deviation, clean.shape)
            return [np.minimum(np.maximum(clean + noise, 0), 1), clean]
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
    ],
    "find_outsiders": [
        ALARM,
        """
        def find_outsiders(valid_errors, test_errors, rate):
            allowed = round(rate * len(valid_errors))
            limit = sorted(valid_errors)[len(valid_errors) - allowed - 1]
            return [bool(error > limit) for error in test_errors]
        """,
    ],
    "build_denoiser": [
        NETWORK,
        NETWORK.replace("binary_crossentropy", "mse"),
        KERAS
        + """
def build_denoiser():
    pixels = keras.Input((784,))
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(layers.Reshape((28, 28, 1))(pixels))
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="hard_sigmoid")(x)
    network = keras.Model(pixels, layers.Reshape((784,))(x))
    network.compile("rmsprop", keras.losses.MeanSquaredError())
    return network
""",
    ],
}

WRONG = {
    "compression_ratio": [
        ("upside down", "def compression_ratio(p, c, a, b): return c * b / (p * a)"),
        ("share that is saved", "def compression_ratio(p, c, a, b): return 1 - c * b / (p * a)"),
    ],
    "psnr": [
        (
            "mean absolute error",
            "def psnr(a, b, peak): return 10 * np.log10(peak**2 / np.mean(np.abs(a.astype(float) - b)))",
        ),
        ("natural logarithm", PSNR.replace("log10", "log")),
        ("twice the factor", PSNR.replace("10 * np", "20 * np")),
        ("upside down", PSNR.replace("peak**2 / np.mean(difference**2)", "np.mean(difference**2) / peak**2")),
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
    ],
    "find_outsiders": [
        ("insiders for outsiders", ALARM.replace(">", "<")),
        ("everything", "def find_outsiders(v, t, rate): return np.ones(len(t), bool)"),
        (
            "one answer for all",
            ALARM.replace("return ", "return np.mean(").replace("1 - rate)", "1 - rate))"),
        ),
    ],
    "build_denoiser": [
        ("a classifier", NETWORK.replace("layers.Dense(784,", "layers.Dense(10,")),
        ("pictures for vectors", NETWORK.replace("(784,)), ", "(28, 28)), layers.Flatten(), ")),
        ("not compiled", NETWORK.replace('    network.compile("adam", "binary_crossentropy")\n', "")),
        ("a loss for classes", NETWORK.replace("binary_crossentropy", "categorical_crossentropy")),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("compression_ratio", "def compression_ratio(pixels, code_length, a, b): return pixels / code_length", 1),
    ("psnr", PSNR.replace("peak**2", "1"), 1),  # the peak forgotten: bytes fail as well
    ("psnr", PSNR.replace("peak**2", "peak"), 1),
    ("psnr", PSNR.replace(".astype(float)", ""), 2),  # bytes wrap around
    ("psnr", PSNR.replace("peak**2", "255**2"), 0),
    ("spoil", SPOIL.replace("np.clip(images + noise, 0, 1)", "images + noise"), 1),
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
    ("tied_gradient", TIED.replace("2 * error.T @ (x @ W) + ", ""), 1),  # the decoder as a fixed copy
    ("tied_gradient", TIED.replace(" + 2 * x.T @ (error @ W)", ""), 1),  # the encoder as a fixed copy
    ("tied_gradient", TIED.replace("2 * error", "error").replace("2 * x.T", "x.T"), 1),
    ("tied_gradient", TIED.replace("x @ W @ W.T - x", "x - x @ W @ W.T"), 1),  # the sign
    ("find_outsiders", ALARM.replace("valid_errors, 1", "np.concatenate([valid_errors, test_errors]), 1"), 1),
    ("find_outsiders", ALARM.replace("quantile(valid_errors, 1 - rate)", "quantile(test_errors, 0.5)"), 1),
    ("find_outsiders", ALARM.replace("1 - rate", "0.95"), 2),
    ("build_denoiser", NETWORK.replace("sigmoid", "softmax"), 1),
    ("build_denoiser", NETWORK.replace("sigmoid", "relu"), 1),
    ("build_denoiser", NETWORK.replace(', activation="sigmoid"', ""), 1),
    (
        "build_denoiser",
        NETWORK.replace('"binary_crossentropy"', "keras.losses.BinaryCrossentropy(from_logits=True)"),
        1,
    ),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)


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


@pytest.fixture(scope="module")
def linear():
    """A network of one dense layer; and weights for it: none that help, and the best linear filter."""
    import keras

    from coursekit.data import load_mnist

    clean = load_mnist().x_train[:6_000].reshape(-1, 784).astype("float32") / 255
    noise = np.random.default_rng(0).normal(scale=checks.NOISE, size=clean.shape)
    spoiled = np.column_stack([np.clip(clean + noise, 0, 1), np.ones(len(clean))])
    best = np.linalg.solve(spoiled.T @ spoiled + 30 * np.eye(785), spoiled.T @ clean)
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(784)])
    model.compile("adam", "mse")
    return model, {"copy": np.vstack([np.eye(784), np.zeros(784)]), "filter": best}


@pytest.mark.parametrize(
    ("weights", "history", "want"),
    [
        ("filter", {"val_loss": [0.3]}, 2),  # between the bars
        ("filter", {"loss": [0.3]}, 1),  # no validation data
        ("copy", {"val_loss": [0.3]}, 1),
        ("copy", {"loss": [0.3]}, 0),
    ],
)
def test_training_is_judged_by_validation_data_and_gain(earned, linear, weights, history, want):
    model, choices = linear
    model.set_weights([choices[weights][:-1], choices[weights][-1]])
    assert earned(EXERCISE, "training", "", model=model, history=history) == want


def test_a_network_past_both_bars_earns_all_points(earned):
    """One that knows the check's own images by heart: random features, and the best linear map from these."""
    import keras

    from coursekit.data import load_mnist

    clean = load_mnist().x_test[: checks.TEST_IMAGES].reshape(-1, 784).astype("float32") / 255
    noise = np.random.default_rng(7).normal(scale=checks.NOISE, size=clean.shape)
    spoiled = np.clip(clean + noise, 0, 1).astype("float32")
    hidden, last = keras.layers.Dense(1_500, activation="relu"), keras.layers.Dense(784, use_bias=False)
    model = keras.Sequential([keras.Input((784,)), hidden, last])
    model.compile("adam", "mse")
    features = np.maximum(spoiled @ hidden.get_weights()[0], 0).astype(float)
    last.set_weights([np.linalg.solve(features.T @ features + np.eye(1_500), features.T @ clean)])
    assert earned(EXERCISE, "training", "", model=model, history={"val_loss": [0.3]}) == 3


def test_training_without_a_model_earns_nothing(earned):
    assert earned(EXERCISE, "training", "") == 0


def test_training_of_another_shape_earns_only_the_history(earned):
    import keras

    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(784)])
    assert earned(EXERCISE, "training", "", model=model, history={"val_loss": [0.3]}) == 1
