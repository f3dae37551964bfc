"""The files that lie beside a notebook, such as a learner's own modules: which, and copies of them for the worker."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from coursekit.worker.bounds import COMPANION_BYTES, COMPANION_FILES, MB, MODULE_BYTES
from coursekit.worker.text import shorten

IMPORT = re.compile(r"^[ \t]*(?:from|import|%run(?:[ \t]+-\w+)*)[ \t]+([^\n#;]+)", re.MULTILINE)
SHOWN = 3
Place = TypeVar("Place")


def imported(
    sources: Iterable[str], known: Mapping[str, Place], read: Callable[[Place], bytes | None]
) -> tuple[dict[str, Place], tuple[str, ...]]:
    """Those of the known modules that some code imports, or runs with ``%run``, and those that these import.

    Args:
        sources: the code.
        known: where the modules lie, by name.
        read: reads one of them; ``None`` for what cannot be read.

    Returns:
        Where they lie, by name; and sentences on those that are left out, since they cannot be read or are too large.

    >>> files = {"helper": b"import other", "other": b"", "unused": b"", "data": bytes(2_000_000)}
    >>> found, left_out = imported(["from helper import f", "%run data.py"], {name: name for name in files}, files.get)
    >>> found
    {'helper': 'helper', 'other': 'other'}
    >>> left_out
    ('The notebook uses `data.py`, which is left out: it has more than 1 MB. A module holds code and little data.',)
    """
    found, problems = dict[str, Place](), dict[str, str]()
    waiting, left = list(sources) if known else [], COMPANION_BYTES
    while waiting:
        for name in sorted(_imports(waiting.pop()) & known.keys() - found.keys() - problems.keys()):
            has_room = len(found) + len(problems) < COMPANION_FILES
            content = read(known[name]) if has_room else b""
            if content is None:
                problems[name] = "it cannot be read."
            elif len(content) > MODULE_BYTES:
                problems[name] = f"it has more than {MODULE_BYTES // MB} MB. A module holds code and little data."
            elif not has_room or len(content) > left:
                problems[name] = f"at most {COMPANION_FILES} modules and {COMPANION_BYTES // MB} MB are taken."
            else:
                found[name], left = known[name], left - len(content)
                waiting.append(content.decode("utf-8", "replace"))
    told = [f"The notebook uses `{shorten(name, 60)}.py`, which is left out: {why}" for name, why in problems.items()]
    more = [f"{len(told) - SHOWN} more modules are left out."] if len(told) > SHOWN else []
    return found, (*told[:SHOWN], *more)


def _imports(source: str) -> set[str]:
    """The names of the modules after ``import``, ``from`` and ``%run``, and after each comma there."""
    parts = (part.strip().lstrip("'\"./") for words in IMPORT.findall(source) for part in words.split(","))
    return {re.split(r"[\s.]", part, maxsplit=1)[0] for part in parts}


def beside(folder: Path) -> dict[str, Path]:
    """The files in a folder that may be modules, by the names of these; no links, which may lead to nobody's module."""
    with os.scandir(folder) as entries:
        files = [Path(entry) for entry in entries if entry.is_file(follow_symlinks=False)]
    return {file.stem: file for file in files if file.suffix == ".py"}


def read_module(file: Path) -> bytes | None:
    """The content of a module, ``None`` if it cannot be read."""
    with contextlib.suppress(OSError), open(file, "rb") as stream:
        return stream.read(MODULE_BYTES + 1)
    return None


def belong_to_one_notebook(folder: Path) -> bool:
    """Whether the files in ``folder`` can only be one learner's: it holds no more than one notebook.

    Beside several notebooks nobody can tell whose a file is, and no learner is to see another one's.
    """
    with os.scandir(folder) as entries:
        return sum(entry.name.endswith(".ipynb") for entry in entries) <= 1


def copy(folder: int, target: Path, owner: int = -1) -> None:
    """Copy the regular files of a folder, but no notebook, no link and no folder, up to a number and a size in all.

    The smallest come first, since modules are small.

    Args:
        folder: the descriptor of the folder.
        target: where to.
        owner: the user, and the group, to give the copies to; -1 for oneself.
    """
    left = COMPANION_BYTES
    with os.scandir(folder) as entries:
        files = [each for each in entries if each.is_file(follow_symlinks=False) and not each.name.endswith(".ipynb")]
        smallest_first = sorted((each.stat(follow_symlinks=False).st_size, each.name) for each in files)
    for size, name in smallest_first[:COMPANION_FILES]:
        left -= size
        if left < 0:
            return
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with open(source, "rb") as stream, open(target / name, "wb") as made:
            shutil.copyfileobj(stream, made)
            os.fchown(made.fileno(), owner, owner)
