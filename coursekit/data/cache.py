"""The cache folder: where it is, how a file gets into it whole, and the hash of what lies there."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from coursekit.data.errors import DamagedFile
from coursekit.data.records import File

STALE_SECONDS = 24 * 3600  # a temporary file this old was left behind by a killed process


def cache_folder() -> Path:
    """Where unpacked and fetched files lie: ``COURSEKIT_CACHE``, or the system's place for caches."""
    if chosen := os.environ.get("COURSEKIT_CACHE"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("coursekit", appauthor=False))


def cached(file: File) -> Path:
    """Where a registered file lies in the cache, or would lie."""
    return cache_folder() / file.name


def digest(place: Path, algorithm: str = "sha256") -> str:
    """:func:`hash_file`, taken again only when the file has changed since this process last took it."""
    state = place.stat()
    return _digest(place, algorithm, state.st_size, state.st_mtime_ns, state.st_ino)


@functools.lru_cache(maxsize=512)
def _digest(place: Path, algorithm: str, size: int, mtime_ns: int, inode: int) -> str:
    return hash_file(place, algorithm)


def hash_file(place: Path, algorithm: str = "sha256") -> str:
    """The hash of a file as it is now, in the registry's form ``sha256:…``."""
    hasher = hashlib.new(algorithm)
    with place.open("rb") as stream:
        while block := stream.read(1 << 20):
            hasher.update(block)
    return f"{algorithm}:{hasher.hexdigest()}"


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
    place = cached(file)
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


def _sweep(cache: Path) -> None:
    for left_over in cache.glob(".part-*"):
        with contextlib.suppress(OSError):  # another process may sweep the same folder
            if time.time() - left_over.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left_over, ignore_errors=True)
