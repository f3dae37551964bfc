"""The learner's own copy of the notebooks, kept up to date without touching what the learner changed."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from coursekit.course import EXERCISE, Lesson
from coursekit.errors import CoursekitError
from coursekit.files import CannotRead, CannotWrite, read_file, replace_file

MANIFEST = ".coursekit.json"
DELIVERED = ("notebooks", "exercises")
WITHOUT_NEWS = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


class CannotRefresh(CoursekitError):
    """The folder for the learner's copy cannot hold one."""


class _Delivered(msgspec.Struct, frozen=True):
    """What was delivered under a name.

    Attributes:
        cells: digest of its cells, which tells an edited notebook; see :func:`_digest_of_cells`.
        offered: SHA-256 of the newest version that was put there or, where it was edited, beside it.
    """

    cells: str
    offered: str


class _Manifest(msgspec.Struct, kw_only=True):
    """What was delivered, by name."""

    version: Literal[2] = 2
    files: dict[str, _Delivered]


class _Cell(msgspec.Struct):
    cell_type: str
    source: str | list[str]


class _Notebook(msgspec.Struct):
    cells: list[_Cell]


def holds(notebook: Path, course_root: Path) -> bool:
    """Whether a notebook is one's own work: in the course's exercises, or in a folder that :func:`refresh` filled."""
    folder = notebook.resolve().parent
    return folder == course_root.resolve() / "exercises" or (folder.parent / MANIFEST).is_file()


def refresh(folder: Path, course_root: Path) -> list[str]:
    """Bring the course's lessons and exercises into ``folder``; edited ones are never overwritten.

    A notebook counts as edited when its cells are not those that were delivered: running and saving it changes
    outputs and metadata, and edits nothing. An edited one stays, and each newer version of it is put beside it once,
    as ``…_new.ipynb``. A notebook that was deleted is delivered again. What was delivered is remembered in
    ``folder/.coursekit.json``; where that is lost or damaged, every notebook whose cells differ from the course's
    counts as edited. An exercise that still has its lesson's name, as before version 0.2, is renamed first.

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
        name, content = newer.relative_to(course_root).as_posix(), newer.read_bytes()
        offer = _Delivered(_digest_of_cells(content), hashlib.sha256(content).hexdigest())
        mine, before = _content(folder / name), delivered.get(name, _Delivered("", ""))
        cells = None if mine is None else _digest_of_cells(mine)
        target = name
        if cells is None:
            added.append(f"new: {name}")
        elif before.offered == offer.offered:
            continue
        elif cells == before.cells:
            updated.append(f"updated: {name}")
        elif cells == offer.cells:  # the same without having been delivered: its outputs may be the learner's
            delivered[name] = offer
            continue
        else:
            target = _beside(folder, name, delivered)
            kept.append(f"kept your {name}, which you have edited; the course's newer version is beside it: {target}")
            delivered[name] = _Delivered(before.cells, offer.offered)
        replace_file(folder / target, content)
        delivered[target] = offer
    manifest = msgspec.json.encode(_Manifest(files=delivered))
    replace_file(folder / MANIFEST, msgspec.json.format(manifest, indent=1) + b"\n")
    return [*odd, *added, *updated, *kept]


def _beside(folder: Path, name: str, delivered: Mapping[str, _Delivered]) -> str:
    """The first name beside ``name`` where nothing is lost: nothing lies there, or what was delivered, unedited."""
    stem = name.removesuffix(".ipynb")
    names = (f"{stem}_new{number}.ipynb" for number in itertools.chain([""], itertools.count(2)))
    contents = ((each, _content(folder / each)) for each in names)
    return next(
        each
        for each, content in contents
        if content is None or (each in delivered and _digest_of_cells(content) == delivered[each].cells)
    )


def _renamed(folder: Path, course_root: Path, delivered: dict[str, _Delivered]) -> list[str]:
    """Rename exercises that were delivered with the names of their lessons, in the memory as well; tell which."""
    told = []
    for newer in sorted((course_root / "exercises").glob(f"{EXERCISE}*.ipynb")):
        name = newer.relative_to(course_root).as_posix()
        former = name.replace(EXERCISE, "", 1)
        if former in delivered and (folder / former).is_file() and not (folder / name).exists():
            try:
                (folder / former).rename(folder / name)
            except OSError as error:
                raise CannotWrite(folder / name, error) from error
            delivered[name] = delivered.pop(former)
            told.append(f"renamed: {former} is {name} now")
    return told


def _digest_of_cells(content: bytes) -> str:
    """Stands for the kind and the source of each cell; of what is no notebook, for every byte."""
    try:
        cells = msgspec.json.decode(content, type=_Notebook).cells
    except ValueError:
        return hashlib.sha256(content).hexdigest()
    told = msgspec.json.encode([(cell.cell_type, "".join(cell.source)) for cell in cells])
    return hashlib.sha256(told).hexdigest()


def _read_manifest(path: Path) -> tuple[dict[str, _Delivered], list[str]]:
    """What was delivered, and what a person should read about the manifest."""
    content = _content(path)
    if content is None:
        return {}, []
    try:
        return msgspec.json.decode(content, type=_Manifest).files, []
    except ValueError:  # of msgspec, or of bytes that are no text
        return {}, [f"{path} cannot be read and is written anew; every notebook that differs counts as edited."]


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
