"""TensorFlow starts in silence, and nothing else is silenced."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from coursekit import course, quiet

NOISE = [
    "I0000 00:00:1763690000.000000   12345 cpu_feature_guard.cc:227] This TensorFlow binary is optimized",
    "2026-01-01 10:00:00.000000: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.",
    "E0000 00:00:1763690000.000000   12345 cuda_dnn.cc:8310] Unable to register cuDNN factory",
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow",
]
HUSHED = "from coursekit.quiet import hush_tensorflow; hush_tensorflow(); import tensorflow"
ORDINARY = ["an ordinary line", "UserWarning: something to know", "ImportError: no such thing", "", "I am no log line"]


ROOT = Path(quiet.__file__).parents[1]


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ | environment)


STATE = """
import json, os, signal, sys, warnings
def state():
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    return repr([dict(os.environ), sys.meta_path, sys.path, warnings.filters, handlers, sys.excepthook, sys.path_hooks])
before = state()
import coursekit
print(json.dumps([before, state()]))
"""


def test_importing_the_package_changes_nothing_outside_of_it():
    before, after = json.loads(python(STATE).stdout)

    assert after == before


@pytest.mark.parametrize("module", ["data", "plotting", "results", "grading"])
def test_importing_a_part_of_it_outside_of_a_notebook_hushes_nothing(module, noisy_package):
    ended = python(f"import coursekit.{module}, tensorflow", TF_CPP_MIN_LOG_LEVEL="0", **noisy_package(NOISE[0]))

    assert ended.stderr.splitlines() == [NOISE[0]]


@pytest.mark.parametrize("first", ["coursekit.data", "coursekit.plotting"])
def test_in_a_notebook_these_imports_hush(first, noisy_package, monkeypatch, tmp_path):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # ipykernel would not watch descriptor 2
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*noisy_package(NOISE[0], "wanted").values(), str(ROOT)]))
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (f"import {first}", "import tensorflow")],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )

    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}})
    printed = ""
    with client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        for _ in range(600):  # a thread of the kernel's hands on what reaches descriptor 2, when it comes to it
            printed = "".join(
                output.text for cell in notebook.cells for output in cell.outputs if output.name == "stderr"
            )
            if "wanted" in printed:
                break
            notebook.cells.append(nbformat.v4.new_code_cell("import time; time.sleep(0.1)"))
            client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)

    assert printed.split() == ["wanted"]


@pytest.mark.parametrize("path", [each for lesson in course.LESSONS for each in (lesson.notebook, lesson.solution)])
def test_every_notebook_imports_one_of_them_before_keras(path):
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    imported = re.findall(r"^(?:from|import) (coursekit\.data|coursekit\.plotting|keras|tensorflow)\b", code, re.M)

    assert set(imported[:1]) <= {"coursekit.data", "coursekit.plotting"}  # one without Keras has nothing to hush


@pytest.mark.slow
@pytest.mark.parametrize("start", ["coursekit.nn import gaussian_kl", "coursekit.plotting import LiveHistory"])
def test_what_imports_keras_itself_is_hushed_everywhere(start):
    ended = python(f"from {start}; import tensorflow")

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.slow
def test_tensorflow_through_the_course_prints_nothing():
    ended = python(f"{HUSHED} as tf; print(float(tf.reduce_sum(tf.ones((2, 3)) @ tf.ones((3, 2)))))")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "12.0\n", "")


@pytest.fixture
def noisy_package(tmp_path):
    """A stand-in for TensorFlow that writes what it is told to descriptor 2 while it is imported."""

    def write(*lines: str) -> dict[str, str]:
        text = "".join(f"{line}\n" for line in lines)
        (tmp_path / "tensorflow.py").write_text(f"import os\nos.write(2, {text.encode()!r})\nanswer = 42\n")
        return {"PYTHONPATH": str(tmp_path)}

    return write


def test_noise_is_dropped_and_every_other_line_comes_through(noisy_package):
    mixed = [line for pair in zip(NOISE, ORDINARY) for line in pair]

    ended = python(f"{HUSHED}; print(tensorflow.answer)", **noisy_package(*mixed))

    assert ended.stdout == "42\n"
    assert ended.stderr.splitlines() == ORDINARY


def test_what_is_written_after_the_import_comes_through(noisy_package):
    code = f"{HUSHED}, os; os.write(2, {NOISE[0].encode()!r})"

    assert python(code, **noisy_package()).stderr == NOISE[0]


def test_an_import_that_fails_shows_why(tmp_path):
    (tmp_path / "tensorflow.py").write_text("import os\nos.write(2, b'a clue\\n')\nraise ImportError('no library')\n")

    ended = python(HUSHED, PYTHONPATH=str(tmp_path))

    assert ended.returncode == 1
    assert ended.stderr.startswith("a clue\n")
    assert ended.stderr.endswith("ImportError: no library\n")


def test_without_tensorflow_the_message_is_pythons_own():
    code = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; sys.path.insert(0, {root!r})\n"

    ended = python(code.format(root=str(ROOT)) + HUSHED)

    assert "ModuleNotFoundError: No module named 'tensorflow'" in ended.stderr


def test_a_log_level_of_the_users_own_stays(noisy_package):
    code = f"{HUSHED}, os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"

    assert python(code, TF_CPP_MIN_LOG_LEVEL="0", **noisy_package()).stdout == "0\n"


@pytest.mark.parametrize("line", NOISE)
def test_noise_is_recognised(line):
    assert quiet.NOISE.match(line.encode())


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_lines_are_not_taken_for_noise(line):
    assert not quiet.NOISE.match(line.encode())
