"""The files that lie beside a notebook, such as a learner's own modules: which, and copies of them for the worker."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from coursekit.worker.bounds import COMPANION_BYTES, COMPANION_FILES, MODULE_BYTES

IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([^\n#;]+)", re.MULTILINE)


def imported(sources: Iterable[str], folder: Path) -> set[Path]:
    """The modules in ``folder`` that some code imports, and those that these import; no links."""
    found, waiting = set[Path](), list(sources)
    while waiting:
        for words in IMPORT.findall(waiting.pop()):
            names = {re.split(r"[\s.]", part.strip(), maxsplit=1)[0] for part in words.split(",")}
            new = {file for name in names if name.isidentifier() and _is_module(file := folder / f"{name}.py")} - found
            found |= new
            waiting += [file.read_text("utf-8", "replace") for file in new]
    return found


def _is_module(file: Path) -> bool:
    with contextlib.suppress(OSError):
        status = file.lstat()  # a link may lead to what is nobody's module
        return stat.S_ISREG(status.st_mode) and status.st_size <= MODULE_BYTES
    return False


def belong_to_one_notebook(folder: Path) -> bool:
    """Whether the files in ``folder`` can only be one learner's: it holds no more than one notebook.

    Beside several notebooks nobody can tell whose a file is, and no learner is to see another one's.
    """
    with os.scandir(folder) as entries:
        return sum(entry.name.endswith(".ipynb") for entry in entries) <= 1


def copy(folder: int, target: Path, owner: int = -1) -> None:
    """Copy the regular files of a folder, but no notebook, no link and no folder, up to a number and a size in all.

    The smallest come first, since modules are small.

    Args:
        folder: the descriptor of the folder.
        target: where to.
        owner: the user, and the group, to give the copies to; -1 for oneself.
    """
    left = COMPANION_BYTES
    for size, name in sorted(_files(folder))[:COMPANION_FILES]:
        left -= size
        if left < 0:
            return
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with open(source, "rb") as stream, open(target / name, "wb") as made:
            shutil.copyfileobj(stream, made)
            os.fchown(made.fileno(), owner, owner)


def _files(folder: int) -> Iterator[tuple[int, str]]:
    """Size and name of each file that may be copied."""
    for name in os.listdir(folder):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode) and not name.endswith(".ipynb"):
            yield status.st_size, name
