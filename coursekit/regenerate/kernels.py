"""The kernel that a notebook runs in: of this interpreter, watched while it runs, ended when the run is halted."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil


class KernelWatch:
    """Looks at a kernel's processes, each time that :meth:`look` is called.

    Args:
        halted: whether they are to be ended.

    Attributes:
        peak: the most bytes of memory that they were seen to hold together.
    """

    def __init__(self, halted: Callable[[], bool]) -> None:
        self.peak = 0
        self._halted = halted
        self._kernel: psutil.Process | None = None

    def begin(self, process: int) -> None:
        """Watch the process of that number and those that it starts."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._kernel = psutil.Process(process)

    def look(self) -> None:
        """Measure the processes, or end them."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if self._kernel is None or not self._kernel.is_running():
                return
            family = [self._kernel, *self._kernel.children(recursive=True)]
            if not self._halted():
                self.peak = max(self.peak, sum(map(_memory, family)))
                return
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def kernel_manager(aside: Path, folder: Path, watch: KernelWatch) -> type:
    """A kernel manager that looks for no installed kernels, so that none of another Python is taken.

    Args:
        aside: takes what is not of the notebook: what the kernel process itself writes on standard error, such as its
            end in a crash, and the points of a solution, which are not the learner's progress.
        folder: the kernel's working directory.
        watch: is told of the kernel's process.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    class KernelOfThisInterpreter(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _only_the_native_kernel(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[], parent=self)

        @default("transport_encryption")
        def _where_the_kernel_can(self) -> str:
            return "auto"

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # mypy takes the base's coroutine for a plain function
            options["env"] = os.environ | {"COURSEKIT_PROGRESS": str(aside / "progress.json")}
            options["cwd"] = str(folder)
            with open(aside / "stderr", "wb") as stderr:
                await super().start_kernel(stderr=stderr, **options)
            provisioner: Any = self.provisioner
            watch.begin(provisioner.pid)

    return KernelOfThisInterpreter
