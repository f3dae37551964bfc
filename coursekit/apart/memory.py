"""A limit on the memory of this process that the system enforces, and the most that it has held."""

from __future__ import annotations

import sys
from pathlib import Path

MEGABYTE = 10**6
STATUS = Path("/proc/self/status")


def limit_memory(megabytes: float) -> bool:
    """Let this process take ``megabytes`` more than it has now, and no byte beyond; return whether that is enforced.

    The limit is RLIMIT_DATA, which counts what a process may write to: the heap, private mappings, the stacks of
    threads. Linux alone enforces it; elsewhere nothing is limited. A limit cannot be taken back: use it in a process
    of its own.

    Raises:
        ValueError: ``megabytes`` is not above zero.
    """
    if not megabytes > 0:
        raise ValueError(f"A limit is above zero megabytes; got {megabytes}.")
    if sys.platform != "linux":
        return False
    import resource

    most = int(_status("VmData") + megabytes * MEGABYTE)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    return True


def peak_memory() -> float:
    """The most megabytes of real memory that this process has held at a time.

    On Linux that is the high-water mark of this very program. (The figure of ``getrusage``, taken elsewhere, begins
    with what its parent held when it was started.) It is 0 where the system tells neither, as on Windows.
    """
    if sys.platform == "linux":
        return _status("VmHWM") / MEGABYTE
    if sys.platform == "win32":
        return 0.0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / MEGABYTE if sys.platform == "darwin" else most * 1024 / MEGABYTE


def _status(field: str) -> int:
    """Bytes that a field of /proc/self/status tells in kB."""
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines[field].split()[0]) * 1024
