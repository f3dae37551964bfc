"""What exercise 14 holds answers against: machines that can be summed, or leave nothing to chance."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

Rbm: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]  # weights (visible, hidden), visible and hidden biases

ROWS = 500  # that are read at a time, so that a wide machine takes little memory
CLASSES = 10  # whose units are the last of the visible ones, where a machine has them


def drawn(rng: np.random.Generator, visible: int, hidden: int, scale: float = 1.0, dtype: type = np.float64) -> Rbm:
    """A machine of so many units."""
    weights = rng.normal(scale=scale, size=(visible, hidden))
    visible_bias, hidden_bias = (rng.normal(scale=scale, size=units) for units in (visible, hidden))
    return weights.astype(dtype), visible_bias.astype(dtype), hidden_bias.astype(dtype)


def bits(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype | type = np.float64) -> np.ndarray:
    """Each as often 0 as 1; of several in a row, neither all 0 nor all 1."""
    made = rng.integers(2, size=shape)
    if shape[-1] > 1:
        same = made.min(axis=-1) == made.max(axis=-1)
        made[..., 0] = np.where(same, 1 - made[..., 0], made[..., 0])
    return made.astype(dtype)


def spreading(rng: np.random.Generator, units: int, dtype: type = np.float64) -> Rbm:
    """A machine that leaves nothing to chance, in which ink spreads by a pixel in both directions.

    Its pixels stand in a row, in an order of its own, with a hidden unit between each two neighbours, which is on if
    one of them is; and a pixel is on if a hidden unit beside it is.
    """
    order = rng.permutation(units)
    weights = np.zeros((units, units - 1))
    for number in range(units - 1):
        weights[order[number : number + 2], number] = rng.uniform(80, 100, size=2)
    return weights.astype(dtype), np.full(units, -40, dtype), np.full(units - 1, -40, dtype)


def led(v: np.ndarray, rbm: Rbm, steps: int, known: np.ndarray | bool = False) -> np.ndarray:
    """Where steps lead in such a machine."""
    end = v
    for _ in range(steps):
        end = np.where(known, v, down(up(end, *rbm) > 0.5, *rbm) > 0.5)
    return end.astype(np.float64)


def chains(rng: np.random.Generator, units: int, steps: int, some: bool) -> tuple[np.ndarray, ...]:
    """States, which pixels are known, and where the steps lead in the machine of :func:`spreading` that follows; known
    pixels make a difference, and another one if they were put back at the end alone."""
    while True:
        rbm, v = spreading(rng, units), bits(rng, (6, units)) * bits(rng, (6, units))
        known = (rng.random(units) < 0.3) & some
        free, want = led(v, rbm, steps), led(v, rbm, steps, known)
        late = np.where(known, v, free)
        if not some or not steps or ((want != free).any() and (steps == 1 or (want != late).any())):
            return v, known, want, *rbm


def telling(rng: np.random.Generator) -> tuple[Rbm, np.ndarray]:
    """A machine of 3 visible and 3 hidden units, and a state from which a step that hands on probabilities in place of
    the hidden bits leads elsewhere."""
    v = states(3)
    while True:
        rbm = drawn(rng, 3, 3, scale=3)
        apart = of_states(v, down(up(v, *rbm), *rbm)) - transition(np.zeros(3, bool), *rbm)
        tells = (np.abs(apart @ v).max(axis=1) > 0.15) & (np.abs(apart).max(axis=1) > 0.15)
        tells[[0, -1]] = False  # all units off, or on
        if tells.any():
            return rbm, rng.choice(v[tells])


def flipping(rng: np.random.Generator) -> tuple[Rbm, np.ndarray]:
    """A machine of three pairs of units, each of which mostly copies the other of its pair, and a state. Who throws the
    same numbers again in each step stays where the first step led; new ones lead to all states in turn."""
    strengths = rng.uniform(2.4, 3.2, size=3)
    return (np.diag(strengths), -strengths / 2, -strengths / 2), bits(rng, (3,))


def states(units: int) -> np.ndarray:
    """All states of so many units: the binary numbers from 0, the first unit the highest."""
    return np.array([[number >> place & 1 for place in reversed(range(units))] for number in range(2**units)], float)


def number(v: np.ndarray) -> np.ndarray:
    """The places of the states ``(…, units)`` in :func:`states`."""
    return np.asarray(v @ 2 ** np.arange(v.shape[-1])[::-1]).astype(int)


def of_states(states: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The probability of each of ``states (n, units)``, for independent units: ``(…, units)`` → ``(…, n)``."""
    chances = probabilities[..., np.newaxis, :]
    return np.asarray(np.prod(states * chances + (1 - states) * (1 - chances), axis=-1))


def transition(known: np.ndarray, *rbm: np.ndarray) -> np.ndarray:
    """The probability of each next state, a column, given each state, a row, where ``known`` pixels stay."""
    v, h = states(len(rbm[1])), states(len(rbm[2]))
    thrown = np.broadcast_to(down(h, *rbm), (len(v), len(h), len(rbm[1])))
    there = np.where(known, v[:, np.newaxis], thrown)  # (v, h, pixel)
    return np.einsum("vh,vhn->vn", of_states(h, up(v, *rbm)), of_states(v, there))


