"""How often each class occurs, and which classes a model confuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from coursekit.plotting.describing import describe, listing, plural
from coursekit.plotting.style import COLORS, new_figure, text_color_on

HATCHES = ("", "///", "...", "\\\\\\", "xxx")


def plot_confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, class_names: Sequence[str] | None = None) -> Axes:
    """Count, for each true class (row), how often each class was predicted (column).

    Colour shows the mistakes only: the right answers on the diagonal are grey, so that even three mistakes among
    ten thousand answers can be seen.

    Args:
        y_true: true classes, integers from 0, shape (n,).
        y_pred: predicted classes, shape (n,), or scores of all classes, shape (n, classes).
        class_names: one name a class; the numbers when it is None.

    Returns:
        The axes, described.

    Raises:
        ValueError: nothing to count, different lengths, or a class without a name.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], ["cat", "dog"]))
    'Confusion matrix of 4 predictions in 2 classes: 3 right (75.00 %), 1 wrong.
    Most frequent mistakes: cat taken for dog, once.'
    """
    true, predicted = class_numbers(y_true, "y_true"), class_numbers(y_pred, "y_pred")
    if len(true) != len(predicted):
        raise ValueError(f"y_true and y_pred must be equally long, got {len(true):,} and {len(predicted):,}.")
    names = names_for(max(true.max(), predicted.max()) + 1, class_names)
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (true, predicted), 1)
    side = min(9.0, 1.5 + 0.43 * len(names))
    ax = new_figure((side + 0.6, side)).subplots()
    _draw_counts(ax, counts)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.set_yticks(range(len(names)), names)
    long = max(map(len, names)) > 3
    slant: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if long else {}
    ax.set_xticks(range(len(names)), names, **slant)
    return describe(ax, _confusion_in_words(counts, names))


def plot_class_balance(labels: ArrayLike | Mapping[str, ArrayLike], class_names: Sequence[str] | None = None) -> Axes:
    """Draw how often each class occurs, as its share of the set in percent.

    Args:
        labels: classes, integers from 0, shape (n,); or a dict of them: ``{"training": y_train, "test": y_test}``.
        class_names: one name a class; the numbers when it is None.

    Returns:
        The axes, described.

    Raises:
        ValueError: no labels, or a class without a name.
    """
    given = labels if isinstance(labels, Mapping) else {"": labels}
    if not given:
        raise ValueError("No labels: expected an array of class numbers, or a dict of such arrays.")
    splits = {str(name): class_numbers(values, name or "labels") for name, values in given.items()}
    names = names_for(max(values.max() for values in splits.values()) + 1, class_names)
    counts = {name: np.bincount(values, minlength=len(names)) for name, values in splits.items()}
    ax = new_figure().subplots()
    _draw_shares(ax, counts)
    slant: dict[str, Any] = {"rotation": 35, "ha": "right"} if max(map(len, names)) * len(names) > 70 else {}
    ax.set_xticks(range(len(names)), names, **slant)
    ax.set(xlabel="class", xlim=(-0.6, len(names) - 0.4))
    ax.grid(False, axis="x")
    return describe(ax, " ".join(_balance_in_words(name, c, names) for name, c in counts.items()))


def class_numbers(given: ArrayLike, name: str) -> np.ndarray:
    """Class numbers of shape (n,) from class numbers, a column of them, or scores of shape (n, classes)."""
    values = np.asarray(given)
    if values.size == 0:
        raise ValueError(f"{name} is empty: there is nothing to draw.")
    if values.ndim == 2 and values.shape[1] > 1:
        return np.asarray(values.argmax(axis=1))
    values = values.reshape(-1) if values.ndim == 2 else values
    if values.ndim != 1:
        raise ValueError(f"{name} must hold one class for each example, shape (n,), got shape {values.shape}.")
    if not np.issubdtype(values.dtype, np.number) or np.any(values != np.floor(values)) or np.any(values < 0):
        raise ValueError(
            f"{name} must hold class numbers 0, 1, 2, …, got {values[:3].tolist()} …. "
            "Turn probabilities into classes first: argmax, or `probability > 0.5` for two classes."
        )
    return np.asarray(values, int)


def names_for(classes: int, class_names: Sequence[str] | None) -> list[str]:
    """Names of all classes, the numbers themselves when ``class_names`` is None."""
    if class_names is None:
        return [str(number) for number in range(classes)]
    if len(class_names) < classes:
        raise ValueError(f"class_names has {len(class_names)} names, but class {classes - 1} occurs: one name a class.")
    return [str(name) for name in class_names]


def _draw_counts(ax: Axes, counts: np.ndarray) -> None:
    right = np.eye(len(counts), dtype=bool)
    strength = np.where(right, 0, counts) / max(1, counts[~right].max(initial=0))
    colors = colormaps["Oranges"](0.12 + 0.8 * np.sqrt(strength))[..., :3]
    colors[counts == 0] = 1.0
    colors[right] = 0.88
    ax.imshow(colors)
    size = 10 if len(counts) <= 12 and counts.max() < 10_000 else 8
    for row, column in zip(*np.nonzero(counts)):
        color = text_color_on(colors[row, column])
        ax.text(column, row, f"{counts[row, column]}", ha="center", va="center", size=size, color=color)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(np.arange(len(counts) + 1) - 0.5, minor=True)
    ax.grid(False)
    ax.grid(which="minor", color="#d0d0d0", linewidth=0.8)
    ax.tick_params(which="both", length=0)


def _confusion_in_words(counts: np.ndarray, names: list[str]) -> str:
    total, right = int(counts.sum()), int(counts.trace())
    text = (
        f"Confusion matrix of {plural(total, 'prediction')} in {plural(len(names), 'class', 'classes')}: "
        f"{right:,} right ({right / total:.2%}), {total - right:,} wrong."
    ).replace("%", " %")
    mistakes = counts - np.diag(np.diag(counts))
    worst = [i for i in np.argsort(-mistakes, axis=None, kind="stable")[:3] if mistakes.flat[i]]
    if not worst:
        return text
    said = [f"{names[i // len(names)]} taken for {names[i % len(names)]}, {_times(mistakes.flat[i])}" for i in worst]
    return f"{text} Most frequent mistakes: {'; '.join(said)}."


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(int(count), f"{count} times")


def _draw_shares(ax: Axes, counts: Mapping[str, np.ndarray]) -> None:
    width = 0.8 / len(counts)
    looks = zip(counts.items(), cycle(COLORS), cycle(HATCHES))
    for index, ((name, count), color, hatch) in enumerate(looks):
        places = np.arange(len(count)) + (index - (len(counts) - 1) / 2) * width
        ax.bar(
            places,
            100 * count / count.sum(),
            width * 0.94,
            color=color,
            hatch=hatch,
            edgecolor="white",
            linewidth=0.3,
            label=f"{name or 'all'} ({count.sum():,})",
        )
    ax.set_ylabel("share of the set, %")
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(counts), borderaxespad=0.2)


def _balance_in_words(split: str, counts: np.ndarray, names: list[str]) -> str:
    total = int(counts.sum())
    most, least = (f"{names[i]}, {counts[i]:,} ({counts[i] / total:.1%})" for i in (counts.argmax(), counts.argmin()))
    missing = [name for name, count in zip(names, counts) if not count]
    text = (
        f"Bar chart of the class balance of {plural(total, 'label')}{f' in {split}' if split else ''} "
        f"in {plural(len(names), 'class', 'classes')}. Most frequent: {most}. "
        + (f"Never: {listing(missing)}." if missing else f"Least frequent: {least}.")
    )
    return text.replace("%", " %")
