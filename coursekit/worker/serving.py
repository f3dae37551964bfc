"""The process in which a notebook's cells run: it takes requests and gives replies, as frames of plain data.

Started by ``coursekit check``, as ``python -m coursekit.worker.serving``, it takes them from its standard input and
gives them to its standard output, and is **not sealed off**: a cell can do here whatever its owner can do. The workers
of :mod:`coursekit.sandbox` run the same :func:`run` in processes that are.

What a cell reads, prints or passes to a program it starts goes nowhere. No expectation and no check is ever in this
process.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from functools import partial
from typing import BinaryIO

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from coursekit.worker import channel, failures, wire
from coursekit.worker.interrupting import OutOfTime, time_limit
from coursekit.worker.responding import Respondent, learner_error


def main() -> None:
    """Answer the requests from standard input, within the limits that are given, if any."""
    if len(sys.argv) > 2:
        from coursekit.worker import bounds

        bounds.apply(bounds.Limits(**json.loads(sys.argv[2])), own_task_count=False)
    requests, replies = os.dup(0), os.dup(1)
    silence()
    run(requests, replies, sys.argv[1])


def run(requests: int, replies: int, folder: str) -> None:
    """Answer requests until there are no more.

    Args:
        requests: the descriptor of the pipe that they come from.
        replies: the descriptor of the pipe that replies go to.
        folder: where the notebook's modules lie.
    """
    sys.path.insert(0, folder)
    shell = _Shell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    answer = partial(_answer, shell, Respondent(shell.user_ns, interruptible=False))
    channel.serve(_unbuffered(requests, "rb"), _unbuffered(replies, "wb"), answer)


def silence() -> None:
    """Connect standard input, output and error output to nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)


class _Shell(InteractiveShell):
    """A shell that shows nothing, keeps nothing of what is printed, and has no window for ``%matplotlib`` to open."""

    def showtraceback(self, *args: object, **kwargs: object) -> None:
        pass

    def showsyntaxerror(self, *args: object, **kwargs: object) -> None:
        pass

    def enable_gui(self, gui: object = None) -> None:
        pass

    def _tee(self, channel: str) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


def _unbuffered(descriptor: int, mode: str) -> BinaryIO:
    return os.fdopen(descriptor, mode, buffering=0)


def _answer(shell: InteractiveShell, respondent: Respondent, frame: bytearray) -> bytes:
    request = wire.decode(frame)
    if isinstance(respondent.failure, (failures.TimedOut, failures.NoRoom)):
        _reap()
    if request["ask"] == "hello":
        return wire.encode({"answer": None})
    if request["ask"] != "cell":
        return respondent.reply(frame)
    failure = respondent.failure = _run_cell(shell, request)
    return wire.encode({"failure": failure.as_data()} if failure else {"answer": None})


def _run_cell(shell: InteractiveShell, request: dict) -> failures.AnswerFailure | None:
    what = f"Cell {request['number']}"
    try:
        with time_limit(request["seconds"]):
            result = shell.run_cell(request["source"], store_history=True)
        error = result.error_before_exec or result.error_in_exec
    except OutOfTime as out_of_time:
        error = out_of_time
    if isinstance(error, OutOfTime):
        return failures.TimedOut.after(what, request["seconds"])
    return None if error is None else learner_error(what, error, shell.user_ns)


def _reap() -> None:
    """Take note of ended children: those that nobody waits for count as running, and leave no room for threads."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
    os._exit(0)  # threads that a cell left running do not keep the process
