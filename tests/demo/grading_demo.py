"""A small exercise, notebooks that answer it well or badly, and two ways to check them."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from pathlib import Path

import numpy as np

from coursekit.grading import Exercise, NamespaceAnswers, Report
from coursekit.grading.notebook_file import Notebook, read_notebook
from coursekit.grading.remote import RemoteAnswers

exercise = Exercise("99_demo", "A demo")


@exercise.question("softmax", points=2, title="Softmax by hand", seconds=1.5)
def softmax(answers, expect):
    """`softmax(z)` turns logits into probabilities that sum to one, also for large logits."""
    for logits in ([1.0, 2.0, 3.0], [-4.0, 0.0, 4.0]):
        powers = np.exp(logits)
        expect.close(
            answers.call("softmax", np.array(logits)), powers / powers.sum(), hint="Exponentials over their own sum."
        )
    with expect.part(points=1, title="large logits"):
        expect.finite(answers.call("softmax", np.array([1000.0, 0.0])), hint="Subtract the largest logit first.")


@exercise.question("count", points=1, title="A count", seconds=1.5)
def count(answers, expect):
    """`count` is the number of digits."""
    expect.equal(answers.value("count"), 10, hint="From 0 to 9.")


@exercise.question("double", points=2, title="Twice as much", seconds=1.5)
def double(answers, expect):
    """`double(x)` gives 2x, for a number and for an array."""
    with expect.part(points=1, title="a number"):
        expect.equal(answers.call("double", 4), 8, hint="What is x + x?")
    with expect.part(points=1, title="an array"):
        expect.close(answers.call("double", np.arange(3)), [0, 2, 4], hint="What is x + x?")


SETUP = "import numpy as np\nfrom coursekit.grading import open_exercise\ncheck = open_exercise('99_demo')"
SOFTMAX = "def softmax(z):\n    p = np.exp(z - np.max(z))\n    return p / p.sum()"
COUNT = "count = 10"
DOUBLE = "def double(x):\n    return 2 * x"


def write_notebook(path: Path, *sources: str, metadata: dict | None = None) -> Path:
    """A notebook file with these code cells, each followed by nothing."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(sources)
    ]
    content = {"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def check_here(notebook: Notebook) -> Report:
    """Run the cells in a shell of this process, as a kernel would, and check its namespace."""
    from IPython.core.interactiveshell import InteractiveShell

    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        shell = InteractiveShell()
        shell.showtraceback = shell.showsyntaxerror = lambda *args, **kwargs: None
        shell.enable_gui = lambda gui=None: None
        shell.history_manager.enabled = False
        for cell in notebook.work:
            shell.run_cell(cell.source, store_history=True)
        return exercise.run(NamespaceAnswers(shell.user_ns))


def check_remotely(notebook: Notebook, **options) -> Report:
    """Run the cells in another process, and check it through the pipe."""
    with RemoteAnswers(notebook.work, notebook.path.parent, **{"cell_seconds": 20, "grace": 1} | options) as answers:
        report = exercise.run(answers)
        return Report(report.exercise, report.title, report.questions, answers.cell_errors)


__all__ = [
    "COUNT",
    "DOUBLE",
    "SETUP",
    "SOFTMAX",
    "check_here",
    "check_remotely",
    "exercise",
    "read_notebook",
    "write_notebook",
]
