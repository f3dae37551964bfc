"""Where submissions lie: a folder, or a zip archive that is read in place. Nothing is followed, unpacked or trusted."""

from __future__ import annotations

import itertools
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from coursekit.errors import CoursekitError
from coursekit.worker.bounds import (
    BATCH_BYTES,
    BATCH_DEPTH,
    BATCH_FILES,
    NOTEBOOK_BYTES,
    PACKING_COUNTS_FROM,
    PACKING_RATIO,
)

SKIPPED = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "__pycache__"})
NONBLOCKING = getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not wait for someone who writes to it
LINK = "It is a symbolic link; put the file itself there."


class UnusableSource(CoursekitError):
    """Submissions cannot be looked for there; the message names the place and says why."""


class UnusableFile(ValueError):
    """One file cannot be used; the message says why, without its name."""


@dataclass(frozen=True)
class SourceFile:
    """One file of a source.

    Attributes:
        path: where it lies within the source.
        modified: when it was last changed, in seconds since 1970, or ``None``.
        problem: why it cannot be read, or empty.
    """

    path: PurePosixPath
    modified: float | None = None
    problem: str = ""


def open_source(path: Path) -> SubmissionSource:
    """The source at ``path``.

    Raises:
        UnusableSource: there is neither a folder nor a zip archive, or the archive is damaged or too large.
    """
    try:
        if path.is_dir():
            return FolderSource(path)
        if path.is_file() and zipfile.is_zipfile(path):
            return ZipSource(path)
        there = path.exists()
    except OSError as error:
        raise UnusableSource(f"{path} cannot be read: {error.strerror}.") from error
    if not there:
        raise UnusableSource(f"There is no {path}. Name the folder or the zip archive of the submissions.")
    raise UnusableSource(f"{path} is neither a folder nor a zip archive. Name the folder that holds the submissions.")


class FolderSource:
    """Submissions in a folder."""

    def __init__(self, path: Path) -> None:
        self._root = path

    def files(self) -> list[SourceFile]:
        """All files, except those that systems leave behind, sorted by path; and the folders that hold none."""
        found = list(itertools.islice(self._walk(PurePosixPath()), BATCH_FILES + 1))
        if len(found) > BATCH_FILES:
            raise UnusableSource(f"{self._root} holds more than {BATCH_FILES:,} files. Is it the right folder?")
        return sorted(found, key=lambda file: file.path)

    def read(self, path: PurePosixPath) -> bytes:
        """The content of a regular file; no symbolic link is followed within the folder.

        Raises:
            UnusableFile: it cannot be read, or is too large.
        """
        try:
            descriptor = os.open(self._root / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | NONBLOCKING)
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise UnusableFile("It is not a regular file.")
                return _bounded(file, status.st_size)
        except OSError as error:
            raise UnusableFile(f"It cannot be read: {error.strerror}.") from error

    def _walk(self, folder: PurePosixPath, depth: int = 0) -> Iterator[SourceFile]:
        if depth > BATCH_DEPTH:
            yield SourceFile(folder, problem=f"It lies more than {BATCH_DEPTH} folders deep.")
            return
        try:
            with os.scandir(self._root / folder) as listing:
                kept = [each for each in listing if not _is_skipped(each.name)]
                inside = [(folder / each.name, each.stat(follow_symlinks=False)) for each in kept]
        except OSError as error:
            yield SourceFile(folder, problem=f"The folder cannot be read: {error.strerror}.")
            return
        for path, status in inside:
            if stat.S_ISDIR(status.st_mode):
                empty = True
                for file in self._walk(path, depth + 1):
                    empty = False
                    yield file
                if empty and (depth == 0 or is_notebook(path)):
                    yield SourceFile(path, problem="It is an empty folder.")
            elif stat.S_ISLNK(status.st_mode):
                yield SourceFile(path, problem=LINK)
            elif not stat.S_ISREG(status.st_mode):
                yield SourceFile(path, problem="It is not a regular file (a pipe, a socket or a device).")
            else:
                yield SourceFile(path, status.st_mtime, _too_large(status.st_size))


