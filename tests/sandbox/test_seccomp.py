"""The filter on system calls, decided without a kernel."""

from __future__ import annotations

import platform
import struct

import pytest

from coursekit.sandbox import seccomp

CONDITIONAL = {  # the numbers of unistd.h
    "socket": (41, 198),
    "socketpair": (53, 199),
    "clone": (56, 220),
    "mmap": (9, 222),
    "madvise": (28, 233),
    "fcntl": (72, 25),
    "preadv2": (327, 286),
}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_decides_as_it_should(machine):
    """A filter program interpreted here: the kernel has only this machine's."""
    column, processor = seccomp.PROCESSORS[machine]
    program = [
        struct.unpack("HBBI", line) for line in struct.iter_unpack("8s", seccomp._program(machine)) for line in line
    ]

    def decide(number, *arguments, of=processor):
        data, at, value = struct.pack("<IIQ6Q", number, of, 0, *arguments, *[0] * (6 - len(arguments))), 0, 0
        while True:
            code, yes, no, operand = program[at]
            at += 1
            if code == seccomp._RETURN:
                return operand
            if code == seccomp._LOAD:
                (value,) = struct.unpack_from("<I", data, operand)
            elif code == seccomp._AND:
                value &= operand
            else:
                tests = {seccomp._EQUAL: value == operand, seccomp._AT_LEAST: value >= operand}
                at += yes if tests[code] else no

    denied = seccomp._ERROR | 1
    for kind, answer in {"not permitted": 1, "not there": 38, "done": 0}.items():
        calls = [numbers[column] for numbers in seccomp.DENIED[kind].values() if numbers[column] is not None]
        assert {decide(number) for number in calls} == {seccomp._ERROR | answer}
    by_name = {name: numbers[column] for name, numbers in CONDITIONAL.items()}
    for name, arguments, allowed in (
        ("socket", [2], False),
        ("socket", [1], True),
        ("socketpair", [30], False),
        ("socketpair", [1], True),
        ("clone", [0x10000000], False),
        ("clone", [0x01200011], True),
        ("mmap", [0, 4096, 3, 0x21], False),
        ("mmap", [0, 4096, 3, 0x23], False),
        ("mmap", [0, 4096, 3, 0x22], True),
        ("mmap", [0, 4096, 1, 0x01], True),
        ("madvise", [0, 4096, 21], False),
        ("madvise", [0, 4096, 4], True),
        ("fcntl", [3, 36], False),
        ("fcntl", [3, 1024], False),
        ("fcntl", [3, 1031], False),
        ("fcntl", [3, 1036], False),
        ("fcntl", [3, 1040], False),
        ("fcntl", [3, 4], True),
        ("fcntl", [3, 5], True),
        ("fcntl", [3, 1030], True),
        ("preadv2", [3, 0, 1, 0, 0, 8], False),
        ("preadv2", [3, 0, 1, 0, 0, 0], True),
    ):
        assert decide(by_name[name], *arguments) == (seccomp._ALLOW if allowed else denied), (name, arguments)
    assert {decide(by_name["fcntl"], 3, lock) for lock in (6, 7, 37, 38)} == {seccomp._ERROR}, "seems to be taken"
    assert decide(1000) == seccomp._ALLOW
    assert decide(1, of=3) == seccomp._KILL
    assert decide(seccomp._X32 | 1) == denied


def test_an_unknown_processor_has_no_filter():
    with pytest.raises(OSError, match="for the processor sparc"):
        seccomp._program("sparc")
    assert platform.machine() in seccomp.PROCESSORS
