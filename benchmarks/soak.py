"""A class with a hostile tenth, graded by ``coursekit grade``: throughput, peak memory, and that nobody else pays.

    python benchmarks/soak.py [--learners 500] [--jobs 2]

Every submission has to be in the report, every honest one with all its points, no hostile one with a point more than it
earned, and no process may be left. Each attack is bounded by itself, should no sandbox hold it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "classroom"), str(ROOT / "tests" / "demo")]

import make_submissions  # noqa: E402

NAME = "01_mnist_dense"
CELL_SECONDS, SECONDS = 20, 120
TINY = {
    "training": "x, y = as_vectors(mnist.x_train[:500]), mnist.y_train[:500]\n"
    "model = build_network()\nhistory = model.fit(x, y, validation_split=0.1, verbose=0)"
}

# What stands in the cell for `count_parameters`; the other answers are right.
ATTACKS = {
    "endless": "while True:\n    pass",
    "catches all": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "sleeps": "import time\ntime.sleep(600)",
    "exits": "import os\nos._exit(0)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "sys.exit": "import sys\nsys.exit(0)",
    "recursion": "def f(): return f()\nf()",
    "floods": "for _ in range(20000):\n    print('x' * 5000)",
    "memory": "hoard = []\nfor _ in range(24):\n    hoard.append(b'x' * 2**28)",
    "forks": "import os, time\nfor _ in range(200):\n    if os.fork() == 0:\n        time.sleep(30)\n"
    "        os._exit(0)",
    "daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(60)\n"
    "    os._exit(0)",
    "threads": "import threading, time\nfor _ in range(50):\n"
    "    threading.Thread(target=time.sleep, args=(60,)).start()",
    "files": "for n in range(600):\n    open(f'f{n}', 'wb').write(b'x' * 2**20)",
    "snoops": "import glob, pathlib\nfor path in glob.glob('/**/*.ipynb', recursive=True)[:1000]:\n"
    "    print(pathlib.Path(path).read_text())",
    "kills": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
    "hostile object": "class Any:\n    def __eq__(self, other): return True\n"
    "    def __array__(self, *a, **k): raise SystemExit\n"
    "    def __repr__(self): return '20 of 20'\ndef count_parameters(sizes):\n    return Any()",
    "huge answer": "def count_parameters(sizes):\n    return list(range(10**7))",
}
BROKEN = {"empty": b"", "no JSON": b"print('a script')\n", "deep": b"[" * 100_000}


@dataclass
class Peak:
    """The most memory that a process and all below it had together, in bytes; shared pages count once."""

    bytes: int = 0

    def watch(self, process: psutil.Process, over: threading.Event) -> None:
        """Look again and again until ``over``."""
        while not over.wait(1.0):
            self.bytes = max(self.bytes, sum(map(_proportional, family(process))))


def family(process: psutil.Process) -> list[psutil.Process]:
    """A process and all below it."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _proportional(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


def write_class(folder: Path, count: int) -> dict[str, str]:
    """Write the submissions, every tenth of them hostile or broken; return what each is."""
    bad = [*ATTACKS, *BROKEN]
    kinds = {}
    for number in range(count):
        learner = f"learner{number:04d}"
        kind = bad[number // 10 % len(bad)] if number % 10 == 9 else ("trained" if number % 3 == 0 else "good")
        kinds[learner] = kind
        (folder / f"{learner}.ipynb").write_bytes(BROKEN[kind] if kind in BROKEN else _notebook(number, kind))
    return kinds


def _notebook(number: int, kind: str) -> bytes:
    answers = make_submissions.RIGHT | {"one_hot": f"# {number}\n{make_submissions.RIGHT['one_hot']}"}
    changed = {"count_parameters": ATTACKS[kind]} if kind in ATTACKS else (TINY if kind == "trained" else {})
    return make_submissions.encoded(make_submissions.answered(answers, changed))


def run(folder: Path, jobs: int | None) -> tuple[float, Peak, int, list[psutil.Process]]:
    """Grade the class: seconds, peak memory, exit code, and the processes that are left."""
    limits = ["--cell-seconds", str(CELL_SECONDS), "--seconds", str(SECONDS)]
    command = [sys.executable, "-m", "coursekit", "grade", "in", "--out", "out", "--exercise", NAME, *limits]
    began, peak, over = time.perf_counter(), Peak(), threading.Event()
    seen: set[psutil.Process] = set()
    process = subprocess.Popen([*command, *(["--jobs", str(jobs)] if jobs else [])], cwd=folder)
    watcher = threading.Thread(target=peak.watch, args=(psutil.Process(process.pid), over))
    watcher.start()
    while process.poll() is None:
        seen.update(family(psutil.Process(process.pid))[1:])
        time.sleep(0.5)
    over.set()
    watcher.join()
    return time.perf_counter() - began, peak, process.returncode, psutil.wait_procs(list(seen), timeout=10)[1]


def complaints(folder: Path, kinds: dict[str, str]) -> list[str]:
    """What is wrong with the marks. How well a training ends is left out."""
    grades = json.loads((folder / "out" / "grades.json").read_bytes())["grades"]
    by_learner = {each["submission"]["learner"]["id"]: each for each in grades}
    told = [f"{learner} is not in the report" for learner in kinds.keys() - by_learner.keys()]
    for learner, grade in by_learner.items():
        kind = kinds[learner]
        questions = grade["report"]["questions"] if grade["report"] else []
        points = {each["name"]: each["points"] for each in questions if each["name"] != "training"}
        right = {each["name"]: each["max_points"] for each in questions if each["name"] != "training"}
        if kind in ATTACKS:
            right["count_parameters"] = 0
        state = "unusable" if kind in BROKEN else "marked"
        if (grade["state"], points) != (state, right):
            told.append(f"{learner} ({kind}): {grade['state']}, {points}; {grade['remarks']}")
    return told


def main() -> int:
    """Print the figures, and return the number of complaints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=500, help="submissions to mark")
    parser.add_argument("--jobs", type=int, help="submissions at a time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "in").mkdir()
        kinds = write_class(folder / "in", options.learners)
        seconds, peak, code, left = run(folder, options.jobs)
        told = complaints(folder, kinds) + [f"{process} is left" for process in left]
        expected = int(any(kind in BROKEN for kind in kinds.values()))
        told += [] if code == expected else [f"exit code {code}, not {expected}"]
    bad = sum(kind in ATTACKS or kind in BROKEN for kind in kinds.values())
    print(f"{len(kinds)} submissions, {bad} of them hostile or broken, in {seconds:.0f} s:", end=" ")
    print(f"{len(kinds) / seconds * 60:.0f} a minute; peak memory {peak.bytes / 1e6:.0f} MB in all.")
    for line in told:
        print(line)
    print("Every submission is in the report as it should be." if not told else f"Not as it should be: {len(told)}.")
    return len(told)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
