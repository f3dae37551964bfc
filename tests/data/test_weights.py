from __future__ import annotations

import numpy as np
import pytest

from coursekit.data import load_cifar10, load_weights


def cats_against_dogs(network, resize) -> float:
    """Test accuracy of a linear classifier on the network's features."""
    from sklearn.linear_model import RidgeClassifier

    data = load_cifar10()
    features, labels = [], []
    for images, classes, count in ((data.x_train, data.y_train, 400), (data.x_test, data.y_test, 300)):
        chosen = np.flatnonzero(np.isin(classes, [data.class_names.index("cat"), data.class_names.index("dog")]))[
            :count
        ]
        features.append(
            network.predict(resize(images[chosen].astype(np.float32), (96, 96)) / 127.5 - 1, batch_size=100, verbose=0)
        )
        labels.append(classes[chosen])
    return RidgeClassifier(alpha=100).fit(features[0], labels[0]).score(features[1], labels[1])


@pytest.mark.slow
def test_mobilenet_v2_loads_into_the_stock_model_and_tells_cats_from_dogs():
    import keras

    def network(weights):
        return keras.applications.MobileNetV2(
            include_top=False, input_shape=(96, 96, 3), pooling="avg", weights=weights
        )

    pretrained = network(str(load_weights("mobilenet_v2")))
    assert pretrained.count_params() == 2_257_984
    for layer in pretrained.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert (np.asarray(layer.moving_variance) + layer.epsilon).min() > 0
    keras.utils.set_random_seed(0)
    learnt, random = (cats_against_dogs(one, keras.ops.image.resize) for one in (pretrained, network(None)))
    assert learnt > 0.68
    assert learnt > random + 0.1
