"""Names the lesson that runs in full beside the tests: one that the last commit touched, else the next in turn.

The turn goes by the day, not by the oldest record: no test writes records, so that the oldest would stay the oldest.
"""

from __future__ import annotations

import datetime
import subprocess

from coursekit import course


def lesson_in_turn(touched: list[str], day: int) -> str:
    """The path of a lesson's notebook.

    Args:
        touched: paths of files that the last commit changed.
        day: counted from any day.

    >>> lesson_in_turn(["README.md", "notebooks/04_cnn.ipynb"], 0)
    'notebooks/04_cnn.ipynb'
    >>> lesson_in_turn([], 1) != lesson_in_turn([], 2)
    True
    """
    lessons = [lesson.notebook.relative_to(course.root()).as_posix() for lesson in course.LESSONS]
    candidates = [path for path in lessons if path in touched] or lessons
    return candidates[day % len(candidates)]


def main() -> None:
    """Print the path."""
    command = ["git", "diff", "--name-only", "HEAD~1", "HEAD"]
    found = subprocess.run(
        command, cwd=course.root(), capture_output=True, text=True
    )  # empty where there is no history
    print(lesson_in_turn(found.stdout.splitlines(), datetime.date.today().toordinal()))


if __name__ == "__main__":
    main()
