"""The ways that optimizers take down a loss surface of two weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import ArrayLike

from coursekit.plotting.describing import describe, number, plural
from coursekit.plotting.style import COLORS, MARKERS, QUIET, Canvas, balanced_columns, grid_of_axes, ink

LEVELS = 10
GREYS = LinearSegmentedColormap.from_list("coursekit_depth", ["#c0c0c0", "#ffffff"])
"""Deeper is darker, and never so dark that a path is lost on it."""

LEGEND = "○ start     large filled marker: end     number: loss at the end"

Paths = Mapping[str, np.ndarray]
Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]
Surface = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Both weights and the loss on a grid of points."""


def plot_optimizer_paths(loss_function: Loss, paths: Mapping[str, ArrayLike]) -> Canvas:
    """Draw the path of each optimizer over the contours of a loss with two weights: a small plot each, with equal axes.

    Args:
        loss_function: ``loss_function(x, y)`` for arrays of equal shape; gives the loss at each point.
        paths: by name, the weights after each step, start included: shape (steps + 1, 2).

    Returns:
        The figure, described.

    Raises:
        ValueError: no paths, a path of another shape, or a loss that does not fit the points it was asked for.

    >>> from coursekit.plotting import alt_text
    >>> path = np.array([[2.0, 0.0], [1.0, 0.0], [0.5, 0.0]])
    >>> alt_text(plot_optimizer_paths(lambda x, y: x**2 + y**2, {"SGD": path}))
    'Contour plot of a loss over two weights with the path of 1 optimizer from (2, 0), where the loss is 4.
    Loss at the end, lowest first: SGD 0.25 after 2 steps. Sign changes of the second weight, and its value
    furthest from zero: SGD 0, 0.'
    """
    finite = {str(name): _finite(points, name) for name, points in paths.items()}
    lost = [str(name) for name, points in paths.items() if len(finite[str(name)]) < len(np.asarray(points))]
    if not finite:
        raise ValueError('No paths to draw: expected a dict such as {"SGD": array of shape (steps + 1, 2)}.')
    surface = _surface(loss_function, finite)
    ends = {name: _loss(loss_function, path[-1]) for name, path in finite.items()}
    columns = balanced_columns(len(finite), 4)
    across = max(2, columns)
    fig, axes = grid_of_axes(len(finite), columns, (8.4 / across, 8.0 / across + 0.25))
    for ax, (name, path), color, marker in zip(axes, finite.items(), cycle(COLORS), cycle(MARKERS[1:])):
        _draw_surface(ax, *surface)
        _draw_path(ax, path, color, marker)
        ax.set_title(f"{name}: {_loss_in_words(ends[name])}", color=ink(color), size=10)
        ax.label_outer()
        ax.tick_params(labelsize=8)
    fig.supxlabel(f"first weight\n{LEGEND}", size=10, color=QUIET)
    fig.supylabel("second weight", size=10, color=QUIET)
    return describe(fig, _paths_in_words(loss_function, finite, ends, lost))


def _finite(given: ArrayLike, name: str) -> np.ndarray:
    """The path up to the first weight that is not a finite number."""
    points = np.asarray(given, float)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"The path of {name} must have shape (steps + 1, 2), got {points.shape}.")
    lost = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if lost.size and lost[0] == 0:
        raise ValueError(f"The path of {name} starts at {points[0].tolist()}: both weights must be finite numbers.")
    return points[: lost[0]] if lost.size else points


def _surface(loss_function: Loss, paths: Paths) -> Surface:
    """The loss around every path, with a margin; but a path that explodes, next to the others, is cut off."""
    extents = {name: np.ptp(path, axis=0).max() for name, path in paths.items()}
    usual = 5 * np.quantile(list(extents.values()), 0.5, method="lower")
    shown = np.concatenate([path if extents[name] <= usual else path[:1] for name, path in paths.items()])
    low, high = shown.min(axis=0), shown.max(axis=0)
    width = np.maximum(high - low, 0.35 * max(high - low)) if max(high - low) else np.ones(2)
    middle = (high + low) / 2
    x, y = np.meshgrid(*np.linspace(middle - 0.62 * width, middle + 0.62 * width, 160, axis=1))
    with np.errstate(over="ignore", invalid="ignore"):
        loss = np.asarray(loss_function(x, y), float)
    if loss.shape != x.shape:
        raise ValueError(
            f"loss_function(x, y) must give one loss for each point: asked with arrays of shape {x.shape}, "
            f"it gave shape {loss.shape}. Write it with NumPy operations on x and y."
        )
    return x, y, loss


def _draw_surface(ax: Axes, x: np.ndarray, y: np.ndarray, loss: np.ndarray) -> None:
    finite = loss[np.isfinite(loss)]
    levels = np.unique(np.quantile(finite, np.linspace(0, 1, LEVELS) ** 1.5)) if finite.size else finite
    if len(levels) > 1:
        shades = GREYS(np.linspace(0, 1, len(levels) - 1))
        ax.contourf(x, y, loss, levels=levels, colors=shades, antialiased=False)
        ax.contour(x, y, loss, levels=levels, colors="#a6a6a6", linewidths=0.6, antialiased=False)
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    ax.grid(False)


def _draw_path(ax: Axes, path: np.ndarray, color: str, marker: str) -> None:
    ax.plot(*path.T, color=color, linestyle="-", linewidth=1.6, marker="o", markersize=2.2)
    ax.plot(*path[0], "o", markersize=8, markerfacecolor="white", markeredgecolor="black", zorder=4)
    ax.plot(*path[-1], marker, markersize=9, color=color, markeredgecolor="white", zorder=5)


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
    swings = [
        f"{name} {np.sum(path[1:, 1] * path[:-1, 1] < 0)}, {number(path[np.abs(path[:, 1]).argmax(), 1])}"
        for name, path in paths.items()
    ]
    return (
        f"Contour plot of a loss over two weights with the {'path' if len(paths) == 1 else 'paths'} of "
        f"{plural(len(paths), 'optimizer')} from ({number(start[0])}, {number(start[1])}), where the loss is "
        f"{number(_loss(loss_function, start))}. Loss at the end, lowest first: {'; '.join(said)}. "
        f"Sign changes of the second weight, and its value furthest from zero: {'; '.join(swings)}."
    )
