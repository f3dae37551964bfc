"""What a worker may use, and the kernel's limits that hold it to that."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

try:
    import resource
except ImportError:  # Windows has none
    resource = None

MB = 2**20


@dataclass(frozen=True)
class Limits:
    """Bounds on one worker: one run of one notebook.

    Attributes:
        seconds: wall time of the whole run.
        cpu_seconds: processor time of each of its processes.
        memory: bytes of data of each process, and of all of them together, beyond what the warm parent has.
        tasks: processes and threads at a time.
        scratch: bytes in its scratch folder, and in its largest file.
        files: open files of each process.

    >>> Limits(seconds=60).memory // 2**20
    4096
    """

    seconds: float = 3600.0
    cpu_seconds: int = 3600
    memory: int = 4096 * MB
    tasks: int = 128
    scratch: int = 512 * MB
    files: int = 512

    @classmethod
    def generous(cls) -> Limits:
        """Bounds for one's own work, which does not attack: what runs without a sandbox runs within them, too."""
        day = 24 * 3600
        return cls(7.0 * day, 7 * day, memory=2**40, tasks=4096, scratch=4096 * MB, files=4096)


def apply(limits: Limits, own_task_count: bool) -> None:
    """Bind this process, and all that it starts, to ``limits`` for good.

    Args:
        limits: the bounds.
        own_task_count: whether the kernel counts the tasks of this process apart from its user's others, as it does
            in a user namespace of its own; only then is their number limited here.
    """
    if resource is None:
        return
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
    for name, value in bounds.items():
        if hasattr(resource, name):
            _lower(getattr(resource, name), value)


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    with contextlib.suppress(ValueError):  # macOS knows some limits by name only
        resource.setrlimit(kind, (value, value))
