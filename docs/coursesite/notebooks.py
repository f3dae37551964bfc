"""Lessons and exercises as the site shows them: from the stored notebooks, with nothing executed."""

from __future__ import annotations

import base64
import copy
import hashlib
import html
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from coursekit.claims.comparison import MIME as COMPARISON
from coursekit.grading.release import BEGIN, END
from coursekit.results import MIME as RESULTS

Notebook = dict[str, Any]
PICTURE = re.compile(r'<img ([^>]*?)src="data:image/png;base64,([^"]+)">')
CORNER = re.compile(r"^\| *\|(?=.*\n\| *:?-)", re.MULTILINE)  # of a table in Markdown, without a word
PICTURES = "pictures"  # folder of the site that holds the figures


def read(path: Path) -> Notebook:
    """A stored notebook."""
    return json.loads(path.read_bytes())


def source(cell: dict[str, Any]) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def first_cell(path: Path) -> str:
    """The text that a notebook opens with."""
    return source(read(path)["cells"][0])


def claim_anchors(cell: dict[str, Any]) -> list[str]:
    """Where a page shows the claims of a cell: a place for each output, none for one without a claim."""
    holds = [COMPARISON in output.get("data", {}) for output in cell.get("outputs", [])]
    return [f"claim-{cell['id']}-{sum(holds[:place])}" if there else "" for place, there in enumerate(holds, 1)]


def for_site(notebook: Notebook, relocate: Callable[[str], str], folder: Path) -> Notebook:
    """The notebook that Sphinx reads: its links lead to pages, each picture is a file that is stored once.

    Args:
        notebook: as it is stored.
        relocate: makes the links of a Markdown text lead on.
        folder: where pictures go, named by their content.
    """
    shown = copy.deepcopy(notebook)
    for cell in shown["cells"]:
        cell["source"] = named_corners(relocate(source(cell))) if cell["cell_type"] == "markdown" else source(cell)
        for output, anchor in zip(cell.get("outputs", []), claim_anchors(cell), strict=True):
            if "data" in output:
                output["data"] = _page_data(output["data"], anchor, folder)
                output["metadata"] = {}
    shown["metadata"].pop("coursekit", None)
    return shown


def _page_data(data: dict[str, Any], anchor: str, folder: Path) -> dict[str, str]:
    """One form of an output: HTML where there is any, else text; what programs read of it is left out."""
    kept = {kind: "".join(text) for kind, text in data.items() if kind not in (COMPARISON, RESULTS, "image/png")}
    unknown = kept.keys() - {"text/html", "text/plain"}
    if unknown:
        raise ValueError(f"The site does not know how to show {', '.join(sorted(unknown))}.")
    if "text/html" not in kept:
        return kept
    page = PICTURE.sub(lambda found: _picture(found[1], base64.b64decode(found[2]), folder), kept["text/html"])
    return {"text/html": f'<div class="claim" id="{anchor}">{page}</div>' if anchor else page}


def _picture(attributes: str, png: bytes, folder: Path) -> str:
    name = hashlib.sha256(png).hexdigest()[:20] + ".png"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(png)
    width, height = Image.open(io.BytesIO(png)).size
    return f'<img {attributes}src="../{PICTURES}/{name}" width="{width}" height="{height}" loading="lazy">'


def named_corners(text: str) -> str:
    """Markdown whose tables have a word for screen readers in an empty corner.

    >>> print(named_corners("| | loss |\\n| --- | --- |\\n| | 1 |"))
    | <span class="visually-hidden">row</span> | loss |
    | --- | --- |
    | | 1 |
    """
    return CORNER.sub('| <span class="visually-hidden">row</span> |', text)


def with_solutions(exercise: Notebook, solution: Notebook) -> Notebook:
    """The exercise with each answer of the solution folded away below its stub."""
    answers = {cell["id"]: source(cell) for cell in solution["cells"]}
    shown, cells = copy.deepcopy(exercise), []
    for cell in shown["cells"]:
        cells.append(cell)
        answer = answers.get(cell["id"], "")
        if BEGIN in answer:
            lines = [line for line in answer.splitlines() if line.strip() not in (BEGIN, END)]
            cells.append(_folded("\n".join(lines), cell["id"]))
    return shown | {"cells": cells}


def _folded(code: str, name: str) -> dict[str, Any]:
    text = f'<details class="solution"><summary>A solution</summary>\n\n```python\n{code}\n```\n\n</details>'
    return {"cell_type": "markdown", "id": f"{name}-solution", "metadata": {}, "source": text}


def lesson_part(text: str, heading: str) -> list[str]:
    """The points of the first list below a heading, bold or of a section, as one line each.

    >>> lesson_part("**You will learn to**\\n\\n- read;\\n- write.\\n\\n**Time**", "**You will learn to**")
    ['read', 'write']
    """
    below = text.partition(f"{heading}\n")[2].lstrip("\n").partition("\n\n")[0]
    return [line.removeprefix("- ").rstrip(";.") for line in below.splitlines() if line.startswith("- ")]


def escape(text: str) -> str:
    """Text as HTML, ``code`` in Markdown's back quotes included.

    >>> escape("`a<b` & c")
    '<code>a&lt;b</code> &amp; c'
    """
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
