from .compiling import compile_classifier, compile_network
from .gaussian import gaussian_kl
from .mobilenet import mobilenet_v2
from .predictive import predictive_samples
from .variational import VariationalConv2D, VariationalDense

__all__ = [
    "VariationalConv2D",
    "VariationalDense",
    "compile_classifier",
    "compile_network",
    "gaussian_kl",
    "mobilenet_v2",
    "predictive_samples",
]
