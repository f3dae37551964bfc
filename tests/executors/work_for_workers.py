"""Work that the tests send to workers, which import it by its name."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from coursekit.executors import kept


def double(work, task):
    task.report(1, 2)
    return {"twice": 2 * work["x"], "process": os.getpid()}


def fail(work, task):
    raise ZeroDivisionError(work["title"])


def wait_to_be_halted(work, task):
    Path(work["file"]).write_text("begun")
    sleep_until_halted(task)
    Path(work["file"]).write_text("halted")
    return {}


def sleep_until_halted(task):
    while not task.halted():
        time.sleep(0.1)


class Pool(contextlib.AbstractContextManager):
    """Tells in a file when it is opened and closed."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        self._tell("opened")
        return self

    def __exit__(self, *exception):
        self._tell("closed")

    def _tell(self, word):
        with open(self.file, "a") as file:
            file.write(f"{word} by {os.getpid()}\n")


def use_pool(work, task):
    pool = kept("pool", lambda: Pool(work["file"]))
    time.sleep(0.05)
    return {"process": os.getpid(), "same": pool is kept("pool", lambda: Pool(work["file"]))}
