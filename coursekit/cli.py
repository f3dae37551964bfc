"""The command ``coursekit``. It only reads arguments: the work is done in the modules that it calls.

What a command needs is imported when that command was asked for, so that help and a mistyped name come at once.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from coursekit import __version__, course
from coursekit.errors import CoursekitError
from coursekit.files import DISK_FULL
from coursekit.printable import visible
from coursekit.worker.bounds import CELL_SECONDS


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coursekit {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def lab_command(
    lesson: Annotated[str, typer.Argument(help="Number or name of the lesson to open.")] = "01",
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Your own copy of the notebooks.", show_default="work/")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = True,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the server.")] = 8888,
) -> None:
    """Open JupyterLab on a lesson, in your own copy of the notebooks.

    The copy is made the first time. Later it gets what is new in the course; a notebook that you have
    edited is never overwritten.

    [bold]Examples[/bold]

      coursekit lab                 lesson 01

      coursekit lab mnist_dense     a lesson by its name

      coursekit lab --no-browser    print the address only
    """
    chosen = course.find(lesson)
    from coursekit import workspace

    folder = folder or course.root() / "work"
    for line in workspace.refresh(folder, course.root()):
        typer.echo(line)
    workspace.start_jupyterlab(folder, chosen, browser=browser, port=port)


def check_command(
    notebook: Annotated[
        Path, typer.Argument(help="The exercise to check, such as work/exercises/exercise_01_mnist_dense.ipynb")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that each cell may run.")] = CELL_SECONDS,
    record: Annotated[
        bool | None,
        typer.Option(
            "--record/--no-record",
            help="Keep the results for: coursekit progress.",
            show_default="in exercises/ and in the folder of coursekit lab",
        ),
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FILE", exists=True, dir_okay=False, help="A file that it gets; repeatable."),
    ] = None,
    as_graded: Annotated[
        Path | None, typer.Option(metavar="BATCH", help="Repeat a mark of the class graded into this folder.")
    ] = None,
) -> None:
    """Run an exercise notebook from the first cell and check its answers.

    On Linux the notebook runs in a sandbox where one can be had. Elsewhere it runs with your rights, in a process that
    is not sealed off, which is said before it starts: check only your own work there. The last line says which.

    Of the files beside it, the notebook gets the modules that it imports, and those that --with names.

    With --as-graded it is marked as that class was: with its checks, the private ones shown in full, its limits, and
    the inputs drawn for this content. It always runs in the sandbox and nothing is kept. It says whose the same content
    is and whether the points are the same.

    [bold]Examples[/bold]

      coursekit check work/exercises/exercise_01_mnist_dense.ipynb

      coursekit check appeal.ipynb --as-graded build/grades

    [bold]Exit codes[/bold]: 0 everything passed; 1 something did not; 2 the file cannot be used.
    """
    from rich.console import Console

    from coursekit import workspace
    from coursekit.classroom import commands as classroom
    from coursekit.grading import commands as grading

    with Console(stderr=True, force_terminal=sys.stderr.isatty()).status("reading the notebook") as status:
        if as_graded:
            checked = classroom.check_as_graded(notebook, as_graded)
        else:
            wanted = workspace.holds(notebook, course.root()) if record is None else record
            checked = grading.check_own(notebook, timeout, wanted, status.update, files or ())
    checked.show(as_json)
    raise typer.Exit(0 if checked.report.passed else 1)


COMMANDS = {
    "run": (
        "Execute notebooks from the first cell to the last and print the figures that they reached.",
        "coursekit.regenerate.commands:run_command",
    ),
    "claims": (
        "Print the claims of the lessons, each held against its control, with their verdicts.",
        "coursekit.claims.commands:claims_command",
    ),
    "lab": ("Open JupyterLab on a lesson, in your own copy of the notebooks.", "coursekit.cli:lab_command"),
    "check": (
        "Run an exercise notebook from the first cell and check its answers.",
        "coursekit.cli:check_command",
    ),
    "progress": ("Show what is done and what is next.", "coursekit.grading.commands:progress_command"),
    "release": ("Make the exercises from the solutions.", "coursekit.grading.commands:release_command"),
    "grade": (
        "Grade a class: marks, a feedback page for every learner, a page on the class.",
        "coursekit.classroom.commands:grade_command",
    ),
    "regrade": (
        "Mark a class anew after a check was corrected, from the recorded answers and draws: "
        "no learner's code runs again.",
        "coursekit.classroom.commands:regrade_command",
    ),
    "data": ("List, fetch and verify the data sets.", "coursekit.data.commands:app"),
}
"""For each command its line in the help, and where it is: ``module:name``."""


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command line, with that command loaded that the arguments call; of the others it knows their line only.

    >>> len(app_for(["--help"]).registered_commands) == len(COMMANDS)
    True
    """
    called = next((word for word in arguments if not word.startswith("-")), None)
    app = typer.Typer(
        name="coursekit",
        help="Run, study and check the notebooks of the course.",
        epilog="Start with: coursekit lab",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name, (line, place) in COMMANDS.items():
        if name != called:
            app.command(name, help=line)(_not_called)
            continue
        module, _, attribute = place.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _not_called() -> NoReturn:
    raise AssertionError("a command that was called is loaded")


def _join_pairs(arguments: list[str]) -> list[str]:
    """Write ``-p NAME VALUE`` as ``-p NAME=VALUE``, since typer has no repeatable option of two words.

    >>> _join_pairs(["run", "01", "-p", "EPOCHS", "2", "--quick"])
    ['run', '01', '-p', 'EPOCHS=2', '--quick']
    """
    rest = iter(arguments)
    joined = []
    for word in rest:
        joined.append(word)
        if word in ("-p", "--parameter") and (name := next(rest, None)) is not None:
            joined.append(name if "=" in name else f"{name}={next(rest, '')}")
    return joined


def main(arguments: list[str] | None = None) -> Any:
    """Run the command; what a shell calls.

    Exit codes: 0 all well, 1 a notebook or a check failed, 2 the request could not be understood or
    carried out, 130 interrupted.

    >>> main(["--version"])
    Traceback (most recent call last):
    SystemExit: 0
    """
    try:
        words = _join_pairs(sys.argv[1:] if arguments is None else arguments)
        return app_for(words)(words, prog_name="coursekit")
    except CoursekitError as error:
        print(visible(f"coursekit: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is not None or error.errno not in DISK_FULL:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left to print would fail again when Python ends
        told = f"what it prints cannot be written: {error.strerror}. Make room, or let it print elsewhere."
        print(f"coursekit: {told}", file=sys.stderr)
        sys.exit(2)
    except SystemExit as end:
        if end.code == 130:
            print("Interrupted.", file=sys.stderr)
        raise
