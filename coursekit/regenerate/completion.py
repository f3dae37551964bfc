"""What an executed notebook shows: the cell that did not run to its end, and the figures that it reports."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from coursekit.results import MIME

QUITS = "It calls exit or quit, which ends the kernel."


def unfinished_cell(executed: Any, raised: str, died: bool, quitting: Collection[str] = ()) -> str:
    """The first code cell that was not seen to end, or the one in which the kernel died; empty if all ran.

    Papermill lets ``sys.exit(0)`` and cells tagged ``raises-exception`` pass, and marks the cell completed in which a
    kernel dies.

    Args:
        executed: what papermill made of it, with its metadata.
        raised: the error of the run; empty if there was none.
        died: whether the kernel ended before its time.
        quitting: the ids of the cells that asked the kernel to end; what they print tells nothing of it.
    """
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    states = [cell.metadata.get("papermill", {}) for cell in cells]
    started = [number for number, state in enumerate(states) if state.get("start_time")]
    for number, (cell, state) in enumerate(zip(cells, states)):
        quits = cell.id in quitting
        if cell.source.strip() and (quits or not _ended(cell, state) or (died and number == started[-1])):
            printed = "\n".join(_printed(output) for output in cell.outputs)
            reason = QUITS if quits else raised if died or not printed else ""
            first_line = cell.source.strip().splitlines()[0]
            details = "\n".join(part.strip() for part in (printed, reason) if part)
            return f"code cell {number + 1} of {len(cells)} did not run to its end: {first_line}\n{details}"
    return raised


def _ended(cell: Any, state: Any) -> bool:
    failed = any(output.output_type == "error" for output in cell.outputs)
    return bool(cell.execution_count) and not state.get("exception") and not failed


def _printed(output: Any) -> str:
    text = output.get("text") or "\n".join(output.get("traceback", []))
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


def headline_figures(notebook: Any) -> dict[str, float]:
    """The numbers that a notebook's outputs carry under the type `coursekit.results.MIME`.

    >>> from nbformat.v4 import new_code_cell, new_notebook, new_output
    >>> table = new_output("display_data", {MIME: {"figures": [["test accuracy", 0.98]]}})
    >>> headline_figures(new_notebook(cells=[new_code_cell("table", outputs=[table])]))
    {'test accuracy': 0.98}
    """
    figures: dict[str, float] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            figures |= dict(output.get("data", {}).get(MIME, {}).get("figures", []))
    return figures
