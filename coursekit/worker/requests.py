"""What the grader asks a worker and what the worker replies: one page for both sides.

A request's fields are in the order in which they are sent: a recorded answer is found again by its request's bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from coursekit.worker import failures, wire


class _Asked(msgspec.Struct, frozen=True, tag_field="ask"):
    def as_frame(self) -> bytes:
        """The request as bytes.

        Raises:
            coursekit.worker.wire.NotPlain: a field is not plain data.
        """
        return wire.encode({"ask": self.__struct_config__.tag} | msgspec.structs.asdict(self))


class Hello(_Asked, frozen=True, tag="hello"):
    """Whether the worker is there: the answer is ``None``."""


class RunCell(_Asked, frozen=True, tag="cell"):
    """Run one cell of the notebook: the answer is ``None``."""

    number: int
    source: str
    seconds: float


class Value(_Asked, frozen=True, tag="value"):
    """The value of a variable."""

    name: str
    seconds: float


class Call(_Asked, frozen=True, tag="call"):
    """What a function returns."""

    name: str
    args: list[Any]
    kwargs: dict[str, Any]
    seconds: float


class GetModel(_Asked, frozen=True, tag="model"):
    """The description of a model, or of the model that a function returns; with a handle to ask for predictions."""

    name: str
    args: list[Any]
    kwargs: dict[str, Any]
    seconds: float


class Predict(_Asked, frozen=True, tag="predict"):
    """What the model with this handle predicts for the batch ``x``."""

    name: str
    x: Any
    handle: int
    seconds: float


Question = Value | Call | GetModel | Predict
Request = Hello | RunCell | Question


def read_request(frame: bytes | bytearray) -> Request:
    """The request in a frame.

    Raises:
        ValueError: it holds none.

    >>> read_request(Value("count", 60.0).as_frame())
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
    def of(cls, answer: Any = None, failure: failures.AnswerFailure | None = None) -> Reply:
        """The reply that holds this.

        Raises:
            coursekit.worker.wire.NotPlain: the answer is not plain data.
        """
        return cls(wire.encode({"failure": failure.as_data()} if failure else {"answer": answer}), answer, failure)

    @classmethod
    def read(cls, frame: bytes | bytearray) -> Reply:
        """The reply in a frame.

        Raises:
            coursekit.worker.wire.ProtocolError: it holds neither an answer nor a failure.
        """
        content = wire.decode(frame)
        if isinstance(content, dict) and content.keys() == {"answer"}:
            return cls(frame, content["answer"])
        if isinstance(content, dict) and content.keys() == {"failure"}:
            return cls(frame, failure=failures.from_data(content["failure"]))
        raise wire.ProtocolError("a reply holds an answer or a failure")
