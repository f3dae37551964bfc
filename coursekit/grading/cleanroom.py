"""The clean room: a sealed worker that never ran a learner's code makes their models again, and predicts with them.

A learner's own process can reply anything, such as what it was asked a moment ago. But a model of stock layers is its
configuration and its weights, and nothing else can enter what it predicts. So both are taken out of the learner's
process, looked through (:mod:`coursekit.grading.model_configs`) and put together here; from then on the copy answers
for the model.

The copy is first compared with the original on drawn rows. Where they differ the copy still counts: it is what
configuration and weights say, and a process that says otherwise has replaced ``predict`` or ``call`` (if it has not,
the fault is ours). Both figures are noted, so that a person can decide, and nothing is lost in silence. An honest
model that computes with code of its own is no such case, since it is not made again. What cannot be made again
answers at home: its points count, and the report says that nobody could verify them.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from coursekit.grading import comparing
from coursekit.grading.answers import Answers
from coursekit.grading.model_configs import Refused, vetted
from coursekit.grading.results import Unverified
from coursekit.worker import failures, recreating, requests, wire
from coursekit.worker.bounds import ANSWER_SECONDS, CLEAN_ROOM_BYTES, CLEAN_ROOM_SUBMISSIONS, GRACE_SECONDS
from coursekit.worker.channel import Worker, WorkerEnded, WorkerLost, WorkerStuck
from coursekit.worker.requests import Question, Reply
from coursekit.worker.text import shorten

ROWS = 32
DRAWS = 8  # of a model whose outputs are random
COMPILED = ("optimizer", "loss")  # what a description has of how the model was compiled
# A loss answers at home: exported, it would say no more.
OfBatch = requests.Predict | requests.Observe | requests.Rehearse | requests.TrainingStep
Start = Callable[[Path | None], Worker]


class CleanRoom:
    """A worker for the models of up to 50 submissions, one after another; a new one follows any failure.

    Attributes:
        worker: a number that changes with the worker; a handle belongs to one of them.
        is_fresh: whether the worker has made no model yet.
    """

    def __init__(self) -> None:
        self._running: Worker | None = None
        self._submissions = self._bytes = self.worker = 0
        self.is_fresh = True

    def begin(self, start: Start) -> None:
        """Begin with a submission.

        Args:
            start: starts a worker, should one be needed.
        """
        self._start = start
        self._submissions += 1
        if self._submissions > CLEAN_ROOM_SUBMISSIONS or self._bytes > CLEAN_ROOM_BYTES:
            self.close()

    def ask(self, question: Question) -> Reply:
        """The worker's reply. After a failure it is gone, with all models."""
        if self._running is None:
            self._running = self._start(None)
        try:
            reply = self._running.exchange(question.as_frame(), question.seconds + GRACE_SECONDS)
        except WorkerStuck:
            reply = Reply.of(failure=failures.TimedOut.after("it", question.seconds))
        except (WorkerEnded, WorkerLost) as error:
            reply = Reply.of(failure=failures.Ended(f"its process ended {error}".strip()))
        if reply.failure is not None:
            self.close()
        elif isinstance(question, requests.RecreateModel):
            arrays = [array for _, of_layer in question.weights for array in of_layer]
            self._bytes += len(question.config) + sum(array.nbytes for array in arrays)
            self.is_fresh = False
        return reply

    def close(self) -> None:
        """End the worker."""
        running, self._running = self._running, None
        self._submissions, self._bytes, self.worker, self.is_fresh = 1, 0, self.worker + 1, True
        if running is not None:
            running.close()


class CleanRooms:
    """The clean rooms beside a pool of workers: as many as submissions are marked at a time. They end with the pool."""

    def __init__(self) -> None:
        self._lock, self._idle = threading.Lock(), list[CleanRoom]()

    @contextmanager
    def one(self, start: Start) -> Iterator[CleanRoom]:
        """A clean room for one submission.

        Args:
            start: starts a worker, should one be needed.
        """
        with self._lock:
            room = self._idle.pop() if self._idle else CleanRoom()
        room.begin(start)
        try:
            yield room
        except BaseException:
            room.close()
            raise
        with self._lock:
            self._idle.append(room)


@dataclass(frozen=True)
class _Place:
    """Where a model answers.

    Attributes:
        doubt: why a person should look at it; empty where it is verified.
        handle: in the clean room; ``None`` at home.
        worker: of the clean room.
        made_from: the digest of what was exported.
    """

    doubt: str
    handle: int | None = None
    worker: int = 0
    made_from: bytes = b""


