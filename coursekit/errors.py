"""The one family of errors that a person can mend."""

from __future__ import annotations

WHEN_IT_FAILS = "docs/when_it_fails.md"  # in the course, and in the learner's copy of it
WHAT_HELPS = f"What helps: {WHEN_IT_FAILS}."


class CoursekitError(Exception):
    """Something cannot be done as it was asked; the message says what was wrong and what to do.

    The command line prints the message, without a traceback, and ends with ``exit_code``; a notebook shows no more.
    """

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]
