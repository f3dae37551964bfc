"""How a process shuts itself in: new namespaces, a file system of its own, no privileges, a filter on system calls.

:mod:`coursekit.sandbox.forked` takes the steps in their order.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from coursekit.sandbox import landlock, seccomp, syscalls
from coursekit.sandbox.view import DEVICES, SCRATCH, View
from coursekit.worker import rlimits
from coursekit.worker.bounds import Limits

NOBODY = 65534
COUNTERS = ("loadavg", "meminfo", "stat", "uptime", "vmstat")
OF_PROC = frozenset({"self", "thread-self", "mounts", "net", "cpuinfo", "filesystems", "version"})
ALL_BUT_USER = syscalls.NEW_NAMESPACES & ~syscalls.CLONE_NEWUSER


def is_real_root() -> bool:
    """Whether this process is root and can become somebody else: then a worker has to, since root has no limits."""
    if sys.platform != "linux" or os.geteuid() != 0:
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


def arrange_mounts(limits: Limits, real_root: bool, view: View | None, counters: Mapping[str, bytes]) -> None:
    """Give this process its own ``/proc``, devices, scratch folder and shared memory.

    Args:
        limits: for the size of the scratch folder.
        real_root: whether the scratch folder is to belong to nobody.
        view: what to build the file system from; ``None`` where it is as it should be but for these four.
        counters: what :func:`machine_counters` gave.
    """
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    if view is None:
        _replace_devices(counters)
        _mount_proc()
    else:
        _build_file_system(view, counters)
    _cover_what_tells_of_others(counters)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    owner = (NOBODY, NOBODY) if real_root else (os.geteuid(), os.getegid())
    options = "size={},nr_inodes=20000,mode=700,uid={},gid={}"
    syscalls.mount("tmpfs", str(SCRATCH), "tmpfs", flags, options.format(limits.scratch, *owner))
    syscalls.mount("tmpfs", "/dev/shm", "tmpfs", flags, options.format(limits.scratch // 4, *owner))


def machine_counters() -> dict[str, bytes]:
    """What ``/proc`` says of the whole machine, as far as programs ask for it, to be shown to all workers alike: how
    it changes would tell one what another does."""
    return {name: place.read_bytes() for name in COUNTERS if (place := Path("/proc", name)).exists()}


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


def _cover_what_tells_of_others(counters: Mapping[str, bytes]) -> None:
    """Leave of ``/proc`` what belongs to a process, what never changes, and ``counters``, as they were."""
    for name in os.listdir("/proc"):
        place = f"/proc/{name}"
        if name in counters:
            syscalls.mount(f"/dev/counters/{name}", place, None, syscalls.MS_BIND)
        elif not name.isdecimal() and name not in OF_PROC:
            syscalls.mount("/dev/nothing" if os.path.isdir(place) else "/dev/null", place, None, syscalls.MS_BIND)


def _replace_devices(counters: Mapping[str, bytes]) -> None:
    """Cover ``/dev``, which other workers see as well, by an own one."""
    syscalls.mount("tmpfs", str(SCRATCH), "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=755")
    _make_devices(Path("/dev"), SCRATCH, counters)
    syscalls.mount(str(SCRATCH), "/dev", None, syscalls.MS_MOVE)
    syscalls.mount("none", "/dev", None, syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY)


def _make_devices(former: Path, devices: Path, counters: Mapping[str, bytes]) -> None:
    for folder in ("shm", "nothing", "counters"):
        os.makedirs(devices / folder)
    for name, content in counters.items():
        (devices / "counters" / name).write_bytes(content)
    os.symlink("/proc/self/fd", devices / "fd")
    for name in DEVICES:
        _bind(former / name, devices / name)


def _build_file_system(view: View, counters: Mapping[str, bytes]) -> None:
    """Replace the root by an empty, read-only one with what ``view`` names bound into it, devices and ``/proc``."""
    sources = {path: path.resolve() for path in view.shown}
    syscalls.mount("tmpfs", "/tmp", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=755")
    os.mkdir("/tmp/old")
    syscalls.pivot_root("/tmp", "/tmp/old")
    os.chdir("/")
    for path, source in sources.items():
        _bind(Path(f"/old{source}"), path)
        syscalls.make_read_only(str(path))
    for path in view.hidden:
        syscalls.mount("tmpfs", str(path), "tmpfs", syscalls.MS_RDONLY)
    _make_devices(Path("/old/dev"), Path("/dev"), counters)
    for folder in ("/proc", str(SCRATCH)):
        os.makedirs(folder)
    if not os.path.lexists("/tmp"):
        os.symlink(SCRATCH, "/tmp")
    _mount_proc()
    syscalls.detach("/old")
    os.rmdir("/old")
    syscalls.mount("none", "/", None, syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY)


def _bind(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    syscalls.mount(str(source), str(target), None, syscalls.MS_BIND | syscalls.MS_REC)
