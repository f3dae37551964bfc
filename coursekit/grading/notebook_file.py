"""Notebook files, read as what they are: JSON with cells. Nothing in them is executed or trusted.

``nbformat`` is not used here: importing it and its schema checker takes longer than a whole check.
"""

from __future__ import annotations

import json
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit import course
from coursekit.errors import CoursekitError
from coursekit.worker.bounds import MB, NOTEBOOK_BYTES
from coursekit.worker.text import shorten

CHECK_CELL = re.compile(r"\s*check\s*\(\s*(['\"])(?P<question>[^'\"\n]*)\1\s*\)\s*;?\s*")
CHECK_ALL_CELL = re.compile(r"\s*check\s*\.\s*all\s*\(\s*\)\s*;?\s*")
OPEN_EXERCISE = re.compile(r"\bopen_exercise\s*\(\s*(['\"])(?P<name>[^'\"\n]+)\1")


class UnusableNotebook(CoursekitError):
    """A file cannot be used as a notebook; the message names it and says why."""


class LessonNotExercise(UnusableNotebook):
    """A lesson was handed in, whose file has the name of its exercise."""


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook.

    Attributes:
        number: position among all cells, from 1.
        kind: ``"code"``, ``"markdown"`` or ``"raw"``.
        source: its text.
        metadata: as stored.

    >>> Cell(4, "code", 'check("softmax")', {}).checks_question
    'softmax'
    """

    number: int
    kind: str
    source: str
    metadata: dict[str, Any]

    @property
    def checks_question(self) -> str | None:
        """The question that this cell checks, if it is a check cell."""
        match = CHECK_CELL.fullmatch(self.source) if self.kind == "code" else None
        return match and match["question"]

    @property
    def is_check(self) -> bool:
        """Whether this cell checks something, rather than being part of the learner's work."""
        marks = self.metadata.get("nbgrader")
        graded = isinstance(marks, dict) and marks.get("grade") is True and marks.get("solution") is not True
        checks_all = self.kind == "code" and CHECK_ALL_CELL.fullmatch(self.source) is not None
        return graded or checks_all or self.checks_question is not None


@dataclass(frozen=True)
class Notebook:
    """A notebook's cells and metadata, and where they came from."""

    path: Path
    cells: tuple[Cell, ...]
    metadata: dict[str, Any]

    @property
    def work(self) -> tuple[Cell, ...]:
        """The code cells that are the learner's work: all but the checks and the empty ones."""
        return tuple(cell for cell in self.cells if cell.kind == "code" and not cell.is_check and cell.source.strip())

    def exercise_name(self) -> str:
        """The exercise that this notebook answers: by its metadata, else by its call of ``open_exercise``, else by
        its file name.

        Raises:
            UnusableNotebook: none of them names a lesson of the course.
            LessonNotExercise: the notebook is a lesson.
        """
        marks = self.metadata.get("coursekit")
        if lesson := self._lesson():
            told = f"{self.path} is lesson {lesson.number}, not exercise {lesson.number}"
            raise LessonNotExercise(f"{told}, which is exercises/{lesson.name}.ipynb.")
        named = [marks.get("exercise")] if isinstance(marks, dict) else []
        named += [match["name"] for cell in self.cells if (match := OPEN_EXERCISE.search(cell.source))]
        for name in [*named, self.path.stem]:
            if isinstance(name, str):
                try:
                    return course.find(name).name
                except course.UnknownLesson:
                    continue
        names = ", ".join(lesson.name for lesson in course.LESSONS)
        raise UnusableNotebook(
            f"{self.path} does not say which exercise it answers. Its set-up cell should hold "
            f'check = open_exercise("NAME"), with one of these names: {names}.'
        )

    def _lesson(self) -> course.Lesson | None:
        """The lesson that this notebook is, by its title; ``None`` for an exercise or anything else."""
        titles = {f"# {lesson.number} · {lesson.title}": lesson for lesson in course.LESSONS}
        first = self.cells[0].source.split("\n", 1)[0].strip() if self.cells else ""
        return titles.get(first)


def read_notebook(path: Path) -> Notebook:
    """The notebook in a file.

    Raises:
        UnusableNotebook: there is no such file, it is not a regular file, is too large, is not UTF-8 or not JSON, or is
            not a notebook of format 4.
    """
    return parse_notebook(path, notebook_bytes(path))


def parse_notebook(path: Path, raw: bytes) -> Notebook:
    """The notebook in ``raw``, the content of ``path``, which is not read.

    Raises:
        UnusableNotebook: as :func:`read_notebook`, for what concerns the content.
    """
    content = _json(path, raw)
    if not isinstance(content, dict) or ("cells" not in content and "worksheets" not in content):
        raise UnusableNotebook(f"{path} is JSON but not a notebook: it has no cells.")
    if content.get("nbformat") != 4:
        version = shorten(repr(content.get("nbformat")), 20)
        raise UnusableNotebook(
            f"{path} has notebook format {version}; format 4 is needed. Open it in JupyterLab and save it."
        )
    cells, metadata = content.get("cells"), content.get("metadata", {})
    if not isinstance(cells, list) or not isinstance(metadata, dict):
        raise UnusableNotebook(f"{path} is not a valid notebook: its cells or its metadata have the wrong form.")
    return Notebook(path, tuple(_cell(path, number, cell) for number, cell in enumerate(cells, 1)), metadata)


def notebook_bytes(path: Path) -> bytes:
    """The content of a file that should be a notebook.

    Raises:
        UnusableNotebook: there is no such file, it is not a regular file, or is too large.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UnusableNotebook(f"{path} is a folder. Name the notebook file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise UnusableNotebook(f"{path} is not a regular file.")
        if status.st_size > NOTEBOOK_BYTES:
            size = status.st_size / MB
            raise UnusableNotebook(
                f"{path} has {size:.0f} MB; at most {NOTEBOOK_BYTES // MB} MB are read. Clear its outputs and save it."
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnusableNotebook(f"There is no file {path}.") from error
    except (OSError, ValueError) as error:  # a path may hold what no file's name can
        raise UnusableNotebook(f"{path} cannot be read: {error}.") from error


def _json(path: Path, raw: bytes) -> Any:
    if not raw.strip():
        raise UnusableNotebook(f"{path} is empty. Was the notebook saved?")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnusableNotebook(f"{path} is encoded as UTF-16. Save it as UTF-8.")
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnusableNotebook(f"{path} is not encoded as UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        where = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnusableNotebook(f"{path} is not JSON, so it is not a notebook{where}.") from error


def _cell(path: Path, number: int, cell: Any) -> Cell:
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        raise UnusableNotebook(f"{path} is not a valid notebook: cell {number} has no type.")
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    metadata = cell.get("metadata", {})
    if not isinstance(source, str) or not isinstance(metadata, dict):
        raise UnusableNotebook(f"{path} is not a valid notebook: cell {number} has the wrong form.")
    return Cell(number, cell["cell_type"], source, metadata)
