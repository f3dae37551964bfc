"""Results in the formats that Canvas, Moodle, Gradescope and GitHub Classroom take: of the attempts that count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from coursekit import course
from coursekit.classroom.intake.cleaning import clean, file_name
from coursekit.classroom.report.grades import Grade, counting
from coursekit.classroom.report.overrides import BadTable, read_table
from coursekit.classroom.report.tables import csv_text, json_text, remarks
from coursekit.errors import CoursekitError
from coursekit.grading import results
from coursekit.grading.cards import own_details, part_details, summary
from coursekit.grading.results import QuestionResult, points_text

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments")
POINTS_POSSIBLE = "    Points Possible"

Roster = list[dict[str, str]]
Files = dict[str, bytes]


class UnknownFormat(CoursekitError):
    """No such format; the message lists those that there are."""


def check(formats: Sequence[str], roster: str) -> None:
    """See that these formats can be written, before anything is marked.

    Raises:
        UnknownFormat: a format has no such name.
        BadTable: the roster does not suit the format, or is not needed by any.
    """
    for name in formats:
        if name not in FORMATS:
            raise UnknownFormat(f"There is no format {name!r} to export. Choose from: {', '.join(FORMATS)}.")
        if roster and name in COLUMNS:
            read_table(Path(roster), COLUMNS[name])
    if roster and not set(formats) & set(COLUMNS):
        raise BadTable(f"--roster is for the formats {' and '.join(COLUMNS)}; add --export canvas or --export moodle.")


def export(name: str, grades: Sequence[Grade], roster: str = "") -> Files:
    """The files of a format: their paths, with ``/``, and their content.

    Args:
        name: a format's name; see :data:`FORMATS`.
        grades: of all submissions.
        roster: the CSV file that the LMS exported, or empty.
    """
    rows = read_table(Path(roster)) if roster and name in COLUMNS else []
    files: Files = {}
    for exercise, counted in counting(grades).items():
        files |= {f"{name}/{path}": content for path, content in FORMATS[name](exercise, counted, rows).items()}
    return files


def canvas(exercise: str, grades: Sequence[Grade], roster: Roster) -> Files:
    """A CSV file for the import of Canvas's Gradebook.

    Canvas's ``lib/gradebook_importer.rb`` asks for the columns ``Student``, ``ID``, ``SIS User ID``, ``SIS Login ID``
    and ``Section``, in this order, then one column for each assignment, ``Title (ID)`` or a title; and takes a second
    row that begins with ``Points Possible``. A roster is what the Gradebook's export gives; the column of the
    assignment is the one whose title holds the exercise's name or title.
    """
    column = _assignment(exercise, roster)
    most = max((each.max_points for each in grades), default=0.0)
    rows: list[Mapping[str, Any]] = [{"Student": POINTS_POSSIBLE, column: most}]
    if roster:
        by_id = {each.submission.learner.id: each for each in grades}
        rows += [row | {column: _points(by_id.get(row["ID"]))} for row in roster if row["ID"]]
    else:
        learners = [(each.submission.learner, _points(each)) for each in grades]
        rows += [{"Student": learner.name, "ID": _digits(learner.id), column: points} for learner, points in learners]
    return {f"{exercise}.csv": csv_text(rows, [*CANVAS, column])}


def moodle(exercise: str, grades: Sequence[Grade], roster: Roster) -> Files:
    """A CSV file for "Upload grading worksheet" of Moodle's assignment.

    Moodle's ``mod/assign/feedback/offline/importgradeslib.php`` asks for the columns ``Identifier``, with
    ``Participant`` before the number, ``Grade`` and ``Last modified (grade)``, and takes ``Feedback comments``. A
    roster is the worksheet that "Download grading worksheet" gave; all of its columns are kept.
    """
    by_id = {f"Participant {each.submission.learner.id}": each for each in grades}
    if not roster:
        roster = [
            {"Identifier": identity, "Full name": each.submission.learner.name, "Maximum Grade": f"{each.max_points:g}"}
            for identity, each in by_id.items()
        ]
    columns = list(dict.fromkeys([*roster[0], *MOODLE])) if roster else MOODLE
    rows = [row | _moodle_row(by_id.get(row["Identifier"])) for row in roster]
    return {f"{exercise}.csv": csv_text(rows, columns)}


def gradescope(exercise: str, grades: Sequence[Grade], roster: Roster) -> Files:
    """One ``results.json`` for each learner, as Gradescope's *Autograder Specifications*, "Output format", has it."""
    return {f"{exercise}/{_folder(each)}/results.json": json_text(_gradescope(each)) for each in grades}


