"""Late penalties: what is taken off for each day, or hour, begun after the deadline, and who has longer."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from coursekit.classroom.intake.csv_files import BadTable, number, read_table
from coursekit.classroom.intake.learners import ANONYMOUS, People
from coursekit.classroom.intake.rosters import CANVAS, MOODLE
from coursekit.classroom.intake.submissions import Submission
from coursekit.classroom.report.overrides import exercise_in, learner_in
from coursekit.errors import CoursekitError

RULE = re.compile(
    r"(?P<percent>\d+(\.\d+)?)\s*%\s*(?:/\s*(?P<unit>day|hour)\s*)?(?:,\s*(?:at most|max)\s*(?P<most>\d+(\.\d+)?)\s*%)?"
)
SECONDS = {"day": 86_400.0, "hour": 3_600.0}
MARKS_LATE = (CANVAS, ANONYMOUS)


class BadRule(CoursekitError):
    """A rule for late submissions, or a deadline, cannot be understood."""


@dataclass(frozen=True)
class LatePolicy:
    """What a late submission loses, in per cent of the points that could be earned, as in Canvas's late policy.

    Attributes:
        deadline: in seconds since 1970; ``None`` if only the platform's own marks count.
        percent: taken off once, or for each unit begun.
        unit: ``"day"``, ``"hour"`` or empty for once.
        most: at most so many per cent are taken off.
        rule: as it was written.
        extensions: the deadlines of learners who have longer, by learner and exercise.

    >>> policy = LatePolicy.parse("10%/day, at most 30%", "1970-01-02T00:00:00+00:00")
    >>> policy.share(86_400.0), policy.share(86_401.0), policy.share(86_400.0 * 99)
    (0.0, 0.1, 0.3)
    """

    deadline: float | None
    percent: float
    unit: str
    most: float = 100.0
    rule: str = ""
    extensions: dict[tuple[str, str], float] = field(default_factory=dict)

    @classmethod
    def parse(cls, rule: str, deadline: str | None) -> LatePolicy:
        """The policy that a rule such as ``"10%/day, at most 50%"`` and a deadline in ISO 8601 give.

        Raises:
            BadRule: either cannot be understood.
        """
        match = RULE.fullmatch(rule.strip())
        if match is None:
            examples = '"10%/day", "1%/hour, at most 50%" or "20%"'
            raise BadRule(f"--late-penalty {rule!r} is not understood. Write {examples}.")
        most = min(float(match["most"] or 100), 100.0)
        due = _time(f"--deadline {deadline!r}", deadline) if deadline else None
        return cls(due, float(match["percent"]), match["unit"] or "", most, rule.strip())

    def share(self, submitted: float | None, marked_late: bool = False, extended: float | None = None) -> float:
        """What is taken off, from 0 to 1, for a submission at ``submitted`` seconds since 1970.

        Where the platform marked it as late and the time does not show it, one unit counts.

        Args:
            submitted: when it came, ``None`` where that is not known.
            marked_late: whether the platform marked it.
            extended: the learner's own deadline, if there is one.
        """
        due = self.deadline if extended is None else extended
        late = 0.0 if due is None or submitted is None else submitted - due
        units = max(math.ceil(late / SECONDS[self.unit]) if self.unit else int(late > 0), int(marked_late))
        return min(max(units, 0) * self.percent, self.most) / 100

    def notes(self, submissions: Iterable[Submission]) -> list[str]:
        """What is to be said of how lateness is found, in sentences.

        Raises:
            BadRule: it cannot be found: there is no deadline, or no time that can be trusted.
        """
        listed = [each for each in submissions if each.usable]
        by_mark = [each for each in listed if each.late or each.platform in MARKS_LATE]
        timeless = [each for each in listed if each.submitted is None and each.platform not in MARKS_LATE]
        if self.deadline is None and listed and not by_mark:
            raise BadRule("--late-penalty needs a deadline as well: --deadline 2026-10-01T23:59, for example.")
        if self.deadline is not None and timeless and len(timeless) == len(listed):
            raise BadRule(f"--deadline: the files' times do not tell when they were handed in. {_advice(timeless[0])}")
        if by_mark:
            unit = f"one {self.unit}" if self.unit else "the penalty"
            return [f"Canvas's files have no times; {unit} counts for each that it marked LATE, by its own deadlines."]
        if timeless and self.deadline is not None:
            names = ", ".join(each.learner.name for each in timeless[:5])
            return [f"When {len(timeless)} were handed in is not known, so nothing is taken off: {names}."]
        return []


def read_extensions(
    path: Path, late: LatePolicy, exercises: Collection[str], people: People, submissions: Iterable[Submission]
) -> tuple[LatePolicy, list[str]]:
    """A policy with the extensions in a CSV file, with the columns ``learner``, ``exercise`` (where there are several),
    and ``deadline`` or ``days``.

    Args:
        path: the file.
        late: the policy, with its deadline.
        exercises: the names of all exercises.
        people: all learners.
        submissions: all of them.

    Returns:
        The policy, and what is to be said: learners who have handed in nothing.

    Raises:
        BadTable: a row cannot be understood, or whether a submission is in time cannot be told.
    """
    told: list[str] = []
    extensions: dict[tuple[str, str], float] = {}
    late_marks = {(each.learner.id, each.exercise) for each in submissions if each.late}
    for where, row in read_table(path).records(["learner"]):
        due = _extended(where, row, late)
        exercise = exercise_in(where, row, exercises)
        if not people.find(row["learner"]):
            told.append(f"{where}: nothing was handed in by {row['learner']!r}.")
            continue
        learner = learner_in(where, row, people)
        if (learner, exercise) in late_marks:
            advice = "Set it in Canvas, whose LATE follows, or give points by hand."
            raise BadTable(f"{where}: Canvas does not tell when a late file came, so no extension can be met. {advice}")
        if extensions.setdefault((learner, exercise), due) != due:
            raise BadTable(f"{where}: {row['learner']!r} has another extension above.")
    return replace(late, extensions=extensions), told


def _extended(where: str, row: dict[str, str], late: LatePolicy) -> float:
    """The deadline that a row gives."""
    deadline, days = row.get("deadline", ""), row.get("days", "")
    if bool(deadline) == bool(days):
        raise BadTable(f"{where}: write either a deadline or a number of days.")
    if deadline:
        return _time(f"{where}: deadline {deadline!r}", deadline)
    if late.deadline is None or not 0 <= number(days) < math.inf:
        raise BadTable(f"{where}: days are {days!r}; a number from 0 was expected, and --deadline.")
    return late.deadline + number(days) * SECONDS["day"]


def _advice(submission: Submission) -> str:
    if submission.platform == MOODLE:
        return "Give --roster with Moodle's grading worksheet, in English: it does."
    return "Leave --deadline out, and give points by hand."


def _time(what: str, text: str) -> float:
    """The time that a text in ISO 8601 gives; of a day, its end."""
    try:
        whole_day = timedelta(days=len(text.strip()) <= len("2026-10-01"))
        return (datetime.fromisoformat(text.strip()) + whole_day).timestamp()
    except (ValueError, OverflowError) as error:
        told = 'Write it as "2026-10-01T23:59", with "+02:00" for another time zone, or as "2026-10-01" for its end.'
        raise BadRule(f"{what} is not a time. {told}") from error
