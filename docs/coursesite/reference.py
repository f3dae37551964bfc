"""Pages that describe ``coursekit`` from its docstrings."""

from __future__ import annotations

MODULES = {
    "coursekit.data": "Data sets",
    "coursekit.plotting": "Figures",
    "coursekit.nn": "Networks and layers",
    "coursekit.claims": "Claims",
    "coursekit.results": "Results of a lesson",
    "coursekit.grading": "Questions and checks",
    "coursekit.course": "The table of lessons",
}
PAGES = {module: f"reference/{module.rpartition('.')[2]}" for module in MODULES}


def pages() -> dict[str, str]:
    """Text of the pages by name, one a module."""
    return {f"{PAGES[module]}.md": _page(module, title) for module, title in MODULES.items()}


def _page(module: str, title: str) -> str:
    return f"""# {title}

The module `{module}`, from its docstrings; their examples are tests.

```{{eval-rst}}
.. automodule:: {module}
   :members:
```
"""
