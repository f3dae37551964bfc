"""Late penalties: what is taken off for each day, or hour, begun after the deadline."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime

from coursekit.errors import CoursekitError

RULE = re.compile(
    r"(?P<percent>\d+(\.\d+)?)\s*%\s*(?:/\s*(?P<unit>day|hour)\s*)?(?:,\s*(?:at most|max)\s*(?P<most>\d+(\.\d+)?)\s*%)?"
)
SECONDS = {"day": 86_400.0, "hour": 3_600.0}


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

    >>> policy = LatePolicy.parse("10%/day, at most 30%", "1970-01-02T00:00:00+00:00")
    >>> policy.share(86_400.0), policy.share(86_401.0), policy.share(86_400.0 * 99)
    (0.0, 0.1, 0.3)
    """

    deadline: float | None
    percent: float
    unit: str
    most: float = 100.0

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
        return cls(_time(deadline) if deadline else None, float(match["percent"]), match["unit"] or "", most)

    def share(self, submitted: float | None, marked_late: bool = False) -> float:
        """What is taken off, from 0 to 1, for a submission at ``submitted`` seconds since 1970.

        Where the platform marked it as late and the time does not show it, one unit counts.
        """
        late = 0.0 if self.deadline is None or submitted is None else submitted - self.deadline
        units = max(math.ceil(late / SECONDS[self.unit]) if self.unit else int(late > 0), int(marked_late))
        return min(max(units, 0) * self.percent, self.most) / 100


def _time(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise BadRule(f'--deadline {text!r} is not a time. Write it as "2026-10-01T23:59" or with "+02:00".') from error
