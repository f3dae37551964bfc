"""How a submission differs from the exercise as it was released: notes for the instructor, never a reason for a mark.

Questions are matched by the names that a check asks for, wherever the learner put them; so nothing here is needed to
mark a notebook. It tells what to look at first when a mark surprises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from coursekit import course
from coursekit.grading.notebook_file import Cell, Notebook, UnusableNotebook, read_notebook

SHOWN = 3


def language_problem(notebook: Notebook) -> str:
    """Why the notebook's kernel cannot be used, or empty: it is for another language than Python."""
    kernel = _record(notebook.metadata, "kernelspec")
    named = kernel.get("language") or _record(notebook.metadata, "language_info").get("name")
    if isinstance(named, str) and named.lower() not in ("python", "ipython", "python3"):
        return f"Its kernel is for {named[:40]}; the exercises are in Python."
    return ""


def notes(notebook: Notebook, exercise: str) -> tuple[str, ...]:
    """Answers that stand where they are not run; and what differs from the released exercise, where that is at hand."""
    told, given = list(notebook.misplaced), _released(exercise)
    if given is not None:
        told += [*_kernel(notebook), *_cells(_names(notebook.cells), _names(given.cells)), *_changed(notebook, given)]
    return tuple(told)


def released_lines(exercise: str) -> frozenset[str]:
    """The lines of code that the released exercise gives, without the spaces around them."""
    given = _released(exercise)
    cells = given.cells if given else ()
    return frozenset(line.strip() for cell in cells if cell.kind == "code" for line in cell.source.splitlines())


@cache
def _released(exercise: str) -> Notebook | None:
    try:
        return read_notebook(course.find(exercise).exercise)
    except (UnusableNotebook, course.UnknownLesson, course.NoCourse):
        return None


def _names(cells: Iterable[Cell]) -> list[str]:
    """The names of the cells that the release marked, in order."""
    return [name for cell in cells if (name := _name(cell)) is not None]


def _kernel(notebook: Notebook) -> list[str]:
    kernel = notebook.metadata.get("kernelspec")
    if not isinstance(kernel, dict) or kernel.get("language") or notebook.metadata.get("language_info"):
        return []
    return ["Its kernel is unknown; it was run with Python."]


def _cells(came: list[str], given: list[str]) -> list[str]:
    if not came:
        return ["Its cells have no metadata, so cells that are missing or moved were not looked for."]
    told = [
        *_listed("Cells are missing", (name for name in given if name not in came)),
        *_listed("Cells occur more than once", (name for name, count in Counter(came).items() if count > 1)),
        *_listed("Cells are not of this version of the exercise", (name for name in came if name not in given)),
    ]
    both = [name for name in dict.fromkeys(came) if name in given]
    if both != [name for name in given if name in both]:
        told.append("Cells are in another order.")
    return told


def _changed(notebook: Notebook, given: Notebook) -> list[str]:
    """Check cells whose text or points are not those of the release: an older version, or changed by hand."""
    theirs = {_name(cell): _locked(cell) for cell in notebook.cells if cell.only_checks}
    ours = {_name(cell): _locked(cell) for cell in given.cells if cell.is_check}
    changed = (name for name, locked in ours.items() if name and theirs.get(name, locked) != locked)
    return _listed("Check cells differ, as in an older version of the exercise", changed)


def _name(cell: Cell) -> str | None:
    name = cell.marks.get("grade_id")
    return name if isinstance(name, str) else None


def _locked(cell: Cell) -> tuple[object, object]:
    return cell.source.strip(), cell.marks.get("points")


def _record(metadata: dict[str, Any], name: str) -> dict[str, Any]:
    """The record of that name in some metadata; an empty one where there is none, or something else."""
    record = metadata.get(name)
    return record if isinstance(record, dict) else {}


def _listed(what: str, names: Iterable[str]) -> list[str]:
    """A sentence on the cells of these names, of which it shows the first; none where there are none."""
    shown = [name[:60] for name in names]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return [f"{what}: {', '.join(shown[:SHOWN])}{more}."] if shown else []
