"""The summary page: each executed notebook beside its last run, and the copies of a sweep beside each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from coursekit import templating
from coursekit.regenerate.entries import RunEntry


def page(entries: Sequence[RunEntry]) -> bytes:
    """The page as HTML; self-contained, without scripts.

    Args:
        entries: of all copies.
    """
    failed = [entry for entry in entries if entry.failure]
    template = templating.environment("coursekit.regenerate").get_template("summary.html")
    return template.render(entries=entries, failed=failed, sweeps=_sweeps(entries)).encode()


def _sweeps(entries: Sequence[RunEntry]) -> list[dict[str, Any]]:
    """The notebooks that have several copies: the parameters in which these differ, and all figures."""
    groups = defaultdict(list)
    for entry in entries:
        groups[entry.source].append(entry)
    return [_sweep(source, copies) for source, copies in sorted(groups.items()) if len(copies) > 1]


def _sweep(source: str, copies: list[RunEntry]) -> dict[str, Any]:
    names = {name: None for entry in copies for name in entry.parameters}
    differing = [name for name in names if len({repr(entry.parameters.get(name)) for entry in copies}) > 1]
    ordered = sorted(copies, key=lambda entry: [_order(entry.parameters.get(name)) for name in differing])
    figures = list({name: None for entry in copies for name in entry.now.figures})
    return {"source": source, "parameters": differing, "figures": figures, "copies": ordered}


def _order(value: Any) -> tuple[int, float, str]:
    """Numbers by size, after those that are left at their default and before everything else by its text."""
    if isinstance(value, (int, float)):
        return 1, float(value), ""
    return (0, 0.0, "") if value is None else (2, 0.0, str(value))
