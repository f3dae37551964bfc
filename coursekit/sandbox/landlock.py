"""Landlock: rules on files and sockets that a process of any user can put upon itself."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from coursekit.sandbox import syscalls

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE  # the rest are rights on folders
_BITS = {1: 13, 2: 14, 3: 15, 4: 15}  # rights on files by version; from version 5 on, 16
_TCP, _TCP_SINCE = 3, 4  # bind and connect
_SCOPES, _SCOPES_SINCE = 3, 6  # abstract Unix sockets and signals, to processes outside


def version() -> int:
    """The version of Landlock that the kernel has.

    Raises:
        OSError: it has none, or it is switched off.
    """
    return syscalls.syscall("Landlock", _CREATE, None, 0, _ASK_VERSION)


def install(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Let this process, and all that it starts, only read what lies in some folders and only write in others.

    No TCP socket can be bound or connected, and no signal sent to a process outside, where the kernel's version of
    Landlock knows these. Call it after ``no_new_privs`` is set.

    Raises:
        OSError: the kernel has no Landlock.
    """
    known = version()
    rights = (1 << _BITS.get(known, 16)) - 1
    attributes = struct.pack("QQQ", rights, _TCP * (known >= _TCP_SINCE), _SCOPES * (known >= _SCOPES_SINCE))
    size = 24 if known >= _SCOPES_SINCE else 16 if known >= _TCP_SINCE else 8
    rules = syscalls.syscall("Landlock", _CREATE, ctypes.c_char_p(attributes), size, 0)
    try:
        for path in readable:
            _allow(rules, path, rights & (_EXECUTE | _READ_FILE | _READ_DIR))
        for path in writable:
            _allow(rules, path, rights)
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        syscalls.syscall("Landlock", _RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not path.is_dir():
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, place)
        syscalls.syscall(f"Landlock for {path}", _ADD_RULE, rules, _PATH_BENEATH, ctypes.c_char_p(rule), 0)
    finally:
        os.close(place)
