"""Kernels of the quick run are forked, behave as kernels that were started do, and end with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from coursekit import course

CELLS = [
    """import os, subprocess, sys
from pathlib import Path
Path("kernel").write_text(f"{os.getpid()} {os.getppid()}")
assert "tensorflow" in sys.modules""",
    'assert subprocess.run([sys.executable, "-c", "raise SystemExit(3)"]).returncode == 3',
    "assert os.environ['COURSEKIT_FULL'] == '' and Path.cwd() == Path(os.environ['HERE'])",
    "import tensorflow as tf\nassert int(tf.reduce_sum(tf.ones((100, 100)) @ tf.ones((100, 100)))) == 1_000_000",
]


def quick_run(folder: Path, cells: list[str]) -> subprocess.CompletedProcess:
    """The quick run of a notebook of these cells, in this folder."""
    shutil.copy(course.root() / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\n")
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), folder / "lesson.ipynb")
    options = ["--nbval-lax", "--nbval-current-env", "--quick", "-q", "-p", "no:cacheprovider", "-p", "no:slipcover"]
    command = [sys.executable, "-m", "pytest", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels are started, not forked")
def test_a_forked_kernel_is_one_of_its_own_and_ends(tmp_path, monkeypatch):
    monkeypatch.setenv("HERE", str(tmp_path))
    ended = quick_run(tmp_path, CELLS)
    kernel, server = map(int, (tmp_path / "kernel").read_text().split())

    assert f"{len(CELLS)} passed" in ended.stdout
    left = [process for process in psutil.process_iter() if process.pid in (kernel, server)]
    assert psutil.wait_procs(left, timeout=10)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels are started, not forked")
def test_where_no_kernel_can_be_forked_the_test_says_how_to_learn_why(tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text("raise ImportError('no such wheel')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    ended = quick_run(tmp_path, ["1 + 1", "2 + 2"])

    assert "2 errors" in ended.stdout
    assert "No kernel: its server ended with code 1. Why, says: " in ended.stdout
    assert "no such wheel" in ended.stdout
