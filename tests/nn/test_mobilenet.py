"""MobileNetV2 with its embedded weights: padded as torchvision did, and better for it."""

import keras
import numpy as np
import pytest

from coursekit.data import load_cifar10, load_weights
from coursekit.nn import mobilenet_v2

MEAN, DEVIATION = (np.array(values, np.float32) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


def keras_own(**settings) -> keras.Model:
    return keras.applications.MobileNetV2(include_top=False, weights=str(load_weights("mobilenet_v2")), **settings)


@pytest.fixture(scope="module")
def padded() -> keras.Model:
    return mobilenet_v2((96, 96, 3), pooling="avg")


def test_it_holds_the_numbers_and_layers_of_keras(padded: keras.Model) -> None:
    stock = keras_own(input_shape=(96, 96, 3), pooling="avg")
    assert padded.count_params() == 2_257_984
    names, theirs = ([layer.name for layer in model.layers[1:-1]] for model in (padded, stock))
    assert names == ["Conv1_pad", *theirs]
    assert mobilenet_v2((64, 32, 3)).output_shape == (None, 2, 1, 1280)
    for ours, theirs in zip(padded.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for layer in padded.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert (np.asarray(layer.moving_variance) + layer.epsilon).min() > 0


def test_it_is_keras_own_upside_down() -> None:
    """Keras pads below and on the right. So it pads as we do when pictures and kernels are turned by half a turn."""
    ours, turned = mobilenet_v2((64, 64, 3)), keras_own(input_shape=(64, 64, 3))
    picture = np.random.default_rng(1).normal(size=(2, 64, 64, 3)).astype("float32")
    wrong = np.asarray(turned(picture))
    turned.set_weights([w[::-1, ::-1] if w.ndim == 4 else w for w in turned.get_weights()])
    want = np.asarray(turned(picture[:, ::-1, ::-1]))[:, ::-1, ::-1]
    got = np.asarray(ours(picture))
    np.testing.assert_allclose(got, want, atol=1e-3)
    assert np.abs(got - wrong).max() > 0.1


@pytest.mark.slow
def test_photographs_are_told_apart_better_than_with_keras_padding(padded: keras.Model) -> None:
    ours, theirs = (probed(model) for model in (padded, keras_own(input_shape=(96, 96, 3), pooling="avg")))
    assert ours > max(0.7, theirs + 0.015)


def probed(network: keras.Model) -> float:
    """Accuracy of a linear classifier on its features of 1,000 photographs, on 1,000 others."""
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_cifar10()
    photographs = np.concatenate([data.x_train[:1000], data.x_test[:1000]]).astype("float32")
    enlarged = np.asarray(keras.ops.image.resize(photographs, (96, 96))) / 255
    features = network.predict((enlarged - MEAN) / DEVIATION, batch_size=100, verbose=0)
    probe = make_pipeline(StandardScaler(), RidgeClassifier(alpha=1000)).fit(features[:1000], data.y_train[:1000])
    return probe.score(features[1000:], data.y_test[:1000])
