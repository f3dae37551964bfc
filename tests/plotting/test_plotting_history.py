from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from coursekit.plotting import alt_text, plot_history
from coursekit.plotting.endlabels import spread
from coursekit.plotting.history import higher_is_better

HISTORY = {
    "loss": [0.9, 0.5, 0.3, 0.2],
    "val_loss": [0.8, 0.6, 0.55, 0.7],
    "accuracy": [0.6, 0.7, 0.8, 0.9],
    "val_accuracy": [0.61, 0.75, 0.74, 0.73],
}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_one_run_names_its_lines_and_marks_the_best_epoch():
    ax = plot_history(HISTORY)
    assert texts(ax) == ["lowest validation loss 0.55, epoch 3", "training", "validation"]
    dashed, solid = ax.lines[:2]
    assert (dashed.get_linestyle(), solid.get_linestyle()) == ("--", "-")
    assert dashed.get_marker() != solid.get_marker()
    assert list(ax.get_xticks()) == [1, 2, 3, 4]
    assert "lowest, 0.55, after epoch 3" in alt_text(ax)


def test_accuracy_is_best_when_it_is_highest():
    assert "highest, 0.75, after epoch 2" in alt_text(plot_history(HISTORY, "accuracy"))
    assert higher_is_better("val_sparse_categorical_accuracy")
    assert not higher_is_better("mean_squared_error")


def test_another_series_can_decide_which_epoch_is_best():
    ax = plot_history(HISTORY, "accuracy", mark_best="val_loss")
    assert "Lowest validation loss, 0.55, comes after epoch 3." in alt_text(ax)
    assert texts(ax)[0] == "lowest validation loss 0.55, epoch 3"


@pytest.mark.parametrize("nothing", [None, False])
def test_nothing_is_marked_when_nothing_shall_be(nothing):
    ax = plot_history(HISTORY, mark_best=nothing)
    assert texts(ax) == ["training", "validation"]
    assert "lowest" not in alt_text(ax)


def test_a_keras_history_is_read_like_its_dict():
    assert alt_text(plot_history(SimpleNamespace(history=HISTORY))) == alt_text(plot_history(HISTORY))


def test_many_runs_are_named_at_their_ends_without_overlap():
    runs = {f"{n} units": SimpleNamespace(history={"loss": [1, 0.5], "val_loss": [1, 0.6 + n / 1e4]}) for n in range(6)}
    ax = plot_history(runs)
    assert [t.split(":")[0] for t in texts(ax)] == list(runs)
    assert "0 units: 0.6, epoch 2" in texts(ax)
    heights = sorted(text.xyann[1] for text in ax.texts)
    assert min(b - a for a, b in itertools.pairwise(heights)) > 0.03
    assert "of 6 runs over 2 epochs" in alt_text(ax)


@pytest.mark.parametrize(
    ("mark", "kinds"), [(True, ["validation", "training", "best epoch"]), (None, ["validation", "training"])]
)
def test_the_legend_names_what_is_drawn(mark, kinds):
    legend = plot_history({"a": HISTORY, "b": HISTORY}, mark_best=mark).get_legend()
    assert [text.get_text() for text in legend.get_texts()] == kinds


def test_runs_take_the_colors_that_they_are_given():
    ax = plot_history({"a": HISTORY, "b": HISTORY, "c": HISTORY}, mark_best=None, colors=("#111111", "#222222"))
    assert [line.get_color() for line in ax.lines[1::2]] == ["#111111", "#222222", "#111111"]


def test_runs_of_different_length_share_one_plot():
    ax = plot_history({"short": {"val_loss": [3, 2]}, "long": {"val_loss": [3, 2, 1]}})
    assert ax.get_xticks()[-1] == 3


def test_training_alone_has_no_best_epoch():
    ax = plot_history({"loss": [2.0, 1.0]})
    assert texts(ax) == ["training"]
    assert alt_text(ax) == "Line plot of training loss over 2 epochs. Training loss goes from 2 to 1."


def test_one_epoch_and_many_epochs():
    assert list(plot_history({"loss": [2.0]}).get_xticks()) == [1]
    ticks = plot_history({"loss": np.linspace(2, 1, 300)}).get_xticks()
    assert ticks[0] == 1
    assert len(ticks) < 12


def test_a_diverged_training_is_drawn_as_far_as_it_goes():
    text = alt_text(plot_history({"loss": [1, np.nan], "val_loss": [2, np.inf]}))
    assert "lowest, 2, after epoch 1" in text
    assert "nan" in text
    assert "lowest" not in alt_text(plot_history({"loss": [np.nan], "val_loss": [np.nan]}))


def test_it_draws_where_it_is_told():
    ax = Figure().subplots()
    assert plot_history(HISTORY, ax=ax) is ax


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ({}, "empty"),
        ({"loss": []}, "at least one"),
        ({"loss": [1, 2], "val_loss": [1]}, "same number of epochs"),
        ({"loss": [[1, 2]]}, "one number for each epoch"),
        ({"a": {"loss": [1]}, "b": {}}, "b: expected a history"),
        ({"a": {"loss": [1]}, "b": {"mae": [1]}}, "of 'b'. It holds mae"),
    ],
)
def test_bad_histories_are_explained(history, words):
    with pytest.raises(ValueError, match=words):
        plot_history(history)


def test_unknown_series_are_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"No series mae in the history\. It holds accuracy, loss, val_accuracy"):
        plot_history(HISTORY, "mae")
    with pytest.raises(ValueError, match="No series val_mae"):
        plot_history(HISTORY, mark_best="val_mae")


def test_a_list_is_no_history():
    with pytest.raises(TypeError, match="not list"):
        plot_history([1, 2, 3])


def test_spread_moves_only_what_is_too_close():
    assert spread([0.1, 0.9], 0.1).tolist() == [0.1, 0.9]
    assert spread([0.99, 1.0], 0.1).round(2).tolist() == [0.9, 1.0]
    assert spread([], 0.1).size == 0


def test_abbreviations_are_written_as_such():
    ax = plot_history({"elbo": [-120, -100], "val_elbo": [-118, -99]}, metric="elbo")

    assert ax.get_ylabel() == "ELBO"
    assert "Validation ELBO goes from -118 to -99" in alt_text(ax)
