from __future__ import annotations

import numpy as np
import pytest

from coursekit.plotting import alt_text, plot_class_balance, plot_confusion_matrix
from coursekit.plotting.style import luminance

TRUE = np.array([0] * 1000 + [1] * 1000 + [2] * 1000)


@pytest.fixture
def predicted() -> np.ndarray:
    predicted = TRUE.copy()
    predicted[:3] = 1
    predicted[-1] = 0
    return predicted


def test_the_counts_are_written_and_the_zeros_left_out(predicted):
    ax = plot_confusion_matrix(TRUE, predicted)
    written = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in ax.texts}
    assert written == {(0, 0): "997", (0, 1): "3", (1, 1): "1000", (2, 0): "1", (2, 2): "999"}


def test_few_mistakes_stand_out_beside_a_thousand_right_answers(predicted):
    colors = plot_confusion_matrix(TRUE, predicted).images[0].get_array()
    assert luminance(colors[0, 1]) < luminance(colors[0, 0]) < luminance(colors[0, 2])


def test_the_description_counts_the_mistakes(predicted):
    text = alt_text(plot_confusion_matrix(TRUE, predicted, ["cat", "dog", "owl"]))
    assert "3,000 predictions in 3 classes: 2,996 right (99.87 %), 4 wrong." in text
    assert "cat taken for dog, 3 times; owl taken for cat, once." in text


def test_scores_are_turned_into_classes():
    scores = np.eye(3)[[0, 1, 2]]
    text = alt_text(plot_confusion_matrix([0, 1, 2], scores))
    assert "3 right (100.00 %), 0 wrong." in text
    assert "mistakes" not in text


def test_a_class_that_never_occurs_keeps_its_row():
    assert len(plot_confusion_matrix([0], [0], ["a", "b", "c"]).get_yticks()) == 3


@pytest.mark.parametrize(
    ("true", "predicted", "names", "words"),
    [
        ([], [], None, "y_true is empty"),
        ([1, 2], [1], None, "equally long, got 2 and 1"),
        ([0, 1], [0.3, 0.9], None, "Turn probabilities into classes"),
        ([0, -1], [0, 1], None, "class numbers"),
        (["a"], ["b"], None, "class numbers"),
        ([0, 1], [0, 2], ["a", "b"], "class_names has 2 names, but class 2 occurs"),
        (np.zeros((2, 2, 2)), [0, 1], None, "shape \\(2, 2, 2\\)"),
    ],
)
def test_bad_classes_are_explained(true, predicted, names, words):
    with pytest.raises(ValueError, match=words):
        plot_confusion_matrix(true, predicted, names)


def test_the_balance_counts_every_class():
    ax = plot_class_balance([0, 0, 0, 0, 2, 2, 2, 4])
    assert [bar.get_height() for bar in ax.patches] == [50, 0, 37.5, 0, 12.5]
    assert "8 labels in 5 classes. Most frequent: 0, 4 (50.0 %). Never: 1 and 3." in alt_text(ax)


def test_splits_are_compared_by_their_shares():
    ax = plot_class_balance({"training": [0, 0, 0, 1], "test": [0, 1]}, ["cat", "dog"])
    assert [bar.get_height() for bar in ax.patches] == [75, 25, 50, 50]
    assert len({bar.get_hatch() for bar in ax.patches}) == 2
    assert [text.get_text() for text in ax.get_legend().texts] == ["training (4)", "test (2)"]
    assert "4 labels in training" in alt_text(ax)
    assert "2 labels in test" in alt_text(ax)


def test_the_balance_refuses_nothing_at_all():
    with pytest.raises(ValueError, match="No labels"):
        plot_class_balance({})
    with pytest.raises(ValueError, match="test is empty"):
        plot_class_balance({"training": [1], "test": []})
