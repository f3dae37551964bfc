"""How a class is graded, and ``batch.json``, which keeps that and the submissions beside the results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from coursekit.classroom.intake.submissions import Submission
from coursekit.errors import CoursekitError
from coursekit.files import replace_file
from coursekit.worker.bounds import CELL_SECONDS, MB, MEMORY, SUBMISSION_SECONDS, Limits

NAME, SHOWN = "batch.json", 5


class NoBatch(CoursekitError):
    """A folder holds no class that was graded; the message names it."""


class OtherBatch(CoursekitError):
    """A folder holds the marks of others than are to be graded into it; the message names them."""


@dataclass(frozen=True)
class GradingSettings:
    """How a class is graded; kept beside the results, so that ``regrade`` does the same.

    Attributes:
        submissions: the folder or the zip archive.
        exercise: the exercise that all of them should answer; each notebook's own if empty.
        checks: the folder of private checks, or empty.
        cell_seconds: how long each cell may run.
        seconds: how long a whole submission may take.
        memory: megabytes that its processes may hold.
        late_penalty: the rule for late submissions, or empty.
        deadline: in ISO 8601, or empty.
        attempts: which of a learner's attempts counts: ``"last"`` or ``"best"``.
        overrides: the CSV file of points given by hand, or empty.
        roster: the CSV file that an LMS exported, or empty.
        exports: the formats to write.
        strict: whether questions with a model that could not be verified earn nothing.
        extensions: the CSV file of learners who have longer, or empty.
        column: of the roster, that takes the grades; empty to look for it.
        feedback_zip: whether feedback pages are packed as Moodle takes them.
    """

    submissions: str
    exercise: str = ""
    checks: str = ""
    cell_seconds: float = CELL_SECONDS
    seconds: float = SUBMISSION_SECONDS
    memory: int = MEMORY // MB
    late_penalty: str = ""
    deadline: str = ""
    attempts: str = "last"
    overrides: str = ""
    roster: str = ""
    exports: tuple[str, ...] = ()
    strict: bool = False
    extensions: str = ""
    column: str = ""
    feedback_zip: bool = False

    @property
    def addressed(self) -> tuple[str, ...]:
        """The formats that may have no place for a learner."""
        return (*self.exports, *(["moodle"] if self.feedback_zip else []))

    @property
    def limits(self) -> Limits:
        """What a submission's worker may use."""
        return Limits.of_submission(self.seconds, self.memory * MB)


@dataclass(frozen=True)
class Batch:
    """What ``batch.json`` holds.

    Attributes:
        format: of the file.
        settings: how the class is graded.
        submissions: all that were found.
    """

    format: Literal[1]
    settings: GradingSettings
    submissions: list[Submission]


def read_batch(out: Path) -> Batch:
    """What is kept of the class that was graded into a folder.

    Raises:
        NoBatch: the folder holds no graded class, or one of another version.
    """
    try:
        return msgspec.convert(json.loads((out / NAME).read_bytes()), Batch)
    except FileNotFoundError as error:
        raise NoBatch(f"{out} holds no graded class. Name the folder that coursekit grade wrote to.") from error
    except msgspec.ValidationError as error:
        raise NoBatch(f"{out / NAME} comes from another version of coursekit. Run coursekit grade again.") from error
    except (OSError, ValueError) as error:
        raise NoBatch(f"{out / NAME} cannot be read: {error}. Run coursekit grade again.") from error


def changes(out: Path, settings: GradingSettings, submissions: Sequence[Submission]) -> list[str]:
    """What is other than when the folder was graded last, in sentences.

    Raises:
        OtherBatch: marks that are in the folder would be lost: their learners, or what these handed in, are not among
            the submissions any more.
    """
    if not (out / NAME).exists():
        return []
    try:
        earlier = read_batch(out)
    except NoBatch:
        return [f"{out / NAME} could not be read, and is written anew."]
    kept = {(each.learner.id, each.exercise) for each in submissions}
    kept |= {(each.digest, each.exercise) for each in submissions}
    works = {(each.learner.id, each.exercise): each.digest for each in earlier.submissions if each.usable}
    gone = [work for work, digest in works.items() if not {work, (digest, work[1])} & kept]
    if lost := list(dict.fromkeys(learner for learner, _ in gone)):
        shown = ", ".join([*lost[:SHOWN], *(["…"] if len(lost) > SHOWN else [])])
        raise OtherBatch(
            f"{out} holds the marks of {earlier.settings.submissions}, and {len(lost)} of its learners are not in "
            f"{settings.submissions}: {shown}. Name another folder with --out; if they are to go, delete {out / NAME}."
        )
    before, now = (msgspec.to_builtins(each) for each in (earlier.settings, settings))
    return [f"{name}: {now[name]!r}, was {before[name]!r} before." for name in now if now[name] != before[name]]


def keep_batch(out: Path, settings: GradingSettings, submissions: Iterable[Submission]) -> None:
    """Write ``batch.json``.

    Raises:
        coursekit.files.CannotWrite: it cannot be written; an earlier one stands.
    """
    content = msgspec.to_builtins(Batch(1, settings, list(submissions)))
    text = json.dumps(content, indent=1) + "\n"  # in ASCII: a file's name may hold what is no text
    replace_file(out / NAME, text.encode("ascii"), "{remedy}, then give the same command again.")
