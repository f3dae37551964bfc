"""Things that are costly to make and are kept by a process for all work that it does, such as a pool of sandboxes."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

Resource = TypeVar("Resource")

_lock = threading.Lock()
_kept: dict[Hashable, Any] = {}
_open = ExitStack()
atexit.register(_open.close)


def kept(key: Hashable, make: Callable[[], AbstractContextManager[Resource]]) -> Resource:
    """The resource of that key; made by the first caller in this process, closed when the process ends.

    Args:
        key: stands for the resource and how it is configured.
        make: returns its context manager. When entering fails, the exception goes to the caller, and the next
            caller tries again.

    >>> from contextlib import nullcontext
    >>> kept("numbers", lambda: nullcontext([1, 2])) is kept("numbers", lambda: nullcontext([3]))
    True
    """
    with _lock:
        if key not in _kept:
            _kept[key] = _open.enter_context(make())
        resource: Resource = _kept[key]
        return resource
