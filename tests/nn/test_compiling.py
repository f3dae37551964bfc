"""A network that is compiled by the course: the same results, half the tracing, and less time in Python."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.python.framework.ops import gradient_registry

from coursekit.nn import VariationalDense, compile_classifier, compile_network, reinitialize
from coursekit.plotting import LiveHistory

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 4)).astype("float32")
IMAGES = RNG.random(size=(150, 6, 6, 1)).astype("float32")
WORDS = RNG.integers(9, size=(150, 5))
CLASSES = RNG.integers(3, size=150)


class Counting(layers.Dense):
    """Counts how often Python runs through it in training, or at all: that is, how often it is traced."""

    traced = called = 0

    def call(self, inputs, training=None):
        self.called += not isinstance(inputs, keras.KerasTensor)
        if training:
            self.traced += 1
        return super().call(inputs)


def network(units: int) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((4,)), Counting(units, activation="sigmoid" if units == 1 else "softmax")])


@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_trains_as_compile_does_and_is_traced_once(units: int, optimizer: str) -> None:
    labels = RNG.integers(max(2, units), size=150)
    plain, ours = network(units), network(units)
    plain.compile(
        optimizer, "binary_crossentropy" if units == 1 else "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    assert compile_classifier(ours, optimizer) is ours
    settings = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0, "validation_data": (X, labels)}
    theirs, here = (model.fit(X, labels, **settings).history for model in (plain, ours))
    assert here == theirs
    assert (plain.layers[0].traced, ours.layers[0].traced) == (2, 1)


class Halves(keras.Model):
    """Learns by a step of its own, and reports a metric of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = stack(layers.Dense(4), shape=(4,))  # so it has weights, although it is not built itself
        self.error = keras.metrics.Mean("error")

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(keras.ops.square(self(data[0]) - data[0] / 2))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self.test_step(data)

    def test_step(self, data):
        self.error.update_state(keras.ops.mean(keras.ops.square(self(data[0]) - data[0] / 2)))
        return {"error": self.error.result()}


class Batches(keras.utils.PyDataset):
    """Nineteen batches of eight, drawn in the order that fit asks for."""

    def __len__(self) -> int:
        return 19

    def __getitem__(self, index: int):
        return IMAGES[8 * index : 8 * index + 8], CLASSES[8 * index : 8 * index + 8]


def nearness(truth, guess):
    return keras.ops.mean(keras.ops.abs(truth - guess) < 0.5, axis=-1)


def stack(*inner, shape) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *inner])


def two_outputs() -> keras.Model:
    inputs = keras.Input((4,))
    return keras.Model(inputs, {"a": layers.Dense(3, "softmax")(inputs), "b": layers.Dense(4)(inputs)})


SOFTMAX = "sparse_categorical_crossentropy"
TRAININGS = {
    "regression": (lambda: stack(layers.Dense(1), shape=(4,)), "mse", None, X, X[:, 0]),
    "autoencoder, a function for a metric": (
        lambda: stack(layers.Dense(2, "selu"), layers.Dense(4), shape=(4,)),
        "mse", [nearness], X, X,
    ),
    "dropout": (
        lambda: stack(layers.Dense(8), layers.Dropout(0.5), layers.Dense(3, "softmax"), shape=(4,)),
        SOFTMAX, None, X, CLASSES,
    ),
    "penalty": (
        lambda: stack(layers.Dense(3, "softmax", kernel_regularizer="l2"), shape=(4,)),
        SOFTMAX, ["accuracy"], X, CLASSES,
    ),
    "convolution, augmentation, batch normalisation": (
        lambda: stack(
            layers.RandomTranslation(0.2, 0.2), layers.Conv2D(3, 3), layers.BatchNormalization(), layers.Flatten(),
            layers.Dense(3, "softmax"), shape=(6, 6, 1),
        ),
        SOFTMAX, None, IMAGES, CLASSES,
    ),
    "recurrent": (
        lambda: stack(layers.Embedding(9, 3), layers.LSTM(3), layers.Dense(1), shape=(None,)),
        "mse", None, WORDS, CLASSES,
    ),
    "batches": (
        lambda: stack(layers.Flatten(), layers.Dense(3, "softmax"), shape=(6, 6, 1)),
        SOFTMAX, None, Batches(), None,
    ),
    "two outputs": (two_outputs, {"a": SOFTMAX, "b": "mse"}, {"b": ["mae"]}, X, {"a": CLASSES, "b": X}),
    "distributions of weights": (
        lambda: stack(VariationalDense(3, 150, "softmax"), shape=(4,)),
        SOFTMAX, ["accuracy"], X, CLASSES,
    ),
    "a step of its own": (Halves, None, None, X, X),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAININGS)
def test_the_history_is_equal_to_the_last_digit(name: str) -> None:
    make, loss, metrics, x, y = TRAININGS[name]
    rows = {} if y is None else {"y": y, "batch_size": 8}
    histories, weights = [], []
    for compiling in (keras.Model.compile, compile_network):
        keras.utils.set_random_seed(3)
        model = make()
        rate = keras.optimizers.schedules.CosineDecay(0.01, 38)
        compiling(model, keras.optimizers.Nadam(rate), loss, metrics=metrics)
        seen = []
        stop = keras.callbacks.EarlyStopping("loss" if loss else "error", patience=5, mode="min")
        note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs, seen=seen: seen.append(dict(logs)))
        check = x if y is None else (x[:37], keras.tree.map_structure(lambda each: each[:37], y))
        fitted = model.fit(x, **rows, epochs=2, validation_data=check, verbose=0, callbacks=[stop, note, LiveHistory()])
        histories.append((fitted.history, seen))
        weights.append(model.get_weights())
    assert histories[0] == histories[1]
    for theirs, ours in zip(*weights):
        np.testing.assert_array_equal(ours, theirs)


