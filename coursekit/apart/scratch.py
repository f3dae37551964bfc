"""A folder that lasts as long as this process."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path


def folder_of_process() -> Path:
    """A temporary folder of this process, which is removed when the process ends in good order."""
    folder = _of_process(os.getpid())
    folder.mkdir(mode=0o700, exist_ok=True)  # somebody may have tidied up
    return folder


@functools.cache
def _of_process(pid: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="coursekit-apart-"))
    atexit.register(_remove, folder, pid)
    return folder


def _remove(folder: Path, owner: int) -> None:
    """Remove the folder, unless this process is a fork of its owner."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
