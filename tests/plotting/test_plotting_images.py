from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from coursekit.plotting import alt_text, plot_images, plot_pixel_matrix, plot_weights
from coursekit.plotting.display import png
from coursekit.plotting.style import DIVERGING, contrast


@pytest.fixture
def digits() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 28, 28), np.uint8)


@pytest.mark.parametrize("shape", [(6, 28, 28), (6, 28, 28, 1), (6, 784), (6, 28, 28, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_every_usual_shape_is_drawn(shape, dtype):
    images = (np.random.default_rng(0).random(shape) * (255 if dtype == "uint8" else 1)).astype(dtype)
    fig = plot_images(images)
    assert isinstance(fig, Figure)
    assert len(fig.axes) == 6
    assert "6 colour images" in alt_text(fig) if shape[-1] == 3 else "6 images, 28 by 28" in alt_text(fig)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 3.5)])
def test_standardised_images_use_the_whole_scale(low, high):
    fig = plot_images(np.linspace(low, high, 32).reshape(2, 4, 4))
    assert fig.axes[0].images[0].get_clim() == (low, high)
    colour = plot_images(np.linspace(low, high, 96).reshape(2, 4, 4, 3))
    assert colour.axes[1].images[0].get_array().max() == 1


@pytest.mark.parametrize(("highest", "scale"), [(1, (0, 1)), (200, (0, 255))])
def test_whole_numbers_are_drawn_as_a_mask_or_on_the_scale_of_a_byte(highest, scale):
    images = np.array([[[0, highest], [1, 0]]], np.uint8)
    assert plot_images(images).axes[0].images[0].get_clim() == scale


def test_a_wrong_prediction_differs_in_words_and_frame(digits):
    fig = plot_images(digits, [0, 1, 2, 3, 4, 5], [0, 1, 7, 3, 4, 5])
    titles = [ax.get_title() for ax in fig.axes]
    assert titles[2] == "✗ says 7\nis 2"
    assert titles[0].strip() == "✓ 0"
    widths = [ax.spines["left"].get_linewidth() for ax in fig.axes]
    assert widths[2] > 2 * widths[0]
    assert fig.axes[2].spines["left"].get_edgecolor()[:3] != fig.axes[0].spines["left"].get_edgecolor()[:3]
    assert "1 of 6 predictions is wrong: image 3 is 2, predicted 7" in alt_text(fig)


def test_probabilities_say_how_sure_the_model_is(digits):
    fig = plot_images(digits[:1], [1], [[0.1, 0.9]], class_names=["cat", "dog"])
    assert fig.axes[0].get_title().strip() == "✓ dog (90 %)"
    assert alt_text(fig).endswith("No prediction is wrong.")


def test_predictions_without_labels_are_only_shown(digits):
    fig = plot_images(digits, predictions=[1] * 6)
    assert "Predictions: 1, 1" in alt_text(fig)


def test_columns_are_kept(digits):
    assert plot_images(digits, columns=2).axes[0].get_subplotspec().get_gridspec().ncols == 2


def test_a_given_figure_is_drawn_on(digits):
    top, _ = Figure(layout="constrained").subfigures(2)
    assert plot_images(digits, fig=top) is top
    assert "6 images" in alt_text(top.figure)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.zeros((0, 28, 28)),), "no images"),
        ((np.zeros((28, 27)),), "image\\[np.newaxis\\]"),
        ((np.zeros((2, 28, 28, 2)),), "Expected images"),
        ((np.full((2, 4, 4), np.nan),), "not finite"),
        ((np.zeros((60_000, 4, 4)),), "60,000 images are too many.*images\\[:20\\]"),
        ((np.zeros((2, 4, 4)), [1]), "labels must hold one class for each of the 2 images, got 1"),
        ((np.zeros((2, 4, 4)), [1, 2], [1, 2, 3]), "predictions must hold one class"),
        ((np.zeros((2, 4, 4)), [0.5, 2]), "class numbers"),
        ((np.zeros((2, 4, 4)), [0, 2], None, ["a", "b"]), "class 2 occurs"),
    ],
)
def test_bad_images_are_explained(arguments, words):
    with pytest.raises(ValueError, match=words):
        plot_images(*arguments)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (784,)])
