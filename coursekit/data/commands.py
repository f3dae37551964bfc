"""``coursekit data``: what there is, fetching it, and verifying it."""

from __future__ import annotations

import json
import warnings
from typing import Annotated

import typer

from coursekit.data import registry, status, store
from coursekit.data.errors import CacheWarning, DataError, UnknownData
from coursekit.data.records import DataSet
from coursekit.data.status import DAMAGED, INTACT, Finding

app = typer.Typer(
    help="List, fetch and verify the data sets.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
COLOURS = {INTACT: "green", DAMAGED: "bold red", status.ABSENT: "yellow"}
SIGNS = {INTACT: "✓", DAMAGED: "✗", status.ABSENT: "–"}
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """What there is: origin, size, licence, and whether it is here and intact.

    [bold]Examples[/bold]

      coursekit data list
      coursekit data list --json
    """
    rows = [_row(data_set) for data_set in registry.DATA_SETS]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = _table("Name", "What", "From", "Size", "Licence", "State")
    for row in rows:
        fetch = f", {_size(row['download_bytes'])} to fetch" if row["state"] == status.ABSENT else ""
        table.add_row(
            row["name"],
            row["title"],
            row["origin"],
            _size(row["bytes"]),
            row["licence"],
            _coloured(row["state"], fetch),
        )
    _print(table)
    typer.echo(f"Cache folder: {store.cache_folder()}")


@app.command("fetch")
def fetch_command(names: Annotated[list[str], typer.Argument(metavar="NAME", help="Names as in the list.")]) -> None:
    """Bring data sets into the cache, so that they load at once and without a network.

    [bold]Examples[/bold]

      coursekit data fetch mnist imdb
      coursekit data fetch cifar10_full
      COURSEKIT_MIRROR=/media/usb/coursekit coursekit data fetch vgg16
    """
    for data_set in [_find(name) for name in names]:
        try:
            _bring(data_set)
        except (DataError, CacheWarning) as error:
            typer.secho(str(error), err=True)
            raise typer.Exit(1) from error
        typer.echo(f"{SIGNS[INTACT]} {data_set.name}: {_size(data_set.size)} in {store.cache_folder()}")


@app.command("verify")
def verify_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Names as in the list; all when none is given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take the hash of every file and compare it with the registry. Exit code 1 when any is damaged.

    [bold]Examples[/bold]

      coursekit data verify
      coursekit data verify mnist --json
    """
    chosen = [_find(name) for name in names] if names else registry.DATA_SETS
    found = _without_repeats([finding for data_set in chosen for finding in status.findings(data_set)])
    wrong = [finding for finding in found if finding.is_wrong]
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in found], indent=2))
    else:
        _print_findings(found, wrong)
    if wrong:
        raise typer.Exit(1)


def _bring(data_set: DataSet) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheWarning)  # elsewhere data goes without a cache; here the cache is the point
        for file in data_set.files:
            store.path(file)


def _row(data_set: DataSet) -> dict[str, object]:
    return {
        "name": data_set.name,
        "title": data_set.title,
        "origin": data_set.origin,
        "bytes": data_set.size,
        "download_bytes": data_set.download_size,
        "licence": data_set.licence,
        "citation": data_set.citation,
        "state": status.state(data_set),
    }


def _find(name: str) -> DataSet:
    try:
        return registry.find(name)
    except UnknownData as error:
        typer.secho(str(error), err=True)
        raise typer.Exit(2) from error


def _without_repeats(found: list[Finding]) -> list[Finding]:
    return list({finding.path: finding for finding in found}.values())


def _print_findings(found: list[Finding], wrong: list[Finding]) -> None:
    states = {(finding.file, finding.place): finding.state for finding in found}
    table = _table("File", "In the repository", "In the cache")
    for file in dict.fromkeys(finding.file for finding in found):
        embedded, cached = states.get((file, "embedded")), states[file, "cache"]
        table.add_row(file, _coloured(embedded) if embedded else "", _coloured(cached))
    _print(table)
    for finding in wrong:
        typer.echo(f"{finding.path}: {finding.state}")
        typer.echo(f"  expected {finding.expected}\n  found    {finding.found or 'no file'}\n{_remedy(finding)}\n")
    intact = sum(finding.state == INTACT for finding in found)
    typer.echo(f"{intact} copies intact, {len(wrong)} damaged or missing.")


def _remedy(finding: Finding) -> str:
    if finding.place == "embedded":
        return f"Restore it with: git checkout -- {finding.path}"
    return "It will not be used, and is replaced when its data set is loaded or fetched next."


def _table(*columns: str):
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, justify="right" if column == "Size" else "left", overflow="fold")
    return table


def _print(table) -> None:
    from rich.console import Console

    Console().print(table)


def _coloured(state: str, more: str = "") -> str:
    return f"[{COLOURS[state]}]{SIGNS[state]} {state}[/]{more}"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
