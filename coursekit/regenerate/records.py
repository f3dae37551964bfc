"""What a stored notebook was made from, kept in its metadata: one whose outputs are out of date is known without a run.

A record fits as long as these are what they were: the code cells; the outputs; what computes them in the package (the
modules of ``data``, ``nn``, ``probes`` and ``results`` that the notebook reaches, and for a solution the page of checks
with all that it reaches), both as syntax trees without docstrings; the data files that were loaded. Prose, quick
parameters, plots, claims and how a data file gets here stand outside: each run in quick parameters executes them, what
is stored of a claim is held against its values, and a file's bytes are verified. The versions of the libraries that
compute are kept as well, and only warned of.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from coursekit import course

PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn")
COMPUTES = ("data", "nn", "probes", "results")
JUDGES = ("checks", "grading", "worker")
BRINGS = "coursekit.data.store"  # and what it imports: it computes nothing, and what it brings is verified
CARDS = "grading/templates"
Documented: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Module
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
KEY = "record"


@dataclass(frozen=True)
class Record:
    """What a notebook's outputs were made from, and what the run cost.

    Attributes:
        code: digest of the code cells.
        outputs: digest of all outputs.
        package: digest of the modules of the package that compute them.
        data: the hash of each data file that was loaded, by its registered name.
        libraries: versions of the libraries that compute.
        date: when it ran, as ``2026-01-31``.
        seconds: how long it took.
        memory: the most bytes that its processes held.
    """

    code: str
    outputs: str
    package: str
    data: dict[str, str]
    libraries: dict[str, str]
    date: str
    seconds: float
    memory: int


def check_page(path: Path) -> str | None:
    """The module of a solution's checks; ``None`` for any other notebook."""
    lessons = [lesson for lesson in course.LESSONS if lesson.solution == path.resolve()]
    return f"coursekit.checks.{lessons[0].slug}" if lessons else None


def record_of(notebook: Any) -> Record | None:
    """The record that a notebook holds, if it holds one that can be read."""
    try:
        return msgspec.convert(notebook.metadata.get("coursekit", {}).get(KEY), Record)
    except msgspec.ValidationError:
        return None


def with_record(notebook: Any, path: Path, executed: Any, seconds: float, memory: int) -> Any:
    """The notebook, which is changed, with the record of the run that gave its outputs; one that says the same stays.

    Args:
        notebook: with the new outputs.
        path: where it lies.
        executed: the copy that ran; its metadata names the data files that it loaded.
        seconds: of the run.
        memory: of the run, in bytes.
    """
    record = Record(
        code=code_digest(notebook),
        outputs=outputs_digest(notebook),
        package=package_digest(notebook, check_page(path)),
        data={name: _registered()[name] for name in executed.metadata.get("coursekit", {}).get("loaded", [])},
        libraries={name: metadata.version(name) for name in LIBRARIES},
        date=date.today().isoformat(),
        seconds=round(seconds),
        memory=memory,
    )
    earlier = record_of(notebook)
    if earlier and record == replace(earlier, date=record.date, seconds=record.seconds, memory=record.memory):
        return notebook
    notebook.metadata["coursekit"] = notebook.metadata.get("coursekit", {}) | {KEY: msgspec.to_builtins(record)}
    return notebook


def stale(notebook: Any, check_page: str | None = None) -> str:
    """Why a notebook's outputs are out of date, in words; empty if they are not."""
    record = record_of(notebook)
    if record is None:
        return "it has no record"
    if record.code != code_digest(notebook):
        return "its code has changed since it ran"
    if record.outputs != outputs_digest(notebook):
        return "its outputs were changed by hand"
    if record.package != package_digest(notebook, check_page):
        return "what it computes with has changed in coursekit"
    changed = [name for name, digest in record.data.items() if _registered().get(name) != digest]
    return f"the data {', '.join(changed)} have changed" if changed else ""


