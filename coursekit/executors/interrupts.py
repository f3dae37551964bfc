"""Ctrl-C, taken in order."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def interrupts_set(halted: threading.Event) -> Iterator[None]:
    """Within the block, the first SIGINT or SIGTERM sets ``halted`` rather than raising somewhere; a second one raises.

    What is being written is thus never torn by Ctrl-C, nor is a KeyboardInterrupt lost in somebody's callback. In
    another than the main thread, which gets no signals, the block changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: object) -> None:
        if halted.is_set():
            raise KeyboardInterrupt
        halted.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
