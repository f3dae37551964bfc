"""Whose a submission is, read from the names that learning platforms give to what they export.

What the exporter wrote counts; what the learner called the file never does. So the platform is decided once, from all
names of a batch, and a name that can be read in two ways is nobody's.

Canvas (``lib/content_zipper.rb``): ``NAME[_LATE]_USER_FILE_`` before the learner's own file name, or before
``text.html`` and ``link.html`` without ``FILE_``; ``NAME`` is the sortable name, or the group's, in lower case and
without what is no letter, digit or underscore. In an anonymous assignment ``[LATE_]anon_CODE`` stands instead of name
and user.

Moodle (``mod/assign/classes/downloader.php``): a folder ``NAME_PARTICIPANT_assignsubmission_PLUGIN``, up to 4.0 with an
underscore after it, or the same and an underscore before the file's name. ``NAME`` has no underscore; where
participants are hidden it is the word *Participant*, and where teams hand in it is the team's, the number the team's,
and for those without a team there is no number: a team's number must never be taken for a participant's.

Gradescope: folders ``submission_NUMBER`` and ``submission_metadata.yml``. GitHub Classroom (``gh classroom clone
student-repos``): clones. There and everywhere else: the name of the learner's folder, else of the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from coursekit import course
from coursekit.classroom.intake.cleaning import cell, clean, file_name
from coursekit.classroom.intake.rosters import CANVAS, MOODLE, Roster, is_word
from coursekit.classroom.intake.sources import SourceFile, is_notebook
from coursekit.worker.bounds import NAME_CHARACTERS

ANONYMOUS, GRADESCOPE, GIT, PLAIN = "canvas anonymous", "gradescope", "git", ""
METADATA = "submission_metadata.yml"
NUMBER = re.compile("[1-9][0-9]{0,19}")  # in a data base
MOODLE_NAME = re.compile(
    r"(?P<prefix>(?P<name>[^_]+)(?:_(?P<number>[0-9]+))?)_assignsubmission_[a-z0-9]+(?:_(?P<file>.*))?", re.DOTALL
)
ANONYMOUS_NAME = re.compile(
    r"(?P<late>LATE_)?(?P<who>anon_[^_]+)_(?:(?P<number>[1-9][0-9]{0,19})_(?P<file>.+)|(?:text|link)\.html)", re.DOTALL
)
GRADESCOPE_NAME = re.compile("submission_[0-9]+")
COPY = re.compile(r"(?P<base>.+?)(?:-| \(|-Copy| - Copy \(| copy |(?P<first> - Copy| copy))(?P<number>[0-9]{0,9})\)?")
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
        upload: grows from an earlier to a later upload of the same learner, where no time tells.
        problem: why it cannot be told whose it is, or empty.
    """

    learner: Learner
    late: bool = False
    upload: tuple[int, int] = (0, 0)
    problem: str = ""


@dataclass(frozen=True)
class Reading:
    """One way to read a name that Canvas wrote."""

    name: str
    late: bool
    user: str
    file: int


