"""Executes the stored solutions from other seeds, and lists those that lose points: no bar may be a matter of luck.

python tools/other_seeds.py
python tools/other_seeds.py --exercise 5 --seeds 2 3 4 5 6
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from coursekit import course

OTHER_SEED = """
import keras
as_it_is = keras.utils.set_random_seed
keras.utils.set_random_seed = lambda seed: as_it_is(seed + {shift})
keras.utils.set_random_seed(0)
"""


def report(solution: Path, seed: int) -> str:
    """What ``check.all()`` says of a solution whose seeds are higher by ``seed``, or how a cell failed."""
    notebook = nbformat.read(solution, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith("check(")]
    notebook.cells.insert(0, nbformat.v4.new_code_cell(OTHER_SEED.format(shift=seed)))
    try:
        NotebookClient(notebook, timeout=900, resources={"metadata": {"path": solution.parent}}).execute()
    except CellExecutionError as error:
        return f"a cell failed: {error.ename}: {error.evalue}"
    cells = [cell for cell in notebook.cells if cell.source.strip() == "check.all()"]
    return "\n".join(out.get("text") or out.data["text/plain"] for cell in cells for out in cell.outputs)


def lost(told: str) -> list[str]:
    """The lines of a report that tell of points which are missing; all of one that tells of no points.

    >>> lost("An exercise: 3 of 3 points; 1 of 1 question passed.\\n\\n✔ Passed: A question (3 of 3 points)")
    []
    >>> lost("An exercise: 2 of 3 points; …\\n\\n◐ In part: A question (2 of 3 points)\\n  Came: 0.84")
    ['◐ In part: A question (2 of 3 points)', '  Came: 0.84']
    >>> lost("a cell failed: NameError: …")
    ['a cell failed: NameError: …']
    """
    first, *lines = told.splitlines()
    if " points; " not in first:
        return [first, *lines]
    return [line for line in lines if line.strip() and "✔" not in line]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each solution and seed; 1 where points are lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exercise", help="number or name of one; all are taken without it")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="by how much seeds are higher")
    given = parser.parse_args(arguments)
    lessons = [course.find(given.exercise)] if given.exercise else course.LESSONS
    poor = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSEKIT_PROGRESS"] = str(Path(folder) / "progress.json")
        for lesson in lessons:
            for seed in given.seeds:
                missing = lost(report(lesson.solution, seed))
                poor += bool(missing)
                print(f"{lesson.name}, seeds + {seed}: {'points are lost' if missing else 'all points'}", flush=True)
                print(*missing, sep="\n", end="\n" if missing else "")
    return bool(poor)


if __name__ == "__main__":
    sys.exit(main())
