from .errors import CacheWarning, DamagedFile, DamagedFileWarning, DataError, DownloadFailed, UnknownData
from .generated import gap_function, make_gap_regression
from .images import ImageData, load_cifar10, load_fashion_mnist, load_mnist
from .ragged import Ragged
from .reviews import ReviewData, load_imdb
from .runs import KnownRuns, run_words
from .scenes import Scenes, make_scenes
from .vectors import WordVectors, load_glove
from .voc import Annotation, read_voc
from .weights import load_weights
from .word_tests import Analogies, WordPairs, load_analogies, load_word_pairs

__all__ = [
    "Analogies",
    "Annotation",
    "CacheWarning",
    "DamagedFile",
    "DamagedFileWarning",
    "DataError",
    "DownloadFailed",
    "ImageData",
    "KnownRuns",
    "Ragged",
    "ReviewData",
    "Scenes",
    "UnknownData",
    "WordPairs",
    "WordVectors",
    "gap_function",
    "load_analogies",
    "load_cifar10",
    "load_fashion_mnist",
    "load_glove",
    "load_imdb",
    "load_mnist",
    "load_weights",
    "load_word_pairs",
    "make_gap_regression",
    "make_scenes",
    "read_voc",
    "run_words",
]
