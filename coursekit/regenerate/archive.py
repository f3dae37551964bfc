"""The folder of executed copies and what was measured of each; written after every notebook, each file in one step."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from coursekit.files import read_file, replace_file
from coursekit.regenerate import summary
from coursekit.regenerate.completion import headline_figures
from coursekit.regenerate.entries import Measured, RunEntry
from coursekit.regenerate.jobs import CannotRun, Execution, NotebookJob
from coursekit.regenerate.notebooks import parse

DATA, PAGE = "summary.json", "summary.html"
FORMAT = 1


class RunArchive:
    """The executed copies in a folder.

    Args:
        folder: is made by :meth:`open`.

    Attributes:
        entries: by the place of the copy.
        page: the summary for people.

    Raises:
        CannotRun: the folder holds a file of another kind with the name of the archive's, or is no folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.page = self.folder / PAGE
        self.entries = {entry.copy: entry for entry in self._read() if (self.folder / entry.copy).is_file()}

    def finished(self, job: NotebookJob) -> Execution | None:
        """What the archive holds of a job that passed, if notebook, parameters, course and copy are what they were."""
        entry = self.entries.get(self._place(job))
        if entry is None or entry.key != job.key or entry.failure:
            return None
        content = read_file(job.target) or b""
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            return None
        now = entry.now
        return Execution(job, now.seconds or 0.0, now.figures, "", now.memory or 0, content, kept=True)

    def open(self) -> None:
        """Make the folder, before anything runs for minutes whose copy could not be written.

        Raises:
            coursekit.files.CannotWrite: the folder cannot be written to.
        """
        trial = self.folder / ".trial"
        replace_file(trial, b"")
        trial.unlink()

    def keep(self, execution: Execution) -> None:
        """Write the copy of an execution, failed or not, and the summary.

        Raises:
            coursekit.files.CannotWrite: the folder cannot be written to.
        """
        replace_file(execution.job.target, execution.notebook)
        entry = self._entry(execution)
        self.entries[entry.copy] = entry
        listed = sorted(self.entries.values(), key=lambda each: each.copy)
        data = {"format": FORMAT, "notebooks": [asdict(each) for each in listed]}
        replace_file(self.folder / DATA, json.dumps(data, indent=1).encode("ascii") + b"\n")
        replace_file(self.page, summary.page(listed))

    def _entry(self, execution: Execution) -> RunEntry:
        job = execution.job
        ended = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return RunEntry(
            title=job.title,
            source=f"{job.source.parent.name}/{job.source.name}",
            copy=self._place(job),
            sha256=hashlib.sha256(execution.notebook).hexdigest(),
            key=job.key,
            parameters=json.loads(json.dumps(job.parameters, default=repr)),
            failure=execution.failure,
            now=Measured(execution.figures, execution.seconds, execution.memory, ended),
            last=self._last(job),
        )

    def _last(self, job: NotebookJob) -> Measured:
        earlier = self.entries.get(self._place(job))
        if earlier is not None and earlier.parameters == job.parameters:
            return earlier.last if earlier.failure else earlier.now
        stored = {} if job.parameters else headline_figures(parse(job.content, job.title))
        return Measured(stored)

    def _place(self, job: NotebookJob) -> str:
        return job.target.relative_to(self.folder).as_posix()

    def _read(self) -> list[RunEntry]:
        path = self.folder / DATA
        try:
            data = json.loads(path.read_bytes())  # msgspec's own reader takes no NaN, which a figure may be
            if data["format"] != FORMAT:
                raise ValueError(f"format {data['format']}")
            return msgspec.convert(data["notebooks"], list[RunEntry])
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CannotRun(f"{path} cannot be read: {error.strerror}. Name another folder with --out.") from error
        except (ValueError, TypeError, KeyError) as error:
            raise CannotRun(
                f"{path} is no summary of this version of coursekit run: {error!r}. "
                "Move it away, or name another folder with --out."
            ) from error
