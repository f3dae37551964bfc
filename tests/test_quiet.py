"""TensorFlow starts in silence, and nothing else is silenced."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from coursekit import quiet

NOISE = [
    "I0000 00:00:1763690000.000000   12345 cpu_feature_guard.cc:227] This TensorFlow binary is optimized",
    "2026-01-01 10:00:00.000000: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.",
    "E0000 00:00:1763690000.000000   12345 cuda_dnn.cc:8310] Unable to register cuDNN factory",
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow",
]
ORDINARY = ["an ordinary line", "UserWarning: something to know", "ImportError: no such thing", "", "I am no log line"]


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ | environment)


@pytest.mark.slow
def test_tensorflow_through_the_course_prints_nothing():
    ended = python("import coursekit, tensorflow as tf; print(float(tf.reduce_sum(tf.ones((2, 3)) @ tf.ones((3, 2)))))")

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

    ended = python("import coursekit, tensorflow; print(tensorflow.answer)", **noisy_package(*mixed))

    assert ended.stdout == "42\n"
    assert ended.stderr.splitlines() == ORDINARY


def test_what_is_written_after_the_import_comes_through(noisy_package):
    code = f"import coursekit, tensorflow, os; os.write(2, {NOISE[0].encode()!r})"

    assert python(code, **noisy_package()).stderr == NOISE[0]


def test_an_import_that_fails_shows_why(tmp_path):
    (tmp_path / "tensorflow.py").write_text("import os\nos.write(2, b'a clue\\n')\nraise ImportError('no library')\n")

    ended = python("import coursekit, tensorflow", PYTHONPATH=str(tmp_path))

    assert ended.returncode == 1
    assert ended.stderr.startswith("a clue\n")
    assert ended.stderr.endswith("ImportError: no library\n")


def test_without_tensorflow_the_message_is_pythons_own():
    code = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; sys.path.insert(0, {root!r})\n"
    root = str(quiet.__file__).removesuffix("/coursekit/quiet.py")

    ended = python(code.format(root=root) + "import coursekit, tensorflow")

    assert "ModuleNotFoundError: No module named 'tensorflow'" in ended.stderr


def test_a_log_level_of_the_users_own_stays(noisy_package):
    code = "import coursekit, os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"

    assert python(code, TF_CPP_MIN_LOG_LEVEL="0").stdout == "0\n"


@pytest.mark.parametrize("line", NOISE)
def test_noise_is_recognised(line):
    assert quiet.NOISE.match(line.encode())


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_lines_are_not_taken_for_noise(line):
    assert not quiet.NOISE.match(line.encode())
