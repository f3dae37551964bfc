"""The notebook in which this process runs, if it runs one."""

from __future__ import annotations

import sys
from typing import Any


def notebook_shell() -> Any:
    """The IPython shell of the notebook in which this runs; None in a terminal or a script."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if hasattr(getattr(shell, "kernel", None), "shell") else None  # a worker has a stand-in for a kernel
