"""The command ``coursekit claims``."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated

import typer

from coursekit import course
from coursekit.claims.comparison import CONTRADICTED, HOLDS, NOISE, Comparison
from coursekit.claims.register import UnreadableClaims, claims_in
from coursekit.files import read_file

LOOKS = {HOLDS: f"[green]✓ {HOLDS}[/]", NOISE: f"[yellow]~ {NOISE}[/]", CONTRADICTED: f"[bold red]✗ {CONTRADICTED}[/]"}

Claims = list[tuple[course.Lesson, Comparison]]


def claims_command(
    lessons: Annotated[list[str] | None, typer.Argument(help="Numbers or names.", show_default="all")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the values of each seed.")] = False,
) -> None:
    """Print the claims of the lessons, each held against its control, with their verdicts.

    It reads the stored notebooks and runs nothing. A claim holds when the 95 % t-interval of the paired difference
    lies on the side that is better. Verdicts are computed anew from the stored values: one that was edited is refused.

    [bold]Examples[/bold]

      coursekit claims             the register of the course

      coursekit claims 3           one lesson

      coursekit claims 3 --json    with the values, for programs
    """
    chosen = [course.find(text) for text in lessons] if lessons else list(course.LESSONS)
    claims = [(lesson, comparison) for lesson in chosen for comparison in _stored(lesson)]
    if as_json:
        rows = [{"lesson": lesson.name, **comparison.as_data()} for lesson, comparison in claims]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if claims:
        _print_table(claims)
    counts = Counter(comparison.verdict for _, comparison in claims)
    verdicts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in LOOKS)
    typer.echo(f"{len(claims)} claims in {len({lesson for lesson, _ in claims})} of {len(chosen)} lessons: {verdicts}.")


def _stored(lesson: course.Lesson) -> list[Comparison]:
    content = read_file(lesson.notebook)
    if content is None:
        raise UnreadableClaims(f"{lesson.notebook} is not there. Restore it with: git checkout -- {lesson.notebook}")
    return claims_in(content, lesson.notebook.name, f"Store its outputs with: coursekit run {lesson.number} --update")


def _print_table(claims: Claims) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    whole = [Column(name, no_wrap=True) for name in ("Verdict", "Difference, 95 %")]
    table = Table("Lesson", Column("Claim", overflow="fold"), *whole, box=box.SIMPLE_HEAD)
    for lesson, claim in claims:
        effect, low, high = claim.rounded()
        sentence = Text.assemble(claim.sentence, "\n", (_basis(claim), "dim"))
        table.add_row(str(lesson.number), sentence, LOOKS[claim.verdict], f"{effect}\n{low} to {high}")
    Console().print(table)


def _basis(claim: Comparison) -> str:
    """What was measured of what, how often, and in which time."""
    seconds = "" if claim.seconds is None else f", {claim.seconds:.0f} s"
    arms = f"{claim.treatment.name} − {claim.control.name}"
    return f"{claim.measure}: {arms}; {claim.repeats}{seconds}"
