"""The warm parent: it imports what notebooks import, runs nothing, and forks a sealed worker for each request.

Started by :class:`coursekit.sandbox.forkclient.ForkServer` as
``python -m coursekit.sandbox.forkserver SEALING DESCRIPTOR``, with one end of a socket on which it is asked. It first
tries whether a worker can be sealed here at all, then imports, says that it is ready, and serves until the socket
closes.

A fork takes one thread along. A lock that another thread held stays locked for ever, and TensorFlow starts threads
with its first operation: so nothing is computed here, and nothing is forked unless this thread is the only one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from coursekit import quiet
from coursekit.data import cache, registry
from coursekit.sandbox import sealing, syscalls, tracing
from coursekit.sandbox.forked import Connections, Work, become_worker, run_notebook, tell_filters
from coursekit.sandbox.levels import Sealing
from coursekit.sandbox.view import SCRATCH
from coursekit.worker import serving
from coursekit.worker.channel import ending

LONGEST_MESSAGE = 65536
MOST_DESCRIPTORS = 5
COUNTERS = sealing.machine_counters()


class NotAlone(RuntimeError):
    """The warm parent has other threads, so that it cannot be forked."""


def main(how: Sealing, control: socket.socket) -> None:
    """Try, import, say so, and serve until the other end of ``control`` is closed."""
    os.umask(0o022)
    signal.signal(signal.SIGCHLD, lambda number, frame: serving.reap())
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    _answer(control, lambda: {"in_force": _try(how)})
    quiet.hush_tensorflow()
    for name in how.warm:
        importlib.import_module(name)
    if "keras" in how.warm:
        tracing.build_optimizers_early()
    _take_checksums()
    gc.collect()
    gc.freeze()  # no worker searches what was imported for garbage, nor copies it in doing so
    _answer(control, lambda: {"threads": _alone()})
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, LONGEST_MESSAGE, MOST_DESCRIPTORS)
        if not message:
            return
        scratch, *names = json.loads(message)
        _fork(how, Connections(scratch, **dict(zip(names, descriptors, strict=True))), run_notebook)
        for descriptor in descriptors:
            os.close(descriptor)


def _answer(control: socket.socket, answer: Callable[[], dict[str, Any]]) -> None:
    """Send what ``answer`` returns, or what went wrong; after that there is nothing more to do."""
    try:
        control.send(json.dumps(answer()).encode())
    except Exception as error:
        control.send(json.dumps({"failed": f"{type(error).__name__}: {error}"}).encode())
        sys.exit(1)


def _alone() -> int:
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise NotAlone(f"{threads} threads after the imports, where a fork needs 1")
    return threads


def _fork(how: Sealing, outside: Connections, work: Work) -> None:
    _alone()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        become_worker(how, outside, work, COUNTERS)


def _try(how: Sealing) -> list[str]:
    """Seal a worker that only tells which filters are in force; return their names.

    Raises:
        OSError: a worker cannot be sealed; the message tells what failed.
    """
    ours, lifeline = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    results, told = os.pipe()
    with ours, lifeline, tempfile.TemporaryDirectory() as folder, open(os.devnull) as nothing:
        scratch = str(SCRATCH) if how.sealed else folder
        _fork(how, Connections(scratch, nothing.fileno(), told, lifeline.fileno()), tell_filters)
        os.close(told)
        lifeline.close()
        end = ours.recv(LONGEST_MESSAGE).decode(errors="replace")
        names = os.read(results, LONGEST_MESSAGE).decode()
        os.close(results)
    if end != ending(0):
        raise OSError(end or "the worker ended without a word")
    return names.split(",") if names else []


def _take_checksums() -> None:
    """Check the course's data once, here, so that no worker has to."""
    for file in registry.files():
        place = cache.cache_folder() / file.name
        if place.is_file():
            cache.digest(place, file.algorithm)


if __name__ == "__main__":
    main(Sealing.from_text(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])))
