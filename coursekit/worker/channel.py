"""Requests to a worker and its replies, one at a time, over two pipes.

A request goes with a tag that nobody can guess, and its reply has to come with the same one. So a reply that was
written before the request was known, or that answers an earlier one, is told from the one that was asked for.
"""

from __future__ import annotations

import abc
import io
import os
import queue
import secrets
import signal
import threading
from collections.abc import Callable

from coursekit.worker import wire
from coursekit.worker.bounds import ANSWER_BYTES, START_SECONDS
from coursekit.worker.requests import Hello, Reply

TAG = 8


class WorkerEnded(Exception):
    """The process ended, or sent what is not a reply. The message tells how."""


class WorkerLost(Exception):
    """The process was ended by something else than the learner's code, such as the end of the warm parent."""


class WorkerStuck(Exception):
    """The process gave no reply in time."""


class Worker(abc.ABC):
    """A process that answers requests, as the grader sees it.

    Args:
        requests: the end of a pipe into which requests are written, unbuffered.
        replies: the end of a pipe from which replies come, unbuffered.
    """

    def __init__(self, requests: io.FileIO, replies: io.FileIO) -> None:
        self._requests, self._replies = requests, replies

    @abc.abstractmethod
    def close(self) -> str:
        """End the process and every process that it started; tell how it ended, or nothing if it was lost."""

    def interrupted(self) -> None:  # noqa: B027 (most have nothing to do)
        """Hear that the learner's code was cut short, so that what it left running can be ended where possible."""

    def greet(self) -> None:
        """Wait until the process answers, once, before it is asked anything else.

        Raises:
            WorkerStuck, WorkerEnded, WorkerLost: it does not.
        """
        self.exchange(Hello().as_frame(), START_SECONDS)

    def exchange(self, request: bytes, seconds: float, most: float = ANSWER_BYTES) -> Reply:
        """Send a request, as a frame, and return the reply. After an exception the process is gone.

        Args:
            request: the frame.
            seconds: how long the reply may take.
            most: how large it may be; see :func:`coursekit.worker.requests.answer_bytes`.

        Raises:
            WorkerStuck: no reply within ``seconds``.
            WorkerEnded: the process ended, or what it sent is not the reply to this request.
            WorkerLost: the process was ended from outside.
        """
        replies: queue.SimpleQueue[bytearray | Exception | None] = queue.SimpleQueue()
        threading.Thread(target=self._send_and_receive, args=(request, replies, most), daemon=True).start()
        try:
            reply = replies.get(timeout=seconds)
            if isinstance(reply, bytearray):
                return Reply.read(reply, most)
        except queue.Empty:
            self.close()
            raise WorkerStuck from None
        except wire.ProtocolError as error:
            reply = error
        except BaseException:
            self.close()
            raise
        how = self.close()
        if not how:
            raise WorkerLost
        raise WorkerEnded(f"after it sent what is no reply ({reply})" if isinstance(reply, wire.ProtocolError) else how)

    def _close_pipes(self) -> None:
        for pipe in (self._requests, self._replies):
            pipe.close()

    def _send_and_receive(
        self, request: bytes, replies: queue.SimpleQueue[bytearray | Exception | None], most: float
    ) -> None:
        tag = secrets.token_bytes(TAG)
        try:
            wire.write_frame(self._requests, tag + request)
            returned = wire.read_exactly(self._replies, TAG)
            if returned and returned != tag:
                raise wire.ProtocolError("it does not answer what was asked")
            replies.put(wire.read_frame(self._replies, most))
        except (OSError, ValueError) as error:  # the pipe broke, or was closed here; or no frame came
            replies.put(error)


def ending(code: int) -> str:
    """How a process ended, from its exit code, which is minus the number of a signal that ended it.

    >>> ending(3), ending(-9), ending(-40)
    ('with exit code 3', 'by signal SIGKILL', 'by signal 40')
    """
    names = {each.value: each.name for each in signal.Signals}
    return f"with exit code {code}" if code >= 0 else f"by signal {names.get(-code, -code)}"


def serve(requests: io.FileIO, replies: io.FileIO, answer: Callable[[bytearray], bytes | bytearray]) -> None:
    """Answer requests until there are no more: the worker's side of :meth:`Worker.exchange`."""
    served_by = os.getpid()
    while tag := wire.read_exactly(requests, TAG):
        frame = wire.read_frame(requests)
        if frame is None:
            raise wire.ProtocolError("the stream ended within a frame")
        reply = answer(frame)
        if os.getpid() != served_by:
            os._exit(0)  # a copy of this process, made by the learner's code: one answer is enough
        wire.write_frame(replies, tag + reply)
