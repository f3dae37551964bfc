"""The commands ``coursekit grade`` and ``coursekit regrade``."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from coursekit import course
from coursekit.classroom import appeal, pipeline
from coursekit.classroom.intake.cleaning import clean
from coursekit.classroom.intake.rosters import read_roster
from coursekit.classroom.intake.submissions import Submission
from coursekit.classroom.marking.engine import Marker
from coursekit.classroom.marking.jobs import MarkingJob
from coursekit.classroom.pipeline import ClassResult
from coursekit.classroom.report.exports import FORMATS, has_no_row
from coursekit.classroom.report.grades import BY_HAND, MARKED, NOT_MARKED, UNUSABLE
from coursekit.classroom.report.lateness import BadRule
from coursekit.classroom.settings import GradingSettings, read_batch
from coursekit.executors import LocalExecutor, Tls, open_executor
from coursekit.executors.options import Scheduler, TlsCa, TlsCert, TlsKey, tls_of
from coursekit.grading.commands import Checked
from coursekit.worker.bounds import CELL_SECONDS, MB, MEMORY, SUBMISSION_SECONDS

COMPLETE, INCOMPLETE, INTERRUPTED = 0, 1, 130
SHOWN = 10
MEMORY_OF_ONE = 2**30


Out = Annotated[Path, typer.Option(help="Folder for the results.")]
Checks = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of private checks, added to the course's.")]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Submissions at a time.", show_default="one a core, as far as 1 GB of memory each allows"),
]
Overrides = Annotated[
    Path | None,
    typer.Option(metavar="CSV", help="Points by hand: columns learner (id or name), question, points, comment."),
]

Unsafe = Annotated[
    bool, typer.Option("--unsafe-no-sandbox", help="Run learners' code with your rights where no sandbox can be had.")
]


def grade_command(
    submissions: Annotated[
        Path, typer.Argument(help="A folder of notebooks, or of one folder a learner, or a zip archive of either.")
    ],
    out: Out = Path("build/grades"),
    exercise: Annotated[
        str | None, typer.Option(help="Number or name of the exercise.", show_default="each notebook's own")
    ] = None,
    checks: Checks = None,
    jobs: Jobs = None,
    unsafe_no_sandbox: Unsafe = False,
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    cell_seconds: Annotated[float, typer.Option(min=1, help="Seconds that each cell may run.")] = CELL_SECONDS,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds that a submission may take.")] = SUBMISSION_SECONDS,
    memory: Annotated[int, typer.Option(min=256, metavar="MB", help="What it may hold at a time.")] = MEMORY // MB,
    deadline: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When it was due: 2026-10-01T23:59, or 2026-10-01 for the end of that day. The files' times count; of "
            "Moodle's archives those in the worksheet (--roster); of Canvas's its LATE.",
        ),
    ] = None,
    late_penalty: Annotated[
        str | None, typer.Option(metavar="RULE", help='Taken off when late: "10%/day, at most 50%", "1%/hour", "20%".')
    ] = None,
    extensions: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Who has longer: columns learner (id or name), exercise, deadline or days."),
    ] = None,
    attempts: Annotated[
        str, typer.Option(metavar="last|best", help="Which of a learner's several notebooks counts.")
    ] = "last",
    overrides: Overrides = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Canvas's Gradebook export, or Moodle's grading worksheet: filled in, in its own scale. Also "
            "tells whose an ambiguous file is.",
        ),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The roster's column for the grades, by title or Canvas's id.",
            show_default="the only one named after the exercise; Moodle's Grade",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Withhold points of questions with a model that could not be verified.")
    ] = False,
    export: Annotated[
        list[str] | None, typer.Option(metavar="|".join(FORMATS), help="A format to write as well; repeatable.")
    ] = None,
    feedback_zip: Annotated[
        bool, typer.Option("--feedback-zip", help="Pack the feedback pages as Moodle's upload form takes them.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done with each file; run and write nothing.")
    ] = False,
) -> None:
    """Grade a class: marks, a feedback page for every learner, a page on the class.

    Each mark is on the disk before the next submission begins. Whatever stops it, the same command goes on from there
    and marks nothing twice. A file that cannot be used becomes a row with the reason. A folder that holds the marks of
    others is refused.

    [bold]Examples[/bold]

      coursekit grade submissions/ --out build/grades

      coursekit grade canvas.zip --exercise 1 --dry-run

      coursekit grade canvas.zip --exercise 1 --export canvas --roster gradebook.csv --column "Homework 1"

      coursekit grade moodle.zip --exercise 1 --export moodle --roster worksheet.csv --feedback-zip

      coursekit grade submissions/ --deadline 2026-10-01T23:59 --late-penalty "10%/day" --extensions longer.csv

      coursekit grade submissions/ --checks private/ --overrides by-hand.csv

    [bold]Exit codes[/bold]: 0 every submission was marked; 1 some could not be used or marked, or stand in no row of
    an export; 2 the request could not be carried out; 130 stopped by Ctrl-C.
    """
    if attempts not in ("last", "best"):
        raise BadRule(f"--attempts {attempts!r} is not understood. Write last or best.")
    settings = GradingSettings(
        submissions=str(submissions.resolve()),
        exercise=course.find(exercise).name if exercise else "",
        checks=_absolute(checks),
        cell_seconds=cell_seconds,
        seconds=seconds,
        memory=memory,
        late_penalty=late_penalty or "",
        deadline=deadline or "",
        attempts=attempts,
        overrides=_absolute(overrides),
        roster=_absolute(roster),
        exports=tuple(dict.fromkeys(export or ())),
        strict=strict,
        extensions=_absolute(extensions),
        column=column or "",
        feedback_zip=feedback_zip,
    )
    if dry_run:
        _rehearse(out, settings)
    tls = tls_of(scheduler, tls_ca, tls_cert, tls_key)
    marker = partial(_marker, out, settings, jobs, unsafe_no_sandbox, scheduler, tls)
    with _Bar() as bar:
        result = pipeline.grade_class(out, settings, marker, bar)
    _finish(result)


def regrade_command(
    out: Annotated[Path, typer.Argument(help="The folder that coursekit grade wrote.")],
    checks: Checks = None,
    overrides: Overrides = None,
    run: Annotated[
        bool, typer.Option("--run", help="Run the submissions again whose recorded answers do not suffice.")
    ] = False,
    jobs: Jobs = None,
    unsafe_no_sandbox: Unsafe = False,
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Mark a class anew after a check was corrected, from the recorded answers and draws: no learner's code runs again.

    Where the new checks ask what was not recorded, the submission is listed and keeps its earlier mark; with --run it
    runs again. Options that are left out are those of coursekit grade.

    [bold]Examples[/bold]

      coursekit regrade build/grades

      coursekit regrade build/grades --run

      coursekit regrade build/grades --overrides by-hand.csv

    [bold]Exit codes[/bold]: 0 every submission has its new mark; 1 some need a new run, or could not be used or marked;
    2 the request could not be carried out; 130 stopped by Ctrl-C.
    """
    kept = read_batch(out).settings
    checked, given = _absolute(checks) or kept.checks, _absolute(overrides) or kept.overrides
    settings = replace(kept, checks=checked, overrides=given)
    tls = tls_of(scheduler, tls_ca, tls_cert, tls_key)
    marker = partial(_marker, out, settings, jobs, unsafe_no_sandbox, scheduler, tls)
    with _Bar() as bar:
        result = pipeline.regrade_class(out, settings, marker if run else None, bar)
    _finish(result)


