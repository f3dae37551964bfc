"""The guards around nbval, each on a notebook that nbval alone would pass or half pass."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from coursekit import course

SLEEPS_THROUGH_AN_INTERRUPT = """import time
try:
    time.sleep(60)
except KeyboardInterrupt:
    pass"""


def tagged(source, tag):
    return new_code_cell(source, metadata={"tags": [tag]})


def stored(source, text, count=1):
    output = new_output("stream", name="stdout", text=text)
    return new_code_cell(source, outputs=[output], execution_count=count, metadata={"tags": ["nbval-check-output"]})


CHECKED = """class check:
    def all():
        print("A demo: 2 of 2 points; 1 of 1 question passed.")"""

CELLS = {
    "fine": [
        ("x = 1", "PASSED"),
        ("assert x == 1", "PASSED"),
        ("", "PASSED"),
        (stored("print(3)", "3\n"), "PASSED"),
        (CHECKED, "PASSED"),
        ("check.all()", "PASSED"),
    ],
    "faulty": [
        ("%no_such_magic\nx = 1", "FAILED"),
        ("%%no_such_magic\nx = 1", "FAILED"),
        ("1 / 0", "FAILED"),
        ("import warnings\nwarnings.warn('odd')", "FAILED"),
        ("import os, time\nos.write(2, b'noise from C++')\ntime.sleep(0.5)", "FAILED"),
        (tagged("x = 1", "nbval-skip"), "FAILED"),
        (tagged("1 / 0", "raises-exception"), "FAILED"),
        (stored("print(4)", "3\n"), "FAILED"),
        (stored("print(3)", "3\n", count=None), "FAILED"),
        (CHECKED.replace("2 of", "1 of"), "PASSED"),
        ("check.all()", "FAILED"),
        ("import sys\nsys.exit(0)", "FAILED"),
    ],
    "too_slow": [(SLEEPS_THROUGH_AN_INTERRUPT, "FAILED"), ("1 / 0", "ERROR"), ("x = 1", "ERROR")],
}
EXPECTED = [
    pytest.param(f"{name}.ipynb::Cell {number}", verdict, id=f"{name}-{number}")
    for name, cells in CELLS.items()
    for number, (_, verdict) in enumerate(cells)
]


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> dict[str, str]:
    """What pytest said about each cell: ``{"fine.ipynb::Cell 0": "PASSED", …}``."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copy(course.root() / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    for name, cells in CELLS.items():
        cells = [new_code_cell(cell) if isinstance(cell, str) else cell for cell, _ in cells]
        nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    options = [
        "--nbval-lax",
        "--nbval-current-env",
        "--nbval-cell-timeout=2",
        "-rA",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:slipcover",
    ]
    command = [sys.executable, "-m", "pytest", *options, folder]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    found = re.findall(r"^([A-Z]+) (\w+\.ipynb::Cell \d+)", ended.stdout, re.MULTILINE)
    return {cell: verdict for verdict, cell in found}


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "verdict"), EXPECTED)
def test_a_cell_passes_only_when_it_ran_to_its_end(report, cell, verdict):
    assert report[cell] == verdict
