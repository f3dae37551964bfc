"""The learner's own copy of the notebooks, kept up to date without touching what the learner changed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from coursekit.course import EXERCISE, Lesson
from coursekit.errors import CoursekitError
from coursekit.files import CannotRead, read_file, replace_file

MANIFEST = ".coursekit.json"
DELIVERED = ("notebooks", "exercises")
WITHOUT_NEWS = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


class CannotRefresh(CoursekitError):
    """The folder for the learner's copy cannot hold one."""


@dataclass(kw_only=True)
class _Manifest:
    """What was delivered: the SHA-256 of each file by its name."""

    version: int = 1
    files: dict[str, str]


def holds(notebook: Path, course_root: Path) -> bool:
    """Whether a notebook is one's own work: in the course's exercises, or in a folder that :func:`refresh` filled."""
    folder = notebook.resolve().parent
    return folder == course_root.resolve() / "exercises" or (folder.parent / MANIFEST).is_file()


def refresh(folder: Path, course_root: Path) -> list[str]:
    """Bring the course's lessons and exercises into ``folder``; edited files are never overwritten.

    What was delivered is remembered by SHA-256 in ``folder/.coursekit.json``. A file that still equals it is
    untouched; any other is the learner's. An exercise that still has its lesson's name, as before version 0.2, is
    renamed first. Where the memory is lost or damaged, every file that differs from the
    course's counts as edited. A file that was deleted is delivered again.

    Returns:
        What a person should read about it, line by line.

    Raises:
        CannotRefresh: ``folder``, or a part of it, is in the way of what should be put there.
        CannotWrite: the disk is full, or ``folder`` is read-only.
    """
    delivered, odd = _read_manifest(folder / MANIFEST)
    odd += _renamed(folder, course_root, delivered)
    added, updated, kept = [], [], []
    for newer in sorted(path for part in DELIVERED for path in (course_root / part).glob("*.ipynb")):
        name = newer.relative_to(course_root).as_posix()
        content = newer.read_bytes()
        mine = _content(folder / name)
        if mine != content and mine is not None and _sha256(mine) != delivered.get(name):
            if delivered.get(name) != _sha256(content):
                kept.append(f"kept your {name}, which you have edited; the course's newer version is {newer}")
            continue
        if mine is None:
            added.append(f"new: {name}")
        elif mine != content:
            updated.append(f"updated: {name}")
        if mine != content:
            replace_file(folder / name, content)
        delivered[name] = _sha256(content)
    manifest = msgspec.json.encode(_Manifest(files=delivered))
    replace_file(folder / MANIFEST, msgspec.json.format(manifest, indent=1) + b"\n")
    return [*odd, *added, *updated, *kept]


def _renamed(folder: Path, course_root: Path, delivered: dict[str, str]) -> list[str]:
    """Rename exercises that were delivered with the names of their lessons, in the memory as well; tell which."""
    told = []
    for newer in sorted((course_root / "exercises").glob(f"{EXERCISE}*.ipynb")):
        name = newer.relative_to(course_root).as_posix()
        former = name.replace(EXERCISE, "", 1)
        if former in delivered and (folder / former).is_file() and not (folder / name).exists():
            (folder / former).rename(folder / name)
            delivered[name] = delivered.pop(former)
            told.append(f"renamed: {former} is {name} now")
    return told


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_manifest(path: Path) -> tuple[dict[str, str], list[str]]:
    """What was delivered, and what a person should read about the manifest."""
    content = _content(path)
    if content is None:
        return {}, []
    try:
        return msgspec.json.decode(content, type=_Manifest).files, []
    except ValueError:  # of msgspec, or of bytes that are no text
        return {}, [f"{path} was damaged and is written anew; until then every file that differs counts as edited."]


def _content(path: Path) -> bytes | None:
    try:
        return read_file(path)
    except CannotRead as error:
        if isinstance(error.__cause__, IsADirectoryError | NotADirectoryError):
            raise CannotRefresh(f"{path} is in the way: move it, or name another folder with --dir.") from error
        raise


def jupyterlab_arguments(folder: Path, lesson: Lesson, *, browser: bool, port: int) -> list[str]:
    """Options that start JupyterLab on a lesson, with nothing fetched from a network.

    >>> from coursekit import course
    >>> jupyterlab_arguments(Path("work"), course.find("01"), browser=True, port=8888)[1]
    '--LabApp.default_url=/lab/tree/notebooks/01_mnist_dense.ipynb'
    """
    options = [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/lab/tree/notebooks/{lesson.notebook.name}",
        f"--ServerApp.port={port}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--KernelManager.transport_encryption=auto",
    ]
    if not browser:
        options.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # as in most containers; JupyterLab would refuse to start
    return options


def start_jupyterlab(folder: Path, lesson: Lesson, *, browser: bool = True, port: int = 8888) -> None:
    """Run JupyterLab in this process until it is stopped."""
    configuration = folder.resolve() / ".jupyter"
    replace_file(configuration / "labconfig" / "page_config.json", msgspec.json.encode(WITHOUT_NEWS))
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(configuration), others]))

    from jupyterlab.labapp import LabApp  # type: ignore[import-untyped]  # jupyterlab brings no types

    LabApp.launch_instance(jupyterlab_arguments(folder, lesson, browser=browser, port=port))
