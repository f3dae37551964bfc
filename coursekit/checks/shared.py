"""What the questions of several exercises expect of an answer, and the test data that they show a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar, cast

import numpy as np

from coursekit.data import Ragged, load_imdb, load_mnist
from coursekit.grading import Answers, Expect, Loss, Model, Weight
from coursekit.grading.results import PASSED

Setting = TypeVar("Setting")
BOUND = 2.5  # beyond the ends of every activation that has some
NUDGES = 20  # of a model's weights, until each layer has a gradient: a single unit of ReLU may be silent in one
SEEN = 3000  # training digits that a model is asked about as well
LEAST = 1e-35  # a probability that float32 holds in full
OF_EACH_ROW = {"LayerNormalization", "RMSNormalization", "UnitNormalization"}
LOGARITHMS = "logarithms of probabilities"
FITTING = {LOGARITHMS: "logits"}  # softmax of the logarithms gives the probabilities again


def flag_by_heart(expect: Expect, of_training: float, outputs: np.ndarray) -> None:
    """Have an instructor look at a model that reads the public test digits better than those it was to learn from.

    Args:
        expect: of the question.
        of_training: its accuracy on the first training digits.
        outputs: what it gives for the test digits.
    """
    of_test = accuracy(outputs, load_mnist().y_test)
    words = f"It reads {of_test:.2%} of the test digits and {of_training:.2%} of the training digits: learnt by heart?"
    expect.flag(of_test > of_training + 0.015, words)


def or_above(expect: Expect, hint: str) -> str:
    """The hint, unless an earlier part failed, whose fault may be the only one."""
    failed = any(part.status != PASSED for part in expect.parts)
    return "A part above fails already: mend that first, then check again." if failed else hint


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
    """Training would change weights of every layer that has some; those that have a gradient are returned."""
    frozen = {layer.name for layer in model.find("Layer") if not layer.trainable}
    steps = [model.training_step(x)]
    while (still := _still(model, weights := _largest(steps))) and len(steps) <= NUDGES and frozen.isdisjoint(still):
        steps.append(model.training_step(x, seed=len(steps)))
    learning = [weight for weight in weights if weight.gradient > 0]
    rests = model.optimizer is not None and model.optimizer.learning_rate == 0
    expect.true(
        learning and not rests,
        "No weight of the network would move in training.",
        hint="Is every layer frozen, is the learning rate 0, or does nothing lead from the input to the output?",
    )
    expect.true(
        not still,
        f"Training would not change the weights of {' and '.join(f'`{name}`' for name in still)}.",
        hint="Every layer is to learn. Is this one frozen, or does nothing lead from it to the output?",
    )
    return learning


def _largest(steps: list[list[Weight]]) -> list[Weight]:
    """Each weight as in the step that does most to it."""
    return [max(weight, key=lambda each: (each.gradient, each.moves)) for weight in zip(*steps)]


def _still(model: Model, weights: list[Weight]) -> list[str]:
    """The names of layers none of whose weights moves, nor any of the layers within; but not of a Normalization, whose
    weights are given."""
    holders = {weight.path: weight.path.split("/")[:-1] for weight in weights}
    moving = {name for weight in weights if weight.moves for name in holders[weight.path]}
    moving |= {layer.name for layer in model.find("Normalization")}
    within = dict.fromkeys(names[-1] for names in holders.values() if names)
    return [name for name in within if name not in moving]


def expect_parameters(expect: Expect, model: Model, most: int, hint: str) -> None:
    """No more parameters than allowed."""
    expect.true(
        model.parameter_count <= most,
        f"The network has {model.parameter_count:,} parameters.",
        hint=hint,
        expected=f"at most {most:,}",
        got=f"{model.parameter_count:,}",
    )


def expect_outputs(expect: Expect, model: Model, units: int, hint: str) -> None:
    """So many numbers for each row of the batch that the model was shown."""
    expect.true(
        isinstance(model.gave, tuple) and len(model.gave) == 2 and model.gave[1] == units,
        f"The output of the network has the shape {model.gave}.",
        hint=hint,
        expected=f"(batch, {units})",
        got=str(model.gave),
    )


def expect_accuracy(expect: Expect, outputs: np.ndarray, labels: np.ndarray, bar: float, hint: str) -> None:
    """The share of right answers reaches the bar."""
    expect.shape(outputs, (len(labels), None), hint="One row of outputs for each image.")
    reached = accuracy(outputs, labels)
    far = "That is far below: do images and labels belong together, are both as they were in training?"
    expect.true(
        reached >= bar,
        f"The network reads {reached:.2%} of the test data rightly.",
        hint=hint if reached > 0.6 else far,
        expected=f"at least {bar:.1%}",
        got=f"{reached:.2%}",
    )


def expect_loss_fits(answers: Answers, expect: Expect, model: Model, x: np.ndarray, classes: int = 10) -> None:
    """The loss suits the labels, and what the network gives: probabilities or logits.

    Args:
        answers: where the labels are drawn.
        expect: of the question.
        model: gives ``(n, classes)`` for ``x``; for two classes, ``(n, 1)``.
        x: a batch.
        classes: how many, with whole-number labels; 2 for labels of 0 and 1 and one output.
    """
    compiled(expect, model.optimizer)
    expect.true(
        model.loss, "The model is compiled without a loss.", hint="Name one in network.compile(optimizer, loss)."
    )
    loss = cast(Loss, model.loss)
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
        takes in (gives, FITTING.get(gives)),
        f"The network gives {gives}, and its loss takes {takes}.",
        hint=f"Either {last} and from_logits=False, or no activation and from_logits=True; never both, never neither.",
        expected=takes,
        got=gives,
    )


def loss_takes(answers: Answers, model: Model, classes: int = 10) -> str:
    """``"probabilities"``, ``"logits"`` or ``"logarithms of probabilities"``, whichever the model's loss makes the
    cross-entropy of whole-number labels from, up to a factor; empty if none of them.

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
    predictions = [each.astype(np.float32) for each in (*probabilities, *logits, *map(np.log, probabilities))]
    values = np.array(model.loss_values(labels.astype(np.float32), predictions)).reshape(3, -1) / want
    for kind, factors in zip(("probabilities", "logits", LOGARITHMS), values):
        if factors[0] > 0 and np.allclose(factors, factors[0], rtol=1e-3):
            return kind
    return ""


