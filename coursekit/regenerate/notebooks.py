"""Notebooks as files: reading one to execute it, and storing the outputs of its executed copy."""

from __future__ import annotations

import base64
import copy
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from coursekit.files import replace_file
from coursekit.regenerate import records
from coursekit.regenerate.jobs import CannotRun, Execution

ODD = (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError)  # of what is no notebook
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def parse(content: bytes, name: str | Path) -> Any:
    """The notebook with these bytes; a cell without an id of its own gets one that is the same every time.

    Raises:
        CannotRun: they are no notebook; the message calls it ``name``.
    """
    import nbformat
    from nbformat import reader

    try:
        notebook = nbformat.convert(reader.reads(content.decode("utf-8-sig")), 4)  # nbformat.reads makes random ids
        msgspec.convert(notebook, _Form)
        notebook.nbformat_minor = max(5, notebook.nbformat_minor)
        _give_ids(notebook.cells)
        as_bytes(notebook)  # half a surrogate pair can be read, and not written
    except (*ODD, nbformat.ValidationError) as error:
        told = str(error) or "its form is not that of a notebook"
        raise CannotRun(f"{name} cannot be read as a notebook: {told}") from error
    return notebook


def _give_ids(cells: Sequence[Any]) -> None:
    taken = {cell.get("id") for cell in cells}
    seen = set[str]()
    for number, cell in enumerate(cells):
        if "id" not in cell or cell.id in seen:
            cell.id = next(name for n in itertools.count(number) if (name := f"cell-{n}") not in taken)
            taken.add(cell.id)
        seen.add(cell.id)


class _Kernel(TypedDict, total=False):
    name: str
    language: str


class _OfCourse(TypedDict, total=False):
    quick: dict[str, Any]


class _Metadata(TypedDict, total=False):
    kernelspec: _Kernel
    language_info: _Kernel
    coursekit: _OfCourse


class _Tags(TypedDict, total=False):
    tags: list[str]


class _Id(TypedDict, total=False):
    id: str


class _Cell(_Id):
    cell_type: str
    source: str
    metadata: _Tags


class _Form(TypedDict):
    """What of a notebook is relied on."""

    cells: list[_Cell]
    metadata: _Metadata
    nbformat_minor: int


def as_bytes(notebook: Any) -> bytes:
    """The bytes of a notebook's file."""
    import nbformat

    return f"{nbformat.writes(notebook)}\n".encode()


def update(executions: Sequence[Execution]) -> list[Path]:
    """Store the outputs of the executed copies in the notebooks that they were made from; all of them or none.

    Sources, cell ids and metadata stay as stored, but for the record of the run; nothing of papermill and no time of
    day comes along.

    Raises:
        CannotRun: one of them did not pass, or its notebook has been edited since; nothing is stored.
    """
    made = {execution.job.source: _updated(execution) for execution in executions}
    for path, content in made.items():
        replace_file(path, content)
    return list(made)


def _updated(execution: Execution) -> bytes:
    source = execution.job.source
    if not execution.passed:
        raise CannotRun(f"{execution.job.title} did not pass: no outputs are stored.")
    if source.read_bytes() != execution.job.content:
        raise CannotRun(f"{source} has been edited while it ran: no outputs are stored. Run it again.")
    executed = parse(execution.notebook, source)
    updated = with_outputs(parse(execution.job.content, source), executed)
    if execution.job.package not in ("", records.package_digest(updated, records.check_page(source))):
        raise CannotRun(f"coursekit has changed since {execution.job.title} ran: no outputs are stored. Run it again.")
    return as_bytes(records.with_record(updated, source, executed, execution.seconds, execution.memory))


def with_outputs(stored: Any, executed: Any) -> Any:
    """A copy of the notebook ``stored`` that has the outputs and execution counts of ``executed``."""
    updated = copy.deepcopy(stored)
    for mine, theirs in zip(updated.cells, executed.cells, strict=True):
        if mine.cell_type == "code":
            for old, new in zip(mine.outputs, theirs.outputs):
                _keep_equal_picture(old.get("data", {}), new.get("data", {}))
            mine.outputs, mine.execution_count = _as_javascript_counts(theirs.outputs), theirs.execution_count
    language = {key: value for key, value in executed.metadata.language_info.items() if key != "version"}
    updated.metadata |= {"kernelspec": KERNELSPEC, "language_info": language}
    return updated


def _as_javascript_counts(value: Any) -> Any:
    """What JupyterLab writes when it saves this: 159.0 as 159, for JavaScript does not tell them apart."""
    if isinstance(value, dict):
        return type(value)({key: _as_javascript_counts(each) for key, each in value.items()})
    if isinstance(value, list):
        return [_as_javascript_counts(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _keep_equal_picture(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Put the stored bytes of a picture in place of new ones that show the same: the repository does not grow."""
    before, now = old.get("image/png"), new.get("image/png")
    if before and now and before != now and _pixels(before) == _pixels(now):
        for kind, content in new.items():
            new[kind] = content.replace(now.strip(), before.strip()) if isinstance(content, str) else content


def _pixels(encoded: str) -> tuple[tuple[int, int], bytes]:
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        return picture.size, picture.convert("RGBA").tobytes()
