"""Start functions of a notebook in processes of their own, read what they print, and take what they return."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from coursekit.apart import starting
from coursekit.apart.errors import ChildFailed
from coursekit.apart.inside import TROUBLE, VALUE
from coursekit.apart.program import write_program

LONGEST = 300.0  # seconds that a process may take


class Apart:
    """A function that runs in a process of its own.

    Attributes:
        name: of the function.
        pid: number of the process.
        printed: the lines that it has printed and that were read.
    """

    def __init__(self, name: str, folder: Path, process: starting.Process, stdin: int, stdout: int) -> None:
        self.name, self.pid, self.printed = name, process.pid, list[str]()
        self._folder, self._process, self._stdin = folder, process, stdin
        self._stdout = os.fdopen(stdout, encoding="utf-8", errors="replace")
        self._answer: tuple[bool, Any, str] | None = None

    def lines(self) -> Iterator[str]:
        """The lines that it prints, as they come; until it ends."""
        try:
            for line in self._stdout:
                self.printed.append(line.rstrip("\n"))
                yield self.printed[-1]
        except KeyboardInterrupt:
            self.kill()
            raise

    def kill(self) -> None:
        """End it by signal 9, as the system does when memory runs out; it can do nothing about it."""
        self._process.kill()

    def value(self, timeout: float = LONGEST) -> Any:
        """What the function returned.

        Args:
            timeout: seconds after which it is killed.

        Raises:
            ChildFailed: it was killed, or it raised an exception; ``ended`` says which.
        """
        if self._answer is None:
            timer = threading.Timer(timeout, self.kill)
            timer.daemon = True
            timer.start()
            try:
                for _ in self.lines():
                    pass
                status = self._process.status()
            finally:
                timer.cancel()
                self.kill()
                self._close()
            self._answer = self._read(status)
            shutil.rmtree(self._folder, ignore_errors=True)
        returned, value, told = self._answer
        if not returned:
            raise ChildFailed(self.name, value, told)
        return value

    def ended(self, timeout: float = LONGEST) -> str:
        """How it ended: ``returned``, ``signal 9``, or the exception with its message."""
        try:
            self.value(timeout)
        except ChildFailed as error:
            return error.ended
        return "returned"

    def _read(self, status: int) -> tuple[bool, Any, str]:
        if (place := self._folder / VALUE).exists():
            return True, json.loads(place.read_text(encoding="utf-8")), ""
        if (place := self._folder / TROUBLE).exists():
            trouble = json.loads(place.read_text(encoding="utf-8"))
            return False, trouble["ended"], trouble["trace"]
        errors = (self._folder / "errors.txt").read_text(encoding="utf-8", errors="replace")
        return False, f"signal {-status}" if status < 0 else f"exit code {status}", errors[-4000:]

    def _close(self) -> None:
        self._stdout.close()
        if self._stdin >= 0:
            os.close(self._stdin)
            self._stdin = -1

    def __repr__(self) -> str:
        return f"<{self.name} in process {self.pid}>"

    def __del__(self) -> None:
        if self._answer is None and self._stdin >= 0:
            self.kill()
            self._close()


def start_apart(
    function: Callable[..., Any],
    *needs: Callable[..., Any] | type,
    environment: Mapping[str, str] | None = None,
    fresh: bool = False,
    keras: bool = True,
    **arguments: Any,
) -> Apart:
    """Start a function of the notebook in a process of its own.

    There it finds ``io``, ``json``, ``os``, ``shutil``, ``signal``, ``sys``, ``tarfile``, ``time``, ``Path``, ``np``,
    ``tf``, ``keras``, ``layers``, ``ops``, :func:`limit_memory` and :func:`peak_memory`, and the functions and classes
    in ``needs``; nothing else of the notebook.

    Args:
        function: what is called; its source is taken from the notebook.
        needs: functions and classes that it uses, each before those that it uses itself.
        environment: variables that are set before anything runs.
        fresh: begin with a new Python, which takes the seconds of all imports, and not with a fork of a process that
            has imported everything and computed nothing. Elsewhere than on Linux each begins anew.
        keras: whether Keras is imported; only a fresh process can do without.
        arguments: of the function: numbers, texts, lists and dictionaries of them, or None.

    Raises:
        TypeError: an argument cannot be written as JSON, or the source of a function is not to be had.
    """
    folder = Path(tempfile.mkdtemp(dir=starting.scratch_folder()))
    try:
        program = write_program(folder, (function, *needs), arguments, keras)
    except TypeError:
        shutil.rmtree(folder)
        raise
    start = starting.fresh if fresh or not starting.FORKS else starting.forked
    theirs, stdin = os.pipe()
    stdout, written = os.pipe()
    try:
        process = start(program, dict(environment or {}), theirs, written, folder / "errors.txt")
    finally:
        os.close(theirs)
        os.close(written)
    return Apart(function.__name__, folder, process, stdin, stdout)


def run_apart(function: Callable[..., Any], *needs: Callable[..., Any] | type, **options: Any) -> Any:
    """Run a function in a process of its own, and return what it returns; see :func:`start_apart`.

    Raises:
        ChildFailed: it did not return.
    """
    return start_apart(function, *needs, **options).value()


def gather(children: Iterable[Apart], timeout: float = LONGEST) -> list[Any]:
    """What several functions returned, in their order. When one of them fails, the others are killed.

    Raises:
        ChildFailed: one did not return.
    """
    children = list(children)
    try:
        return [child.value(timeout) for child in children]
    finally:
        for child in children:
            child.kill()
