"""Names of a package that are loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def exports(package: str, modules: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """A package's ``__getattr__`` (PEP 562).

    Args:
        package: its ``__name__``.
        modules: for each module within, the names that the package offers of it.

    >>> load = exports("coursekit", {"names": ["nearest"]})
    >>> load("nearest")("sofmax", ["softmax"])
    ['softmax']
    """
    places = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> Any:
        if name in places:
            return getattr(import_module(f"{package}.{places[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load
