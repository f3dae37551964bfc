"""Pictures in a grid, a picture as the numbers that it is, and weights as pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from coursekit.plotting import style
from coursekit.plotting.classes import class_numbers, names_for
from coursekit.plotting.describing import describe, number, plural

MOST_IMAGES = 200
WIDTH = 8.0
"""Inches that a grid may be wide."""

OneEach = np.ndarray | None
"""A value for each image, shape (n,)."""


def plot_images(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    predictions: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    columns: int | None = None,
    cmap: str | Colormap = "gray_r",
    fig: style.Canvas | None = None,
    row_labels: Sequence[str] | None = None,
    scale_each: bool = False,
) -> style.Canvas:
    """Draw images in a grid, with their labels and what a model took them for.

    A wrong prediction has a thick orange frame and says in words what was predicted and what is true.

    Args:
        images: shape (n, h, w), (n, h, w, 1), (n, h, w, 3), or (n, h·h) for flattened squares;
            uint8, or floats of any range (0 to 1 is drawn as it is, another range from its lowest to its highest).
        labels: true classes, shape (n,), or None.
        predictions: predicted classes, shape (n,), or probabilities of all classes, shape (n, classes), or None.
        class_names: one name a class; the numbers when it is None.
        columns: images in a row; chosen by itself when it is None.
        cmap: Matplotlib colour map for images without colour, or its name; by default 0 is white, as on paper. One of
            few greys, ``plt.get_cmap("gray_r", 24)``, makes many noisy images a smaller file.
        fig: figure or subfigure to draw on; a new one when it is None.
        row_labels: what each row shows, to its left, or None.
        scale_each: whether each image goes from its own lowest value to its own highest, as maps of activations do
            that no common scale would show.

    Returns:
        The figure, described.

    Raises:
        ValueError: no images, a shape that holds none, more than 200, or lengths that differ.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_images(np.zeros((2, 28, 28)), labels=[4, 9], predictions=[4, 4]))
    'Grid of 2 images, 28 by 28 pixels. Labels: 4, 9. 1 of 2 predictions is wrong: image 2 is 9, predicted 4.'
    """
    drawn = as_images(images)
    if scale_each:
        drawn = np.stack([(image - image.min()) / (np.ptp(image) or 1) for image in drawn])
    true = _one_each(labels, len(drawn), "labels")
    certainty = _certainty(predictions)
    predicted = _one_each(predictions, len(drawn), "predictions")
    most = max((int(values.max()) for values in (true, predicted) if values is not None), default=-1)
    names = names_for(most + 1, class_names)
    captions = [_caption(i, true, predicted, certainty, names) for i in range(len(drawn))]
    columns = columns or style.balanced_columns(len(drawn), 10 if predicted is None else 6)
    low, high = _range(drawn)
    fig, axes, _ = _draw_grid(drawn, captions, columns, 1.35, fig, cmap=cmap, vmin=low, vmax=high)
    if true is not None and predicted is not None:
        for index in np.flatnonzero(true != predicted):
            _frame(axes[index], wrong=True)
    words = _images_in_words(drawn, true, predicted, names)
    if row_labels is not None:
        _label_rows(axes[::columns], row_labels)
        words += f" Rows: {'; '.join(row_labels)}."
    return describe(fig, f"{words} Each on a scale of its own." if scale_each else words)


def _label_rows(first: Sequence[Axes], labels: Sequence[str]) -> None:
    if len(labels) != len(first):
        raise ValueError(f"Expected {plural(len(first), 'row label')}, one for each row, got {len(labels)}.")
    for ax, label in zip(first, labels):
        ax.set_ylabel(label, rotation="horizontal", horizontalalignment="right", verticalalignment="center")


def _draw_grid(
    images: np.ndarray, captions: list[str], columns: int, widest: float, fig: style.Canvas | None = None, **colors: Any
) -> tuple[style.Canvas, list[Axes], AxesImage]:
    """Images in rows, at most ``widest`` inches wide, with a caption above each.

    Returns:
        The figure, its axes, and what was drawn on the last of them.
    """
    width = min(widest, WIDTH / columns)
    lines = max(caption.count("\n") + bool(caption) for caption in captions)
    height = width * images.shape[1] / images.shape[2] + 0.19 * lines
    fig, axes = style.grid_of_axes(len(images), columns, (width, height), fig)
    longest = max(len(line) for caption in captions for line in caption.split("\n"))
    size = float(np.clip(width * 72 / (0.6 * max(1, longest)), 6.5, 10))
    for ax, image, caption in zip(axes, images, captions):
        drawn = ax.imshow(image, **colors)
        ax.set_title(caption, size=size, pad=3)
        _frame(ax, wrong=False)
    return fig, axes, drawn


def plot_pixel_matrix(image: ArrayLike) -> Axes:
    """Draw a grey image with the number of each pixel written into it: an image is a matrix.

    Args:
        image: shape (h, w) or (h, w, 1), or (h·h,) for a flattened square; at most 32 pixels wide and high.

    Returns:
        The axes, in a figure that is large enough to read all numbers, described.

    Raises:
        ValueError: not one grey image, or one with too many pixels to write numbers into.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_pixel_matrix([[0, 255], [0, 128]]))
    'Image of 2 by 2 pixels with the value of each written into it: 2 of 4 pixels are 0; the largest value is 255.'
    """
    pixels = np.asarray(image)
    if pixels.ndim == 1 or (pixels.ndim == 3 and pixels.shape[-1] == 1):
        pixels = as_images(pixels[np.newaxis])[0]
    if pixels.ndim != 2 or pixels.size == 0 or max(pixels.shape) > 32:
        raise ValueError(f"Expected one grey image of at most 32 by 32 pixels, got shape {pixels.shape}.")
    if not np.isfinite(pixels.astype(float)).all():
        raise ValueError("The image holds values that are not finite numbers.")
    ax = _axes_of_whole_pixels(*pixels.shape)
    shade = _between_0_and_1(pixels.astype(float))
    ax.imshow(1 - shade, cmap="gray", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(pixels):
        paper = [1 - shade[row, column]] * 3
        color = style.QUIET if value == 0 and min(paper) == 1 else style.text_color_on(paper)
        ax.text(column, row, _pixel_text(value), ha="center", va="center", size=7.5, color=color)
    ax.grid(False)
    ax.set(xlabel="column", ylabel="row", xticks=range(0, pixels.shape[1], 3), yticks=range(0, pixels.shape[0], 3))
    ax.tick_params(length=0)
    zeros = int(np.count_nonzero(pixels == 0))
    what = f"Image of {pixels.shape[0]} by {pixels.shape[1]} pixels with the value of each written into it"
    values = f"{zeros} of {pixels.size} pixels are 0; the largest value is {number(float(pixels.max()))}"
    return describe(ax, f"{what}: {values}.")


def _axes_of_whole_pixels(rows: int, columns: int) -> Axes:
    """Axes in which each pixel of an image is 28 dots wide: equal numbers then look, and are stored, alike."""
    cell, left, bottom, rest = 0.28, 0.55, 0.5, 0.1
    width, height = left + cell * columns + rest, bottom + cell * rows + rest
    fig = style.new_figure((width, height), "none")
    fig.set_dpi(100)
    return fig.add_axes((left / width, bottom / height, cell * columns / width, cell * rows / height))


def plot_weights(kernel: ArrayLike, columns: int | None = None, titles: Sequence[str] | None = None) -> style.Canvas:
    """Draw the weights of a layer as images: blue and dark below zero, orange and light above.

    Args:
        kernel: of a dense layer on square images, shape (h·h, units), or of a convolution,
            shape (h, w, channels, filters), of which the first channel is drawn; ``layer.get_weights()[0]``.
        columns: images in a row; chosen by itself when it is None.
        titles: one for each unit or filter; numbered from 0 when it is None.

    Returns:
        The figure, described. All images share one colour scale.

    Raises:
        ValueError: another shape, more than 200 units (slice them: ``kernel[:, :20]``), or not finite.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_weights(np.linspace(-1, 0.5, 9 * 4).reshape(9, 4)))
    'Weights of 4 units as images of 3 by 3. They lie between -1 and 0.5; 67 % are negative.'
    """
    images, kind = _weight_images(kernel)
    titles = list(map(str, range(len(images)) if titles is None else titles))
    if len(titles) != len(images):
        raise ValueError(f"Expected {plural(len(images), 'title')}, one for each unit or filter, got {len(titles)}.")
    columns = columns or style.balanced_columns(len(images), 8)
    limit = np.abs(images).max() or 1.0
    fig, axes, drawn = _draw_grid(images, titles, columns, 1.2, cmap=style.DIVERGING, vmin=-limit, vmax=limit)
    fig.colorbar(drawn, ax=axes, label="weight", fraction=0.04, aspect=max(8, 8 * len(axes) / columns))
    size = f"{images.shape[1]} by {images.shape[2]}"
    span = f"between {number(images.min())} and {number(images.max())}"
    negative = f"{100 * np.mean(images < 0):.0f} % are negative"
    return describe(fig, f"Weights of {kind} as images of {size}. They lie {span}; {negative}.")


def as_images(given: ArrayLike) -> np.ndarray:
    """Images of shape (n, h, w) or (n, h, w, 3) from any of the shapes that :func:`plot_images` takes.

    >>> as_images(np.zeros((5, 784))).shape, as_images(np.zeros((5, 8, 8, 1))).shape
    ((5, 28, 28), (5, 8, 8))
    """
    images = np.asarray(given)
    if images.size == 0:
        raise ValueError(f"There are no images in an array of shape {images.shape}.")
    if images.ndim == 2 and math.isqrt(images.shape[1]) ** 2 == images.shape[1]:
        images = images.reshape(len(images), math.isqrt(images.shape[1]), -1)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim != 3 and not (images.ndim == 4 and images.shape[-1] == 3):
        raise ValueError(
            f"Expected images of shape (n, h, w), (n, h, w, 1), (n, h, w, 3) or flattened squares (n, h·h), "
            f"got {images.shape}. A single image needs one more axis: image[np.newaxis]."
        )
    if len(images) > MOST_IMAGES:
        raise ValueError(f"{len(images):,} images are too many for one figure. Choose some: images[:20].")
    if not np.isfinite(images.astype(float)).all():
        raise ValueError("The images hold values that are not finite numbers.")
    return images if images.ndim == 3 or images.dtype == np.uint8 else _between_0_and_1(images)


def _between_0_and_1(images: np.ndarray) -> np.ndarray:
    low, high = _range(images)
    return np.asarray((images - low) / ((high - low) or 1))


def _range(images: np.ndarray) -> tuple[float, float]:
    """The values that are drawn as lowest and highest: those of the format where the values keep to it."""
    low, high = float(images.min()), float(images.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    if images.dtype == np.uint8 or (low >= 0 and high <= 255 and np.all(images == np.floor(images))):
        return 0.0, 255.0
    return low, high


def _one_each(given: ArrayLike | None, count: int, name: str) -> OneEach:
    if given is None:
        return None
    values = class_numbers(given, name)
    if len(values) != count:
        raise ValueError(f"{name} must hold one class for each of the {count} images, got {len(values)}.")
    return values


def _certainty(predictions: ArrayLike | None) -> OneEach:
    scores = np.asarray([] if predictions is None else predictions)
    return np.asarray(scores.max(axis=1)) if scores.ndim == 2 and scores.shape[1] > 1 else None


def _caption(index: int, labels: OneEach, predictions: OneEach, certainty: OneEach, names: list[str]) -> str:
    if predictions is None:
        return "" if labels is None else names[labels[index]]
    percent = "" if certainty is None else f" ({100 * certainty[index]:.0f} %)"
    predicted = f"{names[predictions[index]]}{percent}"
    if labels is None:
        return predicted
    if labels[index] == predictions[index]:
        return f"\n✓ {predicted}"
    return f"✗ says {predicted}\nis {names[labels[index]]}"


def _frame(ax: Axes, wrong: bool) -> None:
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=True, color=style.WRONG if wrong else "#c0c0c0", linewidth=3 if wrong else 0.8)
    ax.title.set_color(style.ink(style.WRONG) if wrong else "black" if ax.get_title() else style.QUIET)


def _images_in_words(images: np.ndarray, labels: OneEach, predictions: OneEach, names: list[str]) -> str:
    kind = "colour image" if images.ndim == 4 else "image"
    text = f"Grid of {plural(len(images), kind)}, {images.shape[1]} by {images.shape[2]} pixels."
    if labels is not None:
        text += f" Labels: {', '.join(names[label] for label in labels)}."
    if predictions is None:
        return text
    if labels is None:
        return text + f" Predictions: {', '.join(names[p] for p in predictions)}."
    wrong = np.flatnonzero(labels != predictions)
    if not len(wrong):
        return text + " No prediction is wrong."
    said = [f"image {i + 1} is {names[labels[i]]}, predicted {names[predictions[i]]}" for i in wrong]
    verb = "is" if len(wrong) == 1 else "are"
    return f"{text} {len(wrong)} of {plural(len(labels), 'prediction')} {verb} wrong: {'; '.join(said)}."


def _pixel_text(value: float) -> str:
    if float(value).is_integer():
        return str(round(float(value)))
    return f"{value:.2f}".replace("0.", ".", 1)


def _weight_images(given: ArrayLike) -> tuple[np.ndarray, str]:
    kernel = np.asarray(given, float)
    if kernel.ndim == 2 and kernel.size and math.isqrt(len(kernel)) ** 2 == len(kernel):
        return as_images(kernel.T), plural(kernel.shape[1], "unit")
    if kernel.ndim != 4 or not kernel.size:
        raise ValueError(
            "Expected a kernel of shape (h·h, units) or (h, w, channels, filters), as layer.get_weights()[0] gives, "
            f"got shape {kernel.shape}."
        )
    channels, filters = kernel.shape[2:]
    which = f" on the first of {channels} input channels" if channels > 1 else ""
    return as_images(np.moveaxis(kernel[:, :, 0], -1, 0)), plural(filters, "filter") + which
