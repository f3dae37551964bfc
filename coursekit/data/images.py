"""The image sets: MNIST, Fashion-MNIST and CIFAR-10."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coursekit.data import registry, store
from coursekit.data.labelled import LabelledData


@dataclass(frozen=True, eq=False, repr=False)
class ImageData(LabelledData):
    """Images with labels, as stored: normalising them is the lesson's work.

    Attributes:
        x_train: ``(n, height, width)`` or ``(n, height, width, 3)`` uint8, 0 to 255.
        y_train: ``(n,)`` uint8, the index of each image's class in ``class_names``.
        x_test: as ``x_train``.
        y_test: as ``y_train``.
    """

    x_train: np.ndarray
    x_test: np.ndarray


def load_mnist() -> ImageData:
    """All of MNIST: 60,000 + 10,000 handwritten digits of 28 × 28 pixels.

    Raises:
        DamagedFile: the embedded files are damaged and no intact copy can be had.

    >>> load_mnist()
    MNIST, all 70,000 handwritten digits (CC BY-SA 3.0)
      x_train  (60000, 28, 28)      uint8
      y_train  (60000,)             uint8
      x_test   (10000, 28, 28)      uint8
      y_test   (10000,)             uint8
      classes  0, 1, 2, 3, 4, 5, 6, 7, 8, 9
    """
    return _load("mnist")


def load_fashion_mnist(full: bool = False) -> ImageData:
    """Fashion-MNIST: grey pictures of clothes, 28 × 28 pixels, ten classes.

    Args:
        full: all 60,000 training images, fetched once, instead of the embedded 5,000 (the first 500 of each class,
            in their original order). The 10,000 test images are the whole test set either way.

    Raises:
        DownloadFailed: ``full`` was asked for, and the files can be had from nowhere.

    >>> load_fashion_mnist().x_train.shape
    (5000, 28, 28)
    """
    return _load("fashion_mnist_full" if full else "fashion_mnist")


def load_cifar10(full: bool = False) -> ImageData:
    """CIFAR-10: colour photos, 32 × 32 pixels, ten classes.

    Args:
        full: all 50,000 + 10,000 photos, fetched once, instead of the embedded 7,000 + 2,000 (the first 700 and 200
            of each class, in their original order).

    Raises:
        DownloadFailed: ``full`` was asked for, and the files can be had from nowhere.

    >>> load_cifar10().x_test.shape
    (2000, 32, 32, 3)
    """
    return _load("cifar10_full" if full else "cifar10")


def _load(name: str) -> ImageData:
    found = registry.find(name)
    x_train, y_train, x_test, y_test = map(store.array, found.files)
    return ImageData(x_train, y_train, x_test, y_test, **found.about)
