"""Kernels of the quick run are forked, behave as kernels that were started do, and end with it."""

from __future__ import annotations

import shutil
import subprocess
import sys

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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels are started, not forked")
def test_a_forked_kernel_is_one_of_its_own_and_ends(tmp_path, monkeypatch):
    monkeypatch.setenv("HERE", str(tmp_path))
    shutil.copy(course.root() / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in CELLS]), tmp_path / "lesson.ipynb")
    options = ["--nbval-lax", "--nbval-current-env", "--quick", "-q", "-p", "no:cacheprovider", "-p", "no:slipcover"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=tmp_path, capture_output=True, text=True, timeout=180
    )
    kernel, server = map(int, (tmp_path / "kernel").read_text().split())

    assert f"{len(CELLS)} passed" in ended.stdout
    left = [process for process in psutil.process_iter() if process.pid in (kernel, server)]
    assert psutil.wait_procs(left, timeout=10)[1] == []