class Layout:
    """How the files of one batch are named, decided from all of them.

    Args:
        files: all of the batch, hidden ones too.
        roster: the class as the LMS exported it, if there is one.
        is_archive: whether they lie in an archive, where one outer folder may only wrap the others.

    Attributes:
        platform: ``"canvas"``, ``"canvas anonymous"``, ``"moodle"``, ``"gradescope"``, ``"git"`` (clones), or empty.

    >>> def whose(*names):
    ...     layout = Layout([SourceFile(PurePosixPath(name)) for name in names])
    ...     return [layout.origin(PurePosixPath(name)).learner.id for name in names]
    >>> whose("Ada Lovelace_4711_assignsubmission_file/x.ipynb"), whose("lovelaceada_LATE_22_8841_x.ipynb")
    (['4711'], ['22'])
    >>> whose("ada/week_1/x.ipynb", "bob_01_mnist_dense.ipynb")
    ['ada', 'bob']
    """

    def __init__(self, files: Sequence[SourceFile], roster: Roster | None = None, is_archive: bool = False) -> None:
        paths = [file.path for file in files if not file.hidden]
        self._roster = roster
        self.platform, self._depth = _platform(files, paths)
        if self.platform == PLAIN and is_archive:
            self._depth = _wrappers(paths)
        self._stems = {_composed(path.stem) for path in paths if len(path.parts) == self._depth + 1}
        self._names: dict[str, set[str]] = defaultdict(set)
        for entry in _entries(files, self._depth):
            for number, name in _numbered(self.platform, entry):
                self._names[number].add(name)
        self._teams = self.platform == MOODLE and "" in self._names

    def is_outside(self, file: SourceFile) -> bool:
        """Whether a hidden file lies beside the learners, not within the work of one; or is the platform's own."""
        within = file.path.parts[self._depth :]
        return len(within) < 2 and (file.hidden or (self.platform == GRADESCOPE and within == (METADATA,)))

    def origin(self, path: PurePosixPath) -> Origin:
        """Whose the file at ``path``, within the place that holds the submissions, is."""
        first, *rest = path.parts[self._depth :] or path.parts
        if self.platform == MOODLE:
            return self._moodle(first, rest)
        if self.platform == CANVAS:
            return self._canvas(first, bool(rest))
        if self.platform == ANONYMOUS:
            return self._anonymous(first)
        if rest:
            return Origin(_learner(first, first), upload=(0, _copy(path.stem)[1]))
        return self._flat(_composed(PurePosixPath(first).stem))

    def _moodle(self, first: str, rest: Sequence[str]) -> Origin:
        match = MOODLE_NAME.fullmatch(first)
        if match is None:
            return _nobody(first, "Moodle")
        number, name = match["number"] or "", match["name"]
        file = PurePosixPath(rest[-1] if rest else match["file"] or "")
        if self._roster and self._roster.kind == MOODLE:
            known = self._roster.agrees(number, name)
        else:
            known = bool(number) and not self._teams and len(self._names[number]) == 1
        return Origin(_learner(number if known else match["prefix"], name), upload=(0, _copy(file.stem)[1]))

    def _canvas(self, first: str, within: bool) -> Origin:
        readings = [] if within else list(_readings(first))
        if len(readings) > 1 and self._roster:
            agreeing = [each for each in readings if self._roster.agrees(each.user, each.name)]
            readings = agreeing if len(agreeing) == 1 else readings
        if not readings:
            return _nobody(first, "Canvas")
        if len(readings) > 1:
            users = " or of ".join(f"user {each.user}" for each in readings)
            advice = "Rename it, or give --roster with Canvas's Gradebook export, if it is in there."
            return Origin(_learner(first, first), problem=f"Its name can be read as of {users}. {advice}")
        (only,) = readings
        known = len(self._names[only.user]) < 2
        who = _learner(only.user if known else f"{only.name}_{only.user}", only.name)
        return Origin(who, only.late, (only.file, _copy(PurePosixPath(first).stem)[1]))

    def _anonymous(self, first: str) -> Origin:
        match = ANONYMOUS_NAME.fullmatch(first)
        if match is None:
            return _nobody(first, "Canvas")
        upload = (int(match["number"] or 0), _copy(PurePosixPath(first).stem)[1])
        return Origin(_learner(match["who"], match["who"]), bool(match["late"]), upload)

    def _flat(self, stem: str) -> Origin:
        """A file beside others: a copy belongs to the one whose file it is a copy of."""
        base, number = _copy(stem)
        if number and (base in self._stems or _without_exercise(base) != base):
            stem = base
        name = _without_exercise(stem)
        return Origin(_learner(name, name), upload=(0, number))


class People:
    """The learners of a batch, as instructors name them in CSV files: by id, as in ``grades.csv``, or by a name that
    only one of them has."""

    def __init__(self, learners: Iterable[Learner]) -> None:
        self._ids: dict[str, set[str]] = defaultdict(set)
        self._names: dict[str, set[str]] = defaultdict(set)
        for each in learners:
            for written in (each.id, str(cell(each.id))):
                self._ids[written].add(each.id)
            self._names[each.name].add(each.id)

    def find(self, text: str) -> list[str]:
        """The ids of all learners that ``text`` may mean."""
        text = _composed(text)
        return sorted(self._ids.get(text) or self._names.get(text) or ())

    @property
    def known(self) -> list[str]:
        """All ids and names."""
        return sorted({*(each for ids in self._ids.values() for each in ids), *self._names})


def _platform(files: Sequence[SourceFile], paths: Sequence[PurePosixPath]) -> tuple[str, int]:
    """Whose exporter wrote most of the names, and how many outer folders lie around them."""
    for depth in range(_common(paths) + 1):
        entries = _entries(files, depth)
        fits = {
            ANONYMOUS: sum(flat and bool(ANONYMOUS_NAME.fullmatch(entry)) for entry, flat in entries.items()),
            MOODLE: sum(bool(MOODLE_NAME.fullmatch(entry)) for entry in entries),
            GRADESCOPE: METADATA in entries and 1 + sum(bool(GRADESCOPE_NAME.fullmatch(entry)) for entry in entries),
            GIT: len(_clones(files, depth)),
            CANVAS: sum(flat and any(_readings(entry)) for entry, flat in entries.items()),
        }
        best = max(fits, key=lambda each: fits[each])
        if 2 * fits[best] > len(entries) and (depth == 0 or len(entries) > 1):
            return best, depth
    return PLAIN, 0


