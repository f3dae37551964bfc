"""Data sets, embedded or fetched, verified before they are used, and loaded at once.

Environment: ``COURSEKIT_CACHE`` (the folder for unpacked and fetched files), ``COURSEKIT_MIRROR`` (a folder or an
address to fetch from), ``COURSEKIT_OFFLINE=1`` (fetch nothing over the network).
"""

import lazy_loader

from coursekit.quiet import hush_in_notebook

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

hush_in_notebook()
