"""From a fork of the warm parent to a worker that is sealed and runs a notebook.

Three processes, each the child of the one before: the first enters new namespaces, the second is process 1 in them,
arranges the file system and keeps watch, the third gives up what is left and runs the notebook.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from coursekit.sandbox import companions, keeper, sealing, syscalls
from coursekit.sandbox.levels import BUBBLEWRAP, FILTERS, LIMITS_ONLY, Sealing
from coursekit.worker import rlimits, serving

NICER = 5  # a storm of processes may slow itself down, not the grader


@dataclass(frozen=True)
class Connections:
    """What ties a worker to the outside.

    Attributes:
        scratch: its scratch folder.
        requests: the pipe that requests come from.
        replies: the pipe that replies go to.
        lifeline: the socket on which the grader waits for its end.
        folder: the folder whose files it gets copies of, if any.
        group: where to join its control group, if it has one.
    """

    scratch: str
    requests: int
    replies: int
    lifeline: int
    folder: int | None = None
    group: int | None = None


Work = Callable[[Connections, "list[str]", str], None]


def become_worker(how: Sealing, outside: Connections, work: Work, counters: Mapping[str, bytes]) -> NoReturn:
    """In a fresh fork: become a sealed worker and do ``work``; failures go to the lifeline. What ``/proc`` tells of the
    machine is ``counters``."""
    try:
        _leave_the_parent(outside)
        if how.sealed:
            sealing.enter_namespaces(how.real_root)
        if os.fork() == 0:
            _keep(how, outside, work, counters)
    except BaseException as error:
        _tell_failure(outside.lifeline, error)
    os._exit(0)


def run_notebook(outside: Connections, in_force: list[str], folder: str) -> None:
    """Answer the grader's requests."""
    np.random.seed()  # a fork has its parent's state; a fresh interpreter has one of its own, until one is asked for
    serving.run(outside.requests, outside.replies, folder)


def tell_filters(outside: Connections, in_force: list[str], folder: str) -> None:
    """Write the names of the filters that are in force, instead of replies."""
    os.write(outside.replies, ",".join(in_force).encode())


def _leave_the_parent(outside: Connections) -> None:
    """Keep no descriptor but the worker's own, no session and, where there is a control group, not the parent's."""
    os.setsid()
    if outside.group is not None:
        os.write(outside.group, b"0")
    wanted = {0, 1, 2, outside.requests, outside.replies, outside.lifeline, outside.folder}
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in wanted:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(int(name))


def _keep(how: Sealing, outside: Connections, work: Work, counters: Mapping[str, bytes]) -> NoReturn:
    """The second process."""
    if how.sealed:
        view = None if how.level == BUBBLEWRAP else how.view
        sealing.arrange_mounts(how.limits, how.real_root, view, counters)
    else:
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    folder = _scratch_folders(how, outside)
    process = os.fork()
    if process == 0:
        _work(how, outside, work, folder)
    os.close(outside.requests)
    os.close(outside.replies)
    keeper.keep(process, outside.lifeline, how.limits, alone=how.sealed)
    os._exit(0)


def _scratch_folders(how: Sealing, outside: Connections) -> str:
    """Make the worker's home and working folder, with copies of what it gets; return the latter."""
    owner = sealing.NOBODY if how.real_root and how.sealed else -1
    work, home = (Path(outside.scratch, name) for name in ("work", "home"))
    for folder in (work, home):
        folder.mkdir()
        os.chown(folder, owner, owner)
    if outside.folder is not None:
        companions.copy(outside.folder, work, owner)
        os.close(outside.folder)
    return str(work)


def _work(how: Sealing, outside: Connections, work: Work, folder: str) -> NoReturn:
    """The third process."""
    code = 1
    try:
        os.chdir(folder)
        os.environ |= _environment(outside.scratch)
        tempfile.tempdir = None  # the warm parent's is elsewhere
        if how.sealed:
            sealing.give_up_privileges(how.limits, how.real_root)
        else:
            rlimits.apply(how.limits, own_task_count=False)
        in_force = _filter(how, outside)
        serving.silence()
        os.nice(NICER)
        os.close(outside.lifeline)
        work(outside, in_force, folder)
        code = 0
    except OSError as error:
        _tell_failure(outside.lifeline, error)
    finally:
        os._exit(code)


def _environment(scratch: str) -> dict[str, str]:
    home = f"{scratch}/home"
    return {"HOME": home, "TMPDIR": scratch, "IPYTHONDIR": f"{home}/.ipython", "MPLCONFIGDIR": f"{home}/.matplotlib"}


def _filter(how: Sealing, outside: Connections) -> list[str]:
    if how.level == LIMITS_ONLY:
        return []
    readable = (Path("/"),) if how.sealed else (*how.view.shown, Path("/proc"))
    in_force = sealing.filter_calls(readable, Path(outside.scratch))
    if how.level == FILTERS and "Landlock" not in in_force:
        raise OSError("the kernel has no Landlock")
    return in_force


def _tell_failure(lifeline: int, error: BaseException) -> None:
    with contextlib.suppress(OSError):  # nobody is there to be told
        os.write(lifeline, f"as it could not be sealed: {type(error).__name__}: {error}".encode()[:1000])
