from __future__ import annotations

import numpy as np
import pytest

from coursekit.plotting import alt_text, plot_optimizer_paths
from coursekit.plotting.display import png


def bowl(x, y):
    return x**2 + 5 * y**2


def path(rate: float, steps: int = 30) -> np.ndarray:
    points = [np.array([3.0, 1.0])]
    for _ in range(steps):
        points.append(points[-1] * (1 - rate * np.array([2, 10])))
    return np.array(points)


def test_paths_get_a_plot_each_with_the_same_axes():
    fig = plot_optimizer_paths(bowl, {f"rate {n}": path(n / 100) for n in range(1, 9)})
    assert len(fig.axes) == 8
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in fig.axes}) == 1
    assert fig.axes[0].get_title().startswith("rate 1: ")
    assert len(png(fig)) < 40_000


def test_the_description_ranks_the_losses():
    text = alt_text(plot_optimizer_paths(bowl, {"slow": path(0.01), "fast": path(0.08)}))
    assert "paths of 2 optimizers from (3, 1), where the loss is 14" in text
    assert text.index("fast") < text.index("slow")
    assert "after 30 steps" in text


def test_an_exploding_path_does_not_hide_the_others():
    ax = plot_optimizer_paths(bowl, {"a": path(0.05), "b": path(0.06), "explodes": path(0.4)}).axes[0]
    assert ax.get_xlim()[1] < 10


def test_a_path_is_cut_where_it_stops_being_finite():
    broken = np.array([[1.0, 1.0], [2.0, 2.0], [np.nan, 0.0]])
    text = alt_text(plot_optimizer_paths(bowl, {"broken": broken}))
    assert "broken 24 after 1 step" in text
    assert "stopped being finite" in text


def test_a_diverged_path_is_called_so_without_a_warning():
    fig = plot_optimizer_paths(bowl, {"good": path(0.05), "too fast": np.array([[3.0, 1.0], [1e200, 1e200]])})
    assert fig.axes[1].get_title() == "too fast: diverged"
    assert "too fast diverged after 1 step" in alt_text(fig)


def test_an_exploding_path_alone_can_be_drawn():
    assert png(plot_optimizer_paths(bowl, {"too fast": np.array([[3.0, 1.0], [1e160, 1e160]])}))


@pytest.mark.parametrize(
    ("function", "paths", "words"),
    [
        (bowl, {}, "No paths"),
        (bowl, {"a": np.zeros((5, 3))}, "path of a must have shape"),
        (bowl, {"a": np.zeros((0, 2))}, "path of a must have shape"),
        (bowl, {"a": np.full((2, 2), np.nan)}, "must be finite"),
        (lambda x, y: 3.0, {"a": path(0.1)}, "one loss for each point"),
    ],
)
def test_bad_paths_are_explained(function, paths, words):
    with pytest.raises(ValueError, match=words):
        plot_optimizer_paths(function, paths)
