"""How work scales over the workers of a Dask cluster, measured on this machine and projected for 10,000 submissions.

    python -m benchmarks.scaling

With one worker and with two, in turn in one run: small notebooks, each in a kernel of its own. Then what bounds a
large cluster, whatever its workers do: messages through the scheduler and bytes through the client, measured with work
of the size of a submission that takes no time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coursekit.executors import Executor, Task, open_executor
from coursekit.regenerate.executing import execute
from coursekit.regenerate.reading import as_bytes

NOTEBOOKS, EMPTY = 6, 400
CLASS = 10_000
SIZE = 60_000
RETURNED = 30_000
CELL = "total = 0\nfor number in range(8_000_000):\n    total += number"


def return_bytes(work: dict[str, Any], task: Task) -> dict[str, Any]:
    """Work of no time that returns as much as marking a submission does."""
    return {"report": bytes(RETURNED)}


@contextmanager
def cluster(workers: int) -> Iterator[Executor]:
    """A scheduler and workers of one thread, each a process, and an executor that is connected to them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scheduler.json"
        processes = [_start(folder, "scheduler", "--port", "0", "--scheduler-file", str(file))]
        try:
            while not file.exists() or not file.read_text():
                time.sleep(0.05)
            address = json.loads(file.read_text())["address"]
            for _ in range(workers):
                processes.append(_start(folder, "worker", address, "--nthreads", "1", "--no-nanny"))
            with open_executor(scheduler=address) as executor:
                while executor.slots < workers:
                    time.sleep(0.1)
                yield executor
        finally:
            for process in processes:
                process.terminate()
                process.wait()


def _start(folder: str, command: str, *options: str) -> subprocess.Popen:
    arguments = [sys.executable, "-m", f"distributed.cli.dask_{command}", *options, "--host", "127.0.0.1"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*arguments, "--no-dashboard"], cwd=folder, env=environment, **quiet)


def seconds_for(executor: Executor, function: Any, works: list[dict[str, Any]], ahead: int) -> float:
    """How long the work takes when so many pieces are handed out at a time."""
    start, waiting, running = time.perf_counter(), iter(works), set()
    while True:
        while len(running) < ahead and (work := next(waiting, None)) is not None:
            running.add(executor.submit(function, work))
        if not running:
            return time.perf_counter() - start
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()


def notebook() -> bytes:
    """A small notebook: a kernel's start, one cell of pure Python, a kernel's end."""
    from nbformat.v4 import new_code_cell, new_notebook

    return as_bytes(new_notebook(cells=[new_code_cell(CELL, id="work")]))


def measure(workers: int) -> tuple[float, float]:
    """Notebooks a second, and pieces of empty work a second."""
    work = {"title": "small", "notebook": notebook(), "parameters": {}, "folder": None}
    empty = {"title": "empty", "notebook": os.urandom(SIZE)}
    with cluster(workers) as executor:
        for _ in range(workers):
            executor.submit(execute, work).result()
        notebooks = NOTEBOOKS / seconds_for(executor, execute, [work] * NOTEBOOKS, workers + 1)
        return notebooks, EMPTY / seconds_for(executor, return_bytes, [empty] * EMPTY, 64)


def main() -> None:
    """Measure with one worker and with two, and print the projection."""
    rates = {}
    print(f"{'workers':>8} {'notebooks a second':>20} {'efficiency':>11} {'empty work a second':>20}")
    for workers in (1, 2):
        rates[workers], messages = measure(workers)
        efficiency = rates[workers] / (workers * rates[1])
        print(f"{workers:8} {rates[workers]:20.2f} {efficiency:11.0%} {messages:20.0f}")
    project(1 / rates[1], messages)


def project(seconds: float, messages: float) -> None:
    """Print how long a class takes with more workers, until the scheduler and the client bound it.

    >>> project(0.5, 400)
    10,000 submissions of 0.5 s each on a worker:
          1 worker       83.3 min
         10 workers       8.3 min
        100 workers       0.8 min
        200 workers       0.4 min: the most that scheduler and client carry
    The bottleneck is the one scheduler with its client: 400 pieces of work a second, 36 MB/s of submissions and reports.
    """
    most = max(1, round(messages * seconds))
    print(f"{CLASS:,} submissions of {seconds:.2g} s each on a worker:")
    for workers in [count for count in (1, 10, 100, 1000) if count < most] + [most]:
        words = f"{workers:7} worker{'s' if workers > 1 else ' '} {CLASS * seconds / workers / 60:9.1f} min"
        print(words + (": the most that scheduler and client carry" if workers == most else ""))
    traffic = messages * (SIZE + RETURNED) / 1e6
    print(
        f"The bottleneck is the one scheduler with its client: {messages:.0f} pieces of work a second, "
        f"{traffic:.0f} MB/s of submissions and reports."
    )


if __name__ == "__main__":
    main()