def check_as_graded(notebook: Path, out: Path) -> Checked:
    """Repeat a mark of the class in a folder on one notebook; what ``coursekit check --as-graded`` does."""
    settings = read_batch(out).settings
    repeated = appeal.repeat(notebook, out, partial(_marker, out, settings, None, False, None, None))
    return Checked(repeated.report, repeated.level, repeated.sentences(), {"batch": repeated.as_data()})


@contextmanager
def _marker(
    out: Path, settings: GradingSettings, jobs: int | None, unsafe: bool, scheduler: str | None, tls: Tls | None
) -> Iterator[Marker]:
    """The marker of a cluster, or of this machine, whose workers see neither submissions nor results nor checks."""
    from coursekit.classroom.marking.markers import MarkerHere, MarkerOnCluster
    from coursekit.sandbox import WorkerPool

    if scheduler:
        with open_executor(scheduler=scheduler, tls=tls) as cluster:
            yield MarkerOnCluster(cluster, unsafe, settings.limits)
        return
    jobs = jobs or _jobs()
    hide = [Path(each) for each in (settings.submissions, out, settings.checks) if each]
    with WorkerPool(jobs, settings.limits, unsafe=unsafe, hide=hide) as pool, LocalExecutor(jobs) as executor:
        yield MarkerHere(executor, pool)


