"""The map of lessons: which builds on which, as a picture whose boxes are links."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

from coursekit.course import Lesson

WIDTH, HEIGHT = 156, 68  # of a box, in pixels
GAP, DROP = 14, 34  # between boxes, and between rows
COLUMNS = 4  # as many as stand beside the contents


def rows(lessons: Sequence[Lesson]) -> list[list[Lesson]]:
    """The lessons in rows of `COLUMNS` at most: each stands below all that it builds on.

    >>> [[lesson.number for lesson in row] for row in rows(_example())]
    [[1], [2, 3], [4]]
    """
    row: dict[int, int] = {}
    for lesson in lessons:
        place = 1 + max((row[number] for number in lesson.builds_on), default=-1)
        while list(row.values()).count(place) == COLUMNS:
            place += 1
        row[lesson.number] = place
    return [[each for each in lessons if row[each.number] == place] for place in range(max(row.values()) + 1)]


def arrows(lessons: Sequence[Lesson]) -> list[tuple[int, int]]:
    """From which lesson to which an arrow is drawn: not where a way over other lessons says the same.

    >>> arrows(_example())
    [(1, 2), (1, 3), (2, 4)]
    """
    before: dict[int, set[int]] = {}
    for lesson in lessons:
        before[lesson.number] = set(lesson.builds_on).union(*(before[number] for number in lesson.builds_on))
    return [
        (number, lesson.number)
        for lesson in lessons
        for number in lesson.builds_on
        if not any(number in before[other] for other in lesson.builds_on)
    ]


def places(lessons: Sequence[Lesson]) -> dict[int, tuple[int, int]]:
    """Row and column of each lesson's box: below the first lesson that an arrow leads from, where there is room.

    >>> places(_example())
    {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (2, 0)}
    """
    came_from = {to: start for start, to in reversed(arrows(lessons))}
    found: dict[int, tuple[int, int]] = {}
    for down, row in enumerate(rows(lessons)):
        above = {each: found[came_from[each.number]][1] if each.number in came_from else 0 for each in row}
        free = 0
        for number, lesson in enumerate(ordered := sorted(row, key=above.__getitem__)):
            column = min(max(free, above[lesson]), COLUMNS - len(ordered) + number)
            found[lesson.number] = (down, column)
            free = column + 1
    return found


def draw(lessons: Sequence[Lesson]) -> str:
    """The map as SVG in HTML, with the colours of the page around it."""
    place = {
        number: (column * (WIDTH + GAP), row * (HEIGHT + DROP)) for number, (row, column) in places(lessons).items()
    }
    width, height = max(x for x, _ in place.values()) + WIDTH, max(y for _, y in place.values()) + HEIGHT
    return "\n".join(
        [
            '<div class="scrolls" role="region" tabindex="0" aria-label="Map of lessons">',
            f'<svg class="map" viewBox="-2 -2 {width + 4:g} {height + 4:g}" width="{width + 4:g}" role="group" '
            'aria-label="Map of lessons: an arrow leads from a lesson to one that builds on it">',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>',
            *(_arrow(place[one], place[other]) for one, other in arrows(lessons)),
            *(_box(lesson, *place[lesson.number]) for lesson in lessons),
            "</svg>",
            "</div>",
        ]
    )


def _arrow(one: tuple[float, float], other: tuple[float, float]) -> str:
    x, y = one[0] + WIDTH / 2, one[1] + HEIGHT
    to_x, to_y = other[0] + WIDTH / 2, other[1]
    bend = (to_y - y) * 0.6
    curve = f"M{x:g} {y:g}C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y:g}"
    return f'<path class="arrow" d="{curve}" marker-end="url(#tip)"/>'


def _box(lesson: Lesson, x: float, y: float) -> str:
    lines = textwrap.wrap(f"{lesson.number} · {lesson.title}", 18)
    top = y + HEIGHT / 2 - (len(lines) - 1) * 9 + 5
    text = "".join(
        f'<tspan x="{x + WIDTH / 2:g}" y="{top + 18 * number:g}">{html.escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return (
        f'<a href="notebooks/{lesson.name}.html" aria-label="Lesson {lesson.number}: {html.escape(lesson.title)}">'
        f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="8"/><text>{text}</text></a>'
    )


def _example() -> list[Lesson]:
    links = {1: (), 2: (1,), 3: (1,), 4: (1, 2)}
    return [Lesson(number, str(number), "", 1, 1, 1, builds_on) for number, builds_on in links.items()]
