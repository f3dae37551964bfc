from .compiling import compile_classifier, compile_network, reinitialize
from .cutting import cut_windows
from .detection import COCO_THRESHOLDS, average_precisions, box_overlaps
from .flat import flat_call, flat_weights
from .gaussian import gaussian_kl
from .mobilenet import mobilenet_v2
from .predictive import predictive_samples
from .rows import SumOfRows, ragged_batches, ragged_tensor
from .vae import BernoulliVAE
from .variational import VariationalConv2D, VariationalDense

__all__ = [
    "COCO_THRESHOLDS",
    "BernoulliVAE",
    "SumOfRows",
    "VariationalConv2D",
    "VariationalDense",
    "average_precisions",
    "box_overlaps",
    "compile_classifier",
    "compile_network",
    "cut_windows",
    "flat_call",
    "flat_weights",
    "gaussian_kl",
    "mobilenet_v2",
    "predictive_samples",
    "ragged_batches",
    "ragged_tensor",
    "reinitialize",
]
