"""Byte-pair encoding, as lesson 11 builds it by hand (Sennrich, Haddow and Birch 2016), fast enough for many words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise

Pair = tuple[str, str]


def learn_merges(words: Mapping[str, int], count: int) -> dict[Pair, int]:
    """Join the two neighbours that are most frequent to one piece, and again, so many times.

    Args:
        words: how often each word occurs; a sign at its end keeps pieces there apart from those within.
        count: merges to learn, from 0; fewer come where no pair is left.

    Returns:
        The rank of each merge, in the order in which they were learnt; of equally frequent pairs, the first in the
        alphabet.

    Raises:
        ValueError: ``count`` is below 0.

    >>> learn_merges({"film_": 6, "films_": 3, "filming_": 2, "sing_": 2, "slim_": 1}, count=4)
    {('f', 'i'): 0, ('fi', 'l'): 1, ('fil', 'm'): 2, ('film', '_'): 3}
    """
    if count < 0:
        raise ValueError(f"The number of merges must be at least 0; it is {count}.")
    held, numbers = [tuple(word) for word in words], list(words.values())
    pairs: Counter[Pair] = Counter()
    holders: defaultdict[Pair, set[int]] = defaultdict(set)
    for place, pieces in enumerate(held):
        for pair in pairwise(pieces):
            pairs[pair] += numbers[place]
            holders[pair].add(place)
    ranks: dict[Pair, int] = {}
    while len(ranks) < count and pairs and (most := max(pairs.values())) > 0:
        best = min(pair for pair, number in pairs.items() if number == most)
        ranks[best] = len(ranks)
        for place in holders[best]:
            before, after = held[place], _merge(held[place], best)
            for pair in pairwise(before):
                pairs[pair] -= numbers[place]
            for pair in pairwise(after):
                pairs[pair] += numbers[place]
                holders[pair].add(place)
            held[place] = after
    return ranks


def segment(word: str, ranks: Mapping[Pair, int]) -> tuple[str, ...]:
    """The pieces of a word: the merges that were learnt, the earliest first, as long as there is one to make.

    >>> ranks = learn_merges({"film_": 6, "films_": 3, "filming_": 2, "sing_": 2, "slim_": 1}, count=6)
    >>> segment("filmlet_", ranks), segment("", ranks)
    (('film', 'l', 'e', 't', '_'), ())
    """
    pieces = tuple(word)
    while known := [pair for pair in pairwise(pieces) if pair in ranks]:
        pieces = _merge(pieces, min(known, key=ranks.__getitem__))
    return pieces


def _merge(pieces: tuple[str, ...], pair: Pair) -> tuple[str, ...]:
    """Wherever the pair stands, from the left, it becomes one piece."""
    merged: list[str] = []
    for piece in pieces:
        if merged and merged[-1] == pair[0] and piece == pair[1]:
            merged[-1] += piece
        else:
            merged.append(piece)
    return tuple(merged)
