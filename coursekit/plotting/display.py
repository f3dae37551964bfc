"""Figures as notebook outputs that can be read without eyes.

Three readers want three things. JupyterLab and VS Code show ``text/html`` before ``image/png`` and take the
description only from its ``<img alt>``; nbconvert reads ``metadata["image/png"]["alt"]`` where it shows the PNG; all
others fall back on the PNG or the plain text. One output holds all of them.
"""

from __future__ import annotations

import base64
import html
import io
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from PIL import Image

from coursekit.kernel import notebook_shell
from coursekit.plotting.describing import alt_text, describe, facts_of

CARD = "background: white; padding: 0.5em; border-radius: 0.4em; box-sizing: border-box; max-width: 100%"
"""How a picture stands on a page, dark or light, wide or narrow."""

INVISIBLE = 3.5
"""Root mean square difference, of 255, of all that is not white, up to which a palette stands in for the original.
Plots measured here stay below it; photographs, which a palette spoils, are above 6."""

SAME_SHADE = 6
"""Largest difference, of 255, by which 64 colours may change the inside of an area; else two shades may become one."""


def show(figure_or_axes: Figure | SubFigure | Axes, alt: str | None = None) -> None:
    """Show a figure once, with its description, and close it. In a terminal, print the description.

    Args:
        figure_or_axes: what a plotting function returned, or a figure of your own.
        alt: what the figure shows, in words; needed for a figure of your own unless :func:`describe` was called.

    Raises:
        ValueError: the figure has no description.

    >>> ax = Figure().subplots()
    >>> show(ax, alt="Two empty axes.")
    Two empty axes.
    """
    figure = figure_of(figure_or_axes)
    if alt is not None:
        describe(figure, alt)
    _show(figure, alt_text(figure))


def figure_of(figure_or_axes: Figure | SubFigure | Axes) -> Figure:
    """The whole figure to which axes belong; a figure itself."""
    drawn = isinstance(figure_or_axes, (Figure, SubFigure, Axes))
    figure = figure_or_axes.get_figure(root=True) if drawn else None
    if figure is None:
        raise TypeError(f"Expected a Matplotlib Figure or Axes, not {type(figure_or_axes).__name__}.")
    return figure


def mimebundle(picture: bytes, alt: str, note: str = "") -> tuple[dict[str, str], dict[str, object]]:
    """Data and metadata of one notebook output that shows a picture.

    Args:
        picture: as :func:`png` draws it.
        alt: its description.
        note: a line of text to stand above the picture.

    Returns:
        The MIME bundle (HTML, PNG in base64, plain text) and its metadata.
    """
    encoded = base64.b64encode(picture).decode("ascii")
    paragraph = f"<p>{html.escape(note)}</p>\n" if note else ""
    data = {
        "text/html": f'{paragraph}<img alt="{html.escape(alt)}" style="{CARD}" src="data:image/png;base64,{encoded}">',
        "image/png": encoded,
        "text/plain": f"{note}\n{alt}" if note else alt,
    }
    return data, {"image/png": {"alt": alt}, "alt": alt}


def png(figure: Figure) -> bytes:
    """The figure as a small PNG: the same figure gives the same bytes, with a palette where that is not seen.

    >>> png(Figure(figsize=(1, 1)))[:4]
    b'\\x89PNG'
    """
    full = io.BytesIO()
    figure.savefig(full, format="png", bbox_inches="tight", pad_inches=0.08, metadata={"Software": None})
    rgba = Image.open(full).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    best = _in_colors(image, 64)
    if not _unseen(image, best) or _in_areas(image, best) > SAME_SHADE:
        best = _in_colors(image, 256)
        if not _unseen(image, best):
            best = image
    small = io.BytesIO()
    best.save(small, format="png", optimize=True)
    return small.getvalue()


def _in_colors(image: Image.Image, colors: int) -> Image.Image:
    return image.quantize(colors, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)


def _unseen(image: Image.Image, palette: Image.Image) -> bool:
    """Whether the palette changes what is drawn by no more than is seen."""
    before, after = _pixels(image), _pixels(palette)
    drawn = (before < 250).any(axis=-1)
    return not drawn.any() or float(np.sqrt(np.mean((before - after)[drawn] ** 2))) <= INVISIBLE


def _in_areas(image: Image.Image, palette: Image.Image) -> float:
    """Largest difference at a pixel that is as its four neighbours are: the inside of a bar, a cell of a heat map."""
    before, after = _pixels(image), _pixels(palette)
    inside = np.ones(before.shape[:2], bool)
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        inside &= (np.roll(before, step, axis) == before).all(axis=-1)
    return float(np.abs(before - after)[inside].max(initial=0))


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), np.float32)


def describe_every_figure() -> None:
    """In a notebook, show every figure in the way of :func:`show`, also one that nobody handed to it."""
    if shell := notebook_shell():
        formatter = shell.display_formatter.ipython_display_formatter
        formatter.for_type(Figure, _display_as_result)
        formatter.for_type(Axes, _display_as_result)


def _display_as_result(figure_or_axes: Figure | Axes) -> None:
    figure = figure_of(figure_or_axes)
    try:
        text = alt_text(figure)
    except ValueError:  # not through show(): better a poor description than no figure
        text = facts_of(figure)
    _show(figure, text)


def _show(figure: Figure, alt: str) -> None:
    if notebook_shell() is None:
        print(alt)
    else:
        publish(*mimebundle(png(figure), alt))
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)  # if it is one of pyplot's: the inline backend would show it a second time


def publish(data: Mapping[str, object], metadata: dict[str, object], **options: Any) -> None:
    """Make a MIME bundle an output of the notebook; the options are those of IPython's ``display``."""
    import IPython.display

    display: Any = IPython.display.display  # which has no types
    display(data, metadata=metadata, raw=True, **options)
