"""Bounds on what the learner's code may use while a check asks it: time, and printed characters."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO, cast

from coursekit.worker.bounds import FEW_PROCESSES, PRINTED_CHARACTERS

REPEAT = 0.2


class OutOfTime(BaseException):
    """The time is over. Not an ``Exception``, so that ``except Exception`` in a loop does not catch it."""


def can_interrupt() -> bool:
    """Whether running Python code can be interrupted here: in the main thread, and on Windows nowhere."""
    return sys.platform != "win32" and threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the block with :class:`OutOfTime` after ``seconds``.

    Where code cannot be interrupted (see :func:`can_interrupt`; on Windows, for one), there is no limit. Code that
    never returns to Python, such as one endless call into a C library, is not interrupted either.

    >>> with time_limit(60):
    ...     sum(range(10))
    45
    """
    if sys.platform == "win32" or not can_interrupt():
        yield
        return
    armed = True

    def interrupt(number: int, frame: object) -> None:
        if armed:
            raise OutOfTime

    handler = signal.signal(signal.SIGALRM, interrupt)
    started = time.monotonic()
    before = signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT)  # again and again: a bare `except:` may swallow one
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if before[0]:
            left = max(before[0] - (time.monotonic() - started), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, before[1])


class Waiting:
    """How long threads of this process have waited for a processor that others had, from now on.

    >>> Waiting().seconds() < 60
    True
    """

    def __init__(self) -> None:
        self._before = _waited()

    def seconds(self) -> float:
        """The time that the one which waited most has waited; 0 where the system does not tell, or where so many
        processes are in sight that it may be its own that made it wait."""
        waited = _waited()
        if not waited or sum(map(str.isdecimal, os.listdir("/proc"))) > 2 + FEW_PROCESSES:  # its keeper, and itself
            return 0.0
        return max(total - self._before.get(thread, 0.0) for thread, total in waited.items())


def _waited() -> dict[str, float]:
    waited = {}
    with contextlib.suppress(OSError):  # a thread has ended; or there is no such folder but on Linux
        for thread in os.listdir("/proc/self/task"):
            found = os.open(f"/proc/self/task/{thread}/schedstat", os.O_RDONLY)  # sooner than `open`, at each answer
            try:
                waited[thread] = int(os.read(found, 100).split()[1]) / 1e9
            finally:
                os.close(found)
    return waited


class BoundedText:
    """A text stream that hands on at most ``limit`` characters, then one note, then nothing."""

    def __init__(self, stream: TextIO, limit: int) -> None:
        self._stream, self._left = stream, limit

    def write(self, text: str) -> int:
        """Hand on ``text`` as far as the limit allows."""
        if self._left > 0:
            self._stream.write(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._stream.write("\n… the rest of what your code printed is left out\n")
        return len(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextlib.contextmanager
def bounded_output(limit: int = PRINTED_CHARACTERS) -> Iterator[None]:
    """Let the block print at most ``limit`` characters to each of ``sys.stdout`` and ``sys.stderr``."""
    out, err = BoundedText(sys.stdout, limit), BoundedText(sys.stderr, limit)
    with contextlib.redirect_stdout(cast(TextIO, out)), contextlib.redirect_stderr(cast(TextIO, err)):
        yield
