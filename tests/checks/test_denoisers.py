"""The checks of exercise 7 on denoisers accept networks of many kinds, and reject what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import KERAS, AnswerTables

from coursekit.checks import autoencoders as checks
from coursekit.grading import Expect, NamespaceAnswers, find_exercise

EXERCISE = "07_autoencoders"

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
CLASS = (
    KERAS
    + """
class Halves(keras.Model):
    def __init__(self):
        super().__init__()
        self.squeeze = [layers.Dense(100, activation="relu"), layers.Dense(20)]
        self.rebuild = layers.Dense(784)
    def call(self, images):
        for layer in self.squeeze:
            images = layer(images)
        return keras.ops.sigmoid(self.rebuild(images))

def build_denoiser():
    network = Halves()
    network.compile("adam", keras.losses.binary_crossentropy)
    return network
"""
)

LOGITS = "keras.losses.BinaryCrossentropy(from_logits=True)"
INK = "lambda clean, rebuilt: keras.ops.square(keras.ops.mean(clean, -1) - keras.ops.mean(rebuilt, -1))"
RAIN = """
class Rain(layers.Layer):
    def call(self, images):
        return images + keras.random.normal(keras.ops.shape(images), stddev=0.3)
"""

RIGHT = {
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
        NETWORK.replace("keras.Input((784,)), ", ""),
        NETWORK.replace("keras.Input((784,)), ", "").replace(
            "network.compile", "network.build((None, 784)); network.compile"
        ),
        CLASS,
        CLASS.replace("    network.compile", "    network(np.zeros((1, 784)))\n    network.compile"),
        NETWORK.replace('"binary_crossentropy"', '"log_cosh"'),
        NETWORK.replace('"binary_crossentropy"', "keras.losses.Huber(0.1)"),
        NETWORK.replace('"binary_crossentropy"', "[keras.losses.mean_absolute_error]"),
        NETWORK.replace(
            '"binary_crossentropy"', "lambda clean, rebuilt: keras.ops.sum((clean - rebuilt) ** 2, axis=-1)"
        ),
        NETWORK.replace('"binary_crossentropy"', 'keras.losses.BinaryCrossentropy(label_smoothing=0, name="ink")'),
        KERAS
        + """
def build_denoiser():
    pixels = keras.Input((784,))
    noise = layers.Dense(784)(layers.Dropout(0.2)(layers.Dense(64, "silu")(pixels)))
    network = keras.Model(pixels, keras.ops.clip(layers.Subtract()([pixels, noise]), 0, 1))
    network.compile(keras.optimizers.SGD(0.1), "mae")
    return network
