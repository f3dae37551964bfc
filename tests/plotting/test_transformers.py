"""Heat maps of attention: what they refuse, and what their description says."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.plotting import alt_text, plot_attention_map
from coursekit.plotting.display import figure_of


def even(heads, words):
    return np.full((heads, words, words), 1 / words)


def test_a_picture_for_each_head_and_its_largest_weight_told():
    weights = even(2, 3)
    weights[1, 2] = 0.05, 0.9, 0.05
    ax = plot_attention_map(weights, ["so", "very", "bad"])
    assert len(figure_of(ax).axes) == 2
    assert 'head 2, 0.90 from "bad" to "very"' in alt_text(ax)
    np.testing.assert_array_equal(weights[0], even(1, 3)[0])


@pytest.mark.parametrize(
    "weights", [even(5, 3), even(1, 4), even(1, 3)[0], even(1, 3) * 2, even(1, 3) - [0.5, 0, -0.5], even(0, 3)]
)
def test_refuses_what_are_no_weights(weights):
    with pytest.raises(ValueError, match=r"heads|row"):
        plot_attention_map(weights, ["so", "very", "bad"])


def test_refuses_too_many_words():
    with pytest.raises(ValueError, match="2 to 30"):
        plot_attention_map(even(1, 31), ["a"] * 31)
