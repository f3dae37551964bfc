"""Pretrained weights, as files that Keras loads."""

from __future__ import annotations

from pathlib import Path

from coursekit.data import registry, store
from coursekit.data.errors import UnknownData

WEIGHTS = ("mobilenet_v2", "vgg16")


def load_weights(name: str) -> Path:
    """The path of pretrained ImageNet weights, without the classification layers.

    ``"mobilenet_v2"`` is embedded; ``"vgg16"`` is fetched once. Give the path to the model of the same name::

        keras.applications.MobileNetV2(include_top=False, weights=load_weights("mobilenet_v2"))

    The MobileNetV2 weights are torchvision's; its batch normalisation adds 1e-5 to the variance and Keras' adds
    1e-3, so that 1e-5 − 1e-3 was added to the stored variances. Input is scaled to [-1, 1].

    Raises:
        UnknownData: no such weights; the message says which there are.
        DownloadFailed: the weights are not embedded and can be had from nowhere.

    >>> load_weights("mobilenet_v2").name
    'mobilenet_v2_notop.h5'
    """
    if name not in WEIGHTS:
        raise UnknownData(f"No weights {name!r}. There are {' and '.join(WEIGHTS)}.")
    (file,) = registry.find(name).files
    return store.path(file)
