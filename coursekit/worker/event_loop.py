"""The event loop that a notebook's cells share, as in a notebook's kernel: it runs while a cell runs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from coursekit.worker.bounds import TASK_SECONDS


class CellLoop:
    """Runs cells in one event loop, so that a cell may ``await``, or begin tasks for later cells to wait for.

    What a cell begins and does not wait for goes on behind it for a while, as it would in a kernel whose owner reads.

    Attributes:
        left: how many tasks the last cell began that had not ended then.

    >>> async def cell():
    ...     global task
    ...     task = asyncio.create_task(asyncio.sleep(0.01, "done"))
    >>> loop = CellLoop()
    >>> loop.run(cell())
    >>> task.result(), loop.left
    ('done', 0)
    >>> loop.close()
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self.left = 0

    def run(self, cell: Coroutine[Any, Any, Any]) -> Any:
        """What ``cell`` returns."""
        loop, self._loop, self.left = self._loop or asyncio.new_event_loop(), None, 0
        asyncio.set_event_loop(loop)
        result = loop.run_until_complete(self._with_what_it_begins(cell))
        self._loop = loop  # one that was interrupted, or that the cell stopped, is not used again
        return result

    def close(self) -> None:
        """Let go of the loop."""
        asyncio.set_event_loop(None)
        if self._loop:
            self._loop.close()

    async def _with_what_it_begins(self, cell: Coroutine[Any, Any, Any]) -> Any:
        before = asyncio.all_tasks()
        result = await cell
        if begun := asyncio.all_tasks() - before:
            self.left = len((await asyncio.wait(begun, timeout=TASK_SECONDS))[1])
        return result
