"""The examples in the modules that put the web site together."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["links", "map", "notebooks", "parts", "terms", "ways"])
def test_examples(name):
    failed, tried = doctest.testmod(importlib.import_module(f"coursesite.{name}"), optionflags=doctest.ELLIPSIS)

    assert tried > 0
    assert failed == 0
