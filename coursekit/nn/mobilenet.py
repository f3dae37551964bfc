"""MobileNetV2 as its embedded weights know it."""

from __future__ import annotations

from typing import Any

import keras

from coursekit.data import load_weights


def mobilenet_v2(input_shape: tuple[int, int, int] = (96, 96, 3), pooling: str | None = None) -> keras.Model:
    """MobileNetV2 with the embedded ImageNet weights, without its top, padded as it was when it learnt them.

    It is ``keras.applications.MobileNetV2`` but for five of its layers. Where a convolution makes a picture half as
    large, torchvision, which trained the weights, puts a row of zeros above and a column on the left; Keras puts them
    below and on the right. So the weights meet every picture a pixel off, five times, and each time in maps that are
    smaller.

    Args:
        input_shape: height, width and 3; multiples of 32 fit best. Pixels as in :func:`coursekit.data.load_weights`.
        pooling: None for maps ``(n, height / 32, width / 32, 1280)``, ``"avg"`` for their means ``(n, 1280)``.

    Raises:
        ValueError: Keras cannot build it for such pictures.

    >>> mobilenet_v2().count_params()
    2257984
    """
    stock = keras.applications.MobileNetV2(
        input_shape=input_shape, include_top=False, pooling=pooling, weights=load_weights("mobilenet_v2")
    )
    model = keras.models.clone_model(stock, clone_function=_padded_on_both_sides, call_function=_call)
    model.set_weights(stock.get_weights())
    return model


def _padded_on_both_sides(layer: keras.layers.Layer) -> keras.layers.Layer:
    """With a row of zeros on each side; steps of two leave the last one out wherever a side has an even length."""
    config = layer.get_config()
    if isinstance(layer, keras.layers.ZeroPadding2D):
        config["padding"] = 1
    elif layer.name == "Conv1":
        config["padding"] = "valid"
    return type(layer).from_config(config)


def _call(layer: keras.layers.Layer, inputs: Any, **settings: Any) -> Any:
    if layer.name == "Conv1":
        inputs = keras.layers.ZeroPadding2D(1, name="Conv1_pad")(inputs)
    return layer(inputs, **settings)
