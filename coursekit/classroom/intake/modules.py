"""The modules that a learner handed in beside a notebook, as far as it imports them, as ``coursekit check`` has them.

Platforms that export no folders put their own words before the name of a file, and a number behind that of a file that
was uploaded again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import PurePosixPath

from coursekit.classroom.intake.sources import SubmissionSource, UnusableFile
from coursekit.sandbox import companions
from coursekit.worker.bounds import MODULE_BYTES, NAME_CHARACTERS


def imported(
    sources: Iterable[str],
    notebook: PurePosixPath,
    others: Iterable[PurePosixPath],
    source: SubmissionSource,
    renamed: bool,
) -> tuple[dict[str, PurePosixPath], tuple[str, ...]]:
    """The files of the modules that a notebook's code imports, and of those that these import, by the modules' names;
    and sentences on those that are left out.

    Args:
        sources: of its cells.
        notebook: where it lies.
        others: the other files of the same learner.
        source: where they are read.
        renamed: whether a platform exported them, so that their names may be changed as said above.
    """

    def read(path: PurePosixPath) -> bytes | None:
        with contextlib.suppress(UnusableFile):
            return read_module(source, path)
        return None

    known: dict[str, PurePosixPath] = {}
    for path in others:
        if path.suffix == ".py" and path.parent == notebook.parent and len(path.name) <= NAME_CHARACTERS:
            first = notebook.name.partition("_")[0]
            known |= dict.fromkeys(_names(path.stem, first) if renamed else [path.stem], path)
    return companions.imported(sources, known, read)


def read_module(source: SubmissionSource, path: PurePosixPath) -> bytes:
    """The content of a module; of one that is too large, a byte more than a module may have.

    Raises:
        UnusableFile: it cannot be read.
    """
    return source.read(path, MODULE_BYTES + 1)


def _names(stem: str, first: str) -> list[str]:
    """What a module may be called whose file has this name, where a platform may have begun it with ``first``."""
    base, _, number = stem.rpartition("-")
    words = (base if number.isdecimal() and base else stem).split("_")
    begun = words[0] == first
    return ["_".join(words[start:]) for start in range(len(words) if begun else 1)]
