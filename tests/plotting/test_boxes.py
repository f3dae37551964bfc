"""Pictures with boxes on them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from coursekit.plotting import alt_text, plot_boxes


def test_boxes_stand_around_their_pixels():
    figure = plot_boxes(np.zeros((1, 10, 20, 3), np.uint8), [[[0.1, 0.25, 0.5, 0.2]]])

    (box,) = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert box.get_bbox().bounds == pytest.approx((4.5, 0.5, 4, 5))


def test_what_is_wrong_is_dashed_and_told():
    figure = plot_boxes(
        np.zeros((2, 8, 8)), [[[0, 0, 1, 1], [0, 0, 0.5, 0.5]], []], [["1", "2"], []], [[False, True], []]
    )

    assert [patch.get_linestyle() for patch in figure.axes[0].patches] == ["-", "--"]
    assert alt_text(figure) == "Grid of 2 pictures with boxes. Picture 1: 1, 2 (wrong). Picture 2: 0 boxes."


def test_titles_are_told_and_boxes_without_names_counted():
    figure = plot_boxes(np.zeros((2, 8, 8)), [[[0, 0, 1, 1]], []], titles=["near", "far"])

    assert alt_text(figure) == "Grid of 2 pictures with boxes. near: 1 box. far: 0 boxes."


@pytest.mark.parametrize(
    ("boxes", "names", "message"),
    [([], None, "1 pictures, but 0 lists"), ([[[0, 0, 1, 1]]], [[]], "one name")],
)
def test_lists_that_do_not_fit_are_refused(boxes, names, message):
    with pytest.raises(ValueError, match=message):
        plot_boxes(np.zeros((1, 8, 8)), boxes, names)
