"""Results in the formats that Canvas, Moodle, Gradescope and GitHub Classroom take: of the attempts that count.

An import overwrites what is there: so a cell changes only where there is a mark, in the roster's own scale; all others
come back as they came.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from coursekit import course
from coursekit.classroom.intake.cleaning import cell, clean, file_name
from coursekit.classroom.intake.csv_files import BadTable
from coursekit.classroom.intake.learners import PLAIN
from coursekit.classroom.intake.rosters import CANVAS, MOODLE, Roster
from coursekit.classroom.intake.submissions import Submission
from coursekit.classroom.report.grades import Grade, counting
from coursekit.classroom.report.tables import csv_lines, csv_text, distinct, json_text, remarks
from coursekit.errors import CoursekitError
from coursekit.grading import results
from coursekit.grading.cards import own_details, part_details, summary
from coursekit.grading.results import QuestionResult, points_text

CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE_COLUMNS = ("Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments")
POINTS_POSSIBLE = "    Points Possible"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
SHOWN = 5

Files = dict[str, bytes]


class UnknownFormat(CoursekitError):
    """No such format; the message lists those that there are."""


def check(
    formats: Sequence[str], roster: Roster | None, exercises: Mapping[str, float] | None = None, column: str = ""
) -> list[str]:
    """See that these formats can be written, before anything is marked.

    Args:
        formats: their names.
        roster: the class as the LMS exported it, if there is one.
        exercises: the points of each exercise.
        column: how the instructor names the roster's column for grades, or empty.

    Returns:
        Which column takes the grades, how points are scaled, and what is not written, in sentences.

    Raises:
        UnknownFormat: a format has no such name.
        BadTable: the roster does not suit the format, or no column, or more than one, suits an exercise.
    """
    for name in formats:
        if name not in FORMATS:
            raise UnknownFormat(f"There is no format {name!r} to export. Choose from: {', '.join(FORMATS)}.")
        if roster and name in (CANVAS, MOODLE) and name != roster.kind:
            raise BadTable(f"{roster.table.path} is not {name.title()}'s: it looks like {roster.kind.title()}'s.")
    if column and (roster is None or roster.kind not in formats):
        raise BadTable("--column is a column of the roster: add --roster, and --export canvas or --export moodle.")
    if roster is None:
        return []
    if roster.kind not in formats:
        return [f"{roster.kind}: {roster.table.path} is not filled in; add --export {roster.kind} for that."]
    told, columns = [], []
    for exercise, points in (exercises or {}).items():
        found = roster.grade_column(_titles(exercise), column)
        columns.append(found)
        most = {roster.most(found, row) for row in roster.people.values()}
        title = roster.table.header[found].strip()
        scale = "".join(f", from {points:g} to {each:g} points" for each in sorted(most) if each != points)
        told.append(f"{roster.kind}: {exercise} goes to column {title!r}{scale}.")
    if len(set(columns)) < len(columns):
        raise BadTable(f"{roster.table.path}: several exercises would go to one column. Grade them one at a time.")
    if roster.kind == MOODLE and roster.comments_column() is None:
        told.append("moodle: the roster has no column 'Feedback comments', so none are written.")
    return told


def export(name: str, grades: Sequence[Grade], roster: Roster | None = None, column: str = "") -> Files:
    """The files of a format: their paths, with ``/``, and their content.

    Args:
        name: a format's name; see :data:`FORMATS`.
        grades: of all submissions.
        roster: the class as the LMS exported it, if there is one.
        column: how the instructor names the roster's column for grades, or empty.
    """
    files: Files = {}
    for exercise, counted in counting(grades).items():
        if roster and roster.kind == name:
            made = {f"{exercise}.csv": _filled(exercise, counted, roster, column)}
        else:
            made = FORMATS[name](exercise, counted)
        files |= {f"{name}/{path}": content for path, content in made.items()}
    return files


def unlisted(formats: Collection[str], grades: Sequence[Grade], roster: Roster | None) -> list[Grade]:
    """The marks that count and stand in no row: their learners are not in the roster, or without one have no number
    that Moodle knows."""
    counted = [each for listed in counting(grades).values() for each in listed if each.has_points]
    return [each for each in counted if has_no_row(formats, each.submission.learner.id, roster)]


def has_no_row(formats: Collection[str], learner: str, roster: Roster | None) -> bool:
    """Whether the learner of that id is not in the roster, or without one has no number that Moodle knows."""
    if roster and roster.kind in formats:
        return learner not in roster.people
    return MOODLE in formats and not _digits(learner)


def warnings(
    formats: Collection[str], roster: Roster | None, submissions: Iterable[Submission], column: str
) -> list[str]:
    """What to look at before marks go into a roster's cells, in sentences: learners told by a number that no platform
    wrote, and those whom Canvas's Gradebook excuses."""
    if roster is None or roster.kind not in formats:
        return []
    listed = [each for each in submissions if each.usable and each.learner.id in roster.people]
    numbers = sorted({each.learner.id for each in listed if each.platform == PLAIN})
    told = []
    if numbers:
        names = ", ".join(f"{each} for {_named(roster, each)}" for each in numbers[:SHOWN])
        told.append(f"{roster.kind}: no platform wrote these names; what is called as a number there counts: {names}.")
    excused = [each for each in listed if _standing(roster, each, column) == "EX"]
    if excused:
        names = "; ".join(dict.fromkeys(_named(roster, each.learner.id) for each in excused))
        told.append(f"canvas: a mark replaces EX (excused) of {names}. To keep it, delete the row before the import.")
    return told


