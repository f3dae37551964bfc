"""Exercises made from solutions.

In a solution, an answer is a code cell with the lines ``### BEGIN SOLUTION`` and ``### END SOLUTION``; what stands
between them, which is something, becomes one line that raises ``NotImplementedError``. Each question has an answer
above its check, and nothing else that looks like a marker is let through. A check is a code cell that holds exactly
``check("NAME")``; a cell with the tag ``solution-only`` is left out. Both kinds get nbgrader's cell metadata.
The same solution always gives the same bytes.
"""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from coursekit.errors import CoursekitError
from coursekit.grading.notebook_file import Cell, Notebook, read_notebook
from coursekit.grading.questions import Exercise
from coursekit.worker.failures import STUB_WORDS

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = f'raise NotImplementedError("{STUB_WORDS}")'
LIKE_A_MARKER = re.compile(
    r"(?<![a-z])(begin|end)[\W_]{0,3}(solution|hidden test|mark scheme)|#[ \t]*(begin|end)[ _-]{0,3}answer",
    re.IGNORECASE,
)
COMMENT_LIKE_A_MARKER = re.compile(r"#[^#\n]*solution", re.IGNORECASE)
LEFT_OUT = "solution-only"
CHECK_ALL = "check.all()"
FORMAT = ("nbformat", "nbformat_minor")
KEPT_OF_LANGUAGE = ("codemirror_mode", "file_extension", "mimetype", "name", "nbconvert_exporter", "pygments_lexer")


class ReleaseError(CoursekitError):
    """A solution cannot become an exercise; the message names the cell and says why."""


def release(solution: Path, exercise: Exercise, keep_solutions: bool = False) -> str:
    """The text of the exercise notebook that a solution notebook gives.

    Args:
        solution: the solution's file.
        exercise: its questions; every one has exactly one check cell.
        keep_solutions: leave the solutions in, between their markers: the form that nbgrader itself starts from.

    Raises:
        coursekit.grading.notebook_file.UnusableNotebook: the file is not a notebook.
        ReleaseError: markers do not match, or check cells and questions do not; a question has no answer that would be
            left to the learner, or something would be let through that looks like a marker.
    """
    notebook = read_notebook(solution)
    _match_checks(notebook, exercise)
    content = json.loads(solution.read_bytes())
    followed = _questions_that_follow(notebook.cells)
    _expect_answers(notebook, exercise, followed)
    cells = [
        _cell(raw, cell, followed[cell.number], exercise, keep_solutions)
        for raw, cell in zip(content["cells"], notebook.cells)
        if not _is_left_out(cell)
    ]
    _check_names_unique(cells, solution)
    made = {key: content[key] for key in FORMAT if key in content}
    made |= {"cells": cells, "metadata": _notebook_metadata(notebook.metadata, exercise)}
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def stub(source: str) -> str:
    """``source`` with each marked solution replaced by a line that raises ``NotImplementedError``.

    Raises:
        ReleaseError: a marker has no counterpart, or there is nothing between two.

    >>> print(stub("def double(x):\\n    ### BEGIN SOLUTION\\n    return 2 * x\\n    ### END SOLUTION"))
    def double(x):
        raise NotImplementedError("Replace this line with your answer.")
    """
    lines, within, answered = [], False, False
    for line in source.split("\n"):
        marker = line.strip()
        if marker not in (BEGIN, END):
            answered |= bool(marker) and not marker.startswith("#")
            lines += [] if within else [line]
            continue
        if (marker == BEGIN) == within:
            raise ReleaseError(f"{marker} without {END if marker == BEGIN else BEGIN} before it")
        if within and not answered:
            raise ReleaseError(f"no code between {BEGIN} and {END}, so that the answer would be released")
        within, answered = marker == BEGIN, False
        if within:
            lines.append(line[: len(line) - len(line.lstrip())] + STUB)
    if within:
        raise ReleaseError(f"{BEGIN} without {END} after it")
    return "\n".join(lines)


