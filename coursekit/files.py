"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` in one step: after a crash the file is the old one or the new one.

    The folder is made when it is missing; an existing file keeps its permissions.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; the old file is as it was.

    >>> folder = Path(tempfile.mkdtemp())
    >>> replace_file(folder / "new" / "note.txt", b"hello")
    >>> (folder / "new" / "note.txt").read_text()
    'hello'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
