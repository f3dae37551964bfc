"""Many submissions, a tenth of them hostile, through sealed workers: none is lost, and what it took.

    python benchmarks/soak.py --submissions 500 --jobs 2

Prints the throughput, the peak memory of the workers beyond their warm parent, and what was left of them at the end.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from grading import CELLS, exercise, peak_of_children, write_notebook
from rich.console import Console
from rich.progress import track

from coursekit.grading.checking import check_notebook
from coursekit.grading.sandbox import Limits, WorkerPool

HOSTILE = {
    "endless loop": "while True: pass",
    "ignored signals": "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
    "fork storm": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    os.fork()\n    time.sleep(600)",
    "memory": "kept = []\nwhile True: kept.append(bytearray(b'x' * 2**26))",
    "endless output": "while True: print('x' * 10**6)",
    "os._exit": "import os\nos._exit(0)",
    "segmentation fault": "import ctypes\nctypes.string_at(0)",
    "full disk": "while True:\n    with open('f', 'ab') as f: f.write(bytes(2**20))",
    "forged replies": "import os\nfor fd in range(3, 64):\n  try: os.write(fd, bytes(1000))\n  except OSError: pass",
}
LIMITS = Limits(seconds=600, memory=1024 * 2**20, tasks=64, scratch=32 * 2**20)


def submissions(folder: Path, count: int) -> list[tuple[Path, str]]:
    """Notebooks in folders of their own; every tenth begins with the next of the attacks, and answers nothing."""
    attacks = list(HOSTILE)
    made = []
    for number in range(count):
        kind = attacks[number // 10 % len(attacks)] if number % 10 == 0 else "honest"
        own = folder / f"learner{number:05}"
        own.mkdir()
        made.append((write_notebook(own, CELLS if kind == "honest" else (HOSTILE[kind],)), kind))
    return made


def mark(pool: WorkerPool, path: Path, kind: str, cell_seconds: float) -> str:
    """What became of a submission: as it should, not as it should, or lost."""
    try:
        report = check_notebook(path, exercise, cell_seconds, start=pool.start)
    except Exception as error:
        return f"LOST ({kind}): {type(error).__name__}: {error}"
    return "as expected" if report.passed == (kind == "honest") else f"NOT AS EXPECTED ({kind}): {report.cells}"


def main() -> int:
    """Run the soak; return how many submissions were lost or marked otherwise than they should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cell-seconds", type=float, default=20.0)
    chosen = parser.parse_args()
    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as folder, WorkerPool(chosen.jobs, LIMITS) as pool:
        waiting = submissions(Path(folder), chosen.submissions)
        parent = psutil.Process(pool.process_id)
        family = [parent, *parent.children(recursive=True)]
        began = time.perf_counter()
        with peak_of_children(pool, peaks, every=0.5), ThreadPoolExecutor(chosen.jobs) as threads:
            marked = threads.map(lambda each: mark(pool, *each, chosen.cell_seconds), waiting)
            found = Counter(track(marked, "marking", len(waiting), console=Console(stderr=True)))
        took = time.perf_counter() - began
        left = len(set(parent.children(recursive=True)) - set(family))
    for what, count in found.most_common():
        print(f"{count:5} {what}")
    print(f"{pool.level}\n{chosen.submissions / took * 60:.0f} submissions a minute, {chosen.jobs} at a time")
    print(f"peak memory of all workers beyond the warm parent: {max(peaks) / 1e6:.0f} MB; processes left: {left}")
    return chosen.submissions - found["as expected"] + left


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
