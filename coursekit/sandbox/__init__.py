"""The sandbox in which other people's notebooks run: :class:`WorkerPool` starts sealed workers from one warm parent."""

from coursekit.sandbox.pool import NoSandbox, WorkerPool

__all__ = ["NoSandbox", "WorkerPool"]
