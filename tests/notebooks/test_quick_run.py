"""The quick run sets quick parameters, and fails where a helper breaks a figure."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

import coursekit
from coursekit import course
from coursekit.plotting import alt_text, plot_class_balance
from coursekit.plotting.display import mimebundle

CHANGES = {  # of the helper that draws the figure, and what the quick run says then
    "none": ("", "", "PASSED"),
    "it fails": ("_draw_shares(ax, counts)", "_draw_shares(ax)", "FAILED"),
    "it draws something else": ("minlength=len(names))", "minlength=len(names)) + 1", "FAILED"),
}


SIZES = """import os
SIZE = 9"""  # the quick parameter follows
TOLD = "print(SIZE, bool(os.environ['COURSEKIT_FULL']))"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[str, str]:
    """What the quick run says of a cell that shows a figure, by the change in the helper."""
    folder = tmp_path_factory.mktemp("quick")
    shutil.copy(course.root() / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\n")
    data, metadata = mimebundle(b"as another build of Matplotlib draws it", alt_text(plot_class_balance([0, 1, 1])))
    cells = [
        new_code_cell('import sys\nsys.path[:0] = [""]\nLABELS = [0, 1, 1, 1, 1]', metadata={"tags": ["parameters"]}),
        new_code_cell(
            "from coursekit.plotting import plot_class_balance, show\nshow(plot_class_balance(LABELS))",
            outputs=[new_output("display_data", data, metadata=metadata)],
            execution_count=2,
            metadata={"tags": ["nbval-check-output"]},
        ),
    ]
    lesson = new_notebook(cells=cells, metadata={"coursekit": {"quick": {"LABELS": [0, 1, 1]}}})
    for number, (before, after, _) in enumerate(CHANGES.values()):
        place = folder / str(number)
        ignored = shutil.ignore_patterns("embedded", "__pycache__")
        shutil.copytree(Path(coursekit.__file__).parent, place / "coursekit", ignore=ignored)
        helper = place / "coursekit" / "plotting" / "classes.py"
        text = helper.read_text()
        assert before in text
        helper.write_text(text.replace(before, after, 1))
        nbformat.write(lesson, place / "lesson.ipynb")
    return run(folder, "--quick")


def run(folder: Path, *options: str) -> dict[str, str]:
    """What pytest says of each cell of the notebooks in a folder."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "--nbval-current-env",
        "-rA",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:slipcover",
    ]
    ended = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, timeout=180)
    found = re.findall(r"^([A-Z]+) (\S*lesson\.ipynb::Cell \d+)", ended.stdout, re.MULTILINE)
    assert found, ended.stdout
    return {cell: verdict for verdict, cell in found}


def sizes() -> nbformat.NotebookNode:
    """A lesson whose second cell prints what is stored in full alone."""
    told = new_output("stream", name="stdout", text="9 True\n")
    cells = [
        new_code_cell(SIZES, metadata={"tags": ["parameters"]}),
        new_code_cell(TOLD, outputs=[told], execution_count=2, metadata={"tags": ["nbval-check-output"]}),
    ]
    return new_notebook(cells=cells, metadata={"coursekit": {"quick": {"SIZE": 2}}})


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_helper_that_breaks_a_figure_fails_the_quick_run(verdicts, change):
    assert verdicts[f"{list(CHANGES).index(change)}/lesson.ipynb::Cell 1"] == CHANGES[change][2]


@pytest.mark.slow
@pytest.mark.parametrize(("options", "verdict"), [((), "PASSED"), (("--quick",), "FAILED")])
def test_what_is_stored_is_compared_in_full_and_in_quick_sizes(tmp_path, options, verdict):
    shutil.copy(course.root() / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    nbformat.write(sizes(), tmp_path / "lesson.ipynb")

    assert run(tmp_path, *options) == {"lesson.ipynb::Cell 0": "PASSED", "lesson.ipynb::Cell 1": verdict}