class ZipSource:
    """Submissions in a zip archive. Members are read into memory one at a time, each within bounds.

    One outer folder that only wraps the others is left out of their paths.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise UnusableSource(f"{path} cannot be read as a zip archive: {error}.") from error
        members = [info for info in self._zip.infolist() if not info.is_dir()]
        members = [info for info in members if not any(map(_is_skipped, info.filename.split("/")))]
        total = sum(info.file_size for info in members)
        if len(members) > BATCH_FILES or total > BATCH_BYTES:
            size = f"{len(members):,} files, {total / 2**30:.1f} GB unpacked"
            raise UnusableSource(f"{path} is too large ({size}); at most {BATCH_FILES:,} and {BATCH_BYTES >> 30} GB.")
        self._names = Counter(info.filename for info in members)
        paths = [PurePosixPath(info.filename) for info in members]
        if _only_wrapped(paths):
            paths = [PurePosixPath(*path.parts[1:]) for path in paths]
        self._members = dict(zip(paths, members))

    def files(self) -> list[SourceFile]:
        """All members, except those that systems leave behind, sorted by path."""
        found = (SourceFile(path, _zip_time(info), self._problem(info)) for path, info in self._members.items())
        return sorted(found, key=lambda file: file.path)

    def read(self, path: PurePosixPath) -> bytes:
        """The content of a member.

        Raises:
            UnusableFile: it cannot be unpacked, or is too large.
        """
        info = self._members.get(path)
        if info is None:
            raise UnusableFile("The archive does not hold it.")
        if problem := self._problem(info):
            raise UnusableFile(problem)
        try:
            with self._zip.open(info) as member:
                return _bounded(member, info.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise UnusableFile(f"It cannot be unpacked: {error}.") from error

    def _problem(self, info: zipfile.ZipInfo) -> str:
        parts = info.filename.replace("\\", "/").split("/")
        if ".." in parts or info.filename.startswith(("/", "\\")) or "\\" in info.filename or ":" in parts[0]:
            return "Its name in the archive points to a place outside of it."
        if self._names[info.filename] > 1:
            return "The archive holds this name more than once."
        if stat.S_ISLNK(info.external_attr >> 16):
            return LINK
        if info.flag_bits & 1:
            return "It is encrypted."
        if too_large := _too_large(info.file_size):
            return too_large
        if info.file_size > PACKING_COUNTS_FROM and info.file_size > PACKING_RATIO * info.compress_size:
            return f"It is packed more than {PACKING_RATIO} times smaller, as no notebook is."
        return ""


SubmissionSource = FolderSource | ZipSource


def _only_wrapped(paths: list[PurePosixPath]) -> bool:
    """Whether all paths lie in one outer folder that wraps learners and is not itself one learner's."""
    notebooks = [path for path in paths if is_notebook(path)]
    several = len(notebooks) > 1 or any(len(path.parts) > 2 for path in notebooks)
    return several and all(len(path.parts) > 1 for path in paths) and len({path.parts[0] for path in paths}) == 1


def _zip_time(info: zipfile.ZipInfo) -> float | None:
    try:
        return datetime(*info.date_time).timestamp()
    except (ValueError, OverflowError):
        return None


def is_notebook(path: PurePosixPath) -> bool:
    """Whether a file is called as a notebook is."""
    return path.suffix.lower() == ".ipynb"


def _is_skipped(name: str) -> bool:
    return (name.startswith(".") and name != "..") or name in SKIPPED


def _bounded(file: IO[bytes], size: int) -> bytes:
    """The content of a file that is said to have ``size`` bytes."""
    content = b"" if _too_large(size) else file.read(NOTEBOOK_BYTES + 1)
    if problem := _too_large(max(size, len(content))):
        raise UnusableFile(problem)
    return content


def _too_large(size: int) -> str:
    if size <= NOTEBOOK_BYTES:
        return ""
    return f"It has {size / 2**20:.0f} MB; at most {NOTEBOOK_BYTES >> 20} MB are read. Clear its outputs and save it."
