"""A good network that needs no training."""

from __future__ import annotations

import math

import numpy as np


def nearest_neighbour(images: np.ndarray, labels: np.ndarray, classes: int):
    """A network that gives the label of the nearest of its images: a good one without training."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input(images.shape[1:]),
            layers.Flatten(),
            layers.Dense(48, use_bias=False),
            layers.Dense(len(images), activation="softmax"),
            layers.Dense(classes, use_bias=False),
        ]
    )
    projection = np.random.default_rng(0).normal(size=(math.prod(images.shape[1:]), 48))
    known = images.reshape(len(images), -1) @ projection
    model.set_weights([projection, 2 * known.T, -np.sum(known**2, axis=1), np.eye(classes)[labels]])
    return model
