"""``grades.csv`` and ``grades.json``: all that was found, for spreadsheets and for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec

from coursekit.classroom.intake.cleaning import cell, clean
from coursekit.classroom.report.grades import Grade

FIRST = ("learner", "name", "exercise", "file", "attempt", "counts", "state", "points", "max_points")
LAST = ("earned", "penalty", "submitted", "seconds", "unverified", "notes")
FORMAT = 1


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], has_mark: bool = False) -> bytes:
    """A CSV file (RFC 4180, UTF-8). Text that a spreadsheet would run as a formula gets an apostrophe before it.

    Args:
        rows: what stands in each column.
        columns: their names.
        has_mark: whether it begins with a byte-order mark, without which Excel takes it for another encoding.

    >>> csv_text([{"name": "=cmd()", "points": 2.0}], ["name", "points"])
    b"name,points\\r\\n'=cmd(),2\\r\\n"
    """
    written = [[cell(column) for column in columns], *([cell(row.get(column)) for column in columns] for row in rows)]
    return csv_lines(written, has_mark)


def csv_lines(rows: Iterable[Sequence[object]], has_mark: bool) -> bytes:
    """A CSV file of rows whose cells are written as they are."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig" if has_mark else "utf-8", "replace")


def json_text(content: Mapping[str, Any], sort_keys: bool = False) -> bytes:
    """A JSON file (UTF-8), indented; what is no character becomes a question mark.

    >>> json_text({"name": "Zo\\ud800"})
    b'{\\n "name": "Zo?"\\n}\\n'
    """
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=sort_keys) + "\n").encode("utf-8", "replace")


def distinct(files: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Files by their names, no two of which may have one name.

    Raises:
        ValueError: two have.
    """
    listed = list(files)
    made = dict(listed)
    if len(made) < len(listed):
        raise ValueError("The files of two learners would have one name.")
    return made


def grades_csv(grades: Sequence[Grade]) -> bytes:
    """One row for each submission, one column for each question; with a byte-order mark, for Excel."""
    questions = question_columns(grades)
    columns = [*FIRST, *questions.values(), *LAST]
    return csv_text((_row(each, questions) for each in grades), columns, has_mark=True)


def grades_json(grades: Sequence[Grade], level: str) -> bytes:
    """All grades with every detail, private checks' answers excepted.

    Args:
        grades: of all submissions.
        level: how the learners' code was sealed off, in words.
    """
    content = {"format": FORMAT, "sandbox": level, "grades": [_record(each) for each in grades]}
    return json_text(content, sort_keys=True)


def question_columns(grades: Iterable[Grade]) -> dict[tuple[str, str], str]:
    """The column of each exercise's question; the exercise is named where there are several."""
    reports = [each.report for each in grades if each.report]
    pairs = dict.fromkeys((report.exercise, question.name) for report in reports for question in report.questions)
    several = len({exercise for exercise, _ in pairs}) > 1
    return {pair: f"{pair[0]}: {pair[1]}" if several else pair[1] for pair in pairs}


def time_text(seconds: float | None) -> str:
    """A time in ISO 8601, in UTC.

    >>> time_text(0.0), time_text(None)
    ('1970-01-01T00:00:00+00:00', '')
    """
    return "" if seconds is None else datetime.fromtimestamp(round(seconds), timezone.utc).isoformat()


def remarks(each: Grade) -> list[str]:
    """All that is to be said of a grade, in sentences."""
    old = ["The mark comes from earlier checks; the submission needs a new run."] if each.outdated else []
    stopped = each.report.messages if each.report else []
    return [text for text in (each.reason, *old, *stopped, *each.submission.notes, *each.comments) if text]


def _row(each: Grade, questions: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    submission = each.submission
    row: dict[str, Any] = {
        "learner": submission.learner.id,
        "name": submission.learner.name,
        "exercise": submission.exercise,
        "file": submission.shown_file,
        "attempt": submission.attempt,
        "counts": "yes" if each.counts else "no",
        "state": each.state,
        "submitted": time_text(submission.submitted),
        "notes": " ".join(remarks(each)),
    }
    if each.has_points:
        row |= {"points": each.points, "max_points": each.max_points}
    if each.report:
        row["unverified"] = " ".join(dict.fromkeys(one.question for one in each.report.unverified))
        row |= {"earned": each.earned, "penalty": each.penalty, "seconds": round(each.seconds, 1)}
        row |= {questions[each.report.exercise, question.name]: question.points for question in each.report.questions}
    return row


def _record(each: Grade) -> dict[str, Any]:
    record: dict[str, Any] = msgspec.to_builtins(each) | {
        "remarks": remarks(each),
        "report": each.report and each.report.as_data(),
    }
    record["submission"]["submitted"] = time_text(each.submission.submitted)
    record["submission"]["file"] = clean(each.submission.file)
    record["submission"]["modules"] = [[name, clean(path)] for name, path in each.submission.modules]
    return record
