"""Curves of training."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from coursekit.plotting.describing import describe, listing, number, plural
from coursekit.plotting.endlabels import EndLabel, label_ends
from coursekit.plotting.style import COLORS, FIGURE_SIZE, MARKERS, QUIET, ink, new_figure

HIGHER_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "r2", "psnr", "elbo", "similarity")
ABBREVIATIONS = {"auc": "AUC", "elbo": "ELBO", "iou": "IoU", "kl": "KL", "psnr": "PSNR"}  # as they are written

Run = dict[str, np.ndarray]


def plot_history(
    history: Any,
    metric: str = "loss",
    mark_best: str | bool | None = True,
    ax: Axes | None = None,
    colors: Sequence[str] = COLORS,
) -> Axes:
    """Draw a metric of one or several trainings over the epochs: training dashed, validation solid.

    Args:
        history: what ``model.fit`` returned, or a dict ``{"loss": [...], "val_loss": [...]}``,
            or several of them by name: ``{"plain": history, "dropout": other}``.
        metric: the name as in ``history.history``, without ``val_``.
        mark_best: the series that says which epoch is best, as ``"val_loss"``; True takes the validation
            series of ``metric``, None marks nothing. Best is highest for accuracies and their like, else lowest.
        ax: where to draw; a new figure when it is None.
        colors: of several runs, in their order; again from the first where there are more runs.

    Returns:
        The axes, described.

    Raises:
        ValueError: no epochs, no such metric, or series of different lengths; the message names the known ones.

    >>> ax = plot_history({"loss": [0.9, 0.5, 0.3], "val_loss": [0.8, 0.6, 0.7]})
    >>> from coursekit.plotting import alt_text
    >>> alt_text(ax)
    'Line plot of training and validation loss over 3 epochs. Training loss goes from 0.9 to 0.3.
    Validation loss goes from 0.8 to 0.7 and is lowest, 0.6, after epoch 2.'
    """
    runs = _runs(history)
    many = len(runs) > 1 or "" not in runs
    decider = _decider(runs, metric, mark_best)
    ax = ax or new_figure((8.4, 4.4) if many else FIGURE_SIZE).subplots()
    labels: list[EndLabel] = []
    sentences = []
    for (name, run), color, marker in zip(runs.items(), cycle(colors), cycle(MARKERS)):
        best = _best_epoch(run, decider) if decider else None
        if many:
            labels.append(_draw_one_of_many(ax, name, run, metric, color, marker, best))
        else:
            labels += _draw_single(ax, run, metric, best, decider)
        sentences.append(_sentence(name, run, metric, decider, best))
    last = max(len(_epochs(run)) for run in runs.values())
    series = {"training": metric, "validation": f"val_{metric}"}
    kinds = [kind for kind, name in series.items() if any(name in run for run in runs.values())]
    _finish_axes(ax, last, metric)
    if many:
        _explain_line_styles(ax, [*kinds, "best epoch"] if decider else kinds)
    label_ends(ax, labels)
    which = f" of {plural(len(runs), 'run')}" if many else ""
    what = f"Line plot of {listing(kinds)} {_words(metric)}{which} over {plural(last, 'epoch')}."
    return describe(ax, " ".join([what, *sentences]))


def higher_is_better(metric: str) -> bool:
    """Whether a larger value of the metric is better, judged by its name.

    >>> higher_is_better("val_accuracy"), higher_is_better("val_loss")
    (True, False)
    """
    return any(part in metric for part in HIGHER_IS_BETTER)


def _runs(history: Any) -> dict[str, Run]:
    history = getattr(history, "history", history)
    if not isinstance(history, Mapping):
        raise TypeError(
            f"Expected what model.fit() returned, or a dict of lists or of histories, not {type(history).__name__}."
        )
    if not history:
        raise ValueError("The history is empty: call model.fit() first, with at least one epoch.")
    if any(hasattr(value, "history") or isinstance(value, Mapping) for value in history.values()):
        return {str(name): _series(getattr(value, "history", value), f"{name}: ") for name, value in history.items()}
    return {"": _series(history, "")}


def _series(history: Any, where: str) -> Run:
    if not isinstance(history, Mapping) or not history:
        raise ValueError(f"{where}expected a history with at least one series of values, got {history!r}.")
    run = {str(name): np.asarray(values, float) for name, values in history.items()}
    lengths = {name: values.size for name, values in run.items()}
    if any(values.ndim != 1 for values in run.values()):
        raise ValueError(f"{where}each series of a history must be a list with one number for each epoch.")
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        raise ValueError(f"{where}all series need the same number of epochs, at least one; got {lengths}.")
    return run


def _decider(runs: dict[str, Run], metric: str, mark_best: str | bool | None) -> str | None:
    for name, run in runs.items():
        wanted = {metric} if f"val_{metric}" not in run else set()
        wanted |= {mark_best} if isinstance(mark_best, str) else set()
        if missing := sorted(wanted - run.keys()):
            where = f" of {name!r}" if name else ""
            raise ValueError(f"No series {listing(missing)} in the history{where}. It holds {listing(sorted(run))}.")
    if mark_best is True:
        return f"val_{metric}" if all(f"val_{metric}" in run for run in runs.values()) else None
    return mark_best or None


def _best_epoch(run: Run, decider: str) -> int | None:
    """The best epoch, from 1; None when the series holds no finite number."""
    values = np.where(np.isfinite(run[decider]), run[decider], np.nan)
    if np.isnan(values).all():
        return None
    return int(np.nanargmax(values) if higher_is_better(decider) else np.nanargmin(values)) + 1


def _curve(run: Run, metric: str) -> np.ndarray:
    """The validation series, or the training's where there is none."""
    return run[f"val_{metric}"] if f"val_{metric}" in run else run[metric]


