"""The kernel's limits that hold a worker's processes to their bounds."""

from __future__ import annotations

import contextlib
import sys

from coursekit.worker.bounds import Limits

if sys.platform != "win32":
    import resource


def apply(limits: Limits, own_task_count: bool) -> None:
    """Bind this process, and all that it starts, to ``limits`` for good. Windows has no such limits.

    Args:
        limits: the bounds.
        own_task_count: whether the kernel counts the tasks of this process apart from its user's others, as it does
            in a user namespace of its own; only then is their number limited here.
    """
    bounds = {
        "RLIMIT_DATA": limits.memory,  # RLIMIT_AS would also count what TensorFlow only reserves
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_FSIZE": limits.scratch,
        "RLIMIT_NOFILE": limits.files,
        "RLIMIT_CORE": 1,  # fits no dump, and keeps the kernel from calling a crash reporter, which 0 does not
        "RLIMIT_MSGQUEUE": 0,
    }
    if own_task_count:
        bounds["RLIMIT_NPROC"] = limits.tasks
    if sys.platform != "win32":
        kinds = vars(resource)
        for name in bounds.keys() & kinds.keys():
            kind, value = kinds[name], bounds[name]
            _, hard = resource.getrlimit(kind)
            if hard != resource.RLIM_INFINITY:
                value = min(value, hard)
            with contextlib.suppress(ValueError):  # macOS knows some limits by name only
                resource.setrlimit(kind, (value, value))
