"""Everything that grading a class writes, apart from the ledger: tables, pages, exports. Each file in one step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from coursekit import course
from coursekit.classroom.intake import conformity
from coursekit.classroom.intake.sources import Source, UnusableFile
from coursekit.classroom.intake.submissions import content_of
from coursekit.classroom.marking.ledger import CannotWrite
from coursekit.classroom.report import exports, pages, tables
from coursekit.classroom.report.grades import MARKED, Grade
from coursekit.classroom.report.similarity import similar_pairs
from coursekit.classroom.report.statistics import statistics
from coursekit.files import replace_file
from coursekit.grading.notebook_file import UnusableNotebook, parse_notebook

SIMILAR = "similar.json"
Pairs = dict[str, list[dict[str, Any]]]


def write(
    out: Path, grades: Sequence[Grade], source: Source | None, formats: Iterable[str] = (), roster: str = ""
) -> list[Path]:
    """Write all outputs; the files that people open first are named.

    Args:
        out: the folder for them.
        grades: of all submissions.
        source: where the submissions are; ``None`` to take the similar pairs as they were found last.
        formats: what to export.
        roster: the CSV file that an LMS exported, or empty.

    Returns:
        ``grades.csv``, ``grades.json``, ``class.html``, and one folder for each export.

    Raises:
        CannotWrite: a file cannot be written, as when the disk is full.
    """
    level = " / ".join(sorted({each.level for each in grades if each.level})) or "not run"
    pairs = _kept_pairs(out) if source is None else _pairs(grades, source)
    files: dict[str, bytes] = {SIMILAR: json.dumps(pairs, indent=1).encode("ascii")}
    addresses = {}
    for index, each in enumerate(grades):
        if each.counts:
            addresses[index] = f"feedback/{pages.page_name(each)}"
            files[addresses[index]] = pages.feedback_page(each, _title(each.submission.exercise))
    names = sorted({each.submission.exercise for each in grades if each.state == MARKED})
    listed = [(_title(name), statistics(grades, name)) for name in names]
    for name in formats:
        files |= exports.export(name, grades, roster)
    files["grades.json"] = tables.grades_json(grades, level)
    files["grades.csv"] = tables.grades_csv(grades)
    files["class.html"] = pages.class_page(listed, grades, pairs, level, addresses)
    for name, content in files.items():
        _write(out / name, content)
    return [out / name for name in ("grades.csv", "grades.json", "class.html", *formats)]


def _write(path: Path, content: bytes) -> None:
    try:
        replace_file(path, content)
    except OSError as error:
        raise CannotWrite(
            f"{path} cannot be written: {error.strerror}. The marks in the ledger are safe. "
            "Make room, then give the same command again: it writes every file anew."
        ) from error


def _title(exercise: str) -> str:
    try:
        return course.find(exercise).title
    except course.UnknownLesson:
        return "Your submission"


def _pairs(grades: Sequence[Grade], source: Source) -> Pairs:
    """Near-identical submissions of different learners, by exercise."""
    found: Pairs = {}
    for exercise in sorted({each.submission.exercise for each in grades if each.state == MARKED}):
        counted = [each for each in grades if each.counts and each.submission.exercise == exercise]
        works = [_work(each, source) for each in counted]
        found[exercise] = [
            {
                "first": counted[pair.first].submission.shown_file,
                "second": counted[pair.second].submission.shown_file,
                "similarity": pair.similarity,
                "same_text": pair.same_text,
            }
            for pair in similar_pairs(works, conformity.released_lines(exercise))
        ]
    return found


def _work(grade: Grade, source: Source) -> list[str]:
    file = PurePosixPath(grade.submission.file)
    try:
        notebook = parse_notebook(Path(file.name), content_of(source, grade.submission))
    except (UnusableFile, UnusableNotebook):
        return []
    return [cell.source for cell in notebook.work]


def _kept_pairs(out: Path) -> Pairs:
    try:
        return json.loads((out / SIMILAR).read_bytes())
    except (OSError, ValueError):
        return {}
