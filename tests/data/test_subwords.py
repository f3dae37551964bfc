"""Byte-pair encoding: the merges of the plain method, and pieces that spell their word."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from coursekit.data.subwords import learn_merges, segment

TINY = {"film_": 6, "films_": 3, "filming_": 2, "sing_": 2, "slim_": 1}


def plainly(words, count):
    """Each merge from counting everything anew."""
    held, merges = {tuple(word): number for word, number in words.items()}, []
    for _ in range(count):
        pairs = Counter()
        for pieces, number in held.items():
            for pair in pairwise(pieces):
                pairs[pair] += number
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        held = {segment("".join(pieces), {m: r for r, m in enumerate(merges)}): n for pieces, n in held.items()}
    return merges


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_plain_method(seed):
    rng = np.random.default_rng(seed)
    words = {"".join(rng.choice(list("abc"), rng.integers(1, 8))) + "_": int(rng.integers(1, 20)) for _ in range(40)}
    assert list(learn_merges(words, 25)) == plainly(words, 25)


def test_pieces_spell_the_word_and_a_known_word_is_one():
    ranks = learn_merges(TINY, 100)
    for word in [*TINY, "filmlet_", "zyzzyva_", "aaaa_"]:
        assert "".join(segment(word, ranks)) == word
    assert segment("film_", ranks) == ("film_",)
    assert segment("aaa", {("a", "a"): 0}) == ("aa", "a")


def test_ends_where_nothing_is_left_to_merge():
    assert list(learn_merges({"ab": 2}, 5)) == [("a", "b")]
    assert learn_merges({}, 3) == {} == learn_merges({"a": 1}, 3) == learn_merges(TINY, 0)


def test_the_order_of_the_words_does_not_matter():
    assert learn_merges(TINY, 9) == learn_merges(dict(reversed(TINY.items())), 9)


def test_refuses_a_negative_number():
    with pytest.raises(ValueError, match="at least 0"):
        learn_merges(TINY, -1)
