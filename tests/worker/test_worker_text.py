"""Values as short text: made from their beginning, however large they are."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.worker.text import LONGEST, brief, short


def nested(items: int, depth: int, leaf: object) -> object:
    """Lists in lists, as many in each."""
    return leaf if depth == 0 else [nested(items, depth - 1, leaf) for _ in range(items)]


@pytest.mark.parametrize(
    "value",
    [
        np.zeros((6,) * 8),
        np.full((6, 6), "x" * 10_000),
        nested(8, 5, 1.5),
        nested(8, 5, np.arange(3)),
        nested(8, 5, "y" * 1000),
        {"k" * 1_000_000: 1},
        [{"k" * 1_000_000: nested(8, 3, 0)}] * 6,
        "z" * 10_000_000,
    ],
    ids=["axes", "texts", "lists", "arrays in lists", "texts in lists", "long key", "dicts", "text"],
)
def test_a_large_value_is_told_at_once_and_in_short(value, costs_at_most):
    with costs_at_most(2):
        assert len(short(value)) <= LONGEST + 100
        assert len(brief(value)) <= LONGEST


def test_what_fits_is_told_whole():
    assert short({"a": [1, (2.5,)], "b": None}) == "{'a': [1, (2.5,)], 'b': None}"
    assert short(list(range(9))) == "[0, 1, 2, 3, 4, 5, 6, 7, …]"
    assert short([[[[[[1]]]]]]) == "[[[[[[…]]]]]]"
