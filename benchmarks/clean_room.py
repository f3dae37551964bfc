"""Models judged in the clean room, against the same models judged in the process of the notebook.

Both are sealed workers, forks of one warm parent. In each the model is looked at and predicts for 256 rows.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from grading import write_notebook

from coursekit.grading import Exercise
from coursekit.grading.checking import check_notebook
from coursekit.grading.cleanroom import CleanRoom
from coursekit.grading.notebook_file import read_notebook
from coursekit.sandbox import WorkerPool

SETUP = "import keras\nfrom keras import layers"
MODELS = {  # as the exercises build them, and one as large as a submission may bring
    "dense": ("keras.Input((784,)), layers.Dense(512, 'relu'), layers.Dense(10, 'softmax')", (784,)),
    "convolutions": (
        "keras.Input((28, 28, 1)), layers.Conv2D(16, 3, activation='relu'), layers.MaxPooling2D(), layers.Flatten(), "
        "layers.Dense(10, 'softmax')",
        (28, 28, 1),
    ),
    "lstm": ("keras.Input((40,)), layers.Embedding(5000, 16), layers.LSTM(32), layers.Dense(1, 'sigmoid')", (40,)),
    "14 MB": ("keras.Input((784,)), layers.Dense(2048, 'relu'), layers.Dense(1024), layers.Dense(10)", (784,)),
    "MobileNetV2": (
        "keras.applications.MobileNetV2((96, 96, 3), weights=None, include_top=False, pooling='avg')",
        (96, 96, 3),
    ),
}


def exercise_on(shape: tuple[int, ...]) -> Exercise:
    """An exercise that looks at ``model`` and has it predict for rows of this shape."""
    exercise = Exercise("00_bench", "One model")

    @exercise.question("model", points=1, title="One model")
    def model(answers, expect):
        """`model` takes a batch."""
        x = answers.draw("x").integers(0, 256, (256, *shape)).astype(np.float32)
        expect.equal(len(answers.model("model").on(x[:16]).predict(x)), len(x), hint="One row for each.")

    return exercise


def judged(pool: WorkerPool, notebook: Path, exercise: Exercise, room: CleanRoom | None) -> float:
    """Seconds from the notebook's first cell to its report."""
    began = time.perf_counter()
    report = check_notebook(read_notebook(notebook), exercise, start=pool.start, room=room)
    assert report.passed, report
    assert not report.unverified, report.unverified
    return time.perf_counter() - began


def compare(rounds: int = 5) -> dict[str, tuple[float, float]]:
    """For each model median seconds with a clean room, which is running, and without."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, WorkerPool() as pool:
        room = CleanRoom()
        for name, (stack, shape) in MODELS.items():
            source = stack if "applications" in stack else f"keras.Sequential([{stack}])"
            notebook, exercise = write_notebook(Path(folder), [SETUP, f"model = {source}"]), exercise_on(shape)
            room.begin(pool.start)
            judged(pool, notebook, exercise, room)
            pairs = [[judged(pool, notebook, exercise, each) for each in (room, None)] for _ in range(rounds)]
            found[name] = tuple(map(statistics.median, zip(*pairs)))
        room.close()
    return found


if __name__ == "__main__":
    print(json.dumps(compare()))
