"""Make a notebook from a text with fenced code: ``python make_notebook.py LESSON.md LESSON.ipynb``.

A fence ```` ```python {tags=a,b} ```` opens a code cell, ``+++`` alone on a line parts two prose cells, and a block
``---json … ---`` at the top holds metadata of the notebook. Cell ids come from the text, so they stay the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

FENCE = re.compile(r"^```python(?: \{tags=([^}]*)\})?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def cells(text: str) -> list[dict]:
    """The cells of the notebook, in order."""
    made, used, position = [], {}, 0

    def add(kind: str, source: str, tags: str = "") -> None:
        source = source.strip("\n")
        if not source.strip():
            return
        name = hashlib.sha1((kind + source[:60]).encode()).hexdigest()[:8]
        used[name] = used.get(name, 0) + 1
        cell = {
            "cell_type": kind,
            "id": name if used[name] == 1 else f"{name}-{used[name]}",
            "metadata": {"tags": tags.split(",")} if tags else {},
            "source": source.splitlines(keepends=True),
        }
        made.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))

    for fence in FENCE.finditer(text):
        for prose in re.split(r"^\+\+\+\s*$", text[position : fence.start()], flags=re.MULTILINE):
            add("markdown", prose)
        add("code", fence.group(2), fence.group(1) or "")
        position = fence.end()
    add("markdown", text[position:])
    return made


def main(source: str, target: str) -> None:
    text, metadata = Path(source).read_text(encoding="utf-8"), {}
    if head := re.match(r"---json\n(.*?)\n---\n", text, re.DOTALL):
        text, metadata = text[head.end() :], json.loads(head.group(1))
    notebook = {
        "cells": cells(text),
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}} | metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    Path(target).write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
