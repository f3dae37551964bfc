"""What the archive of a run knows of each executed copy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a run reached: seconds and bytes where they are known, the figures, and when it ended."""

    figures: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    memory: int | None = None
    ended: str = ""


@dataclass(frozen=True)
class RunEntry:
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
