"""Notebook files, read as what they are: JSON with cells. Nothing in them is executed or trusted.

``nbformat`` is not used here: importing it and its schema checker takes longer than a whole check.
"""

from __future__ import annotations

import json
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import msgspec
import numpy as np

from coursekit import course
from coursekit.errors import CoursekitError
from coursekit.worker.bounds import CELLS, CODE_CHARACTERS, JSON_VALUES, MB, NOTEBOOK_BYTES, ODD_JSON_BYTES
from coursekit.worker.text import shorten

# Each is linear in the length of the text, which a learner chooses: what repeats ends before what follows can begin.
CHECK_CELL = re.compile(r"check\s*\(\s*(['\"])(?P<question>[^'\"\n]*)\1\s*\)\s*;?")
CHECK_ALL_CELL = re.compile(r"check\s*\.\s*all\s*\(\s*\)\s*;?")
OPEN_EXERCISE = re.compile(r"\bopen_exercise\s*\(\s*(['\"])(?P<name>[^'\"\n]+)\1")
SHOWN = 3
QUOTE, BEGINNINGS = ord('"'), tuple(b"{[,")  # of a value of JSON; the first of all has none
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
        match = CHECK_CELL.fullmatch(self.source.strip()) if self.kind == "code" else None
        return match and match["question"]

    @property
    def marks(self) -> dict[str, Any]:
        """nbgrader's metadata; empty where there are none."""
        marks = self.metadata.get("nbgrader")
        return marks if isinstance(marks, dict) else {}

    @property
    def only_checks(self) -> bool:
        """Whether this cell calls a check and does nothing else."""
        checks_all = self.kind == "code" and CHECK_ALL_CELL.fullmatch(self.source.strip()) is not None
        return checks_all or self.checks_question is not None

    @property
    def is_check(self) -> bool:
        """Whether this cell checks something, rather than being part of the learner's work."""
        graded = self.marks.get("grade") is True and self.marks.get("solution") is not True
        return graded or self.only_checks


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

    @property
    def misplaced(self) -> tuple[str, ...]:
        """Sentences on answers that are not run because of where they stand."""
        answers = [each for each in self.cells if each.kind != "code" and each.marks.get("solution") is True]
        checks = [each for each in self.cells if each.kind == "code" and each.is_check and not each.only_checks]
        told = [
            f"Cell {each.number} is an answer and no code cell, so it is not run: change its type." for each in answers
        ]
        told += [
            f"Cell {each.number} is a check cell with other code in it, which is not run: give that a cell of its own."
            for each in checks
            if each.source.strip()
        ]
        return tuple([*told[:SHOWN], f"{len(told) - SHOWN} more cells are like that."] if len(told) > SHOWN else told)

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
            raise LessonNotExercise(f"{told}, which is exercises/{lesson.exercise.name}.")
        named = [marks.get("exercise")] if isinstance(marks, dict) else []
        named += [match["name"] for cell in self.cells if (match := OPEN_EXERCISE.search(cell.source))]
        for name in [*named, self.path.stem]:
            if isinstance(name, str) and (lesson := course.named(name)):
                return lesson.name
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
    if len(cells) > CELLS:
        raise UnusableNotebook(f"{path} has {len(cells):,} cells; at most {CELLS:,} are read.")
    made = tuple(_cell(path, number, cell) for number, cell in enumerate(cells, 1))
    code = sum(len(cell.source) for cell in made if cell.kind == "code")
    if code > CODE_CHARACTERS:
        raise UnusableNotebook(f"{path} has {code:,} characters of code; at most {CODE_CHARACTERS:,} are read.")
    return Notebook(path, made, metadata)


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


class _Cell(TypedDict, total=False):
    cell_type: Any
    source: Any
    metadata: Any


class _Content(TypedDict, total=False):
    nbformat: Any
    metadata: Any
    worksheets: Any
    cells: list[_Cell]


def _json(path: Path, raw: bytes) -> Any:
    """What ``raw`` holds; of a notebook as it should be, no outputs."""
    if not raw.strip():
        raise UnusableNotebook(f"{path} is empty. Was the notebook saved?")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnusableNotebook(f"{path} is encoded as UTF-16. Save it as UTF-8.")
    if _has_many_values(raw):
        raise UnusableNotebook(
            f"{path} holds more than {JSON_VALUES:,} numbers, texts and lists. Clear its outputs and save it."
        )
    try:
        return msgspec.json.decode(raw.removeprefix(BYTE_ORDER_MARK), type=_Content)
    except (ValueError, RecursionError) as error:
        if len(raw) > ODD_JSON_BYTES:
            raise UnusableNotebook(
                f"{path} cannot be read as a notebook ({error}). Open it in JupyterLab, clear its outputs and save it."
            ) from error
    try:
        return json.loads(raw.decode("utf-8-sig"))  # which takes NaN and half a character, and says where it stops
    except UnicodeDecodeError as error:
        raise UnusableNotebook(f"{path} is not encoded as UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        where = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnusableNotebook(f"{path} is not JSON, so it is not a notebook{where}.") from error


def _has_many_values(raw: bytes) -> bool:
    """Whether JSON holds more values than a notebook may: each takes far more memory than its bytes."""
    if sum(map(raw.count, map(bytes, zip(BEGINNINGS)))) <= JSON_VALUES:
        return False
    plain, quotes, values = raw.replace(rb"\\", b"").replace(rb"\"", b""), 0, 0
    for start in range(0, len(plain), MB):
        piece = np.frombuffer(plain, np.uint8, min(MB, len(plain) - start), start)
        before = quotes + np.cumsum(piece == QUOTE)
        values += int(np.count_nonzero(np.isin(piece, BEGINNINGS) & (before % 2 == 0)))  # those outside of text
        quotes = int(before[-1])
    return values > JSON_VALUES


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
