"""What a check expects of a block of a transformer, whatever layers it is made of: who looks where, what is added."""

from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np

from coursekit.grading import Expect, Model
from coursekit.worker.observing import drawn_weights

SEED = 7  # of the weights with which a block is compared to what they make
FAR = 1e4  # a scale of inputs beside which what a block adds to them is small
SAME = 0.005  # of what is bent: attention and rounding leave 0.002, a slope of 0.01 below 0 as much as 0.01
MOST = 12  # vectors among which those of the normalisation are sought
FARTHEST = 5e4  # at which the attention's part in what is normalised is hardly more than what rounding leaves


def expect_looks(expect: Expect, model: Model, x: np.ndarray, causal: bool, hint: str) -> None:
    """A change at one place reaches the places that may see it, and no other.

    Args:
        expect: of the question.
        model: turns ``(batch, length, width)`` into the same shape.
        x: a batch.
        causal: whether a place may see itself and those before it alone.
        hint: as everywhere.
    """
    length = x.shape[1]
    changed = (length - 1, length // 2, 0)
    batches = [x]
    for place in changed:
        batches.append(x.copy())
        batches[-1][:, place] = 1 - x[:, place] - x[:, place - 1]
    reached = np.zeros((len(changed), length), bool)
    for seed in (None, 2, 3):  # with drawn weights a query may look at one place alone, with new ones at all
        before, *after = np.split(np.asarray(model.rehearse(np.concatenate(batches), seed=seed)), len(batches))
        reached |= [[not near(each[:, at], before[:, at]) for at in range(length)] for each in after]
    for place, those in zip(changed, reached):
        leaks = [at for at in range(place) if those[at] and causal]
        blind = [at for at in range(length) if not those[at] and (at >= place or not causal)]
        expect.true(not leaks, f"What stands at place {place} reaches place {(leaks or [0])[0]}, before it.", hint)
        expect.true(not blind, f"What stands at place {place} does not reach place {(blind or [0])[0]}.", hint)


def near(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays differ by rounding alone."""
    return bool(np.abs(a - b).max() < 1e-3 * max(np.abs(b).max(), 1e-3))


def expect_added(expect: Expect, model: Model, x: np.ndarray, hint: str) -> None:
    """Of large inputs the block keeps all but what does not grow with them."""
    for seed in (5, 6):
        added = np.asarray(model.rehearse(FAR * x, seed=seed), dtype=np.float64) - FAR * x
        share = np.abs(added).mean() / (FAR * np.abs(x).mean())
        expect.true(
            share < 0.2,
            f"Inputs that are {FAR:g} times as large come out changed by {share:.0%} of themselves.",
            hint=hint,
            expected="no more added than to small ones",
        )


def expect_in_turn(expect: Expect, model: Model, x: np.ndarray, hint: str) -> None:
    """Of inputs that differ in size alone both normalisations would make the same, had the first part added nothing: it
    counts for less beside large ones, and the second part, which sees the sum, adds something else to them."""
    large, larger = (
        np.asarray(model.rehearse(scale * x, seed=8), dtype=np.float64) - scale * x for scale in (FAR / 100, FAR)
    )
    expect.true(
        np.abs(large - larger).mean() > 0.01 * np.abs(larger).mean(),
        "The dense layers get vectors to which the attention has added nothing.",
        hint=hint,
    )


def bends(rng: np.random.Generator, model: Model, length: int, width: int) -> bool:
    """Whether what the block adds where all places are alike is more than a linear function of the normalised vector.

    Of a large input, which the attention hardly changes, both normalisations make the same.
    """
    added, _, basis = _added(rng, model, length, width)
    return bool(_bent(added, basis).std() > 0.05 * added.std())


def rectifies(rng: np.random.Generator, model: Model, length: int, width: int) -> bool:
    """Whether what the block adds where all places are alike is, but for a linear function of the normalised vector,
    what a layer of ``4 * width`` units with ReLU and one of ``width`` units without make of that with the same weights.

    Which weights are those of the normalisation and of the first layer is tried out. Where the kernels of both layers
    are not to be found, nothing can be said, and it is taken to be so. The model has few parameters: that was seen.
    """
    steps = model.training_step(rng.normal(size=(2, length, width)).astype(np.float32))
    are_all = model.trainable_parameter_count == model.parameter_count
    shapes = [weight.shape for weight in steps if are_all or weight.gradient > 0]
    if sum(map(math.prod, shapes)) > model.parameter_count:
        return False
    weights = [np.squeeze(weight) for weight in drawn_weights(SEED, shapes)]
    kernels = [weight for weight in weights if sorted(weight.shape) == [width, 4 * width]]
    if len(kernels) != 2:
        return True
    added, normalised, basis = _added(rng, model, length, width)
    bent = _bent(added, basis)
    scales, biases = ([each for each in weights if each.shape == (units,)][:MOST] for units in (width, 4 * width))
    for (first, last), vector, scale, shift, bias in product(
        permutations(kernels), normalised, [1.0, *scales], [0.0, *scales], [0.0, *biases]
    ):
        first, last = (first if len(first) == width else first.T), (last.T if len(last) == width else last)
        made = np.maximum((scale * vector + shift) @ first + bias, 0) @ last
        if np.std(bent - _bent(made, basis)) < SAME * bent.std():
            return True
    return False


def _added(
    rng: np.random.Generator, model: Model, length: int, width: int
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """What the block, with weights drawn from ``SEED``, adds to large vectors, one for all places; what comes of each
    in a normalisation, with its mean taken off or without; and a basis of what is linear in that."""
    one = rng.normal(size=(16 * width, 1, width))
    far = np.repeat(FARTHEST * one, length, axis=1).astype(np.float32)
    added = np.asarray(model.rehearse(far, seed=SEED), dtype=np.float64)[:, 0] - far[:, 0]
    centred = one[:, 0] - one[:, 0].mean(axis=1, keepdims=True)
    normalised = [each / np.sqrt(np.mean(each**2, axis=1, keepdims=True)) for each in (centred, one[:, 0])]
    return added, normalised, np.linalg.qr(np.hstack([*normalised, np.ones((len(one), 1))]))[0]


def _bent(made: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """What of it is not linear."""
    return np.asarray(made - basis @ (basis.T @ made))
