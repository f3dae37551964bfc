"""Data sets, embedded or fetched, verified before they are used, and loaded at once.

Environment: ``COURSEKIT_CACHE`` (the folder for unpacked and fetched files), ``COURSEKIT_MIRROR`` (a folder or an
address to fetch from), ``COURSEKIT_OFFLINE=1`` (fetch nothing over the network).
"""

from coursekit.data.errors import (
    CacheWarning,
    DamagedFile,
    DamagedFileWarning,
    DataError,
    DownloadFailed,
    UnknownData,
)
from coursekit.data.generated import GeneratedData, gap_function, make_gap_regression, make_two_moons
from coursekit.data.images import ImageData, load_cifar10, load_fashion_mnist, load_mnist
from coursekit.data.ragged import Ragged
from coursekit.data.reviews import ReviewData, load_imdb
from coursekit.data.weights import load_weights
from coursekit.quiet import hush_in_notebook

__all__ = [
    "CacheWarning",
    "DamagedFile",
    "DamagedFileWarning",
    "DataError",
    "DownloadFailed",
    "GeneratedData",
    "ImageData",
    "Ragged",
    "ReviewData",
    "UnknownData",
    "gap_function",
    "load_cifar10",
    "load_fashion_mnist",
    "load_imdb",
    "load_mnist",
    "load_weights",
    "make_gap_regression",
    "make_two_moons",
]

hush_in_notebook()
