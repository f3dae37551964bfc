"""Functions of a notebook in a process of their own: limited, killed, several at a time, and cleaned up after.

>>> from coursekit.apart import run_apart
>>> def double(number):
...     return 2 * number
>>> run_apart(double, number=21)  # doctest: +SKIP
42
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
