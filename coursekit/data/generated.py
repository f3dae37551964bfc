"""A small set that is generated, for what is best seen in one dimension."""

from __future__ import annotations

import numpy as np

from coursekit.data.labelled import LabelledData


def gap_function(x: np.ndarray) -> np.ndarray:
    """The curve behind :func:`make_gap_regression`: a sine on a slope.

    >>> gap_function(np.array([0.0]))
    array([0.])
    """
    return np.asarray(np.sin(2 * x) + x / 2)


def make_gap_regression(count: int = 200, noise: float = 0.1, seed: int = 0) -> LabelledData:
    """Noisy points on a curve with a gap, where a model should be unsure.

    Training inputs lie in [-4, -1] and [1, 4], half of them each; the test set is the curve itself on a grid over
    [-6, 6], so it also shows what happens beyond the data.

    Args:
        count: training points, at least 2.
        noise: standard deviation of what is added to the curve.
        seed: of the random numbers.

    Returns:
        Inputs ``(count, 1)`` and values ``(count,)`` for training, ``(400, 1)`` and ``(400,)`` for test, all float32;
        the values of the test set are free of noise.

    Raises:
        ValueError: ``count`` is below 2 or ``noise`` below 0.

    >>> data = make_gap_regression(count=100)
    >>> data.x_train.shape, data.y_train.shape, bool((abs(data.x_train) < 1).any())
    ((100, 1), (100,), False)
    """
    if count < 2:
        raise ValueError(f"count must be at least 2, not {count}.")
    if noise < 0:
        raise ValueError(f"noise is a standard deviation and cannot be negative; it is {noise}.")
    random = np.random.default_rng(seed)
    side = np.repeat([-1.0, 1.0], [count // 2, count - count // 2])
    x_train = random.uniform(1, 4, count) * side
    y_train = gap_function(x_train) + random.normal(0, noise, count)
    x_test = np.linspace(-6, 6, 400)
    return LabelledData(
        x_train.astype(np.float32)[:, None],
        y_train.astype(np.float32),
        x_test.astype(np.float32)[:, None],
        gap_function(x_test).astype(np.float32),
        class_names=(),
        name="gap_regression",
        title="A curve with a gap in its data",
        licence="generated",
        citation="",
    )
