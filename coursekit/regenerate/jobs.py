"""A notebook to execute, and what became of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from coursekit.errors import CoursekitError
from coursekit.executors.fingerprint import fingerprint


class CannotRun(CoursekitError):
    """A run was asked for that cannot be started: an unknown parameter, a file that is no notebook."""


@dataclass(frozen=True)
class NotebookJob:
    """One notebook to execute.

    Attributes:
        source: the notebook as stored.
        target: where the executed copy goes.
        parameters: values that replace those of its parameters cell.
        content: the bytes of the notebook when the run was planned.
        package: stands for the code of the package that it depended on then; empty if that does not matter.
    """

    source: Path
    target: Path
    parameters: dict[str, Any] = field(default_factory=dict)
    content: bytes = b""
    package: str = ""

    def __post_init__(self) -> None:
        _ = self.key  # as the course is now, not after the run

    @property
    def title(self) -> str:
        """Folder and name, as progress and report show it; the name is that of the copy, which may tell parameters."""
        return f"{self.source.parent.name}/{self.target.stem}"

    @cached_property
    def key(self) -> str:
        """Stands for everything that the result depends on: content, parameters, and the course and Python here."""
        told = json.dumps([self.parameters, fingerprint()], sort_keys=True, default=repr)
        return hashlib.sha256(self.content + b"\0" + told.encode()).hexdigest()

    def work(self, folder: Path | None = None) -> dict[str, Any]:
        """What :func:`coursekit.regenerate.executing.execute` needs.

        Args:
            folder: where the notebook runs; a scratch folder if left out.
        """
        place = str(folder) if folder else None
        return {"title": self.title, "notebook": self.content, "parameters": self.parameters, "folder": place}


@dataclass(frozen=True)
class Execution:
    """What executing a job's notebook gave.

    Attributes:
        job: the job.
        seconds: wall time, start of the kernel included.
        figures: the numbers that the notebook reports through `coursekit.results`.
        failure: the failing cell with its number and traceback; empty when every cell ran to its end.
        memory: the most bytes that the kernel and the processes it started held at a time, seen twice a second.
        notebook: the executed copy.
        kept: whether it was executed in an earlier run.
    """

    job: NotebookJob
    seconds: float
    figures: dict[str, float]
    failure: str = ""
    memory: int = 0
    notebook: bytes = b""
    kept: bool = False

    @property
    def passed(self) -> bool:
        """Whether every cell ran to its end."""
        return not self.failure
