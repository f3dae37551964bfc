"""The questions of exercise 6 that choose and count."""

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
        def choose_recipe(n, similar):
            rows = [["low layers", "new head"], ["initialise and retrain", "fine-tune all"]]
            return np.array(rows)[int(n > 99)][int(similar)]
        """,
        """
        def choose_recipe(n, similar):
            few = np.where(similar, "new head", "low layers")
            many = np.where(similar, "fine-tune all", "initialise and retrain")
            return np.where(n < 100, few, many)
        """,
        """
        def choose_recipe(n, similar):
            match n // 100 > 0, similar:
                case False, True: return "new head"
                case False, False: return "low layers"
                case True, True: return "fine-tune all"
            return "initialise and retrain"
        """,
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
        from functools import reduce
        def head_parameters(maps, units, pooled=False):
            first = maps[-1] if pooled else np.prod(maps)
            return reduce(lambda so_far, m: (so_far[0] + so_far[1] * m + m, m), units, (0, first))[0]
        """,
        """
        def head_parameters(maps, units, pooled=False):
            widths = np.array([maps[2] if pooled else np.prod(maps), *units])
            return widths[:-1] @ widths[1:] + widths[1:].sum()
        """,
        """
        def head_parameters(maps, units, pooled=False):
            if len(units) > 1:
                return head_parameters(maps, units[:-1], pooled) + (units[-2] + 1.0) * units[-1]
            return ((maps[2] if pooled else maps[0] * maps[1] * maps[2]) + 1.0) * units[0]
        """,
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
    "changed": [
        """
        import keras
        base = keras.Sequential([keras.Input((28, 28, 1))])
        for filters in (16, 32, 64, 64):
            base.add(keras.layers.Conv2D(filters, 3, strides=2, padding="same"))
            base.add(keras.layers.BatchNormalization())
        last = keras.layers.Dense(5)
        last.build((None, 256))
        norms = [layer.count_params() for layer in base.layers if isinstance(layer, keras.layers.BatchNormalization)]
        changed = dict.fromkeys("AB", last.count_params())
        changed["C"] = last.count_params() + sum(norms)
        """,
        "changed = dict(zip('ABC', np.array([1285, 1285, 1989])))",
        "changed = {'A': 1285.0, 'B': np.array([1285]), 'C': 1989, 'D': 'I ran them'}",
        "changed = {'A': 1285, 'B': 1285, 'C': 1989}",
        """
        head = 257 * 5
        changed = dict(A=head, B=head, C=head + 4 * sum([16, 32, 64, 64]))
        """,
    ],
}

WRONG = {
    "choose_recipe": [
        ("upper case", "def choose_recipe(n, similar): return 'New head' if similar else 'Low layers'"),
        ("the table's place", "def choose_recipe(n, similar): return (n >= 100, similar)"),
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
            "one bias a layer",
            """
            def head_parameters(maps, units, pooled=False):
                inputs, total = maps[2] if pooled else int(np.prod(maps)), 0
                for width in units:
                    total, inputs = total + inputs * width + 1, width
                return total
            """,
        ),
        (
            "the layers' numbers, one by one",
            """
            def head_parameters(maps, units, pooled=False):
                widths = [maps[2] if pooled else int(np.prod(maps)), *units]
                return [(n + 1) * m for n, m in zip(widths, widths[1:])]
            """,
        ),
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
    "changed": [
        ("small letters", "changed = dict(a=1285, b=1285, c=1989)"),
        ("a list", "changed = [1285, 1285, 1989]"),
        ("as text", "changed = {'A': '1285', 'B': '1285', 'C': '1989'}"),
        ("nothing", "changed = {}"),
        ("biases forgotten, recompiled in thought", "changed = {'A': 1280, 'B': 62213, 'C': 1632}"),
        ("the head not counted", "changed = {'A': 0, 'B': 60928, 'C': 704}"),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    (
        "choose_recipe",  # a hundred counts as few
        """
        def choose_recipe(n, similar):
            few, many = ("new head", "fine-tune all") if similar else ("low layers", "initialise and retrain")
            return few if n <= 100 else many
        """,
        1,
    ),
    (
        "choose_recipe",  # a hyphen too many
        """
        def choose_recipe(n, similar):
            few, many = ("new head", "fine-tune-all") if similar else ("low layers", "initialise and retrain")
            return few if n < 100 else many
        """,
        1,
    ),
    (
        "head_parameters",  # averaged over the maps
        """
        def head_parameters(maps, units, pooled=False):
            widths = [maps[0] * maps[1] * (1 if pooled else maps[2]), *units]
            return sum((n + 1) * m for n, m in zip(widths, widths[1:]))
        """,
        1,
    ),
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
    ),  # recompiled in thought; moving statistics forgotten,
    ("changed", "changed = {'A': 1285, 'B': 1285, 'C': 1637}", 2),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("preprocessed", "frozen_norm", "new_head", "fine_tuner", "training")


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
