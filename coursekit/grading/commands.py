"""The commands ``coursekit progress`` and ``coursekit release``; and what ``coursekit check`` does and shows."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coursekit import course
from coursekit.files import read_file, replace_file
from coursekit.grading import progress, results
from coursekit.grading.cards import LOOKS, Card, Panel
from coursekit.grading.checking import check_notebook
from coursekit.grading.editions import since_then
from coursekit.grading.notebook_file import read_notebook
from coursekit.grading.questions import CheckInterrupted, find_exercise
from coursekit.grading.release import ReleaseError, release
from coursekit.printable import visible
from coursekit.worker.bounds import CELL_SECONDS, Limits

TIMEOUT = CELL_SECONDS
COLOURS = {results.PASSED: "green", results.PARTIAL: "yellow", results.FAILED: "red", results.NOT_YET: "cyan"}


@dataclass(frozen=True)
class Checked:
    """What checking a notebook gave.

    Attributes:
        report: what the checks found.
        sandbox: what held the notebook while it ran.
        notes: what else is to be said, in sentences.
        data: the same for programs.
    """

    report: results.Report
    sandbox: str
    notes: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)

    def show(self, as_json: bool) -> None:
        """Print it, for people or as JSON."""
        if as_json:
            data = self.report.as_data() | {"sandbox": self.sandbox} | self.data
            typer.echo(visible(json.dumps(data, indent=2, ensure_ascii=False)))
            return
        console = Console(soft_wrap=True)
        words = Text(visible(str(Panel(self.report))))
        for kind, colour in COLOURS.items():
            symbol, said, _ = LOOKS[kind]
            words.highlight_words([f"{symbol} {said}"], colour)
        console.print(words)
        for line in (*self.report.messages, *self.notes):
            console.print(Text(visible(line)))
        typer.echo(f"Sandbox: {self.sandbox}.")


def check_own(
    notebook: Path,
    cell_seconds: float,
    record: bool,
    on_step: Callable[[str], None],
    files: Iterable[Path] = (),
) -> Checked:
    """Check a notebook.

    Args:
        notebook: the file.
        cell_seconds: how long each cell may take.
        record: whether to keep the results for ``coursekit progress``.
        on_step: called with a few words before each step.
        files: which it gets, besides the modules that it imports.

    Raises:
        CheckInterrupted: somebody pressed Ctrl-C; what was running is printed.
    """
    try:
        checked = _checked(notebook, cell_seconds, on_step, files)
    except CheckInterrupted as end:
        typer.echo(visible(str(Card(end.result))), err=True)
        raise
    if record:
        progress.record(checked.report.exercise, checked.report.questions)
    return checked


def progress_command() -> None:
    """Show what is done and what is next."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        recorded = progress.load()
    for warning in caught:
        Console(stderr=True).print(Text(str(warning.message)))
    console = Console()
    table = Table("Lesson", "Title", "Points", "Questions passed", title="Your progress", title_justify="left")
    following = None
    for lesson in course.LESSONS:
        questions = recorded.get(lesson.name, {})
        points = sum(question.points for question in questions.values())
        passed = sum(question.status == results.PASSED for question in questions.values())
        total = len(find_exercise(lesson.name).questions)
        table.add_row(lesson.name, lesson.title, f"{points:g} of {lesson.points:g}", f"{passed} of {total}")
        if following is None and points < lesson.points:
            following = lesson
    console.print(table)
    console.print(Text(_what_is_next(following, recorded)))


def release_command(
    lessons: Annotated[list[str] | None, typer.Argument(help="Numbers or names.", show_default="all")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the exercises.", show_default="exercises")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if a file would change.")] = False,
    with_solutions: Annotated[
        bool, typer.Option("--with-solutions", help="Keep the solutions between their markers, as nbgrader's source.")
    ] = False,
) -> None:
    """Make the exercises from the solutions."""
    folder = out or course.root() / "exercises"
    different = 0
    for lesson in [course.find(text) for text in lessons] if lessons else course.LESSONS:
        made = _exercise_of(lesson, with_solutions).encode()
        target = folder / lesson.exercise.name
        same = read_file(target) == made
        different += not same
        if not same and not check:
            replace_file(target, made)
        typer.echo(f"{_outcome(same, check)}  {target}")
    if check and different:
        typer.echo("Run `coursekit release`: exercises are made from solutions and never edited.", err=True)
        raise typer.Exit(1)


def _exercise_of(lesson: course.Lesson, with_solutions: bool) -> str:
    exercise = find_exercise(lesson.name)
    if exercise.points != lesson.points:
        raise ReleaseError(
            f"{lesson.name}: its questions have {exercise.points:g} points, coursekit.course says {lesson.points}."
        )
    return release(lesson.solution, exercise, with_solutions)


def _outcome(same: bool, check: bool) -> str:
    if same:
        return "unchanged"
    return "differs  " if check else "written  "


def _checked(notebook: Path, cell_seconds: float, on_step: Callable[[str], None], files: Iterable[Path]) -> Checked:
    from coursekit.sandbox import NoSandbox, WorkerPool, companions

    opened = read_notebook(notebook)
    exercise = find_exercise(opened.exercise_name())
    told = (*opened.misplaced, *since_then(opened, exercise))
    with contextlib.ExitStack() as stack:
        try:
            pool = stack.enter_context(WorkerPool(limits=Limits.generous(), own=True, warm=()))
        except NoSandbox:
            typer.echo("There is no sandbox here: the notebook runs with your rights.", err=True)
            report = check_notebook(opened, exercise, cell_seconds, on_step, folder=notebook.parent)
            return Checked(_with_notes(report, told), "none, the notebook ran with your rights")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coursekit-check-")))
        modules = companions.beside(notebook.parent)
        imported, left_out = companions.imported((cell.source for cell in opened.work), modules, companions.read_module)
        for file in (*imported.values(), *files):  # what was named comes last, so it stands
            shutil.copy(file, folder)
        report = check_notebook(opened, exercise, cell_seconds, on_step, pool.start, folder=folder)
        return Checked(_with_notes(report, (*left_out, *told)), pool.level)


def _with_notes(report: results.Report, told: Iterable[str]) -> results.Report:
    """``report`` with notes on what belongs to no question."""
    return replace(report, notes=(*report.notes, *(results.Note("", words) for words in told)))


def _what_is_next(lesson: course.Lesson | None, recorded: dict[str, dict[str, progress.Recorded]]) -> str:
    if lesson is None:
        return "Everything is done."
    questions = recorded.get(lesson.name, {})
    for question in find_exercise(lesson.name).questions.values():
        if question.name not in questions or questions[question.name].status != results.PASSED:
            return f"Next: {lesson.name}, {question.title!r}: check({question.name!r})"
    return f"Next: {lesson.name}"
