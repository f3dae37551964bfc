"""The figures that the course promises about speed and memory, each as a ratio made in this run.

    python benchmarks/bench.py [PART …]

The parts: command, imports, loading, multi_hot, reference_figures, sealed_workers, clean_room, graders; all where
none is named.

Both sides of a ratio work on the same data on this machine; each measurement runs in a process of its own, so that
its peak memory is its own. The files that Keras expects are made from the embedded data, with the same content.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIDES = Path(__file__).with_name("data_loading.py")
LARGE = "MobileNetV2"  # larger than any model of an exercise


@dataclass(frozen=True)
class Figure:
    """One side of a comparison: seconds, and bytes of peak memory above those of the imports."""

    seconds: float
    memory: float


def measure(side: str, folder: Path, runs: int = 3) -> Figure:
    """Run one side several times, and take its best time and its least memory."""
    command = [sys.executable, str(SIDES), side, str(folder)]
    environment = {**os.environ, "KERAS_HOME": str(folder / "keras"), "COURSEKIT_CACHE": str(folder / "cache")}
    figures = []
    for _ in range(runs):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
        figures.append(Figure(**json.loads(done.stdout.splitlines()[-1])))
    return Figure(min(figure.seconds for figure in figures), min(figure.memory for figure in figures))


def report(
    title: str, ours: float, theirs: float, goal: float | None, unit: Callable[[float], str], faster: bool
) -> bool:
    """Print one ratio with its goal, if there is one, and whether it is met."""
    ratio = theirs / max(ours, 1e-9) if faster else ours / max(theirs, 1e-9)
    words, bound = ("times faster", "at least") if faster else ("times as much", "at most")
    line = f"{title:46} {unit(ours):>9} | {unit(theirs):>9} {ratio:8.3g} {words:13}"
    if goal is None:
        print(line)
        return True
    met = ratio >= goal if faster else ratio <= goal
    print(f"{line}  {bound:8} {goal:<5g} {'met' if met else 'NOT MET'}")
    return met


def printed(script: str) -> Any:
    """The figures that a script beside this one prints in its last line."""
    done = subprocess.run([sys.executable, str(SIDES.with_name(script))], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def seconds(value: float) -> str:
    """As 1.23 s or 4.5 ms."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.1f} ms"


def megabytes(value: float) -> str:
    """As 123 MB."""
    return f"{value / 1e6:.0f} MB"


def main(names: Sequence[str] = ()) -> int:
    """Measure, print, and return the number of goals that were missed. All is measured where no names are given."""
    functions = (command, imports, loading, multi_hot, reference_figures, sealed_workers, clean_room, graders)
    parts = {each.__name__: each for each in functions}
    if unknown := set(names) - parts.keys():
        raise SystemExit(f"There is no {', '.join(sorted(unknown))} to measure. Choose from: {', '.join(parts)}.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        measure("prepare", folder, runs=1)
        print(f"{'':46} {'here':>9} | {'there':>9}")
        met = [each for name in names or parts for each in parts[name](folder)]
    print(f"{sum(met)} of {len(met)} goals met")
    return len(met) - sum(met)


def command(folder: Path) -> list[bool]:
    """The command's help and its word on a mistyped lesson, against an interpreter that does nothing."""
    nothing = started("-c", "pass")
    met = []
    for words in ("--help", "run 99"):
        ours = started("-m", "coursekit", *words.split())
        met.append(report(f"coursekit {words} | python -c pass", ours, nothing, 15, seconds, faster=False))
    return met


def started(*arguments: str, runs: int = 9) -> float:
    """Seconds from the start of an interpreter to its end, the best of several."""
    took = []
    for _ in range(runs):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True)
        took.append(time.perf_counter() - begin)
    return min(took)


def imports(folder: Path) -> list[bool]:
    """``import coursekit`` against ``import numpy``."""
    ours, theirs = (measure(f"import_{name}", folder, runs=9) for name in ("coursekit", "numpy"))
    return [report("import coursekit | import numpy", ours.seconds, theirs.seconds, 2, seconds, faster=False)]


def loading(folder: Path) -> list[bool]:
    """The loaders against those of ``keras.datasets``."""
    mnist, keras_mnist = measure("mnist_second", folder), measure("keras_mnist", folder)
    imdb, keras_imdb = measure("imdb", folder), measure("keras_imdb", folder)
    return [
        report("load_mnist(), 2nd call | keras.datasets", mnist.seconds, keras_mnist.seconds, 10, seconds, faster=True),
        report("load_imdb() | keras.datasets, time", imdb.seconds, keras_imdb.seconds, 20, seconds, faster=True),
        report("load_imdb() | keras.datasets, memory", imdb.memory, keras_imdb.memory, 1 / 4, megabytes, faster=False),
    ]


def multi_hot(folder: Path) -> list[bool]:
    """IMDb to multi-hot vectors, and on to a trained network, against the loop into float64."""
    ours, theirs = measure("multi_hot", folder, runs=2), measure("float64_loop", folder, runs=1)
    script, their_script = measure("script_in_batches", folder, runs=1), measure("script_in_float64", folder, runs=1)
    report("both splits to uint8 | to float64, memory", ours.memory, theirs.memory, None, megabytes, faster=False)
    return [
        report("both splits to uint8 | to float64, time", ours.seconds, theirs.seconds, 5, seconds, faster=True),
        report(
            "load, fit, evaluate: batches | float64, memory",
            script.memory,
            their_script.memory,
            1 / 10,
            megabytes,
            faster=False,
        ),
    ]


def reference_figures(folder: Path) -> list[bool]:
    """Each figure of the lecture notes trained by the lesson and by plain Keras: faster, and no less accurate."""
    met = []
    for name, sides in printed("reference_figures.py").items():
        (ours, here), (theirs, there) = sides["lesson"], sides["notes"]
        title = f"{name}, accuracy {here:.4f} | {there:.4f}"
        met.append(report(title, ours, theirs, 1.5, seconds, faster=True) and here > there - 0.01)
    return met


def sealed_workers(folder: Path) -> list[bool]:
    """A notebook in a sealed fork of a warm parent, against a fresh interpreter that is not sealed."""
    forked, fresh, memory = printed("grading.py")
    return [
        report("sealed fork | fresh interpreter, tiny training", forked, fresh, 3, seconds, faster=True),
        report("a sealed fork's own memory | 400 MB", memory, 400e6, 1, megabytes, faster=False),
    ]


def clean_room(folder: Path) -> list[bool]:
    """What it costs more to judge a model in the clean room than in the process of its notebook."""
    figures = printed("clean_room.py")
    for name, pair in figures.items():
        report(f"judged in a clean room | at home, {name}", *pair, None, seconds, faster=False)
    more = max(ours - theirs for name, (ours, theirs) in figures.items() if name != LARGE)
    return [report("a model of an exercise, more than at home | 0.4 s", more, 0.4, 1, seconds, faster=False)]


def graders(folder: Path) -> list[bool]:
    """``coursekit grade`` against ``nbgrader autograde`` and ``otter run``, for each submission."""
    figures = printed("graders.py")
    ours, nbgrader, otter = (figures[name] for name in ("coursekit", "nbgrader", "otter"))
    return [
        report("coursekit grade | nbgrader autograde", ours, nbgrader, 8, seconds, faster=True),
        report("coursekit grade | otter run", ours, otter, 20, seconds, faster=True),
    ]


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