def test_the_pixel_matrix_writes_every_number(shape):
    image = np.arange(784).reshape(shape) % 256
    ax = plot_pixel_matrix(image.astype(np.uint8))
    assert [text.get_text() for text in ax.texts] == [str(value) for value in image.ravel()]
    assert "4 of 784 pixels are 0; the largest value is 255" in alt_text(ax)


@pytest.mark.parametrize("image", [[[0, 60], [120, 255]], [[-1.0, 0.0], [0.5, 1.0]]])
def test_each_number_can_be_read_on_its_pixel(image):
    ax = plot_pixel_matrix(image)
    shades = ax.images[0].get_array()
    for text, shade in zip(ax.texts, shades.ravel()):
        assert contrast(text.get_color(), [shade] * 3) >= 4.5, text.get_text()


def test_fractions_are_short_and_readable():
    texts = [text.get_text() for text in plot_pixel_matrix([[0.0, 0.531], [1.0, -0.25]]).texts]
    assert texts == ["0", ".53", "1", "-.25"]


def test_the_pixel_matrix_is_small_for_all_its_numbers():
    row, column = np.mgrid[:28, :28]
    zero = 255 * np.exp(-((np.hypot((row - 14) / 1.4, column - 14) - 6) ** 2))
    assert len(png(plot_pixel_matrix(zero.astype(np.uint8)).figure)) < 30_000


@pytest.mark.parametrize("image", [np.zeros((2, 28, 28)), np.zeros((64, 64)), np.zeros((0, 0)), np.zeros((8, 8, 3))])
def test_what_is_not_one_small_grey_image_is_refused(image):
    with pytest.raises(ValueError, match="one grey image"):
        plot_pixel_matrix(image)
    with pytest.raises(ValueError, match="not finite"):
        plot_pixel_matrix([[np.nan, 1.0]])


def test_weights_share_one_scale_around_zero():
    kernel = np.random.default_rng(0).normal(size=(784, 12))
    kernel[3, 4] = -9
    fig = plot_weights(kernel)
    assert {ax.images[0].get_clim() for ax in fig.axes[:12]} == {(-9.0, 9.0)}
    assert all(ax.images[0].get_cmap() == DIVERGING for ax in fig.axes[:12])  # whose signs are read in grey
    assert np.array_equal(fig.axes[4].images[0].get_array(), kernel[:, 4].reshape(28, 28))
    assert "Weights of 12 units as images of 28 by 28" in alt_text(fig)
    assert "between -9 and" in alt_text(fig)


def test_filters_of_a_convolution_are_drawn_for_one_channel():
    kernel = np.random.default_rng(0).normal(size=(3, 5, 2, 4))
    fig = plot_weights(kernel, titles="abcd")
    assert np.array_equal(fig.axes[2].images[0].get_array(), kernel[:, :, 0, 2])
    assert "4 filters on the first of 2 input channels as images of 3 by 5" in alt_text(fig)


@pytest.mark.parametrize(
    ("kernel", "options", "words"),
    [
        (np.zeros((10, 3)), {}, "kernel of shape"),
        (np.zeros((784, 512)), {}, "too many"),
        (np.full((4, 2), np.inf), {}, "not finite"),
        (np.zeros((4, 2)), {"titles": ["one"]}, "2 titles"),
        (np.zeros(4), {}, "kernel of shape"),
    ],
)
def test_bad_kernels_are_explained(kernel, options, words):
    with pytest.raises(ValueError, match=words):
        plot_weights(kernel, **options)


def test_weights_that_are_all_zero_can_be_drawn():
    assert "0 % are negative" in alt_text(plot_weights(np.zeros((4, 1))))


def test_each_map_may_have_a_scale_of_its_own():
    maps = np.stack([np.full((3, 3), 7.0), np.arange(9.0).reshape(3, 3), np.arange(9.0).reshape(3, 3) / 1000])
    fig = plot_images(maps, scale_each=True)

    assert [float(ax.images[0].get_array().max()) for ax in fig.axes] == [0, 1, 1]
    assert alt_text(fig).endswith("Each on a scale of its own.")


def test_rows_have_labels(digits):
    fig = plot_images(digits, columns=3, row_labels=["drawn", "rebuilt"])

    assert [ax.get_ylabel() for ax in fig.axes] == ["drawn", "", "", "rebuilt", "", ""]
    assert alt_text(fig).endswith("Rows: drawn; rebuilt.")
    with pytest.raises(ValueError, match="Expected 2 row labels, one for each row, got 1"):
        plot_images(digits, columns=3, row_labels=["drawn"])
