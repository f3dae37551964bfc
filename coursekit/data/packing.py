"""How the embedded files are packed: a reversible rearrangement of the bytes, then bzip2.

bzip2 has written the same bytes for the same input since 2000, so that a rebuilt file can be compared with the
one in the repository. The rearrangements make neighbouring values alike, which is what bzip2 needs:

``planes``
    for colour images: red and blue as differences from green, each value as its difference from the neighbours
    to the left and above, and one colour after the other;
``shuffle``
    for 4-byte numbers: all first bytes, then all second bytes, and so on.
"""

from __future__ import annotations

import bz2
import io
from collections.abc import Callable
from typing import Any

import numpy as np


def unpack(packed: Any, rearrangement: str = "") -> bytes:
    """The content of a packed file.

    Args:
        packed: a stream of what ``tools/data_packing.py`` gave.
        rearrangement: the one that it was given.
    """
    with bz2.open(packed) as stream:
        return UNDO[rearrangement](stream.read())


def npy_bytes(array: np.ndarray) -> bytes:
    """The array as the bytes of a ``.npy`` file.

    >>> npy_bytes(np.arange(3, dtype=np.uint8))[:6]
    b'\\x93NUMPY'
    """
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def npy_array(content: bytes) -> np.ndarray:
    """The array in the bytes of a ``.npy`` file, writable and in memory.

    >>> npy_array(npy_bytes(np.arange(3, dtype=np.uint8)))
    array([0, 1, 2], dtype=uint8)
    """
    return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)


def _undo_planes(content: bytes) -> bytes:
    rearranged = npy_array(content)  # its header tells the shape of the images; its values are the planes
    count, height, width, colours = rearranged.shape
    images = rearranged.reshape(colours, count, height, width).transpose(1, 2, 3, 0).copy()
    for axis in (1, 2):
        np.cumsum(images, axis=axis, dtype=np.uint8, out=images)
    images[..., 0] += images[..., 1]
    images[..., 2] += images[..., 1]
    return content[: len(content) - images.size] + images.tobytes()


def _undo_shuffle(content: bytes) -> bytes:
    whole = len(content) // 4 * 4
    return np.frombuffer(content[:whole], np.uint8).reshape(4, -1).T.tobytes() + content[whole:]


UNDO: dict[str, Callable[[bytes], bytes]] = {"": bytes, "planes": _undo_planes, "shuffle": _undo_shuffle}
