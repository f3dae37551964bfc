"""Cards, panels and pages as a class of exercise 1 gives them, with every section that there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coursekit.classroom.intake.learners import Learner
from coursekit.classroom.intake.submissions import Submission
from coursekit.classroom.marking.ledger import Mark
from coursekit.classroom.report import pages
from coursekit.classroom.report.grades import Grade, choose, grade
from coursekit.classroom.report.statistics import statistics
from coursekit.grading import NamespaceAnswers, Report, find_exercise
from coursekit.grading.cards import LOOKS, Card, Panel
from coursekit.grading.results import CellError, Unverified
from coursekit.regenerate import summary
from coursekit.regenerate.entries import Measured, RunEntry

EXERCISE = "01_mnist_dense"
NAMES = ("Ada Lovelace", "Bob", "Wolfeschlegelsteinhausenbergerdorff, Hubert", "Zoë Ångström-O'Neill")
PAGE = """<!DOCTYPE html>
<html lang="en">
<title>Cards</title>
<style>:root {{ color-scheme: light dark; }} body {{ font: 14px/1.5 system-ui, sans-serif; }}</style>
<main><h1>Cards</h1><h2>An exercise</h2><h3>Its checks</h3>{cards}</main>
</html>"""


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def gradients(x, labels, W, b):
    return undefined  # noqa: F821


def report(**answers) -> Report:
    """What the checks find in these answers."""
    with np.errstate(all="ignore"):
        return find_exercise(EXERCISE).run(NamespaceAnswers(answers))


def cards_page() -> bytes:
    """A card of each status, and a panel."""
    found = report(softmax=softmax, one_hot=one_hot, gradients=gradients)
    cards = [Card(replace(found.questions[2], status=status)) for status in LOOKS]
    html = "\n".join(each._repr_html_() for each in [*cards, Panel(found)])
    return PAGE.format(cards=html).encode()


def marked(number: int, found: Report) -> Grade:
    """The grade of a learner who was found to have this."""
    name = NAMES[number % len(NAMES)]
    sent = Submission(f"{name} {number}.ipynb", Learner(f"l{number}", name), EXERCISE)
    return grade(sent, Mark(f"k{number}", "r", found, 2.0 + number, "bubblewrap"))


def grades() -> list[Grade]:
    """Grades of all kinds: good, wrong, flagged, doubted, unmarked."""
    good, poor = report(softmax=softmax, one_hot=one_hot), report(one_hot=one_hot, gradients=gradients)
    drawn = replace(
        good.questions[1],
        status="failed",
        points=0.0,
        message="It differs.",
        drawn="one_hot([3 1 2], 5)",
        flags=("Too fast?",),
    )
    flagged = replace(good, questions=(good.questions[0], drawn, *good.questions[2:]))
    doubted = replace(
        poor,
        unverified=(Unverified("training", "model", "it has `Own` layers"),),
        cells=(CellError(3, "Cell 3 stopped with ZeroDivisionError: division by zero"),),
    )
    unusable = Submission("broken.ipynb", Learner("x", "Xavier"), EXERCISE, reason="It is not JSON.")
    listed = [marked(number, found) for number, found in enumerate((good, poor, poor, flagged, doubted))]
    return choose([*listed, grade(unusable, None)], "last")


def feedback_page() -> bytes:
    """The page of a learner with all kinds of results."""
    return pages.feedback_page(grades()[3], find_exercise(EXERCISE).title)


def class_page(points: float = 17.0) -> bytes:
    """The page of the class, as if the exercise had so many points."""
    listed = grades()
    found = statistics(listed, EXERCISE)
    assert found is not None
    pair = {"first": "Bob 1.ipynb", "second": "Wolf 2.ipynb", "similarity": 0.97, "same_text": True}
    similar = {EXERCISE: {"pairs": [pair], "left_out": 2}}
    exercises = [
        (find_exercise(EXERCISE).title, replace(found, max_points=points, counts=(120, 3, 0, 1, 44, 9, 0, 2, 1, 37)))
    ]
    return pages.class_page(
        exercises, listed, similar, "bubblewrap, own user, process, mount, network", {0: "feedback/a.html"}
    )


def summary_page() -> bytes:
    """The page of `coursekit run`: one notebook that passed, two copies of another, of which one failed."""
    reached = Measured({"test accuracy": 0.9812, "parameters": 669_706.0}, 125.3, 1_512_000_000, "2026-01-02T03:04:05")
    names = {"notebooks/01_mnist_dense": {}} | {
        f"notebooks/04_cnn.EPOCHS-{epochs}": {"EPOCHS": epochs} for epochs in (1, 5)
    }
    failure = "code cell 7 of 60 did not run to its end: model.fit(x_train)\nNameError: name 'x_train' is not defined"
    entries = [
        RunEntry(
            name,
            name.partition(".")[0],
            f"{name}.ipynb",
            "",
            "",
            given,
            failure if 5 in given.values() else "",
            reached,
            Measured(),
        )
        for name, given in names.items()
    ]
    return summary.page(entries)


PAGES = {"cards": cards_page, "feedback": feedback_page, "class": class_page, "summary": summary_page}
