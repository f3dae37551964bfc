"""Pieces of pictures, as a sliding window sees them."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

TOGETHER = 4096  # windows that are cut at once


def cut_windows(pictures: np.ndarray, which: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """Cut boxes out of pictures, and bring each to ``side`` by ``side`` pixels.

    Bilinear, with the middle of each new pixel where it lies in the old picture, as ``tf.image.resize`` does it for a
    whole picture; beyond the edge the pixels of the edge go on.

    Args:
        pictures: ``(n, height, width, channels)``.
        which: ``(k,)``, the number of the picture that each window is cut from.
        boxes: ``(k, 4)``, top, left, height and width, each divided by the picture's height or width.
        side: of the windows.

    Returns:
        ``(k, side, side, channels)``; uint8 for pictures of that type, rounded, and float32 for others.

    >>> picture = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    >>> cut_windows(picture, [0], [[0, 0.5, 0.5, 0.5]], side=2)[0, :, :, 0]
    array([[2., 3.],
           [6., 7.]], dtype=float32)
    """
    which, boxes = np.asarray(which), np.asarray(boxes, float)
    size = np.array(pictures.shape[1:3])
    ratio = boxes[:, 2:] * size / side  # old pixels a new one
    first = boxes[:, :2] * size + ratio / 2 - 0.5
    ends = (np.concatenate([first, first + (side - 1) * ratio], axis=1) + 1) / np.tile(size + 1, 2)
    cut = np.empty((len(boxes), side, side, pictures.shape[-1]), np.uint8 if pictures.dtype == np.uint8 else np.float32)
    for start in range(0, len(boxes), TOGETHER):
        part = slice(start, start + TOGETHER)
        used, place = np.unique(which[part], return_inverse=True)
        edged = np.pad(pictures[used], ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge").astype(np.float32)
        windows = tf.image.crop_and_resize(
            edged, ends[part].astype(np.float32), place.astype(np.int32), (side, side)
        ).numpy()
        cut[part] = windows.round() if cut.dtype == np.uint8 else windows
    return cut
