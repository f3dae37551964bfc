"""Answers: the only way in which a check reaches the learner's work.

A check asks for a value, for the result of a call, or for a model. What it gets is plain data (see
:mod:`coursekit.worker.wire`), never an object of the learner's, so that the same check works on a notebook's own
namespace (:class:`NamespaceAnswers`) and on another process (:class:`coursekit.grading.remote.RemoteAnswers`).
"""

from __future__ import annotations

import abc
from collections.abc import MutableMapping
from typing import Any, cast

import numpy as np

from coursekit.grading.models import Model
from coursekit.worker import failures, wire
from coursekit.worker.bounds import ANSWER_SECONDS
from coursekit.worker.requests import Call, GetModel, Predict, Question, Reply, Value, read_request
from coursekit.worker.responding import Respondent
from coursekit.worker.text import brief

REMEMBERED = 4


class Answers(abc.ABC):
    """What a check can ask. Each request may raise an :class:`~coursekit.worker.failures.AnswerFailure`.

    Attributes:
        seconds: how long the learner's code may take for one answer.
    """

    def __init__(self) -> None:
        self.seconds = ANSWER_SECONDS
        self._recent: list[tuple[Any, str]] = []

    def value(self, name: str) -> Any:
        """The value of the learner's variable ``name``, as plain data."""
        return self._remember(self._ask(Value(name, self.seconds)), name)

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """What the learner's ``function`` returns for these arguments, as plain data.

        Args:
            function: the function's name in the notebook.
            args: plain data; the function gets its own copy.
            kwargs: plain data.
        """
        question = Call(function, _plain_arguments(list(args)), _plain_arguments(kwargs), self.seconds)
        return self._remember(self._ask(question), _call_text(function, args, kwargs))

    def model(self, name: str, *args: Any, **kwargs: Any) -> Model:
        """The Keras model in variable ``name``; or, where ``name`` is a function, the model that it returns.

        Args:
            name: a name in the notebook.
            args: arguments of the function, plain data.
            kwargs: keyword arguments of the function, plain data.
        """
        question = GetModel(name, _plain_arguments(list(args)), _plain_arguments(kwargs), self.seconds)
        described = Model.from_data(self._ask(question))
        handles = [described.handle]

        def predict(x: Any) -> Any:
            x = _plain_arguments(x)
            try:
                answer = self._ask(Predict(name, x, handles[0], self.seconds))
            except failures.StaleModel:
                handles[0] = Model.from_data(self._ask(question)).handle
                answer = self._ask(Predict(name, x, handles[0], self.seconds))
            return self._remember(answer, f"{name}.predict({brief(x)})")

        return described.with_predict(predict)

    def origin(self, got: Any) -> str | None:
        """The request that ``got`` answered, as the learner would write it, or ``None`` if it is not known."""
        for answer, text in reversed(self._recent):
            if answer is got:
                return f"`{text}`"
            items = answer[:10] if isinstance(answer, list | tuple) else ()
            for index, item in enumerate(items):
                if item is got:
                    return f"`{text}[{index}]`"
        return None

    def _remember(self, answer: Any, text: str) -> Any:
        self._recent = [*self._recent[1 - REMEMBERED :], (answer, text)]
        return answer

    def _ask(self, question: Question) -> Any:
        try:
            frame = question.as_frame()
        except wire.NotPlain as error:
            raise failures.BadCheck(
                f"A check asks {question.name!r} with arguments that are not plain data: {error}."
            ) from error
        reply = self.exchange(question, frame)
        if reply.failure is not None:
            raise reply.failure
        return reply.answer

    @abc.abstractmethod
    def exchange(self, question: Question, frame: bytes) -> Reply:
        """Have one question answered.

        Args:
            question: what is asked.
            frame: the same as bytes.
        """


class NamespaceAnswers(Answers):
    """Answers from a namespace of this process, such as a notebook's.

    Requests and replies go through the same encoding as between processes, so that a check cannot tell the two apart.

    >>> answers = NamespaceAnswers({"double": lambda x: 2 * x, "rate": np.float32(0.5)})
    >>> answers.call("double", 4), answers.value("rate")
    (8, 0.5)
    >>> answers.value("rats")
    Traceback (most recent call last):
        ...
    coursekit.worker.failures.MissingName: There is no `rats` in your notebook yet.
    """

    def __init__(self, namespace: MutableMapping[str, Any]) -> None:
        super().__init__()
        self._respondent = Respondent(namespace, interruptible=True)

    def exchange(self, question: Question, frame: bytes) -> Reply:
        """The reply of this process."""
        return Reply.read(self._respondent.reply(cast(Question, read_request(frame))).frame)


def _plain_arguments(value: Any) -> Any:
    """A check's own arguments: NumPy scalars become Python's, everything else must be plain already."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: _plain_arguments(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain_arguments, value))
    return value


def _call_text(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    shown = [brief(value) for value in args] + [f"{key}={brief(value)}" for key, value in kwargs.items()]
    return f"{function}({', '.join(shown)})"
