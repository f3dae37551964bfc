"""Readers for the formats in which the data sets were published. None of them runs anything that it reads."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import numpy as np

from coursekit.data.errors import DataError

IDX_UINT8 = 0x08
CIFAR10_TRAIN = tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6))
CIFAR10_TEST = ("cifar-10-batches-bin/test_batch.bin",)
CIFAR10_RECORD = 1 + 3 * 32 * 32  # bytes: the label, then the red, green and blue planes


class BadFormat(DataError, ValueError):
    """The bytes are not in the format they should be in."""


def parse_idx(data: bytes) -> np.ndarray:
    """The array in an IDX file of unsigned bytes, the format of MNIST.

    Two zero bytes, the type code, the number of axes, each axis' length as a big-endian 32-bit number, the values.

    Raises:
        BadFormat: not such a file, or one cut short.

    >>> parse_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([[7, 8, 9]], dtype=uint8)
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != IDX_UINT8 or data[3] == 0:
        raise BadFormat(f"Not an IDX file of unsigned bytes: it starts with {data[:4].hex(' ') or 'nothing'}.")
    start = 4 + 4 * data[3]
    if len(data) < start:
        raise BadFormat(f"The IDX file ends inside its header, after {len(data)} of {start} bytes.")
    shape = tuple(int(length) for length in np.frombuffer(data, ">u4", count=data[3], offset=4))
    size = start + int(np.prod(shape, dtype=object))
    if len(data) != size:
        raise BadFormat(f"An IDX file of shape {shape} has {size:,} bytes, but this one has {len(data):,}.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def parse_cifar10(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Images ``(n, 32, 32, 3)`` and labels ``(n,)``, both uint8, from one file of CIFAR-10's binary version.

    Raises:
        BadFormat: the length is no whole number of images, or a label is not below 10.
    """
    if not data or len(data) % CIFAR10_RECORD:
        raise BadFormat(f"{len(data):,} bytes are no whole number of CIFAR-10 records of {CIFAR10_RECORD:,} bytes.")
    records = np.frombuffer(data, np.uint8).reshape(-1, CIFAR10_RECORD)
    labels = records[:, 0].copy()
    if labels.max() > 9:
        raise BadFormat(f"CIFAR-10 has the labels 0 to 9, but this file has a {labels.max()}.")
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy(), labels


def read_idx_gz(archive: Path) -> tuple[np.ndarray]:
    """The array in a gzipped IDX file, as Fashion-MNIST is published."""
    try:
        return (parse_idx(gzip.decompress(archive.read_bytes())),)
    except (OSError, EOFError) as error:
        raise BadFormat(f"{archive.name} is no gzip file, or is cut short: {error}") from error


def read_cifar10_tar(archive: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """``x_train, y_train, x_test, y_test`` from CIFAR-10's binary archive."""
    try:
        with tarfile.open(archive) as tar:
            train = parse_cifar10(b"".join(_member(tar, name) for name in CIFAR10_TRAIN))
            test = parse_cifar10(b"".join(_member(tar, name) for name in CIFAR10_TEST))
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise BadFormat(f"{archive.name} is not the archive of CIFAR-10's binary version: {error}") from error
    return *train, *test


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    if stream is None:
        raise KeyError(f"{name} is no regular file")
    return stream.read()
