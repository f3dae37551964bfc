from __future__ import annotations

import numpy as np
import pytest

from coursekit.data import load_cifar10, load_weights

MEAN, DEVIATION = (np.array(values, np.float32) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


def cats_against_dogs(network, resize) -> float:
    """Test accuracy of a linear classifier on the network's features."""
    from sklearn.linear_model import RidgeClassifier

    data = load_cifar10()
    features, labels = [], []
    for images, classes, count in ((data.x_train, data.y_train, 800), (data.x_test, data.y_test, 400)):
        chosen = np.flatnonzero(np.isin(classes, [data.class_names.index("cat"), data.class_names.index("dog")]))[
            :count
        ]
        pictures = resize(images[chosen].astype(np.float32), (96, 96)) / 255
        features.append(network.predict((pictures - MEAN) / DEVIATION, batch_size=100, verbose=0))
        labels.append(classes[chosen])
    return RidgeClassifier(alpha=100).fit(features[0], labels[0]).score(features[1], labels[1])


@pytest.mark.slow
def test_mobilenet_v2_loads_into_the_stock_model_and_tells_cats_from_dogs():
    import keras

    pretrained = keras.applications.MobileNetV2(
        include_top=False, input_shape=(96, 96, 3), pooling="avg", weights=str(load_weights("mobilenet_v2"))
    )
    assert pretrained.count_params() == 2_257_984
    for layer in pretrained.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert (np.asarray(layer.moving_variance) + layer.epsilon).min() > 0
    assert cats_against_dogs(pretrained, keras.ops.image.resize) > 0.7
