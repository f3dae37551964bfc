"""Whether two processes predict the same: up to the rounding of floats, and up to chance where outputs are random."""

from __future__ import annotations

from typing import Any

import numpy as np

RELATIVE, ABSOLUTE = 1e-3, 1e-4
ROUGH = 50  # times as much where a model computes in half precision
FAR = 4.0  # times as far from the mean of several draws as the farthest of them


def alike(theirs: Any, ours: Any, rough: bool = False) -> bool:
    """Whether two predictions are the same.

    Args:
        theirs: an array, or a list or dict of them.
        ours: likewise.
        rough: whether they were computed in half precision.

    >>> alike(np.array([0.25, 0.75]), np.array([0.25, 0.750001])), alike([np.zeros(2)], np.zeros(2))
    (True, False)
    """
    pairs = _pairs(theirs, ours)
    return pairs is not None and all(_close(*pair, ROUGH if rough else 1) for pair in pairs)


def difference(theirs: Any, draws: list[Any]) -> str:
    """In what way predictions that are not alike differ, in words; empty where chance explains it.

    Args:
        theirs: what the learner's process predicted.
        draws: what the clean room predicted, several times.
    """
    counts = "what the clean room predicts counts"
    pairs = [_pairs(theirs, draw) for draw in draws]
    first = pairs[0]
    if first is None or any(each is None for each in pairs):
        return f"The learner's own process predicts in another shape than the clean room; {counts}."
    is_random = not all(alike(draws[0], draw) for draw in draws)
    drawn = [np.stack([each[index][1] for each in pairs if each]) for index in range(len(first))]
    if is_random and all(_by_chance(pair[0], each) for pair, each in zip(first, drawn)):
        return ""
    theirs_at, ours_at = max((_farthest(*pair) for pair in first), key=lambda pair: abs(pair[0] - pair[1]))
    chance = "Its outputs are random, but not so far apart: " if is_random else ""
    figures = f"The learner's own process predicts {theirs_at:.4g} where the clean room predicts {ours_at:.4g}"
    return f"{chance}{figures}; {counts}."


def _pairs(theirs: Any, ours: Any) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """The arrays of two predictions, side by side; ``None`` where these are not made in the same way."""
    if isinstance(ours, dict):
        if not isinstance(theirs, dict) or theirs.keys() != ours.keys():
            return None
        theirs, ours = [theirs[key] for key in ours], list(ours.values())
    if isinstance(ours, list | tuple):
        if not isinstance(theirs, list | tuple) or len(theirs) != len(ours):
            return None
        found = [_pairs(*pair) for pair in zip(theirs, ours)]
        return None if any(each is None for each in found) else [pair for each in found if each for pair in each]
    pair = np.asarray(ours) if isinstance(ours, np.ndarray | float | int) else None
    if pair is None or not isinstance(theirs, np.ndarray | float | int) or np.shape(theirs) != pair.shape:
        return None
    if any(each.dtype.kind not in "biuf" for each in (np.asarray(theirs), pair)):
        return None
    return [(np.asarray(theirs, np.float64), np.asarray(pair, np.float64))]


def _close(theirs: np.ndarray, ours: np.ndarray, factor: float) -> bool:
    absolute = ABSOLUTE * factor * max(1.0, _size(ours))
    return bool(np.allclose(theirs, ours, RELATIVE * factor, absolute, equal_nan=True))


def _size(array: np.ndarray) -> float:
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 0.0


def _by_chance(theirs: np.ndarray, draws: np.ndarray) -> bool:
    center = draws.mean(axis=0)
    spread = max(float(np.mean(np.abs(draw - center))) for draw in draws)
    return bool(np.mean(np.abs(theirs - center)) <= FAR * spread + ABSOLUTE * max(1.0, _size(center)))


def _farthest(theirs: np.ndarray, ours: np.ndarray) -> tuple[float, float]:
    if not ours.size:
        return 0.0, 0.0
    gap = np.abs(theirs - ours)
    at = np.unravel_index(np.argmax(np.where(np.isnan(gap), np.inf, gap)), gap.shape)
    return float(theirs[at]), float(ours[at])
