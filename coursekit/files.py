"""Files: read with an error that names them, written so that nobody ever sees half of one."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from functools import partial
from pathlib import Path

from coursekit.errors import CoursekitError

DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows has no quota error


class CannotRead(CoursekitError):
    """A file is there and cannot be read."""


class CannotWrite(CoursekitError):
    """A file cannot be written, as when the disk is full. What was there before stands.

    Args:
        path: of the file.
        error: what the system says.
        advice: what is safe and what to do; ``{remedy}`` in it becomes what would help.
    """

    def __init__(self, path: Path, error: OSError, advice: str = "") -> None:
        told = advice.format(remedy="Make room" if error.errno in DISK_FULL else "Mend that")
        super().__init__(f"{path} cannot be written: {error.strerror or error}. {told}".rstrip())


def read_file(path: Path) -> bytes | None:
    """The content of a file, ``None`` if there is none.

    Raises:
        CannotRead: it is a folder, or nobody may read it.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CannotRead(f"{path} cannot be read: {error.strerror or error}.") from error


def replace_file(path: Path, content: bytes, advice: str = "", owner_only: bool = False) -> None:
    """Write ``content`` to ``path`` in one step: after a crash the file is the old one or the new one.

    The folder is made when it is missing; an existing file keeps its permissions.

    Args:
        path: where to.
        content: all of it.
        advice: what the message of an error adds; see :class:`CannotWrite`.
        owner_only: whether nobody but its owner may read it.

    Raises:
        CannotWrite: the folder cannot be written to, or the disk is full; the old file is as it was.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> replace_file(folder / "new" / "note.txt", b"hello")
    >>> (folder / "new" / "note.txt").read_text()
    'hello'
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content, owner_only)
    except OSError as error:
        raise CannotWrite(path, error, advice) from error


def _replace(path: Path, content: bytes, owner_only: bool) -> None:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(fresh, "xb", opener=partial(os.open, mode=0o600 if owner_only else 0o666)) as file:
            if path.exists() and not owner_only:
                shutil.copymode(path, fresh)
            file.write(content)
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
