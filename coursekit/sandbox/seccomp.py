"""A filter on system calls: what no notebook needs, and what reaches other processes, the network or the kernel's
rarer parts, fails with "operation not permitted"."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import socket
import struct
from pathlib import Path

from coursekit.sandbox import syscalls

# By name, the numbers of a call on x86_64 and on aarch64.
DENIED: dict[str, list[int]] = json.loads(Path(__file__).with_name("denied_calls.json").read_bytes())
CLONE, CLONE3, SOCKET = (56, 220), (435, 435), (41, 198)
PROCESSORS = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _PROCESSOR, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; little-endian
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000  # set in the numbers of a second, unused table of calls on x86_64


def install() -> None:
    """Filter the system calls of this thread and of all that it starts, for good.

    Raises:
        OSError: the kernel has no such filters, or this processor's call numbers are not known here.
    """
    program = _program(platform.machine())
    buffer = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    syscalls.prctl(syscalls.PR_SET_SECCOMP, syscalls.SECCOMP_MODE_FILTER, ctypes.c_char_p(described))


def _program(machine: str) -> bytes:
    if machine not in PROCESSORS:
        raise OSError(errno.ENOSYS, f"seccomp: {os.strerror(errno.ENOSYS)} for the processor {machine}")
    column, processor = PROCESSORS[machine]
    not_permitted, no_such_call = _ERROR | errno.EPERM, _ERROR | errno.ENOSYS
    lines = [(_LOAD, 0, 0, _PROCESSOR), (_EQUAL, 1, 0, processor), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    lines += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, not_permitted)]
    for numbers in DENIED.values():
        lines += [(_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, not_permitted)]
    lines += [(_EQUAL, 0, 1, CLONE3[column]), (_RETURN, 0, 0, no_such_call)]  # its flags cannot be read here: use clone
    lines += _on_argument(CLONE[column], (_ANY_BIT, 0, 1, syscalls.NEW_NAMESPACES), not_permitted)
    lines += _on_argument(SOCKET[column], (_EQUAL, 1, 0, socket.AF_UNIX), not_permitted)
    lines += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _on_argument(number: int, test: tuple[int, int, int, int], action: int) -> list[tuple[int, int, int, int]]:
    """Lines that do ``action`` where call ``number`` has a first argument on which ``test`` goes to its next line."""
    look = [(_LOAD, 0, 0, _FIRST_ARGUMENT), test, (_RETURN, 0, 0, action), (_LOAD, 0, 0, _NUMBER)]
    return [(_EQUAL, 0, len(look), number), *look]
