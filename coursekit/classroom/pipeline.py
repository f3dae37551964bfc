"""Grading a class from beginning to end: find, mark, keep, write. What the commands ``grade`` and ``regrade`` do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from coursekit.classroom.intake.learners import Learner
from coursekit.classroom.intake.sources import open_source
from coursekit.classroom.intake.submissions import Submission, find
from coursekit.classroom.marking import engine
from coursekit.classroom.marking.engine import Marker, MarkingOutcome
from coursekit.classroom.marking.jobs import MarkingJob, job_for
from coursekit.classroom.marking.ledger import Ledger, Mark
from coursekit.classroom.marking.private import Checks, checks_for
from coursekit.classroom.marking.replaying import replay
from coursekit.classroom.report import exports, outputs
from coursekit.classroom.report.grades import NOT_MARKED, Grade, choose, grade, grouped
from coursekit.classroom.report.lateness import LatePolicy
from coursekit.classroom.report.overrides import Override, read_overrides
from coursekit.files import replace_file

SETTINGS = "batch.json"
FORMAT = 1


class NoBatch(ValueError):
    """A folder holds no batch that was graded; the message names it."""


@dataclass(frozen=True)
class Settings:
    """How a class is graded; kept beside the results, so that ``regrade`` does the same.

    Attributes:
        submissions: the folder or the zip archive.
        exercise: the exercise that all of them should answer; each notebook's own if empty.
        checks: the folder of private checks, or empty.
        cell_seconds: how long each cell may run.
        seconds: how long a whole submission may take.
        late_penalty: the rule for late submissions, or empty.
        deadline: in ISO 8601, or empty.
        attempts: which of a learner's attempts counts: ``"last"`` or ``"best"``.
        overrides: the CSV file of points given by hand, or empty.
        roster: the CSV file that an LMS exported, or empty.
        exports: the formats to write.
    """

    submissions: str
    exercise: str = ""
    checks: str = ""
    cell_seconds: float = 600.0
    seconds: float = 1800.0
    late_penalty: str = ""
    deadline: str = ""
    attempts: str = "last"
    overrides: str = ""
    roster: str = ""
    exports: tuple[str, ...] = ()

    def late(self) -> LatePolicy | None:
        """The rule for late submissions."""
        return LatePolicy.parse(self.late_penalty, self.deadline) if self.late_penalty else None


class Watch:
    """Is told how far the batch is; this one ignores it."""

    def reading(self, done: int, total: int) -> None:
        """So many files of all were read."""

    def begun(self, done: int, total: int) -> None:
        """So many jobs of all were marked earlier."""

    def marked(self, job: MarkingJob) -> None:
        """One more job is done."""


@dataclass(frozen=True)
class Result:
    """What grading a class gave.

    Attributes:
        grades: one for each submission.
        outcome: of the run.
        resumed: how many marks were there already.
        damaged: lines of the ledger that could not be read.
        rerun: submissions whose answers were not recorded for the new checks.
        written: the files that were written.
    """

    grades: list[Grade]
    outcome: MarkingOutcome
    resumed: int = 0
    damaged: tuple[int, ...] = ()
    rerun: tuple[Submission, ...] = ()
    written: tuple[Path, ...] = field(default=())


def grade_class(out: Path, settings: Settings, open_marker: Callable[[], Marker], watch: Watch | None = None) -> Result:
    """Grade all submissions that the ledger in ``out`` does not hold yet, and write every output anew.

    Args:
        out: the folder for the results.
        settings: how to grade.
        open_marker: makes the marker, as soon as it is known that the request can be carried out.
        watch: is told how far it is.
    """
    watch = watch or Watch()
    source = open_source(Path(settings.submissions))
    submissions = find(source, settings.exercise or None, watch.reading)
    plan = _Plan.of(submissions, settings)
    _keep_settings(out, settings, submissions)
    marker = open_marker()
    with Ledger(out) as ledger:
        before = len(plan.jobs.keys() & ledger.marks.keys())
        watch.begun(before, len(plan.jobs))
        outcome = engine.run(plan.jobs.values(), marker, source, ledger, watch.marked)
        grades = plan.grades(ledger.marks, outcome.failures)
        written = outputs.write(out, grades, source, settings.exports, settings.roster)
    return Result(grades, outcome, before, tuple(ledger.damaged), written=tuple(written))


def regrade_class(
    out: Path, settings: Settings, open_marker: Callable[[], Marker] | None = None, watch: Watch | None = None
) -> Result:
    """Mark all submissions of a graded class anew from their recorded answers, without running their code.

    Args:
        out: the folder with the results.
        settings: how to grade; see :func:`stored`.
        open_marker: makes what runs the submissions whose answers do not suffice; without it they keep their earlier
            mark.
        watch: is told how far it is.
    """
    watch = watch or Watch()
    submissions = stored_submissions(out)
    plan = _Plan.of(submissions, settings)
    with Ledger(out) as ledger:
        before = len(plan.jobs.keys() & ledger.marks.keys())
        watch.begun(before, len(plan.jobs))
        missing = []
        for job in plan.jobs.values():
            if job.key in ledger.marks:
                continue
            mark = replay(job, ledger)
            if mark is None:
                missing.append(job)
            else:
                ledger.add(mark)
                watch.marked(job)
        outcome, source = MarkingOutcome(marked=len(plan.jobs) - before - len(missing)), None
        if missing and open_marker:
            source = open_source(Path(settings.submissions))
            run = engine.run(missing, open_marker(), source, ledger, watch.marked)
            outcome = MarkingOutcome(outcome.marked + run.marked, run.failures, run.interrupted)
        grades = plan.grades(ledger.marks, outcome.failures, ledger.latest)
        written = outputs.write(out, grades, source, settings.exports, settings.roster)
        _keep_settings(out, settings, submissions)
    rerun = tuple(each.submission for each in grades if each.outdated or each.state == NOT_MARKED)
    return Result(grades, outcome, before, tuple(ledger.damaged), rerun, tuple(written))


def stored(out: Path) -> Settings:
    """How the class in a folder was graded.

    Raises:
        NoBatch: the folder holds no graded class.
    """
    kept = _stored(out)["settings"]
    return Settings(**kept | {"exports": tuple(kept["exports"])})


def stored_submissions(out: Path) -> list[Submission]:
    """The submissions of the class that was graded into a folder.

    Raises:
        NoBatch: the folder holds no graded class.
    """
    return [
        Submission(**each | {"learner": Learner(**each["learner"]), "notes": tuple(each["notes"])})
        for each in _stored(out)["submissions"]
    ]


def _stored(out: Path) -> dict:
    try:
        content = json.loads((out / SETTINGS).read_bytes())
    except FileNotFoundError as error:
        raise NoBatch(f"{out} holds no graded class. Name the folder that coursekit grade wrote to.") from error
    except (OSError, ValueError) as error:
        raise NoBatch(f"{out / SETTINGS} cannot be read: {error}. Run coursekit grade again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise NoBatch(f"{out / SETTINGS} comes from another version of coursekit. Run coursekit grade again.")
    return content


def _keep_settings(out: Path, settings: Settings, submissions: Iterable[Submission]) -> None:
    content = {"format": FORMAT, "settings": asdict(settings), "submissions": [asdict(each) for each in submissions]}
    replace_file(out / SETTINGS, json.dumps(content, indent=1).encode("ascii") + b"\n")


@dataclass(frozen=True)
class _Plan:
    """What is to be marked, and how marks become grades. Made before anything runs, so that mistakes show at once."""

    submissions: list[Submission]
    settings: Settings
    late: LatePolicy | None
    overrides: Mapping[tuple[str, str], list[Override]]
    checks: Mapping[str, Checks]
    jobs: dict[str, MarkingJob]
    key: dict[str, str]

    @classmethod
    def of(cls, submissions: list[Submission], settings: Settings) -> _Plan:
        names = sorted({each.exercise for each in submissions if each.usable} | ({settings.exercise} - {""}))
        checks = checks_for(names, Path(settings.checks) if settings.checks else None)
        overrides = _overrides(settings, checks, submissions)
        exports.check(settings.exports, settings.roster)
        jobs, key = {}, {}
        for each in submissions:
            if each.usable:
                job = job_for(each, checks[each.exercise], settings.cell_seconds, settings.seconds)
                jobs.setdefault(job.key, job)
                key[each.file] = job.key
        return cls(submissions, settings, settings.late(), overrides, checks, jobs, key)

    def grades(
        self,
        marks: Mapping[str, Mark],
        failures: Mapping[str, str],
        earlier: Callable[[str], Mark | None] = lambda run: None,
    ) -> list[Grade]:
        """The grade of every submission; where there is no mark, an earlier one's, marked as outdated."""
        made = []
        for each in self.submissions:
            key = self.key.get(each.file, "")
            mark = marks.get(key) or (earlier(self.jobs[key].run) if key else None)
            given = self.overrides.get((each.learner.id, each.exercise), [])
            outdated = mark is not None and mark.key != key
            most = self.checks[each.exercise].exercise.points if each.exercise in self.checks else 0.0
            made.append(grade(each, mark, failures.get(key, ""), self.late, given, outdated, most))
        return choose(made, self.settings.attempts)


def _overrides(
    settings: Settings, checks: Mapping[str, Checks], submissions: Iterable[Submission]
) -> Mapping[tuple[str, str], list[Override]]:
    if not settings.overrides:
        return {}
    questions = {name: tuple(each.exercise.questions) for name, each in checks.items()}
    return grouped(read_overrides(Path(settings.overrides), questions, {each.learner.id for each in submissions}))