def expected(v: np.ndarray, steps: int, rbm: Rbm) -> tuple[Rbm, Rbm]:
    """What CD's gradient is on average over all throws, and the standard deviations around it."""
    ends = states(len(rbm[1]))
    felt = up(ends, *rbm)
    shares = np.linalg.matrix_power(transition(np.zeros(len(rbm[1]), bool), *rbm), steps)[number(v)]  # (batch, ends)
    seen, means, strays = up(v, *rbm), [], []
    pairs = np.einsum("ni,nj->nij", ends, felt), np.einsum("ni,nj->nij", v, seen)
    for there, here in (pairs, (ends, v), (felt, seen)):
        mean = np.tensordot(shares, there, axes=1)
        spread = np.maximum(np.tensordot(shares, there**2, axes=1) - mean**2, 0)
        means.append(np.mean(here - mean, axis=0))
        strays.append(np.sqrt(spread.sum(axis=0)) / len(v))
    return (means[0], means[1], means[2]), (strays[0], strays[1], strays[2])


def difference(v: np.ndarray, end: np.ndarray, rbm: Rbm) -> Rbm:
    """The data's side minus the dreams' side."""
    v = v.astype(np.float64)
    seen, felt = up(v, *rbm), up(end, *rbm)
    pairs = np.einsum("ni,nj->ij", v, seen) / len(v) - np.einsum("ni,nj->ij", end, felt) / len(end)
    return pairs, v.mean(axis=0) - end.mean(axis=0), seen.mean(axis=0) - felt.mean(axis=0)


def energy(v: np.ndarray, h: np.ndarray, *rbm: np.ndarray) -> np.ndarray:
    """The energy of each pair of states."""
    weights, visible_bias, hidden_bias = (part.astype(np.float64) for part in rbm)
    links = np.einsum("...i,ij,...j->...", v, weights, h)
    return np.asarray(-(v * visible_bias).sum(axis=-1) - (h * hidden_bias).sum(axis=-1) - links)


def up(v: np.ndarray, *rbm: np.ndarray) -> np.ndarray:
    """The probability of each hidden unit, given the visible ones."""
    weights, _, hidden_bias = (part.astype(np.float64) for part in rbm)
    return np.asarray((1 + np.tanh((v @ weights + hidden_bias) / 2)) / 2)


def down(h: np.ndarray, *rbm: np.ndarray) -> np.ndarray:
    """The probability of each visible unit, given the hidden ones."""
    weights, visible_bias, hidden_bias = rbm
    return up(h, weights.T, hidden_bias, visible_bias)


def free_energy(v: np.ndarray, *rbm: np.ndarray) -> np.ndarray:
    """The energy of visible states, the hidden ones summed away."""
    weights, visible_bias, hidden_bias = (part.astype(np.float64) for part in rbm)
    softplus = np.logaddexp(0, v @ weights + hidden_bias)
    return np.asarray(-(v @ visible_bias) - softplus.sum(axis=-1))


def log_likelihood(v: np.ndarray, *rbm: np.ndarray) -> np.ndarray:
    """The logarithm of each visible state's probability, log Z summed over the states of the smaller layer."""
    from scipy.special import logsumexp

    weights, visible_bias, hidden_bias = rbm
    if len(visible_bias) <= len(hidden_bias):
        free = free_energy(states(len(visible_bias)), *rbm)
    else:
        free = free_energy(states(len(hidden_bias)), weights.T, hidden_bias, visible_bias)
    return np.asarray(-free_energy(v, *rbm) - logsumexp(-free))


def read(images: np.ndarray, *rbm: np.ndarray) -> np.ndarray:
    """The probability of each class ``(n, 10)``, whose units stand behind the pixels of the ``images``."""
    weights, visible_bias, hidden_bias = (part.astype(np.float64) for part in rbm)
    of_labels, minus = weights[-CLASSES:], []
    for some in np.split(images, range(ROWS, len(images), ROWS)):
        inputs = some @ weights[:-CLASSES] + hidden_bias
        minus.append(np.stack([np.logaddexp(0, inputs + each).sum(axis=1) for each in of_labels], axis=1))
    logits = np.concatenate(minus) + visible_bias[-CLASSES:]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def path_weights(path: np.ndarray, betas: np.ndarray, rbm: Rbm, base_bias: np.ndarray) -> np.ndarray:
    """See Salakhutdinov & Murray (2008): log Z of the machine without weights, and what each state adds to it."""
    weights, visible_bias, hidden_bias = (part.astype(np.float64) for part in rbm)
    base, betas = base_bias.astype(np.float64), betas.astype(np.float64)
    found = np.logaddexp(0, base).sum() + len(hidden_bias) * np.log(2)
    for v, before, beta in zip(path, betas, betas[1:]):
        for sign, at in ((1, beta), (-1, before)):
            bias = (1 - at) * base + at * visible_bias
            found = found - sign * free_energy(v, at * weights, bias, at * hidden_bias)
    return np.asarray(found)
