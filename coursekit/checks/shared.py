"""What the questions of several exercises expect of an answer, and the test data that they show a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar, cast

import numpy as np

from coursekit.data import Ragged, load_imdb, load_mnist
from coursekit.grading import Answers, Expect, Model, Weight

Setting = TypeVar("Setting")


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


def expect_learning(expect: Expect, model: Model, x: np.ndarray) -> list[Weight]:
    """Some weights would move in training; these are returned."""
    moving = [weight for weight in model.training_step(x) if weight.gradient > 0]
    expect.true(
        moving,
        "No weight of the network would move in training.",
        hint="Is every layer frozen, or does nothing lead from the input to the output?",
    )
    return moving


def expect_loss_fits(answers: Answers, expect: Expect, model: Model, x: np.ndarray, classes: int = 10) -> None:
    """The loss suits the labels, and what the network gives: probabilities or logits.

    Args:
        answers: where the labels are drawn.
        expect: of the question.
        model: gives ``(n, classes)`` for ``x``; for two classes, ``(n, 1)``.
        x: a batch.
        classes: how many, with whole-number labels; 2 for labels of 0 and 1 and one output.
    """
    loss = compiled(expect, model.loss)
    takes = loss_takes(answers, model, classes)
    labels = "labels of 0 and 1" if classes == 2 else "whole-number labels"
    expect.true(
        takes,
        f"The loss `{loss.name}` is not the cross-entropy of {labels}.",
        hint=f"{classes} classes, and labels that are whole numbers: which cross-entropy takes them as they are?",
    )
    gives = outputs_are(model, x)
    last = "sigmoid" if classes == 2 else "softmax"
    expect.true(
        gives,
        "The outputs are neither probabilities nor logits.",
        hint=f"Probabilities come from {last}, which stands last, in training as well. Logits may be any number, below "
        "zero too: no activation, and nothing behind it.",
    )
    expect.true(
        gives == takes,
        f"The network gives {gives}, and its loss takes {takes}.",
        hint=f"Either {last} and from_logits=False, or no activation and from_logits=True; never both, never neither.",
        expected=takes,
        got=gives,
    )


def loss_takes(answers: Answers, model: Model, classes: int = 10) -> str:
    """``"probabilities"`` or ``"logits"``, whichever the model's loss makes the cross-entropy of whole-number labels
    from, up to a factor; empty if neither.

    Args:
        answers: where labels and predictions are drawn.
        model: with a loss.
        classes: as in :func:`expect_loss_fits`.
    """
    rng = answers.draw("predictions for the loss")
    labels = rng.integers(0, classes, size=16)
    sharpness = (0.0, 0.3, 0.6, 0.9)  # so that the cross-entropies differ much
    even = [0.9 * rng.dirichlet(np.ones(classes), size=16) + 0.1 / classes for _ in sharpness]
    probabilities = [sure * np.eye(classes)[labels] + (1 - sure) * each for sure, each in zip(sharpness, even)]
    want = [-np.log(each[np.arange(16), labels]).mean() for each in probabilities]
    if classes == 2:
        labels, probabilities = labels[:, np.newaxis], [each[:, 1:] for each in probabilities]
        logits = [np.log(each) - np.log1p(-each) for each in probabilities]
    else:
        logits = [np.log(each) + rng.normal(size=(16, 1)) for each in probabilities]
    predictions = [each.astype(np.float32) for each in (*probabilities, *logits)]
    values = np.array(model.loss_values(labels, predictions)).reshape(2, -1) / want
    for kind, factors in zip(("probabilities", "logits"), values):
        if factors[0] > 0 and np.allclose(factors, factors[0], rtol=1e-3):
            return kind
    return ""


def outputs_are(model: Model, x: np.ndarray) -> str:
    """``"probabilities"`` or ``"logits"``, whichever the network gives for ``x``; empty if neither.

    With whatever weights, probabilities sum to one, or a single one lies between 0 and 1, in training as well; logits
    are not bound, on either side.
    """
    drawn = [model.rehearse(x, seed=seed) for seed in range(4)]
    if all(map(_are_probabilities, [model.rehearse(x, training=True), *drawn])):
        return "probabilities"
    return "logits" if min(map(np.min, drawn)) < -1 and max(map(np.max, drawn)) > 1 else ""


def _are_probabilities(outputs: np.ndarray) -> bool:
    if outputs.shape[-1] == 1:
        return bool(((outputs >= 0) & (outputs <= 1)).all() and outputs.any())
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=-1), 1, atol=1e-3))


def is_linear(model: Model, x: np.ndarray) -> bool:
    """Whether the model's outputs, or the logarithms of its probabilities, lie on a line between those of two inputs,
    up to what is the same for all classes."""
    half = len(x) // 2
    ends, middles = 4 * x[: 2 * half], 2 * (x[:half] + x[half : 2 * half])
    outputs = np.asarray(model.rehearse(np.concatenate([ends, middles])), dtype=np.float64)
    if _are_probabilities(outputs):
        outputs = np.log(np.maximum(outputs, 1e-38))
    outputs -= outputs.mean(axis=-1, keepdims=True)
    bend = outputs[:half] + outputs[half : 2 * half] - 2 * outputs[2 * half :]
    return bool(np.abs(bend).max() < 1e-3 * np.abs(outputs).max())


def softmax_inside(model: Model) -> bool:
    """Whether a dense layer takes the probabilities that another layer gives; the model was shown a batch."""
    return any(step.took_probabilities and "Dense" in step.kinds for step in model.steps)


def expect_normal(expect: Expect, noise: np.ndarray, hint: str) -> None:
    """Independent ``noise``, thousands of numbers, comes from N(0, 1): mean, variance, and how much lies far out."""
    from scipy.stats import norm

    expect.mean(noise, 0, 1, hint)
    expect.mean(noise**2, 1, np.sqrt(2), hint)
    for distance in (1, 2):
        expect.share(np.abs(noise) > distance, 2 * norm.sf(distance), hint)


def expect_own_noise(expect: Expect, noise: np.ndarray, hint: str) -> None:
    """No number in ``noise``, thousands of them along two axes, goes with that of another place.

    The correlation between places that lie any number of rows and columns apart is below 0.15.
    """
    noise = (noise - noise.mean()) / max(noise.std(), 1e-9)
    together = np.fft.ifft2(np.abs(np.fft.fft2(noise)) ** 2).real / noise.size
    together[0, 0] = 0
    most = np.abs(together).max()
    expect.true(
        most < 0.15,
        "Several places share their noise.",
        hint,
        expected="noise of its own for each number",
        got=f"numbers that go together, with a correlation of {most:.2f}",
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
