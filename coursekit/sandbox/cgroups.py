"""Control groups (version 2): the kernel's own bound on the memory and the tasks of a worker, where one may be made.

A group counts what nobody else sees, such as memory that was mapped once, and bounds it without a delay. Root may make
groups where systemd runs the machine, and so may most users in their own session.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from itertools import count
from pathlib import Path

from coursekit.worker.bounds import DYING_SECONDS, MB, Limits

MOUNT = Path("/sys/fs/cgroup")
CONTROLLERS = {"memory", "pids"}
SHARES = 50  # of the processors, beside the 100 of others
_numbers = count()


class ControlGroup:
    """A group for one worker.

    Args:
        parent: the group below which it is made.
        bounds: what to write, by the names of the group's files; those that the kernel does not have are left out.

    Attributes:
        join: the descriptor of a file; a process that writes 0 there becomes a member.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, parent: Path, bounds: Mapping[str, int]) -> None:
        self._folder = parent / f"coursekit-{os.getpid()}-{next(_numbers)}"
        self._folder.mkdir()
        for name, value in bounds.items():
            if (self._folder / name).exists():
                (self._folder / name).write_text(str(value))
        self.join = os.open(self._folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)

    def close(self) -> None:
        """End all members, and the group."""
        os.close(self.join)
        with contextlib.suppress(OSError):
            (self._folder / "cgroup.kill").write_text("1")
        last = time.monotonic() + DYING_SECONDS
        while self._folder.exists() and time.monotonic() < last:
            with contextlib.suppress(OSError):  # its members are not gone yet
                self._folder.rmdir()
                return
            time.sleep(0.005)


def bounds(limits: Limits) -> dict[str, int]:
    """What to write into the group of a worker with these limits: its scratch folder lies in memory, too, and so do the
    copies that it makes of the warm parent's pages."""
    memory = limits.memory + limits.scratch + limits.scratch // 4 + 64 * MB
    return {"memory.max": memory, "memory.swap.max": 0, "pids.max": limits.tasks + 2, "cpu.weight": SHARES}


@cache
def parent() -> Path | None:
    """The nearest group above this process in which groups with such bounds can be made, if there is one."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::")), None)
    if own is None:
        return None
    nearest = MOUNT / own
    return next((each for each in (nearest, *nearest.parents) if each.is_relative_to(MOUNT) and _bounds(each)), None)


def _bounds(folder: Path) -> bool:
    """Whether groups in this one are bounded, and can be made, joined and left by us."""
    try:
        if not set((folder / "cgroup.subtree_control").read_text().split()) >= CONTROLLERS:
            return False
        group = ControlGroup(folder, {})
    except OSError:
        return False
    try:
        joins = [sys.executable, "-Sc", f"import os; os.write({group.join}, b'0')"]
        return subprocess.run(joins, pass_fds=[group.join], stderr=subprocess.DEVNULL).returncode == 0
    finally:
        group.close()
