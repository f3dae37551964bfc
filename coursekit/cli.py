"""The command ``coursekit``. It only reads arguments: the work is done in the modules that it calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from coursekit import __version__, course
from coursekit.claims import commands as claims
from coursekit.classroom import commands as classroom
from coursekit.data import commands as data
from coursekit.errors import CoursekitError
from coursekit.grading import commands as grading
from coursekit.printable import visible
from coursekit.regenerate import commands as regenerate

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


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coursekit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


app.command("run")(regenerate.run_command)
app.command("claims")(claims.claims_command)


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


@app.command("lab")
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
    from coursekit import workspace

    chosen = course.find(lesson)
    folder = folder or course.root() / "work"
    for line in workspace.refresh(folder, course.root()):
        typer.echo(line)
    workspace.start_jupyterlab(folder, chosen, browser=browser, port=port)


@app.command("check")
def check_command(
    notebook: Annotated[
        Path, typer.Argument(help="The exercise to check, such as work/exercises/exercise_01_mnist_dense.ipynb")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that each cell may run.")] = grading.TIMEOUT,
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
    from coursekit import workspace

    with Console(stderr=True, force_terminal=sys.stderr.isatty()).status("reading the notebook") as status:
        if as_graded:
            checked = classroom.check_as_graded(notebook, as_graded)
        else:
            wanted = workspace.holds(notebook, course.root()) if record is None else record
            checked = grading.check_own(notebook, timeout, wanted, status.update, files or ())
    checked.show(as_json)
    raise typer.Exit(0 if checked.report.passed else 1)


app.command("progress")(grading.progress_command)
app.command("release")(grading.release_command)
app.command("grade")(classroom.grade_command)
app.command("regrade")(classroom.regrade_command)
app.add_typer(data.app, name="data")


def main(arguments: list[str] | None = None) -> Any:
    """Run the command; what a shell calls.

    Exit codes: 0 all well, 1 a notebook or a check failed, 2 the request could not be understood or
    carried out, 130 interrupted.

    >>> main(["--version"])
    Traceback (most recent call last):
    SystemExit: 0
    """
    try:
        return app(_join_pairs(sys.argv[1:] if arguments is None else arguments), prog_name="coursekit")
    except CoursekitError as error:
        print(visible(f"coursekit: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == 130:
            print("Interrupted.", file=sys.stderr)
        raise
