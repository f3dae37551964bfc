"""Process 1 of a worker's namespaces: it waits for the worker's end, bounds its time and memory, and ends the rest.

The grader holds the other end of its socket, the lifeline: when that is closed, by the grader or by its death, the
keeper ends everything. At the end it writes there how the worker ended.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import signal
import socket
import time

import psutil

from coursekit.sandbox.levels import SWEEP
from coursekit.worker.bounds import DYING_SECONDS, FEW_PROCESSES, MB, Limits
from coursekit.worker.channel import ending

LOOK_SECONDS = 0.1
EXACT, QUICK = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:"), ("RssAnon:", "RssShmem:", "VmSwap:", "VmPTE:")
LOWEST = 19


def keep(worker: int, lifeline: int, limits: Limits, alone: bool) -> None:
    """Watch a child process until it ends, oversteps or is no longer wanted; then end all that is left of it.

    Asked to sweep, it ends all but the child itself, such as what a cell that was cut short has left behind.

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


def memory_of(process: int) -> int:
    """Bytes of memory of a process that belong to no file, be they swapped out, and of the tables of its pages; 0 if it
    is gone. A page that several processes share counts in equal parts."""
    return _listed(process, "smaps_rollup", EXACT) + _listed(process, "status", ("VmPTE:",))


def memory_of_sockets() -> int:
    """The most bytes that all sockets of this network namespace can hold."""
    with socket.socket(socket.AF_UNIX) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**30)  # the kernel makes of it the most that it allows
        largest = one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    with open("/proc/net/sockstat", encoding="ascii") as found:
        return int(found.readline().split()[2]) * largest


def _listed(process: int, source: str, lines: tuple[str, ...]) -> int:
    try:
        with open(f"/proc/{process}/{source}", encoding="ascii", errors="replace") as found:
            return 1024 * sum(int(line.split()[1]) for line in found if line.startswith(lines))
    except OSError:
        return 0


def _watch(worker: int, lifeline: int, limits: Limits, alone: bool) -> str:
    """Wait; return why the worker has to end, or nothing if it ended by itself or is not wanted."""
    last, pause = time.monotonic() + limits.seconds, LOOK_SECONDS
    poll = select.poll()
    poll.register(os.pidfd_open(worker), select.POLLIN)
    poll.register(lifeline, select.POLLIN)
    while True:
        for descriptor, event in poll.poll(pause * 1000):
            if descriptor != lifeline or event != select.POLLIN or os.read(lifeline, len(SWEEP)) != SWEEP:
                return ""
            _sweep(worker, alone)
            os.write(lifeline, SWEEP)
        if time.monotonic() > last:
            return f"because its {limits.seconds:g} seconds were over"
        began, watched = time.monotonic(), _processes(alone)
        _give_way(watched, worker)
        if _memory_is_over(watched, limits.memory, alone):
            return f"because it used more than {limits.memory // MB} MB of memory"
        pause = max(LOOK_SECONDS, time.monotonic() - began)  # so that many processes do not make it a burden


def _memory_is_over(processes: list[int], limit: int, alone: bool) -> bool:
    sockets = memory_of_sockets() if alone else 0
    at_most = sum(_listed(each, "status", QUICK) for each in processes)  # quicker, but counts what is shared for each
    exact = itertools.accumulate(map(memory_of, processes), initial=sockets)
    return sockets + at_most > limit and any(so_far > limit for so_far in exact)


def _give_way(processes: list[int], worker: int) -> None:
    """Let many processes beside the worker yield to other submissions."""
    if len(processes) > 1 + FEW_PROCESSES:
        for process in set(processes) - {worker}:
            with contextlib.suppress(OSError):  # it is gone
                os.setpriority(os.PRIO_PROCESS, process, LOWEST)


def _sweep(worker: int, alone: bool) -> None:
    """End every process but the worker itself; while they die, everything stands still, so that nothing escapes."""
    if not alone:
        return  # a descendant could have a new parent by now, and other processes are not ours to stop
    os.kill(-1, signal.SIGSTOP)
    others = set(_processes(alone)) - {worker}
    for process in others:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    last = time.monotonic() + DYING_SECONDS
    while any(map(_lives, others)) and time.monotonic() < last:
        time.sleep(0.01)
    os.kill(worker, signal.SIGCONT)


def _end_all(worker: int, alone: bool) -> int:
    """Kill the worker and all its descendants, and wait until they are gone; return the worker's exit code."""
    code = 0
    while True:
        for process in [-1] if alone else _processes(alone):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        try:
            number, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return code
        if number == worker:
            code = os.waitstatus_to_exitcode(status)


def _processes(alone: bool) -> list[int]:
    """The worker's processes: all in sight but this one, or else all that descend from this one."""
    if alone:
        return [number for number in psutil.pids() if number != os.getpid()]
    return [child.pid for child in psutil.Process().children(recursive=True)]


def _lives(process: int) -> bool:
    """Whether a process has not ended; one that its parent has not taken note of yet has."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(process).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    return False