class _Undecided(Exception):
    """The learner's process does not do its part; the message tells what, should it answer after all."""


class CleanRoomAnswers(Answers):
    """Answers of a learner's worker, but what their models predict and do with a batch comes from a clean room.

    Args:
        answers: of the worker that runs the learner's code.
        room: where models are made again.

    Attributes:
        starved: whether a copy ran out of its time while it waited for a processor.
    """

    def __init__(self, answers: Answers, room: CleanRoom) -> None:
        super().__init__()
        self._answers, self._room, self.private_seed = answers, room, answers.private_seed
        self._compiled: dict[int, dict[str, Any]] = {}  # how each model was compiled, by its handle
        self._places: dict[int, _Place] = {}  # by its handle
        self._made: dict[bytes, _Place] = {}  # by what was exported
        self._doubts: dict[tuple[str, str], str] = {}  # by question and name
        self.starved = False

    @property
    def unverified(self) -> tuple[Unverified, ...]:
        """The models that a person should look at."""
        return tuple(Unverified(*asked, doubt) for asked, doubt in self._doubts.items())

    def freeze(self) -> None:
        """Tell the answers of the learner's worker."""
        self._answers.freeze()

    def begin(self, question: str, seed: str, seconds: float = ANSWER_SECONDS) -> None:
        """Begin with a question, here and in the other answers."""
        super().begin(question, seed, seconds)
        self._answers.begin(question, seed, seconds)

    def exchange(self, question: Question, frame: bytes) -> Reply:
        """The reply of the clean room where there is one, else that of the learner's worker."""
        if isinstance(question, OfBatch):
            return self._of_model(question, frame)
        reply = self._answers.exchange(question, frame)
        if isinstance(question, requests.Call | requests.GetModel):
            self._places.clear()  # the learner's code ran, and may have trained any model
        described = reply.answer if isinstance(question, requests.GetModel) and isinstance(reply.answer, dict) else {}
        if isinstance(described.get("handle"), int):
            self._compiled[described["handle"]] = {key: described[key] for key in COMPILED if key in described}
        return reply

    def _of_model(self, question: OfBatch, frame: bytes) -> Reply:
        doubt = ""
        for _ in range(2):  # where its worker fails, a copy is made again in a new one
            try:
                place = self._place(question)
                if place.handle is None:
                    raise _Undecided(place.doubt)
                reply = self._in_room(msgspec.structs.replace(question, handle=place.handle))
            except _Undecided as error:
                doubt = str(error)
                break
            if reply.failure is None:
                self._note(question, place.doubt)
                return self._completed(question, reply)
            doubt = _at_home(f"its copy fails, {_told(reply.failure)}")
        else:
            self._places[question.handle] = self._made[place.made_from] = _Place(doubt)
        reply = self._answers.exchange(question, frame)
        if reply.failure is None:
            self._note(question, doubt)
        return reply

    def _in_room(self, question: Question) -> Reply:
        """The reply of the clean room, within what is left of the submission's time."""
        seconds = min(question.seconds, self._answers.seconds_left)
        if seconds <= 0:
            raise _Undecided  # at home it is told that the time is over
        try:
            reply = self._room.ask(msgspec.structs.replace(question, seconds=seconds))
        except wire.NotPlain as error:  # what just came in one frame, and does not go in another
            raise _Undecided(_at_home(f"it cannot be sent on, {error}")) from None
        self.starved |= isinstance(reply.failure, failures.Starved)
        return reply

    def _note(self, question: OfBatch, doubt: str) -> None:
        if doubt:
            self._doubts.setdefault((self.question, question.name), doubt)

    def _completed(self, question: OfBatch, reply: Reply) -> Reply:
        """A description with what only the original knows: how it was compiled."""
        if not isinstance(question, requests.Observe) or not isinstance(reply.answer, dict):
            return reply
        try:
            return Reply.of(answer=reply.answer | self._compiled.get(question.handle, {}))
        except wire.NotPlain as error:
            told = f"What `{question.name}` says of its optimizer and its loss is too large."
            return Reply.of(failure=failures.NotPlainData(told, str(error), "Compile it with settings of usual size."))

    def _place(self, question: OfBatch) -> _Place:
        place = self._places.get(question.handle)
        if place is None or self._is_gone(place):
            place = self._places[question.handle] = self._found(question)
        return place

    def _is_gone(self, place: _Place) -> bool:
        return place.handle is not None and place.worker != self._room.worker

    def _found(self, question: OfBatch) -> _Place:
        """Take a model apart; make it again and compare, unless the same was made before."""
        exported, theirs = self._export(question), None
        if exported.answer is None:  # its first batch builds it
            theirs = self._predicted(question)
            exported = self._export(question)
        key = hashlib.sha256(exported.frame).digest()
        place = self._made.get(key)
        if place is None or self._is_gone(place):
            place = self._made[key] = replace(self._compared(question, exported.answer, theirs), made_from=key)
        return place

    def _export(self, question: OfBatch) -> Reply:
        asked = requests.ExportModel(question.name, handle=question.handle, seconds=question.seconds)
        reply = self._answers.exchange(asked, asked.as_frame())
        if reply.failure is not None:
            raise _Undecided(_at_home(f"it cannot be made again, {_told(reply.failure)}"))
        return reply

    def _predicted(self, question: OfBatch) -> Any:
        """What the model predicts at home for the drawn rows."""
        drawn = self._drawn(question)
        asked = requests.Predict(question.name, drawn, handle=question.handle, seconds=question.seconds)
        reply = self._answers.exchange(asked, asked.as_frame())
        if reply.failure is not None:
            raise _Undecided(_at_home(f"it predicts nothing for some of the rows, {_told(reply.failure)}"))
        return reply.answer

    def _drawn(self, question: OfBatch) -> Any:
        """Rows like those of the batch that is asked about, and none of its own: what a learner's process is told of a
        batch, the next model that it exports could have by heart."""
        seed = hashlib.sha256(f"{self._seed}\0{self.question}\0{question.name}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(seed, "big"))
        try:
            return recreating.each_part(lambda part: _stand_in(part, rng), question.x)
        except (TypeError, ValueError, IndexError, OverflowError):  # a check may ask for what is no batch
            raise _Undecided(_at_home("it is asked for what is no batch of numbers")) from None

    def _compared(self, question: OfBatch, exported: Any, theirs: Any) -> _Place:
        """Make a model again, and have both predict the same; what fails in a used worker is tried in a new one."""
        try:
            config, weights = vetted(exported)
        except Refused as refused:
            return _Place(_at_home(f"it is not made again, since {refused}"))
        theirs = self._predicted(question) if theirs is None else theirs
        was_fresh = self._room.is_fresh
        again = requests.RecreateModel(question.name, config, weights, seconds=question.seconds)
        place = self._made_again(question, again, theirs)
        if place.handle is None and not was_fresh:
            place = self._made_again(question, again, theirs)
        return place

    def _made_again(self, question: OfBatch, again: requests.RecreateModel, theirs: Any) -> _Place:
        made = self._in_room(again)
        if made.failure is not None:
            return _Place(_at_home(f"it could not be made again, {_told(made.failure)}"))
        handle = made.answer["handle"]
        asked = requests.Predict(question.name, self._drawn(question), handle=handle, seconds=question.seconds)
        ours = self._in_room(asked)
        doubt = ""
        if ours.failure is None and not comparing.alike(theirs, ours.answer, rough="float16" in again.config):
            more = [self._in_room(asked) for _ in range(DRAWS - 1)]
            ours = next((reply for reply in more if reply.failure is not None), ours)
            doubt = comparing.difference(theirs, [ours.answer, *(reply.answer for reply in more)])
        if ours.failure is not None:
            return _Place(_at_home(f"its copy predicts nothing, {_told(ours.failure)}"))
        return _Place(doubt, asked.handle, self._room.worker)


def _stand_in(part: Any, rng: np.random.Generator) -> np.ndarray:
    array = np.asarray(part)
    shape, low, high = (min(len(array), ROWS), *array.shape[1:]), array.min(), array.max()
    if array.dtype.kind == "f":
        return rng.uniform(low, high, shape).astype(array.dtype)
    if array.dtype.kind in "biu":
        return rng.integers(int(low), int(high), shape, endpoint=True).astype(array.dtype)
    raise TypeError("not numbers")


def _at_home(why: str) -> str:
    return f"It answered from the learner's own process: {why}."


def _told(failure: failures.AnswerFailure) -> str:
    return shorten(failure.message.splitlines()[0].rstrip("."), 300) if failure.message else failure.kind
