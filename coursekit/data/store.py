"""From a registered file to bytes that can be trusted: embedded, cached, or fetched.

A file is unpacked once into the cache folder and mapped into memory from there. Its hash is taken before it is
used, once a process for as long as the file does not change.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np

from coursekit.data import downloads, packing
from coursekit.data.cache import cache_folder, cached, check, digest, write
from coursekit.data.errors import CacheWarning, DamagedFile, DamagedFileWarning, DownloadFailed
from coursekit.data.records import File, Packed
from coursekit.files import DISK_FULL

EMBEDDED = Path(__file__).parent / "embedded"


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


def embedded_content(file: File, packed: Packed) -> bytes:
    """Unpack a file from the repository.

    Raises:
        DamagedFile: the embedded file is missing, or not what the registry says.
    """
    from tqdm import tqdm

    place = EMBEDDED / packed.name
    remedy = f"Restore it with: git checkout -- coursekit/data/embedded/{packed.name}"
    if not place.is_file():
        raise DamagedFile(place, packed.hash, "no file", remedy)
    stored = place.read_bytes()
    check(stored, packed.hash, place, remedy)
    what = f"Unpacking {file.name}"
    # disable=None: only in a terminal, since a notebook would store the bar
    with tqdm.wrapattr(
        io.BytesIO(stored), "read", len(stored), desc=what, delay=2, leave=False, disable=None
    ) as stream:
        unpacked = packing.unpack(stream, packed.rearrangement)
    check(unpacked, file.hash, f"{place}, unpacked", remedy)
    return unpacked


def _locate(file: File) -> Path | bytes:
    if list_of_names := os.environ.get("COURSEKIT_LOADED"):
        with open(list_of_names, "a", encoding="utf-8") as loaded:  # for the record of an executed notebook
            loaded.write(f"{file.name}\n")
    place = cached(file)
    with contextlib.suppress(OSError):  # an unreadable cache is no cache: the other sources come next
        if place.is_file():
            found = digest(place, file.algorithm)
            if found == file.hash:
                return place
            damage = DamagedFile(place, file.hash, found, "An intact copy takes its place, if there is one.")
            warnings.warn(str(damage), DamagedFileWarning, stacklevel=4)
    if file.packed is None:
        return _fetched(file)
    try:
        unpacked = embedded_content(file, file.packed)
    except DamagedFile as damage:
        return _instead_of_embedded(file, damage)
    try:
        return write(file, unpacked)
    except OSError as error:
        _warn_unwritable(str(cache_folder()), _reason(error))
        return unpacked


def _fetched(file: File) -> Path:
    try:
        return downloads.fetch(file)
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
    folder = tempfile.TemporaryDirectory(prefix="coursekit-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return Path(folder.name)
