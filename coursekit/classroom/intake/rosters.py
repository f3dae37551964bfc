"""The list of a class that an LMS exported: who is in it, and the cells that grades go to.

Canvas: the Gradebook's export (``lib/gradebook_exporter.rb``). Its ``lib/gradebook_importer.rb`` takes it back with the
columns ``Student``, or ``LastName`` and ``FirstName``, then ``ID``, what it knows of SIS, ``Section``, and assignments
as ``Title (ID)``; the row ``Points Possible`` has their points. Moodle: an assignment's grading worksheet
(``mod/assign/gradingtable.php``): an identifier first, then the name unless participants are hidden, and the greatest
grade right after the grade; all titles are in the site's language.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from coursekit.classroom.intake.csv_files import BadTable, Table, number, read_table

CANVAS, MOODLE = "canvas", "moodle"
ABOUT_STUDENTS = {
    "Student",
    "LastName",
    "FirstName",
    "ID",
    "SIS User ID",
    "SIS Login ID",
    "Integration ID",
    "Root Account",
    "Section",
}
GRADE, MOST, COMMENTS, SUBMITTED = "Grade", "Maximum Grade", "Feedback comments", "Last modified (submission)"
WITH_ID = re.compile(r" \([0-9]+\)$")
MOODLE_TIME = re.compile(
    r"(?:\w+,? )?(?:(?P<day>\d+)\.? (?P<month>\w+)|(?P<month_first>\w+) (?P<day_after>\d+)),? (?P<year>\d{4}), "
    r"(?P<hour>\d+):(?P<minute>\d\d)(?::\d\d)?(?:\s(?P<half>[AP]M))?"
)


@dataclass(frozen=True)
class Roster:
    """Who is in a class, as an LMS exported it.

    Attributes:
        kind: ``"canvas"`` or ``"moodle"``.
        table: the file.
        people: the row of each learner, by the number that the LMS knows them by.
    """

    kind: str
    table: Table
    people: dict[str, int]

    def name(self, identity: str) -> str:
        """What the roster calls the learner of that number."""
        row = self.table.rows[self.people[identity]]
        split = self.table.header[1].strip() == "FirstName"
        return f"{row[0]}, {row[1]}" if split else row[0 if self.kind == CANVAS else 1]

    def agrees(self, identity: str, name: str) -> bool:
        """Whether the learner of that number has that name, as the LMS writes names into file names."""
        if identity not in self.people:
            return False
        if self.kind == CANVAS:
            return canvas_name(self.name(identity)) == unicodedata.normalize("NFC", name)
        hidden, _ = _identifier(self.table.rows[self.people[identity]][0])
        return _words(name) in (_words(self.name(identity)), _words(hidden))

    def submitted(self, identity: str) -> float | None:
        """When Moodle's worksheet says, in English, that the learner handed in, in seconds since 1970, or ``None``."""
        column = self._column(SUBMITTED)
        if column is None or identity not in self.people:
            return None
        return _moodle_time(self.table.rows[self.people[identity]][column].strip())

    def grade_column(self, names: tuple[str, ...], wanted: str) -> int:
        """The column that takes the grades.

        Args:
            names: what an assignment may be called: the exercise's name and title.
            wanted: how the instructor names the column, or empty to look for it.

        Raises:
            BadTable: there is none, or more than one.
        """
        offered = self._assignments() if self.kind == CANVAS else self._beside_identifier()
        titles = {column: self.table.header[column].strip() for column in offered}
        plain = {column: WITH_ID.sub("", title) for column, title in titles.items()}
        if wanted:
            exact = [column for column, title in titles.items() if title == wanted]
            found = exact or [c for c, title in titles.items() if plain[c] == wanted or title.endswith(f" ({wanted})")]
        elif self.kind == CANVAS:
            exact = [column for column in titles if plain[column] in names]
            found = exact or [c for c, title in titles.items() if any(each.lower() in title.lower() for each in names)]
        else:
            found = list(titles) if set(titles.values()) == {GRADE} else self._before_most()
        if len(found) == 1:
            return found[0]
        called = f"called {wanted!r}" if wanted else "for the grades"
        listed = ", ".join(repr(titles[column]) for column in found or titles)
        count = f"{len(found)} columns" if found else "no column"
        raise BadTable(f"{self.table.path} has {count} {called}. Choose one with --column: {listed}.")

    def most(self, column: int, row: int) -> float:
        """The points that a column can have in a learner's row.

        Raises:
            BadTable: that is no number above 0.
        """
        if self.kind == CANVAS:
            cells = [each[column] for each in self.table.rows if "Points Possible" in each[0]]
        else:
            cells = self.table.rows[row][column + 1 : column + 2]
        points = number(cells[0]) if cells else math.nan
        if not 0 < points < math.inf:
            title, told = self.table.header[column], repr(cells[0]) if cells else "missing"
            raise BadTable(
                f"{self.table.path}: the greatest grade of column {title!r} is {told}, not a number above 0. "
                "Set it where the file comes from and export it again, or choose another column with --column."
            )
        return points

    def kept_columns(self, column: int) -> list[int]:
        """The columns that an import needs beside the one with grades: of Canvas's, not those of other assignments,
        which may be graded meanwhile."""
        header = self.table.header
        if self.kind == CANVAS:
            return [each for each, title in enumerate(header) if title.strip() in ABOUT_STUDENTS or each == column]
        return list(range(len(header)))

    def comments_column(self) -> int | None:
        """Moodle's column of comments, where it has one with its English title."""
        return self._column(COMMENTS)

    def _column(self, title: str) -> int | None:
        titles = [each.strip() for each in self.table.header]
        return titles.index(title) if title in titles else None

    def _assignments(self) -> list[int]:
        points = next((row for row in self.table.rows if "Points Possible" in row[0]), [""] * len(self.table.header))
        return [
            column
            for column, title in enumerate(self.table.header)
            if title.strip() not in ABOUT_STUDENTS and "read only" not in points[column]
        ]

    def _beside_identifier(self) -> list[int]:
        """The columns that may take Moodle's grades: the one with the English title, or any."""
        titles = [title.strip() for title in self.table.header]
        return [column for column, title in enumerate(titles) if title == GRADE] or list(range(1, len(titles)))

    def _before_most(self) -> list[int]:
        """In any language: the greatest grade is the same number for everybody, and right after the grade."""
        rows = [self.table.rows[row] for row in self.people.values()]

        def all_cells(column: int, holds: Callable[[str], bool]) -> bool:
            return all(holds(row[column]) for row in rows)

        return [
            column
            for column in range(1, len(self.table.header) - 1)
            if all_cells(column, lambda cell: cell.strip() in ("", "-") or number(cell) >= 0)
            and all_cells(column + 1, lambda cell: number(cell) > 0)
            and len({row[column + 1] for row in rows}) == 1
        ]


