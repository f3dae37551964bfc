"""HTML pages: one for each learner, and one for the class. Self-contained, without scripts, readable without colour.

Everything that may come from a learner is escaped by the templates; the pages forbid scripts and anything from outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from coursekit import templating
from coursekit.classroom.intake.cleaning import file_name
from coursekit.classroom.report.grades import Grade
from coursekit.classroom.report.statistics import ExerciseStatistics, notices
from coursekit.classroom.report.tables import remarks
from coursekit.grading.cards import LOOKS, own_details, part_details, summary
from coursekit.grading.results import points_text
from coursekit.printable import visible

if TYPE_CHECKING:
    from jinja2 import Environment


def page_name(grade: Grade) -> str:
    """The file name of a learner's page: safe on every system, and of this learner and exercise only."""
    return file_name(f"{grade.submission.learner.id}\0{grade.submission.exercise}") + ".html"


def feedback_page(grade: Grade, title: str) -> bytes:
    """The page for a learner.

    Args:
        grade: the attempt that counts.
        title: of the exercise.
    """
    return _render("feedback.html", grade=grade, title=title, remarks=remarks(grade))


def class_page(
    exercises: Sequence[tuple[str, ExerciseStatistics]],
    grades: Sequence[Grade],
    similar: Mapping[str, Mapping[str, Any]],
    level: str,
    pages: Mapping[int, str],
    unlisted: Sequence[Grade] = (),
) -> bytes:
    """The page for the instructor.

    Args:
        exercises: title and statistics of each exercise.
        grades: of all submissions.
        similar: for each exercise ``pairs`` of near-identical submissions, with ``first``, ``second``, ``similarity``
            and ``same_text``; and ``left_out``, how many were not compared.
        level: how the learners' code was sealed off, in words.
        pages: for the position of each grade that has a page, the page's address.
        unlisted: the marks that stand in no row of an export.
    """
    listed = {"exercises": exercises, "grades": grades, "notices": notices(grades), "similar": similar, "pages": pages}
    return _render("class.html", level=level, unlisted=unlisted, **listed)


def time_in_words(seconds: float) -> str:
    """A time, in UTC, for people.

    >>> time_in_words(0.0)
    '1 January 1970, 00:00 UTC'
    """
    time = datetime.fromtimestamp(round(seconds), timezone.utc)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def _render(template: str, **values: Any) -> bytes:
    return _environment().get_template(template).render(**values).encode("utf-8", "replace")


def _shown(value: Any) -> Any:
    """What a template puts on the page in place of ``value``."""
    if isinstance(value, Markup):
        return Markup(visible(value))
    return visible(value) if type(value) is str else value


@cache
def _environment() -> Environment:
    made = templating.environment("coursekit.classroom.report", _shown)
    made.filters |= {"time": time_in_words}
    functions = (points_text, part_details, own_details, summary, remarks)
    made.globals |= {"LOOKS": LOOKS} | {each.__name__: each for each in functions}
    return made
