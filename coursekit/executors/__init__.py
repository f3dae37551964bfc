"""Where work is done: in threads of this process, or on the workers of a Dask cluster. Callers see no difference.

A piece of work is a module-level function of a small dict and a :class:`Task`; it returns a dict. It assumes nothing
about the machine that it runs on, so that what it needs must be in the dict, in the course, or in its Python.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from coursekit.executors.cluster import ClusterExecutor, Tls, connected
from coursekit.executors.local import LocalExecutor
from coursekit.executors.resources import kept
from coursekit.executors.tasks import Executor, ExecutorError, Halted, Task

__all__ = ["ClusterExecutor", "Executor", "ExecutorError", "Halted", "LocalExecutor", "Task", "Tls", "kept"]
__all__ += ["open_executor"]


def open_executor(
    jobs: int = 1, scheduler: str | None = None, tls: Tls | None = None
) -> AbstractContextManager[Executor]:
    """What runs the work, for a ``with`` statement, whose end stops everything that still runs.

    Args:
        jobs: how many pieces of work run at a time on this machine; a cluster knows its own number.
        scheduler: address of a Dask scheduler, as ``tcp://host:8786``; this machine if left out.
        tls: certificates for the scheduler; those of Dask's own configuration if left out.

    Raises:
        ExecutorError: on entering, there is no such cluster, or a worker of it differs from this machine.

    >>> with open_executor(jobs=2) as executor:
    ...     executor.submit(lambda work, task: {"twice": 2 * work["x"]}, {"title": "x", "x": 4}).result()
    {'twice': 8}
    """
    return connected(scheduler, tls) if scheduler else LocalExecutor(jobs)
