"""Process 1 of a worker's namespaces: it waits for the worker's end, bounds its time and memory, and ends the rest.

The grader holds the other end of its socket, the lifeline: when that is closed, by the grader or by its death, the
keeper ends everything. What it writes there, once, is how the worker ended.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

from coursekit.grading.channel import ending
from coursekit.grading.sandbox.bounds import MB, Limits

LOOK_SECONDS = 0.25
EXACT, QUICK = ("Pss_Anon:", "Pss_Shmem:"), ("RssAnon:", "RssShmem:")


def keep(worker: int, lifeline: int, limits: Limits, alone: bool) -> None:
    """Watch a child process until it ends, oversteps or is no longer wanted; then end all that is left of it.

    Args:
        worker: the child's number.
        lifeline: the descriptor where to tell how it ended; its end means that nobody wants to know.
        limits: bounds on time and memory.
        alone: whether this is process 1 of a process namespace, so that every process in sight is the worker's.
    """
    how = _watch(worker, lifeline, limits, alone)
    code = _end_all(worker, alone)
    with contextlib.suppress(OSError):
        os.write(lifeline, (how or ending(code)).encode())


def memory_of(process: int, source: str = "smaps_rollup", lines: tuple[str, ...] = EXACT) -> int:
    """Bytes of memory of a process that belong to no file; 0 if it is gone.

    A page that several processes share counts in equal parts; from the source ``"status"``, which is quicker to read,
    it counts for each of them.
    """
    try:
        with open(f"/proc/{process}/{source}", encoding="ascii", errors="replace") as found:
            return 1024 * sum(int(line.split()[1]) for line in found if line.startswith(lines))
    except OSError:
        return 0


def _watch(worker: int, lifeline: int, limits: Limits, alone: bool) -> str:
    """Wait; return why the worker has to end, or nothing if it ended by itself or is not wanted."""
    last = time.monotonic() + limits.seconds
    poll = select.poll()
    poll.register(os.pidfd_open(worker), select.POLLIN)
    poll.register(lifeline, select.POLLIN | select.POLLHUP)
    while not poll.poll(LOOK_SECONDS * 1000):
        if time.monotonic() > last:
            return f"because its {limits.seconds:g} seconds were over"
        watched = _others() if alone else _descendants()
        at_most = sum(memory_of(each, "status", QUICK) for each in watched)
        if at_most > limits.memory and sum(map(memory_of, watched)) > limits.memory:
            return f"because it used more than {limits.memory // MB} MB of memory"
    return ""


def _others() -> list[int]:
    """The numbers of all processes that this one can see, except itself."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) != os.getpid()]


def _end_all(worker: int, alone: bool) -> int:
    """Kill the worker and all its descendants, and wait until they are gone; return the worker's exit code."""
    code = 0
    while True:
        for process in [-1] if alone else _descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        try:
            number, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return code
        if number == worker:
            code = os.waitstatus_to_exitcode(status)


def _descendants() -> list[int]:
    parents = {}
    for name in _others():
        with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
            parents[name] = int(f.read().rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {os.getpid()})
