"""Figures that a lesson reached, beside published ones: a table for people, data for ``coursekit run``."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass

MIME = "application/vnd.coursekit.results+json"
FULL_RUN = "COURSEKIT_FULL"  # set to 1 where the course itself is run at its default sizes


@dataclass(frozen=True)
class Result:
    """One line of a results table.

    Attributes:
        name: what was measured, with its unit where it has one.
        published: the figure of the source, or None where there is none.
        here: the figure that this run reached.
    """

    name: str
    published: float | None
    here: float


@dataclass(frozen=True)
class ResultsTable:
    """Results as Jupyter shows them: HTML, plain text, and JSON under the type in ``MIME``."""

    rows: tuple[Result, ...]
    source: str
    decimals: int | None = None

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        figures = [[row.name, row.here] for row in self.rows]  # a dictionary would be sorted in the file
        return {MIME: {"figures": figures}, "text/html": self._html(), "text/plain": str(self)}

    def __str__(self) -> str:
        width = max(len(row.name) for row in self.rows)
        lines = [f"{'':{width}}  {'published':>10}  {'here':>10}"]
        lines += [
            f"{row.name:{width}}  {self._text(row.published):>10}  {self._text(row.here):>10}" for row in self.rows
        ]
        return "\n".join([*lines, f"published: {self.source}"] if self.source else lines)

    def _html(self) -> str:
        body = "".join(
            f'<tr><th scope="row" style="text-align:left">{html.escape(row.name)}</th>'
            f"<td>{self._text(row.published)}</td><td><strong>{self._text(row.here)}</strong></td></tr>"
            for row in self.rows
        )
        caption = f"<caption>published: {html.escape(self.source)}</caption>" if self.source else ""
        head = '<tr><td></td><th scope="col">published</th><th scope="col">here</th></tr>'
        return f"<table>{caption}<thead>{head}</thead><tbody>{body}</tbody></table>"

    def _text(self, value: float | None) -> str:
        if value is None:
            return "–"
        if self.decimals is not None:
            return f"{value:,.{self.decimals}f}"
        if float(value).is_integer():
            return f"{value:,.0f}"
        return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"


def results_table(
    rows: Iterable[tuple[str, float | None, float]], source: str = "", decimals: int | None = None
) -> ResultsTable:
    """Set what this run reached beside what was published.

    Args:
        rows: ``(name, published, here)``; ``published`` is None where there is nothing to compare with.
        source: where the published figures come from.
        decimals: that all figures are shown with; when it is None, four below 10 and one above, none for whole numbers.

    Raises:
        ValueError: no row, a name used twice, or a figure of this run that is not a finite number.

    >>> print(results_table([("test accuracy", 0.9801, 0.98123)], source="the lecture notes"))
                    published        here
    test accuracy      0.9801      0.9812
    published: the lecture notes
    """
    results = tuple(Result(name, published, float(here)) for name, published, here in rows)
    names = [result.name for result in results]
    if not results:
        raise ValueError("A results table needs at least one row (name, published, here).")
    if len(set(names)) < len(names):
        raise ValueError(f"Each row needs a name of its own; these came: {', '.join(names)}.")
    for result in results:
        if not math.isfinite(result.here):
            raise ValueError(f"{result.name}: {result.here} is not a finite number; did the training diverge?")
    return ResultsTable(results, source, decimals)


def runs_in_full(*enough: bool) -> bool:
    """Whether this run is large enough for assertions that a smaller one would not pass.

    Args:
        enough: what the parameters must fulfil for the assertions below to hold.

    Returns:
        True if every condition holds. Where one does not, the assertions are passed over without a word.

    Raises:
        RuntimeError: a condition fails in the course's own run at the default sizes (``COURSEKIT_FULL=1``).

    >>> EPOCHS, test_accuracy = 1, 0.93
    >>> if runs_in_full(EPOCHS >= 5):
    ...     assert test_accuracy > 0.98
    """
    if all(enough):
        return True
    if os.environ.get(FULL_RUN) == "1":
        raise RuntimeError(
            "The notebook's default sizes are too small for what is asserted below, so it would never be held: "
            "raise the sizes, or ask for less in runs_in_full(…)."
        )
    return False
