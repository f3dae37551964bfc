"""What `pip install "git+ADDRESS"` gives in an empty folder, as on Colab: the package with its data and its checks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from coursekit import course

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder of packages with the course alone, from the last commit."""
    folder = tmp_path_factory.mktemp("wheel")
    address = f"git+file://{course.root()}"
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--wheel-dir", str(folder)]
    done = subprocess.run([sys.executable, "-m", "pip", "wheel", *options, address], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("coursekit_deep_learning-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def python(site: Path, code: str, folder: Path) -> str:
    """What code prints in a folder where the course is not."""
    environment = os.environ | {"PYTHONPATH": str(site), "MPLBACKEND": "agg", "COURSEKIT_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_in_the_package_is_in_the_wheel(site):
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD", "coursekit"], cwd=course.root(), capture_output=True, text=True
    ).stdout.splitlines()

    assert len(listed) > 150
    assert [name for name in listed if not (site / name).is_file()] == []


def test_the_first_cells_of_lesson_1_run_in_an_empty_folder(site, tmp_path):
    cells = json.loads(course.LESSONS[0].notebook.read_bytes())["cells"]
    first = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"][:6]

    out = python(site, "import coursekit; print(coursekit.__file__)\n" + "\n".join(first), tmp_path)

    assert out.startswith(str(site))
    assert "(60000, 28, 28)" in out


def test_an_exercise_checks_in_an_empty_folder(site, tmp_path):
    code = (
        "from coursekit.grading import open_exercise\ncheck = open_exercise('01_mnist_dense')\nprint(check('softmax'))"
    )

    assert "Not written yet" in python(site, code, tmp_path)


def called(site: Path, arguments: list[str], folder: Path) -> list[str]:
    """The lines that the command prints there, and its exit code."""
    call = f"cli.main({arguments!r})"
    code = f"from coursekit import cli\ntry:\n    {call}\nexcept SystemExit as end:\n    print(end.code)"
    return python(site, code, folder).splitlines()


def test_the_command_checks_an_exercise_in_an_empty_folder(site, tmp_path):
    (tmp_path / "mine.ipynb").write_bytes(course.LESSONS[0].exercise.read_bytes())

    *told, code = called(site, ["check", "mine.ipynb"], tmp_path)

    assert code == "1"
    assert any("0 of 20 points" in line for line in told)


def test_what_needs_the_whole_course_says_so(site, tmp_path):
    assert called(site, ["lab"], tmp_path) == ["2"]
