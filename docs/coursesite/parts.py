"""The parts of pages that are collected from lessons, exercises and the table of lessons."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from html import escape

from coursekit import course
from coursekit.claims.comparison import CONTRADICTED, HOLDS, NOISE, Comparison
from coursekit.claims.register import claims_in
from coursesite import map as lesson_map
from coursesite import reference, ways
from coursesite.notebooks import claim_anchors, first_cell, lesson_part, read, source

GOALS, POINTS = "**You will learn to**", "## In this lesson"
SIGNS = {HOLDS: "✓", NOISE: "~", CONTRADICTED: "✗"}
CURE = "Run it: coursekit run --stale --update"


def of_readme(heading: str) -> str:
    """What stands in README below a heading, up to the next one."""
    text = (course.root() / "README.md").read_text(encoding="utf-8")
    below = text.partition(f"\n{heading}\n")[2]
    if not below:
        raise ValueError(f"README has no heading {heading!r}.")
    return re.split(r"^#+ ", below, maxsplit=1, flags=re.MULTILINE)[0].strip()


def contents() -> str:
    """The entries of what is no page in docs/ in the list of all pages."""
    lists = {
        "Lessons": [f"notebooks/{lesson.name}" for lesson in course.LESSONS],
        "Exercises": [f"exercises/{lesson.exercise.stem}" for lesson in course.LESSONS],
        "Reference of coursekit": list(reference.PAGES.values()),
    }
    return "\n\n".join(
        "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```"])
        for caption, entries in lists.items()
    )


def goals() -> str:
    """Goals and key points of all lessons."""
    return "\n\n".join(map(_goals_of, course.LESSONS))


def _goals_of(lesson: course.Lesson) -> str:
    whole = "\n\n".join(source(cell) for cell in read(lesson.notebook)["cells"] if cell["cell_type"] == "markdown")
    learnt, points = lesson_part(whole, GOALS), lesson_part(whole, POINTS)
    if not (learnt and points):
        raise ValueError(f"{lesson.notebook.name} lacks {GOALS} or {POINTS}, or a list below it.")
    return "\n".join(
        [
            f"## {lesson.number} · {lesson.title}",
            "",
            f"[The lesson](notebooks/{lesson.name}.ipynb) teaches to",
            "",
            *(f"- {each}" for each in learnt),
            "",
            "**Key points**",
            "",
            *(f"- {each}" for each in points),
        ]
    )


def syllabus() -> str:
    """The goals of each lesson as plain text."""
    return "\n\n".join(map(_syllabus_of, course.LESSONS))


def _syllabus_of(lesson: course.Lesson) -> str:
    names = ", ".join(map(str, lesson.builds_on))
    exercise = ways.exercise_minutes(first_cell(lesson.exercise))
    time = f"{lesson.reading_minutes + lesson.running_minutes} minutes, and about {exercise} for the exercise"
    return "\n".join(
        [
            f"## Lesson {lesson.number}",
            "",
            "```text",
            f"{lesson.number}. {lesson.title}",
            f"Time: {time} ({lesson.points} points). Prerequisites: {'lessons ' + names if names else 'none'}.",
            "Students learn to",
            *(f"- {re.sub('[`*$]', '', each)}" for each in lesson_part(first_cell(lesson.notebook), GOALS)),
            "```",
        ]
    )


def claims() -> str:
    """The register of claims, a table a lesson; each row leads to its cell."""
    return "\n\n".join(map(_claims_of, course.LESSONS))


def found_claims(lesson: course.Lesson) -> list[tuple[str, Comparison]]:
    """The claims of a lesson, each with its place on the lesson's page."""
    anchors = [anchor for cell in read(lesson.notebook)["cells"] for anchor in claim_anchors(cell) if anchor]
    register = claims_in(lesson.notebook.read_bytes(), lesson.notebook.name, CURE)
    return list(zip(anchors, register, strict=True))


