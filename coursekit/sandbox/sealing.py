"""How a process shuts itself in: new namespaces, a file system of its own, no privileges, a filter on system calls.

:mod:`coursekit.sandbox.forked` takes the steps in their order.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from coursekit.sandbox import landlock, seccomp, syscalls
from coursekit.sandbox.view import DEVICES, SCRATCH, View
from coursekit.worker import rlimits
from coursekit.worker.bounds import Limits

NOBODY = 65534
ALL_BUT_USER = syscalls.NEW_NAMESPACES & ~syscalls.CLONE_NEWUSER


def is_real_root() -> bool:
    """Whether this process is root and can become somebody else: then a worker has to, since root has no limits."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    ranges = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(start <= NOBODY < start + count for start, _, count in ranges)


def enter_namespaces(real_root: bool) -> None:
    """Put this process into new namespaces, and its next child into a new process namespace as process 1.

    Raises:
        OSError: the kernel or its settings do not allow it.
    """
    if real_root:
        syscalls.unshare(ALL_BUT_USER)
    else:
        _own_user_namespace(ALL_BUT_USER)


def _own_user_namespace(others: int = 0) -> None:
    user, group = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER | others)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def arrange_mounts(limits: Limits, real_root: bool, view: View | None) -> None:
    """Give this process its own ``/proc``, scratch folder and shared memory.

    Args:
        limits: for the size of the scratch folder.
        real_root: whether the scratch folder is to belong to nobody.
        view: what to build the file system from; ``None`` where it is as it should be but for these three.
    """
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    if view is None:
        _mount_proc()
    else:
        _build_file_system(view)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    owner = (NOBODY, NOBODY) if real_root else (os.geteuid(), os.getegid())
    options = "size={},nr_inodes=20000,mode=700,uid={},gid={}"
    syscalls.mount("tmpfs", str(SCRATCH), "tmpfs", flags, options.format(limits.scratch, *owner))
    syscalls.mount("tmpfs", "/dev/shm", "tmpfs", flags, options.format(limits.scratch // 4, *owner))


def give_up_privileges(limits: Limits, real_root: bool) -> None:
    """Become a user without any capability, in a user namespace of its own, within ``limits``."""
    if real_root:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # so that this process may write its own maps
        _own_user_namespace()
    rlimits.apply(limits, own_task_count=True)
    syscalls.drop_capabilities()


def filter_calls(readable: tuple[Path, ...], scratch: Path) -> list[str]:
    """Put Landlock and seccomp on this process; return the names of those that the kernel has."""
    in_force = []
    writable = [scratch, Path("/dev/shm"), *(Path("/dev", name) for name in DEVICES)]
    with contextlib.suppress(OSError):
        landlock.install(readable, writable)
        in_force.append("Landlock")
    with contextlib.suppress(OSError):
        seccomp.install()
        in_force.append("seccomp")
    return in_force


def _mount_proc() -> None:
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("proc", "/proc", "proc", flags)


def _build_file_system(view: View) -> None:
    """Replace the root by an empty, read-only one with what ``view`` names bound into it, devices and ``/proc``."""
    sources = {path: path.resolve() for path in view.shown}
    syscalls.mount("tmpfs", "/tmp", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=755")
    os.mkdir("/tmp/old")
    syscalls.pivot_root("/tmp", "/tmp/old")
    os.chdir("/")
    for path, source in sources.items():
        _bind(source, path)
        syscalls.make_read_only(str(path))
    for path in view.hidden:
        syscalls.mount("tmpfs", str(path), "tmpfs", syscalls.MS_RDONLY)
    for name in DEVICES:
        _bind(Path("/dev", name), Path("/dev", name))
    for folder in ("/proc", "/dev/shm", str(SCRATCH)):
        os.makedirs(folder)
    if not os.path.lexists("/tmp"):
        os.symlink(SCRATCH, "/tmp")
    _mount_proc()
    syscalls.detach("/old")
    os.rmdir("/old")
    syscalls.mount("none", "/", None, syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY)


def _bind(source: Path, target: Path) -> None:
    former = f"/old{source}"
    if os.path.isdir(former):
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    syscalls.mount(former, str(target), None, syscalls.MS_BIND | syscalls.MS_REC)
