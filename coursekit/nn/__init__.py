"""Layers and helpers of the course's networks that Keras does not have.

>>> import numpy as np
>>> from coursekit.nn import VariationalDense
>>> layer = VariationalDense(3, training_examples=1000)
>>> tuple(layer(np.ones((5, 2), "float32")).shape)
(5, 3)

Keras takes seconds to import, so each name is loaded when it is first asked for.
"""

import lazy_loader

from coursekit.quiet import hush_tensorflow

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

hush_tensorflow()
