"""The files that lie beside a notebook, such as a learner's own modules: which, and copies of them for the worker."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

MAX_FILES, MAX_BYTES = 200, 64 * 2**20


def belong_to_one_notebook(folder: Path) -> bool:
    """Whether the files in ``folder`` can only be one learner's: it holds a single notebook.

    Beside several notebooks nobody can tell whose a file is, and no learner is to see another one's.
    """
    with os.scandir(folder) as entries:
        return sum(entry.name.endswith(".ipynb") for entry in entries) == 1


def copy(folder: int, target: Path, owner: int = -1) -> None:
    """Copy the regular files of a folder, but no notebook, no link and no folder, up to a number and a size.

    Args:
        folder: the descriptor of the folder.
        target: where to.
        owner: the user, and the group, to give the copies to; -1 for oneself.
    """
    left = MAX_BYTES
    for name in sorted(os.listdir(folder))[:MAX_FILES]:
        if name.endswith(".ipynb") or not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            continue
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with open(source, "rb") as stream, open(target / name, "wb") as made:
            left -= os.fstat(source).st_size
            if left < 0:
                return
            shutil.copyfileobj(stream, made)
            os.fchown(made.fileno(), owner, owner)
