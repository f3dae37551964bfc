"""The modules that a learner handed in beside a notebook, as far as it imports them, as ``coursekit check`` has them.

Platforms that export no folders put their own words before the name of a file, and a number behind that of a file that
was uploaded again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from coursekit.classroom.intake.sources import UnusableFile
from coursekit.worker.bounds import COMPANION_BYTES, COMPANION_FILES

IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([^\n#;]+)", re.MULTILINE)
Read = Callable[[PurePosixPath], bytes]


def imported(
    sources: Iterable[str], notebook: PurePosixPath, others: Iterable[PurePosixPath], read: Read
) -> dict[str, PurePosixPath]:
    """The files of the modules that a notebook's code imports, and of those that these import, by the modules' names.

    Args:
        sources: of its cells.
        notebook: where it lies.
        others: the other files of the same learner.
        read: reads one of them; what cannot be read is no module.

    >>> files = {"a_1_helper.py": b"import other", "a_1_other.py": b""}
    >>> paths = list(map(PurePosixPath, files))
    >>> imported(["from helper import f"], PurePosixPath("a_1_x.ipynb"), paths, lambda path: files[path.name]).keys()
    dict_keys(['helper', 'other'])
    """
    known: dict[str, PurePosixPath] = {}
    for path in others:
        if path.suffix == ".py" and path.parent == notebook.parent:
            known |= dict.fromkeys(_names(path.stem, notebook.name.partition("_")[0]), path)
    found, waiting, left = dict[str, PurePosixPath](), list(sources) if known else [], COMPANION_BYTES
    while waiting:
        for name in _imports(waiting.pop()):
            if name in known and name not in found and len(found) < COMPANION_FILES:
                try:
                    content = read(known[name])
                except UnusableFile:
                    continue
                if (left := left - len(content)) >= 0:
                    found[name] = known[name]
                    waiting.append(content.decode("utf-8", "replace"))
    return found


def _imports(source: str) -> set[str]:
    """The first words after ``import`` and ``from``, and after each comma there."""
    parts = (part for line in IMPORT.findall(source) for part in line.split(","))
    words = {re.split(r"[\s.]", part.strip(), maxsplit=1)[0] for part in parts}
    return {word for word in words if word.isidentifier()}


def _names(stem: str, first: str) -> list[str]:
    """What a module may be called whose file has this name, where a platform may have begun it with ``first``."""
    base, _, number = stem.rpartition("-")
    words = (base if number.isdecimal() and base else stem).split("_")
    begun = words[0] == first
    return ["_".join(words[start:]) for start in range(len(words) if begun else 1)]
