"""Executing one notebook, here or on another machine: bytes in, bytes out."""

from __future__ import annotations

import copy
import tempfile
import time
from pathlib import Path
from typing import Any

from coursekit.executors.tasks import Halted, Task
from coursekit.executors.watching import watching
from coursekit.regenerate.completion import headline_figures, unfinished_cell
from coursekit.regenerate.notebooks import KERNELSPEC, as_bytes, parse


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
    from coursekit.regenerate.kernels import KernelWatch, run_cells  # they take a second

    stored, watch = parse(work["notebook"], work["title"]), KernelWatch(task.halted)
    start = time.perf_counter()
    task.report(0, len(stored.cells))
    with tempfile.TemporaryDirectory(prefix="coursekit-run-") as scratch, watching(watch.look):
        folder = Path(work["folder"] or scratch)
        raised, died, executed, quitting = run_cells(stored, work["parameters"], Path(scratch), folder, watch, task)
    seconds = time.perf_counter() - start
    if task.halted():
        raise Halted
    return {
        "notebook": as_bytes(_tidied(stored, executed, work["parameters"])),
        "seconds": round(seconds, 2),
        "memory": watch.peak,
        "figures": headline_figures(executed),
        "failure": unfinished_cell(executed, raised, died, quitting),
    }


def _tidied(stored: Any, executed: Any, parameters: dict[str, Any]) -> Any:
    """The executed notebook with the metadata of the stored one, the parameters, and each printed text in one piece."""
    tidied = copy.deepcopy(executed)
    metadata = {cell.id: cell.metadata for cell in stored.cells}
    for number, cell in enumerate(tidied.cells):
        if cell.cell_type == "code":
            cell.outputs = _joined_streams(cell.outputs)
        if cell.id in metadata:
            cell.metadata = copy.deepcopy(metadata[cell.id])
        else:  # a cell that papermill added
            cell.id, cell.metadata = f"papermill-{number}", {"tags": cell.metadata.tags}
    language = executed.metadata.get("language_info", {})
    tidied.metadata = stored.metadata | {"kernelspec": KERNELSPEC, "language_info": language}
    tidied.metadata["coursekit"] = executed.metadata.coursekit
    if parameters:
        tidied.metadata["papermill"] = {"parameters": parameters}
    return tidied


def _joined_streams(outputs: list[Any]) -> list[Any]:
    """Neighbouring parts of one stream as one: where the kernel cuts them depends on the clock."""
    joined: list[Any] = []
    for output in outputs:
        if joined and output.output_type == joined[-1].output_type == "stream" and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined
