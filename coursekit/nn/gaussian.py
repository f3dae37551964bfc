"""Normal distributions of weights."""

from __future__ import annotations

from typing import Any

from keras import ops


def gaussian_kl(mean: Any, std: Any, prior_std: float = 1.0) -> Any:
    """The divergence KL(q ‖ p) in nats of independent normals from a prior N(0, prior_std²), summed over all numbers.

    For each number it is ``log(s/σ) + (σ² + μ²) / (2 s²) − 1/2`` (Kingma & Welling 2013, appendix B, for any ``s``).

    Args:
        mean: means μ of q, floats of any shape: a tensor, an array or a list.
        std: standard deviations σ of q, positive, of the same shape.
        prior_std: standard deviation ``s`` of the prior, the same for all.

    Returns:
        A scalar tensor of the dtype of ``mean``.

    Raises:
        ValueError: the shapes differ, or ``prior_std`` is not positive.

    >>> import numpy as np
    >>> float(gaussian_kl(np.zeros(4, "float32"), np.ones(4, "float32")))
    0.0
    >>> round(float(gaussian_kl([1.0], [0.5], prior_std=2.0)), 4)  # log 4 + (0.25 + 1) / 8 - 1/2
    1.0425
    """
    if prior_std <= 0:
        raise ValueError(f"prior_std is a standard deviation and must be positive; it is {prior_std}.")
    mean, std = ops.convert_to_tensor(mean), ops.convert_to_tensor(std)
    if tuple(mean.shape) != tuple(std.shape):
        raise ValueError(f"One std for each mean: the shapes are {tuple(mean.shape)} and {tuple(std.shape)}.")
    variance_ratio = ops.square(std / prior_std)
    return 0.5 * ops.sum(variance_ratio + ops.square(mean / prior_std) - 1.0 - ops.log(variance_ratio))
