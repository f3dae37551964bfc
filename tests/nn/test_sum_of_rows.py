"""A dense layer on numbers of rows: the function of Keras' own on multi-hot vectors, in training and on the disk."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.data import Ragged
from coursekit.nn import SumOfRows, compile_classifier, ragged_batches, ragged_tensor

COLUMNS = 50
RNG = np.random.default_rng(0)
REVIEWS = Ragged.from_lists([RNG.integers(COLUMNS, size=length) for length in (7, 0, 30, 1) * 10], COLUMNS).once()
LABELS = RNG.integers(2, size=(40, 1)).astype("float32")


def network(first: keras.layers.Layer, inputs) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([inputs, first, keras.layers.Dense(1, "sigmoid")])


@pytest.mark.parametrize("units", [1, 3, 32])
@pytest.mark.parametrize("scaled", [False, True])
def test_it_learns_what_a_dense_layer_learns_from_multi_hot_vectors(units: int, scaled: bool) -> None:
    factors = RNG.normal(size=COLUMNS).astype("float32") if scaled else None
    settings = {"activation": "tanh", "kernel_regularizer": "l2"}
    ours = network(SumOfRows(units, COLUMNS, factors, **settings), keras.Input((None,), dtype="int32", ragged=True))
    theirs = network(keras.layers.Dense(units, **settings), keras.Input((COLUMNS,)))
    theirs.set_weights(ours.get_weights())
    hot = REVIEWS.multi_hot() * (1 if factors is None else factors)
    fit = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0}
    losses = []
    for model, x in ((ours, ragged_tensor(REVIEWS)), (theirs, hot)):
        compile_classifier(model, keras.optimizers.SGD(0.1))
        losses.append(model.fit(x, LABELS, validation_data=(x, LABELS), **fit).history["val_loss"])
    np.testing.assert_allclose(*losses, rtol=1e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_graph_holds_no_copy_of_the_factors() -> None:
    layer = SumOfRows(1, columns=100_000, factors=np.ones(100_000))
    layer.build((None, None))
    traced = tf.function(layer).get_concrete_function(tf.RaggedTensorSpec([None, None], "int32"))
    assert traced.graph.as_graph_def().ByteSize() < 100_000


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # by Keras
def test_it_is_saved_and_loaded_factors_included(tmp_path) -> None:
    layer = SumOfRows(2, COLUMNS, factors=np.arange(COLUMNS), use_bias=False)
    model = network(layer, keras.Input((None,), dtype="int32", ragged=True))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(ragged_tensor(REVIEWS)), model(ragged_tensor(REVIEWS)))
    assert again.count_params() == COLUMNS * 2 + 3


def test_batches_hold_all_in_order_or_in_that_of_the_seed() -> None:
    def joined(**settings) -> list:
        batches = list(ragged_batches(REVIEWS, np.arange(40), **settings))
        assert [len(labels) for _, labels in batches] == [16, 16, 8]
        labels = np.concatenate([labels for _, labels in batches]).tolist()
        rows = [row for rows, _ in batches for row in rows.to_list()]
        assert rows == [REVIEWS[label].tolist() for label in labels]
        return labels

    assert joined(size=16) == list(range(40))
    shuffled = joined(size=16, seed=1)
    assert shuffled == joined(size=16, seed=1) != joined(size=16, seed=2)
    assert sorted(shuffled) == list(range(40))


@pytest.mark.parametrize("settings", [{"labels": LABELS[1:]}, {"labels": LABELS, "size": 0}])
def test_batches_that_cannot_be_are_refused(settings) -> None:
    with pytest.raises(ValueError, match="as many labels and a positive size"):
        ragged_batches(REVIEWS, **settings)
