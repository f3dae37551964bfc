"""Where submissions lie: a folder, or a zip archive that is read in place. Nothing is followed, unpacked or trusted."""

from __future__ import annotations

import abc
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from coursekit.worker.bounds import NOTEBOOK_BYTES as MAX_BYTES

MAX_FILES = 100_000
MAX_DEPTH = 20
MAX_RATIO = 200
RATIO_COUNTS_FROM = 2**20
MAX_TOTAL = 20 * 2**30
SKIPPED = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "__pycache__"})


class UnusableSource(ValueError):
    """Submissions cannot be looked for there; the message names the place and says why."""


class UnusableFile(ValueError):
    """One file cannot be used; the message says why, without its name."""


@dataclass(frozen=True)
class Entry:
    """One file of a source.

    Attributes:
        path: where it lies within the source.
        modified: when it was last changed, in seconds since 1970, or ``None``.
        problem: why it cannot be read, or empty.
    """

    path: PurePosixPath
    modified: float | None
    problem: str = ""


class Source(abc.ABC):
    """A place that holds submissions."""

    @abc.abstractmethod
    def entries(self) -> list[Entry]:
        """All files, except those that systems leave behind, sorted by path."""

    @abc.abstractmethod
    def read(self, path: PurePosixPath) -> bytes:
        """The content of a file.

        Raises:
            UnusableFile: it cannot be read, or is too large.
        """


def open_source(path: Path) -> Source:
    """The source at ``path``.

    Raises:
        UnusableSource: there is neither a folder nor a zip archive, or the archive is damaged or too large.
    """
    if path.is_dir():
        return Folder(path)
    if not path.exists():
        raise UnusableSource(f"There is no {path}. Name the folder or the zip archive of the submissions.")
    if path.is_file() and zipfile.is_zipfile(path):
        return Archive(path)
    raise UnusableSource(f"{path} is neither a folder nor a zip archive. Name the folder that holds the submissions.")


class Folder(Source):
    """Submissions in a folder."""

    def __init__(self, path: Path) -> None:
        self._root = path

    def entries(self) -> list[Entry]:
        """All files, and the folders whose name ends like a notebook's."""
        found = []
        for entry in self._walk(self._root):
            found.append(entry)
            if len(found) > MAX_FILES:
                raise UnusableSource(f"{self._root} holds more than {MAX_FILES:,} files. Is it the right folder?")
        return sorted(found, key=lambda entry: entry.path)

    def read(self, path: PurePosixPath) -> bytes:
        """The content of a regular file; no symbolic link is followed within the folder."""
        try:
            descriptor = os.open(self._root / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | _nonblocking())
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise UnusableFile("It is not a regular file.")
                _check_size(status.st_size)
                return _bounded(file.read(MAX_BYTES + 1))
        except OSError as error:
            raise UnusableFile(f"It cannot be read: {error.strerror}.") from error

    def _walk(self, folder: Path, depth: int = 0) -> Iterator[Entry]:
        if depth > MAX_DEPTH:
            yield Entry(self._within(folder), None, f"It lies more than {MAX_DEPTH} folders deep.")
            return
        try:
            with os.scandir(folder) as listing:
                children = [child for child in listing if not _is_skipped(child.name)]
        except OSError as error:
            yield Entry(self._within(folder), None, f"The folder cannot be read: {error.strerror}.")
            return
        for child in children:
            path = Path(child.path)
            if child.is_symlink():
                yield Entry(self._within(path), None, "It is a symbolic link; put the file itself there.")
            elif child.is_dir():
                inside = list(self._walk(path, depth + 1))
                if not inside and (folder == self._root or path.suffix.lower() == ".ipynb"):
                    yield Entry(self._within(path), None, "It is an empty folder.")
                yield from inside
            elif not child.is_file():
                yield Entry(self._within(path), None, "It is not a regular file (a pipe, a socket or a device).")
            else:
                status = child.stat()
                problem = "" if status.st_size <= MAX_BYTES else _too_large(status.st_size)
                yield Entry(self._within(path), status.st_mtime, problem)

    def _within(self, path: Path) -> PurePosixPath:
        return PurePosixPath(path.relative_to(self._root).as_posix())


