from .errors import CacheWarning, DamagedFile, DamagedFileWarning, DataError, DownloadFailed, UnknownData
from .generated import gap_function, make_gap_regression
from .images import ImageData, load_cifar10, load_fashion_mnist, load_mnist
from .ragged import Ragged
from .reviews import ReviewData, load_imdb
from .runs import KnownRuns, run_words
from .weights import load_weights

__all__ = [
    "CacheWarning",
    "DamagedFile",
    "DamagedFileWarning",
    "DataError",
    "DownloadFailed",
    "ImageData",
    "KnownRuns",
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
    "run_words",
]
