"""Which names of a notebook hold something else than at an earlier cell, where the learner saw them checked.

Nothing of the learner's is called here. An object that is changed in place is not noticed.
"""

from __future__ import annotations

import abc
import builtins
import dis
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from coursekit.worker.bounds import CHANGED_NAMES, NAME_TOLD, NAMES_OF_ONE

GLOBALS = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
CLASSES = (type, abc.ABCMeta)
Bindings = Mapping[str, tuple[int, Any]]


def bindings(namespace: Mapping[str, Any]) -> Bindings:
    """The identity of what each name is bound to, to compare it later. Functions and classes are kept, so that nothing
    new can have theirs; what may be large is not."""
    return {
        name: (id(value), value if type(value) in (FunctionType, *CLASSES) else None)
        for name, value in namespace.items()
        if type(name) is str and not name.startswith("_")
    }


def changed_since(before: Bindings, namespace: Mapping[str, Any]) -> dict[str, list[str]]:
    """For each name that was bound before, the names that it uses, itself included, and that are bound otherwise now.

    A name that only a builtin had counts as well.

    >>> namespace = {"total": eval("lambda x: sum(x)", shared := {}), "rate": 0.5}
    >>> before = bindings(namespace)
    >>> namespace |= {"sum": 3, "rate": 0.1}
    >>> changed_since(before, namespace)
    {'total': ['sum'], 'rate': ['rate']}
    """
    now = bindings(namespace)
    other = {name for name in before if name not in now or now[name][0] != before[name][0]}
    other |= {name for name in now.keys() - before.keys() if hasattr(builtins, name)}
    found: dict[str, list[str]] = {}
    for name in before if other else ():
        if changed := sorted(other.intersection(_used(name, namespace)))[:NAMES_OF_ONE]:
            found[name[:NAME_TOLD]] = [each[:NAME_TOLD] for each in changed]
        if len(found) == CHANGED_NAMES:
            break
    return found


def _used(name: str, namespace: Mapping[str, Any]) -> set[str]:
    """The global names that a name's value uses, those of the notebook's functions that it calls included."""
    used, following = set[str](), [name]
    while following:
        used.add(each := following.pop())
        following += [found for found in _globals(namespace.get(each)) if found not in used]
    return used


def _globals(value: Any) -> Iterator[str]:
    """The global names in the code of a function, or of the functions in a class."""
    for function in vars(value).values() if type(value) in CLASSES else [value]:
        if type(function) is FunctionType:
            yield from _in_code(function.__code__)


def _in_code(code: CodeType) -> Iterator[str]:
    yield from (each.argval for each in dis.get_instructions(code) if each.opname in GLOBALS)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _in_code(constant)
