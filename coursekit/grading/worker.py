"""The process in which a notebook's cells run while ``coursekit check`` asks: ``python -m coursekit.grading.worker``.

It reads requests from its standard input and writes replies to its standard output, as frames of plain data. Both are
moved aside before any cell runs: what a cell reads, prints or passes to a program it starts goes nowhere. No
expectation and no check is ever in this process.

This process is **not sealed off**: a cell can do here whatever its owner can do. It is for one's own code.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import BinaryIO

from IPython.core.interactiveshell import InteractiveShell

from coursekit.grading import failures, wire
from coursekit.grading.limits import OutOfTime, time_limit
from coursekit.grading.respond import Respondent, learner_error


def main() -> None:
    """Answer requests until there are no more."""
    requests, replies = _take_pipes()
    sys.path.insert(0, sys.argv[1])
    shell = _Shell.instance()
    shell.history_manager.enabled = False
    respondent = Respondent(shell.user_ns, interruptible=False)
    while frame := wire.read_frame(requests):
        request = wire.decode(frame)
        if request["ask"] == "hello":
            reply = wire.encode({"answer": None})
        elif request["ask"] == "cell":
            reply = _run_cell(shell, request)
        else:
            reply = respondent.reply(frame)
        wire.write_frame(replies, reply)


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


def _run_cell(shell: InteractiveShell, request: dict) -> bytes:
    try:
        with time_limit(request["seconds"]):
            result = shell.run_cell(request["source"], store_history=True)
        error = result.error_before_exec or result.error_in_exec
    except OutOfTime as out_of_time:
        error = out_of_time
    if error is None:
        return wire.encode({"answer": None})
    if isinstance(error, OutOfTime):
        return wire.encode(
            {"failure": failures.TimedOut.after(f"Cell {request['number']}", request["seconds"]).as_data()}
        )
    return wire.encode({"failure": learner_error(f"Cell {request['number']}", error, shell.user_ns).as_data()})


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    requests, replies = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    return requests, replies


if __name__ == "__main__":
    main()
    os._exit(0)  # threads that a cell left running do not keep the process
