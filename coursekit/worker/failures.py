"""What can go wrong when a check asks the learner's code for an answer: one exception for each, all helpful.

A failure crosses the pipe as plain data (:meth:`AnswerFailure.as_data`, :func:`from_data`), so a check sees the
same exceptions whether the learner's code runs beside it or in another process.
"""

from __future__ import annotations

from typing import Any, ClassVar

from coursekit.errors import CoursekitError
from coursekit.worker.bounds import FAILURE_CHARACTERS
from coursekit.worker.wire import ProtocolError

STUB_WORDS = "Replace this line with your answer."  # of the NotImplementedError that an exercise leaves to the learner
ENDLESS = "Look for a loop that never ends: does its condition become false? Or for too much work on too much data."


class CheckingError(CoursekitError):
    """Checking itself went wrong: it says nothing of the learner's work, and ends the whole check."""


class BadCheck(CheckingError):
    """The check itself is made wrongly; its author has to mend it."""


class CannotStart(CheckingError):
    """No worker process can be started on this machine."""


class Lost(CheckingError):
    """The worker process was ended from outside, so that it says nothing of the learner's work."""


_KINDS: dict[str, type[AnswerFailure]] = {}


class AnswerFailure(Exception):
    """An answer could not be had.

    Attributes:
        message: what happened, for the learner.
        came: what the learner's code did, in short, or ``None``.
        hint: what to do, or ``None``.
        finished: false where nothing is wrong yet: the answer has not been written.
    """

    kind: ClassVar[str]
    finished = True

    def __init_subclass__(cls, kind: str) -> None:
        cls.kind = kind
        _KINDS[kind] = cls

    def __init__(self, message: str, came: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.came, self.hint = _bounded(message) or "", _bounded(came), _bounded(hint)

    def as_data(self) -> dict[str, Any]:
        """The failure as plain data."""
        return {"kind": self.kind, "message": self.message, "came": self.came, "hint": self.hint}


class MissingName(AnswerFailure, kind="missing"):
    """No such name in the learner's notebook."""

    finished = False


class Unfinished(AnswerFailure, kind="unfinished"):
    """The stub of the exercise still stands."""

    finished = False


class NotParsed(AnswerFailure, kind="syntax"):
    """The cell that should define the answer is no Python."""

    @classmethod
    def of(cls, name: str, error: SyntaxError, line: str) -> NotParsed:
        """The failure to parse the cell that defines ``name``, where Python gave up at ``line``."""
        kind = type(error).__name__
        where = f", line {error.lineno}" if error.lineno else ""
        stopped = f"stopped with {'an' if kind[0] in 'AEIOU' else 'a'} {kind}{where}"
        hint = "Mend it, run the cell, then check again. The fault may stand before the place where Python gives up."
        return cls(f"The cell that defines `{name}` {stopped}: {error.msg}.", line or None, hint)


class LearnerError(AnswerFailure, kind="error"):
    """The learner's code raised an exception."""


class ShellLine(AnswerFailure, kind="shell line"):
    """A line for the system's shell failed, such as ``!pip install …`` without a network; the cell went on."""


class LeftTasks(AnswerFailure, kind="tasks"):
    """A cell began asyncio tasks and did not wait for them, and they went on behind it."""


class NoRoom(LearnerError, kind="no room"):
    """The learner's code started more processes or threads than it may."""


class TimedOut(AnswerFailure, kind="time"):
    """The learner's code took too long."""

    @classmethod
    def after(cls, what: str, seconds: float, waited: float = 0.0) -> TimedOut:
        """The failure of ``what`` to end within ``seconds``, of which it has ``waited`` for a processor."""
        if waited > seconds / 2:
            hint = "Others had the processors. Close other programs and run it again."
            return Starved(f"{what} did not end within {seconds:g} seconds; most of them it waited.", hint=hint)
        return cls(f"{what} did not end within {seconds:g} seconds.", hint=ENDLESS)


class Starved(TimedOut, kind="starved"):
    """The learner's code took too long because other processes had the processors."""


class NotPlainData(AnswerFailure, kind="not plain"):
    """The answer is not made of numbers, text and arrays."""


class WrongKind(AnswerFailure, kind="wrong kind"):
    """A function or a model was asked for, and the name holds something else."""


class StaleModel(AnswerFailure, kind="stale"):
    """The model is gone, because the process that held it ended."""


class Ended(AnswerFailure, kind="ended"):
    """The process that ran the learner's code ended."""

    @classmethod
    def during(cls, what: str, how: str) -> Ended:
        """The end of the process, in the way that ``how`` tells, while ``what`` was running."""
        hint = "Look for `exit`, `quit`, `os._exit`, or for more memory than the machine has."
        return cls(f"{what} ended the whole Python process, {how}.", hint=hint)


def from_data(data: Any) -> AnswerFailure:
    """The failure that ``data`` describes.

    Raises:
        coursekit.worker.wire.ProtocolError: ``data`` is not such a description.

    >>> from_data(TimedOut("No answer within 2 seconds.").as_data())
    TimedOut('No answer within 2 seconds.')
    """
    if not isinstance(data, dict) or data.keys() != {"kind", "message", "came", "hint"}:
        raise ProtocolError("not a failure")
    kind, *texts = (data[key] for key in ("kind", "message", "came", "hint"))
    known = isinstance(kind, str) and kind in _KINDS
    if not known or not all(text is None or isinstance(text, str) for text in texts):
        raise ProtocolError("not a failure")
    return _KINDS[kind](texts[0] or "", *texts[1:])


def _bounded(text: str | None) -> str | None:
    """``text`` within bounds, and valid as UTF-8: half of a surrogate pair may stand in what a learner's code says."""
    if text is None:
        return None
    text = text if len(text) <= FAILURE_CHARACTERS else text[: FAILURE_CHARACTERS - 1] + "…"
    return text.encode("utf-8", "replace").decode()
