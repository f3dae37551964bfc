"""A filter on system calls: what no notebook needs, and what reaches other processes, the network or the kernel's
rarer parts, fails with "operation not permitted".

So does what shows one worker what another has done, such as which pages of a file that both see are in memory, and
memory that no bound counts. Where programs know what to do without a call, it is "not there". And two things seem to be
done but are not: a new session, since Linux may give an equal share of the processors to each; and a lock on a part of
a file, which others would see and nobody counts. Programs such as SQLite do not work without one; they need none in a
folder that nobody else has."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import struct
from dataclasses import dataclass
from pathlib import Path

from coursekit.sandbox import syscalls

# What a call that is denied answers, and by name the numbers of such calls on x86_64 and on aarch64, if they are there.
DENIED: dict[str, dict[str, list[int | None]]] = json.loads(Path(__file__).with_name("denied_calls.json").read_bytes())
ANSWERS = {"not permitted": errno.EPERM, "not there": errno.ENOSYS, "done": 0}
PROCESSORS = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER, _PROCESSOR, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data; little-endian
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000  # set in the numbers of a second, unused table of calls on x86_64
_ALL = 0xFFFFFFFF


@dataclass(frozen=True)
class Rule:
    """A call of which one argument decides.

    Attributes:
        call: its number on x86_64 and on aarch64.
        argument: which argument, from 0.
        bits: which of its bits are looked at.
        values: the values with which the call is denied; or, where ``allowed``, alone permitted.
        answer: what a call that is denied answers; one of :data:`ANSWERS`.
    """

    call: tuple[int, int]
    argument: int
    values: tuple[int, ...]
    bits: int = _ALL
    allowed: bool = False
    answer: str = "not permitted"


AF_UNIX = 1
SHARED_ANONYMOUS = 0x21  # MAP_SHARED | MAP_ANONYMOUS
COLD, PAGEOUT = 20, 21
LOCKS = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
# Copies, flags, who holds a lock (no worker does), owners, seals.
OF_DESCRIPTORS = (*range(6), *range(8, 12), 15, 16, 1027, 1028, 1030, 1032, 1033, 1034)
RULES = (
    Rule((56, 220), 0, (0,), syscalls.NEW_NAMESPACES, allowed=True),  # clone
    Rule((41, 198), 0, (AF_UNIX,), allowed=True),  # socket
    Rule((53, 199), 0, (AF_UNIX,), allowed=True),  # socketpair
    Rule((9, 222), 3, (SHARED_ANONYMOUS,), SHARED_ANONYMOUS),  # mmap: nobody sees how much of it is in use
    Rule((28, 233), 2, (COLD, PAGEOUT)),  # madvise
    Rule((72, 25), 1, LOCKS, answer="done"),  # fcntl
    Rule((72, 25), 1, OF_DESCRIPTORS, allowed=True),  # fcntl, whose leases and hints others see
    Rule((327, 286), 5, (0,), allowed=True),  # preadv2, whose flags tell what is in the page cache
    Rule((328, 287), 5, (0,), allowed=True),  # pwritev2
)


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
    lines = [(_LOAD, 0, 0, _PROCESSOR), (_EQUAL, 1, 0, processor), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    lines += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _ERROR | errno.EPERM)]
    for kind, calls in DENIED.items():
        for numbers in calls.values():
            if (number := numbers[column]) is not None:
                lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERROR | ANSWERS[kind])]
    for rule in RULES:
        lines += _lines(rule, column)
    lines += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _lines(rule: Rule, column: int) -> list[tuple[int, int, int, int]]:
    """Lines that deny a call where its argument says so, and else go on with the call's number loaded."""
    deny = (_RETURN, 0, 0, _ERROR | ANSWERS[rule.answer])
    look = [(_LOAD, 0, 0, _ARGUMENTS + 8 * rule.argument), (_AND, 0, 0, rule.bits)]
    if rule.allowed:
        look += [(_EQUAL, len(rule.values) - place, 0, value) for place, value in enumerate(rule.values)] + [deny]
    else:
        look += [line for value in rule.values for line in ((_EQUAL, 0, 1, value), deny)]
    look.append((_LOAD, 0, 0, _NUMBER))
    return [(_EQUAL, 0, len(look), rule.call[column]), *look]
