"""Executing one notebook, here or on another machine: bytes in, bytes out."""

from __future__ import annotations

import contextlib
import copy
import tempfile
import time
from pathlib import Path
from typing import Any

from coursekit.executors.tasks import Halted, Task
from coursekit.executors.watching import watching
from coursekit.regenerate.completion import headline_figures, unfinished_cell
from coursekit.regenerate.reading import KERNELSPEC, as_bytes, parse


def execute(work: dict[str, Any], task: Task) -> dict[str, Any]:
    """Run a notebook from its first cell to its last with the kernel of this interpreter.

    The executed copy is the same each time that the outputs are: no time of day, no path and no random number is added.

    Args:
        work: ``title``, ``notebook`` (bytes), ``parameters``, and ``folder``, where it runs, or None for a scratch
            folder.
        task: is told how many cells have run, when it begins as well.

    Returns:
        the fields of :class:`coursekit.regenerate.jobs.Execution` without the job.

    Raises:
        Halted: the run was stopped.
    """
    from coursekit.regenerate.kernels import KernelWatch

    stored, watch = parse(work["notebook"], work["title"]), KernelWatch(task.halted)
    start = time.perf_counter()
    task.report(0, len(stored.cells))
    with tempfile.TemporaryDirectory(prefix="coursekit-run-") as scratch, watching(watch.look):
        folder = Path(work["folder"] or scratch)
        raised, died, executed = _papermill(stored, work["parameters"], Path(scratch), folder, watch, task)
    seconds = time.perf_counter() - start
    if task.halted():
        raise Halted
    return {
        "notebook": as_bytes(_tidied(stored, executed, work["parameters"])),
        "seconds": round(seconds, 2),
        "memory": watch.peak,
        "figures": headline_figures(executed),
        "failure": unfinished_cell(stored, executed, raised, died),
    }


def _papermill(
    stored: Any, parameters: dict[str, Any], scratch: Path, folder: Path, watch: Any, task: Task
) -> tuple[str, bool, Any]:
    """What was raised, whether the kernel died, and the notebook as papermill left it."""
    import papermill
    from jupyter_core.utils import ensure_event_loop
    from nbclient.exceptions import DeadKernelError

    from coursekit.regenerate import papermill_engine as engine
    from coursekit.regenerate.kernels import kernel_manager

    source, target, aside = scratch / "source.ipynb", scratch / "executed.ipynb", scratch / "aside"
    aside.mkdir()
    source.write_bytes(as_bytes(stored))
    total = len(stored.cells)
    raised, died = "", False
    try:
        with contextlib.closing(ensure_event_loop(prefer_selector_loop=True)):  # of this thread, for papermill
            papermill.execute_notebook(
                source,
                target,
                parameters,
                engine_name=engine.NAME,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                kernel_manager_class=kernel_manager(aside, folder, watch),
                shell_timeout_interval=1,
                on_cell_executed=lambda cell_index, **_: task.report(min(cell_index + 1, total), total),
            )
    except papermill.PapermillExecutionError as error:
        raised = str(error)
    except DeadKernelError as error:
        raised, died = f"{error}\n{(aside / 'stderr').read_text(errors='replace')}", True
    return raised, died, parse(target.read_bytes(), target.name)


def _tidied(stored: Any, executed: Any, parameters: dict[str, Any]) -> Any:
    """The executed notebook with the metadata of the stored one, and with the parameters."""
    tidied = copy.deepcopy(executed)
    metadata = {cell.id: cell.metadata for cell in stored.cells}
    for number, cell in enumerate(tidied.cells):
        if cell.id in metadata:
            cell.metadata = copy.deepcopy(metadata[cell.id])
        else:  # a cell that papermill added
            cell.id, cell.metadata = f"papermill-{number}", {"tags": cell.metadata.tags}
    language = executed.metadata.get("language_info", {})
    tidied.metadata = stored.metadata | {"kernelspec": KERNELSPEC, "language_info": language}
    if parameters:
        tidied.metadata["papermill"] = {"parameters": parameters}
    return tidied
