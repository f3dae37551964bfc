"""A network as a function of one vector: all its weights in a row, as methods that go downhill want them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import keras
import numpy as np
from keras import ops


def flat_weights(model: keras.Model) -> np.ndarray:
    """The trainable weights of a network in a row, in the order of ``model.trainable_variables``.

    Args:
        model: a model that has its weights.

    Returns:
        A new array of shape ``(n,)``, in the dtype of the weights.

    Raises:
        ValueError: the model has no trainable weights yet.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> flat_weights(model).shape
    (15,)
    """
    if not model.trainable_variables:
        raise ValueError("The model has no trainable weights: give it a keras.Input first, or call it once on a batch.")
    return np.concatenate([each.numpy().ravel() for each in model.trainable_variables])


def flat_call(model: keras.Model, w: Any, x: Any, training: bool = False) -> Any:
    """What the network answers when its trainable weights are those of the vector ``w``; its own stay as they are.

    Every derivative with respect to ``w`` can be taken: by a ``GradientTape``, a ``ForwardAccumulator``, or one in the
    other. The state that layers such as batch normalisation keep is read and not changed.

    Args:
        model: a model that has its weights.
        w: all trainable weights in a row, as :func:`flat_weights` gives them: a tensor or an array ``(n,)``.
        x: a batch of inputs.
        training: whether layers such as dropout behave as in training.

    Returns:
        The outputs of the model.

    Raises:
        ValueError: ``w`` is not a vector with a number for each weight.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> x = np.ones((2, 4), "float32")
    >>> bool(ops.all(flat_call(model, flat_weights(model), x) == model(x)))
    True
    """
    w = ops.convert_to_tensor(w)
    shapes = [tuple(each.shape) for each in model.trainable_variables]
    ends = list(itertools.accumulate(map(math.prod, shapes)))
    if tuple(w.shape) != (ends[-1],):
        raise ValueError(f"The weights are a vector of shape ({ends[-1]},), not {tuple(w.shape)}.")
    parts = [ops.reshape(w[start:end], shape) for start, end, shape in zip([0, *ends], ends, shapes)]
    state = [each.value for each in model.non_trainable_variables]
    outputs, _ = model.stateless_call(parts, state, x, training=training)
    return outputs
