"""Figures in words: what a screen reader reads, and what a terminal prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

_ATTRIBUTE = "_coursekit_description"
Described = TypeVar("Described", bound="Axes | Figure | SubFigure")


def describe(artist: Described, text: str) -> Described:
    """Say in words what a figure or one of its axes shows; the description replaces an automatic one.

    Args:
        artist: Matplotlib Axes or Figure.
        text: what a reader who cannot see it should know: the kind of figure, its axes, what it shows.

    Returns:
        ``artist``, so that ``show(describe(ax, "…"))`` works.

    >>> ax = Figure().subplots()
    >>> alt_text(describe(ax, "Line plot of time against batch size: twice the batch, half the time."))
    'Line plot of time against batch size: twice the batch, half the time.'
    """
    if not isinstance(artist, (Axes, Figure, SubFigure)):
        raise TypeError(f"Only a Matplotlib Axes or Figure can be described, not {type(artist).__name__}.")
    text = " ".join(str(text).split())
    if not text:
        raise ValueError("The description is empty. Say what the figure shows, in a sentence or two.")
    setattr(artist, _ATTRIBUTE, text)
    return artist


def alt_text(artist: Axes | Figure | SubFigure) -> str:
    """The description of a figure: its own, else those of its parts, one after the other.

    Raises:
        ValueError: nothing in it has been described.
    """
    text = _find(artist)
    if not text:
        raise ValueError(
            "This figure has no description, so a reader who cannot see it gets nothing. "
            'Say what it shows: show(figure, alt="…") or describe(ax, "…").'
        )
    return text


def _find(artist: Artist) -> str:
    own: str = getattr(artist, _ATTRIBUTE, "")
    if own or not isinstance(artist, (Figure, SubFigure)):
        return own
    parts = [*(ax for ax in artist.axes if ax.figure is artist), *artist.subfigs]
    return " ".join(filter(None, map(_find, parts)))


def facts_of(figure: Figure) -> str:
    """What Matplotlib knows of a figure that nobody has described: titles and axis labels.

    >>> figure = Figure()
    >>> _ = figure.subplots().set(title="Speed", xlabel="batch size", ylabel="seconds")
    >>> facts_of(figure)
    'Figure without a description. Plot "Speed": seconds against batch size.'
    """
    parts = ["Figure without a description."]
    for ax in figure.axes:
        title = f'Plot "{ax.get_title()}"' if ax.get_title() else "Plot"
        labels = f": {ax.get_ylabel()} against {ax.get_xlabel()}" if ax.get_xlabel() and ax.get_ylabel() else ""
        if ax.get_title() or labels:
            parts.append(f"{title}{labels}.")
    return " ".join(parts)


def number(value: float) -> str:
    """A measured value, to four digits.

    >>> number(0.27134), number(12345), number(0.98)
    ('0.2713', '12,345', '0.98')
    """
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def listing(words: Iterable[object]) -> str:
    """Words as a sentence lists them.

    >>> listing(["SGD", "Adam", "Nadam"]), listing([3, 5]), listing(["one"])
    ('SGD, Adam and Nadam', '3 and 5', 'one')
    """
    *others, final = map(str, words) if words else [""]
    return f"{', '.join(others)} and {final}" if others else final


def plural(count: int, noun: str, nouns: str = "") -> str:
    """
    >>> plural(1, "epoch"), plural(1200, "image"), plural(2, "class", "classes")
    ('1 epoch', '1,200 images', '2 classes')
    """
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
