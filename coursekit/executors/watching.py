"""Looking at what runs while it runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

INTERVAL = 0.5


@contextlib.contextmanager
def watching(look: Callable[[], object]) -> Iterator[None]:
    """Within the block, call ``look()`` twice a second from another thread."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(INTERVAL):
            look()

    thread = threading.Thread(target=watch, name="watches work", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
