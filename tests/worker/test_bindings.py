"""What a notebook's names are bound to, at a check and at its end."""

from __future__ import annotations

from itertools import count

import pytest

from coursekit.worker.bindings import bindings, changed_since
from coursekit.worker.bounds import CHANGED_NAMES, NAME_TOLD

NOTEBOOK = """
import math
rate = 0.5
def scaled(x): return math.exp(x) * rate
def total(xs): return sum(scaled(x) for x in xs)
class Layer:
    def call(self, x): return total([x])
"""


def changed(later: str) -> dict[str, list[str]]:
    """What is changed at the end of a notebook with these last lines."""
    namespace: dict = {"__builtins__": __builtins__}
    exec(NOTEBOOK, namespace)
    before = bindings(namespace)
    exec(later, namespace)
    return changed_since(before, namespace)


@pytest.mark.parametrize(
    ("later", "found"),
    [
        ("other = 1; rate = rate", {}),
        ("math = None", {each: ["math"] for each in ("math", "scaled", "total", "Layer")}),
        ("sum = 3", {"total": ["sum"], "Layer": ["sum"]}),
        ("del rate", {each: ["rate"] for each in ("rate", "scaled", "total", "Layer")}),
        ("def total(xs): return 0", {"total": ["total"], "Layer": ["total"]}),
        ("for total in range(3): pass", {"total": ["total"], "Layer": ["total"]}),
        ("import random as math", {each: ["math"] for each in ("math", "scaled", "total", "Layer")}),
        (
            "def scaled(x): return 1\ndel scaled\ndef scaled(x): return 1",
            {e: ["scaled"] for e in ("scaled", "total", "Layer")},
        ),
    ],
)
def test_names_that_are_used_again_are_found_with_what_uses_them(later, found):
    assert changed(later) == found


def test_all_is_told_that_is_gone():
    found = changed("for name in [n for n in globals() if n[0] != '_']: del globals()[name]")
    assert found == {name: [name] for name in ("math", "rate", "scaled", "total", "Layer")}


def test_nothing_of_the_learners_is_called():
    class Odd:
        def __getattribute__(self, name):
            raise AssertionError("called")

        __eq__ = __hash__ = __bool__ = __getattribute__

    first, second = Odd(), Odd()
    before = bindings({"odd": first, 3: 4})
    assert changed_since(before, {"odd": second, "other": 1}) == {"odd": ["odd"]}


def test_what_is_told_is_bounded():
    before = bindings({f"{'n' * 200}{n}": object() for n, _ in zip(count(), range(3 * CHANGED_NAMES))})
    found = changed_since(before, {})
    assert len(found) <= CHANGED_NAMES
    assert max(map(len, found)) == NAME_TOLD
