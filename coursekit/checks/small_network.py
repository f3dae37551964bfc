"""A network of two layers in NumPy: its gradients, and what training makes of its weights."""

from __future__ import annotations

from typing import Any

import numpy as np


def small_network(rng: np.random.Generator, rows: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """The weights of two layers, and a batch whose rows differ much: inputs, and targets from 0 to 1."""
    shapes = ((3, 4), (4,), (4, 2), (2,))
    weights = [rng.normal(scale=0.7, size=shape).astype(np.float32) for shape in shapes]
    x = rng.normal(size=(rows, 3)).astype(np.float32)
    return weights, x, rng.uniform(size=(rows, 2)).astype(np.float32)


def gradients_of(
    weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, factor: float = 1.0, penalty: float = 0.0
) -> tuple[float, list[np.ndarray]]:
    """The mean binary cross-entropy of logits, with the penalty on ``W``, and its gradients; what is hidden goes on
    times ``factor``."""
    W, b, last_W, last_b = (each.astype(np.float64) for each in weights)
    hidden = np.tanh(x @ W + b)
    logits = factor * hidden @ last_W + last_b
    blame = (1 / (1 + np.exp(-logits)) - y) / logits.size
    inner = factor * blame @ last_W.T * (1 - hidden**2)
    loss = float(np.mean(np.logaddexp(0, logits) - y * logits) + penalty * np.sum(W**2))
    gradients = [x.T @ inner + 2 * penalty * W, inner.sum(axis=0), factor * hidden.T @ blame, blame.sum(axis=0)]
    return loss, gradients


def trained_by_hand(
    weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, batch: int, settings: dict[str, Any]
) -> tuple[list[np.ndarray], list[float], list[float]]:
    """The weights after two epochs, the mean loss of each, and the lengths of all gradients."""
    velocities: list[Any] = [0.0] * len(weights)
    losses, norms = [], []
    for _ in range(2):
        of_epoch = []
        for start in range(0, len(x), batch):
            rows = slice(start, start + batch)
            loss, gradients = gradients_of(weights, x[rows], y[rows], 2.0, settings["penalty"])
            norms.append(float(np.sqrt(sum(np.sum(each**2) for each in gradients))))
            scale = 1.0 if settings["most"] is None else min(1.0, settings["most"] / norms[-1])
            steps = [settings["rate"] * scale * each for each in gradients]
            velocities = [settings["momentum"] * v - step for v, step in zip(velocities, steps)]
            weights = [w + v for w, v in zip(weights, velocities)]
            of_epoch.append(loss)
        losses.append(float(np.mean(of_epoch)))
    return weights, losses, norms
