"""The folder of executed copies and what was measured of each; written after every notebook, each file in one step."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from coursekit.files import replace_file
from coursekit.regenerate import summary
from coursekit.regenerate.completion import headline_figures
from coursekit.regenerate.jobs import CannotRun, Job, Outcome
from coursekit.regenerate.reading import parse

DATA, PAGE = "summary.json", "summary.html"
FORMAT = 1


@dataclass(frozen=True)
class Measured:
    """What a run reached: seconds and bytes where they are known, the figures, and when it ended."""

    figures: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    memory: int | None = None
    ended: str = ""


@dataclass(frozen=True)
class Entry:
    """One executed copy.

    Attributes:
        title: folder and name of the copy, without its ending.
        source: folder and name of the notebook.
        copy: where the copy lies within the archive.
        sha256: of the copy.
        key: of its job.
        parameters: that it was run with.
        failure: empty if it passed.
        now: what it reached.
        last: what the run before reached, or else the outputs that are stored in the notebook.
    """

    title: str
    source: str
    copy: str
    sha256: str
    key: str
    parameters: dict[str, Any]
    failure: str
    now: Measured
    last: Measured


class Archive:
    """The executed copies in a folder.

    Args:
        folder: is made when the first copy comes.

    Attributes:
        entries: by the place of the copy.

    Raises:
        CannotRun: the folder holds a file of another kind with the name of the archive's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.entries = {entry.copy: entry for entry in self._read() if (self.folder / entry.copy).is_file()}

    @property
    def page(self) -> Path:
        """The summary for people."""
        return self.folder / PAGE

    def finished(self, job: Job) -> Outcome | None:
        """What the archive holds of a job that passed, if notebook, parameters, course and copy are what they were."""
        entry = self.entries.get(self._place(job))
        if entry is None or entry.key != job.key or entry.failure:
            return None
        content = job.target.read_bytes()
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            return None
        return Outcome(job, entry.now.seconds, entry.now.figures, "", entry.now.memory, content, kept=True)

    def keep(self, outcome: Outcome) -> None:
        """Write the copy of an outcome, failed or not, and the summary.

        Raises:
            OSError: the folder cannot be written to.
        """
        replace_file(outcome.job.target, outcome.notebook)
        entry = self._entry(outcome)
        self.entries[entry.copy] = entry
        listed = sorted(self.entries.values(), key=lambda each: each.copy)
        data = {"format": FORMAT, "notebooks": [asdict(each) for each in listed]}
        replace_file(self.folder / DATA, json.dumps(data, indent=1).encode("ascii") + b"\n")
        replace_file(self.page, summary.page(listed))

    def _entry(self, outcome: Outcome) -> Entry:
        job = outcome.job
        ended = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return Entry(
            title=job.title,
            source=f"{job.source.parent.name}/{job.source.name}",
            copy=self._place(job),
            sha256=hashlib.sha256(outcome.notebook).hexdigest(),
            key=job.key,
            parameters=json.loads(json.dumps(job.parameters, default=repr)),
            failure=outcome.failure,
            now=Measured(outcome.figures, outcome.seconds, outcome.memory, ended),
            last=self._last(job),
        )

    def _last(self, job: Job) -> Measured:
        earlier = self.entries.get(self._place(job))
        if earlier is not None and earlier.parameters == job.parameters:
            return earlier.last if earlier.failure else earlier.now
        stored = {} if job.parameters else headline_figures(parse(job.content, job.title))
        return Measured(stored)

    def _place(self, job: Job) -> str:
        return job.target.relative_to(self.folder).as_posix()

    def _read(self) -> list[Entry]:
        path = self.folder / DATA
        if not path.exists():
            return []
        try:
            data = json.loads(path.read_bytes())
            if data["format"] != FORMAT:
                raise ValueError(f"format {data['format']}")
            return [_entry_of(**each) for each in data["notebooks"]]
        except (ValueError, TypeError, KeyError) as error:
            raise CannotRun(
                f"{path} is no summary of this version of coursekit run: {error!r}. "
                "Move it away, or name another folder with --out."
            ) from error


def _entry_of(now: dict[str, Any], last: dict[str, Any], **rest: Any) -> Entry:
    return Entry(now=Measured(**now), last=Measured(**last), **rest)
