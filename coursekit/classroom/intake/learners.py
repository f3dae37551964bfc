"""Whose a submission is, read from the names that learning platforms give to what they export.

Moodle ("Download all submissions", file ``mod/assign/locallib.php``): a folder, or the start of a file name,
``Full Name_PARTICIPANT_assignsubmission_file_``. Canvas ("Download Submissions"):
``lastnamefirstname_USER_SUBMISSION_`` before the learner's own file name, with ``LATE`` after the name where it was
late, and ``-1``, ``-2`` … at the end for a file that was uploaded again. Anything else: the name of the learner's
folder, else of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from coursekit import course
from coursekit.classroom.intake.cleaning import clean

MOODLE = re.compile(r"(?P<name>[^/]+)_(?P<id>\d+)_assignsubmission_[a-z]+(_(?P<file>.*))?")
CANVAS = re.compile(r"(?P<name>[^_/]+)(?P<late>_LATE)?_(?P<id>\d+)_(?P<submission>\d+)_(?P<file>.+)")
CANVAS_AGAIN = re.compile(r".+-(?P<attempt>\d+)")
SEPARATORS = ("-", "_", ".", " ")  # of a learner's name and the exercise's


@dataclass(frozen=True)
class Learner:
    """Who handed something in.

    Attributes:
        id: what the platform knows the learner by: Moodle's participant number, Canvas's user number; else the name of
            the learner's folder or file.
        name: what people call the learner, as far as the file names tell.
    """

    id: str
    name: str


@dataclass(frozen=True)
class Origin:
    """What a path tells of a submission.

    Attributes:
        learner: whose it is.
        late: whether the platform marked it as late.
        upload: which upload of the same file it is, from 0.
    """

    learner: Learner
    late: bool = False
    upload: int = 0


def origin(path: PurePosixPath) -> Origin:
    """Whose the file at ``path``, within the place that holds the submissions, is.

    >>> origin(PurePosixPath("Ada Lovelace_4711_assignsubmission_file/01_mnist_dense.ipynb")).learner
    Learner(id='4711', name='Ada Lovelace')
    >>> origin(PurePosixPath("lovelaceada_LATE_22_8841_01_mnist_dense-2.ipynb"))
    Origin(learner=Learner(id='22', name='lovelaceada'), late=True, upload=2)
    >>> origin(PurePosixPath("ada/week_1/01_mnist_dense.ipynb")).learner.id
    'ada'
    >>> origin(PurePosixPath("ada_01_mnist_dense.ipynb")).learner.id
    'ada'
    """
    first = path.parts[0] if path.parts else ""
    if match := MOODLE.fullmatch(first):
        return Origin(_learner(match["id"], match["name"]))
    if (match := CANVAS.fullmatch(first)) and len(path.parts) == 1:
        again = CANVAS_AGAIN.fullmatch(PurePosixPath(match["file"]).stem)
        return Origin(_learner(match["id"], match["name"]), bool(match["late"]), int(again["attempt"]) if again else 0)
    if len(path.parts) > 1:
        return Origin(_learner(first, first))
    name = _without_exercise(PurePosixPath(first).stem)
    return Origin(_learner(name, name))


def _without_exercise(stem: str) -> str:
    for lesson in course.LESSONS:
        shorter = stem
        if (after := shorter.removeprefix(lesson.name)) != shorter and after.startswith(SEPARATORS):
            shorter = after.lstrip("".join(SEPARATORS))
        if (before := shorter.removesuffix(lesson.name)) != shorter and before.endswith(SEPARATORS):
            shorter = before.rstrip("".join(SEPARATORS))
        if shorter not in (stem, ""):
            return shorter
    return stem


def _learner(number: str, name: str) -> Learner:
    return Learner(clean(number), clean(name).strip())
