"""The process in which a notebook's cells run: it takes requests and gives replies, as frames of plain data.

Started by ``coursekit check``, as ``python -m coursekit.worker.serving FOLDER``, it takes them from its standard input
and gives them to its standard output, and is **not sealed off**: a cell can do here whatever its owner can do. The
workers of :mod:`coursekit.sandbox` run the same :func:`run` in processes that are.

What a cell reads, prints or passes to a program it starts goes nowhere. No expectation and no check is ever in this
process.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import subprocess
import sys
from typing import Any

import msgspec
import numpy as np
from IPython.core.autocall import ExitAutocall
from IPython.core.interactiveshell import InteractiveShell
from traitlets import default
from traitlets.config import Application, Config

from coursekit.worker import channel, failures, rlimits
from coursekit.worker.bindings import Bindings, bindings, changed_since
from coursekit.worker.bounds import TASK_SECONDS, Limits
from coursekit.worker.event_loop import CellLoop
from coursekit.worker.interrupting import OutOfTime, Waiting, time_limit
from coursekit.worker.requests import Hello, LookBack, PassCheck, Reply, RunCell, SetRandomState, read_request
from coursekit.worker.responding import Respondent, error_text, learner_error
from coursekit.worker.text import shorten


def main() -> None:
    """Answer the requests from standard input, within the limits that are given, if any."""
    if len(sys.argv) > 2:
        rlimits.apply(msgspec.json.decode(sys.argv[2], type=Limits), own_task_count=False)
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
    Application.kernel = _Kernel()  # type: ignore[attr-defined]  # that of a notebook has one
    shell = _Shell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    server = _Server(shell)
    channel.serve(io.FileIO(requests, "rb"), io.FileIO(replies, "wb"), server.answer)


def silence() -> None:
    """Connect standard input, output and error output to nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)


class _Kernel:
    """Stands in for a notebook's kernel where a cell wants to end it."""

    def do_shutdown(self, restart: bool = False) -> None:
        raise SystemExit


class _Exit(ExitAutocall):
    """``exit`` and ``quit`` as a notebook has them: one that keeps the kernel does nothing."""

    def __call__(self, keep_kernel: bool = False) -> None:
        if not keep_kernel:
            super().__call__()  # type: ignore[no-untyped-call]  # IPython's


class _Shell(InteractiveShell):
    """A shell that shows nothing, keeps nothing of what is printed, has no window for ``%matplotlib`` to open and no
    terminal for the system's shell.

    Attributes:
        cells: the event loop in which every cell runs, also one without ``await``.
        failed_line: the last line for the system's shell that failed in this cell, and how it ended; or nothing.
    """

    failed_line = ""

    kernel = _Kernel()

    def __init__(self, **settings: Any) -> None:
        self.cells = CellLoop()
        super().__init__(**settings)  # type: ignore[no-untyped-call]  # IPython's
        self.loop_runner = self.cells.run

    def should_run_async(self, *args: object, **kwargs: object) -> bool:
        return True

    @default("exiter")
    def _exiter(self) -> ExitAutocall:
        return _Exit(self)  # type: ignore[no-untyped-call]  # IPython's

    def ask_exit(self) -> None:
        raise SystemExit

    def _format_exception_for_storage(self, *args: object, **kwargs: object) -> str:
        return ""  # nobody reads it, and IPython takes minutes for a deep one

    def showtraceback(self, *args: object, **kwargs: object) -> None:
        pass

    def showsyntaxerror(self, *args: object, **kwargs: object) -> None:
        pass

    def system(self, cmd: str) -> None:
        """Run a line such as ``!ls``, or what ``%pip`` makes of one. As in a notebook, its failure ends no cell."""
        line = self.var_expand(cmd, depth=1)  # type: ignore[no-untyped-call]  # IPython's
        try:
            code = subprocess.call(line, shell=True)
        except OSError as error:
            code, how = 127, error_text(error)
        else:
            how = channel.ending(code)
        self.user_ns["_exit_code"] = code
        if code:
            self.failed_line = f"`{shorten(line, 160)}` ended {how}"

    def enable_gui(self, gui: object = None) -> None:
        pass

    def _tee(self, channel: str) -> Any:
        return contextlib.nullcontext()


class _Server:
    def __init__(self, shell: _Shell) -> None:
        self._shell = shell
        self._checked: dict[str, Bindings] = {}
        self._respondent = Respondent(shell.user_ns, interruptible=False)
        self._failure: failures.AnswerFailure | None = None

    def answer(self, frame: bytearray) -> bytes | bytearray:
        request = read_request(frame)
        if isinstance(self._failure, failures.TimedOut | failures.NoRoom):
            reap()
        if isinstance(request, Hello):
            reply = Reply.of()
        elif isinstance(request, SetRandomState):
            set_random_state(request.seed)
            reply = Reply.of()
        elif isinstance(request, RunCell):
            reply = Reply.of(failure=self._run(request))
        elif isinstance(request, PassCheck):
            self._checked[request.question] = bindings(self._shell.user_ns)
            reply = Reply.of()
        elif isinstance(request, LookBack):
            changed = {name: changed_since(before, self._shell.user_ns) for name, before in self._checked.items()}
            reply = Reply.of(changed)
        else:
            reply = self._respondent.reply(request)
        self._failure = reply.failure
        return reply.frame

    def _run(self, cell: RunCell) -> failures.AnswerFailure | None:
        what = f"Cell {cell.number}"
        error: BaseException | None
        waiting, self._shell.failed_line = Waiting(), ""
        try:
            with time_limit(cell.seconds):
                result = self._shell.run_cell(cell.source, store_history=True)  # type: ignore[no-untyped-call]  # IPython's
            error = result.error_before_exec or result.error_in_exec
        except OutOfTime as out_of_time:
            error = out_of_time
        if isinstance(error, OutOfTime):
            return failures.TimedOut.after(what, cell.seconds, waiting.seconds())
        if error is not None:
            return learner_error(what, error, self._shell.user_ns)
        if line := self._shell.failed_line:
            return failures.ShellLine(f"{what}: the shell line {line}; the rest of the cell ran.")
        if left := self._shell.cells.left:
            began = f"{what} began asyncio tasks, of which {left} had not ended {TASK_SECONDS:g} seconds after it"
            return failures.LeftTasks(f"{began}: what they give may be missing. Let a cell `await` them.")
        return None


def set_random_state(seed: int) -> None:
    """Let the random numbers of Python, of NumPy and, where it is loaded, of Keras with its backend follow from
    ``seed``, 32 bits. A generator that is made without a seed of its own stays random."""
    random.seed(seed)
    np.random.seed(seed)
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(seed)


def reap() -> None:
    """Take note of ended children: those that nobody waits for count as running, and leave no room for threads.
    Windows keeps none."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
    os._exit(0)  # threads that a cell left running do not keep the process
