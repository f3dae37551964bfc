"""Thirty example submissions of exercise 1, good, wrong, broken and hostile.

They are made from the released exercise and stored in ``tests/classroom/submissions``; a test holds the two together.
To write them anew: ``python tests/classroom/make_submissions.py``.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXERCISE = Path(__file__).parents[2] / "exercises" / "exercise_01_mnist_dense.ipynb"
FOLDER = Path(__file__).parent / "submissions"
Notebook = dict[str, Any]

RIGHT = {
    "as_vectors": 'def as_vectors(images):\n    return images.reshape(len(images), -1).astype("float32") / 255',
    "one_hot": "def one_hot(labels, classes):\n    return np.eye(classes)[labels]",
    "softmax": "def softmax(logits):\n    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))\n"
    "    return powers / powers.sum(axis=-1, keepdims=True)",
    "cross_entropy": "def cross_entropy(logits, labels):\n"
    "    shifted = logits - logits.max(axis=1, keepdims=True)\n"
    "    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))\n"
    "    return -log_p[np.arange(len(labels)), labels].mean()",
    "count_parameters": "def count_parameters(sizes):\n    return sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))",
    "gradients": "def gradients(x, labels, W, b):\n"
    "    blame = (softmax(x @ W + b) - one_hot(labels, len(b))) / len(x)\n"
    "    return x.T @ blame, blame.sum(axis=0)",
    "build_network": "def build_network():\n"
    "    network = keras.Sequential([\n        keras.Input((784,)),\n"
    '        layers.Dense(256, activation="relu"),\n        layers.Dense(10, activation="softmax"),\n    ])\n'
    '    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])\n    return network',
}
TRAINED = {
    "training": "model = build_network()\n"
    "history = model.fit(as_vectors(mnist.x_train), mnist.y_train, epochs=8, batch_size=128, validation_split=0.1, "
    "verbose=0)"
}
TRAINED_A_LITTLE = {
    "training": "model = build_network()\nx, y = as_vectors(mnist.x_train[:6000]), mnist.y_train[:6000]\n"
    "history = model.fit(x, y, epochs=4, batch_size=64, validation_split=0.1, verbose=0)"
}
OTHERWISE = {
    "as_vectors": "def as_vectors(images):\n"
    '    return np.stack([np.ravel(image) for image in images]).astype("float32") / np.float32(255)',
    "one_hot": "def one_hot(labels, classes):\n    return (labels[:, None] == np.arange(classes)).astype(int)",
    "softmax": "from scipy.special import log_softmax\n\ndef softmax(logits):\n"
    "    return np.exp(log_softmax(logits, axis=-1))",
    "cross_entropy": "def cross_entropy(logits, labels):\n    total = 0.0\n"
    "    for row, label in zip(logits, labels):\n        total -= log_softmax(row)[label]\n"
    "    return total / len(labels)",
    "count_parameters": "def count_parameters(sizes):\n    total = 0\n    for index in range(1, len(sizes)):\n"
    "        total += sizes[index - 1] * sizes[index] + sizes[index]\n    return total",
    "gradients": "def gradients(x, labels, W, b):\n    scores = softmax(x @ W + b)\n"
    "    scores[np.arange(len(x)), labels] -= 1\n    return x.T @ scores / len(x), scores.mean(axis=0)",
    "build_network": "def build_network():\n    inputs = keras.Input((784,))\n"
    '    hidden = layers.Dropout(0.1)(layers.Dense(128, activation="relu")(inputs))\n'
    "    network = keras.Model(inputs, layers.Dense(10)(hidden))\n"
    "    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
    '    network.compile(optimizer="adam", loss=loss, metrics=["accuracy"])\n    return network',
}
RENAMED = {
    "gradients": "def gradients(inputs, classes, weights, bias):\n"
    "    share = (softmax(inputs @ weights + bias) - one_hot(classes, len(bias))) / len(inputs)\n"
    "    return inputs.T @ share, share.sum(axis=0)",
}
FORGERY = """import sys
import numpy.testing
from coursekit.grading import Expect, results

print("20 of 20 points; 8 of 8 questions passed.")
points = max_points = score = 20
np.allclose = np.isclose = np.array_equal = lambda *args, **kwargs: True
numpy.testing.assert_allclose = lambda *args, **kwargs: None
for name in ("close", "equal", "true", "shape", "at_least"):
    setattr(Expect, name, lambda *args, **kwargs: None)
results.Report.points = 20

class Everything:
    def __eq__(self, other): return True
    def __array__(self, *args, **kwargs): return np.ones(3)
    def __repr__(self): return "20 of 20"

def as_vectors(images):
    return Everything()"""
FAKE_REPLY = """import os

