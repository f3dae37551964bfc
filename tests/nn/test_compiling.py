"""A classifier that is compiled by the course: the same results, half the tracing."""

import keras
import numpy as np
import pytest

from coursekit.nn import compile_classifier

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")


class Counting(keras.layers.Dense):
    """Counts how often Python runs through it in training, that is, how often it is traced."""

    traced = 0

    def call(self, inputs, training=None):
        if training:
            self.traced += 1
        return super().call(inputs)


def network(units: int) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((4,)), Counting(units, activation="sigmoid" if units == 1 else "softmax")])


@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_trains_as_compile_does_and_is_traced_once(units: int, optimizer: str) -> None:
    labels = RNG.integers(max(2, units), size=64)
    plain, ours = network(units), network(units)
    plain.compile(
        optimizer, "binary_crossentropy" if units == 1 else "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    assert compile_classifier(ours, optimizer) is ours
    settings = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0, "validation_data": (X, labels)}
    theirs, here = (model.fit(X, labels, **settings).history for model in (plain, ours))
    assert here == theirs
    assert (plain.layers[0].traced, ours.layers[0].traced) == (2, 1)


def test_takes_another_loss_more_metrics_and_settings() -> None:
    more = [keras.metrics.BinaryCrossentropy()]
    model = compile_classifier(network(1), keras.optimizers.SGD(0.1), "mse", more, steps_per_execution=2)
    labels = RNG.integers(2, size=(64, 1))
    assert {"loss", "accuracy", "binary_crossentropy"} == set(model.fit(X, labels, verbose=0).history)
    assert model.layers[0].traced == 1
    assert model.loss == "mse"
    assert model.steps_per_execution == 2
    assert model.optimizer.built


def test_a_model_without_shape_or_with_two_outputs_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"keras\.Input"):
        compile_classifier(keras.Sequential([keras.layers.Dense(2)]), "adam")
    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match="one output"):
        compile_classifier(keras.Model(inputs, [inputs, inputs]), "adam")
