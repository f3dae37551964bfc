"""What the questions of several exercises expect of a network."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import run

from coursekit.checks.shared import expect_learning
from coursekit.grading import Expect, NamespaceAnswers
from coursekit.grading.expect import Unmet

ROWS = np.random.default_rng(0).random((16, 12)).astype(np.float32)
CODE = """
import keras
from keras import layers

class Block(layers.Layer):
    def __init__(self, stops=False):
        super().__init__()
        self.stops, self.inner = stops, layers.Dense(8, "relu", name="inner")
        self.size = self.add_weight(initializer="ones", trainable=False)

    def call(self, x):
        x = self.inner(x)
        return self.size * (keras.ops.stop_gradient(x) if self.stops else x)

def network(*hidden):
    return keras.Sequential([*hidden, layers.Dense(3, "softmax", name="last")])

normalization = layers.Normalization()
normalization.adapt(rows)
"""

LEARN = {
    "hidden and last": 'layers.Dense(8, "relu")',
    "all zeros": 'layers.Dense(8, "relu", kernel_initializer="zeros")',
    "silent at first": 'layers.Dense(8, "relu", bias_initializer=keras.initializers.Constant(-3))',
    "a single unit of ReLU, twice": 'layers.Dense(1, "relu"), layers.Dense(1, "relu")',
    "batch normalisation that has statistics alone": "layers.BatchNormalization(center=False, scale=False)",
    "data normalised before training": "normalization, layers.Dense(8)",
    "words that are not in the batch": "layers.Embedding(50, 4), layers.Flatten()",
    "a block of its own, with a constant": "Block()",
    "recurrent": "layers.Reshape((4, 3)), layers.LSTM(3)",
    "nested": 'keras.Sequential([layers.Dense(8, "relu")])',
}

STILL = {
    "one of three": ('layers.Dense(8, "relu"), layers.Dense(8, "relu", trainable=False, name="still")', "still"),
    "before batch normalisation": (
        'layers.Dense(8, trainable=False, name="still"), layers.BatchNormalization()',
        "still",
    ),
    "recurrent": ("layers.Reshape((4, 3)), layers.LSTM(3, trainable=False)", "lstm_cell"),
    "embedding": ('layers.Embedding(50, 4, trainable=False, name="words"), layers.Flatten()', "words"),
    "nested": ('keras.Sequential([layers.Dense(8, "relu", trainable=False, name="still")])', "still"),
    "behind stop_gradient": ("Block(stops=True)", "inner"),
    "frozen batch normalisation": ('layers.BatchNormalization(trainable=False, name="norm")', "norm"),
}


def learning(hidden):
    """The weights that learn in a network with the ``hidden`` layers."""
    words = "Embedding" in hidden
    source = f"{CODE}\nmodel = network({hidden})\nmodel.compile('adam', 'mse')"
    model = NamespaceAnswers(run(source, {"rows": ROWS})).model("model")
    rows = (20 * ROWS).astype(np.int64) if words else ROWS
    return expect_learning(Expect(), model.on(rows), rows)


@pytest.mark.parametrize("hidden", LEARN.values(), ids=LEARN)
def test_every_layer_learns(hidden):
    paths = [weight.path for weight in learning(hidden)]
    assert any("last/" in path for path in paths)


@pytest.mark.parametrize(("hidden", "name"), STILL.values(), ids=STILL)
def test_one_layer_that_does_not_learn_is_told(hidden, name):
    with pytest.raises(Unmet) as told:
        learning(hidden)
    assert told.value.message.startswith("Training would not change the weights of ")
    assert told.value.message.endswith(f"`{name}`.")
