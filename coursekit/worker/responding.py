"""The learner's side of a check: requests in, plain data out.

This runs where the learner's code runs: in the notebook's kernel, or in the worker process. It knows no expectation.
"""

from __future__ import annotations

import itertools
import linecache
import re
import secrets
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from functools import partial
from typing import Any, cast

from coursekit.names import nearest
from coursekit.worker import describing, failures, observing, recreating, requests, wire
from coursekit.worker.bounds import MODELS_HELD, SEQUENCE_ITEMS
from coursekit.worker.interrupting import OutOfTime, Waiting, bounded_output, time_limit
from coursekit.worker.plain import CannotBePlain, describe_type, to_plain
from coursekit.worker.requests import Question, Reply
from coursekit.worker.text import shorten
from coursekit.worker.unwritten import not_parsed, stub_of

Predictor = Callable[[Any, Any], Any]
UNANSWERED = "EOFError: EOF when reading a line"
NOT_THE_LEARNERS = frozenset({"In", "Out", "get_ipython", "exit", "quit", "open", "open_exercise", "check"})


class Respondent:
    """Answers requests from a namespace.

    Args:
        namespace: the learner's names.
        interruptible: whether ``KeyboardInterrupt`` comes from a person at the keyboard and ends everything; otherwise
            it is an error of the learner's code like any other.
    """

    def __init__(self, namespace: MutableMapping[str, Any], interruptible: bool) -> None:
        self._namespace = namespace
        self._interruptible = interruptible
        self._models: dict[int, tuple[Any, Predictor]] = {}
        self._next_handle = secrets.randbits(48)  # a handle of an earlier process must not fit here

    def reply(self, question: Question) -> Reply:
        """The reply to one question."""
        failure: failures.AnswerFailure
        waiting = Waiting()
        try:
            with bounded_output(), time_limit(question.seconds):
                answer = self._answer(question)
            return Reply.of(answer, most=requests.answer_bytes(question))
        except OutOfTime:
            failure = failures.TimedOut.after(f"`{question.name}`", question.seconds, waiting.seconds())
        except wire.NotPlain as error:
            failure = _not_plain(question.name, str(error))
        except failures.AnswerFailure as raised:
            failure = raised
        return Reply.of(failure=failure)

    def _answer(self, question: Question) -> Any:
        try:
            return self._given(question)
        except failures.AnswerFailure as failure:
            if failure.finished:
                raise
            raise not_parsed(question.name, self._namespace) or failure from None

    def _given(self, question: Question) -> Any:
        if isinstance(question, requests.Value):
            return self._plain(question.name, lambda: self._find(question.name))
        if isinstance(question, requests.Call):
            function = self._find_function(question.name)
            return self._plain(question.name, lambda: _listed(function(*question.args, **question.kwargs)))
        if isinstance(question, requests.GetModel):
            return self._model(question)
        if isinstance(question, requests.RecreateModel):
            again = partial(recreating.recreate, question.config, question.weights)
            return self._held(question.name, again, recreating.predict)
        if question.handle not in self._models:
            raise failures.StaleModel(f"The model `{question.name}` is gone.")
        model, predict = self._models[question.handle]
        return self._plain(question.name, lambda: _of_model(model, predict, question))

    def _model(self, question: requests.GetModel) -> dict[str, Any]:
        name = question.name
        model = self._find(name)
        if not describing.is_model(model):
            function = self._find_function(name, wanted="a Keras model, or a function that returns one")
            model = self._run(name, lambda: function(*question.args, **question.kwargs))
            if not describing.is_model(model):
                raise _wrong_kind(f"`{name}` returned {describe_type(model)}, not a Keras model.", model)
        return self._held(name, lambda: model)

    def _held(self, name: str, get: Callable[[], Any], predict: Predictor = describing.predict) -> dict[str, Any]:
        """The description of a model, which is held from now on under the handle in it."""
        model = self._run(name, get)
        described: dict[str, Any] = self._run(name, lambda: describing.describe(model))
        self._next_handle += 1
        self._models[self._next_handle] = model, predict
        self._models.pop(self._next_handle - MODELS_HELD, None)
        return described | {"handle": self._next_handle}

    def _find(self, name: str) -> Any:
        if name in self._namespace:
            return self._namespace[name]
        names = [each for each in self._namespace if not each.startswith("_") and each not in NOT_THE_LEARNERS]
        near = nearest(name, names)
        hint = f"You have {' and '.join(f'`{each}`' for each in near)}: is it spelt differently? " if near else ""
        hint += "If you have written it, run its cell. A cell that stops with an error leaves what follows undefined."
        raise failures.MissingName(f"There is no `{name}` in your notebook yet.", hint=hint)

    def _find_function(self, name: str, wanted: str = "a function") -> Callable[..., Any]:
        function = self._find(name)
        if callable(function):
            return cast("Callable[..., Any]", function)
        raise _wrong_kind(f"`{name}` should be {wanted}; it is {describe_type(function)}.", function)

    def _plain(self, name: str, answer: Callable[[], Any]) -> Any:
        return self._run(name, lambda: self._to_plain(name, answer()))

    def _to_plain(self, name: str, value: Any) -> Any:
        try:
            return to_plain(value)
        except CannotBePlain as error:
            raise _not_plain(name, str(error)) from error

    def _run(self, name: str, action: Callable[[], Any]) -> Any:
        """Run the learner's code; whatever it raises becomes a failure with a message."""
        try:
            return action()
        except (OutOfTime, failures.AnswerFailure):
            raise
        except KeyboardInterrupt as error:
            if self._interruptible:
                raise
            raise self._learner_error(name, error) from error
        except BaseException as error:
            raise self._learner_error(name, error) from error

    def _learner_error(self, name: str, error: BaseException) -> failures.AnswerFailure:
        return learner_error(f"`{name}`", error, self._namespace)