def read_roster(path: Path) -> Roster:
    """The roster in a CSV file of Canvas or Moodle.

    Raises:
        BadTable: it is neither, or has a learner twice.
    """
    table = read_table(path)
    header = [title.strip() for title in table.header]
    if header[:1] == ["Student"] or header[:2] == ["LastName", "FirstName"]:
        if "ID" not in header:
            raise BadTable(f"{path} has no column ID, as Canvas's Gradebook exports it.")
        cells = [row[header.index("ID")].strip() for row in table.rows]
        kind, numbers = CANVAS, [cell if cell.isdecimal() else "" for cell in cells]
    else:
        kind, numbers = MOODLE, [number if word else "" for word, number in (_identifier(row[0]) for row in table.rows)]
        if not any(numbers) or len(header) < 3:
            wanted = (
                "no column Student with ID, as Canvas's Gradebook has it, and no 'Participant 45' in its first column"
            )
            raise BadTable(f"{path} has {wanted}, as Moodle's grading worksheet has them.")
    people: dict[str, int] = {}
    for row, identity in enumerate(numbers):
        if identity and people.setdefault(identity, row) != row:
            raise BadTable(
                f"{path}, line {table.lines[row]}: learner {identity} is on line {table.lines[people[identity]]} too."
            )
    return Roster(kind, table, people)


def canvas_name(name: str) -> str:
    """A sortable name as Canvas's ``lib/content_zipper.rb`` writes it into file names.

    >>> canvas_name("O_Hara, Rosa"), canvas_name("some_999_, _1234_guy")
    ('o_hararosa', 'some9991234guy')
    """
    lower = re.sub(r"_([0-9]+)_", r"\1", unicodedata.normalize("NFC", name)).lower()
    return "".join(each for each in lower if is_word(each))


def is_word(character: str) -> bool:
    """Whether Canvas keeps a character of a name: a letter, a mark, a digit or what connects them."""
    category = unicodedata.category(character)
    return category[0] in "LM" or category in ("Nd", "Pc")


def _identifier(text: str) -> tuple[str, str]:
    """Moodle's word for a participant, and the number behind it.

    >>> _identifier("Participant 45"), _identifier("Ada")
    (('Participant', '45'), ('Ada', ''))
    """
    text = text.strip()
    word = text.rstrip("0123456789")
    return word.rstrip(), text[len(word) :]


def _words(name: str) -> list[str]:
    """The words of a name, in alphabetical order, without accents and without what Moodle drops from file names."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return sorted(re.findall(r"\w+", re.sub(r"[&<>\"`|':\\/’]", "", plain).replace("_", " ").casefold()))


def _moodle_time(text: str) -> float | None:
    match = MOODLE_TIME.fullmatch(text.replace("\u202f", " "))
    if match is None:
        return None
    day, month = match["day"] or match["day_after"], match["month"] or match["month_first"]
    clock = f"{match['hour']}:{match['minute']}" + (f" {match['half']}" if match["half"] else "")
    try:
        form = "%d %B %Y %I:%M %p" if match["half"] else "%d %B %Y %H:%M"
        return datetime.strptime(f"{day} {month} {match['year']} {clock}", form).timestamp()
    except ValueError:
        return None
