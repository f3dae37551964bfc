"""Grading a class from beginning to end: find, mark, keep, write. What the commands ``grade`` and ``regrade`` do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from coursekit.classroom.intake.sources import SubmissionSource, open_source
from coursekit.classroom.intake.submissions import Submission, find
from coursekit.classroom.marking import engine
from coursekit.classroom.marking.engine import Marker, MarkingOutcome
from coursekit.classroom.marking.jobs import MarkingJob, job_for
from coursekit.classroom.marking.ledger import Ledger
from coursekit.classroom.marking.private import checks_for
from coursekit.classroom.marking.seeds import secret_of
from coursekit.classroom.report import exports, outputs
from coursekit.classroom.report.grades import NOT_MARKED, Grade, choose, grade
from coursekit.classroom.report.lateness import LatePolicy
from coursekit.classroom.report.overrides import read_overrides
from coursekit.classroom.settings import GradingSettings, keep_batch, read_batch

OpenMarker = Callable[[], AbstractContextManager[Marker]]


class Watch:
    """Is told how far the batch is; this one ignores it."""

    def reading(self, done: int, total: int) -> None:
        """So many files of all were read."""

    def begun(self, done: int, total: int) -> None:
        """So many jobs of all were marked earlier."""

    def marked(self, job: MarkingJob) -> None:
        """One more job is done."""


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
    """

    grades: list[Grade]
    outcome: MarkingOutcome
    resumed: int
    damaged: tuple[int, ...]
    written: tuple[Path, ...]
    rerun: tuple[Submission, ...] = ()


def grade_class(
    out: Path, settings: GradingSettings, open_marker: OpenMarker, watch: Watch | None = None
) -> ClassResult:
    """Grade all submissions that the ledger in ``out`` does not hold yet, and write every output anew.

    Args:
        out: the folder for the results.
        settings: how to grade.
        open_marker: makes the marker for a ``with`` statement, as soon as it is known that the request can be carried
            out.
        watch: is told how far it is.
    """
    watch = watch or Watch()
    source = open_source(Path(settings.submissions))
    plan = _Plan(find(source, settings.exercise or None, watch.reading), settings)
    keep_batch(out, settings, plan.submissions)
    with open_marker() as marker, Ledger(out) as ledger:
        resumed = plan.resumed(ledger, watch)
        outcome = engine.run(plan.to_run(ledger, out), marker, source, ledger, watch.marked)
        return plan.result(out, ledger, outcome, resumed, source)


def regrade_class(
    out: Path, settings: GradingSettings, open_marker: OpenMarker | None = None, watch: Watch | None = None
) -> ClassResult:
    """Mark all submissions of a graded class anew from their recorded answers, without running their code.

    Args:
        out: the folder with the results.
        settings: how to grade; see :func:`coursekit.classroom.settings.read_batch`.
        open_marker: makes what runs the submissions whose answers do not suffice; without it they keep their earlier
            mark.
        watch: is told how far it is.
    """
    watch = watch or Watch()
    plan = _Plan(read_batch(out).submissions, settings)
    with Ledger(out) as ledger:
        resumed = plan.resumed(ledger, watch)
        for job in plan.missing(ledger):
            if mark := engine.replay(job, ledger):
                ledger.add(mark)
                watch.marked(job)
        outcome, source = MarkingOutcome(), None
        if open_marker and (missing := plan.to_run(ledger, out)):
            source = open_source(Path(settings.submissions))
            with open_marker() as marker:
                outcome = engine.run(missing, marker, source, ledger, watch.marked)
        result = plan.result(out, ledger, outcome, resumed, source, regraded=True)
        keep_batch(out, settings, plan.submissions)
    rerun = (each.submission for each in result.grades if each.outdated or each.state == NOT_MARKED)
    return replace(result, rerun=tuple(rerun))


class _Plan:
    """What is to be marked, and how marks become grades. Made before anything runs, so that mistakes show at once.

    Attributes:
        jobs: by their keys.
        job_of: the job of each file that can be marked.
    """

    def __init__(self, submissions: list[Submission], settings: GradingSettings) -> None:
        self.submissions, self.settings = submissions, settings
        names = {each.exercise for each in submissions if each.usable} | ({settings.exercise} - {""})
        self.checks = checks_for(names, Path(settings.checks) if settings.checks else None)
        questions = {name: tuple(each.exercise.questions) for name, each in self.checks.items()}
        learners = {each.learner.id for each in submissions}
        self.overrides = read_overrides(Path(settings.overrides), questions, learners) if settings.overrides else []
        exports.check(settings.exports, settings.roster)
        self.late = LatePolicy.parse(settings.late_penalty, settings.deadline) if settings.late_penalty else None
        self.jobs: dict[str, MarkingJob] = {}
        self.job_of: dict[str, MarkingJob] = {}
        for each in submissions:
            if each.usable:
                job = job_for(each, self.checks[each.exercise], settings)
                self.job_of[each.file] = self.jobs.setdefault(job.key, job)

    def missing(self, ledger: Ledger) -> list[MarkingJob]:
        """The jobs that have no mark yet, or one that others took the time for."""
        return [job for key, job in self.jobs.items() if key not in ledger.marks or ledger.marks[key].starved]

    def to_run(self, ledger: Ledger, out: Path) -> list[MarkingJob]:
        """The same with the seeds of their draws, from the secret of the batch, which is made if there is none."""
        missing = self.missing(ledger)
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
        source: SubmissionSource | None,
        regraded: bool = False,
    ) -> ClassResult:
        """Make the grades and write every output; in a regraded class, an earlier mark will do where there is none."""
        grades = [self._grade(each, ledger, outcome, regraded) for each in self.submissions]
        grades = choose(grades, self.settings.attempts)
        written = outputs.write(out, grades, source, self.settings.exports, self.settings.roster)
        return ClassResult(grades, outcome, resumed, tuple(ledger.damaged), tuple(written))

    def _grade(self, submission: Submission, ledger: Ledger, outcome: MarkingOutcome, regraded: bool) -> Grade:
        checks, job = self.checks.get(submission.exercise), self.job_of.get(submission.file)
        mark, failure = None, ""
        if job:
            mark = ledger.marks.get(job.key) or (ledger.latest(job.run) if regraded else None)
            failure = outcome.failures.get(job.key, "")
        outdated = bool(job and mark and mark.key != job.key)
        most = checks.exercise.points if checks else 0.0
        return grade(submission, mark, failure, self.late, self.overrides, outdated, most, self.settings.strict)
