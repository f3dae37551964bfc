"""What puts the web site together: the examples in its modules, and what it says where it cannot."""

from __future__ import annotations

import doctest
import importlib
import sys

import build_site
import pytest


@pytest.mark.parametrize("name", ["links", "map", "notebooks", "parts", "terms", "ways"])
def test_examples(name):
    failed, tried = doctest.testmod(importlib.import_module(f"coursesite.{name}"), optionflags=doctest.ELLIPSIS)

    assert tried > 0
    assert failed == 0


def test_a_python_that_is_too_old_for_the_site_is_named(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))

    assert build_site.main([]) == 1
    told = capsys.readouterr().err
    assert f"needs Python 3.11 or later, and {sys.executable} is Python 3.10. " in told
    assert told.endswith("python3.12 start.py --this-python site\n")
