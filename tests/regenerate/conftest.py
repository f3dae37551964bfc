"""Notebooks to execute."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from coursekit import regenerate


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook of the given code cells and returns its path."""

    def write(*sources, name="lesson", **metadata) -> Path:
        cells = [new_markdown_cell("# A lesson"), *(new_code_cell(source) for source in sources)]
        if sources[0].startswith("EPOCHS"):
            cells[1].metadata.tags = ["parameters"]
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
        return path

    return write


@pytest.fixture
def plan(tmp_path):
    """Plans runs of notebooks into ``build``."""
    return lambda *paths, **options: regenerate.plan(list(map(str, paths)), out=tmp_path / "build", **options)


@pytest.fixture
def done():
    """An outcome without a run."""

    def make(job, failure="", **fields):
        fields = {"seconds": 3.0, "figures": {"accuracy": 0.9}, "memory": 200_000_000, "notebook": b"{}"} | fields
        return regenerate.Execution(job, failure=failure, **fields)

    return make
