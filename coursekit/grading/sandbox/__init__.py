"""The sandbox in which other people's notebooks run: :class:`WorkerPool` starts sealed workers from one warm parent."""

from coursekit.grading.sandbox.bounds import Limits
from coursekit.grading.sandbox.pool import NoSandbox, WorkerPool

__all__ = ["Limits", "NoSandbox", "WorkerPool"]