def _epochs(run: Run) -> np.ndarray:
    return np.arange(1, len(next(iter(run.values()))) + 1)


def _draw_single(ax: Axes, run: Run, metric: str, best: int | None, decider: str | None) -> list[EndLabel]:
    labels = []
    epochs = _epochs(run)
    size = 5 if len(epochs) <= 40 else 0
    if metric in run:
        ax.plot(epochs, run[metric], "--", color=COLORS[0], marker="o", markersize=size, markerfacecolor="white")
        labels.append(EndLabel(epochs[-1], run[metric][-1], "training", COLORS[0]))
    valid = f"val_{metric}"
    if valid in run:
        ax.plot(epochs, run[valid], "-", color=COLORS[4], marker="s", markersize=size)
        labels.append(EndLabel(epochs[-1], run[valid][-1], "validation", COLORS[4]))
    if decider and best:
        words = f"{_best_words(decider)} {number(run[decider][best - 1])}"
        _mark_best(ax, best, _curve(run, metric)[best - 1], len(epochs), words)
    return labels


def _mark_best(ax: Axes, epoch: int, value: float, epochs: int, words: str) -> None:
    """A ring on the curve, and a line up to the words above the axes, where no curve can cross them."""
    ring: Any = {"markerfacecolor": "none", "markeredgecolor": "black", "markeredgewidth": 1.6}
    ax.plot(epoch, value, "o", markersize=13, clip_on=False, **ring)
    ax.axvline(epoch, color=QUIET, linewidth=1, linestyle=":", zorder=0.5)
    place = (epoch - 1) / max(1, epochs - 1)
    align = "left" if place < 0.3 else "right" if place > 0.7 else "center"
    text = textwrap.fill(f"{words}, epoch {epoch}", 45)  # another axes may stand beside these
    ax.text(epoch, 1.015, text, transform=ax.get_xaxis_transform(), ha=align, va="bottom", size=10)


def _draw_one_of_many(
    ax: Axes, name: str, run: Run, metric: str, color: str, marker: str, best: int | None
) -> EndLabel:
    epochs, curve, valid = _epochs(run), _curve(run, metric), f"val_{metric}" in run
    marks: Any = {"color": color, "marker": marker, "markevery": max(1, len(epochs) // 12)}
    if valid and metric in run:
        ax.plot(epochs, run[metric], "--", linewidth=1.1, alpha=0.75, markersize=4, markerfacecolor="white", **marks)
    ax.plot(epochs, curve, "-" if valid else "--", **marks)
    if not best:
        return EndLabel(epochs[-1], curve[-1], name, color)
    value = curve[best - 1]
    ax.plot(best, value, "o", markersize=12, markerfacecolor="none", markeredgecolor=ink(color), clip_on=False)
    return EndLabel(epochs[-1], curve[-1], f"{name}: {number(value)}, epoch {best}", color)


def _finish_axes(ax: Axes, last: int, metric: str) -> None:
    ticks = list(range(1, last + 1))
    if last > 12:
        places = MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]).tick_values(1, last)
        ticks = [1, *(int(place) for place in places if 1 < place <= last)]
    margin = max(0.3, 0.02 * last)
    ax.set(xlabel="epoch", ylabel=_words(metric), xticks=ticks, xlim=(1 - margin, last + margin))


def _explain_line_styles(ax: Axes, kinds: list[str]) -> None:
    solid = Line2D([], [], color=QUIET, linestyle="-", label="validation")
    dashed = Line2D([], [], color=QUIET, linestyle="--", linewidth=1.1, label="training")
    ring = Line2D([], [], linestyle="", marker="o", markersize=11, mfc="none", mec=QUIET, label="best epoch")
    lines = [line for line in (solid, dashed, ring) if line.get_label() in kinds]
    ax.legend(handles=lines, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, labelcolor=QUIET)


def _words(metric: str) -> str:
    kind = "validation " if metric.startswith("val_") else ""
    words = metric.removeprefix("val_").split("_")
    return kind + " ".join(ABBREVIATIONS.get(word, word) for word in words)


def _best_words(decider: str) -> str:
    return f"{'highest' if higher_is_better(decider) else 'lowest'} {_words(decider)}"


def _sentence(name: str, run: Run, metric: str, decider: str | None, best: int | None) -> str:
    parts = []
    for series, kind in ((metric, "training"), (f"val_{metric}", "validation")):
        if series in run:
            values = run[series]
            text = f"{kind} {_words(metric)} goes from {number(values[0])} to {number(values[-1])}"
            if series == decider and best:
                side = "highest" if higher_is_better(series) else "lowest"
                text += f" and is {side}, {number(values[best - 1])}, after epoch {best}"
            parts.append(text)
    if decider and best and decider not in (metric, f"val_{metric}"):
        parts.append(f"{_best_words(decider)}, {number(run[decider][best - 1])}, comes after epoch {best}")
    if name:
        return f"{name}: {'; '.join(parts)}."
    return " ".join(part[0].upper() + part[1:] + "." for part in parts)