def code_digest(notebook: Any) -> str:
    """Stands for the code cells; not for comments, layout and docstrings, of which no output tells."""
    from IPython.core.displayhook import DisplayHook

    silent = DisplayHook.semicolon_at_end_of_expression  # a cell that shows nothing of its last value
    return _digest([_bare(source, DEFINITIONS) + ";" * silent(source) for source in _sources(notebook)])


def outputs_digest(notebook: Any) -> str:
    """Stands for all outputs."""
    return _digest([cell.outputs for cell in notebook.cells if cell.cell_type == "code"])


def package_digest(notebook: Any, check_page: str | None = None) -> str:
    """Stands for the code of the package that a notebook's outputs depend on."""
    found = _reached(_within(_imported("\n".join(_sources(notebook))), COMPUTES), COMPUTES)
    shown: list[str] = []
    if check_page:
        found |= _reached({check_page}, (*COMPUTES, *JUDGES)) | {"coursekit.templating"}
        shown = [course.find(check_page.rpartition(".")[2]).title]
        shown += [file.read_text(encoding="utf-8") for file in sorted((PACKAGE / CARDS).iterdir())]
    return _digest([*sorted((name, _tree(name)) for name in found), *shown])


def _sources(notebook: Any) -> list[str]:
    """The code cells; magics as Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    return [TransformerManager().transform_cell(cell.source) for cell in notebook.cells if cell.cell_type == "code"]


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


@cache
def _registered() -> dict[str, str]:
    from coursekit.data import registry

    return {file.name: file.hash for data_set in registry.DATA_SETS for file in data_set.files}


def _reached(names: Iterable[str], parts: tuple[str, ...]) -> set[str]:
    """Modules and all modules of ``parts`` that they import, directly or through others."""
    found, waiting = set(), set(names)
    while waiting:
        name = waiting.pop()
        if name == BRINGS:
            continue
        found.add(name)
        if _path(name).name == "__init__.py":  # the whole package was asked for: whatever it offers
            waiting |= _within(_offers(name).values(), parts) - found
        waiting |= _within(_imported(_path(name).read_text(encoding="utf-8")), parts) - found
    return found


def _within(names: Iterable[str], parts: tuple[str, ...]) -> set[str]:
    return {name for name in names if name.split(".")[1:2] and name.split(".")[1] in parts}


def _imported(source: str) -> set[str]:
    """The modules of the package that a text imports; a name that a package offers counts as its module's."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {_home(node.module, alias.name) for alias in node.names}
    return {name for name in found if name.startswith("coursekit.") and _path(name).is_file()}


def _home(module: str, name: str) -> str:
    """The module that defines what ``from module import name`` gives."""
    if _path(f"{module}.{name}").is_file():
        return f"{module}.{name}"
    return _offers(module).get(name, module) if module.startswith("coursekit.") else module


@cache
def _offers(package: str) -> dict[str, str]:
    """For each name that a package offers of its modules: which; from its stub where it loads them lazily."""
    folder = PACKAGE.joinpath(*package.split(".")[1:])
    for path in (folder / "__init__.pyi", folder / "__init__.py"):
        if path.is_file():
            nodes = [
                node
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.ImportFrom)
            ]
            return {alias.name: _absolute(package, node) for node in nodes for alias in node.names}
    return {}


def _absolute(package: str, node: ast.ImportFrom) -> str:
    return f"{package}.{node.module}" if node.level else str(node.module)


def _path(name: str) -> Path:
    place = PACKAGE.joinpath(*name.split(".")[1:])
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


@cache
def _tree(name: str) -> str:
    """A module as its syntax tree, as text; a page of checks with its docstrings, which cards show."""
    documented = () if name.startswith("coursekit.checks.") else (ast.Module, *DEFINITIONS)
    return _bare(_path(name).read_text(encoding="utf-8"), documented)


def _bare(source: str, documented: tuple[type[Documented], ...]) -> str:
    """Code without comments, its own layout, and the docstrings of these kinds of node."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
