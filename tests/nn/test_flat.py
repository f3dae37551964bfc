"""A network as a function of one vector: the same answers, and every derivative."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from coursekit.nn import flat_call, flat_weights

X = np.random.default_rng(0).normal(size=(7, 4)).astype("float32")


def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, "tanh"), layers.BatchNormalization(), layers.Dense(2, use_bias=False)]
    )


def test_weights_stand_in_the_order_of_the_variables():
    model = network()
    w = flat_weights(model)

    assert w.shape == (4 * 3 + 3 + 2 * 3 + 3 * 2,)
    np.testing.assert_array_equal(w[:12].reshape(4, 3), model.layers[0].get_weights()[0])
    np.testing.assert_array_equal(w[-6:].reshape(3, 2), model.layers[-1].get_weights()[0])


def test_answers_as_the_network_with_those_weights_would():
    model, other = network(), network()
    w = flat_weights(model) + 0.5
    start = 0
    for variable in other.trainable_variables:
        size = int(np.prod(variable.shape))
        variable.assign(w[start : start + size].reshape(variable.shape))
        start += size

    np.testing.assert_allclose(flat_call(model, w, X), other(X), rtol=1e-6)
    np.testing.assert_array_equal(flat_weights(model), flat_weights(network()))


def test_keeps_the_state_of_its_layers():
    model = network()
    before = model.layers[1].get_weights()

    flat_call(model, flat_weights(model), X, training=True)

    np.testing.assert_array_equal(before, model.layers[1].get_weights())


def test_has_first_and_second_derivatives():
    model, v = network(), np.random.default_rng(1).normal(size=27).astype("float32")

    def gradient(w):
        with tf.GradientTape() as tape:
            tape.watch(w)
            loss = tf.reduce_sum(flat_call(model, w, X) ** 2)
        return tape.gradient(loss, w)

    w = tf.constant(flat_weights(model))
    with tf.autodiff.ForwardAccumulator(w, tf.constant(v)) as forward:
        slope = gradient(w)
    step = 1e-2
    by_difference = (gradient(w + step * v) - gradient(w - step * v)) / (2 * step)

    np.testing.assert_allclose(forward.jvp(slope), by_difference, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("shape", [(26,), (28,), (27, 1)])
def test_refuses_vectors_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"a vector of shape \(27,\)"):
        flat_call(network(), np.zeros(shape, "float32"), X)


def test_refuses_a_network_without_weights():
    with pytest.raises(ValueError, match="no trainable weights"):
        flat_weights(keras.Sequential([layers.Dense(3)]))
