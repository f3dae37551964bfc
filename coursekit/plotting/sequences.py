"""Diagrams of networks that read sequences: an unrolled recurrence, the cells of LSTM and GRU, attention."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from coursekit.plotting.describing import describe, listing
from coursekit.plotting.sketching import MARKED, WIDTH, arrow, box, circle, line, note, sketch


def plot_unrolled_recurrence(words: Sequence[str] = ("not", "bad", "at", "all")) -> Axes:
    """Draw a recurrent layer once for each word: the same weights each time, the state handed on.

    Args:
        words: what it reads, two to five.

    Returns:
        The axes, described.

    Raises:
        ValueError: fewer than two words, or more than five.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_unrolled_recurrence(["not", "bad"]))
    'Diagram of an unrolled recurrence over 2 steps, which read not and bad. At each step the same cell, with the same
    weights, makes the next state from a word and the state before; the last state, h2, leaves the last cell.'
    """
    if not 2 <= len(words) <= 5:
        raise ValueError(f"Two to five words can be drawn, not {len(words)}.")
    ax, gap = sketch(WIDTH, 2.6), (WIDTH - 0.6) / len(words)
    for step, word in enumerate(words, 1):
        x = 0.25 + gap * (step - 0.5)
        note(ax, (x, 0.2), word)
        arrow(ax, (x, 0.38), (x, 0.95))
        box(ax, (x, 1.25), (min(0.7, 0.6 * gap), 0.6), "cell", MARKED)
        is_last = step == len(words)
        end = x + gap / 2 + 0.1 if is_last else x + gap - min(0.35, 0.3 * gap)
        arrow(ax, (x + min(0.35, 0.3 * gap), 1.25), (end, 1.25))
        note(ax, (x + gap / 2, 1.48), f"$h_{step}$")
    note(ax, (WIDTH / 2, 2.25), "one cell: the same weights at each step", 11.5)
    return describe(
        ax,
        f"Diagram of an unrolled recurrence over {len(words)} steps, which read {listing(words)}. At each step the "
        "same cell, with the same weights, makes the next state from a word and the state before; the last state, "
        f"h{len(words)}, leaves the last cell.",
    )


def plot_lstm_cell() -> Axes:
    """Draw the cell of an LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    Returns:
        The axes, described.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_lstm_cell()).split(".")[0]
    'Diagram of an LSTM cell'
    """
    ax = sketch(WIDTH, 4.0)
    box(ax, (2.75, 2.05), (4.3, 2.7), color="white", zorder=1)
    arrow(ax, (0.05, 3.0), (5.45, 3.0))
    note(ax, (0.3, 3.2), "$c_{t-1}$")
    note(ax, (5.25, 3.2), "$c_t$")
    line(ax, (0.05, 1.0), (4.0, 1.0))
    note(ax, (0.3, 1.2), "$h_{t-1}$")
    line(ax, (0.9, 0.3), (0.9, 1.0))
    note(ax, (0.9, 0.15), "$x_t$")
    _draw_gates(ax, {"forget": 1.3, "input": 2.1, "candidate": 2.9, "output": 4.0})
    circle(ax, (1.3, 3.0), "×", 0.17)
    arrow(ax, (1.3, 1.7), (1.3, 2.83))
    circle(ax, (2.5, 2.3), "×", 0.17)
    arrow(ax, (2.1, 1.7), (2.37, 2.18))
    arrow(ax, (2.9, 1.7), (2.63, 2.18))
    circle(ax, (2.5, 3.0), "+", 0.17)
    arrow(ax, (2.5, 2.47), (2.5, 2.83))
    box(ax, (4.5, 2.5), (0.62, 0.36), "tanh")
    arrow(ax, (4.5, 3.0), (4.5, 2.68))
    circle(ax, (4.5, 1.9), "×", 0.17)
    arrow(ax, (4.5, 2.32), (4.5, 2.07))
    arrow(ax, (4.33, 1.5), (4.42, 1.74))
    line(ax, (4.5, 1.73), (4.5, 1.0))
    arrow(ax, (4.5, 1.0), (5.45, 1.0))
    note(ax, (5.2, 1.2), "$h_t$")
    return describe(
        ax,
        "Diagram of an LSTM cell. From the input x and the state h before, three gates of sigmoid and a candidate of "
        "tanh are made. The memory c runs straight through: it is multiplied by the forget gate, and the candidate "
        "times the input gate is added. The new state h is tanh of the memory times the output gate.",
    )


def plot_gru_cell() -> Axes:
    """Draw the cell of a GRU (Cho et al. 2014).

    Returns:
        The axes, described.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_gru_cell()).split(".")[0]
    'Diagram of a GRU cell'
    """
    ax = sketch(WIDTH, 4.0)
    box(ax, (2.75, 2.05), (4.3, 2.7), color="white", zorder=1)
    arrow(ax, (0.05, 3.0), (5.45, 3.0))
    note(ax, (0.3, 3.2), "$h_{t-1}$")
    note(ax, (5.25, 3.2), "$h_t$")
    line(ax, (0.05, 1.0), (3.6, 1.0))
    note(ax, (0.3, 1.2), "$x_t$")
    line(ax, (0.85, 3.0), (0.85, 1.12), (2.4, 1.12))  # the state reaches the gates, and the candidate only by reset
    _draw_gates(ax, {"reset": 1.4, "update": 2.4, "candidate": 3.6})
    circle(ax, (1.4, 2.3), "×", 0.17)
    arrow(ax, (1.4, 1.7), (1.4, 2.13))
    arrow(ax, (1.4, 3.0), (1.4, 2.47))
    arrow(ax, (1.55, 2.22), (3.27, 1.58))
    circle(ax, (2.4, 3.0), "×", 0.17)
    arrow(ax, (2.4, 1.7), (2.4, 2.83))
    circle(ax, (3.6, 2.4), "×", 0.17)
    arrow(ax, (2.4, 2.4), (3.43, 2.4))
    note(ax, (2.95, 2.56), "1 − update", 9.5)
    arrow(ax, (3.6, 1.7), (3.6, 2.23))
    circle(ax, (3.6, 3.0), "+", 0.17)
    arrow(ax, (3.6, 2.57), (3.6, 2.83))
    return describe(
        ax,
        "Diagram of a GRU cell. From the input x and the state h before, a reset gate and an update gate of sigmoid "
        "are made. The candidate, of tanh, sees the state times the reset gate. The new state is the old one times the "
        "update gate, plus the candidate times one minus the update gate.",
    )


def _draw_gates(ax: Axes, places: dict[str, float]) -> None:
    """The gates of a cell, and its candidate, by name and place."""
    for name, x in places.items():
        arrow(ax, (x, 1.0), (x, 1.3))
        box(ax, (x, 1.5), (0.66, 0.4), "tanh" if name == "candidate" else "σ", MARKED)
        note(ax, (x, 0.85), name, 9.5)


def plot_attention(words: Sequence[str], weights: ArrayLike, query: str) -> Axes:
    """Draw what attention does for one query: each word's value, by its weight, goes into a sum.

    Args:
        words: what is attended to, two to six.
        weights: one for each word, from 0 up, which sum to one.
        query: the word that looks.

    Returns:
        The axes, described; an arrow is the thicker, the larger its weight.

    Raises:
        ValueError: another number of words, or weights that are none.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_attention(["the", "film", "bored"], [0.1, 0.3, 0.6], "it"))
    'Diagram of attention: the query "it" is compared with the keys of 3 words; softmax makes weights of the scores: the
    0.1, film 0.3 and bored 0.6. The output is the sum of the values, each times its weight.'
    """
    shares = np.asarray(weights, dtype=np.float64)
    if not 2 <= len(words) <= 6 or shares.shape != (len(words),):
        raise ValueError(f"Two to six words can be drawn, with a weight each; {len(words)} and {shares.shape} came.")
    if (shares < 0).any() or abs(shares.sum() - 1) > 0.02:
        raise ValueError(f"Weights of attention are not negative and sum to one; these sum to {shares.sum():.4g}.")
    ax, gap = sketch(WIDTH, 3.4), (WIDTH - 0.3) / len(words)
    for index, (word, share) in enumerate(zip(words, shares)):
        x = 0.15 + gap * (index + 0.5)
        box(ax, (x, 0.4), (0.86 * gap, 0.5), word, letters=11)
        start, end = (x, 0.65), (WIDTH / 2 + 0.18 * (index - (len(words) - 1) / 2), 2.1)
        line(ax, start, end, linewidth=0.6 + 7 * share)
        at = (start[0] + 0.3 * (end[0] - start[0]), start[1] + 0.3 * (end[1] - start[1]))
        note(ax, at, f"{share:.2f}", 11, backgroundcolor="white", zorder=2.5)
    box(ax, (WIDTH / 2, 2.3), (2.3, 0.46), "Σ weight · value", MARKED)
    arrow(ax, (WIDTH / 2, 2.53), (WIDTH / 2, 2.9))
    note(ax, (WIDTH / 2, 3.12), f"output for “{query}”")
    told = listing(f"{word} {share:.2g}" for word, share in zip(words, shares))
    return describe(
        ax,
        f'Diagram of attention: the query "{query}" is compared with the keys of {len(words)} words; softmax makes '
        f"weights of the scores: {told}. The output is the sum of the values, each times its weight.",
    )
