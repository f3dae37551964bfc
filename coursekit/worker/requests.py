"""What the grader asks a worker and what the worker replies: one page for both sides.

A request's fields are sent in their order, those that have to be named last: a recorded answer is found again by its
request's bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import msgspec

from coursekit.worker import failures, wire
from coursekit.worker.bounds import ANSWER_BYTES, RECREATED_BYTES


class _Asked(msgspec.Struct, frozen=True, tag_field="ask"):
    def as_frame(self) -> bytes:
        """The request as bytes.

        Raises:
            coursekit.worker.wire.NotPlain: a field is not plain data.
        """
        return wire.encode({"ask": self.__struct_config__.tag} | msgspec.structs.asdict(self))


class Hello(_Asked, frozen=True, tag="hello"):
    """Whether the worker is there: the answer is ``None``."""


class SetRandomState(_Asked, frozen=True, tag="random state"):
    """Let random numbers follow from 32 bits, from now on: the answer is ``None``."""

    seed: int


class RunCell(_Asked, frozen=True, tag="cell"):
    """Run one cell of the notebook: the answer is ``None``."""

    number: int
    source: str
    seconds: float


class PassCheck(_Asked, frozen=True, tag="pass check"):
    """Here stands the check cell of a question, which is not run: remember what each name is bound to. The answer is
    ``None``."""

    question: str


class LookBack(_Asked, frozen=True, tag="look back"):
    """What is bound otherwise than at the check of each question that was passed: the answer has for its name what
    :func:`coursekit.worker.bindings.changed_since` gives."""


class _OfName(_Asked, frozen=True):
    name: str


class _Question(_OfName, frozen=True, kw_only=True):
    seconds: float


class _OfModel(_OfName, frozen=True, kw_only=True):
    handle: int
    seconds: float


class Value(_Question, frozen=True, tag="value"):
    """The value of a variable."""


class Call(_Question, frozen=True, tag="call"):
    """What a function returns."""

    args: list[Any]
    kwargs: dict[str, Any]


class GetModel(_Question, frozen=True, tag="model"):
    """The description of a model, or of the model that a function returns; with a handle to ask for predictions."""

    args: list[Any]
    kwargs: dict[str, Any]


class Predict(_OfModel, frozen=True, tag="predict"):
    """What the model with this handle predicts for the batch ``x``."""

    x: Any


class Observe(_OfModel, frozen=True, tag="observe"):
    """The description of the model with this handle once it has seen the batch ``x``, which builds it where it is not
    built yet: with what each layer took and gave."""

    x: Any


class Rehearse(_OfModel, frozen=True, tag="rehearse"):
    """What the model with this handle would give for the batch ``x``, in training or not, if its weights were drawn
    anew from ``seed``; with ``None`` they are its own. It is afterwards as it was."""

    x: Any
    training: bool
    seed: int | None


class LossValues(_OfModel, frozen=True, tag="loss"):
    """What the loss of the model with this handle gives for ``labels`` and each of several predictions of them."""

    labels: Any
    predictions: list[Any]


class TrainingStep(_OfModel, frozen=True, tag="step"):
    """What a step of training on the batch ``x`` would do to each weight of the model with this handle, which is
    afterwards as it was; with a ``seed``, after a nudge to its weights."""

    x: Any
    seed: int | None


class ExportModel(_OfModel, frozen=True, tag="export"):
    """The configuration of the model with this handle, as the text of its JSON, and its weights."""


class RecreateModel(_Question, frozen=True, tag="recreate"):
    """A model made from a configuration that the grader has vetted, with these weights: its description, with a
    handle."""

    config: str
    weights: list[Any]


OfModel = Predict | Observe | Rehearse | LossValues | TrainingStep | ExportModel
Question = Value | Call | GetModel | OfModel | RecreateModel
Request = Hello | SetRandomState | RunCell | PassCheck | LookBack | Question


def answer_bytes(request: Request) -> int:
    """How many bytes of arrays the answer to a request may hold, each number counted as at least 8 bytes."""
    return 2 * RECREATED_BYTES if isinstance(request, ExportModel) else ANSWER_BYTES


def read_request(frame: bytes | bytearray) -> Request:
    """The request in a frame.

    Raises:
        ValueError: it holds none.

    >>> read_request(Value("count", seconds=60.0).as_frame())
    Value(name='count', seconds=60.0)
    """
    request: Request = msgspec.convert(wire.decode(frame), Request)
    return request


@dataclass(frozen=True)
class Reply:
    """What a worker replied: an answer, which is plain data, or the failure to give one.

    >>> Reply.read(Reply.of(answer=[1, 2]).frame).answer
    [1, 2]
    """

    frame: bytes | bytearray
    answer: Any = None
    failure: failures.AnswerFailure | None = None

    @classmethod
    def of(cls, answer: Any = None, failure: failures.AnswerFailure | None = None, most: float = ANSWER_BYTES) -> Reply:
        """The reply that holds this.

        Args:
            answer: plain data.
            failure: instead of an answer.
            most: see :func:`answer_bytes`.

        Raises:
            coursekit.worker.wire.NotPlain: the answer is not plain data, or larger.
        """
        frame = wire.encode({"failure": failure.as_data()} if failure else {"answer": answer}, most)
        return cls(frame, answer, failure)

    @classmethod
    def read(cls, frame: bytes | bytearray, most: float = math.inf) -> Reply:
        """The reply in a frame.

        Raises:
            coursekit.worker.wire.ProtocolError: it holds neither an answer nor a failure, or more than ``most``.
        """
        content = wire.decode(frame, most)
        if isinstance(content, dict) and content.keys() == {"answer"}:
            return cls(frame, content["answer"])
        if isinstance(content, dict) and content.keys() == {"failure"}:
            return cls(frame, failure=failures.from_data(content["failure"]))
        raise wire.ProtocolError("a reply holds an answer or a failure")
