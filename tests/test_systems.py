"""What learners use runs on Windows and macOS: nothing there is of POSIX alone, and no sign is unprintable."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit import course
from coursekit.sandbox import pool, sealing
from coursekit.worker import rlimits, serving
from coursekit.worker.bounds import Limits
from coursekit.worker.interrupting import can_interrupt, time_limit

ERROR = re.compile(r"(?P<file>[^:\n]+\.py):(?P<line>\d+): error: (?P<words>.+)")
EVERYWHERE = ("__init__", "levels", "pool", "unsealed", "view")  # of the sandbox, whose other modules Linux alone runs
GUARDED_OR_NOT = """
import fcntl, os, pwd, signal, sys
from resource import getrlimit

def lock(file):
    fcntl.flock(file, fcntl.LOCK_EX)

def end(process):
    os.killpg(process, signal.SIGKILL)

def name():
    return pwd.getpwuid(os.geteuid())

def guarded():
    if sys.platform != "win32":
        os.fork()
"""


def missing_on_windows(*paths: Path) -> list[tuple[str, int, str]]:
    """File, line and what is missing, for whatever the standard library does not have on Windows, by its stubs."""
    on_linux = complaints("linux", *paths)
    return [complaint for complaint in complaints("win32", *paths) if complaint not in on_linux]


def complaints(platform: str, *paths: Path) -> list[tuple[str, int, str]]:
    """What mypy finds for that system, the same for all where it has no types: it reads the standard library's alone,
    which takes a fifth of the time."""
    options = ["--platform", platform, "--cache-dir", f".mypy_cache/standard_library_{platform}"]
    options += ["--config-file=", "--check-untyped-defs", "--no-site-packages", "--ignore-missing-imports"]
    command = [sys.executable, "-m", "mypy", *options, "coursekit", *map(str, paths)]
    done = subprocess.run(command, cwd=course.root(), capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [(Path(m["file"]).as_posix(), int(m["line"]), m["words"]) for m in ERROR.finditer(done.stdout)]


@pytest.fixture(scope="module")
def missing(tmp_path_factory) -> list[tuple[str, int, str]]:
    """The same for the package and a module that is made to be found fault with."""
    planted = tmp_path_factory.mktemp("planted") / "planted.py"
    planted.write_text(GUARDED_OR_NOT)
    return missing_on_windows(planted)


def test_what_windows_lacks_is_seen_unless_it_is_guarded(missing):
    found = [(line, words) for file, line, words in missing if file.endswith("planted.py")]

    assert {line for line, _ in found} == {3, 6, 9, 12}
    assert any("geteuid" in words for _, words in found)


def test_what_learners_use_has_nothing_that_windows_lacks(missing):
    linux = [f"coursekit/sandbox/{path.name}" for path in Path(pool.__file__).parent.glob("*.py")]
    linux = [name for name in linux if Path(name).stem not in EVERYWHERE] + ["coursekit/apart/warm.py"]

    assert {file for file, _, _ in missing if file.startswith("coursekit/")} <= set(linux)


def test_importing_what_only_linux_runs_needs_nothing_that_windows_lacks(missing):
    found = [(file, line) for file, line, _ in missing if file.startswith("coursekit/")]

    assert len(found) > 20
    assert [place for place in found if not within_a_function(*place)] == []


def within_a_function(file: str, line: int) -> bool:
    tree = ast.parse((course.root() / file).read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return any(node.body[0].lineno <= line <= node.end_lineno for node in functions)


def test_root_of_a_mac_is_not_looked_up_in_proc(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "read_text", lambda *_: pytest.fail("there is no /proc"))

    assert not sealing.is_real_root()


def test_windows_has_no_children_to_take_note_of_and_no_limits(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "WNOHANG")
    monkeypatch.setattr(rlimits.resource, "setrlimit", lambda *_: pytest.fail("Windows has none"))

    serving.reap()
    rlimits.apply(Limits.generous(), own_task_count=True)
    with time_limit(1e-9):
        assert not can_interrupt()


@pytest.mark.parametrize("arguments", ["--help", "data list", "progress", "run 99", "data verify mnist"])
def test_a_pipe_that_has_no_signs_but_those_of_western_europe_is_written_to(arguments, tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "COURSEKIT_CACHE": str(tmp_path)}
    command = [sys.executable, "-m", "coursekit", *arguments.split()]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60)

    assert done.returncode == (2 if arguments == "run 99" else 0)
    assert b"Traceback" not in done.stderr
