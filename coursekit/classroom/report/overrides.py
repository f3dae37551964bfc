"""Points that an instructor gives by hand, from one CSV file.

The file has the columns ``learner``, ``question``, ``points`` and ``comment``. ``learner`` is the id in ``grades.csv``.
A row with a question replaces the points of that question; a row without replaces the total, after any late penalty.
A column ``exercise`` is needed only where several exercises are graded at once.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import CoursekitError
from coursekit.names import did_you_mean

NEEDED = ("learner", "points")


class BadTable(CoursekitError):
    """A CSV file that an instructor gave cannot be used; the message names the file, the line and what is wrong."""


@dataclass(frozen=True)
class Override:
    """Points given by hand."""

    learner: str
    exercise: str
    question: str
    points: float
    comment: str


def read_table(path: Path, needed: Collection[str] = ()) -> list[dict[str, str]]:
    """The rows of a CSV file with a header line; a byte-order mark is dropped, and spaces around cells.

    Raises:
        BadTable: it cannot be read, is not UTF-8, or lacks a column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), restval="", delimiter=_delimiter(text), strict=True)
        rows = [{name.strip(): cell.strip() for name, cell in row.items() if name is not None} for row in reader]
        columns = [name.strip() for name in reader.fieldnames or ()]
    except OSError as error:
        raise BadTable(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadTable(f"{path} is not a CSV file in UTF-8: {error}.") from error
    if missing := [name for name in needed if name not in columns]:
        raise BadTable(f"{path} has no column {' and no column '.join(missing)}; it has: {', '.join(columns)}.")
    return rows


def read_overrides(path: Path, exercises: Mapping[str, Collection[str]], learners: Collection[str]) -> list[Override]:
    """The overrides in a file.

    Args:
        path: the CSV file.
        exercises: the names of the questions of each exercise.
        learners: the ids of all learners.

    Raises:
        BadTable: a row names an unknown learner, exercise or question, or points that are no number from 0.
    """
    return [
        _override(f"{path}, line {number}", row, exercises, learners)
        for number, row in enumerate(read_table(path, NEEDED), 2)
    ]


def _override(
    where: str, row: Mapping[str, str], exercises: Mapping[str, Collection[str]], learners: Collection[str]
) -> Override:
    learner = _known(where, "learner", row["learner"].removeprefix("'"), learners)
    exercise = row.get("exercise") or next(iter(exercises), "")
    if len(exercises) > 1 and not row.get("exercise"):
        raise BadTable(f"{where}: several exercises are graded, so it needs a column exercise.")
    exercise = _known(where, "exercise", exercise, exercises)
    question = row.get("question", "")
    if question:
        _known(where, "question", question, exercises[exercise])
    try:
        points = float(row["points"])
    except ValueError:
        points = math.nan
    if not 0 <= points < math.inf:
        raise BadTable(f"{where}: points are {row['points']!r}; a number from 0 was expected.")
    return Override(learner, exercise, question, points, row.get("comment", ""))


def _known(where: str, kind: str, name: str, names: Collection[str]) -> str:
    if name in names:
        return name
    raise BadTable(f"{where}: there is no {kind} {name!r}. {did_you_mean(name, sorted(names))}")


def _delimiter(text: str) -> str:
    """A comma, or the semicolon that spreadsheets write in many countries."""
    first = text.split("\n", 1)[0]
    return max(",;", key=first.count)
