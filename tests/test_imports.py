"""The package is a house: learners' code on the ground floor, marks above it, and no stairs that lead down only."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import coursekit

ROOT = Path(coursekit.__file__).parent
GROUND = {"__init__", "course", "errors", "files", "kernel", "names", "printable", "quiet", "templating"}
MAY_IMPORT = {  # what each part of the package may import besides itself and the ground
    "worker": set(),
    "sandbox": {"worker", "data"},
    "grading": {"worker", "sandbox"},
    "classroom": {"worker", "sandbox", "grading", "executors"},
    "checks": {"worker", "grading", "data", "nn", "probes"},
    "probes": {"data"},
    "data": set(),
    "plotting": set(),
    "nn": {"data"},
    "results": set(),
    "claims": {"plotting", "results"},
    "apart": set(),
    "executors": set(),
    "regenerate": {"data", "executors", "results"},
    "workspace": set(),
    "cli": {"classroom", "grading", "worker", "workspace"},  # and it loads each part's commands by name
    "__main__": {"cli"},
} | {name: set() for name in GROUND}


def modules() -> dict[str, Path]:
    """Every module of the package by its name."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = ["coursekit", *path.relative_to(ROOT).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, source: str, known: set[str]) -> set[str]:
    """The modules of ``known`` that a module imports anywhere in its text, also within functions and for types only."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}, line {node.lineno}: name the module in full, so that the arrow is seen"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & known or {node.module}
            found |= {node.module} if not names <= known else set()
    return (found & known) - {name}


MODULES = modules()
ARROWS = {name: imports(name, path.read_text(), set(MODULES)) for name, path in MODULES.items()}


def part(name: str) -> str:
    return (name.split(".") + ["__init__"])[1]


def runs_up(arrows: dict[str, set[str]]) -> list[str]:
    """The imports that the plan does not allow."""
    return [
        f"{name} imports {other}"
        for name, others in sorted(arrows.items())
        for other in sorted(others)
        if part(other) not in {part(name), *MAY_IMPORT[part(name)], *GROUND}
    ]


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """The modules from which arrows lead back to them, and those between such; empty if there are none."""
    left = set(arrows)
    while True:
        leaving = {name for name in left if arrows[name] & left}
        entered = {other for name in left for other in arrows[name] & left}
        if left == leaving & entered:
            return sorted(left)
        left = leaving & entered


def test_every_part_has_its_place_in_the_plan():
    assert {part(name) for name in MODULES} == MAY_IMPORT.keys()


def test_no_import_runs_up():
    assert runs_up(ARROWS) == []


def test_no_import_runs_round():
    assert circle(ARROWS) == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("coursekit.worker.responding", "from coursekit.grading.expect import Expect"),
        ("coursekit.worker.wire", "def f():\n    from coursekit.sandbox import pool"),
        ("coursekit.grading.checking", "from coursekit.classroom.intake import sources"),
        ("coursekit.data.images", "import coursekit.grading.cards"),
    ],
)
def test_an_arrow_that_runs_up_is_seen(name, line):
    assert len(runs_up({name: imports(name, line, set(MODULES))})) == 1


def test_a_relative_import_is_refused():
    with pytest.raises(AssertionError, match="line 1: name the module in full"):
        imports("coursekit.worker.wire", "from ..grading import cards", set(MODULES))


def test_a_circle_is_seen():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c"]


def loaded_by(code: str, **environment: str) -> set[str]:
    """The modules of the package that a fresh interpreter has loaded after ``code``."""
    code += "\nimport sys\nprint(*(name for name in sys.modules if name.startswith('coursekit')))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | environment
    )
    return set(done.stdout.split())


def test_the_learners_side_loads_nothing_that_knows_what_is_expected():
    worker = [name for name in MODULES if name.startswith("coursekit.worker")]
    loaded = loaded_by("\n".join(f"import {name}" for name in worker))
    assert {part(name) for name in loaded} <= {"worker", *GROUND}
    assert (ROOT / "worker" / "__init__.py").read_text() == ""


def test_an_exercise_that_is_opened_in_a_worker_loads_no_expectation():
    opened = "from coursekit.grading import open_exercise\ncheck = open_exercise('01_mnist_dense')\ncheck('softmax')"
    loaded = {name for name in loaded_by(opened, COURSEKIT_WORKER="1") if part(name) not in GROUND}
    assert loaded == {
        "coursekit.grading",
        "coursekit.grading.opening",
        "coursekit.worker",
        "coursekit.worker.environment",
    }
