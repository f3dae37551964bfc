"""Layers and helpers of the course's networks that Keras does not have.

>>> import numpy as np
>>> from coursekit.nn import VariationalDense
>>> layer = VariationalDense(3, training_examples=1000)
>>> tuple(layer(np.ones((5, 2), "float32")).shape)
(5, 3)

Keras takes seconds to import, so each name is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from coursekit.quiet import hush_tensorflow

if TYPE_CHECKING:
    from coursekit.nn.compiling import compile_classifier
    from coursekit.nn.gaussian import gaussian_kl
    from coursekit.nn.predictive import predictive_samples
    from coursekit.nn.variational import VariationalConv2D, VariationalDense

_MODULES = {
    "VariationalConv2D": "coursekit.nn.variational",
    "VariationalDense": "coursekit.nn.variational",
    "compile_classifier": "coursekit.nn.compiling",
    "gaussian_kl": "coursekit.nn.gaussian",
    "predictive_samples": "coursekit.nn.predictive",
}

__all__ = ["VariationalConv2D", "VariationalDense", "compile_classifier", "gaussian_kl", "predictive_samples"]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        hush_tensorflow()
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
