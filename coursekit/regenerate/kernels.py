"""The kernel that a notebook runs in: of this interpreter, watched while it runs, ended when the run is halted."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

INTERVAL = 0.5


class KernelWatch:
    """Looks at a kernel's processes twice a second.

    Args:
        halted: whether they are to be ended.

    Attributes:
        peak: the most bytes of memory that they were seen to hold together.
    """

    def __init__(self, halted: Callable[[], bool]) -> None:
        self.peak = 0
        self._halted = halted
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> KernelWatch:
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def begin(self, process: int) -> None:
        """Watch the process of that number and those that it starts."""
        thread = threading.Thread(target=self._watch, args=(process,), name="watches a kernel", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _watch(self, process: int) -> None:
        import psutil

        with contextlib.suppress(psutil.NoSuchProcess):
            kernel = psutil.Process(process)
            while kernel.is_running():
                family = [kernel, *kernel.children(recursive=True)]
                if self._halted():
                    for member in family:
                        with contextlib.suppress(psutil.NoSuchProcess):
                            member.kill()
                    return
                self.peak = max(self.peak, sum(map(_memory, family)))
                if self._over.wait(INTERVAL):
                    return


def _memory(process) -> int:
    import psutil

    try:
        return process.memory_info().rss
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
        def _only_the_native_kernel(self):
            return KernelSpecManager(kernel_dirs=[], parent=self)

        @default("transport_encryption")
        def _where_the_kernel_can(self):
            return "auto"

        async def start_kernel(self, **options):
            options["env"] = os.environ | {"COURSEKIT_PROGRESS": str(aside / "progress.json")}
            options["cwd"] = str(folder)
            with open(aside / "stderr", "wb") as stderr:
                await super().start_kernel(stderr=stderr, **options)
            watch.begin(self.provisioner.pid)

    return KernelOfThisInterpreter
