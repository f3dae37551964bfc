"""What executors and the work that they run agree on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from coursekit.errors import CoursekitError

Work = dict[str, Any]
OnReport = Callable[[int, int], None]


class ExecutorError(CoursekitError):
    """Work cannot be done where it was sent; the message says why and what to do."""


class WorkLost(ExecutorError):
    """One piece of work ended every process that it was given to. Other work goes on."""


class Halted(Exception):
    """The work was stopped before its end."""


@dataclass(frozen=True)
class Task:
    """What running work knows of its executor.

    Attributes:
        halted: whether it should stop: it was cancelled, or nobody waits for it any more. Ask about once a second.
        report: takes how far it is: how much is done, of how much.
    """

    halted: Callable[[], bool]
    report: OnReport


Function = Callable[[Work, Task], dict[str, Any]]


def ignore(done: int, total: int) -> None:
    """Takes a report and does nothing."""


class Executor(Protocol):
    """Runs work elsewhere: in threads, or on a cluster.

    Attributes:
        here: whether work runs on this machine, so that it finds the files of this machine.
        ahead: how many more pieces of work to hand out than run at a time, so that nobody has to wait for the next.
    """

    here: bool
    ahead: int

    @property
    def slots(self) -> int:
        """How many pieces of work run at a time; may change while a cluster grows."""

    def submit(self, function: Function, work: Work, on_report: OnReport = ignore) -> Future[dict[str, Any]]:
        """Start ``function(work, task)``.

        Args:
            function: one that can be imported by its name, which calls ``task.halted()`` now and then.
            work: plain data; ``work["title"]`` names it for people.
            on_report: called with what the function reports, from another thread.

        Returns:
            a future that gets the function's result or its exception, :class:`Halted` if it was stopped,
            :class:`WorkLost` if no process survived it, another :class:`ExecutorError` if nothing can go on.
        """

    def stop(self) -> None:
        """Stop what runs and what waits; returns at once."""
