"""How work scales over the workers of a Dask cluster, measured on this machine and projected for 10,000 submissions.

    python -m benchmarks.scaling

With one worker and with two, in turn in one run: small notebooks, each in a kernel of its own. Then what bounds a
large cluster, whatever its workers do: the processor time that scheduler and client spend on a piece of work of the
size of a submission.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from coursekit.executors import Executor, Task, open_executor
from coursekit.regenerate.executing import execute
from coursekit.regenerate.notebooks import as_bytes

NOTEBOOKS, ROUNDS, EMPTY = 3, 3, 400
CLASS = 10_000
SIZE = 60_000
RETURNED = 30_000
CELL = "total = 0\nfor number in range(8_000_000):\n    total += number"


def return_bytes(work: dict[str, Any], task: Task) -> dict[str, Any]:
    """Work of no time that returns as much as marking a submission does."""
    return {"report": bytes(RETURNED)}


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs: an executor connected to it, its workers' number, and the scheduler's process."""

    executor: Executor
    workers: int
    scheduler: psutil.Process


@contextmanager
def cluster(workers: int) -> Iterator[Cluster]:
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
                yield Cluster(executor, workers, psutil.Process(processes[0].pid))
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


def notebooks_a_second(cluster: Cluster) -> float:
    """How many small notebooks the cluster executes."""
    work = {"title": "small", "notebook": notebook(), "parameters": {}, "folder": None}
    works = [work] * (NOTEBOOKS * cluster.workers)
    return len(works) / seconds_for(cluster.executor, execute, works, cluster.workers + 1)


def cost_of_a_piece(cluster: Cluster) -> dict[str, float]:
    """Processor seconds that client and scheduler spend on one piece of work, whatever the worker does with it."""
    works = [{"title": "empty", "notebook": os.urandom(SIZE)}] * EMPTY
    processes = {"client": psutil.Process(), "scheduler": cluster.scheduler}
    before = {name: _processor_seconds(process) for name, process in processes.items()}
    seconds_for(cluster.executor, return_bytes, works, 64)
    return {name: (_processor_seconds(process) - before[name]) / EMPTY for name, process in processes.items()}


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def main() -> None:
    """Measure with one worker and with two in turn, and print the projection."""
    with cluster(1) as one, cluster(2) as two:
        for each in (one, two):
            notebooks_a_second(each)  # the first run of a worker imports what the others find
        rounds = [(notebooks_a_second(one), notebooks_a_second(two)) for _ in range(ROUNDS)]
        cost = cost_of_a_piece(two)
    single, double = (statistics.median(rates) for rates in zip(*rounds))
    efficiency = statistics.median(second / (2 * first) for first, second in rounds)
    print(f"1 worker: {single:.2f} notebooks a second; 2 workers: {double:.2f}; efficiency {efficiency:.0%}")
    project(1 / single, cost)


def project(seconds: float, cost: dict[str, float]) -> None:
    """Print how long a class takes with more workers, until the client or the scheduler bounds it.

    >>> project(0.5, {"client": 0.004, "scheduler": 0.0025})
    10,000 submissions of 0.5 s each on a worker:
          1 worker      83.33 min
         10 workers      8.33 min
        100 workers      0.83 min
        125 workers      0.67 min: no more workers help
    The bottleneck is the client: 250 submissions and reports a second, 22 MB/s.
    Processor time for each: client 4.0 ms, scheduler 2.5 ms
    """
    bottleneck = max(cost, key=cost.get)
    rate = 1 / cost[bottleneck]
    most = max(1, round(rate * seconds))
    print(f"{CLASS:,} submissions of {seconds:.2g} s each on a worker:")
    for workers in [count for count in (1, 10, 100, 1000) if count < most] + [most]:
        words = f"{workers:7} worker{'s' if workers > 1 else ' '} {CLASS * seconds / workers / 60:9.2f} min"
        print(words + (": no more workers help" if workers == most else ""))
    traffic = rate * (SIZE + RETURNED) / 1e6
    print(f"The bottleneck is the {bottleneck}: {rate:.0f} submissions and reports a second, {traffic:.0f} MB/s.")
    print("Processor time for each:", ", ".join(f"{name} {each * 1e3:.1f} ms" for name, each in cost.items()))


if __name__ == "__main__":
    main()