def _claims_of(lesson: course.Lesson) -> str:
    title = f"Claims of lesson {lesson.number}"
    rows = [_row(f"notebooks/{lesson.name}.html#{anchor}", claim) for anchor, claim in found_claims(lesson)]
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Claim", "Verdict", "Difference", "95 % interval"))
    table = [
        f'<div class="scrolls" role="region" tabindex="0" aria-label="{title}"><table class="table claims">',
        f"<thead><tr>{head}</tr></thead><tbody>",
        *rows,
        "</tbody></table></div>",
    ]
    return "\n".join([f"## {lesson.number} · {lesson.title}", "", *table])


def _row(link: str, claim: Comparison) -> str:
    effect, low, high = claim.rounded()
    basis = f"{claim.measure}: {claim.treatment.name} − {claim.control.name}; {claim.repeats}"
    return (
        f'<tr><td><a href="{link}">{escape(claim.sentence)}</a><br><small>{escape(basis)}</small></td>'
        f"<td>{SIGNS[claim.verdict]} {claim.verdict}</td><td>{effect}</td><td>{low} to {high}</td></tr>"
    )


def counts() -> str:
    """How many claims hold, and how many do not, in a sentence."""
    found = [claim for lesson in course.LESSONS for _, claim in found_claims(lesson)]
    number = {verdict: sum(claim.verdict == verdict for claim in found) for verdict in SIGNS}
    verdicts = "; ".join(f"{SIGNS[verdict]} {verdict}: {count}" for verdict, count in number.items())
    near = sum(claim.verdict == HOLDS and _ends_near_zero(*claim.interval) for claim in found)
    return (
        f"{len(found)} claims in {len(course.LESSONS)} lessons. {verdicts}. Of those that hold, {near} have an "
        "interval that ends within a tenth of its length from zero: on another machine, which makes other numbers of "
        "the same seeds, they may be within the noise."
    )


def _ends_near_zero(low: float, high: float) -> bool:
    """Whether an interval ends within a tenth of its length from zero.

    >>> _ends_near_zero(-1.56, -0.03), _ends_near_zero(1.0, 3.0)
    (True, False)
    """
    return min(abs(low), abs(high)) < (high - low) / 10


def prerequisites() -> str:
    """What each lesson builds on, in Markdown."""
    rows = []
    for lesson in course.LESSONS:
        needs = [course.find(str(number)) for number in lesson.builds_on]
        links = ", ".join(f"[{each.number} · {each.title}](notebooks/{each.name}.ipynb)" for each in needs)
        rows.append(f"| [{lesson.number} · {lesson.title}](notebooks/{lesson.name}.ipynb) | {links or '–'} |")
    return "\n".join(["| Lesson | builds on |", "| --- | --- |", *rows])


def runs() -> str:
    """What the stored run of each lesson took, and all of them together."""
    rows, total = [], 0
    for lesson in course.LESSONS:
        record = read(lesson.notebook)["metadata"]["coursekit"]["record"]
        total += record["seconds"]
        link = f"[{lesson.number} · {lesson.title}](notebooks/{lesson.name}.ipynb)"
        rows.append(f"| {link} | {record['seconds']:,.0f} s | {record['memory'] / 1e6:,.0f} MB | {record['date']} |")
    head = ["| Lesson | Seconds | Memory | Run on |", "| --- | ---: | ---: | --- |"]
    return "\n".join([*head, *rows, f"| All {len(course.LESSONS)} | {total:,.0f} s | | |"])


PARTS: dict[str, Callable[[], str]] = {
    "map": lambda: lesson_map.draw(course.LESSONS),
    "lessons": partial(of_readme, "## Lessons"),
    "elsewhere": partial(of_readme, "### Elsewhere"),
    "commands": partial(of_readme, "## For instructors"),
    "prerequisites": prerequisites,
    "contents": contents,
    "goals": goals,
    "syllabus": syllabus,
    "claims": claims,
    "counts": counts,
    "ways": ways.table,
    "runs": runs,
}


def filled(text: str) -> str:
    """A page with its parts, each of which stands as ``{{ name }}`` on a line of its own.

    Raises:
        KeyError: there is no such part.

    >>> filled("no part here")
    'no part here'
    """
    return re.sub(r"^\{\{ (\w+) \}\}$", lambda found: PARTS[found[1]](), text, flags=re.MULTILINE)
