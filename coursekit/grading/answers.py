"""Answers: the only way in which a check reaches the learner's work.

A check asks for a value, for the result of a call, or for a model. What it gets is plain data (see
:mod:`coursekit.worker.wire`), never an object of the learner's, so that the same check works on a notebook's own
namespace (:class:`NamespaceAnswers`) and on another process (:class:`coursekit.grading.remote.RemoteAnswers`).
"""

from __future__ import annotations

import abc
from collections.abc import MutableMapping
from typing import Any

import numpy as np

from coursekit.grading.models import Model
from coursekit.worker import failures, wire
from coursekit.worker.responding import Respondent
from coursekit.worker.text import brief

REMEMBERED = 4


class Answers(abc.ABC):
    """What a check can ask. Each request may raise an :class:`~coursekit.worker.failures.AnswerFailure`.

    Attributes:
        seconds: how long the learner's code may take for one answer.
    """

    def __init__(self) -> None:
        self.seconds = 60.0
        self._recent: list[tuple[Any, str]] = []

    def value(self, name: str) -> Any:
        """The value of the learner's variable ``name``, as plain data."""
        return self._remember(self._ask({"ask": "value", "name": name}), name)

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """What the learner's ``function`` returns for these arguments, as plain data.

        Args:
            function: the function's name in the notebook.
            args: plain data; the function gets its own copy.
            kwargs: plain data.
        """
        request = {"ask": "call", "name": function, "args": list(args), "kwargs": kwargs}
        return self._remember(self._ask(request), _call_text(function, args, kwargs))

    def model(self, name: str, *args: Any, **kwargs: Any) -> Model:
        """The Keras model in variable ``name``; or, where ``name`` is a function, the model that it returns.

        Args:
            name: a name in the notebook.
            args: arguments of the function, plain data.
            kwargs: keyword arguments of the function, plain data.
        """
        request = {"ask": "model", "name": name, "args": list(args), "kwargs": kwargs}
        described = Model.from_data(self._ask(request))
        handles = [described.handle]

        def predict(x: Any) -> Any:
            question = {"ask": "predict", "name": name, "x": x}
            try:
                return self._ask(question | {"handle": handles[0]})
            except failures.StaleModel:
                handles[0] = Model.from_data(self._ask(request)).handle
                return self._ask(question | {"handle": handles[0]})

        return described.with_predict(lambda x: self._remember(predict(x), f"{name}.predict({brief(x)})"))

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

    def _ask(self, request: dict[str, Any]) -> Any:
        try:
            frame = wire.encode(_plain_request(request | {"seconds": self.seconds}))
        except wire.NotPlain as error:
            raise failures.BadCheck(
                f"A check asks {request['name']!r} with arguments that are not plain data: {error}."
            ) from error
        reply = self._exchange(frame, request["name"])
        if isinstance(reply, dict) and reply.keys() == {"answer"}:
            return reply["answer"]
        if isinstance(reply, dict) and reply.keys() == {"failure"}:
            raise failures.from_data(reply["failure"])
        raise wire.ProtocolError("a reply holds an answer or a failure")

    @abc.abstractmethod
    def _exchange(self, request: bytes, name: str) -> Any:
        """Have one request about ``name`` answered; return the reply, decoded."""


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

    def _exchange(self, request: bytes, name: str) -> Any:
        return wire.decode(self._respondent.reply(request))


def _plain_request(value: Any) -> Any:
    """A check's own arguments: NumPy scalars become Python's, everything else must be plain already."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: _plain_request(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain_request(item) for item in value)
    return value


def _call_text(function: str, args: tuple, kwargs: dict) -> str:
    shown = [brief(value) for value in args] + [f"{key}={brief(value)}" for key, value in kwargs.items()]
    return f"{function}({', '.join(shown)})"
