"""Names that were mistyped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, names: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """At most three of ``names`` that are spelt like ``name``, the nearest first.

    >>> nearest("sofmax", ["softmax", "one_hot"])
    ['softmax']
    """
    return difflib.get_close_matches(name, list(names), n=3, cutoff=cutoff)


def did_you_mean(name: str, names: Iterable[str], cutoff: float = 0.6, offered: int = 3) -> str:
    """A question that offers the nearest names; where none is near, the first ``offered`` of all.

    >>> did_you_mean("sofmax", ["softmax", "one_hot"]), did_you_mean("zzz", ["softmax", "one_hot"])
    ("Did you mean 'softmax'?", "Did you mean 'softmax' or 'one_hot'?")
    """
    listed = list(names)
    near = nearest(name, listed, cutoff) or listed[:offered]
    return f"Did you mean {' or '.join(map(repr, near))}?"
