"""The one loop in which an executor does many pieces of work, and Ctrl-C, taken in order."""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

from coursekit.executors.tasks import Executor, Halted

Item = TypeVar("Item")
Done = Future[dict[str, Any]]
Begin = Callable[[Item], Done]
POLL = 0.2
ENDING = 60.0


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM came; what ran was stopped, and what had ended before was handed over."""


@contextlib.contextmanager
def bounded(executor: Executor, items: Iterable[Item], begin: Begin[Item]) -> Iterator[Iterator[tuple[Item, Done]]]:
    """Each item with its ended future, as they come. What runs when the block is left is stopped.

    As many items are begun as run at a time, and where they are far away a few more; never all. The next one is begun
    when the results that have come are taken, so that each can be kept before.

    The first SIGINT or SIGTERM within the block raises nothing, so that what is being written is not torn: it ends the
    handing out, and when everything has stopped the iterator raises :class:`Interrupted`. A second one raises at once.
    In another than the main thread, which gets no signals, there is only the end of the block.

    Args:
        executor: does the work.
        items: what to do.
        begin: submits the work of an item to the executor; what it raises is the result of that item.

    >>> from coursekit.executors import LocalExecutor
    >>> with LocalExecutor(2) as executor:
    ...     begin = lambda x: executor.submit(lambda work, task: {"twice": 2 * work["x"]}, {"title": "", "x": x})
    ...     with bounded(executor, range(4), begin) as results:
    ...         sorted(done.result()["twice"] for item, done in results)
    [0, 2, 4, 6]
    """
    running: dict[Done, Item] = {}
    with _interrupts() as halted:
        try:
            yield _results(executor, iter(items), begin, running, halted)
        finally:
            if running:
                executor.stop()


def _results(
    executor: Executor, waiting: Iterator[Item], begin: Begin[Item], running: dict[Done, Item], halted: threading.Event
) -> Iterator[tuple[Item, Done]]:
    while not halted.is_set():
        room = max(0, executor.slots + executor.ahead - len(running))
        for item in itertools.islice(waiting, room):
            running[_begun(begin, item)] = item
        if not running:
            return
        for done in wait(running, POLL, FIRST_COMPLETED).done:
            yield running.pop(done), done
    executor.stop()
    for done in wait(running, ENDING).done:
        item = running.pop(done)
        if not isinstance(done.exception(), Halted):
            yield item, done
    raise Interrupted


def _begun(begin: Begin[Item], item: Item) -> Done:
    try:
        return begin(item)
    except Exception as error:
        failed: Done = Future()
        failed.set_exception(error)
        return failed


@contextlib.contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Within the block, the first SIGINT or SIGTERM sets the event, and a second one raises KeyboardInterrupt."""
    halted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield halted
        return

    def handle(number: int, frame: object) -> None:
        if halted.is_set():
            raise KeyboardInterrupt
        halted.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield halted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
