"""CSV files that an instructor gives: written by an LMS, by a spreadsheet or by hand, read without loss."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import CoursekitError

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class BadTable(CoursekitError):
    """A CSV file that an instructor gave cannot be used; the message names the file, the line and what is wrong."""


@dataclass(frozen=True)
class Table:
    """A CSV file, its cells as they are.

    Attributes:
        path: of the file.
        header: the names of its columns.
        rows: the others, each as long as the header.
        lines: on which line of the file each row ends.
        has_mark: whether the file began with a byte-order mark.
    """

    path: Path
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    has_mark: bool

    def records(self, needed: Collection[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """The rows that are not blank, each with where it is: cells without spaces around, by lower-case column.

        Raises:
            BadTable: a column is missing.
        """
        names = [name.strip().lower() for name in self.header]
        if missing := [name for name in needed if name not in names]:
            listed = ", ".join(name.strip() for name in self.header)
            raise BadTable(f"{self.path} has no column {' and no column '.join(missing)}; it has: {listed}.")
        for line, row in zip(self.lines, self.rows):
            if any(cell.strip() for cell in row):
                yield f"{self.path}, line {line}", dict(zip(names, map(str.strip, row)))


def read_table(path: Path) -> Table:
    """The table in a CSV file, in UTF-8, or as Excel writes it: in UTF-16 or Windows-1252, parted by commas, semicolons
    or tabs, perhaps with ``sep=;`` before the header; lines may end as on any system.

    Raises:
        BadTable: it cannot be read, is no CSV file, or has a row that is longer than its header.
    """
    try:
        raw = path.read_bytes()
        text = _decoded(raw)
        first, *rest = re.split("\r\n|\r|\n", text, maxsplit=1)
        if named := first.strip().lower().startswith("sep="):
            text = "".join(rest)
        delimiter = first.strip()[4:5] if named else _delimiter(first)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        header = next(reader, [])
        listed = [(reader.line_num + named, row) for row in reader if row]
    except OSError as error:
        raise BadTable(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeError, csv.Error, TypeError) as error:
        raise BadTable(f"{path} is not a CSV file: {error}.") from error
    if listed and not any(header):
        raise BadTable(f"{path} begins with a blank line. Delete it: the first line names the columns.")
    for line, row in listed:
        if any(cell.strip() for cell in row[len(header) :]):
            more = f"{len(row)} cells, but there are {len(header)} columns"
            raise BadTable(f"{path}, line {line} has {more}. Put a cell with a {delimiter!r} in it into quotes.")
    rows = [(row + [""] * len(header))[: len(header)] for _, row in listed]
    return Table(path, header, rows, [line for line, _ in listed], raw.startswith((codecs.BOM_UTF8, *UTF16)))


def number(text: str) -> float:
    """The number that a cell holds, with a decimal point or comma, and perhaps the other between thousands, as Canvas
    writes it; not a number (NaN) where it holds none.

    >>> number("2,5"), number(" 100.00 "), number("1,000.00"), number("1.2.5"), number("-")
    (2.5, 100.0, 1000.0, nan, nan)
    """
    try:
        return float(re.sub("[.,](?=[0-9]{3}[.,])", "", text.strip()).replace(",", "."))
    except ValueError:
        return math.nan


def _decoded(raw: bytes) -> str:
    if raw.startswith(UTF16):
        return raw.decode("utf-16")
    if b"\0" in raw:
        raise UnicodeError("it holds bytes that no text has; save it as CSV")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")


def _delimiter(line: str) -> str:
    """What parts the cells of the header: the first mark of the kind outside of quotation marks."""
    found = re.search("[,;\t]", re.sub('"[^"]*"?', "", line))
    return found[0] if found else ","
