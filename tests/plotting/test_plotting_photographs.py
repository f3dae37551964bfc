"""Photographs are drawn dot by dot, in few colours, and in the order of their titles."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from coursekit.plotting import alt_text, plot_photographs
from coursekit.plotting.display import png
from coursekit.plotting.photographs import SHARED_COLORS


def photographs(count: int = 3) -> np.ndarray:
    rows, columns = np.mgrid[:40, :60] / 60
    return np.stack([np.stack([rows, columns, (rows + columns + k) % 1], -1) for k in np.linspace(0, 0.5, count)])


def drawn(figure) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png(figure))).convert("RGB"), float)


def test_each_pixel_is_a_dot():
    red = np.zeros((1, 40, 60, 3), np.uint8)
    red[..., 0] = 255
    shown = drawn(plot_photographs(red))
    assert (shown == (255, 0, 0)).all(axis=-1).sum() == 40 * 60


def test_pixels_can_be_enlarged():
    red = np.zeros((1, 10, 12, 3), np.uint8)
    red[..., 0] = 255
    assert (drawn(plot_photographs(red, enlarge=3)) == (255, 0, 0)).all(axis=-1).sum() == 10 * 12 * 9


@pytest.mark.parametrize(("enlarge", "kept"), [(2, False), (3, True)])
def test_pixels_that_are_seen_one_by_one_keep_their_colours(enlarge, kept):
    picture = (photographs(1) * 255).round().astype("uint8")
    shown = plot_photographs(picture, enlarge=enlarge).axes[0].images[0].get_array()

    assert (np.asarray(shown) == picture[0]).all() == kept


def test_photographs_are_stored_in_few_bytes_and_stay_what_they_are():
    figure = plot_photographs(photographs())
    assert len(png(figure)) < 0.8 * photographs().size / 3
    ax = figure.axes[1]
    shown = ax.images[0].get_array()
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) <= SHARED_COLORS
    blurred = [each.reshape(10, 4, 15, 4, 3).mean(axis=(1, 3)) for each in (shown / 255, photographs()[1])]
    assert np.abs(blurred[0] - blurred[1]).mean() < 0.04


def test_grey_pictures_and_bytes_are_taken_too():
    grey = plot_photographs(np.full((2, 8, 8), 0.5)).axes[0].images[0].get_array()
    assert grey.shape == (8, 8, 3)
    assert set(grey.ravel().tolist()) == {128}
    assert plot_photographs(np.full((1, 8, 8, 3), 7, np.uint8)).axes[0].images[0].get_array().max() == 7


def test_titles_and_rows_are_told():
    figure = plot_photographs(photographs(4), titles=["a", "b", "c", "d\ne"], columns=2, row_labels=["up", "down"])
    assert alt_text(figure) == "Grid of 4 photographs, 40 by 60 pixels: a; b; c; d e. Rows: up; down."
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c", "d\ne"]


@pytest.mark.parametrize(
    ("wrong", "told"), [({"titles": ["one"]}, "2 titles"), ({"row_labels": ["a", "b"]}, "1 row label")]
)
def test_counts_must_fit(wrong, told):
    with pytest.raises(ValueError, match=told):
        plot_photographs(np.zeros((2, 8, 8, 3)), **wrong)
