"""What has changed in an exercise since a learner got it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from coursekit import course
from coursekit.grading.notebook_file import Cell, Notebook, read_notebook
from coursekit.grading.questions import Exercise


def since_then(mine: Notebook, exercise: Exercise) -> tuple[str, ...]:
    """A sentence that names the questions which today's exercise words otherwise, has in addition, or has no longer.

    Nothing where they are the same, and where the course's own notebooks are not there to compare with.
    """
    lesson = course.find(exercise.name)
    place = course.place() / "exercises" / f"{lesson.exercise_names[0]}.ipynb"
    if not place.is_file():
        return ()
    before, today = statements(mine.cells), statements(read_notebook(place).cells)
    prose = {cell.source.strip() for cell in mine.cells if cell.kind == "markdown"}
    reworded = [name for name in exercise.questions if name in before and not prose.issuperset(today.get(name, ()))]
    added = [name for name in exercise.questions if name not in before]
    dropped = [name for name in before if name not in exercise.questions]
    kinds = {"worded otherwise": reworded, "new": added, "no longer asked": dropped}
    parts = [f"{what} {_listed(names)}" for what, names in kinds.items() if names]
    if not parts:
        return ()
    return (f"The exercise has changed since this notebook was made: {'; '.join(parts)}. Today's is {place.name}.",)


def statements(cells: Iterable[Cell]) -> dict[str, Sequence[str]]:
    """For each question that is checked, the prose from the heading ``## …`` above its check.

    >>> texts = ["# Exercise", "## 1 · A count", "`count` is …"]
    >>> cells = [Cell(number, "markdown", text, {}) for number, text in enumerate(texts)]
    >>> statements([*cells, Cell(4, "code", 'check("count")', {})])
    {'count': ['## 1 · A count', '`count` is …']}
    """
    found: dict[str, Sequence[str]] = {}
    prose: list[str] = []
    for cell in cells:
        if cell.kind == "markdown":
            prose = [*([] if cell.source.startswith("## ") else prose), cell.source.strip()]
        elif cell.checks_question is not None:
            found[cell.checks_question], prose = prose, []
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'check("{name}")' for name in names)
