"""What the questions of several exercises expect of an answer, and the test data that they show a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar, cast

import numpy as np

from coursekit.data import Ragged, load_imdb, load_mnist
from coursekit.grading import Expect, Model

Setting = TypeVar("Setting")


def expect_several(expect: Expect, got: Any, names: str) -> None:
    """As many values as ``names``, such as ``"d_W, d_b"``, in a tuple or a list."""
    expect.true(
        isinstance(got, tuple | list) and len(got) == len(names.split(",")),
        f"The values ({names}) were expected.",
        hint=f"End with `return {names}`.",
    )


def compiled(expect: Expect, setting: Setting | None) -> Setting:
    """What a model was compiled with: ``model.loss`` or ``model.optimizer``, which is there."""
    expect.true(
        setting is not None,
        "The model is not compiled.",
        hint="Call network.compile(optimizer, loss, …) before you return it.",
    )
    return cast(Setting, setting)


def expect_loss_and_activation(expect: Expect, model: Model, loss: str, activation: str, hint: str) -> None:
    """The model is compiled with ``loss``, and ends in ``activation`` or, where the loss takes logits, in none."""
    used = compiled(expect, model.loss)
    expect.equal(used.name, loss, hint=hint)
    expect.equal(
        model.layers[-1].config.get("activation"),
        "linear" if used.from_logits else activation,
        hint=f"The loss and the last layer disagree: {activation} with from_logits=False (the default), or no "
        "activation with from_logits=True.",
    )


def expect_loss_for_digits(expect: Expect, model: Model) -> None:
    """The loss suits whole-number labels of ten classes, and what the last layer gives: probabilities or logits."""
    loss = compiled(expect, model.loss)
    expect.equal(
        loss.name,
        "sparse_categorical_crossentropy",
        hint="Whole-number labels of one class out of ten: which cross-entropy takes them as they are?",
    )
    images = np.random.default_rng(0).random((16, *model.input_shape[1:]), dtype=np.float32)
    outputs = model.predict(images)
    probabilities = bool(np.all(outputs >= 0) and np.allclose(outputs.sum(axis=1), 1, atol=1e-4))
    expect.equal(
        "logits" if loss.from_logits else "probabilities",
        "probabilities" if probabilities else "logits",
        hint="The loss and the last layer disagree: softmax and from_logits=False, or no activation and "
        "from_logits=True; never both, never neither.",
    )


def dense_parameters(sizes: Sequence[int]) -> int:
    """How many numbers dense layers learn that lead from ``sizes[0]`` inputs over each size to the last.

    >>> dense_parameters([784, 512, 10])
    407050
    """
    return sum((inputs + 1) * units for inputs, units in pairwise(sizes))


def accuracy(outputs: np.ndarray, labels: np.ndarray) -> float:
    """The share of rows of ``outputs``, ``(n, classes)``, whose largest number stands in the column of the label."""
    return float(np.mean(np.argmax(outputs, axis=1) == labels))


def unseen_digits(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """The 10,000 test digits as float32 from 0 to 1, each of ``shape``, and their labels."""
    mnist = load_mnist()
    return mnist.x_test.reshape(-1, *shape).astype(np.float32) / 255, mnist.y_test


def unseen_reviews(count: int, num_words: int = 10_000) -> tuple[Ragged, np.ndarray]:
    """The first ``count`` test reviews, as ``coursekit.data.load_imdb(num_words)`` loads them, and their labels."""
    imdb = load_imdb(num_words=num_words)
    return imdb.x_test[:count], imdb.y_test[:count]
