"""Everything that grading a class writes, apart from the ledger: tables, pages, exports. Each file in one step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from coursekit import course
from coursekit.classroom.intake import conformity
from coursekit.classroom.intake.rosters import Roster
from coursekit.classroom.intake.sources import UnusableFile
from coursekit.classroom.intake.submissions import HandedIn, Submission
from coursekit.classroom.report import exports, pages, tables
from coursekit.classroom.report.grades import Grade, counting
from coursekit.classroom.report.similarity import similar_pairs
from coursekit.classroom.report.statistics import statistics
from coursekit.classroom.report.tables import distinct
from coursekit.classroom.settings import GradingSettings
from coursekit.files import replace_file
from coursekit.grading.notebook_file import UnusableNotebook

SIMILAR, CLASS, FEEDBACK_ZIP = "similar.json", "class.html", "feedback.zip"
ADVICE = "The marks in the ledger are safe. {remedy}, then give the same command again: it writes every file anew."
Similar = dict[str, dict[str, Any]]  # for each exercise its "pairs", and how many submissions were "left_out"


def write(
    out: Path,
    grades: Sequence[Grade],
    handed_in: HandedIn | None,
    settings: GradingSettings,
    roster: Roster | None = None,
    unlisted: Sequence[Grade] = (),
) -> list[Path]:
    """Write all outputs; the files that people open first are named.

    Args:
        out: the folder for them.
        grades: of all submissions.
        handed_in: the submissions' code; ``None`` to take the similar pairs as they were found last.
        settings: what to export, and how.
        roster: the class as the LMS exported it, if there is one.
        unlisted: the marks that stand in no row of an export.

    Returns:
        ``grades.csv``, ``grades.json``, ``class.html``, one folder for each export, ``feedback.zip``.

    Raises:
        coursekit.files.CannotWrite: a file cannot be written, as when the disk is full.
    """
    level = " / ".join(sorted({each.level for each in grades if each.level})) or "not run"
    counted = counting(grades)
    exercises = {name: found for name, listed in counted.items() if (found := statistics(listed, name))}
    addresses = {index: f"feedback/{pages.page_name(each)}" for index, each in enumerate(grades) if each.counts}
    files = distinct(
        (address, pages.feedback_page(grades[index], _title(grades[index].submission.exercise)))
        for index, address in addresses.items()
    )
    told = [*settings.exports]
    if settings.feedback_zip:
        told.append(FEEDBACK_ZIP)
        files[FEEDBACK_ZIP] = exports.feedback_zip((grades[index], files[page]) for index, page in addresses.items())
    for name in settings.exports:
        files |= exports.export(name, grades, roster, settings.column)
    files["grades.json"] = tables.grades_json(grades, level)
    files["grades.csv"] = tables.grades_csv(grades)

    def class_page(similar: Similar) -> bytes:
        titled = [(_title(name), found) for name, found in exercises.items()]
        return pages.class_page(titled, grades, similar, level, addresses, unlisted)

    _write(out, files | {CLASS: class_page(_kept(out))})
    if handed_in is not None:  # only now that all else is on the disk
        similar = {name: _similar(name, counted[name], handed_in) for name in exercises}
        _write(out, {SIMILAR: json.dumps(similar, indent=1).encode("ascii"), CLASS: class_page(similar)})
    return [out / name for name in ("grades.csv", "grades.json", CLASS, *told)]


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        replace_file(out / name, content, ADVICE)


def _title(exercise: str) -> str:
    try:
        return course.find(exercise).title
    except course.UnknownLesson:
        return "Your submission"


def _similar(exercise: str, grades: Sequence[Grade], handed_in: HandedIn) -> dict[str, Any]:
    """Near-identical submissions of different learners, and how many were not compared."""
    files = [each.submission.shown_file for each in grades]
    works = [_work(each.submission, handed_in) for each in grades]
    pairs, left_out = similar_pairs(works, conformity.released_lines(exercise))
    named = [asdict(pair) | {"first": files[pair.first], "second": files[pair.second]} for pair in pairs]
    return {"pairs": named, "left_out": left_out}


def _work(submission: Submission, handed_in: HandedIn) -> list[str]:
    if not submission.digest:
        return []
    try:
        cells, _ = handed_in.of(submission)
    except (UnusableFile, UnusableNotebook):
        return []
    return [cell.source for cell in cells if not cell.is_check]


def _kept(out: Path) -> Similar:
    """What was found last."""
    try:
        return msgspec.json.decode((out / SIMILAR).read_bytes(), type=Similar)
    except (OSError, ValueError):
        return {}
