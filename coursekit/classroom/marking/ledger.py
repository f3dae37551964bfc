"""The ledger: every mark of a batch, one JSON line each, on the disk before the next submission is begun.

It is only ever appended to. Whatever ends the program, the lines that are there stand; a last line that was cut short
is dropped when the ledger is opened again, and its submission is marked again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.grading.results import Report

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None

NAME = "ledger.jsonl"


class CannotWrite(OSError):
    """A result cannot be kept, as when the disk is full. What the ledger holds stands."""


class LedgerInUse(OSError):
    """Another process is writing to this ledger."""


@dataclass(frozen=True)
class Mark:
    """What marking one submission gave.

    Attributes:
        key: stands for everything that the mark depends on; see :class:`coursekit.classroom.marking.jobs.Job`.
        run: stands for everything that the learner's code depends on.
        report: what the checks found.
        seconds: how long it took.
        level: how the submission's code was sealed off, in words.
        private: the names of the questions that come from private checks.
        replayed: whether the report was made from recorded answers.
    """

    key: str
    run: str
    report: Report
    seconds: float
    level: str
    private: tuple[str, ...] = ()
    replayed: bool = False

    def as_line(self) -> bytes:
        """The mark as a line of the ledger."""
        data = {"key": self.key, "run": self.run, "seconds": round(self.seconds, 3), "level": self.level}
        data |= {"replayed": self.replayed, "private": list(self.private), "report": self.report.as_data()}
        return json.dumps(data).encode("ascii") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Mark:
        """The mark that a line holds.

        Raises:
            ValueError, KeyError, TypeError: it holds none.
        """
        data: dict[str, Any] = json.loads(line)
        return cls(**data | {"report": Report.from_data(data["report"]), "private": tuple(data["private"])})


class Ledger:
    """The marks in a folder, by key. One process at a time may hold it open.

    Args:
        folder: where ``ledger.jsonl`` lies, or will lie.

    Attributes:
        marks: every mark; where a key was marked twice, the later one.
        damaged: the numbers of lines within the ledger that cannot be read; they count as not marked.

    Raises:
        LedgerInUse: another process has it open.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Ledger(folder) as ledger:
    ...     ledger.add(Mark("k", "r", Report("01_demo", "Demo", ()), 0.5, "not sealed"))
    >>> with Ledger(folder) as ledger:
    ...     ledger.marks["k"].seconds
    0.5
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / NAME
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        self.marks: dict[str, Mark] = {}
        self.damaged: list[int] = []
        try:
            self._lock()
            self._end = self._load()
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._descriptor)

    def add(self, mark: Mark) -> None:
        """Keep a mark; it is on the disk when this returns.

        Raises:
            CannotWrite: it cannot be written; the ledger is as it was.
        """
        line = mark.as_line()
        try:
            written = 0
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, self._end)
            raise CannotWrite(
                f"{self.path} cannot be written: {error.strerror}. The {len(self.marks)} marks in it are safe. "
                "Make room, then give the same command again: it goes on from there."
            ) from error
        self._end += len(line)
        self._remember(mark)

    def latest(self, run: str) -> Mark | None:
        """The latest mark that was made from a run, whatever its checks."""
        return next((mark for mark in reversed(self.marks.values()) if mark.run == run), None)

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LedgerInUse(f"{self.path} is in use: another grading writes to {self.path.parent}.") from error

    def _load(self) -> int:
        end = 0
        for number, line in enumerate(self._lines(), 1):
            if not line.endswith(b"\n"):
                os.ftruncate(self._descriptor, end)
                break
            end += len(line)
            try:
                mark = Mark.from_line(line)
            except (ValueError, KeyError, TypeError, RecursionError):
                self.damaged.append(number)
                continue
            self._remember(mark)
        return end

    def _remember(self, mark: Mark) -> None:
        self.marks.pop(mark.key, None)  # so that the later one comes last
        self.marks[mark.key] = mark

    def _lines(self) -> Iterator[bytes]:
        with open(self.path, "rb") as file:
            yield from file
