"""From a registered file to bytes that can be trusted: embedded, cached, or fetched.

A file is unpacked once into the cache folder and mapped into memory from there. Its hash is taken before it is
used, once a process for as long as the file does not change.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from coursekit.data import packing
from coursekit.data.errors import CacheWarning, DamagedFile, DamagedFileWarning, DataError, DownloadFailed
from coursekit.data.records import File

EMBEDDED = Path(__file__).parent / "embedded"
DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows has no quota error
STALE_SECONDS = 24 * 3600  # a temporary file this old was left behind by a killed process


def cache_folder() -> Path:
    """Where unpacked and fetched files lie: ``COURSEKIT_CACHE``, or the system's place for caches."""
    if chosen := os.environ.get("COURSEKIT_CACHE"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("coursekit", appauthor=False))


def array(file: File) -> np.ndarray:
    """The array in a registered ``.npy`` file.

    It is mapped into memory copy-on-write: pages are read when they are used, and writing into the array changes
    neither the file nor what anybody else has loaded.
    """
    found = _locate(file)
    if isinstance(found, bytes):
        return packing.npy_array(found)
    return np.asarray(np.load(found, mmap_mode="c", allow_pickle=False))


def content(file: File) -> bytes:
    """The bytes of a registered file."""
    found = _locate(file)
    return found if isinstance(found, bytes) else found.read_bytes()


def path(file: File) -> Path:
    """A path at which a registered file lies, intact, for readers that want a path."""
    found = _locate(file)
    if isinstance(found, Path):
        return found
    place = _temporary_folder() / Path(file.name).name
    place.write_bytes(found)
    return place


def digest(place: Path, algorithm: str = "sha256") -> str:
    """:func:`hash_file`, taken again only when the file has changed since this process last took it."""
    state = place.stat()
    return _digest(place, algorithm, state.st_size, state.st_mtime_ns, state.st_ino)


def hash_file(place: Path, algorithm: str = "sha256") -> str:
    """The hash of a file as it is now, in the registry's form ``sha256:…``."""
    hasher = hashlib.new(algorithm)
    with place.open("rb") as stream:
        while block := stream.read(1 << 20):
            hasher.update(block)
    return f"{algorithm}:{hasher.hexdigest()}"


def is_intact(file: File, place: Path) -> bool:
    """Whether ``place`` holds exactly the bytes of the registered file."""
    return place.is_file() and digest(place, file.algorithm) == file.hash


def embedded_content(file: File) -> bytes:
    """Unpack a file from the repository.

    Raises:
        DamagedFile: the embedded file is missing, or not what the registry says.
    """
    place = EMBEDDED / file.packed.name
    remedy = f"Restore it with: git checkout -- coursekit/data/embedded/{file.packed.name}"
    if not place.is_file():
        raise DamagedFile(place, file.packed.hash, "no file", remedy)
    packed = place.read_bytes()
    check(packed, file.packed.hash, place, remedy)
    with _progress(f"Unpacking {file.name}", len(packed)) as advance:
        unpacked = packing.unpack(packed, file.packed.rearrangement, advance)
    check(unpacked, file.hash, f"{place}, unpacked", remedy)
    return unpacked


def check(data: bytes, expected: str, name: object, remedy: str) -> None:
    """Compare the SHA-256 of ``data`` with the expected one.

    Raises:
        DamagedFile: they differ; ``name`` and ``remedy`` go into the message.
    """
    found = f"sha256:{hashlib.sha256(data).hexdigest()}"
    if found != expected:
        raise DamagedFile(name, expected, found, remedy)


def write(file: File, unpacked: bytes) -> Path:
    """Put a file into the cache: seen whole or not at all, also by processes that do the same at this moment."""
    place = cache_folder() / file.name
    with workspace() as folder:
        fresh = folder / place.name
        fresh.write_bytes(unpacked)
        return adopt(fresh, place)


def adopt(fresh: Path, place: Path) -> Path:
    """Move a finished file from a :func:`workspace` to its place in the cache."""
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(fresh, place)
    return place


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """A folder of this process alone, inside the cache, so that moving a file out of it is atomic."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    _sweep(cache)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".part-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _locate(file: File) -> Path | bytes:
    place = cache_folder() / file.name
    with contextlib.suppress(OSError):  # an unreadable cache is no cache: the other sources come next
        if is_intact(file, place):
            return place
        if place.is_file():
            _warn_damaged(file, place)
    if file.packed is None:
        return _fetched(file)
    try:
        unpacked = embedded_content(file)
    except DamagedFile as damage:
        return _instead_of_embedded(file, damage)
    try:
        return write(file, unpacked)
    except OSError as error:
        _warn_unwritable(str(cache_folder()), _reason(error))
        return unpacked


def _fetched(file: File) -> Path:
    from coursekit.data import downloads

    try:
        return downloads.fetch(file)
    except DataError:
        raise
    except OSError as error:
        raise DownloadFailed(
            f"{file.name} cannot be kept in the cache folder {cache_folder()}: {_reason(error)}. "
            "Free some space there, or set COURSEKIT_CACHE to a folder that can be written."
        ) from error


def _instead_of_embedded(file: File, damage: DamagedFile) -> Path:
    try:
        fetched = _fetched(file)
    except DownloadFailed as failure:
        raise damage from failure
    warnings.warn(f"{damage} Until then the copy from the mirror is used.", DamagedFileWarning, stacklevel=5)
    return fetched


@functools.lru_cache(maxsize=512)
def _digest(place: Path, algorithm: str, size: int, mtime_ns: int, inode: int) -> str:
    return hash_file(place, algorithm)


def _warn_damaged(file: File, place: Path) -> None:
    remedy = "An intact copy takes its place, if there is one."
    damage = DamagedFile(place, file.hash, digest(place, file.algorithm), remedy)
    warnings.warn(str(damage), DamagedFileWarning, stacklevel=5)


@functools.lru_cache(maxsize=16)
def _warn_unwritable(folder: str, reason: str) -> None:
    warnings.warn(
        f"The cache folder {folder} cannot be written: {reason}. Data is unpacked in memory each time, which takes "
        "seconds. To keep it, free some space or set COURSEKIT_CACHE to a folder that can be written.",
        CacheWarning,
        stacklevel=5,
    )


def _reason(error: OSError) -> str:
    if error.errno in DISK_FULL:
        return "the disk is full"
    return error.strerror or str(error)


@functools.lru_cache(maxsize=1)
def _temporary_folder() -> Path:
    import atexit

    folder = Path(tempfile.mkdtemp(prefix="coursekit-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _sweep(cache: Path) -> None:
    for left_over in cache.glob(".part-*"):
        with contextlib.suppress(OSError):  # another process may sweep the same folder
            if time.time() - left_over.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left_over, ignore_errors=True)


@contextlib.contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[int], object]]:
    from tqdm import tqdm

    # disable=None: only in a terminal, since a notebook would store the bar
    with tqdm(total=total, desc=title, unit="B", unit_scale=True, delay=2, leave=False, disable=None) as bar:
        yield bar.update
