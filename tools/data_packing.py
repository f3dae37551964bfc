"""Packing the embedded files; :mod:`coursekit.data.packing` says how, and unpacks them."""

from __future__ import annotations

import bz2

import numpy as np

from coursekit.data.packing import npy_array


def pack(content: bytes, rearrangement: str = "") -> bytes:
    """Pack ``content``; the same bytes on every machine."""
    return bz2.compress(REARRANGEMENTS[rearrangement](content), 9)


def _planes(content: bytes) -> bytes:
    images = npy_array(content)  # (n, height, width, 3), uint8; all arithmetic is modulo 256
    images[..., 0] -= images[..., 1]
    images[..., 2] -= images[..., 1]
    for axis in (1, 2):
        images = np.diff(images, axis=axis, prepend=np.uint8(0))
    header = content[: len(content) - images.size]
    return header + images.transpose(3, 0, 1, 2).tobytes()


def _shuffle(content: bytes) -> bytes:
    whole = len(content) // 4 * 4
    return np.frombuffer(content[:whole], np.uint8).reshape(-1, 4).T.tobytes() + content[whole:]


REARRANGEMENTS = {"": bytes, "planes": _planes, "shuffle": _shuffle}
