"""What a learner's code answered, kept so that a corrected check can be applied without running that code again.

A recording holds, for every request in order, the SHA-256 of the request and the reply as a frame of plain data (see
:mod:`coursekit.worker.wire`). It is compressed, and bounded in size. A request is found again by its digest: the same
question asked with the same arguments and the same time limit. Asked several times, it gets its replies in their order.
"""

from __future__ import annotations

import hashlib
import struct
import time
import zlib
from collections import defaultdict, deque
from collections.abc import Sequence

import msgspec

from coursekit.grading.answers import Answers
from coursekit.grading.results import CellError
from coursekit.worker import wire
from coursekit.worker.bounds import ANSWER_SECONDS, RECORDING_BYTES
from coursekit.worker.failures import CheckingError
from coursekit.worker.requests import Question, Reply

MAGIC = b"CKR1"
ITEM = struct.Struct("<32sQ")


class NotRecorded(CheckingError):
    """A check asks what was not asked when the submission ran: it has to run again."""


class UnusableRecording(ValueError):
    """The bytes are not a recording."""


class Recording:
    """The replies of one submission, as they come.

    Attributes:
        seed: of what was drawn for this submission alone, or ``None``.
        private_since: when the first private question was asked, by the monotonic clock; ``None`` if none was.
        starved: whether something ran out of its time while it waited for a processor.

    >>> recording = Recording()
    >>> recording.add(b"what is x?", Reply.of(answer=3))
    >>> Replies(recording.packed([])).reply(b"what is x?").answer
    3
    """

    def __init__(self) -> None:
        self.seed: str | None = None
        self.private_since: float | None = None
        self.starved = False
        self._items: list[bytes | bytearray] = []
        self._size = 0

    def add(self, request: bytes, reply: Reply) -> None:
        """Keep one exchange."""
        self._size += ITEM.size + len(reply.frame)
        if self._size <= RECORDING_BYTES:
            self._items += [ITEM.pack(hashlib.sha256(request).digest(), len(reply.frame)), reply.frame]

    def packed(self, cells: Sequence[CellError]) -> bytes | None:
        """The recording as bytes, with the cells that did not run to their end; ``None`` if it is too large to keep."""
        if self._size > RECORDING_BYTES:
            return None
        last = wire.encode({"cells": [[cell.number, cell.message] for cell in cells], "seed": self.seed})
        return MAGIC + zlib.compress(b"".join([*self._items, ITEM.pack(bytes(32), len(last)), last]))


class RecordedAnswers(Answers):
    """Hands requests on to other answers, and records what comes, and what was drawn.

    Args:
        answers: where the replies come from.
        recording: where they are kept.
    """

    def __init__(self, answers: Answers, recording: Recording) -> None:
        super().__init__()
        self._answers, self._recording = answers, recording
        self.private_seed = recording.seed = answers.private_seed

    def begin(self, question: str, seed: str, seconds: float = ANSWER_SECONDS) -> None:
        """Begin with a question, here and in the other answers."""
        super().begin(question, seed, seconds)
        self._answers.begin(question, seed, seconds)

    def freeze(self) -> None:
        """Note when what is private begins, and tell the other answers."""
        self._answers.freeze()
        self._recording.private_since = self._recording.private_since or time.monotonic()

    def exchange(self, question: Question, frame: bytes) -> Reply:
        """The other answers' reply, which is kept."""
        reply = self._answers.exchange(question, frame)
        self._recording.add(frame, reply)
        return reply


class Replies:
    """The replies of a recording.

    Attributes:
        cells: the cells that did not run to their end.
        seed: of what was drawn for this submission alone; ``None`` where nothing was, as before there were draws.

    Raises:
        UnusableRecording: ``packed`` is not a recording, or is too large.
    """

    def __init__(self, packed: bytes) -> None:
        self._frames: dict[bytes, deque[bytes]] = defaultdict(deque)
        try:
            *items, (_, last) = _items(_unpacked(packed))
            kept = wire.decode(last)
            kept = {"cells": kept, "seed": None} if isinstance(kept, list) else kept  # before there were draws
            self.cells = tuple(CellError(number, message) for number, message in kept["cells"])
            self.seed = msgspec.convert(kept["seed"], str | None)
        except (zlib.error, ValueError, TypeError, LookupError, struct.error) as error:
            raise UnusableRecording(f"not a recording: {error}") from error
        for digest, frame in items:
            self._frames[digest].append(frame)

    def reply(self, request: bytes) -> Reply:
        """The reply that ``request`` got, the next one if it was made several times.

        Raises:
            NotRecorded: it was not made, or not that often.
        """
        frames = self._frames.get(hashlib.sha256(request).digest())
        if not frames:
            raise NotRecorded("A check asks something that was not recorded.")
        return Reply.read(frames.popleft())


class ReplayedAnswers(Answers):
    """Answers from a recording, with the draws that it was made with; no code of the learner's runs."""

    def __init__(self, replies: Replies) -> None:
        super().__init__()
        self._replies, self.private_seed = replies, replies.seed

    def exchange(self, question: Question, frame: bytes) -> Reply:
        """The recorded reply."""
        return self._replies.reply(frame)


def _unpacked(packed: bytes) -> bytes:
    if packed[:4] != MAGIC:
        raise UnusableRecording("another beginning")
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(packed[4:], 2 * RECORDING_BYTES)
    if not unpacker.eof:
        raise UnusableRecording("too large, or cut short")
    return content


def _items(content: bytes) -> list[tuple[bytes, bytes]]:
    items, start = [], 0
    while start < len(content):
        digest, length = ITEM.unpack_from(content, start)
        start += ITEM.size
        if length > len(content) - start:
            raise UnusableRecording("cut short")
        items.append((digest, content[start : start + length]))
        start += length
    return items
