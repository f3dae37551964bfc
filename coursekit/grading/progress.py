"""Which questions a learner has solved, in one small file.

The file is ``progress.json`` in the user's data folder, or the file that ``COURSEKIT_PROGRESS`` names. The latest check
of a question counts. Two notebooks may be open at once: a writer locks the file (where the system has ``flock``), reads
it again, changes only the questions that it checked, and replaces the file in one step.
"""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from coursekit.files import replace_file
from coursekit.grading import results

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None

FORMAT = 1


@dataclass(frozen=True)
class Recorded:
    """What is recorded of one question: its points, what it is worth, and its status."""

    points: float
    max_points: float
    status: str


def path() -> Path:
    """Where progress is kept."""
    named = os.environ.get("COURSEKIT_PROGRESS")
    return Path(named) if named else Path(platformdirs.user_data_dir("coursekit", appauthor=False)) / "progress.json"


def record(exercise: str, questions: Iterable[results.QuestionResult]) -> None:
    """Keep the points and the status of these questions.

    Raises:
        OSError: the file cannot be written.
    """
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    with _locked(file):
        kept = _read(file)
        ours = kept.setdefault(exercise, {})
        for result in questions:
            ours[result.name] = {"points": result.points, "max_points": result.max_points, "status": result.status}
        content = {"format": FORMAT, "exercises": kept}
        replace_file(file, json.dumps(content, indent=1, sort_keys=True).encode())


def load() -> dict[str, dict[str, Recorded]]:
    """All that is recorded: exercise name, question name, record. Empty if nothing has been checked yet.

    Warns:
        UserWarning: the file is damaged; it is set aside under a name that the warning tells.
    """
    return {
        exercise: {name: Recorded(**fields) for name, fields in questions.items()}
        for exercise, questions in _read(path()).items()
    }


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        content = None
    if not _is_progress(content):
        _set_aside(file)
        return {}
    return content["exercises"]


def _is_progress(content: Any) -> bool:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return False
    exercises = content.get("exercises")
    if not isinstance(exercises, dict) or not all(isinstance(each, dict) for each in exercises.values()):
        return False
    return all(_is_record(fields) for questions in exercises.values() for fields in questions.values())


def _is_record(fields: Any) -> bool:
    if not isinstance(fields, dict) or fields.keys() != {"points", "max_points", "status"}:
        return False
    numbers = (fields["points"], fields["max_points"])
    return isinstance(fields["status"], str) and all(type(number) in (int, float) for number in numbers)


def _set_aside(file: Path) -> None:
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    file.replace(aside)
    warnings.warn(
        f"The progress file {file} could not be read. It was kept as {aside.name}, and a new one is begun; "
        "run the check cells again to fill it.",
        stacklevel=4,
    )


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    with open(file.with_name(f"{file.name}.lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
