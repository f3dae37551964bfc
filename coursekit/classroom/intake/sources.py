"""Where submissions lie: a folder, or a zip archive that is read in place. Nothing is followed, unpacked or trusted."""

from __future__ import annotations

import contextlib
import itertools
import lzma
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import IO

from coursekit.errors import CoursekitError
from coursekit.worker import bounds

SKIPPED = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "__pycache__"})
NONBLOCKING = getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not wait for someone who writes to it
LINK = "It is a symbolic link; put the file itself there."
EMPTY = "It is an empty folder."
TOO_MUCH = (
    f"More than {bounds.LEARNER_FILES:,} files came with it, or notebooks and modules of more than "
    f"{bounds.LEARNER_BYTES >> 30} GB. Hand in the notebook and its modules alone; "
    "and if a whole class lies there, grade its folder by itself."
)
DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)


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
        hidden: whether it is a file or a folder that systems and editors leave behind; nobody hands that in.
        size: its bytes, as far as they are read.
    """

    path: PurePosixPath
    modified: float | None = None
    problem: str = ""
    hidden: bool = False
    size: int = 0


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

    is_archive = False

    def __init__(self, path: Path) -> None:
        self._root = path

    def files(self) -> list[SourceFile]:
        """All files, sorted by path; the folders that hold none; and what is hidden, without what is in it. Of a
        learner with too many or too large ones there is one, which says so.

        Raises:
            UnusableSource: there are too many for a class.
        """
        return _of_all(self._root, self._parts(PurePosixPath()))

    def read(self, path: PurePosixPath, first: int | None = None) -> bytes:
        """The content of a regular file; no symbolic link is followed within the folder.

        Args:
            path: where it lies.
            first: how many of its bytes to read, however large it is; all of them if left out.

        Raises:
            UnusableFile: it cannot be read, or is too large.
        """
        try:
            descriptor = os.open(self._root / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | NONBLOCKING)
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise UnusableFile("It is not a regular file.")
                return _bounded(file, status.st_size, first)
        except OSError as error:
            raise UnusableFile(f"It cannot be read: {error.strerror}.") from error

    def _parts(self, folder: PurePosixPath, depth: int = 0) -> Iterator[Iterator[SourceFile]]:
        """The files in parts, each of one learner: what an entry holds, within outer folders that stand alone."""
        try:
            inside = self._inside(folder)
        except OSError:
            inside = []
        visible = [(path, status) for path, status in inside if not _is_hidden(path.name)]
        if len(visible) == 1 and stat.S_ISDIR(visible[0][1].st_mode) and depth < bounds.BATCH_DEPTH:
            yield from (self._entry(*each, depth) for each in inside if each not in visible)
            yield from self._parts(visible[0][0], depth + 1)
        elif inside:
            yield from (self._entry(*each, depth) for each in inside)
        else:
            yield self._walk(folder, depth)

    def _walk(self, folder: PurePosixPath, depth: int) -> Iterator[SourceFile]:
        if depth > bounds.BATCH_DEPTH:
            yield SourceFile(folder, problem=f"It lies more than {bounds.BATCH_DEPTH} folders deep.")
            return
        try:
            inside = self._inside(folder)
        except OSError as error:
            yield SourceFile(folder, problem=f"The folder cannot be read: {error.strerror}.")
            return
        if depth and not inside:
            yield SourceFile(folder, problem=EMPTY)
        for path, status in inside:
            yield from self._entry(path, status, depth)

    def _inside(self, folder: PurePosixPath) -> list[tuple[PurePosixPath, os.stat_result]]:
        with os.scandir(self._root / folder) as listing:
            some = itertools.islice(listing, bounds.BATCH_FILES + 1)  # more are too many, wherever they are
            return [(folder / each.name, each.stat(follow_symlinks=False)) for each in some]

    def _entry(self, path: PurePosixPath, status: os.stat_result, depth: int) -> Iterator[SourceFile]:
        if _is_hidden(path.name):
            yield SourceFile(path, hidden=True)
        elif stat.S_ISDIR(status.st_mode):
            yield from self._walk(path, depth + 1)
        elif stat.S_ISLNK(status.st_mode):
            yield SourceFile(path, problem=LINK)
        elif not stat.S_ISREG(status.st_mode):
            yield SourceFile(path, problem="It is not a regular file (a pipe, a socket or a device).")
        else:
            yield _file(path, _time(status.st_mtime), _too_large(status.st_size), status.st_size)


class ZipSource:
    """Submissions in a zip archive. Members are read into memory one at a time, each within bounds."""

    is_archive = True

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except DAMAGED as error:
            raise UnusableSource(f"{path} cannot be read as a zip archive: {error}.") from error
        self._path = path
        self._members: dict[PurePosixPath, list[zipfile.ZipInfo]] = {}
        self._folders: set[PurePosixPath] = set()
        for info in self._zip.infolist():
            name = _member_name(info)
            path_inside = PurePosixPath(name if name.strip("./") else "no name")
            if name.endswith("/"):
                self._folders.add(path_inside)
            else:
                self._members.setdefault(path_inside, []).append(info)

    def files(self) -> list[SourceFile]:
        """All members, sorted by path; the folders that hold none; and what is hidden, without what is in it. Of a
        learner with too many or too large ones there is one, which says so.

        Raises:
            UnusableSource: there are too many for a class.
        """
        held = {parent for path in (*self._members, *self._folders) for parent in path.parents}
        found = [SourceFile(path, problem=EMPTY) for path in self._folders - held]
        for path, (info, *_) in self._members.items():
            found.append(_file(path, _zip_time(info), self._problem(path), info.file_size))
        visible = [file for file in found if _hidden_part(file.path) is None]
        hidden = {part for file in found if (part := _hidden_part(file.path))}
        listed = sorted([*visible, *(SourceFile(part, hidden=True) for part in hidden)], key=_path)
        outer = _outer(sorted(file.path for file in visible))
        parts = itertools.groupby(listed, lambda file: file.path.parts[: outer + 1])
        return _of_all(self._path, (files for _, files in parts))

    def read(self, path: PurePosixPath, first: int | None = None) -> bytes:
        """The content of a member.

        Args:
            path: its name.
            first: how many of its bytes to read; all of them if left out.

        Raises:
            UnusableFile: it cannot be unpacked, or is too large.
        """
        if path not in self._members:
            raise UnusableFile("The archive does not hold it.")
        if problem := self._problem(path):
            raise UnusableFile(problem)
        info = self._members[path][0]
        try:
            with self._zip.open(info) as member:
                return _bounded(member, info.file_size, first)
        except UnusableFile:
            raise
        except DAMAGED as error:
            raise UnusableFile(f"It cannot be unpacked: {error}.") from error

    def _problem(self, path: PurePosixPath) -> str:
        info, *others = self._members[path]
        if ".." in path.parts or path.is_absolute() or re.match("[A-Za-z]:", str(path)):
            return "Its name in the archive points to a place outside of it."
        if others:
            return "The archive holds this name more than once."
        if stat.S_ISLNK(info.external_attr >> 16):
            return LINK
        if info.flag_bits & 1:
            return "It is encrypted."
        if too_large := _too_large(info.file_size):
            return too_large
        if info.file_size > bounds.PACKING_COUNTS_FROM and info.file_size > bounds.PACKING_RATIO * info.compress_size:
            return f"It is packed more than {bounds.PACKING_RATIO} times smaller, as no notebook is."
        return ""


SubmissionSource = FolderSource | ZipSource


def _of_all(source: Path, parts: Iterable[Iterable[SourceFile]]) -> list[SourceFile]:
    """The files of a class, sorted, from those of each learner: whoever has too many is refused alone."""
    found: list[SourceFile] = []
    for part in parts:
        files = list(itertools.islice(part, bounds.LEARNER_FILES + 1))
        if len(files) > bounds.LEARNER_FILES or sum(file.size for file in files) > bounds.LEARNER_BYTES:
            files = [replace(min(files, key=_path), problem=TOO_MUCH, hidden=False)]
        found += files
        if len(found) > bounds.BATCH_FILES:
            raise UnusableSource(f"{source} holds more than {bounds.BATCH_FILES:,} files. Is it the right one?")
    return sorted(found, key=_path)


def _outer(paths: list[PurePosixPath]) -> int:
    """How many outer folders all of these paths share, which are sorted."""
    ends = zip(*(path.parts[:-1] for path in (*paths[:1], *paths[-1:])))
    return len([*itertools.takewhile(lambda pair: pair[0] == pair[1], ends)])


def _path(file: SourceFile) -> PurePosixPath:
    return file.path


def _file(path: PurePosixPath, modified: float | None, problem: str, size: int) -> SourceFile:
    is_read = not problem and (is_notebook(path) or path.suffix == ".py")
    return SourceFile(path, modified, problem, size=size if is_read else 0)


def _member_name(info: zipfile.ZipInfo) -> str:
    """The name of a member as its author saw it, with ``/`` between its parts.

    Finder writes UTF-8 and does not say so; Windows PowerShell 5.1 writes backslashes.
    """
    name = info.filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):  # then it is what it seems, in one of the old code pages
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _zip_time(info: zipfile.ZipInfo) -> float | None:
    try:
        return datetime(*info.date_time).timestamp()
    except ValueError:  # of a day or month 0
        return None


def _time(seconds: float) -> float | None:
    """A file's time, ``None`` where it is none that a calendar has."""
    try:
        datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return seconds


