"""The ways that optimizers take down a loss surface of two weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType
from numpy.typing import ArrayLike

from coursekit.plotting.describing import describe, number, plural
from coursekit.plotting.style import (
    COLORS,
    LINE_STYLES,
    MARKERS,
    QUIET,
    Canvas,
    axes_or_new,
    balanced_columns,
    grid_of_axes,
    ink,
)

MOST_IN_ONE = 4
LEVELS = 10
GREYS = LinearSegmentedColormap.from_list("coursekit_depth", ["#c0c0c0", "#ffffff"])
"""Deeper is darker, and never so dark that a path is lost on it."""

LEGEND = "○ start     large filled marker: end     number: loss at the end"
LEGEND_MINIMUM = "     ☆ lowest point"

Point = tuple[float, float]
Bounds = tuple[Point, Point]
Paths = Mapping[str, np.ndarray]
Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Surface(NamedTuple):
    """Losses on a grid of points, and the point that is to be marked as the lowest."""

    x: np.ndarray
    y: np.ndarray
    loss: np.ndarray
    minimum: Point | None


def plot_optimizer_paths(
    loss_function: Loss,
    paths: Mapping[str, ArrayLike],
    bounds: Bounds | None = None,
    minimum: Point | None = None,
    columns: int | None = None,
    ax: Axes | None = None,
    fig: Canvas | None = None,
) -> Canvas:
    """Draw the path of each optimizer over the contours of a loss with two weights.

    Up to four paths share one plot; more of them get a small plot each, all with the same axes.

    Args:
        loss_function: ``loss_function(x, y)`` for arrays of equal shape; gives the loss at each point.
        paths: by name, the weights after each step, start included: shape (steps + 1, 2).
        bounds: ``((x_low, x_high), (y_low, y_high))``; room for all paths when it is None.
        minimum: where the loss is lowest, marked with a star; not marked when it is None.
        columns: small plots in a row; chosen by itself when it is None.
        ax: where to draw all paths together; a new figure when it is None.
        fig: figure or subfigure for the plots; a new one when it is None.

    Returns:
        The figure, described.

    Raises:
        ValueError: no paths, a path of another shape, or a loss that does not fit the points it was asked for.

    >>> from coursekit.plotting import alt_text
    >>> path = np.array([[2.0, 0.0], [1.0, 0.0], [0.5, 0.0]])
    >>> alt_text(plot_optimizer_paths(lambda x, y: x**2 + y**2, {"SGD": path}))
    'Contour plot of a loss over two weights with the path of 1 optimizer from (2, 0), where the loss is 4.
    Loss at the end, lowest first: SGD 0.25 after 2 steps.'
    """
    finite = {str(name): _finite(points, name) for name, points in paths.items()}
    lost = [str(name) for name, points in paths.items() if len(finite[str(name)]) < len(np.asarray(points))]
    if not finite:
        raise ValueError('No paths to draw: expected a dict such as {"SGD": array of shape (steps + 1, 2)}.')
    surface = _surface(loss_function, bounds or _bounds(finite, minimum), minimum)
    ends = {name: _loss(loss_function, path[-1]) for name, path in finite.items()}
    words = _paths_in_words(loss_function, finite, ends, lost)
    if ax is None and len(finite) > MOST_IN_ONE:
        return describe(_draw_apart(surface, finite, ends, columns, fig), words)
    ax = axes_or_new(ax or (fig.subplots() if fig else None), (7, 4.8))
    _draw_together(ax, surface, finite, ends)
    return describe(ax, words).figure


def _finite(given: ArrayLike, name: str) -> np.ndarray:
    """The path up to the first weight that is not a finite number."""
    points = np.asarray(given, float)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"The path of {name} must have shape (steps + 1, 2), got {points.shape}.")
    lost = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if lost.size and lost[0] == 0:
        raise ValueError(f"The path of {name} starts at {points[0].tolist()}: both weights must be finite numbers.")
    return points[: lost[0]] if lost.size else points


def _bounds(paths: Paths, minimum: Point | None) -> Bounds:
    """Room for every path, the minimum, and a margin; but a path that explodes, next to the others, is cut off."""
    extents = {name: np.ptp(path, axis=0).max() for name, path in paths.items()}
    usual = 5 * np.quantile(list(extents.values()), 0.5, method="lower")
    if minimum is not None:
        start = next(iter(paths.values()))[0]
        usual = max(usual, 2 * np.abs(start - minimum).max())
    parts = [path if extents[name] <= usual else path[:1] for name, path in paths.items()]
    shown = np.concatenate(parts if minimum is None else [*parts, np.array([minimum], float)])
    low, high = shown.min(axis=0), shown.max(axis=0)
    width = np.maximum(high - low, 0.35 * max(high - low)) if max(high - low) else np.ones(2)
    middle = (high + low) / 2
    x, y = ((float(m - 0.62 * w), float(m + 0.62 * w)) for m, w in zip(middle, width))
    return x, y


def _surface(loss_function: Loss, bounds: Bounds, minimum: Point | None) -> Surface:
    x, y = np.meshgrid(np.linspace(*bounds[0], 160), np.linspace(*bounds[1], 160))
    with np.errstate(over="ignore", invalid="ignore"):
        loss = np.asarray(loss_function(x, y), float)
    if loss.shape != x.shape:
        raise ValueError(
            f"loss_function(x, y) must give one loss for each point: asked with arrays of shape {x.shape}, "
            f"it gave shape {loss.shape}. Write it with NumPy operations on x and y."
        )
    return Surface(x, y, loss, minimum)


def _draw_surface(ax: Axes, surface: Surface) -> None:
    x, y, loss, minimum = surface
    finite = loss[np.isfinite(loss)]
    levels = np.unique(np.quantile(finite, np.linspace(0, 1, LEVELS) ** 1.5)) if finite.size else finite
    if len(levels) > 1:
        shades = GREYS(np.linspace(0, 1, len(levels) - 1))
        ax.contourf(x, y, loss, levels=levels, colors=shades, antialiased=False)
        ax.contour(x, y, loss, levels=levels, colors="#a6a6a6", linewidths=0.6, antialiased=False)
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    ax.grid(False)
    if minimum is not None:
        ax.plot(*minimum, "*", markersize=14, markerfacecolor="white", markeredgecolor="black", zorder=3)


def _looks(paths: Paths) -> Iterator[tuple[str, np.ndarray, str, str, LineStyleType]]:
    """Each path with its name and what it is told apart by: colour, marker, style of line."""
    looks = zip(paths.items(), cycle(COLORS), cycle(MARKERS[1:]), cycle(LINE_STYLES))
    return ((name, path, color, marker, linestyle) for (name, path), color, marker, linestyle in looks)


def _draw_path(ax: Axes, path: np.ndarray, color: str, marker: str, linestyle: LineStyleType) -> None:
    ax.plot(*path.T, color=color, linestyle=linestyle, linewidth=1.6, marker="o", markersize=2.2)
    ax.plot(*path[0], "o", markersize=8, markerfacecolor="white", markeredgecolor="black", zorder=4)
    ax.plot(*path[-1], marker, markersize=9, color=color, markeredgecolor="white", zorder=5)


def _draw_together(ax: Axes, surface: Surface, paths: Paths, ends: dict[str, float]) -> None:
    _draw_surface(ax, surface)
    drawn = {}
    for name, path, color, marker, linestyle in _looks(paths):
        _draw_path(ax, path, color, marker, linestyle)
        label = f"{name}: {_loss_in_words(ends[name])}"
        line = Line2D([], [], linewidth=1.6, markersize=8, color=color, marker=marker, linestyle=linestyle, label=label)
        drawn[name] = line
    handles = [drawn[name] for name in sorted(ends, key=ends.__getitem__)]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), title="loss at the end", alignment="left")
    ax.set(xlabel="first weight", ylabel="second weight")


def _draw_apart(
    surface: Surface, paths: Paths, ends: dict[str, float], columns: int | None, fig: Canvas | None
) -> Canvas:
    columns = columns or balanced_columns(len(paths), 4)
    fig, axes = grid_of_axes(len(paths), columns, (8.4 / columns, 8.0 / columns + 0.25), fig)
    for ax, (name, path, color, marker, _) in zip(axes, _looks(paths)):
        _draw_surface(ax, surface)
        _draw_path(ax, path, color, marker, "-")
        ax.set_title(f"{name}: {_loss_in_words(ends[name])}", color=ink(color), size=10)
        ax.label_outer()
        ax.tick_params(labelsize=8)
    legend = LEGEND if surface.minimum is None else LEGEND + LEGEND_MINIMUM
    fig.supxlabel(f"first weight\n{legend}", size=10, color=QUIET)
    fig.supylabel("second weight", size=10, color=QUIET)
    return fig


def _loss_in_words(loss: float) -> str:
    return number(loss) if np.isfinite(loss) else "diverged"


def _loss(loss_function: Loss, point: np.ndarray) -> float:
    with np.errstate(all="ignore"):  # a diverged path ends where the loss overflows
        return float(np.asarray(loss_function(point[:1], point[1:]), float).reshape(-1)[0])


def _paths_in_words(loss_function: Loss, paths: Paths, ends: dict[str, float], lost: list[str]) -> str:
    start = next(iter(paths.values()))[0]
    said = [
        f"{name} {_loss_in_words(loss)} after {plural(len(paths[name]) - 1, 'step')}"
        + (", where it stopped being finite" if name in lost else "")
        for loss, name in sorted((loss, name) for name, loss in ends.items())
    ]
    return (
        f"Contour plot of a loss over two weights with the {'path' if len(paths) == 1 else 'paths'} of "
        f"{plural(len(paths), 'optimizer')} from ({number(start[0])}, {number(start[1])}), where the loss is "
        f"{number(_loss(loss_function, start))}. Loss at the end, lowest first: {'; '.join(said)}."
    )