def outputs_are(model: Model, x: np.ndarray) -> str:
    """``"probabilities"``, ``"logits"`` or ``"logarithms of probabilities"``, whichever the network gives for ``x``;
    empty if none of them.

    With whatever weights, probabilities sum to one, or a single one lies between 0 and 1, in training as well, and with
    some weights one class gets more than half; logits are not bound, on either side.
    """
    batch = np.concatenate([x, 255 * x]) if x.dtype.kind == "f" else x  # a network may take bytes
    drawn = [np.asarray(model.rehearse(batch, seed=seed)) for seed in range(4)]
    outputs = [np.asarray(model.rehearse(x, training=True)), *drawn]
    for kind, made in (("probabilities", outputs), (LOGARITHMS, [np.exp(np.minimum(each, 1)) for each in outputs])):
        if all(map(_are_probabilities, made)) and max(map(np.max, made)) > 0.5:
            return kind
    for seed in range(4, 32):  # all of a single output's logits may lie on one side of its bias
        if min(map(np.min, drawn)) < -BOUND and max(map(np.max, drawn)) > BOUND:
            return "logits"
        drawn.append(np.asarray(model.rehearse(batch, seed=seed)))
    return ""


def _are_probabilities(outputs: np.ndarray) -> bool:
    if outputs.shape[-1] == 1:
        return bool(((outputs >= 0) & (outputs <= 1)).all() and outputs.any())
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=-1), 1, atol=2e-2))  # as in half precision


def is_linear(model: Model, x: np.ndarray) -> bool:
    """Whether the model's logits lie on a line between those of two inputs."""
    half = len(x) // 2
    logits = logits_of(model, np.concatenate([x[: 2 * half], (x[:half] + x[half : 2 * half]) / 2]))
    bend = logits[:half] + logits[half : 2 * half] - 2 * logits[2 * half :]
    return bool(np.abs(bend).max() < 1e-3 * np.abs(logits).max())


def only_normalises(model: Model, x: np.ndarray) -> bool:
    """Whether normalisation alone, of each row by itself, keeps the model, which was shown a batch, from being linear.

    It divides what is linear by one number. So along a line of inputs, the logits of a model with ``n`` of them keep to
    ``n + 1`` dimensions, while every unit with an activation bends them into another one.
    """
    dimensions = 1 + sum(bool(OF_EACH_ROW & set(step.kinds)) for step in model.steps)
    if not 1 < dimensions < model.gave[-1] - 1:  # so many there are at most
        return False
    along, half = np.linspace(-2, 2, 32)[:, np.newaxis], len(x) // 2
    lines = np.concatenate([one + along * (other - one) for one, other in zip(x[:half], x[half:])])
    logits = np.reshape([logits_of(model, lines, seed) for seed in (None, 0)], (2 * half, len(along), -1))
    sizes = np.linalg.svd(logits - logits.mean(axis=1, keepdims=True), compute_uv=False)
    return bool((sizes[:, dimensions] < 1e-4 * sizes[:, 0]).all())


def logits_of(model: Model, x: np.ndarray, seed: int | None = None) -> np.ndarray:
    """Logits, or the logarithms of probabilities, up to what is the same for all classes, with weights drawn from
    ``seed`` if there is one. The inputs are as large as they can be with no probability near 0."""
    for scale in (4096, 512, 64, 8, 1):
        outputs = np.asarray(model.rehearse((scale * x).astype(np.float32), seed=seed), dtype=np.float64)
        if not _are_probabilities(outputs) or outputs.min() > LEAST:
            break
    if _are_probabilities(outputs):
        outputs = np.log(np.maximum(outputs, LEAST))
    return np.asarray(outputs - outputs.mean(axis=-1, keepdims=True))


def softmax_inside(model: Model) -> bool:
    """Whether a layer of the model, which was shown a batch, makes something else of another one's probabilities."""
    return any(
        step.took_probabilities and (not step.gave_probabilities or {"Dense", "EinsumDense"} & set(step.kinds))
        for step in model.steps
    )


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
        "The noise of some places goes together.",
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


def drawn_digits(answers: Answers, *shape: int) -> np.ndarray:
    """Sixteen training digits as float32 from 0 to 1, each of ``shape``."""
    images = load_mnist().x_train
    chosen = answers.draw("digits").integers(len(images), size=16)
    return images[chosen].reshape(-1, *shape).astype(np.float32) / 255


def unseen_digits(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """The 10,000 test digits as float32 from 0 to 1, each of ``shape``, and their labels."""
    mnist = load_mnist()
    return mnist.x_test.reshape(-1, *shape).astype(np.float32) / 255, mnist.y_test


def unseen_reviews(count: int, num_words: int = 10_000) -> tuple[Ragged, np.ndarray]:
    """The first ``count`` test reviews, as ``coursekit.data.load_imdb(num_words)`` loads them, and their labels."""
    imdb = load_imdb(num_words=num_words)
    return imdb.x_test[:count], imdb.y_test[:count]
