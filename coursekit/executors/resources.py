"""Things that are costly to make and are kept by a process for all work that it does, such as a pool of sandboxes."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

Resource = TypeVar("Resource")

_lock = threading.Lock()
_kept: dict[Hashable, Future[Any]] = {}


def kept(key: Hashable, make: Callable[[], AbstractContextManager[Resource]]) -> Resource:
    """The resource of that key; made by the first caller in this process, closed when the process ends.

    It is entered and left in a thread of its own that lives as long as it does: Linux may end a child process with the
    thread that started it, and threads of an executor come and go.

    Args:
        key: stands for the resource and how it is configured.
        make: returns its context manager. When entering fails, the exception goes to the caller, and the next
            caller tries again.

    >>> from contextlib import nullcontext
    >>> kept("numbers", lambda: nullcontext([1, 2])) is kept("numbers", lambda: nullcontext([3]))
    True
    """
    with _lock:
        made = _kept.get(key)
        if made is None or (made.done() and made.exception()):
            made = _kept[key] = Future()
            _hold(make, made)
    resource: Resource = made.result()
    return resource


def _hold(make: Callable[[], AbstractContextManager[Any]], made: Future[Any]) -> None:
    closing = threading.Event()

    def hold() -> None:
        try:
            with make() as resource:
                made.set_result(resource)
                closing.wait()
        except BaseException as error:
            if made.done():
                raise
            made.set_exception(error)

    def close() -> None:
        closing.set()
        holder.join()

    holder = threading.Thread(target=hold, name=f"keeps {make!r}", daemon=True)
    holder.start()
    atexit.register(close)
