"""Answers: the only way in which a check reaches the learner's work.

A check asks for a value, for the result of a call, or for a model. What it gets is plain data (see
:mod:`coursekit.worker.wire`), never an object of the learner's, so that the same check works on a notebook's own
namespace (:class:`NamespaceAnswers`) and on another process (:class:`coursekit.grading.remote.RemoteAnswers`).
"""

from __future__ import annotations

import abc
import hashlib
import math
from collections.abc import Callable, MutableMapping
from typing import Any, cast

import numpy as np

from coursekit.grading.models import Model
from coursekit.worker import failures, wire
from coursekit.worker.bounds import ANSWER_SECONDS, MB, QUESTION_BYTES
from coursekit.worker.requests import Call, GetModel, Question, Reply, Value, read_request
from coursekit.worker.responding import Respondent
from coursekit.worker.text import brief, short, shorten

REMEMBERED = 4


class Answers(abc.ABC):
    """What a check can ask. Each request may raise an :class:`~coursekit.worker.failures.AnswerFailure`.

    Attributes:
        seconds: how long the learner's code may take for one answer.
        question: the name of the question that is asked.
        private_seed: the seed of the inputs that are drawn for this submission alone; ``None`` outside of grading.
        seconds_left: for everything that is still to be run or asked.
        running: what of the learner's is running, as it stands at the start of a sentence; empty if nothing is.
    """

    seconds_left = math.inf

    def __init__(self) -> None:
        self.seconds, self.question = ANSWER_SECONDS, ""
        self.private_seed: str | None = None
        self.running = ""
        self._seed, self._labels = "", set[str]()
        self._recent: list[tuple[Any, Callable[[], str]]] = []
        self._newest: tuple[str, tuple[Any, ...], dict[str, Any]] | None = None
        self._bytes = 0  # of the answers to the question

    def begin(self, question: str, seed: str, seconds: float = ANSWER_SECONDS) -> None:
        """Begin with a question: what it draws follows from its name and ``seed``."""
        self.question, self.seconds = question, seconds
        self._seed, self._labels, self._newest = seed, set(), None
        self._recent, self._bytes = [], 0

    def freeze(self) -> None:  # noqa: B027 (most have nothing to do)
        """Hear that what is asked from now on is private: no learner is to read of it in what is told of a notebook."""

    @property
    def has_drawn(self) -> bool:
        """Whether the question has drawn anything since it began."""
        return bool(self._labels)

    @property
    def has_answered(self) -> bool:
        """Whether the learner's code has answered anything since the question began."""
        return bool(self._bytes)

    def draw(self, label: str) -> np.random.Generator:
        """Random numbers for inputs: always the same in a notebook; in grading, others for each submission as well.

        Args:
            label: what is drawn, once in a question: ``"large logits"``.

        Raises:
            BadCheck: the label was drawn before, so that the same numbers would come again.

        >>> answers = NamespaceAnswers({})
        >>> int(answers.draw("a digit").integers(10)) == int(answers.draw("another digit").integers(10))
        False
        """
        if label in self._labels:
            raise failures.BadCheck(f"Question {self.question!r} draws {label!r} twice: the same numbers would come.")
        self._labels.add(label)
        digest = hashlib.sha256("\0".join((self._seed, self.question, label)).encode()).digest()
        return np.random.default_rng(int.from_bytes(digest, "big"))

    def last_request(self) -> str | None:
        """The last request with its arguments at length, as far as a page can hold them."""
        if self._newest is None:
            return None
        return shorten(_call_text(*self._newest, shown=short), 1000)

    def value(self, name: str) -> Any:
        """The value of the learner's variable ``name``, as plain data."""
        return self._remember(self._ask(Value(name, seconds=self.seconds)), lambda: name)

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """What the learner's ``function`` returns for these arguments, as plain data.

        Args:
            function: the function's name in the notebook.
            args: plain data; the function gets its own copy.
            kwargs: plain data.
        """
        self._newest = function, args, kwargs
        question = Call(function, _plain_arguments(list(args)), _plain_arguments(kwargs), seconds=self.seconds)
        return self._remember(self._ask(question), lambda: _call_text(function, args, kwargs, shown=brief))

    def model(self, name: str, *args: Any, **kwargs: Any) -> Model:
        """The Keras model in variable ``name``; or, where ``name`` is a function, the model that it returns.

        Args:
            name: a name in the notebook.
            args: arguments of the function, plain data.
            kwargs: keyword arguments of the function, plain data.
        """
        self._newest = name, args, kwargs
        question = GetModel(name, _plain_arguments(list(args)), _plain_arguments(kwargs), seconds=self.seconds)
        described = Model.from_data(self._ask(question))
        handle = described.handle

        def ask(kind: Any, words: str, fields: dict[str, Any]) -> Any:
            nonlocal handle
            fields = _plain_arguments(fields)
            called = f"{name}.{words}" if words else name
            if "x" in fields:
                self._newest = called, (fields["x"],), {}
            try:
                answer = self._ask(kind(name=name, handle=handle, seconds=self.seconds, **fields))
            except failures.StaleModel:
                handle = Model.from_data(self._ask(question)).handle
                answer = self._ask(kind(name=name, handle=handle, seconds=self.seconds, **fields))
            return self._remember(answer, lambda: f"{called}({brief(fields['x'])})" if words else name)

        return described.connected(ask)

    def origin(self, got: Any) -> str | None:
        """The request that ``got`` answered, as the learner would write it, or ``None`` if it is not known."""
        for answer, text in reversed(self._recent):
            if answer is got:
                return f"`{text()}`"
            items = answer[:10] if isinstance(answer, list | tuple) else ()
            for index, item in enumerate(items):
                if item is got:
                    return f"`{text()}[{index}]`"
        return None

    def _remember(self, answer: Any, text: Callable[[], str]) -> Any:
        self._recent = [*self._recent[1 - REMEMBERED :], (answer, text)]
        return answer

    def _ask(self, question: Question) -> Any:
        try:
            frame = question.as_frame()
        except wire.NotPlain as error:
            if self.has_answered:  # some of them may be what came, which an author cannot foresee
                told = f"`{question.name}` cannot be asked with what an earlier answer gave."
                raise failures.NotPlainData(
                    told, str(error), "Compare its type and its size with the question."
                ) from error
            raise failures.BadCheck(
                f"A check asks {question.name!r} with arguments that are not plain data: {error}."
            ) from error
        reply = self.exchange(question, frame)
        self.running = ""
        if reply.failure is not None:
            raise reply.failure
        self._bytes += len(reply.frame)
        if self._bytes > QUESTION_BYTES:
            raise failures.NotPlainData(f"All answers together hold more than {QUESTION_BYTES // MB} MB.")
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
        self.running = f"`{question.name}`"
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


def _call_text(function: str, args: tuple[Any, ...], kwargs: dict[str, Any], shown: Callable[[Any], str]) -> str:
    texts = [shown(value) for value in args] + [f"{key}={shown(value)}" for key, value in kwargs.items()]
    return f"{function}({', '.join(texts)})"
