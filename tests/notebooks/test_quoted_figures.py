"""A figure that a lesson's code quotes from another lesson is one that the other's stored run shows."""

from __future__ import annotations

import functools
import re

import nbformat
import pytest

from coursekit import course

QUOTED = re.compile(r'\(lesson (\d+)\)[^"\n]*", (\d+\.(\d+))')  # in a row of a table: its name, then the figure
NUMBER = re.compile(r"-?\d+\.\d+")


def quoted() -> list[tuple[str, int, str, int]]:
    """The lesson that quotes, the lesson that is quoted, the figure, and its decimals."""
    return [
        (lesson.notebook.stem, int(number), figure, len(decimals))
        for lesson in course.LESSONS
        for cell in nbformat.read(lesson.notebook, as_version=4).cells
        if cell.cell_type == "code"
        for number, figure, decimals in QUOTED.findall(cell.source)
    ]


@functools.cache
def shown(number: int) -> set[float]:
    """All numbers with decimals in the text of a lesson's outputs."""
    cells = nbformat.read(course.find(str(number)).notebook, as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    texts = [output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs]
    return {float(text) for text in NUMBER.findall("\n".join(texts))}


@pytest.mark.parametrize(("lesson", "number", "figure", "decimals"), quoted())
def test_a_quoted_figure_is_shown_where_it_comes_from(lesson, number, figure, decimals):
    near = 0.5 * 10**-decimals + 1e-9
    assert any(abs(value - float(figure)) <= near for value in shown(number)), f"{lesson} quotes {figure}"


def test_some_are_quoted():
    assert quoted()
