"""Pretrained weights, as files that Keras loads."""

from __future__ import annotations

from pathlib import Path

from coursekit.data import registry, store
from coursekit.data.errors import UnknownData

WEIGHTS = tuple(data_set.name for data_set in registry.DATA_SETS if data_set.files[0].name.endswith(".h5"))


def load_weights(name: str) -> Path:
    """The path of pretrained ImageNet weights, without the classification layers.

    ``"mobilenet_v2"`` is embedded; ``"vgg16"`` is fetched once. Give the path to the model of the same name::

        keras.applications.VGG16(include_top=False, weights=load_weights("vgg16"))

    The MobileNetV2 weights are torchvision's, which pads pictures on other sides than Keras does:
    :func:`coursekit.nn.mobilenet_v2` is the network for them. They were learnt on pixels scaled to [0, 1], less the
    mean (0.485, 0.456, 0.406), over the standard deviation (0.229, 0.224, 0.225) of each colour; with Keras' own
    ``preprocess_input``, which scales to [-1, 1], they work a little less well. torchvision's batch normalisation
    adds 1e-5 to the variance and Keras' adds 1e-3, so 1e-5 − 1e-3 was added to the stored variances.

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
