"""From a fork of the warm parent to a worker that is sealed and runs a notebook.

Three processes, each the child of the one before: the first enters new namespaces, the second is process 1 in them,
arranges the file system and keeps watch, the third gives up what is left and runs the notebook.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coursekit.sandbox import companions, keeper, sealing, syscalls
from coursekit.sandbox.levels import BUBBLEWRAP, FILTERS, LIMITS_ONLY, Settings
from coursekit.sandbox.view import SCRATCH
from coursekit.worker import bounds
from coursekit.worker import serving as worker

NICER = 5  # a storm of processes may slow itself down, not the grader


@dataclass(frozen=True)
class Newborn:
    """What a worker comes with: its scratch folder, where it has none of its own, and descriptors.

    Attributes:
        scratch: a folder for it.
        requests: the pipe that requests come from.
        replies: the pipe that replies go to.
        lifeline: the socket on which the grader waits for its end.
        folder: the folder whose files it gets copies of, if any.
    """

    scratch: str | None
    requests: int
    replies: int
    lifeline: int
    folder: int | None = None


Work = Callable[[Newborn, "list[str]", str], None]


def be_born(settings: Settings, newborn: Newborn, work: Work) -> None:
    """In a fresh fork: become a sealed worker and do ``work``. Does not return; failures go to the lifeline."""
    try:
        _leave_the_parent(newborn)
        if settings.sealed:
            sealing.enter_namespaces(settings.real_root)
            newborn = Newborn(str(SCRATCH), *_descriptors(newborn))
        if os.fork() == 0:
            _keep(settings, newborn, work)
    except BaseException as error:
        _tell_failure(newborn.lifeline, error)
    os._exit(0)


def run_notebook(newborn: Newborn, in_force: list[str], folder: str) -> None:
    """Answer the grader's requests."""
    np.random.seed()  # a fork has its parent's state; a fresh interpreter has one of its own
    worker.run(newborn.requests, newborn.replies, folder)


def tell_filters(newborn: Newborn, in_force: list[str], folder: str) -> None:
    """Write the names of the filters that are in force, instead of replies."""
    os.write(newborn.replies, ",".join(in_force).encode())


def _descriptors(newborn: Newborn) -> tuple[int | None, ...]:
    return newborn.requests, newborn.replies, newborn.lifeline, newborn.folder


def _leave_the_parent(newborn: Newborn) -> None:
    """Keep no descriptor but the worker's own, and no session."""
    os.setsid()
    wanted = {0, 1, 2, *_descriptors(newborn)}
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in wanted:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(int(name))


def _keep(settings: Settings, newborn: Newborn, work: Work) -> None:
    """The second process."""
    if settings.sealed:
        view = None if settings.level == BUBBLEWRAP else settings.view
        sealing.arrange_mounts(settings.limits, settings.real_root, view)
    else:
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    folder = _scratch_folders(settings, newborn)
    process = os.fork()
    if process == 0:
        _work(settings, newborn, work, folder)
    os.close(newborn.requests)
    os.close(newborn.replies)
    keeper.keep(process, newborn.lifeline, settings.limits, alone=settings.sealed)
    os._exit(0)


def _scratch_folders(settings: Settings, newborn: Newborn) -> str:
    """Make the worker's home and working folder, with copies of what it gets; return the latter."""
    owner = sealing.NOBODY if settings.real_root and settings.sealed else -1
    work, home = (Path(newborn.scratch, name) for name in ("work", "home"))
    for folder in (work, home):
        folder.mkdir()
        os.chown(folder, owner, owner)
    if newborn.folder is not None:
        companions.copy(newborn.folder, work, owner)
        os.close(newborn.folder)
    return str(work)


def _work(settings: Settings, newborn: Newborn, work: Work, folder: str) -> None:
    """The third process."""
    code = 1
    try:
        os.chdir(folder)
        os.environ |= _environment(newborn.scratch)
        tempfile.tempdir = None  # the warm parent's is elsewhere
        if settings.sealed:
            sealing.give_up_privileges(settings.limits, settings.real_root)
        else:
            bounds.apply(settings.limits, own_task_count=False)
        in_force = _filter(settings, newborn)
        worker.silence()
        os.nice(NICER)
        os.close(newborn.lifeline)
        work(newborn, in_force, folder)
        code = 0
    except OSError as error:
        _tell_failure(newborn.lifeline, error)
    finally:
        os._exit(code)


def _environment(scratch: str) -> dict[str, str]:
    home = f"{scratch}/home"
    return {"HOME": home, "TMPDIR": scratch, "IPYTHONDIR": f"{home}/.ipython", "MPLCONFIGDIR": f"{home}/.matplotlib"}


def _filter(settings: Settings, newborn: Newborn) -> list[str]:
    if settings.level == LIMITS_ONLY:
        return []
    readable = (Path("/"),) if settings.sealed else (*settings.view.shown, Path("/proc"))
    in_force = sealing.filter_calls(readable, Path(newborn.scratch))
    if settings.level == FILTERS and "Landlock" not in in_force:
        raise OSError("the kernel has no Landlock")
    return in_force


def _tell_failure(lifeline: int, error: BaseException) -> None:
    with contextlib.suppress(OSError):  # nobody is there to be told
        os.write(lifeline, f"as it could not be sealed: {type(error).__name__}: {error}".encode()[:1000])
