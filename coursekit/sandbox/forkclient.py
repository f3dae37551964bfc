"""The warm parent and its workers, as the grader sees them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import coursekit
from coursekit.sandbox import cgroups
from coursekit.sandbox.levels import BUBBLEWRAP, SWEEP, Sealing
from coursekit.sandbox.view import SCRATCH, data_folder
from coursekit.worker.bounds import END_SECONDS, IMPORT_SECONDS, TRY_SECONDS
from coursekit.worker.channel import Worker
from coursekit.worker.environment import VARIABLE

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "TF_CPP_MIN_LOG_LEVEL")
ROOTS_CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "CHOWN", "DAC_OVERRIDE", "KILL", "SYS_PTRACE", "SYS_NICE")
SINGLE_THREADED = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class CannotServe(Exception):
    """No warm parent can be had with these settings; the message tells why."""


class ForksForbidden(CannotServe):
    """The imports leave threads running, so that nothing can be forked after them."""


class ForkServer:
    """A running :mod:`coursekit.sandbox.forkserver`.

    Args:
        how: it seals its workers.
        threads: how many threads TensorFlow may use in each.

    Attributes:
        sealed: whether its workers have namespaces of their own.
        in_force: the names of the filters on its workers.
        groups: the control group below which each worker gets one of its own, if that can be had.
        process_id: the number of the process below which it and its workers run.

    Raises:
        CannotServe: it does not start, or cannot seal a worker.
    """

    def __init__(self, how: Sealing, threads: int = 1) -> None:
        before = _bubblewrap(how) if how.level == BUBBLEWRAP else []
        self.sealed, self._limits, self.groups = how.sealed, how.limits, cgroups.parent()
        self._lock = threading.Lock()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        module = [sys.executable, "-m", "coursekit.sandbox.forkserver", how.as_text(), str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                [*before, *module],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                cwd="/",
                env=_environment(how, threads),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.process_id = self._process.pid
        self.in_force: tuple[str, ...] = tuple(self._receive(TRY_SECONDS)["in_force"])

    @property
    def is_running(self) -> bool:
        """Whether the warm parent lives."""
        return self._process.poll() is None

    def wait_until_warm(self) -> None:
        """Wait for the end of its imports.

        Raises:
            CannotServe: an import failed or takes for ever, or threads are left that forbid a fork.
        """
        self._receive(IMPORT_SECONDS)

    def send(self, scratch: str, descriptors: dict[str, int]) -> None:
        """Ask for a worker; any thread may. The descriptors go by the names that they have in ``Connections``."""
        message = json.dumps([scratch, *descriptors]).encode()
        with self._lock:
            socket.send_fds(self._control, [message], list(descriptors.values()))

    def make_group(self) -> cgroups.ControlGroup | None:
        """A control group for a worker, where one can be had."""
        with contextlib.suppress(OSError):
            return cgroups.ControlGroup(self.groups, cgroups.bounds(self._limits)) if self.groups else None
        return None

    def close(self) -> None:
        """End the warm parent."""
        self._control.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._errors.close()

    def _receive(self, seconds: float) -> dict[str, Any]:
        self._control.settimeout(seconds)
        try:
            raw = self._control.recv(65536)
            answer: dict[str, Any] = json.loads(raw) if raw else {"failed": self._last_words()}
        except TimeoutError:
            answer = {"failed": f"no word from it in {seconds:g} seconds"}
        if "failed" in answer:
            self.close()
            forbidden = answer["failed"].startswith("NotAlone")
            raise (ForksForbidden if forbidden else CannotServe)(answer["failed"])
        return answer

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it ended without a word")


class SealedWorker(Worker):
    """A worker that a warm parent has forked.

    Args:
        server: the warm parent.
        folder: the folder whose files it gets copies of, if any.

    Raises:
        OSError: the warm parent is gone.
    """

    def __init__(self, server: ForkServer, folder: Path | None) -> None:
        self._how = b""
        self._without_word = "" if server.sealed else "by an unknown cause"  # which can be code that is not sealed
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._group: cgroups.ControlGroup | None = None
        if not server.sealed:
            self._scratch = tempfile.TemporaryDirectory(prefix="coursekit-grade-", ignore_cleanup_errors=True)
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            requests, asked = os.pipe()
            theirs.callback(os.close, requests)
            told, replies = os.pipe()
            theirs.callback(os.close, replies)
            super().__init__(io.FileIO(asked, "wb"), io.FileIO(told, "rb"))
            self._lifeline, lifeline = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            theirs.enter_context(lifeline)
            ours.callback(self._let_go)
            self._group = server.make_group()
            descriptors = {"requests": requests, "replies": replies, "lifeline": lifeline.fileno()}
            if folder is not None:
                descriptors["folder"] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                theirs.callback(os.close, descriptors["folder"])
            if self._group is not None:
                descriptors["group"] = self._group.join
            server.send(self._scratch.name if self._scratch else str(SCRATCH), descriptors)
            ours.pop_all()

    def interrupted(self) -> None:
        """End what the code that was cut short has started beside the worker itself."""
        with contextlib.suppress(OSError):  # where it is gone, the next request tells
            self._lifeline.settimeout(END_SECONDS)
            self._lifeline.send(SWEEP)
            self._how = self._lifeline.recv(4096).removeprefix(SWEEP)

    def close(self) -> str:
        """End the worker, and everything in its namespaces; tell how it ended."""
        with contextlib.suppress(OSError):
            self._lifeline.settimeout(END_SECONDS)
            self._lifeline.shutdown(socket.SHUT_WR)
            while told := self._lifeline.recv(4096):
                self._how = self._how or told
        self._let_go()
        return self._how.decode(errors="replace") or self._without_word

    def _let_go(self) -> None:
        self._lifeline.close()
        self._close_pipes()
        if self._scratch is not None:
            self._scratch.cleanup()
        group, self._group = self._group, None
        if group is not None:
            group.close()


def _environment(how: Sealing, threads: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    fixed = {
        "PYTHONPATH": str(Path(coursekit.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",  # the order of a set is the same in each worker
        VARIABLE: "1",
        "MPLBACKEND": "Agg",
        "COURSEKIT_CACHE": str(data_folder()),
        "COURSEKIT_OFFLINE": "1",
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": str(threads),
    }
    if how.level == BUBBLEWRAP:
        fixed |= {"HOME": str(SCRATCH), "TMPDIR": str(SCRATCH)}
    return kept | fixed | dict.fromkeys(SINGLE_THREADED, "1")


def _bubblewrap(how: Sealing) -> list[str]:
    program = shutil.which("bwrap")
    if program is None:
        raise CannotServe("the program bwrap is not installed; your system's package is called bubblewrap")
    words = [program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if how.real_root:
        words += ["--cap-drop", "ALL"]
        words += [word for name in ROOTS_CAPABILITIES for word in ("--cap-add", f"CAP_{name}")]
    else:
        words.append("--unshare-user")
    # Bubblewrap's own /proc is covered in parts, and then the kernel gives workers no new one, unless they are root's.
    words += ["--proc", "/proc"] if how.real_root else ["--bind", "/proc", "/proc"]
    words += ["--dev", "/dev", "--tmpfs", str(SCRATCH)]
    for parent in sorted({parent for path in how.view.shown for parent in path.parents[:-1]}):
        words += ["--perms", "0755", "--dir", str(parent)]  # by itself it makes them for its own user only
    for path in how.view.shown:
        words += ["--ro-bind", str(path), str(path)]
    for path in how.view.hidden:
        words += ["--tmpfs", str(path), "--remount-ro", str(path)]
    if not any(path.is_relative_to("/tmp") for path in how.view.shown):
        words += ["--symlink", str(SCRATCH), "/tmp"]
    return [*words, "--remount-ro", "/", "--chdir", "/", "--"]
