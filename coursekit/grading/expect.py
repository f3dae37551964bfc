"""What a check expects of the answers: each expectation passes, or ends the question (or its part) with a message."""

from __future__ import annotations

import contextlib
import fnmatch
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from coursekit.grading import results
from coursekit.worker.bounds import FAILURE_CHARACTERS
from coursekit.worker.failures import AnswerFailure, BadCheck, CheckingError
from coursekit.worker.plain import WORDS
from coursekit.worker.text import short, shorten

FALSE_ALARM = 1e-6  # how often chance may fail a right answer
FINITE = "finite numbers only, no nan and no inf"
Text = Callable[[], str]


class Unmet(Exception):
    """An expectation was not met.

    Attributes:
        message: what is wrong.
        expected: what was expected, in short, or ``None``.
        got: what came, in short, or ``None``.
        hint: what to think about, or ``None``.
    """

    def __init__(self, message: str, expected: str | None, got: str | None, hint: str | None) -> None:
        super().__init__(message)
        self.message, self.expected, self.got, self.hint = message, expected, got, hint


class Expect:
    """The expectations of one question, and what became of them.

    Every method takes ``hint``: one or two sentences that help who fails it, without giving the answer away.

    Args:
        origin: tells which request an answer came from, for the messages: ``"softmax([1. 2.])"`` or ``None``.
        asked: tells the last request in full, where its input is to be shown with a failure.

    Attributes:
        parts: what became of the parts, in order.
        outside_parts: how much was expected outside of them.
        flags: what an instructor should look at; see :meth:`flag`.

    >>> expect = Expect()
    >>> expect.close(np.array([0.1, 0.2]), [0.1, 0.2])
    >>> expect.shape(np.zeros((2, 3)), (None, 3))
    >>> with expect.part(points=1, title="small"):
    ...     expect.at_most(0.7, 0.5, hint="Train longer.")
    >>> expect.parts[0].status, expect.parts[0].message
    ('failed', 'The answer is too large.')
    """

    def __init__(
        self, origin: Callable[[Any], str | None] = lambda got: None, asked: Callable[[], str | None] = lambda: None
    ) -> None:
        self.parts: list[results.PartResult] = []
        self.outside_parts = 0
        self.flags: list[str] = []
        self.asked = asked
        self._origin = origin
        self._in_part = False

    @contextlib.contextmanager
    def part(self, points: float, title: str = "") -> Iterator[None]:
        """Count what is expected within on its own: a failure here ends only this part.

        Args:
            points: what the part is worth; taken out of the question's points.
            title: what it is about, as the learner reads it.

        Raises:
            BadCheck: this is within another part.
        """
        if self._in_part:
            raise BadCheck("A part within a part: end the first one before the second begins.")
        title = title or f"part {len(self.parts) + 1}"
        self._in_part = True
        try:
            yield
        except CheckingError:
            raise
        except Exception as error:
            self.parts.append(results.PartResult(title, 0.0, float(points), **explain(error), drawn=self.asked()))
        else:
            self.parts.append(results.PartResult(title, float(points), float(points), results.PASSED))
        finally:
            self._in_part = False

    def flag(self, condition: Any, words: str) -> None:
        """Where ``condition`` holds, have an instructor look: it costs no points, and the learner is not told."""
        if condition:
            self.flags.append(words)

    def true(
        self,
        condition: Any,
        message: str,
        hint: str | None = None,
        expected: str | None = None,
        got: str | None = None,
    ) -> None:
        """``condition`` holds; otherwise ``message`` says what is wrong."""
        if not self._in_part:
            self.outside_parts += 1
        if not condition:
            raise Unmet(message, expected, got, hint)

    def close(self, got: Any, want: Any, rtol: float = 1e-5, atol: float = 1e-6, hint: str | None = None) -> None:
        """Numbers equal those of ``want`` within ``atol + rtol * |want|``, in an array of the same shape.

        A list of numbers counts as an array, an array of one element as a number. NaN equals nothing.
        """
        array, wanted = self._numbers(got, lambda: short(want, dtype=False), hint), np.asarray(want)
        if not wanted.ndim and array.size == 1:
            array = array.reshape(())
        self._same_shape(got, array.shape, wanted.shape, hint)
        equal = np.isclose(array, wanted, rtol=rtol, atol=atol)
        self._require(equal.all(), got, lambda: _where(equal), lambda: short(want, dtype=False), hint)

    def equal(self, got: Any, want: Any, hint: str | None = None) -> None:
        """The answer equals ``want``: text, numbers, arrays, or lists and dicts of them.

        A tuple equals a list of the same items, a number an array of one element.
        """
        self._require(_same(got, want), got, lambda: "is not what was expected", lambda: short(want, dtype=False), hint)

    def several(self, got: Any, names: str, hint: str | None = None) -> None:
        """As many values as ``names``, such as ``"d_W, d_b"``, in a tuple, a list or an array of that length."""
        count = len(names.split(","))
        lists = isinstance(got, tuple | list) or (isinstance(got, np.ndarray) and got.ndim > 0)
        right = lists and len(got) == count
        self._require(
            right, got, lambda: f"is not {count} values", lambda: f"({names})", hint or f"End with `return {names}`."
        )

    def dtype(self, got: Any, want: str, hint: str | None = None) -> None:
        """Numbers of this dtype, such as ``"float32"``, in an array or in lists."""
        array = self._numbers(got, lambda: f"numbers of dtype {want}", hint)
        self._require(
            array.dtype == np.dtype(want), got, lambda: "has another dtype", lambda: f"numbers of dtype {want}", hint
        )

    def finite(self, got: Any, hint: str | None = None) -> None:
        """Only finite numbers: neither NaN nor infinite."""
        finite = np.isfinite(self._numbers(got, lambda: FINITE, hint))
        self._require(finite.all(), got, lambda: f"is not finite at {_count(~finite)}", lambda: FINITE, hint)

    def shape(self, got: Any, want: Sequence[int | None], hint: str | None = None) -> None:
        """An array of this shape; ``None`` stands for any length."""
        shape = self._array(got, lambda: f"an array of shape {_shape(want)}", hint).shape
        self._same_shape(got, shape, tuple(want), hint)

    def at_least(self, value: Any, bar: float, hint: str | None = None) -> None:
        """One number, not below ``bar``. NaN is below everything."""
        number = self._number(value, lambda: f"at least {bar:g}", hint)
        self._require(number >= bar, value, lambda: "is too small", lambda: f"at least {bar:g}", hint)

    def at_most(self, value: Any, bar: float, hint: str | None = None) -> None:
        """One number, not above ``bar``. NaN is above everything."""
        number = self._number(value, lambda: f"at most {bar:g}", hint)
        self._require(number <= bar, value, lambda: "is too large", lambda: f"at most {bar:g}", hint)

    def between(self, value: Any, low: float, high: float, hint: str | None = None) -> None:
        """One number from ``low`` to ``high``, both included."""
        number = self._number(value, lambda: f"from {low:g} to {high:g}", hint)
        self._require(
            low <= number <= high, value, lambda: "is out of range", lambda: f"from {low:g} to {high:g}", hint
        )

    def share(self, marked: Any, probability: float, hint: str | None = None) -> None:
        """As many of the independent events ``marked`` as their probability lets expect.

        A right answer fails once in a million, in both directions together (binomial distribution).
        """
        from scipy.stats import binom

        count = self._array(marked, lambda: "an array of True and False", hint).size
        low, high = binom.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], count, probability)
        share = float(np.mean(marked)) if count else 0.0
        expected = f"from {low / max(count, 1):.3g} to {high / max(count, 1):.3g} of them"
        self._require(low <= share * count <= high, share, lambda: "is out of range", lambda: expected, hint)

    def mean(self, values: Any, mean: float, std: float, hint: str | None = None) -> None:
        """The mean of independent ``values`` that have this mean and standard deviation.

        A right answer fails once in a million, in both directions together (normal distribution of the mean).
        """
        from scipy.stats import norm

        array = self._numbers(values, lambda: f"numbers with the mean {mean:g}", hint)
        self.true(array.size, "There are no numbers to take the mean of.", hint)
        reach = norm.isf(FALSE_ALARM / 2) * std / np.sqrt(array.size)
        self.between(float(array.mean(dtype=np.float64)), mean - reach, mean + reach, hint)

    def kind(self, got: Any, kind: type | tuple[type, ...], hint: str | None = None) -> None:
        """An instance of ``kind``, such as ``str`` or ``(int, float)``. A ``bool`` is no ``int`` here."""
        kinds = kind if isinstance(kind, tuple) else (kind,)
        right = isinstance(got, kinds) and (not isinstance(got, bool) or bool in kinds)
        expected = " or ".join(WORDS.get(each, each.__name__) for each in kinds)
        self._require(right, got, lambda: f"is {_kind_of(got)}", lambda: expected, hint)

    def validated(
        self, history: Any, hint: str | None = None, figure: Literal["loss", "accuracy", "figures"] = "loss"
    ) -> Any:
        """A history of training with a curve of ``figure`` on validation data; the curve is returned.

        Args:
            history: the learner's ``history``: a dict of curves, one number an epoch.
            hint: as everywhere.
            figure: ``"loss"``, ``"accuracy"`` of any kind, or ``"figures"`` for whatever was validated.

        >>> history = {"loss": [0.9, 0.6], "val_loss": [0.8, 0.7], "val_binary_accuracy": [0.7, 0.8]}
        >>> expect = Expect()
        >>> expect.validated(history), expect.validated(history, figure="accuracy")
        ([0.8, 0.7], [0.7, 0.8])
        >>> expect.validated({"loss": [0.9, 0.6]}, hint="Hand validation_data to fit.")
        Traceback (most recent call last):
            ...
        coursekit.grading.expect.Unmet: The answer holds no validation loss.
        """
        names = [str(name) for name in history] if isinstance(history, dict) else []
        wanted = {"loss": "val_loss", "accuracy": "val_*acc*", "figures": "val_*"}[figure]
        curves = fnmatch.filter(names, wanted)
        self.true(curves, f"{self._name(history)} holds no validation {figure}.", hint)
        return history[curves[0]]

    def _name(self, got: Any) -> str:
        return self._origin(got) or "The answer"

    def _require(self, holds: Any, got: Any, told: Text, expected: Text, hint: str | None) -> None:
        """``holds``; otherwise the texts are made, which takes time where answers are large."""
        if holds:
            self.true(True, "")
        else:
            self.true(False, f"{self._name(got)} {told()}.", hint, expected=expected(), got=short(got))

    def _same_shape(self, got: Any, shape: tuple[int, ...], want: tuple[int | None, ...], hint: str | None) -> None:
        fits = len(shape) == len(want) and all(wanted in (None, length) for length, wanted in zip(shape, want))
        if not fits:
            came = f"shape {_shape(shape)}: {short(got)}"
            self.true(False, f"{self._name(got)} has another shape.", hint, f"shape {_shape(want)}", came)
        self.true(True, "")

    def _array(self, got: Any, expected: Text, hint: str | None) -> np.ndarray:
        if got is None:
            forgotten = f"{self._name(got)} is None. Does the function end with `return`?"
            raise Unmet(forgotten, expected(), "None", hint)
        try:
            return np.asarray(got)
        except ValueError as error:
            raise Unmet(
                f"{self._name(got)} is no regular array: its rows differ in length.", expected(), short(got), hint
            ) from error

    def _numbers(self, got: Any, expected: Text, hint: str | None) -> np.ndarray:
        array = self._array(got, expected, hint)
        if array.dtype.kind not in "biufc":
            raise Unmet(f"{self._name(got)} is {_kind_of(got)}, not numbers.", expected(), short(got), hint)
        return array

    def _number(self, got: Any, expected: Text, hint: str | None) -> float:
        array = self._numbers(got, expected, hint)
        if array.size != 1 or array.dtype.kind == "c":
            raise Unmet(f"{self._name(got)} is {_kind_of(got)}, not one number.", expected(), short(got), hint)
        return float(array.item())


