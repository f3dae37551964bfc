"""Which questions a learner has solved, in one small file.

The file is ``progress.json`` in the user's data folder, or the file that ``COURSEKIT_PROGRESS`` names. The latest check
of a question counts. Two notebooks may be open at once: a writer locks the file, reads it again, changes only the
questions that it checked, and replaces the file in one step.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import platformdirs

from coursekit.files import CannotWrite, read_file, replace_file
from coursekit.grading import results

FORMAT = 1


@dataclass(frozen=True)
class Recorded:
    """What is recorded of one question: its points, what it is worth, and its status."""

    points: float
    max_points: float
    status: str


@dataclass(frozen=True)
class _Progress:
    format: int
    exercises: dict[str, dict[str, Recorded]]


def path() -> Path:
    """Where progress is kept."""
    named = os.environ.get("COURSEKIT_PROGRESS")
    return Path(named) if named else Path(platformdirs.user_data_dir("coursekit", appauthor=False)) / "progress.json"


def record(exercise: str, questions: Iterable[results.QuestionResult]) -> None:
    """Keep the points and the status of these questions.

    Raises:
        coursekit.files.CannotWrite: the file cannot be written.
    """
    from filelock import FileLock  # takes a twentieth of a second

    file = path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file.with_name(f"{file.name}.lock"))
        with lock:
            kept = _read(file)
            ours = kept.setdefault(exercise, {})
            for result in questions:
                ours[result.name] = Recorded(result.points, result.max_points, result.status)
            content = msgspec.json.encode(_Progress(FORMAT, kept), order="sorted")
            replace_file(file, msgspec.json.format(content, indent=1))
    except OSError as error:
        raise CannotWrite(file, error) from error


def load() -> dict[str, dict[str, Recorded]]:
    """All that is recorded: exercise name, question name, record. Empty if nothing has been checked yet.

    Raises:
        coursekit.files.CannotRead: it is there and cannot be read.

    Warns:
        UserWarning: the file is damaged; it is set aside under a name that the warning tells.
    """
    return _read(path())


def _read(file: Path) -> dict[str, dict[str, Recorded]]:
    written = read_file(file)
    if written is None:
        return {}
    try:
        content = msgspec.json.decode(written, type=_Progress)
    except (msgspec.MsgspecError, RecursionError):
        content = None
    if content is None or content.format != FORMAT:
        _set_aside(file)
        return {}
    return content.exercises


def _set_aside(file: Path) -> None:
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    try:
        file.replace(aside)
    except OSError as error:
        raise CannotWrite(aside, error, f"The progress file {file.name} is damaged: move it away.") from error
    warnings.warn(
        f"The progress file {file} could not be read. It was kept as {aside.name}, and a new one is begun; "
        "run the check cells again to fill it.",
        stacklevel=4,
    )