def _jobs() -> int:
    """How many submissions run at a time where nobody said so: one a core, as far as the memory allows."""
    import psutil  # takes a tenth of a second

    return max(1, min(os.cpu_count() or 1, psutil.virtual_memory().available // MEMORY_OF_ONE))


def _on_terminal() -> bool:
    """Whether a person looks at standard error, whatever the environment says of colours."""
    return sys.stderr.isatty()


class _Bar(Progress, pipeline.Watch):
    """A bar on standard error, with an estimate; where that is no terminal, nothing."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        console = Console(stderr=True, force_terminal=_on_terminal())
        left = (TextColumn("left:"), TimeRemainingColumn())
        super().__init__(*columns, *left, console=console, disable=not console.is_terminal)
        self._task = self.add_task("reading", total=None)

    def reading(self, done: int, total: int) -> None:
        self.update(self._task, completed=done, total=total)

    def begun(self, done: int, total: int) -> None:
        self.reset(self._task, description="marking", completed=done, total=total)

    def marked(self, job: MarkingJob) -> None:
        self.advance(self._task)


def _rehearse(out: Path, settings: GradingSettings) -> NoReturn:
    """Say what would be done with each file, and end."""
    submissions, told = pipeline.rehearse(out, settings)
    roster = read_roster(Path(settings.roster)) if settings.roster else None
    nowhere = {each for each in submissions if has_no_row(settings.addressed, each.learner.id, roster)}
    for each in submissions:
        more = ", marked LATE" if each.late else ""
        more += ", in no row of an export" if each in nowhere else ""
        do = f"mark as {each.exercise}, attempt {each.attempt}{more}" if each.usable else f"unusable. {each.reason}"
        typer.echo(f"{each.shown_file}: {_whose(each)}: {do}")
    usable = sum(each.usable for each in submissions)
    learners = len({each.learner.id for each in submissions})
    typer.echo(
        f"{len(submissions)} submissions of {learners} learners: {usable} to mark, {len(submissions) - usable} not."
    )
    for line in told:
        typer.echo(line)
    raise typer.Exit(COMPLETE if usable == len(submissions) and not nowhere else INCOMPLETE)


def _finish(result: ClassResult) -> None:
    for line in _summary(result):
        typer.echo(line)
    if result.damaged:
        lines = ", ".join(map(str, result.damaged[:SHOWN]))
        typer.echo(f"The ledger was damaged in line {lines}; coursekit grade marks again what it held.", err=True)
    if result.outcome.interrupted:
        typer.echo("Give the same command again to go on from there.", err=True)
        raise typer.Exit(INTERRUPTED)
    complete = all(each.has_points and not each.outdated for each in result.grades) and not result.unlisted
    raise typer.Exit(COMPLETE if complete else INCOMPLETE)


def _summary(result: ClassResult) -> list[str]:
    """What happened, in sentences."""
    states = Counter(each.state for each in result.grades)
    resumed = f", {result.resumed} of them earlier" if result.resumed else ""
    by_hand = f"{states[BY_HAND]} by hand, " if states[BY_HAND] else ""
    rest = f"{by_hand}{states[UNUSABLE]} unusable, {states[NOT_MARKED]} not marked"
    lines = [f"{len(result.grades)} submissions: {states[MARKED]} marked{resumed}, {rest}."]
    counted = [each for each in result.grades if each.counts and each.has_points and each.max_points]
    if counted:
        mean = sum(each.points / each.max_points for each in counted) / len(counted)
        lines.append(f"{len(counted)} learners have a mark; they earned {mean:.0%} of the points on average.")
    levels = sorted({each.level for each in result.grades if each.level})
    lines += [f"Sandbox: {level}." for level in levels]
    told = [each for each in result.grades if not each.has_points]
    lines += [f"  {each.submission.shown_file}: {clean(each.reason)}" for each in told[:SHOWN]]
    if len(told) > SHOWN:
        lines.append(f"  … and {len(told) - SHOWN} more; grades.csv has every reason.")
    if result.rerun:
        lines.append(f"{len(result.rerun)} need a new run (coursekit regrade --run):")
        lines += [f"  {each.shown_file}" for each in result.rerun[:SHOWN]]
    if result.unlisted:
        lines.append(
            f"{len(result.unlisted)} marked, but in no row of an export (not in the roster, or without a number):"
        )
        lines += [f"  {_whose(each.submission)}" for each in result.unlisted]
    return [*lines, *result.told, *(f"written: {path}" for path in result.written)]


def _whose(submission: Submission) -> str:
    learner = submission.learner
    return learner.name + (f" ({learner.id})" if learner.id != learner.name else "")


def _absolute(path: Path | None) -> str:
    return str(path.resolve()) if path else ""
