"""Reading a notebook to execute it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coursekit.regenerate.jobs import CannotRun

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def parse(content: bytes, name: str | Path) -> Any:
    """The notebook with these bytes; a cell without an id gets one that is the same every time.

    Raises:
        CannotRun: they are no notebook; the message calls it ``name``.
    """
    import nbformat

    read: Any = nbformat.reads  # it brings types for a part of its functions only
    try:
        notebook = read(content.decode(), as_version=4)
        cells = list(notebook.cells)
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        raise CannotRun(f"{name} cannot be read as a notebook: {error}") from error
    for number, cell in enumerate(cells):
        cell.setdefault("id", f"cell-{number}")
    notebook.nbformat_minor = max(5, notebook.nbformat_minor)
    return notebook


def as_bytes(notebook: Any) -> bytes:
    """The bytes of a notebook's file."""
    import nbformat

    write: Any = nbformat.writes
    return f"{write(notebook)}\n".encode()
