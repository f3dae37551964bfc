"""The few calls of the Linux kernel that Python's standard library does not have."""

from __future__ import annotations

import ctypes
import os
import struct
from functools import lru_cache

CLONE_NEWUSER, NEW_NAMESPACES = 0x10000000, 0x7E020000  # for users; for all: mounts, cgroups, names, users, IPC, …

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 4096, 8192, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 22, 36, 38
SECCOMP_MODE_FILTER = 2

_MOUNT_SETATTR = 442  # this number and those of Landlock are the same on all processors
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID, _MOUNT_ATTR_NODEV = 1, 2, 4
_AT_FDCWD = -100
_CAPABILITY_VERSION_3 = 0x20080522


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def checked(what: str, result: int) -> int:
    """``result`` of a call into libc.

    Raises:
        OSError: it is negative; the message names ``what`` was tried.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(what: str, number: int, *arguments: object) -> int:
    """Call the kernel by number.

    Raises:
        OSError: the call failed, or the kernel does not have it.
    """
    whole = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return checked(what, _libc().syscall(ctypes.c_long(number), *whole))


def unshare(flags: int) -> None:
    """Leave the namespaces that ``flags`` name, for new ones."""
    checked("new namespaces", _libc().unshare(flags))


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, options: str = "") -> None:
    """Mount, bind or change a mount, as mount(2) does."""
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    result = _libc().mount(*texts, ctypes.c_ulong(flags), options.encode())
    checked(f"mounting {kind or source} on {target}", result)


def make_read_only(target: str) -> None:
    """Make a mount and all below it read-only, without devices and set-user-id programs."""
    attributes = _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID | _MOUNT_ATTR_NODEV
    wanted = ctypes.create_string_buffer(struct.pack("QQQQ", attributes, 0, 0, 0), 32)
    path = ctypes.c_char_p(target.encode())
    syscall(f"making {target} read-only", _MOUNT_SETATTR, _AT_FDCWD, path, _AT_RECURSIVE, wanted, 32)


def detach(target: str) -> None:
    """Take a mount and all below it out of sight."""
    checked(f"detaching {target}", _libc().umount2(target.encode(), MNT_DETACH))


def pivot_root(new: str, old: str) -> None:
    """Make ``new`` the root, and put the former root on ``old``."""
    checked(f"making {new} the root", _libc().pivot_root(new.encode(), old.encode()))


def prctl(option: int, *arguments: object) -> None:
    """Change a property of this process, as prctl(2) does."""
    padded = [*arguments, 0, 0, 0, 0][:4]
    whole = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in padded]
    checked(f"prctl {option}", _libc().prctl(option, *whole))


def drop_capabilities() -> None:
    """Give up every capability that this process has, and the right to regain one by running a program."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    checked("dropping capabilities", _libc().capset(header, bytes(24)))