def is_notebook(path: PurePosixPath) -> bool:
    """Whether a file is called as a notebook is."""
    return path.suffix.lower() == ".ipynb"


def _is_hidden(name: str) -> bool:
    """Whether systems and editors leave files of this name behind. Moodle begins a name with the learner's, which may
    begin with a dot."""
    return (name.startswith(".") and name != ".." and "_assignsubmission_" not in name) or name in SKIPPED


def _hidden_part(path: PurePosixPath) -> PurePosixPath | None:
    """The outermost hidden folder, or file, that a path leads through."""
    return next((each for each in (*reversed(path.parents), path) if _is_hidden(each.name)), None)


def _bounded(file: IO[bytes], size: int, first: int | None) -> bytes:
    """The content of a file that is said to have ``size`` bytes, or the ``first`` of them."""
    if first is not None:
        return file.read(first)
    content = b"" if _too_large(size) else file.read(bounds.NOTEBOOK_BYTES + 1)
    if problem := _too_large(max(size, len(content))):
        raise UnusableFile(problem)
    return content


def _too_large(size: int) -> str:
    if size <= bounds.NOTEBOOK_BYTES:
        return ""
    most = bounds.NOTEBOOK_BYTES >> 20
    return f"It has {size / 2**20:.0f} MB; at most {most} MB are read. Clear its outputs and save it."