def test_python_hears_of_every_sixteenth_batch_or_of_each() -> None:
    for settings, heard in (({}, [15, 31]), ({"steps_per_execution": 1}, list(range(19)))):
        batches: list[int] = []
        note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs, to=batches: to.append(batch))
        compile_classifier(network(3), "adam", **settings).fit(X, CLASSES, batch_size=8, verbose=0, callbacks=[note])
        assert batches == heard


def test_predicts_batch_by_batch_traced_once() -> None:
    model = compile_classifier(network(3), "adam")
    predicted = model.predict(X, batch_size=10, verbose=0)
    assert model.predict(X[:70], batch_size=10, verbose=0).shape == (70, 3)
    assert model.layers[0].called == 1
    np.testing.assert_array_equal(model.predict_on_batch(X[:10]), predicted[:10])
    np.testing.assert_allclose(predicted, model(X), atol=1e-6)
    two = compile_network(two_outputs(), "adam", "mse").predict(X, batch_size=7, verbose=0)
    assert {name: rows.shape for name, rows in two.items()} == {"a": (150, 3), "b": (150, 4)}


def test_training_many_networks_brings_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    logger, messages = logging.getLogger("tensorflow"), []
    monkeypatch.setattr(logger, "handle", lambda record: logger.filter(record) and messages.append(record.getMessage()))
    for _ in range(8):
        compile_classifier(network(3), "adam").fit(X, CLASSES, verbose=0)
    logger.warning("another")
    assert messages == ["another"]


def test_takes_another_loss_more_metrics_and_settings() -> None:
    more = [keras.metrics.BinaryCrossentropy()]
    model = compile_classifier(network(1), keras.optimizers.SGD(0.1), "mse", more, steps_per_execution=2)
    labels = RNG.integers(2, size=(150, 1))
    assert {"loss", "accuracy", "binary_crossentropy"} == set(model.fit(X, labels, verbose=0).history)
    assert model.layers[0].traced == 1
    assert model.loss == "mse"
    assert model.steps_per_execution == 2
    assert model.optimizer.built


def test_a_function_for_a_metric_is_traced_once() -> None:
    model = compile_network(network(3), "adam", "mse", [nearness])
    assert set(model.fit(X, X[:, :3], verbose=0).history) == {"loss", "nearness"}
    assert model.layers[0].traced == 1


def test_a_model_without_shape_or_with_two_outputs_is_an_error() -> None:
    shapeless = keras.Sequential([layers.Dense(2)])
    for compiling in (compile_classifier, compile_network):
        with pytest.raises(ValueError, match=r"keras\.Input"):
            compiling(shapeless, "adam")
    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match="one output"):
        compile_classifier(keras.Model(inputs, [inputs, inputs]), "adam")


def images_read() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(2, 3),
            layers.BatchNormalization(),
            layers.Flatten(),
            Counting(5, activation="relu"),
            layers.Dropout(0.5),
            VariationalDense(3, training_examples=150, activation="softmax"),
        ]
    )


def words_read() -> keras.Model:
    return keras.Sequential([keras.Input((5,)), layers.Embedding(9, 4), layers.LSTM(3, dropout=0.2), Counting(3)])


@pytest.mark.parametrize(("build", "inputs"), [(images_read, IMAGES), (words_read, WORDS)])
@pytest.mark.parametrize("optimizer", [keras.optimizers.Adam, keras.optimizers.Adagrad])
def test_a_network_that_starts_again_trains_as_one_made_anew_and_is_traced_once(build, inputs, optimizer) -> None:
    def trained(model: keras.Model) -> dict[str, list[float]]:
        return model.fit(inputs, CLASSES, batch_size=16, epochs=2, validation_split=0.2, verbose=0).history

    def anew(seed: int) -> keras.Model:
        keras.utils.set_random_seed(seed)
        return compile_classifier(build(), optimizer(0.03))

    again = anew(seed=7)
    trained(again)
    for seed in (1, 2):
        assert trained(reinitialize(again, seed)) == trained(anew(seed))
    (counting,) = (layer for layer in again.layers if isinstance(layer, Counting))
    assert counting.traced == 1


def test_tensorflow_keeps_no_graph_of_a_network_that_was_trained() -> None:
    known = set(gradient_registry.list())
    model = compile_classifier(network(3), "rmsprop")
    model.fit(X, CLASSES, epochs=1, verbose=0, validation_data=(X, CLASSES))
    assert set(gradient_registry.list()) == known

    plain = network(3)
    plain.compile("rmsprop", "sparse_categorical_crossentropy")
    plain.fit(X, CLASSES, epochs=1, verbose=0)
    assert set(gradient_registry.list()) > known, "Keras keeps none any more: the course need not forget them"


def test_a_schedule_and_frozen_layers_start_again_too() -> None:
    def anew() -> keras.Model:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4,)), layers.Dense(5), layers.Dense(3, activation="softmax")])
        model.layers[0].trainable = False
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
        return compile_classifier(model, keras.optimizers.SGD(schedule, momentum=0.9))

    def trained(model: keras.Model) -> dict[str, list[float]]:
        return model.fit(X, CLASSES, batch_size=16, epochs=2, verbose=0).history

    again = anew()
    assert trained(again) == trained(reinitialize(again, seed=1)) == trained(anew())
    assert len(again.trainable_weights) == 2


def test_a_network_that_is_not_compiled_cannot_start_again() -> None:
    with pytest.raises(ValueError, match="not compiled"):
        reinitialize(network(3), seed=1)