def _entries(files: Iterable[SourceFile], depth: int) -> dict[str, bool]:
    """The names within so many outer folders, each with whether it is a file; hidden ones there are left out."""
    inside = (file.path.parts[depth:] for file in files if len(file.path.parts) > depth + file.hidden)
    return {parts[0]: len(parts) == 1 for parts in inside}


def _clones(files: Iterable[SourceFile], depth: int) -> set[str]:
    """The folders within so many outer ones that are clones by git, which sets the files' times anew."""
    return {file.path.parts[depth] for file in files if file.path.parts[depth + 1 :] == (".git",)}


def _common(paths: Sequence[PurePosixPath]) -> int:
    """How many outer folders all paths share."""
    shortest = min((len(path.parts) for path in paths), default=1)
    return next(
        (depth for depth in range(shortest - 1) if len({path.parts[depth] for path in paths}) > 1), shortest - 1
    )


def _wrappers(paths: Sequence[PurePosixPath]) -> int:
    """How many outer folders only wrap those, or the files, of the learners."""
    depth = _common(paths)
    folders = {path.parts[depth] for path in paths if len(path.parts) > depth + 1 and is_notebook(path)}
    stems = {path.stem for path in paths if len(path.parts) == depth + 1 and is_notebook(path)}
    named = {stem for stem in stems if all(stem not in lesson.exercise_names for lesson in course.LESSONS)}
    wraps = len(folders) + len(named) > 1 and (folders or depth < 2)
    return depth if wraps else max(depth - 1, 0)


def _numbered(platform: str, entry: str) -> Iterator[tuple[str, str]]:
    """The number that the platform gave to whose an entry is, and the name; the number is empty for no team."""
    if platform == MOODLE and (match := MOODLE_NAME.fullmatch(entry)):
        yield match["number"] or "", _composed(match["name"])
    elif platform == CANVAS and len(readings := list(_readings(entry))) == 1:
        yield readings[0].user, _composed(readings[0].name)


def _readings(entry: str) -> Iterator[Reading]:
    """All ways to read a name as Canvas's.

    >>> [each.user for each in _readings("group_3_110_9011_01_mnist_dense.ipynb")]
    ['3', '110']
    >>> [each.user for each in _readings("noetheremmy_108_text.html")]
    ['108']
    """
    parts = entry.split("_") if len(entry) <= NAME_CHARACTERS else []
    for place in range(1, len(parts) - 1):
        user, after = parts[place], parts[place + 1]
        is_text = place == len(parts) - 2 and after in ("text.html", "link.html")
        is_file = place < len(parts) - 2 and NUMBER.fullmatch(after)
        late = parts[place - 1] == "LATE" and place > 1
        name = "_".join(parts[: place - late])
        if NUMBER.fullmatch(user) and (is_text or is_file) and _canvas_wrote(name):
            yield Reading(name, late, user, int(after) if is_file else 0)


def _canvas_wrote(name: str) -> bool:
    return bool(name) and not re.search("[A-Z]", name) and all(map(is_word, name))


def _copy(stem: str) -> tuple[str, int]:
    """A file's name without what marks it as a copy or a further download, and the number of that; 0 if it is none.

    >>> _copy("ada-2"), _copy("ada (1)"), _copy("ada-Copy3"), _copy("ada copy"), _copy("ada")
    (('ada', 2), ('ada', 1), ('ada', 3), ('ada', 1), ('ada', 0))
    """
    match = COPY.fullmatch(stem)
    if match is None or not (match["number"] or match["first"]):
        return stem, 0
    return match["base"], int(match["number"] or 1)


def _without_exercise(stem: str) -> str:
    names = [name for lesson in course.LESSONS for name in lesson.exercise_names]
    for name in [] if stem in names else names:
        shorter = stem
        if (after := shorter.removeprefix(name)) != shorter and after.startswith(SEPARATORS):
            shorter = after.lstrip("".join(SEPARATORS))
        if (before := shorter.removesuffix(name)) != shorter and before.endswith(SEPARATORS):
            shorter = before.rstrip("".join(SEPARATORS))
        if shorter not in (stem, ""):
            return shorter
    return stem


def _nobody(first: str, platform: str) -> Origin:
    told = f"Its name is not as {platform} writes it, as most of the others are, so whose it is cannot be told."
    return Origin(_learner(first, first), problem=told)


def _learner(identity: str, name: str) -> Learner:
    """A learner whose id is what can be written as it is; what cannot be gets a digest, so that no two become one."""
    plain = _cleaned(identity)
    return Learner(plain if plain == _composed(identity) else file_name(identity), _cleaned(name))


def _cleaned(text: str) -> str:
    return _composed(clean(text)).strip()


def _composed(text: str) -> str:
    """The normal form of a text that Finder and others write in several."""
    return unicodedata.normalize("NFC", text)
