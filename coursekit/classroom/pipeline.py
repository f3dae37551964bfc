"""Grading a class from beginning to end: find, mark, keep, write. What the commands ``grade`` and ``regrade`` do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from coursekit.classroom.intake.csv_files import BadTable
from coursekit.classroom.intake.learners import PLAIN, Learner, People
from coursekit.classroom.intake.rosters import CANVAS, MOODLE, Roster, read_roster
from coursekit.classroom.intake.sources import open_source
from coursekit.classroom.intake.submissions import HandedIn, Submission, find
from coursekit.classroom.marking import engine
from coursekit.classroom.marking.engine import Marker, MarkingOutcome
from coursekit.classroom.marking.jobs import MarkingJob, job_for
from coursekit.classroom.marking.ledger import Ledger
from coursekit.classroom.marking.private import checks_for
from coursekit.classroom.marking.seeds import NAME as SECRET
from coursekit.classroom.marking.seeds import read_secret, secret_of
from coursekit.classroom.report import exports, outputs
from coursekit.classroom.report.grades import NOT_MARKED, Grade, choose, grade
from coursekit.classroom.report.lateness import BadRule, LatePolicy, read_extensions
from coursekit.classroom.report.overrides import read_overrides
from coursekit.classroom.settings import GradingSettings, changes, keep_batch, read_batch

NEW_SECRET = (
    "{} was missing and is made anew: what ran now has other draws than what ran before. A class that version 0.1 "
    "graded had none, since it drew nothing."
)
OpenMarker = Callable[[], AbstractContextManager[Marker]]


class Watch:
    """Is told how far the batch is; this one ignores it."""

    def reading(self, done: int, total: int) -> None:
        """So many files of all were read."""

    def begun(self, done: int, total: int) -> None:
        """So many jobs of all were marked earlier."""

    def marked(self, job: MarkingJob) -> None:
        """One more job is done."""


SILENT = Watch()


@dataclass(frozen=True)
class ClassResult:
    """What grading a class gave.

    Attributes:
        grades: one for each submission.
        outcome: of the run.
        resumed: how many marks were there already.
        damaged: lines of the ledger that could not be read.
        written: the files that were written.
        rerun: submissions whose answers were not recorded for the new checks.
        told: what an instructor should know of lateness, extensions and exports, in sentences.
        unlisted: marks that stand in no row of an export.
    """

    grades: list[Grade]
    outcome: MarkingOutcome
    resumed: int
    damaged: tuple[int, ...]
    written: tuple[Path, ...]
    rerun: tuple[Submission, ...] = ()
    told: tuple[str, ...] = ()
    unlisted: tuple[Grade, ...] = ()


def grade_class(out: Path, settings: GradingSettings, open_marker: OpenMarker, watch: Watch = SILENT) -> ClassResult:
    """Grade all submissions that the ledger in ``out`` does not hold yet, and write every output anew.

    Args:
        out: the folder for the results.
        settings: how to grade.
        open_marker: makes the marker for a ``with`` statement, as soon as it is known that the request can be carried
            out.
        watch: is told how far it is.

    Raises:
        coursekit.classroom.settings.OtherBatch: the folder holds marks that would be lost.
    """
    handed_in = HandedIn(open_source(Path(settings.submissions)))
    plan = _planned(handed_in, settings, watch)
    with Ledger(out) as ledger:
        plan.told += changes(out, settings, plan.submissions)
        keep_batch(out, settings, plan.submissions)
        resumed = plan.resumed(ledger, watch)
        with open_marker() as marker:
            outcome = engine.run(plan.to_run(ledger, out), marker, handed_in, ledger, watch.marked)
        return plan.result(out, ledger, outcome, resumed, handed_in)


def rehearse(out: Path, settings: GradingSettings) -> tuple[list[Submission], list[str]]:
    """What :func:`grade_class` would do: the submissions, and what there is to tell. Nothing is run or written."""
    plan = _planned(HandedIn(open_source(Path(settings.submissions))), settings, SILENT)
    return plan.submissions, plan.told + changes(out, settings, plan.submissions)


def _planned(handed_in: HandedIn, settings: GradingSettings, watch: Watch) -> _Plan:
    roster = read_roster(Path(settings.roster)) if settings.roster else None
    return _Plan(find(handed_in, settings.exercise or None, watch.reading, roster), settings, roster)


def regrade_class(
    out: Path, settings: GradingSettings, open_marker: OpenMarker | None = None, watch: Watch = SILENT
) -> ClassResult:
    """Mark all submissions of a graded class anew from their recorded answers, without running their code.

    Args:
        out: the folder with the results.
        settings: how to grade; see :func:`coursekit.classroom.settings.read_batch`.
        open_marker: makes what runs the submissions whose answers do not suffice; without it they keep their earlier
            mark.
        watch: is told how far it is.
    """
    roster = read_roster(Path(settings.roster)) if settings.roster else None
    plan = _Plan(read_batch(out).submissions, settings, roster)
    with Ledger(out) as ledger:
        resumed = plan.resumed(ledger, watch)
        for job in plan.missing(ledger):
            if mark := engine.replay(job, ledger):
                ledger.add(mark)
                watch.marked(job)
        outcome, handed_in = MarkingOutcome(), None
        if open_marker and (missing := plan.to_run(ledger, out)):
            handed_in = HandedIn(open_source(Path(settings.submissions)))
            with open_marker() as marker:
                outcome = engine.run(missing, marker, handed_in, ledger, watch.marked)
        result = plan.result(out, ledger, outcome, resumed, handed_in, regraded=True)
        keep_batch(out, settings, plan.submissions)
    rerun = (each.submission for each in result.grades if each.outdated or each.state == NOT_MARKED)
    return replace(result, rerun=tuple(rerun))


class _Plan:
    """What is to be marked, and how marks become grades. Made before anything runs, so that mistakes show at once.

    Attributes:
        jobs: by their keys.
        job_of: the job of each file that can be marked.
        told: what an instructor should know, in sentences.
    """

    def __init__(self, submissions: list[Submission], settings: GradingSettings, roster: Roster | None = None) -> None:
        self.submissions, self.settings, self.roster = submissions, settings, roster
        names = {each.exercise for each in submissions if each.usable} | ({settings.exercise} - {""})
        self.checks = checks_for(names, Path(settings.checks) if settings.checks else None)
        points = {name: each.exercise.points for name, each in self.checks.items()}
        self.told = exports.check(settings.exports, roster, points, settings.column)
        self.told += exports.warnings(settings.exports, roster, submissions, settings.column)
        self._check_platform()
        self.told += _all_of_one(submissions)
        learners = [each.learner for each in submissions]
        if roster:
            learners += [Learner(each.id, roster.name(each.id)) for each in learners if each.id in roster.people]
        people = People(learners)
        questions = {
            name: {question.name: question.points for question in each.exercise.questions.values()}
            for name, each in self.checks.items()
        }
        self.overrides = read_overrides(Path(settings.overrides), questions, people) if settings.overrides else []
        self.late = self._late_policy(people)
        self.jobs: dict[str, MarkingJob] = {}
        self.job_of: dict[str, MarkingJob] = {}
        for each in submissions:
            if each.usable:
                job = job_for(each, self.checks[each.exercise], settings)
                self.job_of[each.file] = self.jobs.setdefault(job.key, job)

    def _check_platform(self) -> None:
        """See that numbers mean the same people where they come from and where they go to."""
        settings, platforms = self.settings, {each.platform for each in self.submissions}
        if settings.feedback_zip and platforms and MOODLE not in platforms:
            raise exports.UnknownFormat("--feedback-zip is for what Moodle exported, and these names are not Moodle's.")
        if self.roster and platforms & {CANVAS, MOODLE} - {self.roster.kind}:
            raise BadTable(
                f"{self.roster.table.path} is {self.roster.kind.title()}'s, and the submissions are another's."
            )
        if self.roster is None and (settings.feedback_zip or MOODLE in settings.exports):
            self.told.append("moodle: without --roster, a team's number would be taken for a participant's.")

    def _late_policy(self, people: People) -> LatePolicy | None:
        settings = self.settings
        if not settings.late_penalty:
            if option := "--deadline" if settings.deadline else "--extensions" if settings.extensions else "":
                raise BadRule(f'{option} needs a rule as well: --late-penalty "10%/day", for example.')
            return None
        late = LatePolicy.parse(settings.late_penalty, settings.deadline)
        self.told += late.notes(self.submissions)
        if settings.extensions:
            path = Path(settings.extensions)
            late, told = read_extensions(path, late, self.checks, people, self.submissions)
            self.told += told
        return late

    def missing(self, ledger: Ledger) -> list[MarkingJob]:
        """The jobs that have no mark yet, or one that others took the time for."""
        return [job for key, job in self.jobs.items() if key not in ledger.marks or ledger.marks[key].starved]

    def to_run(self, ledger: Ledger, out: Path) -> list[MarkingJob]:
        """The same with the seeds of their draws, from the secret of the batch, which is made if there is none."""
        missing = self.missing(ledger)
        if missing and ledger.marks and read_secret(out) is None:
            self.told.append(NEW_SECRET.format(out / SECRET))
        secret = secret_of(out) if missing else b""
        return [job.seeded(secret) for job in missing]

    def resumed(self, ledger: Ledger, watch: Watch) -> int:
        """How many jobs were marked earlier."""
        done = len(self.jobs) - len(self.missing(ledger))
        watch.begun(done, len(self.jobs))
        return done

    def result(
        self,
        out: Path,
        ledger: Ledger,
        outcome: MarkingOutcome,
        resumed: int,
        handed_in: HandedIn | None,
        regraded: bool = False,
    ) -> ClassResult:
        """Make the grades and write every output; in a regraded class, an earlier mark will do where there is none."""
        grades = [self._grade(each, ledger, outcome, regraded) for each in self.submissions]
        grades = choose(grades, self.settings.attempts)
        unlisted = exports.unlisted(self.settings.addressed, grades, self.roster)
        written = outputs.write(out, grades, handed_in, self.settings, self.roster, unlisted)
        damaged = tuple(ledger.damaged)
        return ClassResult(
            grades, outcome, resumed, damaged, tuple(written), told=tuple(self.told), unlisted=tuple(unlisted)
        )

    def _grade(self, submission: Submission, ledger: Ledger, outcome: MarkingOutcome, regraded: bool) -> Grade:
        checks, job = self.checks.get(submission.exercise), self.job_of.get(submission.file)
        mark, failure = None, ""
        if job:
            mark = ledger.marks.get(job.key) or (ledger.latest(job.run) if regraded else None)
            failure = outcome.failures.get(job.key, "")
        outdated = bool(job and mark and mark.key != job.key)
        most = checks.exercise.points if checks else 0.0
        return grade(submission, mark, failure, self.late, self.overrides, outdated, most, self.settings.strict)


def _all_of_one(submissions: Sequence[Submission]) -> list[str]:
    """What to say where all files count as one learner's: their folder may lie around those of all, or their names be
    the exercise's."""
    usable = [each for each in submissions if each.usable and each.platform == PLAIN]
    if len({each.learner for each in usable}) != 1 or not any(each.attempt > 1 for each in usable):
        return []
    told = (
        f"All {len(usable)} notebooks count as attempts of one learner, {usable[0].learner.name}. If they are several"
    )
    return [f"{told} learners', name the folder that holds theirs, or each file after its learner."]