def _is_python(source: str) -> bool:
    """Whether it is Python as it stands, without the magics of a notebook."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def is_answer(cell: Cell) -> bool:
    """Whether a cell of a solution holds an answer, which the exercise leaves to the learner."""
    return cell.kind == "code" and any(line.strip() in (BEGIN, END) for line in cell.source.split("\n"))


def _match_checks(notebook: Notebook, exercise: Exercise) -> None:
    checks = [(cell.checks_question, cell.number) for cell in notebook.cells if cell.checks_question is not None]
    for name, number in checks:
        if name not in exercise.questions:
            raise ReleaseError(f"{notebook.path}, cell {number}: {exercise.name} has no question {name!r}.")
    for name in exercise.questions:
        cells = [str(number) for asked, number in checks if asked == name]
        if len(cells) != 1:
            found = f"has the cells {' and '.join(cells)}" if cells else "has none"
            raise ReleaseError(f'{notebook.path}: question {name!r} needs one cell check("{name}"); it {found}.')


def _expect_answers(notebook: Notebook, exercise: Exercise, followed: dict[int, str | None]) -> None:
    answered = {followed[cell.number] for cell in notebook.cells if is_answer(cell) and not _is_left_out(cell)}
    for name in exercise.questions:
        if name not in answered:
            raise ReleaseError(
                f"{notebook.path}: question {name!r} has no answer between the check before it and its own. "
                f"Set it between the lines {BEGIN} and {END}, in a code cell."
            )


def _is_left_out(cell: Cell) -> bool:
    return LEFT_OUT in _tags(cell)


def _tags(cell: Cell) -> list[Any]:
    tags = cell.metadata.get("tags")
    return tags if isinstance(tags, list) else []


def _expect_no_marker(cell: Cell, released: str) -> None:
    for line in released.split("\n"):
        if LIKE_A_MARKER.search(line) or (cell.kind == "code" and COMMENT_LIKE_A_MARKER.search(line)):
            raise ReleaseError(
                f"Cell {cell.number} would be released with the line {line.strip()[:60]!r}. Markers are lines of their "
                f"own in code cells: {BEGIN} and {END}. Where it is none, word it otherwise."
            )


def _questions_that_follow(cells: Iterable[Cell]) -> dict[int, str | None]:
    """For each cell's number, the question of the next check cell."""
    following: dict[int, str | None] = {}
    question = None
    for cell in reversed(list(cells)):
        question = cell.checks_question or question
        following[cell.number] = question
    return following


def _cell(
    raw: dict[str, Any], cell: Cell, question: str | None, exercise: Exercise, keep_solutions: bool
) -> dict[str, Any]:
    made: dict[str, Any] = {key: copy.deepcopy(raw[key]) for key in ("attachments", "cell_type", "id") if key in raw}
    source = cell.source
    metadata: dict[str, Any] = {"tags": tags} if (tags := _tags(cell)) else {}
    if cell.kind == "code":
        made |= {"execution_count": None, "outputs": []}
    try:
        stubbed = stub(source) if is_answer(cell) else source
        if _is_python(source) and not _is_python(stubbed):
            raise ReleaseError(f"no statement can stand where {BEGIN} stands")
    except ReleaseError as error:
        raise ReleaseError(f"Cell {cell.number}: {error}. The cell begins: {source[:60]!r}") from error
    _expect_no_marker(cell, stubbed)
    if is_answer(cell):
        source = source if keep_solutions else stubbed
        metadata["nbgrader"] = _marks(f"{question or exercise.name}-answer-{raw.get('id', cell.number)}", solution=True)
    elif cell.checks_question is not None:
        points = exercise.questions[cell.checks_question].points
        metadata["nbgrader"] = _marks(cell.checks_question, grade=True, locked=True) | {"points": points}
    elif cell.kind == "code" and source.strip() == CHECK_ALL:
        metadata["nbgrader"] = _marks("check-all", locked=True)
    return made | {"metadata": metadata, "source": source.splitlines(keepends=True)}


def _marks(name: str, grade: bool = False, locked: bool = False, solution: bool = False) -> dict[str, Any]:
    """nbgrader's cell metadata, version 3."""
    return {
        "grade": grade,
        "grade_id": name,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }


def _check_names_unique(cells: list[dict[str, Any]], solution: Path) -> None:
    names = [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells if "nbgrader" in cell["metadata"]]
    for name in names:
        if names.count(name) > 1:
            raise ReleaseError(f"{solution}: two cells would be called {name!r}. Does every cell have its own id?")


def _notebook_metadata(metadata: dict[str, Any], exercise: Exercise) -> dict[str, Any]:
    kept: dict[str, Any] = {"coursekit": {"exercise": exercise.name}}
    if "kernelspec" in metadata:
        kept["kernelspec"] = metadata["kernelspec"]
    if isinstance(language := metadata.get("language_info"), dict):
        kept["language_info"] = {key: language[key] for key in KEPT_OF_LANGUAGE if key in language}
    return kept