def feedback_zip(pages: Iterable[tuple[Grade, bytes]]) -> bytes:
    """Feedback pages for Moodle's "Upload multiple feedback files in a zip".

    ``mod/assign/feedback/file/importziplib.php`` finds the participant by the second part of a folder's name, as in
    what "Download all submissions" gives, and keeps the file under its own name.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for grade, content in pages:
            learner = grade.submission.learner
            if grade.submission.platform == MOODLE and _digits(learner.id):
                folder = f"{learner.name}_{learner.id}_assignsubmission_file_"
                info = zipfile.ZipInfo(f"{folder}/feedback_{grade.submission.exercise}.html", ZIP_TIME)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, content)
    return packed.getvalue()


def canvas(exercise: str, grades: Sequence[Grade]) -> Files:
    """A CSV file for the import of Canvas's Gradebook.

    Canvas's ``lib/gradebook_importer.rb`` asks for the columns ``Student``, ``ID``, ``SIS User ID``, ``SIS Login ID``
    and ``Section``, in this order, then one column for each assignment, ``Title (ID)`` or a title; and takes a second
    row that begins with ``Points Possible``. Without a roster the assignment is a new one.
    """
    most = max((each.max_points for each in grades), default=0.0)
    rows: list[Mapping[str, Any]] = [{"Student": POINTS_POSSIBLE, exercise: most}]
    for each in grades:
        learner = each.submission.learner
        rows.append({"Student": learner.name, "ID": _digits(learner.id), exercise: _points(each)})
    return {f"{exercise}.csv": csv_text(rows, [*CANVAS_COLUMNS, exercise])}


def moodle(exercise: str, grades: Sequence[Grade]) -> Files:
    """A CSV file for "Upload grading worksheet" of Moodle's assignment.

    Moodle's ``mod/assign/feedback/offline/importgradeslib.php`` asks for the columns ``Identifier``, with
    ``Participant`` before the number, ``Grade`` and ``Last modified (grade)``, and takes ``Feedback comments``.
    """
    rows: list[Mapping[str, Any]] = []
    for each in grades:
        learner, most = each.submission.learner, {"Maximum Grade": f"{each.max_points:g}"}
        if _digits(learner.id):
            graded = {"Grade": _points(each), "Feedback comments": _comment(each)}
            rows.append({"Identifier": f"Participant {learner.id}", "Full name": learner.name} | most | graded)
    return {f"{exercise}.csv": csv_text(rows, MOODLE_COLUMNS)}


def gradescope(exercise: str, grades: Sequence[Grade]) -> Files:
    """One ``results.json`` for each learner, as Gradescope's *Autograder Specifications*, "Output format", has it."""
    return distinct((f"{exercise}/{_folder(each)}/results.json", json_text(_gradescope(each))) for each in grades)


def classroom(exercise: str, grades: Sequence[Grade]) -> Files:
    """One JSON file for each learner, as the GitHub Classroom action ``autograding-grading-reporter`` reads it.

    Its ``src/main.js`` takes the file in base64 from the variable ``NAME_RESULTS``; ``src/notify-classroom.js`` adds up
    ``score`` of all tests, of ``max_score``.
    """
    return distinct((f"{exercise}/{_folder(each)}.json", json_text(_classroom(each))) for each in grades)


FORMATS: dict[str, Callable[[str, Sequence[Grade]], Files]]
FORMATS = {each.__name__: each for each in (canvas, moodle, gradescope, classroom)}


def _filled(exercise: str, grades: Sequence[Grade], roster: Roster, wanted: str) -> bytes:
    """The roster with the grades, and Moodle's comments, of those who have a mark."""
    column, comments = roster.grade_column(_titles(exercise), wanted), roster.comments_column()
    rows = [list(row) for row in roster.table.rows]
    for each in grades:
        row = roster.people.get(each.submission.learner.id)
        if row is not None and each.has_points:
            share = each.points / each.max_points if each.max_points else 0.0
            rows[row][column] = f"{round(share * roster.most(column, row), 2):.10g}"
            if roster.kind == MOODLE and comments is not None:
                rows[row][comments] = str(cell(_comment(each)))
    kept = roster.kept_columns(column)
    return csv_lines(([row[each] for each in kept] for row in (roster.table.header, *rows)), roster.table.has_mark)


def _standing(roster: Roster, submission: Submission, column: str) -> str:
    """What stands where a submission's mark would go."""
    taken = roster.grade_column(_titles(submission.exercise), column)
    return roster.table.rows[roster.people[submission.learner.id]][taken].strip().upper()


def _named(roster: Roster, learner: str) -> str:
    return clean(roster.name(learner)).strip()


def _titles(exercise: str) -> tuple[str, ...]:
    return exercise, course.find(exercise).title


def _points(grade: Grade) -> float | str:
    return grade.points if grade.has_points else ""


def _comment(grade: Grade) -> str:
    told = [summary(grade.report)] if grade.report else []
    return " ".join([*told, *remarks(grade)])


def _digits(identity: str) -> str:
    return identity if identity.isascii() and identity.isdecimal() else ""


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