def classroom(exercise: str, grades: Sequence[Grade], roster: Roster) -> Files:
    """One JSON file for each learner, as the GitHub Classroom action ``autograding-grading-reporter`` reads it.

    Its ``src/main.js`` takes the file in base64 from the variable ``NAME_RESULTS``; ``src/notify-classroom.js`` adds up
    ``score`` of all tests, of ``max_score``.
    """
    return {f"{exercise}/{_folder(each)}.json": json_text(_classroom(each)) for each in grades}


FORMATS: dict[str, Callable[[str, Sequence[Grade], Roster], Files]]
FORMATS = {each.__name__: each for each in (canvas, moodle, gradescope, classroom)}
COLUMNS = {"canvas": CANVAS, "moodle": ("Identifier", "Grade", "Last modified (grade)")}


def _assignment(exercise: str, roster: Roster) -> str:
    title = course.find(exercise).title
    columns = [name for name in (roster[0] if roster else {}) if name not in CANVAS]
    matching = [name for name in columns if exercise.lower() in name.lower() or title.lower() in name.lower()]
    return matching[0] if matching else exercise


def _points(grade: Grade | None) -> float | str:
    return grade.points if grade and grade.has_points else ""


def _digits(identity: str) -> str:
    return identity if identity.isascii() and identity.isdecimal() else ""


def _moodle_row(grade: Grade | None) -> dict[str, Any]:
    if grade is None:
        return {}
    told = [summary(grade.report)] if grade.report else []
    return {"Grade": _points(grade), "Feedback comments": " ".join([*told, *remarks(grade)])}


def _gradescope(grade: Grade) -> dict[str, Any]:
    questions = grade.report.questions if grade.report else ()
    tests = [
        {
            "name": question.title,
            "number": str(number),
            "score": question.points,
            "max_score": question.max_points,
            "output": _details(question),
            "visibility": "visible",
        }
        for number, question in enumerate(questions, 1)
    ]
    told = "\n".join([points_text(grade.points, grade.max_points), *remarks(grade)])
    return {"score": grade.points, "output": told, "execution_time": round(grade.seconds, 3), "tests": tests}


def _classroom(grade: Grade) -> dict[str, Any]:
    questions = grade.report.questions if grade.report else ()
    tests: list[dict[str, Any]] = [
        {
            "name": question.title,
            "status": "pass" if question.status == results.PASSED else "fail",
            "score": question.points,
            "message": _details(question) or None,
        }
        for question in questions
    ]
    difference = round(grade.points - grade.earned, 4)
    if difference:
        name = "Late penalty" if grade.penalty else "Set by hand"
        status = "fail" if difference < 0 else "pass"
        tests.append({"name": name, "status": status, "score": difference, "message": None})
    if not grade.has_points:
        tests.append({"name": "Submission", "status": "error", "score": 0, "message": grade.reason})
    statuses = {test["status"] for test in tests}
    status = next((each for each in ("error", "fail") if each in statuses), "pass")
    return {"version": 1, "status": status, "max_score": grade.max_points, "tests": tests}


def _details(question: QuestionResult) -> str:
    lines = [question.statement]
    for part, pairs in part_details(question):
        lines.append(f"{part.title}: {points_text(part.points, part.max_points)}")
        lines += [f"  {label}{text}" for label, text in pairs]
    lines += [f"{label}{text}" for label, text in own_details(question)]
    return "\n".join(clean(part) for line in lines for part in line.split("\n"))


def _folder(grade: Grade) -> str:
    return file_name(grade.submission.learner.id)