def _of_model(model: Any, predict: Predictor, question: requests.OfModel) -> Any:
    if isinstance(question, requests.ExportModel):
        return recreating.export(model)
    if isinstance(question, requests.LossValues):
        return observing.loss_values(model, question.labels, question.predictions)
    if wrong := describing.text_for_numbers(model, question.x):
        raise failures.WrongKind(f"`{question.name}` {wrong}.", hint=observing.CALL_HINT)
    if isinstance(question, requests.Predict):
        return predict(model, question.x)
    if isinstance(question, requests.Observe):
        return observing.observe(model, question.x)
    if isinstance(question, requests.Rehearse):
        return observing.rehearse(model, question.x, question.training, question.seed)
    return observing.training_step(model, question.x, question.seed)


def _listed(value: Any) -> Any:
    """What a generator or another iterator gives, as a list, as far as an answer may be long; else the value itself."""
    return list(itertools.islice(value, SEQUENCE_ITEMS + 1)) if isinstance(value, Iterator) else value


def learner_error(what: str, error: BaseException, namespace: MutableMapping[str, Any]) -> failures.AnswerFailure:
    """The failure that tells of an exception in the learner's code.

    Args:
        what: what was running, as it stands at the start of the message.
        error: the exception.
        namespace: the learner's names; code that has them as its globals is theirs.
    """
    if running := stub_of(error, namespace):
        hint = "Put your answer in place of `raise NotImplementedError(…)`, run the cell, then check again."
        if len(running) == 1:
            return failures.Unfinished(f"{what} is not written yet.", hint=hint)
        return failures.LearnerError(f"{what} calls `{running[-1]}`, which is not written yet.", hint=hint)
    if isinstance(error, SystemExit):
        told = "ends at a call of `exit` or `quit`, or at a restart of the kernel. A notebook needs none: delete it."
        return failures.LearnerError(f"{what} {told}", hint="A function ends with `return`.")
    if isinstance(error, EOFError) and error_text(error) == UNANSWERED:
        told = "asks a question with `input`, and nobody answers while a notebook is marked. Write the value there."
        return failures.LearnerError(f"{what} {told}", hint="What a function is to know, it gets as its arguments.")
    line = learners_line(error, namespace)
    where = f", in your line `{line}`" if line else ""
    hint = "Call it yourself in a new cell: the traceback there shows every step."
    if isinstance(error, TypeError) and not line:
        hint = "Compare its arguments with the question: how many are there, and in which order?"
    message = f"{what} stopped with {error_text(error)}{where}"
    if isinstance(error, BlockingIOError) or "can't start new thread" in message:
        return failures.NoRoom(message, hint="It ran out of room for processes and threads. Start fewer, and end them.")
    return failures.LearnerError(message, hint=hint)


def error_text(error: BaseException) -> str:
    """Type and message of an exception, whatever its own methods do.

    >>> error_text(ZeroDivisionError("division by zero"))
    'ZeroDivisionError: division by zero'
    >>> error_text(SyntaxError("invalid syntax", ("made_up_name.py", 2, 9, "x = = 1")))
    'SyntaxError: invalid syntax, line 2'
    """
    try:
        message = str(error).strip()
    except (OutOfTime, KeyboardInterrupt):
        raise
    except BaseException:  # anything may stand in the learner's __str__
        message = "(its message cannot be read)"
    first = message.splitlines()[0] if message else ""
    if isinstance(error, SyntaxError):
        first = re.sub(r" \(\S+, (line \d+)\)$", r", \1", first)  # a cell's file has no name that a learner knows
    return shorten(f"{type(error).__name__}: {first}" if first else type(error).__name__, 300)


def learners_line(error: BaseException, namespace: MutableMapping[str, Any]) -> str:
    """The last line of the learner's own code that ``error`` came through, empty if there is none."""
    line = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_globals is namespace:
            line = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return shorten(line, 160)


def _not_plain(name: str, what: str) -> failures.NotPlainData:
    hint = "A check reads numbers, text, lists, dicts and NumPy arrays."
    return failures.NotPlainData(f"`{name}` gave something that a check cannot read.", what, hint)


def _wrong_kind(message: str, value: Any) -> failures.WrongKind:
    forgotten = (
        "Does the function end with `return`?" if value is None else "Was the name used for something else later?"
    )
    return failures.WrongKind(message, hint=forgotten)
