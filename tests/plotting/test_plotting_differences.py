from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from coursekit.plotting import alt_text
from coursekit.plotting.differences import plot_paired_differences

DIFFERENCES, INTERVAL = [-0.25, -0.24, -0.26], (-0.27, -0.23)
NAMES = ("stopped early", "20 epochs")


def draw(interval=INTERVAL, better="lower"):
    return plot_paired_differences(DIFFERENCES, interval, "test loss", NAMES, better)


def test_each_seed_the_mean_the_interval_and_zero_are_drawn():
    ax = draw()
    zero, seeds, interval, mean = ax.lines

    assert list(zero.get_xdata()) == [0, 0]
    assert list(seeds.get_xdata()) == DIFFERENCES
    assert list(interval.get_xdata()) == list(INTERVAL)
    assert mean.get_xdata() == pytest.approx(np.mean(DIFFERENCES))
    low, high = ax.get_xlim()
    assert low < -0.27 < 0 < high
    assert ax.get_xlabel() == "test loss: stopped early − 20 epochs"


def test_the_dots_may_be_of_something_else_than_seeds():
    ax = plot_paired_differences(DIFFERENCES, INTERVAL, "test loss", NAMES, "lower", each="split")

    assert ax.get_yticklabels()[0].get_text() == "each split"
    assert "for 3 splits: " in alt_text(ax)


def test_dots_that_would_hide_each_other_stand_one_above_the_other():
    ax = plot_paired_differences([0.1, 0.5, 0.1, 0.1], (0.0, 0.4), "accuracy", NAMES, "higher")
    heights = ax.lines[1].get_ydata()

    assert len({heights[0], heights[2], heights[3]}) == 3
    assert heights[1] == heights[0] == 1


@pytest.mark.parametrize(("better", "words", "side"), [("lower", "← as claimed", 0), ("higher", "as claimed →", 1)])
def test_an_arrow_says_where_the_claim_expects_the_treatment(better, words, side):
    (text,) = draw(better=better).texts

    assert (text.get_text(), text.get_position()[0]) == (words, side)


@pytest.mark.parametrize(
    ("interval", "better", "words"),
    [
        ((-0.27, -0.23), "lower", "all below zero, as claimed."),
        ((-0.27, -0.23), "higher", "all below zero, against the claim."),
        ((0.23, 0.27), "higher", "all above zero, as claimed."),
        ((0.23, 0.27), "lower", "all above zero, against the claim."),
        ((-0.3, 0.1), "lower", "which holds zero."),
    ],
)
def test_the_description_says_what_the_interval_means(interval, better, words):
    assert alt_text(draw(interval, better)).endswith(words)


def test_no_difference_at_all_can_be_drawn():
    ax = plot_paired_differences([0, 0, 0], (0, 0), "accuracy", NAMES, "higher")

    low, high = ax.get_xlim()
    assert low < 0 < high


@pytest.mark.parametrize("scale", [1e-5, 1e-4, 2.5e-4, 1e-3, 0.03, 1, 40, 3_000, 250_000])
def test_numbers_along_the_axis_do_not_touch_each_other(scale):
    differences = [-0.2 * scale, 0.6 * scale, scale, 1.2 * scale]
    ax = plot_paired_differences(differences, (-0.33 * scale, 1.63 * scale), "accuracy", NAMES, "higher")
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels() if low <= label.get_position()[0] <= high]

    assert len(boxes) > 2
    assert all(left.x1 + 4 < right.x0 for left, right in pairwise(boxes))
