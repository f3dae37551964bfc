"""Windows of stained glass, what random filters see in them, and how like two pictures are: for exercise 15."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SIDE, CHANNELS = 32, (3, 16, 32, 32)


def _filters() -> list[np.ndarray]:
    """Of three layers, as the notebook draws them."""
    rng = np.random.default_rng(15)
    sizes = pairwise(CHANNELS)
    return [rng.normal(size=(3, 3, taken, given)) * np.sqrt(2 / (9 * taken)) for taken, given in sizes]


FILTERS = _filters()


def glass(rng: np.random.Generator) -> np.ndarray:
    """A window of coloured panes with dark lead between them."""
    middles, colors = rng.uniform(0, SIDE, size=(14, 2)), rng.random((14, 3))
    places = np.moveaxis(np.indices((SIDE, SIDE)), 0, -1).reshape(-1, 1, 2)
    distances = np.sqrt(((places - middles) ** 2).sum(axis=-1))  # (places, panes)
    first, second = np.sort(distances, axis=1)[:, :2].T
    panes = colors[distances.argmin(axis=1)] * (second - first > 1.6)[:, np.newaxis]
    return np.asarray(panes.reshape(SIDE, SIDE, 3), dtype=np.float32)


def noise(rng: np.random.Generator) -> np.ndarray:
    """Fine noise around grey, to start from."""
    return np.asarray((0.5 + 0.1 * rng.normal(size=(SIDE, SIDE, 3))).clip(0, 1), dtype=np.float32)


def maps_of(picture: np.ndarray) -> list[np.ndarray]:
    """What three layers of filters that never learnt see, as in the notebook: convolutions behind which the mean is
    taken over squares of 2 × 2."""
    maps, found = picture.astype(np.float64) - 0.5, []
    for filters in FILTERS:
        windows = sliding_window_view(maps, (3, 3), axis=(0, 1))  # (rows, columns, channels, 3, 3)
        maps = np.tensordot(windows, filters, axes=((3, 4, 2), (0, 1, 2))).clip(0)
        found.append(maps)
        rows, columns = maps.shape[0] // 2, maps.shape[1] // 2
        maps = maps[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2, -1).mean(axis=(1, 3))
    return found


def likeness(picture: np.ndarray, style: np.ndarray) -> float:
    """The largest correlation of the picture with the style, turned by quarters, mirrored or moved in a circle."""
    seen, most = np.fft.fft2(_centred(picture), axes=(0, 1)), 0.0
    for turned in (np.rot90(style, quarters) for quarters in range(4)):
        for form in (turned, turned[:, ::-1]):
            other = np.conj(np.fft.fft2(_centred(form), axes=(0, 1)))
            most = max(most, float(np.fft.ifft2(seen * other, axes=(0, 1)).real.sum(axis=-1).max()))
    return most


def correlation(picture: np.ndarray, other: np.ndarray) -> float:
    """Of both pictures, each colour less its mean."""
    return float((_centred(picture) * _centred(other)).sum())


def _centred(picture: np.ndarray) -> np.ndarray:
    """Less the mean of each colour, with squares that add up to 1."""
    away = picture.astype(np.float64) - picture.mean(axis=(0, 1))
    return np.asarray(away / max(float(np.sqrt((away**2).sum())), 1e-12))
