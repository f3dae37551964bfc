"""The command ``coursekit run``. It only reads arguments: the work is done in the modules that it calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coursekit.executors.options import Scheduler, TlsCa, TlsCert, TlsKey, tls_of


def run_command(
    lessons: Annotated[
        list[str] | None, typer.Argument(help="Numbers, names or paths of notebooks, or: all.", show_default="01")
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--parameter",
            metavar="NAME VALUE",
            help="Set a parameter, or several values of it: 1,5. A text with a comma stands in quotes: \"'a, b'\".",
        ),
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("-f", "--parameters-file", metavar="YAML", help="Parameters from a file; -p wins."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the executed notebooks and their summary.")] = Path("build"),
    jobs: Annotated[
        int, typer.Option(min=1, help="Notebooks at a time. Each training takes all cores: more is seldom faster.")
    ] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="Use each notebook's own small sizes, to try it out.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the copies in --out that passed and still match their source.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Store the new outputs in the notebooks, if all of them passed.")
    ] = False,
    solutions: Annotated[bool, typer.Option("--solutions", help="Run the lessons' solutions as well.")] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Run what is out of date of all lessons and solutions, or of those named.")
    ] = False,
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Execute notebooks from the first cell to the last and print the figures that they reached.

    A page, summary.html, shows time, memory and figures beside those of the last run.

    [bold]Examples[/bold]

      coursekit run                       lesson 01

      coursekit run 01 -p EPOCHS 2        with a parameter of your own

      coursekit run 01 -p EPOCHS 1,5,20   one copy for each value, compared

      coursekit run all -f small.yaml     with parameters from a file

      coursekit run all --jobs 2          everything, two at a time

      coursekit run all --resume          go on where a run was stopped

      coursekit run --stale --update      store new outputs where code, layers, checks or data have changed

      coursekit run my/notebook.ipynb     any notebook

      coursekit run all --scheduler tcp://10.0.0.5:8786     on a Dask cluster
    """
    from coursekit import executors, regenerate
    from coursekit.regenerate.progress import for_this_terminal

    tls = tls_of(scheduler, tls_ca, tls_cert, tls_key)
    jobs_to_do = regenerate.plan(
        lessons or (["all"] if stale else ["01"]),
        out=out,
        parameters=_pairs(parameters),
        files=files or (),
        quick=quick,
        solutions=solutions or (stale and not lessons),
        update=update,
        stale=stale,
    )
    if not jobs_to_do:
        print("Nothing to run: no stored outputs are out of date.")
        return
    archive = regenerate.RunArchive(out)
    with executors.open_executor(jobs, scheduler, tls) as executor, for_this_terminal() as progress:
        results = regenerate.run(jobs_to_do, executor, archive, progress, resume)
    regenerate.report(results)
    print(f"\nsummary: {regenerate.from_here(archive.page)}")
    if not all(result.passed for result in results):
        raise typer.Exit(1)
    if update:
        for path in regenerate.update(results):
            print(f"stored the outputs in {regenerate.from_here(path)}")


def _pairs(parameters: list[str] | None) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in parameters or [])
    if not all(name and value for name, value in pairs.items()):
        raise typer.BadParameter("write -p NAME VALUE, as in: -p EPOCHS 2")
    return pairs
