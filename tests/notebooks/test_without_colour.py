"""Figures whose lines are told apart by colour alone are seen, and others are not."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from without_colour import told_by_colour_alone

from coursekit.plotting.style import COLORS

DARK, AS_DARK, LIGHT = COLORS[0], COLORS[2], COLORS[1]


def drawn(*lines: dict, texts: tuple[str, ...] = ()) -> Figure:
    figure = Figure()
    ax = figure.subplots()
    for height, style in enumerate(lines):
        ax.plot([0, 1], [height, height + 1], **{"linestyle": "-"} | style)  # whatever the style of the course is
    for color in texts:
        ax.text(0, 0, "a name", color=color)
    return figure


def test_two_lines_of_one_style_and_lightness():
    figure = drawn({"color": DARK, "label": "relu"}, {"color": AS_DARK, "label": "tanh"})

    assert told_by_colour_alone(figure) == ["axes: relu and tanh"]


@pytest.mark.parametrize(
    "other",
    [
        {"color": DARK},
        {"color": LIGHT},
        {"color": AS_DARK, "linestyle": "--"},
        {"color": AS_DARK, "linestyle": (0, (1, 3))},
        {"color": AS_DARK, "marker": "s"},
        {"color": AS_DARK, "linewidth": 4},
        {"color": AS_DARK, "visible": False},
    ],
    ids=str,
)
def test_told_otherwise(other):
    assert told_by_colour_alone(drawn({"color": DARK}, other)) == []


def test_two_dash_patterns_of_their_own():
    dashes = [{"linestyle": (0, pattern)} for pattern in ((1, 3), (5, 1, 1, 1))]

    assert told_by_colour_alone(drawn(*({"color": color} | dash for color, dash in zip((DARK, AS_DARK), dashes)))) == []


def test_a_name_beside_its_line():
    lines = {"color": DARK}, {"color": AS_DARK}

    assert told_by_colour_alone(drawn(*lines, texts=(AS_DARK,))) == []


def test_rows_of_dots_with_their_names_beside_the_axis():
    figure = Figure()
    ax = figure.subplots()
    for row, color in enumerate((DARK, AS_DARK)):
        ax.plot([0.1, 0.2, 0.3], [row] * 3, "o", color=color)
    assert told_by_colour_alone(figure) != []

    ax.set(yticks=[0, 1], yticklabels=["LSTM", "GRU"])
    assert told_by_colour_alone(figure) == []
