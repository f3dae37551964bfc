"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from coursekit.errors import CoursekitError


class CannotWrite(CoursekitError):
    """A file cannot be written, as when the disk is full. What was there before stands."""

    def __init__(self, path: Path, error: OSError, advice: str = "") -> None:
        super().__init__(f"{path} cannot be written: {error.strerror or error}. {advice}".rstrip())


def replace_file(path: Path, content: bytes, advice: str = "") -> None:
    """Write ``content`` to ``path`` in one step: after a crash the file is the old one or the new one.

    The folder is made when it is missing; an existing file keeps its permissions.

    Args:
        path: where to.
        content: all of it.
        advice: what the message of an error adds, such as what is safe and what to do.

    Raises:
        CannotWrite: the folder cannot be written to, or the disk is full; the old file is as it was.

    >>> folder = Path(tempfile.mkdtemp())
    >>> replace_file(folder / "new" / "note.txt", b"hello")
    >>> (folder / "new" / "note.txt").read_text()
    'hello'
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except OSError as error:
        raise CannotWrite(path, error, advice) from error


def _replace(path: Path, content: bytes) -> None:
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
