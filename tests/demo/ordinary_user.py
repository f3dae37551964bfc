"""An ordinary user of this machine, made for a test that root runs; whoever else runs it is one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import coursekit

NUMBER = 54321  # nobody's
BECOME = (
    f"import os, sys; os.setgroups([]); os.setgid({NUMBER}); os.setuid({NUMBER}); os.execv(sys.argv[1], sys.argv[1:])"
)


def command(arguments: list[str]) -> list[str]:
    """``arguments``, a program's whole path first, as a command that an ordinary user runs.

    Course and Python are shown to it where they are, also if that is in a folder that only root can enter.
    """
    if os.geteuid() != 0:
        return arguments
    return ["bwrap", "--dev-bind", "/", "/", "--cap-add", "ALL", *_shown(), sys.executable, "-c", BECOME, *arguments]


def _shown() -> Iterator[str]:
    paths = [Path(coursekit.__file__).parents[1], Path(sys.prefix), Path(sys.base_prefix)]
    closed = {path: [each for each in path.parents if not each.stat().st_mode & 1] for path in paths}
    for folder in {parents[-1] for parents in closed.values() if parents}:
        yield from ("--perms", "0755", "--tmpfs", str(folder))
    for path, parents in closed.items():
        if parents:
            for each in reversed([one for one in path.parents if one.is_relative_to(parents[-1])][:-1]):
                yield from ("--perms", "0755", "--dir", str(each))
            yield from ("--bind", str(path), str(path))
