from .compiling import compile_classifier
from .gaussian import gaussian_kl
from .predictive import predictive_samples
from .variational import VariationalConv2D, VariationalDense

__all__ = [
    "VariationalConv2D",
    "VariationalDense",
    "compile_classifier",
    "gaussian_kl",
    "predictive_samples",
]
