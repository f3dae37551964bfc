"""Pages that describe ``coursekit`` from its docstrings."""

from __future__ import annotations

MODULES = {
    "coursekit.data": "Data sets",
    "coursekit.plotting": "Figures",
    "coursekit.nn": "Networks and layers",
    "coursekit.claims": "Claims",
    "coursekit.results": "Figures that a lesson reached",
    "coursekit.grading": "Questions and checks",
    "coursekit.course": "The table of lessons",
}


def pages() -> dict[str, str]:
    """Text of the pages by name: a list, and a page a module."""
    names = {module: f"reference/{module.rpartition('.')[2]}" for module in MODULES}
    rows = [f"| [`{module}`]({names[module]}.md) | {title} |" for module, title in MODULES.items()]
    head = ["# Reference of coursekit", "", "From the docstrings; each example is a test.", ""]
    entries = ["```{toctree}", ":hidden:", "", *names.values(), "```"]
    index = "\n".join([*head, "| Module | What for |", "| --- | --- |", *rows, "", *entries, ""])
    return {"reference.md": index} | {f"{names[module]}.md": _page(module, title) for module, title in MODULES.items()}


def _page(module: str, title: str) -> str:
    return "\n".join(
        [f"# {title}: `{module}`", "", "```{eval-rst}", f".. automodule:: {module}", "   :members:", "```", ""]
    )
