"""Readers for the formats in which the data sets were published. None of them runs anything that it reads.

What they read is known to the byte: its hash was compared before, and that of what they make is compared afterwards.
"""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import numpy as np

CIFAR10_TRAIN = tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6))
CIFAR10_TEST = ("cifar-10-batches-bin/test_batch.bin",)
CIFAR10_RECORD = 1 + 3 * 32 * 32  # bytes: the label, then the red, green and blue planes


def parse_idx(data: bytes) -> np.ndarray:
    """The array in an IDX file of unsigned bytes, the format of MNIST.

    Two zero bytes, the type code, the number of axes, each axis' length as a big-endian 32-bit number, the values.

    Raises:
        ValueError: the file is cut short, or has more values than its shape.

    >>> parse_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([[7, 8, 9]], dtype=uint8)
    """
    axes = data[3]
    shape = np.frombuffer(data, ">u4", count=axes, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def parse_cifar10(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Images ``(n, 32, 32, 3)`` and labels ``(n,)``, both uint8, from one file of CIFAR-10's binary version.

    Raises:
        ValueError: the length is no whole number of images.
    """
    records = np.frombuffer(data, np.uint8).reshape(-1, CIFAR10_RECORD)
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy(), records[:, 0].copy()


def read_idx_gz(archive: Path) -> tuple[np.ndarray]:
    """The array in a gzipped IDX file, as Fashion-MNIST is published."""
    return (parse_idx(gzip.decompress(archive.read_bytes())),)


def read_cifar10_tar(archive: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """``x_train, y_train, x_test, y_test`` from CIFAR-10's binary archive."""
    with tarfile.open(archive) as tar:
        train = parse_cifar10(b"".join(_member(tar, name) for name in CIFAR10_TRAIN))
        test = parse_cifar10(b"".join(_member(tar, name) for name in CIFAR10_TEST))
    return *train, *test


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    assert stream is not None  # a regular file has one
    return stream.read()