def explain(error: Exception) -> dict[str, Any]:
    """The status, message, expected, got and hint of a result that ``error`` decided.

    An error that is neither an unmet expectation nor a failed answer comes from a check that met an answer
    it could do nothing with, such as text where it went on to calculate.
    """
    if isinstance(error, Unmet):
        return _fields(results.FAILED, error.message, error.expected, error.got, error.hint)
    if isinstance(error, AnswerFailure):
        status = results.FAILED if error.finished else results.NOT_YET
        return _fields(status, error.message, None, error.came, error.hint)
    message = f"The check could not use this answer ({type(error).__name__}: {error})."
    hint = "Compare the type and the shape of your answer with the question."
    return _fields(results.FAILED, message, None, None, hint)


def _fields(status: str, message: str, expected: str | None, got: str | None, hint: str | None) -> dict[str, Any]:
    texts = {"message": message, "expected": expected, "got": got, "hint": hint}
    return {"status": status} | {key: text and shorten(text, FAILURE_CHARACTERS) for key, text in texts.items()}


def _kind_of(got: Any) -> str:
    if isinstance(got, np.ndarray) and got.ndim:
        return f"an array of shape {_shape(got.shape)}"
    return "None" if got is None else WORDS.get(type(got), type(got).__name__)


def _shape(shape: Sequence[int | None]) -> str:
    lengths = ["any" if length is None else str(length) for length in shape]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"


def _where(equal: np.ndarray) -> str:
    if not equal.ndim:
        return "has another value"
    if equal.all():
        return "is as expected"
    first = tuple(int(index) for index in np.argwhere(~equal)[0])
    return f"differs at {_count(~equal)}, first at index {first[0] if len(first) == 1 else first}"


def _count(marked: np.ndarray) -> str:
    return f"{int(marked.sum())} of {marked.size} places" if marked.ndim else "its only place"


def _same(got: Any, want: Any) -> bool:
    if isinstance(got, np.ndarray) and got.size == 1 and isinstance(want, int | float):
        got = got.item()
    if isinstance(got, np.ndarray) or isinstance(want, np.ndarray):
        try:
            return np.array_equal(got, want)
        except ValueError:  # a list with rows of several lengths equals no array
            return False
    if isinstance(want, dict):
        return isinstance(got, dict) and got.keys() == want.keys() and all(_same(got[key], want[key]) for key in want)
    if isinstance(want, list | tuple):
        return isinstance(got, list | tuple) and len(got) == len(want) and all(map(_same, got, want))
    return type(got) is type(want) and got == want if isinstance(want, bool | str) else bool(got == want)
