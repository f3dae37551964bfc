"""A model that is taken apart and put together again predicts the same; what cannot be taken apart says why."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from keras import layers

from coursekit.grading.comparing import alike
from coursekit.grading.model_configs import vetted
from coursekit.nn import VariationalDense
from coursekit.worker import recreating, wire
from coursekit.worker.failures import WrongKind
from coursekit.worker.plain import to_plain

RNG = np.random.default_rng(0)
X = RNG.normal(size=(1300, 8)).astype("float32")
IMAGES = RNG.integers(0, 256, (70, 8, 8, 3), np.uint8)
WORDS = RNG.integers(0, 50, (600, 10))


def normalised():
    layer = layers.Normalization()
    layer.adapt(5 * X + 3)
    return keras.Sequential([keras.Input((8,)), layer, layers.Dense(3)])


def with_operations():
    x = keras.Input((8,))
    y = layers.Dense(4)(x) * np.arange(4, dtype="float32") + 1
    return keras.Model(x, keras.ops.softmax(keras.ops.concatenate([y[:, :2], keras.ops.relu(y)], axis=-1)))


def several():
    first, second, shared = keras.Input((8,)), keras.Input((8,)), layers.Dense(3)
    return keras.Model([first, second], {"sum": shared(first) + shared(second), "both": [first, shared(second)]})


def autoencoder():
    encoder = keras.Sequential([keras.Input((8,)), layers.Dense(2, "tanh")], name="encoder")
    decoder = keras.Sequential([layers.Dense(8)], name="decoder")
    return keras.Model(encoder.inputs, decoder(encoder.outputs[0]))


def pools_twice():
    pool = layers.MaxPooling2D()
    return keras.Sequential([layers.Conv2D(4, 3), pool, layers.Conv2D(3, 2), pool, layers.Flatten(), layers.Dense(2)])


class Own(keras.Model):
    """Trains in a way of its own, and computes like any functional model."""

    def __init__(self, beta, **settings):
        super().__init__(**settings)
        self.beta = beta

    def train_step(self, data):
        return {}


def of_an_own_class():
    x = keras.Input((8,))
    return Own(0.5, inputs=x, outputs=layers.Dense(3)(x))


MODELS = {
    "a plain one": (
        lambda: keras.Sequential([keras.Input((8,)), layers.Dense(4, "relu"), layers.Dropout(0.5), layers.Dense(3)]),
        X,
    ),
    "built by its first batch": (lambda: keras.Sequential([layers.Dense(4), layers.BatchNormalization()]), X),
    "adapted": (normalised, X),
    "operations": (with_operations, X),
    "several inputs and outputs": (several, [X, 2 * X]),
    "models in a model": (autoencoder, X),
    "bytes": (lambda: keras.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2)]), IMAGES),
    "images": (
        lambda: keras.Sequential(
            [
                layers.Conv2D(4, 3, activation=keras.activations.relu, kernel_regularizer="l2"),
                layers.MaxPooling2D(),
                layers.RandomFlip(),
                layers.Flatten(),
                layers.Dense(2, activation=layers.LeakyReLU(), kernel_constraint="max_norm"),
            ]
        ),
        IMAGES,
    ),
    "one layer twice": (pools_twice, IMAGES),
    "recurrent": (
        lambda: keras.Sequential(
            [
                layers.Embedding(50, 8, mask_zero=True),
                layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
                layers.GRU(3),
                layers.Dense(1, "sigmoid"),
            ]
        ),
        WORDS,
    ),
    "a class of its own": (of_an_own_class, X),
}


def through_the_pipe(model):
    """What arrives at the clean room, after vetting."""
    return vetted(wire.decode(wire.encode(to_plain(recreating.export(model)))))


@pytest.mark.parametrize("name", MODELS)
def test_a_copy_predicts_the_same(name):
    make, x = MODELS[name]
    model = make()
    for weight in model.trainable_weights:
        weight.assign(RNG.normal(size=weight.shape))
    expected = model.predict(x, verbose=0)
    copy = recreating.recreate(*through_the_pipe(model))
    assert alike(expected, to_plain(recreating.predict(copy, x)))
    assert not copy.compiled


def test_a_model_of_the_course_is_random_and_predicts_the_same_in_another_run():
    model = keras.Sequential([keras.Input((8,)), VariationalDense(3, 100)])
    exported = through_the_pipe(model)
    first, second = (recreating.predict(recreating.recreate(*exported), X) for _ in range(2))
    assert np.array_equal(first, second)
    copy = recreating.recreate(*exported)
    assert not np.array_equal(recreating.predict(copy, X), recreating.predict(copy, X))


def test_large_inputs_come_in_small_batches():
    sizes = []

    class Seen(layers.Layer):
        def call(self, x):
            sizes.append(x.shape[0])
            return x

    seen = Seen()
    recreating.predict(lambda x, training: seen(x), np.zeros((6, 2**18)))  # of 8 bytes each, in 2 MB
    assert sizes == [2] * 3
    recreating.predict(lambda x, training: seen(x), np.zeros((600, 8)))
    assert sizes[3:] == [256, 256, 88]


def test_no_batch_is_no_prediction():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(3)])
    assert recreating.predict(model, X[:0]).shape == (0, 3)


def test_what_a_model_was_compiled_with_and_the_size_of_its_first_batch_stay_at_home():
    model = keras.Sequential([keras.Sequential([layers.Dense(2)]), layers.Dense(3)])
    model.layers[0].compile("sgd", "mse")
    model.compile("adam", lambda true, predicted: predicted - true)
    model(X[:2])
    config, weights = through_the_pipe(model)
    assert "compile" not in config
    assert "Adam" not in config
    assert recreating.recreate(config, weights).input_shape == (None, 8)


def test_the_original_is_left_as_it_was():
    model = autoencoder()
    before, shape = model.get_weights(), model.layers[1].input.shape
    recreating.export(model)
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights()))
    assert model.layers[1].input.shape == shape


def test_what_is_not_built_has_no_weights_yet():
    assert recreating.export(keras.Sequential([layers.Dense(3)])) is None


class Calls(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(3)

    def call(self, x):
        return self.last(x)


class CallsInASequence(keras.Sequential):
    def call(self, x, training=None, mask=None):
        return 2 * super().call(x, training, mask)


@pytest.mark.parametrize("make", [Calls, lambda: CallsInASequence([layers.Dense(3)])])
def test_a_model_with_code_of_its_own_cannot_be_made_again(make):
    model = make()
    model(X)
    with pytest.raises(WrongKind, match="computes with code of its own"):
        recreating.export(model)


def test_a_sequence_with_a_layer_twice_in_another_model_cannot_be_made_again():
    inner = pools_twice()
    inner(IMAGES)
    with pytest.raises(WrongKind, match="one layer several times"):
        recreating.export(keras.Sequential([keras.Input((8, 8, 3)), inner]))


def test_weights_outside_of_layers_cannot_be_made_again():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(3)])
    model.factor = model.add_weight(shape=(), initializer="ones")
    with pytest.raises(WrongKind, match="none of its layers"):
        recreating.export(model)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda weights: [],
        lambda weights: [("/elsewhere", weights[0][1])],
        lambda weights: [*weights, ("/more", [])],
        lambda weights: [(weights[0][0], weights[0][1][:1])],
        lambda weights: [(weights[0][0], [each.T for each in weights[0][1]])],
    ],
)
def test_weights_that_do_not_belong_to_a_model_are_refused(spoil):
    config, weights = through_the_pipe(keras.Sequential([keras.Input((8,)), layers.Dense(3)]))
    with pytest.raises(ValueError, match="weight"):
        recreating.recreate(config, spoil(weights))


def test_keras_is_asked_to_be_careful():
    config = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}}
    with pytest.raises((ValueError, TypeError, KeyError)):
        recreating.recreate(json.dumps(config), [])
