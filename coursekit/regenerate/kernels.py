"""Running the cells of a notebook with papermill, in a kernel of this interpreter.

The kernel is watched while it runs, and ended when the run is halted. What is imported here takes a second.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import psutil
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

from coursekit.errors import WHAT_HELPS
from coursekit.executors.tasks import Task
from coursekit.regenerate.notebooks import as_bytes, parse

ENGINE = "coursekit"
START_SECONDS = 120  # that a kernel may take to start; a slow disk at its first start, with a scanner, needs one
logging.getLogger("papermill").addHandler(logging.NullHandler())  # what it logs, such as a kernel's end, it raises too


class KernelWatch:
    """Looks at a kernel's processes, each time that :meth:`look` is called.

    Args:
        halted: whether they are to be ended.
    """

    def __init__(self, halted: Callable[[], bool]) -> None:
        self._sizes = [0]
        self._halted = halted
        self._kernel: psutil.Process | None = None

    @property
    def peak(self) -> int:
        """The most bytes of memory that they were seen to hold together."""
        return max(self._sizes)

    def begin(self, process: int) -> None:
        """Watch the process of that number and those that it starts."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._kernel = psutil.Process(process)

    def look(self) -> None:
        """Measure the processes, or end them."""
        with contextlib.suppress(psutil.Error):  # of a process that ends meanwhile: the next look will do
            if self._kernel is None or not self._kernel.is_running():
                return
            family = [self._kernel, *self._kernel.children(recursive=True)]
            if not self._halted():
                self._sizes.append(sum(_held(member, alone=len(family) == 1) for member in family))
                return
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()


def _held(process: psutil.Process, *, alone: bool) -> int:
    """The bytes of memory that a process holds: none once it has ended.

    One that is alone counts in full, which takes no time. Of several, each page that they share is divided among all
    that hold it (the proportional set size), on Linux; elsewhere, and where that may not be read, each counts in full.
    """
    try:
        if alone or not psutil.LINUX:
            return process.memory_info().rss
        return process.memory_full_info().pss
    except psutil.AccessDenied:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def kernel_manager(aside: Path, folder: Path, watch: KernelWatch, environment: dict[str, str]) -> type:
    """A kernel manager that looks for no installed kernels, so that none of another Python is taken.

    Args:
        aside: takes what is not of the notebook: what the kernel process itself writes on standard error, such as its
            end in a crash, and the points of a solution, which are not the learner's progress.
        folder: the kernel's working directory.
        watch: is told of the kernel's process.
        environment: more variables for the kernel.
    """

    class KernelOfThisInterpreter(AsyncKernelManager):
        def __init__(self, **options: Any) -> None:
            native = KernelSpecManager(kernel_dirs=[])  # and messages encrypted where the kernel can
            super().__init__(kernel_spec_manager=native, transport_encryption="auto", **options)

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # mypy takes the base's coroutine for a plain function
            options["env"] = os.environ | environment | {"COURSEKIT_PROGRESS": str(aside / "progress.json")}
            options["cwd"] = str(folder)
            with open(aside / "stderr", "wb") as stderr:
                await super().start_kernel(stderr=stderr, **options)
            provisioner: Any = self.provisioner
            watch.begin(provisioner.pid)

    return KernelOfThisInterpreter


class SavedOnce(NBClientEngine):
    """Writes the notebook when it has ended, in whatever way. To write it after each of 200 cells costs ten seconds."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **settings: Any) -> None:
        path, nb_man.output_path = nb_man.output_path, None  # without one, save() writes nothing
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **settings)
        finally:
            nb_man.output_path = path


papermill_engines.register(ENGINE, SavedOnce)


def run_cells(
    stored: Any, parameters: dict[str, Any], scratch: Path, folder: Path, watch: KernelWatch, task: Task
) -> tuple[str, bool, Any, set[str]]:
    """Run a notebook in ``folder``.

    Returns:
        what was raised, whether the kernel died, the notebook as papermill left it, whose metadata name the data files
        that it loaded, and the ids of the cells that asked the kernel to end.
    """
    source, target, aside = scratch / "source.ipynb", scratch / "executed.ipynb", scratch / "aside"
    aside.mkdir()
    source.write_bytes(as_bytes(stored))
    total, loaded = len(stored.cells), aside / "loaded"

    quitting = set[str]()

    def executed_cell(cell: Any, cell_index: int, execute_reply: Any, **_: Any) -> None:
        payload = execute_reply["content"].get("payload", [])
        if any(each.get("source") == "ask_exit" and not each.get("keepkernel") for each in payload):
            quitting.add(cell.id)
        watch.look()  # a short notebook ends before the first look of the clock
        task.report(min(cell_index + 1, total), total)

    environment = {"COURSEKIT_FULL": "" if parameters else "1", "COURSEKIT_LOADED": str(loaded)}
    raised, died = "", False
    try:
        with contextlib.closing(ensure_event_loop(prefer_selector_loop=True)):  # of this thread, for papermill
            papermill.execute_notebook(
                source,
                target,
                parameters,
                engine_name=ENGINE,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                kernel_manager_class=kernel_manager(aside, folder, watch, environment),
                start_timeout=START_SECONDS,
                shell_timeout_interval=1,
                on_cell_executed=executed_cell,
            )
    except papermill.PapermillExecutionError as error:
        raised = str(error)
    except RuntimeError as error:  # nbclient's: the kernel died, or it did not start in time
        raised, died = f"{error}\n{(aside / 'stderr').read_text('utf-8', 'replace')}\n{WHAT_HELPS}", True
    executed = parse(target.read_bytes(), target.name)
    names = loaded.read_text("utf-8").split() if loaded.exists() else []
    executed.metadata["coursekit"] = executed.metadata.get("coursekit", {}) | {"loaded": sorted(set(names))}
    return raised, died, executed, quitting
