"""HTML pages: one for each learner, and one for the class. Self-contained, without scripts, readable without colour.

Everything that may come from a learner is escaped by the templates; the pages forbid scripts and anything from outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from coursekit.classroom.intake.cleaning import clean, file_name
from coursekit.classroom.report.grades import Grade
from coursekit.classroom.report.statistics import ExerciseStatistics
from coursekit.classroom.report.tables import remarks
from coursekit.grading.cards import LOOKS, code_html, own_details, part_details, summary
from coursekit.grading.results import Report, points_text

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

CHART = {"width": 640, "height": 240, "left": 40, "bottom": 40, "top": 16}


def page_name(grade: Grade) -> str:
    """The file name of a learner's page: safe on every system, and of this learner and exercise only."""
    return file_name(f"{grade.submission.learner.id} {grade.submission.exercise}") + ".html"


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
    pairs: Mapping[str, Sequence[Mapping[str, Any]]],
    level: str,
    pages: Mapping[int, str],
) -> bytes:
    """The page for the instructor.

    Args:
        exercises: title and statistics of each exercise.
        grades: of all submissions.
        pairs: near-identical submissions of each exercise: ``first``, ``second``, ``similarity``, ``same_text``.
        level: how the learners' code was sealed off, in words.
        pages: for the position of each grade that has a page, the page's address.
    """
    return _render("class.html", exercises=exercises, grades=grades, pairs=pairs, level=level, pages=pages)


def bars(counts: Sequence[int], most: float) -> list[dict[str, Any]]:
    """The bars of a histogram of points in tenths, in the units of the chart.

    >>> bars([0, 2], 20)[1]["label"]
    '2 to 4'
    """
    width = (CHART["width"] - CHART["left"]) / len(counts)
    room = CHART["height"] - CHART["bottom"] - CHART["top"]
    tallest = max(max(counts), 1)
    step = most / 10
    return [
        {
            "count": count,
            "label": f"{index * step:g} to {(index + 1) * step:g}",
            "x": round(CHART["left"] + index * width + 4, 1),
            "width": round(width - 8, 1),
            "height": round(room * count / tallest, 1),
            "y": round(CHART["top"] + room * (1 - count / tallest), 1),
        }
        for index, count in enumerate(counts)
    ]


def code(text: str) -> Markup:
    """Escaped text in which `backticks` mark code.

    >>> code("`a < b` holds")
    Markup('<code>a &lt; b</code> holds')
    """
    from markupsafe import Markup

    return Markup(code_html(visible(text)))


def counted(report: Report) -> str:
    """How many questions passed, in a sentence: the report's summary without its points."""
    return summary(report).split("; ", 1)[1]


def time_in_words(seconds: float) -> str:
    """A time, in UTC, for people.

    >>> time_in_words(0.0)
    '1 January 1970, 00:00 UTC'
    """
    time = datetime.fromtimestamp(round(seconds), timezone.utc)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def visible(text: str) -> str:
    """``text`` without characters that hide or turn others; line breaks stay.

    >>> visible("a\\u202eb\\nc")
    'a�b\\nc'
    """
    return "\n".join(clean(line) for line in text.replace("\t", "    ").split("\n"))


def _render(template: str, **values: Any) -> bytes:
    return _environment().get_template(template).render(**values).encode("utf-8", "replace")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("coursekit.classroom.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"code": code, "number": "{:g}".format, "time": time_in_words}
    environment.globals |= {"LOOKS": LOOKS, "CHART": CHART}
    environment.globals |= {each.__name__: each for each in (points_text, part_details, own_details, counted)}
    environment.globals |= {each.__name__: each for each in (bars, remarks)}
    return environment
