"""The demo exercise with questions that draw their inputs, and answers to them: right, remembered, and changing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coursekit.grading import Exercise, NamespaceAnswers
from coursekit.grading.answers import Answers

exercise = Exercise("99_demo", "A demo")


@exercise.question("mean", points=3, title="A mean", seconds=1.5)
def mean(answers, expect):
    """`mean(x)` is the mean of the numbers `x`, along `axis` if that is given."""
    x = answers.draw("numbers").normal(size=5)
    expect.close(answers.call("mean", x), x.mean(), hint="Their sum over their number.")
    with expect.part(points=1, title="rows"):
        rows = answers.draw("rows").normal(size=(3, 4))
        expect.close(answers.call("mean", rows, axis=1), rows.mean(axis=1), hint="One mean a row.")


@exercise.question("luck", points=2, title="Luck", seconds=1.5)
def luck(answers, expect):
    """`luck` is what it is."""
    expect.kind(answers.value("luck"), (int, float, list, tuple, str))
    expect.flag(answers.value("luck") == 777, "luck is 777: is that likely?")


def _shown(answers, expect):
    """`luck` is what it is."""
    expect.equal(answers.value("luck"), None)


SHOWN = replace(exercise.questions["luck"], body=_shown)  # its result shows what came
MEAN = "def mean(x, axis=None):\n    return x.mean(axis=axis)"
LUCK = "luck = 7"


def asked(seed: str | None = None) -> dict[tuple[bytes, str], object]:
    """The inputs of `mean` with their right answers: the notebook's, or also those that a submission gets by a seed."""
    table = {}

    def right(x, axis=None):
        table[x.tobytes(), str(axis)] = x.mean(axis=axis)
        return x.mean(axis=axis)

    exercise.run(seeded({"mean": right}, seed))
    return table


def seeded(namespace: dict, seed: str | None) -> Answers:
    """Answers from a namespace, with the seed of a submission."""
    answers = NamespaceAnswers(namespace)
    answers.private_seed = seed
    return answers


def remembered(*seeds: str | None) -> dict:
    """Names that answer `mean` from a table of replies, and know no other."""
    table = {}
    for seed in seeds:
        table |= asked(seed)
    return {"mean": lambda x, axis=None: table.get((x.tobytes(), str(axis)), 0.0), "luck": 7}


def remembering_cell() -> str:
    """A cell that answers `mean` from a table of the replies to the notebook's draws."""
    table = {float(np.frombuffer(x).sum().round(9)): np.asarray(mean).tolist() for (x, _), mean in asked().items()}
    return f"TABLE = {table!r}\ndef mean(x, axis=None):\n    return TABLE.get(x.sum().round(9), 0.0)"