class Archive(Source):
    """Submissions in a zip archive. Members are read into memory one at a time, each within bounds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise UnusableSource(f"{path} cannot be read as a zip archive: {error}.") from error
        members = [info for info in self._zip.infolist() if not info.is_dir()]
        members = [info for info in members if not any(map(_is_skipped, info.filename.split("/")))]
        total = sum(info.file_size for info in members)
        if len(members) > MAX_FILES or total > MAX_TOTAL:
            size = f"{len(members):,} files, {total / 2**30:.1f} GB unpacked"
            raise UnusableSource(f"{path} is too large ({size}); at most {MAX_FILES:,} and {MAX_TOTAL >> 30} GB.")
        self._names = Counter(info.filename for info in members)
        self._members = {PurePosixPath(info.filename): info for info in members}
        self._outer = _only_wrapper(list(self._members))

    def entries(self) -> list[Entry]:
        """All members; one outer folder that only wraps the others is left out of their paths."""
        members = self._members.items()
        found = [Entry(self._without_outer(path), _zip_time(info), self._problem(info)) for path, info in members]
        return sorted(found, key=lambda entry: entry.path)

    def read(self, path: PurePosixPath) -> bytes:
        """The content of a member."""
        info = self._members.get(path) or self._members[PurePosixPath(self._outer) / path]
        if problem := self._problem(info):
            raise UnusableFile(problem)
        try:
            with self._zip.open(info) as member:
                return _bounded(member.read(MAX_BYTES + 1))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise UnusableFile(f"It cannot be unpacked: {error}.") from error

    def _problem(self, info: zipfile.ZipInfo) -> str:
        parts = info.filename.replace("\\", "/").split("/")
        if ".." in parts or info.filename.startswith(("/", "\\")) or "\\" in info.filename or ":" in parts[0]:
            return "Its name in the archive points to a place outside of it."
        if self._names[info.filename] > 1:
            return "The archive holds this name more than once."
        if stat.S_ISLNK(info.external_attr >> 16):
            return "It is a symbolic link; put the file itself there."
        if info.flag_bits & 1:
            return "It is encrypted."
        if info.file_size > MAX_BYTES:
            return _too_large(info.file_size)
        if info.file_size > RATIO_COUNTS_FROM and info.file_size > MAX_RATIO * info.compress_size:
            return f"It is packed more than {MAX_RATIO} times smaller, as no notebook is."
        return ""

    def _without_outer(self, path: PurePosixPath) -> PurePosixPath:
        return PurePosixPath(*path.parts[1:]) if self._outer else path


def _only_wrapper(paths: list[PurePosixPath]) -> str:
    """The one outer folder of all paths, if it wraps learners and is not itself one learner's."""
    tops = {path.parts[0] for path in paths if path.parts}
    deep = all(len(path.parts) > 1 for path in paths)
    notebooks = [path for path in paths if path.suffix.lower() == ".ipynb"]
    several = len(notebooks) > 1 or any(len(path.parts) > 2 for path in notebooks)
    return tops.pop() if len(tops) == 1 and deep and several else ""


def _zip_time(info: zipfile.ZipInfo) -> float | None:
    try:
        return datetime(*info.date_time).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_skipped(name: str) -> bool:
    return (name.startswith(".") and name != "..") or name in SKIPPED


def _nonblocking() -> int:
    return getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not wait for someone who writes to it


def _bounded(content: bytes) -> bytes:
    _check_size(len(content))
    return content


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise UnusableFile(_too_large(size))


def _too_large(size: int) -> str:
    return f"It has {size / 2**20:.0f} MB; at most {MAX_BYTES >> 20} MB are read. Clear its outputs and save it."
