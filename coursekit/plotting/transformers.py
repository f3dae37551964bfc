"""Pictures of transformers: the block that they are made of, and where their heads look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from coursekit.plotting.describing import describe, listing
from coursekit.plotting.sketching import MARKED, WIDTH, arrow, box, circle, line, note, sketch
from coursekit.plotting.style import new_figure

HEADS = 4
WORDS = 30


def plot_transformer_block(norm_first: bool = True) -> Axes:
    """Draw a transformer block from left to right: two layers, each beside a path that goes around it.

    Args:
        norm_first: whether the normalisation comes before each layer, or after each sum.

    Returns:
        The axes, described.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_transformer_block())[:82]
    'Diagram of a transformer block, normalisation first: the vectors are normalised, p'
    """
    ax = sketch(WIDTH, 1.9)
    middle, place = 0.75, 0.1
    for name in ("attention", "dense,\nrelu, dense"):
        start = place
        steps = ["norm", name, "+"] if norm_first else [name, "+", "norm"]
        for step in steps:
            wide = {"+": 0.3, "norm": 0.6}.get(step, 0.98)
            arrow(ax, (place, middle), (place + 0.19, middle))
            centre = place + 0.19 + wide / 2
            if step == "+":
                line(ax, (start + 0.08, middle), (start + 0.08, 1.45), (centre, 1.45))
                arrow(ax, (centre, 1.45), (centre, middle + 0.15))
                circle(ax, (centre, middle), "+", radius=0.15)
            else:
                box(ax, (centre, middle), (wide, 0.6), step, "white" if step == "norm" else MARKED, letters=11)
            place = centre + wide / 2
    arrow(ax, (place, middle), (place + 0.19, middle))
    note(ax, (WIDTH / 2, 1.7), "residual paths", 11)
    told = (
        "normalisation first: the vectors are normalised, pass attention, and are added to what they were before; then "
        "they are normalised, pass two dense layers, and are added again. What is carried along is never normalised"
        if norm_first
        else "normalisation after: the vectors pass attention, are added to what they were before, and the sum is "
        "normalised; then the same with two dense layers. What is carried along is normalised twice"
    )
    return describe(ax, f"Diagram of a transformer block, {told}.")


def plot_attention_map(weights: ArrayLike, words: Sequence[str]) -> Axes:
    """Draw how much each word looks at each other one, a picture for each head, all on one scale of colours.

    Args:
        weights: shape (heads, words, words), one to four heads; row by row from 0 up, with the sum 1.
        words: what is read, 2 to 30.

    Returns:
        The axes of the last head, described: for each head, its largest weight.

    Raises:
        ValueError: another number of heads or words, or rows that are no weights.

    >>> from coursekit.plotting import alt_text
    >>> alt_text(plot_attention_map([[[0.9, 0.1], [0.6, 0.4]]], ["not", "bad"]))
    'Heat map of the weights of 1 head over 2 words: not bad. Largest weight: head 1, 0.90 from "not" to "not".'
    """
    shares = np.asarray(weights, dtype=np.float64)
    heads, count = len(shares), len(words)
    if not 1 <= heads <= HEADS or not 2 <= count <= WORDS or shares.shape != (heads, count, count):
        raise ValueError(
            f"One to {HEADS} heads over 2 to {WORDS} words can be drawn, as (heads, words, words); the weights have "
            f"shape {shares.shape}, and {count} words came."
        )
    if (shares < 0).any() or (abs(shares.sum(axis=-1) - 1) > 0.02).any():
        raise ValueError("Each row of weights is not negative and sums to one; these do not.")
    figure = new_figure((1.6 + 3.2 * heads, 4.2))
    for head, share in enumerate(shares, 1):
        ax = figure.add_subplot(1, heads, head)
        ax.imshow(share, vmin=0, vmax=shares.max(), cmap="cividis")
        ax.set(title=f"head {head}", xlabel="looked at", yticks=[])
        ax.set_xticks(range(count), words, rotation=90, fontsize=9)
        if head == 1:
            ax.set_yticks(range(count), words, fontsize=9)
            ax.set_ylabel("who looks")
        ax.grid(False)
    tops = [np.unravel_index(share.argmax(), share.shape) for share in shares]
    told = listing(
        f'head {head}, {share[top]:.2f} from "{words[top[0]]}" to "{words[top[1]]}"'
        for head, (share, top) in enumerate(zip(shares, tops), 1)
    )
    several = "" if heads == 1 else "s"
    return describe(
        ax,
        f"Heat map of the weights of {heads} head{several} over {count} words: {' '.join(words)}. Largest "
        f"weight{several}: {told}.",
    )
