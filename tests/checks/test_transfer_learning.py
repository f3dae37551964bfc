"""Every check of exercise 6 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import AnswerTables

EXERCISE = "06_transfer_learning"

BASE = """
import keras
from keras import layers

def pretrained_base():
    base = keras.Sequential([keras.Input((28, 28, 1))], name="base")
    for number, filters in enumerate((16, 32, 64, 64), start=1):
        base.add(layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu", name=f"convolution{number}"))
        base.add(layers.BatchNormalization(name=f"norm{number}"))
    return base
"""


RIGHT = {
    "choose_recipe": [
        """
        def choose_recipe(images_per_class, similar):
            if images_per_class < 100:
                return "new head" if similar else "low layers"
            return "fine-tune all" if similar else "initialise and retrain"
        """,
        """
        TABLE = {(True, True): "new head", (True, False): "low layers",
                 (False, True): "fine-tune all", (False, False): "initialise and retrain"}
        def choose_recipe(n, similar): return TABLE[n < 100, bool(similar)]
        """,
    ],
    "head_parameters": [
        """
        def head_parameters(maps, units, pooled=False):
            inputs = maps[2] if pooled else maps[0] * maps[1] * maps[2]
            return sum((before + 1) * after for before, after in zip([inputs] + list(units), units))
        """,
        """
        import keras
        def head_parameters(maps, units, pooled=False):
            gather = keras.layers.GlobalAveragePooling2D() if pooled else keras.layers.Flatten()
            return keras.Sequential([keras.Input(tuple(maps)), gather, *map(keras.layers.Dense, units)]).count_params()
        """,
    ],
    "preprocessed": [
        """
        def preprocessed(photos):
            return (photos / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
        """,
        """
        def preprocessed(photos):
            result = photos.astype("float32") / 255
            for channel, (mean, deviation) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))):
                result[..., channel] = (result[..., channel] - mean) / deviation
            return result
        """,
        """
        import keras
        def preprocessed(photos):
            return keras.applications.imagenet_utils.preprocess_input(photos.astype("float32"), mode="torch")
        """,
    ],
    "frozen_norm": [
        """
        def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
            return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta
        """,
        """
        def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
            scale = gamma * (variance + epsilon) ** -0.5
            return x * scale + (beta - mean * scale)
        """,
        """
        import keras
        def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
            layer = keras.layers.BatchNormalization(epsilon=epsilon)
            layer.build((None, x.shape[1]))
            layer.set_weights([gamma, beta, mean, variance])
            layer.trainable = False
            return np.array(layer(x, training=True))
        """,
    ],
    "changed": [
        "changed = {'A': 1285, 'B': 1285, 'C': 1989}",
        """
        head = 257 * 5
        changed = dict(A=head, B=head, C=head + 4 * sum([16, 32, 64, 64]))
        """,
    ],
}

WRONG = {
    "choose_recipe": [
        ("always a new head", 'def choose_recipe(images_per_class, similar): return "new head"'),
        (
            "similar and different mixed up",
            """
            def choose_recipe(n, similar):
                if n < 100:
                    return "low layers" if similar else "new head"
                return "initialise and retrain" if similar else "fine-tune all"
            """,
        ),
        (
            "few and many mixed up",
            """
            def choose_recipe(n, similar):
                if n >= 100:
                    return "new head" if similar else "low layers"
                return "fine-tune all" if similar else "initialise and retrain"
            """,
        ),
    ],
    "head_parameters": [
        (
            "biases forgotten",
            """
            def head_parameters(maps, units, pooled=False):
                inputs = maps[2] if pooled else int(np.prod(maps))
                return sum(a * b for a, b in zip([inputs] + list(units), units))
            """,
        ),
        (
            "only the last layer",
            """
            def head_parameters(maps, units, pooled=False):
                return ((maps[2] if pooled else int(np.prod(maps))) + 1) * units[-1]
            """,
        ),
        (
            "every layer as wide as the maps",
            """
            def head_parameters(maps, units, pooled=False):
                inputs = maps[2] if pooled else int(np.prod(maps))
                return sum((inputs + 1) * width for width in units)
            """,
        ),
    ],
    "preprocessed": [
        ("forgotten", "def preprocessed(photos): return photos"),
        ("scaled only", "def preprocessed(photos): return photos / 255"),
        ("Keras' own, from -1 to 1", "def preprocessed(photos): return photos / 127.5 - 1"),
        (
            "scaled twice",
            """
            def preprocessed(photos):
                return (photos / 255 / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
            """,
        ),
        (
            "all done twice",
            """
            def preprocessed(photos):
                mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
                return ((photos / 255 - mean) / deviation - mean) / deviation
            """,
        ),
        (
            "by the batch's own mean",
            """
            def preprocessed(photos):
                x = photos / 255
                return (x - x.mean(axis=(0, 1, 2))) / (x.std(axis=(0, 1, 2)) + 1e-7)
            """,
        ),
    ],
    "frozen_norm": [
        (
            "training mode: the batch's own mean and variance",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon) + beta
            """,
        ),
        (
            "epsilon outside of the root",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (x - mean) / (np.sqrt(variance) + epsilon) + beta
            """,
        ),
        (
            "no root",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return gamma * (x - mean) / (variance + epsilon) + beta
            """,
        ),
        (
            "gamma and beta forgotten",
            """
            def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
                return (x - mean) / np.sqrt(variance + epsilon)
            """,
        ),
    ],
    "changed": [
        ("nothing", "changed = {}"),
        ("biases forgotten, recompiled in thought", "changed = {'A': 1280, 'B': 62213, 'C': 1632}"),
        ("the head not counted", "changed = {'A': 0, 'B': 60928, 'C': 704}"),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    (
        "choose_recipe",  # different data forgotten, but only where there are many images
        """
        def choose_recipe(n, similar):
            if n < 100:
                return "new head" if similar else "low layers"
            return "fine-tune all"
        """,
        1,
    ),
    (
        "head_parameters",  # averages whatever it is told
        """
        def head_parameters(maps, units, pooled=False):
            return sum((before + 1) * after for before, after in zip([maps[2]] + list(units), units))
        """,
        1,
    ),
    (
        "head_parameters",  # never averages
        """
        def head_parameters(maps, units, pooled=False):
            return sum((before + 1) * after for before, after in zip([int(np.prod(maps))] + list(units), units))
        """,
        1,
    ),
    (
        "changed",
        "changed = {'A': 1285, 'B': 61509, 'C': 1637}",
        1,
    ),  # recompiled in thought; moving statistics forgotten
    ("changed", "changed = {'A': 1285, 'B': 1285, 'C': 1637}", 2),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("new_head", "fine_tuner", "training")


def test_the_numbers_of_the_base_are_those_of_keras():
    from coursekit.checks import transfer_learning

    namespace: dict = {}
    exec(BASE, namespace)
    base = namespace["pretrained_base"]()
    assert base.count_params() == transfer_learning.BASE_PARAMETERS
    assert base.get_layer("convolution4").count_params() == transfer_learning.FOURTH_CONVOLUTION


FRAGMENTS = {
    "A": "base.trainable = False\ncompile_and_fit()",
    "B": "base.trainable = False\ncompile_and_fit()\nbase.trainable = True\nremember()\nfit()",
    "C": "for layer in base.layers: layer.trainable = isinstance(layer, layers.BatchNormalization)\ncompile_and_fit()",
}


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_keras_changes_what_the_check_says_that_it_changes(earned, fragment):
    namespace: dict = {}
    exec(BASE, namespace)
    keras, layers = namespace["keras"], namespace["layers"]
    keras.utils.set_random_seed(1)
    base = namespace["pretrained_base"]()
    model = keras.Sequential([base, layers.Flatten(), layers.Dense(5)])
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 28, 28, 1)).astype("float32"), rng.integers(0, 5, size=64)
    before: list = []

    def remember():
        before[:] = [weight.numpy() for weight in model.weights]

    def fit():
        model.fit(x, y, batch_size=32, epochs=3, verbose=0)

    def compile_and_fit():
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss)
        remember()
        fit()

    exec(
        FRAGMENTS[fragment],
        {"base": base, "layers": layers, "fit": fit, "remember": remember, "compile_and_fit": compile_and_fit},
    )
    moved = sum(then.size for then, now in zip(before, model.weights) if np.any(then != now.numpy()))
    others = dict.fromkeys(FRAGMENTS, 0)
    assert earned(EXERCISE, "changed", f"changed = {others | {fragment: moved}}") == 1
