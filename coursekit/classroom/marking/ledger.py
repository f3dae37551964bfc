"""The ledger: every mark of a batch, one JSON line each, on the disk before the next submission is begun.

It is only ever appended to. Whatever ends the program, the lines that are there stand; a last line that was cut short
is dropped when the ledger is opened again, and its submission is marked again.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from coursekit.errors import CoursekitError
from coursekit.files import CannotWrite, replace_file
from coursekit.grading.results import Report

NAME, LOCK, ANSWERS = "ledger.jsonl", "ledger.lock", "answers"
FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
GO_ON = "{remedy}, then give the same command again: it goes on from there."


class LedgerInUse(CoursekitError):
    """Another process is writing to this ledger."""


@dataclass(frozen=True)
class Mark:
    """What marking one submission gave.

    Attributes:
        key: stands for everything that the mark depends on; see :class:`coursekit.classroom.marking.jobs.MarkingJob`.
        run: stands for everything that the learner's code depends on.
        report: what the checks found.
        seconds: how long it took, until the first private question was asked.
        level: how the submission's code was sealed off, in words.
        private: the names of the questions that come from private checks.
        replayed: whether the report was made from recorded answers.
        starved: whether something ran out of its time while other submissions had the processors.
    """

    key: str
    run: str
    report: Report
    seconds: float
    level: str
    private: tuple[str, ...] = ()
    replayed: bool = False
    starved: bool = False

    def as_line(self) -> bytes:
        """The mark as a line of the ledger."""
        data = asdict(self) | {"seconds": round(self.seconds, 3), "report": self.report.as_data()}
        return json.dumps(data).encode("ascii") + b"\n"  # msgspec's own writer takes no half of a surrogate pair

    @classmethod
    def from_line(cls, line: bytes) -> Mark:
        """The mark that a line holds.

        Raises:
            ValueError: it holds none.
        """
        return msgspec.convert(json.loads(line), cls)


class Ledger:
    """The marks in a folder, by key, and the answers that they were made from. One process at a time holds it open.

    Args:
        folder: where ``ledger.jsonl`` lies, or will lie.

    Attributes:
        marks: every mark; where a key was marked twice, the later one.
        damaged: the numbers of lines within the ledger that cannot be read; they count as not marked.

    Raises:
        LedgerInUse: another process has it open.
        CannotWrite: the folder cannot be written to.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Ledger(folder) as ledger:
    ...     ledger.add(Mark("k", "r", Report("01_demo", "Demo", ()), 0.5, "not sealed"))
    >>> with Ledger(folder) as ledger:
    ...     ledger.marks["k"].seconds
    0.5
    """

    def __init__(self, folder: Path) -> None:
        from filelock import FileLock, Timeout

        self.path, self._folder = folder / NAME, folder
        self._lock = FileLock(folder / LOCK, timeout=0)
        self.marks: dict[str, Mark] = {}
        self.damaged: list[int] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._descriptor = os.open(self.path, FLAGS, 0o666)
            self._end = self._load()
        except Timeout as error:
            raise LedgerInUse(f"{self.path} is in use: another grading writes to {folder}.") from error
        except OSError as error:
            self._lock.release()
            raise CannotWrite(self.path, error) from error

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._descriptor)
        self._lock.release()

    def answers(self, run: str) -> Path:
        """Where the recorded answers of a run lie."""
        return self._folder / ANSWERS / f"{run}.answers"

    def add(self, mark: Mark, answers: bytes | None = None) -> None:
        """Keep a mark; it is on the disk when this returns.

        Args:
            mark: the mark.
            answers: the packed recording that it can be made from again, if there is one.

        Raises:
            CannotWrite: it cannot be written; the ledger is as it was.
        """
        if answers is not None:
            replace_file(self.answers(mark.run), answers, f"The marks in the ledger are safe. {GO_ON}")
        line = mark.as_line()
        try:
            written = 0
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, self._end)
            advice = f"The {len(self.marks)} marks in it are safe. {GO_ON}"
            raise CannotWrite(self.path, error, advice) from error
        self._end += len(line)
        self._remember(Mark.from_line(line))

    def latest(self, run: str) -> Mark | None:
        """The latest mark that was made from a run, whatever its checks."""
        return next((mark for mark in reversed(self.marks.values()) if mark.run == run), None)

    def _load(self) -> int:
        end = 0
        with open(self.path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    os.ftruncate(self._descriptor, end)
                    break
                end += len(line)
                try:
                    self._remember(Mark.from_line(line))
                except (ValueError, RecursionError):
                    self.damaged.append(number)
        return end

    def _remember(self, mark: Mark) -> None:
        self.marks.pop(mark.key, None)  # so that the later one comes last
        self.marks[mark.key] = mark
