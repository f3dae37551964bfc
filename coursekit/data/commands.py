"""``coursekit data``: what there is, fetching it, and verifying it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from typing import Annotated

import msgspec
import typer

from coursekit.data import registry, status, store
from coursekit.data.cache import cache_folder
from coursekit.data.errors import CacheWarning, DataError
from coursekit.data.records import DataSet
from coursekit.data.status import ABSENT, DAMAGED, INTACT, Finding

app = typer.Typer(help="List, fetch and verify the data sets.", no_args_is_help=True)
SHOWN = {INTACT: f"[green]✓ {INTACT}[/]", DAMAGED: f"[bold red]✗ {DAMAGED}[/]", ABSENT: f"[yellow]– {ABSENT}[/]"}
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """What there is: origin, size, licence, and whether it is here and intact.

    [bold]Examples[/bold]

      coursekit data list
      coursekit data list --json
    """
    states = [(data_set, status.state(data_set)) for data_set in registry.DATA_SETS]
    if as_json:
        typer.echo(json.dumps([_row(data_set, state) for data_set, state in states], indent=2))
        return
    _print_data_sets(states)
    typer.echo(f"Cache folder: {cache_folder()}")


@app.command("fetch")
def fetch_command(names: Annotated[list[str], typer.Argument(metavar="NAME", help="Names as in the list.")]) -> None:
    """Bring data sets into the cache, so that they load at once and without a network.

    [bold]Examples[/bold]

      coursekit data fetch mnist imdb
      coursekit data fetch cifar10_full
      COURSEKIT_MIRROR=/media/usb/coursekit coursekit data fetch vgg16
    """
    for data_set in [registry.find(name) for name in names]:
        _bring(data_set)
        typer.echo(f"✓ {data_set.name}: {_size(data_set.size)} in {cache_folder()}")


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
    chosen = [registry.find(name) for name in names] if names else registry.DATA_SETS
    by_place = {finding.path: finding for data_set in chosen for finding in status.findings(data_set)}
    found = list(by_place.values())  # a file of two data sets is told once
    wrong = [finding for finding in found if finding.is_wrong]
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        _print_findings(found, wrong)
    if wrong:
        raise typer.Exit(1)


def _bring(data_set: DataSet) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheWarning)  # elsewhere data goes without a cache; here the cache is the point
        try:
            for file in data_set.files:
                store.path(file)
        except CacheWarning as warning:
            raise DataError(str(warning)) from warning


def _row(data_set: DataSet, state: str) -> dict[str, object]:
    return {
        "name": data_set.name,
        "title": data_set.title,
        "origin": data_set.origin,
        "bytes": data_set.size,
        "download_bytes": data_set.download_size,
        "licence": data_set.licence,
        "citation": data_set.citation,
        "state": state,
    }


def _print_data_sets(states: Iterable[tuple[DataSet, str]]) -> None:
    """Each in a paragraph, which a narrow terminal breaks between words."""
    from rich.console import Console
    from rich.padding import Padding

    console = Console(highlight=False)
    for data_set, state in states:
        fetch = f", {_size(data_set.download_size)} to fetch" if state == ABSENT else ""
        console.print(f"[bold]{data_set.name:20}[/]{SHOWN[state]}{fetch}")
        facts = f"{_size(data_set.size)}; {data_set.origin}; licence: {data_set.licence}"
        console.print(Padding(f"{data_set.title}\n{facts}", (0, 0, 1, 4)))


def _print_findings(found: list[Finding], wrong: list[Finding]) -> None:
    states = {(finding.file, finding.place): finding.state for finding in found}
    files = dict.fromkeys(finding.file for finding in found)
    rows = [
        (file, *(SHOWN.get(states.get((file, place), ""), "") for place in ("embedded", "cache"))) for file in files
    ]
    _print_table(("File", "In the repository", "In the cache"), rows)
    for finding in wrong:
        typer.echo(f"{finding.path}: {finding.state}")
        typer.echo(f"  expected {finding.expected}\n  found    {finding.found or 'no file'}\n{_remedy(finding)}\n")
    intact = sum(finding.state == INTACT for finding in found)
    typer.echo(f"{intact} copies intact, {len(wrong)} damaged or missing.")


def _remedy(finding: Finding) -> str:
    if finding.place == "embedded":
        return f"Restore it with: git checkout -- {finding.path}"
    return "It will not be used, and is replaced when its data set is loaded or fetched next."


def _print_table(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table

    headers = (Column(name, overflow="fold") for name in columns)
    table = Table(*headers, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
