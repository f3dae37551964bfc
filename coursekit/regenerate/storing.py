"""Putting the outputs of executed copies into the notebooks of the repository."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coursekit.files import replace_file
from coursekit.regenerate.jobs import CannotRun, Execution
from coursekit.regenerate.reading import KERNELSPEC, as_bytes, parse


def update(executions: Sequence[Execution]) -> list[Path]:
    """Store the outputs of the executed copies in the notebooks that they were made from; all of them or none.

    Sources, cell ids and metadata stay as stored; nothing of papermill and no time of day comes along.

    Raises:
        CannotRun: one of them did not pass, or its notebook has been edited since; nothing is stored.
    """
    made = {execution.job.source: _updated(execution) for execution in executions}
    for path, content in made.items():
        replace_file(path, content)
    return list(made)


def _updated(execution: Execution) -> bytes:
    source = execution.job.source
    if not execution.passed:
        raise CannotRun(f"{execution.job.title} did not pass: no outputs are stored.")
    if source.read_bytes() != execution.job.content:
        raise CannotRun(f"{source} has been edited while it ran: no outputs are stored. Run it again.")
    return as_bytes(with_outputs(parse(execution.job.content, source), parse(execution.notebook, source)))


def with_outputs(stored: Any, executed: Any) -> Any:
    """A copy of the notebook ``stored`` that has the outputs and execution counts of ``executed``."""
    updated = copy.deepcopy(stored)
    for mine, theirs in zip(updated.cells, executed.cells, strict=True):
        if mine.cell_type == "code":
            mine.outputs, mine.execution_count = theirs.outputs, theirs.execution_count
    language = {key: value for key, value in executed.metadata.language_info.items() if key != "version"}
    updated.metadata |= {"kernelspec": KERNELSPEC, "language_info": language}
    return updated