""",
        NETWORK.replace("layers.Dense(32", "layers.GaussianNoise(0.1), layers.BatchNormalization(), layers.Dense(32"),
        NETWORK.replace('layers.Dense(784, activation="sigmoid")', "layers.Dense(784), layers.ReLU(max_value=1)"),
        NETWORK.replace(
            'layers.Dense(32, activation="relu")', "keras.Sequential([layers.Dense(8), layers.LeakyReLU()])"
        ),
    ],
}

WRONG = {
    "build_denoiser": [
        ("a classifier", NETWORK.replace("layers.Dense(784,", "layers.Dense(10,")),
        ("pictures for vectors", NETWORK.replace("(784,)), ", "(28, 28)), layers.Flatten(), ")),
        ("not compiled", NETWORK.replace('    network.compile("adam", "binary_crossentropy")\n', "")),
        ("a loss for classes", NETWORK.replace("binary_crossentropy", "categorical_crossentropy")),
        ("a loss for directions", NETWORK.replace("binary_crossentropy", "cosine_similarity")),
        ("a loss for margins", NETWORK.replace("binary_crossentropy", "hinge")),
        ("a loss for the ink in all", NETWORK.replace('"binary_crossentropy"', INK)),
        ("no loss", NETWORK.replace(', "binary_crossentropy"', "")),
        ("too many parameters", NETWORK.replace("Dense(32", "Dense(1300")),
        (
            "one grey for all pixels",
            NETWORK.replace("layers.Dense(784,", "layers.UpSampling1D(784), layers.Flatten(), layers.Dense(1,").replace(
                'layers.UpSampling1D(784), layers.Flatten(), layers.Dense(1, activation="sigmoid")',
                'layers.Dense(1, activation="sigmoid"), layers.RepeatVector(784), layers.Flatten()',
            ),
        ),
        (
            "noise for ever",
            NETWORK.replace("keras.Input((784,)), ", "keras.Input((784,)), Rain(), ").replace("def b", RAIN + "def b"),
        ),
        (
            "a scale of the batch",
            NETWORK.replace(
                "layers.Dense(784,", "layers.Lambda(lambda x: x / (keras.ops.max(x) + 1e-9)), layers.Dense(784,"
            ),
        ),
        ("the same for all images", NETWORK.replace("layers.Dense(32", "layers.Rescaling(0.0), layers.Dense(32")),
        ("the first layer frozen", NETWORK.replace('Dense(32, activation="relu"', 'Dense(32, "relu", trainable=False')),
        ("the last layer frozen", NETWORK.replace('"sigmoid")', '"sigmoid", trainable=False)')),
        (
            "a convolution in the middle frozen",
            NETWORK.replace(
                "layers.Dense(32",
                "layers.Reshape((28, 28, 1)), layers.Conv2D(4, 3, 2), layers.Conv2D(4, 3, 2, trainable=False), "
                "layers.Flatten(), layers.Dense(32",
            ),
        ),
        ("all frozen", NETWORK.replace("network.compile", "network.trainable = False; network.compile")),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("build_denoiser", NETWORK.replace("sigmoid", "softmax"), 1),
    ("build_denoiser", NETWORK.replace("sigmoid", "relu"), 1),
    ("build_denoiser", NETWORK.replace("sigmoid", "tanh").replace("binary_crossentropy", "mse"), 1),
    ("build_denoiser", NETWORK.replace('sigmoid")', 'sigmoid"), layers.Dropout(0.2)'), 1),
    ("build_denoiser", NETWORK.replace(', activation="sigmoid"', "").replace('"binary_crossentropy"', LOGITS), 1),
    ("build_denoiser", NETWORK.replace(', activation="sigmoid"', ""), 1),
    (
        "build_denoiser",
        NETWORK.replace('"binary_crossentropy"', "keras.losses.BinaryCrossentropy(from_logits=True)"),
        1,
    ),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = tuple(set(find_exercise(EXERCISE).questions) - {"build_denoiser"})


@pytest.fixture(scope="module")
def linear():
    """A network of one dense layer; and weights for it: none that help, and the best linear map."""
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
        ("filter", {"val_loss": []}, 1),
        ("copy", {"val_loss": [0.3]}, 1),
        ("copy", {"loss": [0.3]}, 0),
    ],
)
def test_training_is_judged_by_validation_data_and_gain(earned, linear, weights, history, want):
    model, choices = linear
    model.set_weights([choices[weights][:-1], choices[weights][-1]])
    assert earned(EXERCISE, "training", "", model=model, history=history) == want


def spoiled_digits(rng: np.random.Generator, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    clean = images.reshape(len(images), 784).astype("float32") / 255
    return clean, np.clip(clean + rng.normal(scale=checks.NOISE, size=clean.shape), 0, 1).astype("float32")


def test_a_blur_passes_the_first_bar_only_with_its_contrast_stretched_well():
    from scipy.ndimage import gaussian_filter

    from coursekit.data import load_mnist

    mnist = load_mnist()
    known, noisy = spoiled_digits(np.random.default_rng(0), mnist.x_train[:2_000])
    clean, spoiled = spoiled_digits(np.random.default_rng(checks.SEED), mnist.x_test[: checks.TEST_IMAGES])
    blurred, wanted = (gaussian_filter(each.reshape(-1, 28, 28), (0, 1, 1)).ravel() for each in (noisy, spoiled))
    fitted = np.polyfit(blurred, known.ravel(), 1)
    plain, by_fit, well = (
        checks._psnr(clean, np.clip(slope * wanted + shift, 0, 1).reshape(clean.shape), 1)
        - checks._psnr(clean, spoiled, 1)
        for slope, shift in ((1, 0), fitted, (2.6, -0.78))
    )
    assert 2.8 < plain < 3.1 < by_fit < checks.BARS[0] < well < 7.9 < checks.BARS[1]


def test_the_best_linear_map_of_all_pixels_stays_below_the_second_bar():
    from coursekit.data import load_mnist

    mnist = load_mnist()
    known, noisy = spoiled_digits(np.random.default_rng(0), mnist.x_train)
    clean, spoiled = spoiled_digits(np.random.default_rng(checks.SEED), mnist.x_test[: checks.TEST_IMAGES])
    noisy, spoiled_1 = (np.column_stack([each, np.ones(len(each), "float32")]) for each in (noisy, spoiled))
    best = np.linalg.solve((noisy.T @ noisy).astype(float) + 30 * np.eye(785), noisy.T @ known)
    gain = checks._psnr(clean, np.clip(spoiled_1 @ best, 0, 1), 1) - checks._psnr(clean, spoiled, 1)
    assert checks.BARS[0] < 8 < gain < 8.2 < checks.BARS[1]


def test_a_network_past_both_bars_earns_all_points(earned):
    """One that knows the test digits by heart: the clean one of the nearest, whatever the noise. It is reported."""
    import keras

    from coursekit.data import load_mnist

    clean = load_mnist().x_test[: checks.TEST_IMAGES].reshape(-1, 784).astype("float32") / 255
    expected = np.clip(clean, 0.2, 0.8)  # about what clipped noise makes of them
    nearest, last = keras.layers.Dense(len(clean), activation="softmax"), keras.layers.Dense(784, use_bias=False)
    model = keras.Sequential([keras.Input((784,)), nearest, last])
    nearest.set_weights([4 * expected.T, -2 * np.sum(expected**2, axis=1)])
    last.set_weights([clean])
    assert earned(EXERCISE, "training", "", model=model, history={"val_loss": [0.3]}) == 3
    answers = NamespaceAnswers({"model": model, "history": {"val_loss": [0.3]}})
    answers.private_seed = "this learner's"
    result = find_exercise(EXERCISE).find("training").run(answers)
    assert result.points == 3
    assert "trained on the test digits" in result.flags[0]


def test_gains_on_other_noise_differ_by_less_than_the_slack(linear):
    model, choices = linear
    model.set_weights([choices["filter"][:-1], choices["filter"][-1]])
    asked = NamespaceAnswers({"model": model}).model("model")
    gains = [checks._gain(Expect(), asked, np.random.default_rng(seed)) for seed in range(1, 7)]
    assert 5 * np.sqrt(2) * np.std(gains) < checks.CHANCE


def test_a_model_that_knows_the_notebooks_noise_alone_earns_no_gain(earned, linear, monkeypatch):
    gains = iter([9.0, 3.0])
    monkeypatch.setattr(checks, "_gain", lambda *_: next(gains))
    assert earned(EXERCISE, "training", "", model=linear[0], history={"val_loss": [0.3]}) == 1


def test_training_without_a_model_earns_nothing(earned):
    assert earned(EXERCISE, "training", "") == 0


def test_training_of_another_shape_earns_only_the_history(earned):
    import keras

    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(784)])
    assert earned(EXERCISE, "training", "", model=model, history={"val_loss": [0.3]}) == 1
