"""Points that an instructor gives by hand, from one CSV file.

The file has the columns ``learner``, ``question``, ``points`` and ``comment``. ``learner`` is an id as in
``grades.csv``, or a name that only one learner has. A row with a question replaces the points of that question; a row
without replaces the total, after any late penalty; a row without points only comments. A column ``exercise`` is needed
only where several exercises are graded at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from coursekit.classroom.intake.csv_files import BadTable, number, read_table
from coursekit.classroom.intake.learners import People
from coursekit.names import did_you_mean

NEEDED = ("learner", "points")


@dataclass(frozen=True)
class Override:
    """Points given by hand, or only a comment where they are ``None``."""

    learner: str
    exercise: str
    question: str
    points: float | None
    comment: str


def read_overrides(path: Path, exercises: Mapping[str, Mapping[str, float]], people: People) -> list[Override]:
    """The overrides in a file.

    Args:
        path: the CSV file.
        exercises: the questions of each exercise, with their points.
        people: all learners.

    Raises:
        BadTable: a row names an unknown learner, exercise or question, or points that are no number, more than can be
            earned, or others than an earlier row gives for the same.
    """
    listed: list[Override] = []
    given: dict[tuple[str, str, str], float] = {}
    for where, row in read_table(path).records(NEEDED):
        made = _override(where, row, exercises, people)
        about = made.learner, made.exercise, made.question
        if made.points is not None and given.setdefault(about, made.points) != made.points:
            raise BadTable(f"{where}: a row above gives {row['learner']!r} {given[about]:g} points for the same.")
        listed.append(made)
    return listed


def _override(
    where: str, row: Mapping[str, str], exercises: Mapping[str, Mapping[str, float]], people: People
) -> Override:
    learner, exercise = learner_in(where, row, people), exercise_in(where, row, exercises)
    question, comment = row.get("question", ""), row.get("comment", "")
    questions = exercises[exercise]
    most = questions[known(where, "question", question, questions)] if question else sum(questions.values())
    if not row["points"] and comment:
        return Override(learner, exercise, question, None, comment)
    points = number(row["points"])
    if not 0 <= points <= most:
        raise BadTable(f"{where}: points are {row['points']!r}; a number from 0 to {most:g} was expected.")
    return Override(learner, exercise, question, points, comment)


def learner_in(where: str, row: Mapping[str, str], people: People) -> str:
    """The id of the learner that a row names.

    Raises:
        BadTable: there is no such learner, or several have this name.
    """
    found = people.find(row["learner"])
    if len(found) > 1:
        raise BadTable(
            f"{where}: {row['learner']!r} is the name of several learners: {', '.join(found)}. Write the id."
        )
    return found[0] if found else known(where, "learner", row["learner"], people.known)


def exercise_in(where: str, row: Mapping[str, str], exercises: Collection[str]) -> str:
    """The exercise that a row names; where it names none, the only one.

    Raises:
        BadTable: there is no such exercise, or it names none of several.
    """
    named = row.get("exercise", "")
    if not named and len(exercises) > 1:
        raise BadTable(f"{where}: several exercises are graded, so it needs a column exercise.")
    return known(where, "exercise", named or next(iter(exercises), ""), exercises)


def known(where: str, kind: str, name: str, names: Collection[str]) -> str:
    """``name``, which has to be one of ``names``.

    Raises:
        BadTable: it is none of them; the message offers the nearest.
    """
    if name in names:
        return name
    raise BadTable(f"{where}: there is no {kind} {name!r}. {did_you_mean(name, sorted(names))}")
