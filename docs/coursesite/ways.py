"""Recommended ways through the course, with the hours that they take by the table of lessons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coursekit import course
from coursesite.notebooks import first_cell

WHOLE, HALF, SHORT = "whole", "half", "short path"


@dataclass(frozen=True)
class Part:
    """A lesson, or a part of one, and whether its exercise goes with it.

    Attributes:
        lesson: its number.
        much: ``WHOLE``, ``HALF`` (up to a pause, or from it) or ``SHORT``, the sections that it marks for a short path.
        exercise: whether the exercise is done as well.
    """

    lesson: int
    much: str = WHOLE
    exercise: bool = False

    @property
    def minutes(self) -> float:
        """Reading, running and exercise, in minutes."""
        lesson = course.find(str(self.lesson))
        opening = first_cell(lesson.notebook)
        read = {WHOLE: lesson.reading_minutes, HALF: lesson.reading_minutes / 2, SHORT: short_path(opening)}[self.much]
        run = lesson.running_minutes / (2 if self.much == HALF else 1)
        return read + run + (exercise_minutes(first_cell(lesson.exercise)) if self.exercise else 0)


@dataclass(frozen=True)
class Way:
    """A way: its name, for whom it is, and what is done in each sitting, by the sitting's name."""

    name: str
    words: str
    sittings: tuple[tuple[str, tuple[Part, ...]], ...]


def _weeks(*weeks: tuple[Part, ...]) -> tuple[tuple[str, tuple[Part, ...]], ...]:
    return tuple((f"Week {number}", parts) for number, parts in enumerate(weeks, start=1))


WAYS = (
    Way(
        "A weekend",
        "From the first network to one that borrows what another has learnt: one lesson from end to end, the short "
        "paths of five more, and two exercises.",
        (
            ("Saturday", (Part(1, exercise=True), Part(2, SHORT), Part(3, SHORT))),
            ("Sunday", (Part(4, SHORT, exercise=True), Part(5, SHORT), Part(6, SHORT))),
        ),
    ),
    Way(
        "A semester of 12 weeks",
        "Lessons 1 to 9 in their order, each with its exercise. The long ones take two weeks, divided at a pause "
        "that they mark.",
        _weeks(
            (Part(1, exercise=True),),
            (Part(2, exercise=True),),
            (Part(3, HALF),),
            (Part(3, HALF, exercise=True),),
            (Part(4, HALF),),
            (Part(4, HALF, exercise=True),),
            (Part(5, exercise=True),),
            (Part(6, exercise=True),),
            (Part(7, exercise=True),),
            (Part(8, exercise=True),),
            (Part(9, HALF),),
            (Part(9, HALF, exercise=True),),
        ),
    ),
    Way(
        "For practitioners",
        "For those who train networks already: what decides whether one may be trusted. The first lessons on their "
        "short paths, for the names that the later ones use.",
        (
            ("Foundations", (Part(1, SHORT), Part(2, SHORT))),
            ("Overfitting and its cures", (Part(3, exercise=True),)),
            ("Images, and few of them", (Part(4, SHORT), Part(6, exercise=True))),
            ("Codes, and what is probable", (Part(7, SHORT), Part(8, SHORT))),
            ("Doubt", (Part(9, exercise=True),)),
        ),
    ),
)


def short_path(opening: str) -> int:
    """The minutes of the short path, as a lesson's first cell states them.

    >>> short_path("**Short path**: 25 minutes for the sections marked.")
    25
    """
    return _minutes(r"short path\W+(?:of )?(\d+) minutes", opening)


def exercise_minutes(opening: str) -> int:
    """The minutes of an exercise, as its first cell states them.

    >>> exercise_minutes("**Time**: about 60 minutes; nothing here runs long.")
    60
    """
    return _minutes(r"\*\*Time\*\*: about (\d+) minutes", opening)


def hours(parts: Iterable[Part]) -> str:
    """What the parts take, in hours to the quarter: ``2¼``."""
    quarters = round(sum(part.minutes for part in parts) / 15)
    return f"{quarters // 4 or ''}{('', '¼', '½', '¾')[quarters % 4]}" or "0"


def table(ways: Sequence[Way] = WAYS) -> str:
    """All ways in Markdown, a table each."""
    return "\n\n".join(map(_way, ways))


def _way(way: Way) -> str:
    whole = [part for _, parts in way.sittings for part in parts]
    rows = [f"| {name} | {', '.join(map(_part, parts))} | {hours(parts)} |" for name, parts in way.sittings]
    head = ["| When | What | Hours |", "| --- | --- | ---: |"]
    last = f"| **In all** |  | **{hours(whole)}** |"
    return "\n".join([f"## {way.name}", "", way.words, "", *head, *rows, last])


def _part(part: Part) -> str:
    lesson = course.find(str(part.lesson))
    amount = "" if part.much == WHOLE else f" ({part.much})"
    exercise = f" and its [exercise](exercises/{lesson.exercise.name})" if part.exercise else ""
    return f"[lesson {lesson.number}](notebooks/{lesson.name}.ipynb){amount}{exercise}"


def _minutes(pattern: str, text: str) -> int:
    found = re.search(pattern, text, re.IGNORECASE)
    if not found:
        raise ValueError(f"It states no minutes as {pattern!r}: {text[-200:]!r}")
    return int(found[1])
