"""A class with a hostile tenth, graded by ``coursekit grade``: throughput, peak memory, and that nobody else pays.

    python benchmarks/soak.py [--learners 500] [--jobs 2]

The class is graded once more without the hostile tenth. Every learner has to stand in exactly one row of
``grades.csv``, every honest one in the same as without the others and with all its points, no hostile one with another
point than it earned, and no process may be left. Each attack is bounded by itself, should no sandbox hold it.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "classroom"), str(ROOT / "tests" / "demo")]

import make_submissions  # noqa: E402

from coursekit.grading import find_exercise  # noqa: E402

NAME = "01_mnist_dense"
TRAINING, ATTACKED = "training", "count_parameters"  # the question that most leave out; the one that attacks stand for
CELL_SECONDS, SECONDS = 20, 120
TINY = {
    "training": "x, y = as_vectors(mnist.x_train[:500]), mnist.y_train[:500]\n"
    "model = build_network()\nhistory = model.fit(x, y, validation_split=0.1, verbose=0)"
}

# What stands in the cell of the attacked question; the other answers are right.
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
BAD = (*ATTACKS, *BROKEN)
Row = Mapping[str, str]  # of grades.csv


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
    kinds = {}
    for number in range(count):
        learner = f"learner{number:04d}"
        kind = BAD[number // 10 % len(BAD)] if number % 10 == 9 else ("trained" if number % 3 == 0 else "good")
        kinds[learner] = kind
        (folder / f"{learner}.ipynb").write_bytes(BROKEN[kind] if kind in BROKEN else _notebook(number, kind))
    return kinds


def _notebook(number: int, kind: str) -> bytes:
    answers = make_submissions.RIGHT | {"one_hot": f"# {number}\n{make_submissions.RIGHT['one_hot']}"}
    changed = {ATTACKED: ATTACKS[kind]} if kind in ATTACKS else (TINY if kind == "trained" else {})
    return make_submissions.encoded(make_submissions.answered(answers, changed))


def run(
    folder: Path,
    out: Path,
    jobs: int | None,
    exercise: str = NAME,
    cell_seconds: int = CELL_SECONDS,
    seconds: int = SECONDS,
) -> tuple[float, Peak, int, list[psutil.Process]]:
    """Grade the submissions in a folder: seconds, peak memory, exit code, and the processes that are left."""
    limits = ["--cell-seconds", str(cell_seconds), "--seconds", str(seconds)]
    command = [sys.executable, "-m", "coursekit", "grade", folder, "--out", out, "--exercise", exercise, *limits]
    began, peak, over = time.perf_counter(), Peak(), threading.Event()
    seen: set[psutil.Process] = set()
    process = subprocess.Popen([*command, *(["--jobs", str(jobs)] if jobs else [])], cwd=ROOT)
    watcher = threading.Thread(target=peak.watch, args=(psutil.Process(process.pid), over))
    watcher.start()
    while process.poll() is None:
        seen.update(family(psutil.Process(process.pid))[1:])
        time.sleep(0.5)
    over.set()
    watcher.join()
    return time.perf_counter() - began, peak, process.returncode, psutil.wait_procs(list(seen), timeout=10)[1]


def read_rows(out: Path) -> list[Row]:
    """All rows of the export."""
    with open(out / "grades.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def complaints(rows: Sequence[Row], alone: Sequence[Row], kinds: Mapping[str, str]) -> list[str]:
    """What is wrong with the marks.

    Args:
        rows: of the whole class.
        alone: of the same class without those that are hostile or broken.
        kinds: what each learner of the class handed in.
    """
    honest = {learner for learner, kind in kinds.items() if kind not in BAD}
    told = [*_not_once(rows, kinds.keys(), "the class"), *_not_once(alone, honest, "the class without the hostile")]
    by_learner, without_others = ({row["learner"]: _told(row) for row in each} for each in (rows, alone))
    for learner in honest & by_learner.keys() & without_others.keys():
        row, other = by_learner[learner], without_others[learner]
        changed = [f"{key} {other.get(key)!r} became {row[key]!r}" for key in row if row[key] != other.get(key)]
        told += [f"{learner} ({kinds[learner]}), for the hostile beside it: {'; '.join(changed)}"] if changed else []
    for learner in kinds.keys() & by_learner.keys():
        kind, row = kinds[learner], by_learner[learner]
        expected = {"state": "unusable" if kind in BROKEN else "marked"} | _points(kind)
        if (found := {key: row.get(key) for key in expected}) != expected:
            told.append(f"{learner} ({kind}): {found} and not {expected}; {row['notes']}")
    return sorted(told)


def _not_once(rows: Sequence[Row], learners: Set[str], where: str) -> list[str]:
    """What is to be said of learners who do not stand in exactly one row."""
    count = Counter(row["learner"] for row in rows)
    told = [f"{each} stands in no row of {where}" for each in learners - count.keys()]
    told += [f"{each} stands in a row of {where} and handed in nothing" for each in count.keys() - learners]
    return told + [f"{each} stands in {n} rows of {where}" for each, n in count.items() if n > 1]


def _told(row: Row) -> Row:
    """A row without what differs from run to run."""
    return {key: value for key, value in row.items() if key != "seconds"}


def _points(kind: str) -> dict[str, str]:
    """The points of each question that a submission of this kind has earned, but for those of a training."""
    if kind in BROKEN:
        return {"points": ""}
    questions = find_exercise(NAME).questions.values()
    return {
        each.name: "0" if kind in ATTACKS and each.name == ATTACKED else f"{each.points:g}"
        for each in questions
        if each.name != TRAINING
    }


def by_kind(rows: Sequence[Row], kinds: Mapping[str, str]) -> list[str]:
    """For each kind of submission, how many rows it has, and what came of them."""
    found = Counter((kinds.get(row["learner"], "unknown"), row["state"], row["points"]) for row in rows)
    return [f"{count:5} {kind}: {state} {points}".rstrip() for (kind, state, points), count in sorted(found.items())]


def main() -> int:
    """Print the figures, and return the number of complaints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=500, help="submissions to mark")
    parser.add_argument("--jobs", type=int, help="submissions at a time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, honest, out, alone = (Path(scratch, name) for name in ("in", "honest", "out", "alone"))
        folder.mkdir()
        kinds = write_class(folder, options.learners)
        bad = [learner for learner, kind in kinds.items() if kind in BAD]
        shutil.copytree(folder, honest, ignore=lambda *_: {f"{learner}.ipynb" for learner in bad})
        seconds, peak, code, left = run(folder, out, options.jobs)
        _, _, code_alone, left_alone = run(honest, alone, options.jobs)
        rows = read_rows(out)
        told = complaints(rows, read_rows(alone), kinds) + [f"{process} is left" for process in left + left_alone]
    expected = int(any(kind in BROKEN for kind in kinds.values())), 0
    told += [] if (code, code_alone) == expected else [f"exit codes {code, code_alone}, not {expected}"]
    print(*by_kind(rows, kinds), sep="\n")
    print(f"{len(kinds)} submissions, {len(bad)} of them hostile or broken, in {seconds:.0f} s:", end=" ")
    print(f"{len(kinds) / seconds * 60:.0f} a minute; peak memory {peak.bytes / 1e6:.0f} MB in all.")
    said = f"Not as it should be: {len(told)}." if told else "Each learner stands in one row, as it should be."
    print(*told, said, sep="\n")
    return len(told)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