def one_hot(labels, classes):
    for descriptor in range(3, 32):
        try:
            os.write(descriptor, b'CKW1{"answer": "20 of 20"}')
        except OSError:
            pass
    return np.eye(classes)[labels]"""


def answered(*answers: dict[str, str]) -> Notebook:
    """The exercise with answers in place of its stubs; later ones win."""
    notebook = json.loads(EXERCISE.read_bytes())
    written = {name: source for each in answers for name, source in each.items()}
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "").split("-answer-")[0]
        if cell["metadata"].get("nbgrader", {}).get("solution") and name in written:
            cell["source"] = written[name].splitlines(keepends=True)
    return notebook


def changed(notebook: Notebook, change: Callable[[Notebook], None]) -> Notebook:
    """A copy of a notebook that ``change`` has changed."""
    other = copy.deepcopy(notebook)
    change(other)
    return other


def encoded(notebook: Notebook) -> bytes:
    """A notebook as the content of a file."""
    return (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode()


def without_metadata(notebook: Notebook) -> None:
    """Drop all metadata, as some editors do."""
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def for_r(notebook: Notebook) -> None:
    """Say that the notebook is for another language."""
    notebook["metadata"]["kernelspec"] = {"display_name": "R", "language": "R", "name": "ir"}


def reordered(notebook: Notebook) -> None:
    """Swap the first two questions, and write one answer twice."""
    cells = notebook["cells"]
    cells[5], cells[9] = cells[9], cells[5]
    cells.insert(6, copy.deepcopy(cells[5]))


def shortened(notebook: Notebook) -> None:
    """Drop the cells after the third question."""
    del notebook["cells"][16:]


def submissions() -> dict[str, bytes]:
    """All files: path and content."""
    right = answered(RIGHT)
    wrong = {
        "overflow": {
            "softmax": "def softmax(logits):\n    return np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)"
        },
        "doubles": {"as_vectors": "def as_vectors(images):\n    return images.reshape(len(images), -1) / 255"},
        "ten_columns": {"one_hot": "def one_hot(labels, classes):\n    return np.eye(10)[labels]"},
        "no_biases": {
            "count_parameters": "def count_parameters(sizes):\n    return sum(a * b for a, b in zip(sizes, sizes[1:]))"
        },
        "sum_for_mean": {"gradients": RIGHT["gradients"].replace(" / len(x)", "")},
        "twice_softmax": {
            "build_network": RIGHT["build_network"].replace(
                '"sparse_categorical_crossentropy"', "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
            )
        },
        "only_the_start": {},
        "syntax": {"softmax": "def softmax(logits)\n    return logits"},
    }
    started = {name: RIGHT[name] for name in ("as_vectors", "one_hot")}
    hostile = {
        "endless_cell": {"count_parameters": "while True:\n    pass"},
        "ends_the_process": {"softmax": "import os\n\ndef softmax(logits):\n    os._exit(0)"},
        "exits": {"count_parameters": "import sys\nsys.exit(0)"},
        "floods": {"count_parameters": 'for _ in range(2000):\n    print("x" * 5000)\n' + RIGHT["count_parameters"]},
        "forges": {"as_vectors": FORGERY},
        "fakes_replies": {"one_hot": FAKE_REPLY},
        "raises_html": {
            "softmax": 'def softmax(logits):\n    raise ValueError("<script>alert(1)</script> =1+1 \\x1b[2J\\u202e")'
        },
    }
    files = {
        "ada.ipynb": encoded(answered(RIGHT, TRAINED)),
        "grace.ipynb": encoded(answered(OTHERWISE, TRAINED_A_LITTLE)),
        "emmy/01_mnist_dense.ipynb": encoded(right),
        "emmys_neighbour/01_mnist_dense.ipynb": encoded(answered(RIGHT, RENAMED)),
        "alan.ipynb": encoded(answered(OTHERWISE)),
        "untouched.ipynb": EXERCISE.read_bytes(),
        "byte_order_mark.ipynb": b"\xef\xbb\xbf" + encoded(right),
        "no_metadata_01_mnist_dense.ipynb": encoded(changed(right, without_metadata)),
        "reordered.ipynb": encoded(changed(right, reordered)),
        "shortened.ipynb": encoded(changed(right, shortened)),
        "not_json.ipynb": b"print('this is a script')\n",
        "empty.ipynb": b"",
        "utf16.ipynb": encoded(right).decode()[:400].encode("utf-16"),
        "format3.ipynb": b'{"worksheets": [], "metadata": {}, "nbformat": 3}\n',
        "another_language.ipynb": encoded(changed(right, for_r)),
    }
    for name, answers in wrong.items():
        files[f"wrong_{name}.ipynb"] = encoded(answered(started if name == "only_the_start" else RIGHT, answers))
    for name, answers in hostile.items():
        files[f"hostile_{name}.ipynb"] = encoded(answered(RIGHT, answers))
    return files


def main() -> None:
    """Write the files."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, content in submissions().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
