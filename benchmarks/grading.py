"""A notebook graded in a fork of the warm parent, sealed, against the same in a fresh interpreter, not sealed."""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil

from coursekit.grading import Exercise
from coursekit.grading.checking import check_notebook
from coursekit.grading.notebook_file import read_notebook
from coursekit.sandbox import WorkerPool
from coursekit.sandbox.unsealed import start_unsealed
from coursekit.worker.channel import Worker

CELLS = (
    "import numpy as np, keras",
    "x, y = np.random.rand(256, 8), np.random.rand(256, 1)",
    "model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation='relu'), keras.layers.Dense(1)])\n"
    "model.compile('adam', 'mse')",
    "history = model.fit(x, y, epochs=2, verbose=0)",
)
exercise = Exercise("00_bench", "A tiny training")


@exercise.question("fit", points=1, title="A tiny training")
def fit(answers, expect):
    """`history` has the losses of two epochs."""
    expect.equal(len(answers.value("history")["loss"]), 2, hint="epochs=2")


def compare(rounds: int = 5) -> tuple[float, float, float]:
    """Median seconds of a sealed fork and of a fresh interpreter, in turns; and a fork's peak private bytes."""
    forked, fresh, peaks = [], [], []
    with tempfile.TemporaryDirectory() as folder, WorkerPool() as pool:
        notebook = write_notebook(Path(folder), CELLS)
        for _ in range(rounds):
            with peak_of_children(pool, peaks):
                forked.append(_seconds(notebook, pool.start))
            fresh.append(_seconds(notebook, start_unsealed))
    return statistics.median(forked), statistics.median(fresh), max(peaks)


def main() -> None:
    """Print the comparison as one line of JSON."""
    print(json.dumps(compare()))


def write_notebook(folder: Path, sources: Iterable[str]) -> Path:
    """A notebook with these code cells."""
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    path = folder / "bench.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def _seconds(notebook: Path, start: Callable[[Path], Worker]) -> float:
    began = time.perf_counter()
    report = check_notebook(read_notebook(notebook), exercise, start=start)
    assert report.passed, report
    return time.perf_counter() - began


@contextlib.contextmanager
def peak_of_children(pool: WorkerPool, peaks: list[float], every: float = 0.05) -> Iterator[None]:
    """Add the private memory that the processes below the warm parent have together, ``every`` so many seconds."""
    parent = psutil.Process(pool.process_id)
    warm = set(parent.children(recursive=True)) | {parent}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(every):
            peaks.append(sum(map(_private, set(parent.children(recursive=True)) - warm)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _private(process: psutil.Process) -> int:
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:")))


if __name__ == "__main__":
    main()
