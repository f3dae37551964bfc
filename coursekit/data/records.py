"""What the registry says about a file and about a data set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Packed:
    """How a file lies in the repository.

    Attributes:
        name: in ``coursekit/data/embedded/``.
        hash: of the packed bytes, ``sha256:…``.
        size: of the packed bytes.
        rearrangement: see :mod:`coursekit.data.packing`.
    """

    name: str
    hash: str
    size: int
    rearrangement: str = ""


@dataclass(frozen=True)
class Archive:
    """A file as its authors publish it.

    Attributes:
        name: its name in a mirror, below the mirror's base.
        url: the official address.
        hash: ``sha256:…`` or ``md5:…``.
        size: in bytes.
        reader: the function of :mod:`coursekit.data.official` that reads it;
            empty where the archive is itself the file that is wanted.
    """

    name: str
    url: str
    hash: str
    size: int
    reader: str = ""


@dataclass(frozen=True)
class File:
    """One file that the loaders read.

    Attributes:
        name: its path in the cache and in a mirror.
        hash: of its bytes, ``sha256:…`` or ``md5:…``.
        size: in bytes.
        packed: how it is embedded, or None.
        archive: what it can be made from, or None.
    """

    name: str
    hash: str
    size: int
    packed: Packed | None = None
    archive: Archive | None = None

    @property
    def algorithm(self) -> str:
        """``sha256`` or ``md5``."""
        return self.hash.partition(":")[0]


@dataclass(frozen=True)
class DataSet:
    """One data set: its files, its origin, its licence, and how to cite it."""

    name: str
    title: str
    files: tuple[File, ...]
    origin: str
    licence: str
    citation: str
    class_names: tuple[str, ...] = field(default=(), repr=False)

    @property
    def about(self) -> dict[str, Any]:
        """What a loaded data set says of itself: the last attributes of :class:`LabelledData`."""
        return {key: getattr(self, key) for key in ("class_names", "name", "title", "licence", "citation")}

    @property
    def size(self) -> int:
        """Bytes of all files as they are used."""
        return sum(file.size for file in self.files)

    @property
    def download_size(self) -> int:
        """Bytes to fetch before it can be used; 0 for what is embedded."""
        return sum({file.archive.name: file.archive.size for file in self.files if file.archive}.values())
