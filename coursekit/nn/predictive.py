"""Many answers of a network that answers at random."""

from __future__ import annotations

from typing import Any

import numpy as np


def predictive_samples(model: Any, x: Any, samples: int, training: bool = False, batch_size: int = 2000) -> np.ndarray:
    """Ask a random network ``samples`` times; each pass draws weights or dropout masks anew.

    Args:
        model: a Keras model with one output.
        x: inputs, an array ``(n, …)``.
        samples: how many passes, at least 1.
        training: True for Monte Carlo dropout (Gal & Ghahramani 2016), whose masks are drawn in training mode only.
            Layers of :mod:`coursekit.nn` draw in both modes. Not meant for a network with batch normalisation,
            which in training mode would learn from ``x``.
        batch_size: inputs that go through the network at once.

    Returns:
        The outputs, shape ``(samples, n, …)``, in the dtype of the model. The prediction is the mean over axis 0 of
        probabilities or targets; of logits take the softmax first.

    Raises:
        ValueError: ``samples`` or ``batch_size`` is below 1, or there are no inputs.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5)])
    >>> draws = predictive_samples(model, np.ones((3, 2), "float32"), samples=50, training=True)
    >>> draws.shape, sorted(set(draws.ravel().tolist()))
    ((50, 3, 2), [0.0, 2.0])
    """
    for name, value in (("samples", samples), ("batch_size", batch_size), ("the number of inputs", len(x))):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}.")
    passes = [
        [np.asarray(model(x[start : start + batch_size], training=training)) for start in range(0, len(x), batch_size)]
        for _ in range(samples)
    ]
    return np.stack([np.concatenate(batches) for batches in passes])
