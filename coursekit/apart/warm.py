"""The warm parent: it imports TensorFlow and Keras, computes nothing, and forks a process for each program.

An import takes seconds, a fork a few milliseconds. Started by :mod:`coursekit.apart.starting` as ``python -m
coursekit.apart.warm DESCRIPTOR FOLDER``, with one end of a socket. A request is the path of a program as JSON, beside
four descriptors: standard input, output and error of the process, and a pipe into which the process id and, at the
end, the exit status are written. When the socket is closed the parent removes the folder and ends.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import select
import shutil
import signal
import socket
import sys
import traceback

from coursekit.quiet import hush_tensorflow

LONGEST_REQUEST = 65536
DESCRIPTORS = 4


def main(control: socket.socket, folder: str) -> None:
    """Import, then serve until the other end of ``control`` is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hush_tensorflow()
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    _make_way()
    gc.collect()
    gc.freeze()  # no process searches what was imported for garbage, nor copies it in doing so
    awake, wake = os.pipe()
    for descriptor in (awake, wake):
        os.set_blocking(descriptor, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            _tell_who_ended(running)
        if control.fileno() in ready:
            message, descriptors, _, _ = socket.recv_fds(control, LONGEST_REQUEST, DESCRIPTORS)
            if not message:
                shutil.rmtree(folder, ignore_errors=True)
                return
            _fork(json.loads(message), running, *descriptors)


def _make_way() -> None:
    """Go on in a fork, and leave next to nothing of the process that imported.

    The pages of libraries that were touched while they were imported belong to a process by page tables that a fork
    does not copy: half of what it would seem to hold.
    """
    pid = os.fork()
    if pid:
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", f"import os; os.waitpid({pid}, 0)"])


def _tell_who_ended(running: dict[int, int]) -> None:
    """Write the exit status of each process that has ended into its pipe; from pid to pipe in ``running``."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        told = running.pop(pid)
        with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(told)


def _fork(
    request: dict[str, dict[str, str] | str], running: dict[int, int], stdin: int, stdout: int, stderr: int, told: int
) -> None:
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (told, *running.values()):
            os.close(descriptor)
        _become(request, stdin, stdout, stderr)
    for descriptor in (stdin, stdout, stderr):
        os.close(descriptor)
    os.write(told, f"{pid}\n".encode())
    running[pid] = told


def _become(request: dict[str, dict[str, str] | str], stdin: int, stdout: int, stderr: int) -> None:
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for number, descriptor in enumerate((stdin, stdout, stderr)):
            os.dup2(descriptor, number)
            os.close(descriptor)
        program, environment = request["program"], request["environment"]
        assert isinstance(program, str)
        assert isinstance(environment, dict)
        os.environ.update(environment)
        os.chdir(os.path.dirname(program))
        sys.argv = [program]
        runpy.run_path(program, run_name="__main__")
        code = 0
    except BaseException:  # nothing may return to the parent's loop
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
