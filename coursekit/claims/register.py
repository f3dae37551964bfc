"""The register of claims: the comparisons in a notebook's stored outputs, each computed anew from its values."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import msgspec

from coursekit.claims.comparison import MIME, Comparison
from coursekit.errors import CoursekitError


class UnreadableClaims(CoursekitError):
    """A stored notebook, or a comparison in it, cannot be read or does not fit its own values."""


@dataclass(frozen=True)
class _Output:
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Cell:
    cell_type: str
    outputs: list[_Output] = field(default_factory=list)


@dataclass(frozen=True)
class _Notebook:
    cells: list[_Cell]


@dataclass(frozen=True)
class _Following:
    """What is stored of a comparison besides its values, and follows from them."""

    effect: float
    interval: tuple[float, float]
    verdict: str


def claims_in(content: bytes, name: str, cure: str) -> list[Comparison]:
    """The comparisons that a stored notebook holds, in its order.

    Args:
        content: the bytes of its file.
        name: what messages call it.
        cure: what they say to do.

    Raises:
        UnreadableClaims: it is no notebook, was stored without outputs, or holds a comparison whose effect, interval,
            verdict or line of text does not follow from its values.

    >>> claims_in(b'{"cells": []}', "empty.ipynb", "Run it.")
    Traceback (most recent call last):
    coursekit.claims.register.UnreadableClaims: empty.ipynb stores no outputs. Run it.
    """
    cells = [cell for cell in _read(content, name).cells if cell.cell_type == "code"]
    if not any(cell.outputs for cell in cells):
        raise UnreadableClaims(f"{name} stores no outputs. {cure}")
    found = []
    for number, cell in enumerate(cells, start=1):
        for output in cell.outputs:
            if MIME in output.data:
                try:
                    found.append(_comparison(output.data))
                except ValueError as error:
                    where = f"{name}, code cell {number}"
                    raise UnreadableClaims(f"{where}: the stored comparison cannot be used: {error} {cure}") from error
    return found


def _read(content: bytes, name: str) -> _Notebook:
    try:
        return msgspec.convert(json.loads(content), _Notebook)
    except msgspec.ValidationError as error:
        raise UnreadableClaims(f"{name} is JSON, but no notebook: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableClaims(f"{name} is not JSON, so it is no notebook: {error}.") from error


def _comparison(bundle: dict[str, Any]) -> Comparison:
    comparison = msgspec.convert(bundle[MIME], Comparison)
    stored = msgspec.convert(bundle[MIME], _Following)
    shown = "".join(msgspec.convert(bundle.get("text/plain", ""), str | list[str])).partition("\n")[0]
    largest = max(map(abs, (*comparison.treatment.values, *comparison.control.values)))

    def differ(one: float, other: float) -> bool:
        return not math.isclose(one, other, abs_tol=1e-9 * largest)  # processors differ in the last digits

    if differ(stored.effect, comparison.effect) or any(map(differ, stored.interval, comparison.interval)):
        raise ValueError(f"effect {stored.effect} and interval {stored.interval} do not follow from its values.")
    if stored.verdict != comparison.verdict:
        raise ValueError(f"by its values the verdict is {comparison.verdict!r}, not {stored.verdict!r}.")
    if shown != str(comparison):
        raise ValueError(f"by its values the line is {str(comparison)!r}, not {shown!r}.")
    return comparison
