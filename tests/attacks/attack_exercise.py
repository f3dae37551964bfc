"""An exercise whose middle question has no right answer, so that any point for it is unearned."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from coursekit.grading import Exercise

exercise = Exercise("98_attacked", "An exercise under attack")
SECONDS = 2.0
OF_THE_SECRET = 1.0  # nothing honest is asked in it, and what never ends takes all of them


@exercise.question("first", points=1, title="An honest question", seconds=SECONDS)
def first(answers, expect):
    """`mean(x)` is the mean of the numbers `x`."""
    expect.close(answers.call("mean", [1.0, 2.0, 6.0]), 3.0, hint="Add, divide.")


@exercise.question("secret", points=3, title="What nobody can know", seconds=OF_THE_SECRET)
def secret(answers, expect):
    """`secret(x)`, and `guess`, are numbers that only the grader knows."""
    with expect.part(points=1, title="a number"):
        expect.equal(answers.value("guess"), secrets.randbits(60), hint="None.")
    with expect.part(points=1, title="an array"):
        numbers = [float(secrets.randbits(50)) for _ in range(3)]
        expect.close(answers.call("secret", numbers[0]), numbers[1:], hint="None.")
    with expect.part(points=1, title="text"):
        expect.equal(answers.call("secret", "text"), secrets.token_hex(8), hint="None.")


@exercise.question("last", points=1, title="Another honest question", seconds=SECONDS)
def last(answers, expect):
    """`twice(x)` is 2x."""
    expect.equal(answers.call("twice", 21), 42, hint="x + x")


SETUP = "import numpy as np\nfrom coursekit.grading import open_exercise\ncheck = open_exercise('98_attacked')"
FIRST = "def mean(x):\n    return sum(x) / len(x)"
LAST = "def twice(x):\n    return 2 * x"


def submission(folder: Path, *attack: str) -> Path:
    """A notebook with the attack's cells between two honest answers, and its check cells."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = [SETUP, FIRST, *attack, LAST, 'check("first")', 'check("secret")', 'check("last")']
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(sources)
    ]
    path = folder / "98_attacked.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path
