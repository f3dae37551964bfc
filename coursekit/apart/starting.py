"""Two ways to start a program: forked from the warm parent, or in a new Python."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Protocol

from coursekit import course
from coursekit.apart.scratch import folder_of_process

FORKS = sys.platform == "linux"  # macOS has libraries that do not bear it


def scratch_folder() -> Path:
    """A temporary folder of this process; it is removed when the process ends.

    On Linux it goes even when this process is killed: the warm parent, which is started for that if need be, removes it
    then.
    """
    if FORKS:
        WarmParent.get()
    return folder_of_process()


class Process(Protocol):
    """A process that was started: its number, and how it ended."""

    pid: int

    def status(self) -> int:
        """Wait for the end; the exit code, or minus the number of the signal that ended it."""

    def kill(self) -> None:
        """End it by signal 9; nothing happens to one that has ended."""


class Forked:
    """A process forked from the warm parent, which is told of by a pipe."""

    def __init__(self, told: IO[str]) -> None:
        self._told, self._status = told, None if (line := told.readline()) else 1
        self.pid = int(line or 0)

    def status(self) -> int:
        if self._status is None:
            self._status = int(self._told.readline() or 1)
            self._told.close()
        return self._status

    def kill(self) -> None:
        if self._status is None and self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, 9)


class Fresh:
    """A process of a new Python."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen, self.pid = popen, popen.pid

    def status(self) -> int:
        return self._popen.wait()

    def kill(self) -> None:
        self._popen.kill()


def fresh(program: Path, environment: dict[str, str], stdin: int, stdout: int, errors: Path) -> Process:
    """Start the program in a new Python."""
    with errors.open("wb") as stderr:
        popen = subprocess.Popen(
            [sys.executable, str(program)],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=program.parent,
            env=_environment() | environment,
            start_new_session=True,
        )
    return Fresh(popen)


def forked(program: Path, environment: dict[str, str], stdin: int, stdout: int, errors: Path) -> Process:
    """Have the warm parent fork a process that runs the program; where ``FORKS`` says so."""
    if sys.platform == "win32":
        raise NotImplementedError("No process of Windows forks.")
    told, ours = os.pipe()
    with errors.open("wb") as stderr:
        request = json.dumps({"program": str(program), "environment": environment}).encode()
        socket.send_fds(WarmParent.get().control, [request], [stdin, stdout, stderr.fileno(), ours])
    os.close(ours)
    return Forked(os.fdopen(told))


class WarmParent:
    """The one warm parent of this process; it is started when it is first asked for, where ``FORKS`` says so."""

    _one: WarmParent | None = None

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.control, theirs = _pair()
        with theirs:
            command = [sys.executable, "-m", "coursekit.apart.warm", str(theirs.fileno()), str(folder_of_process())]
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment() | {"OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self.close)

    @classmethod
    def get(cls) -> WarmParent:
        """The warm parent of this process, started anew where it has ended."""
        if cls._one is None or cls._one.owner != os.getpid() or cls._one._popen.poll() is not None:
            cls._one = cls()
        return cls._one

    def close(self) -> None:
        """End the warm parent."""
        if self.owner == os.getpid():
            self.control.close()
            self._popen.wait()


def _pair() -> tuple[socket.socket, socket.socket]:
    if sys.platform == "win32":
        raise NotImplementedError("No process of Windows forks.")
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _environment() -> dict[str, str]:
    path = [str(course.place()), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}
