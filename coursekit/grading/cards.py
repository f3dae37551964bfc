"""Results to look at: a card for one question, a panel for all. HTML for notebooks, plain text elsewhere.

Words and shapes say everything; colour only repeats it. Text takes the colour of the page, so that it is readable in
light and dark themes; each status colour has a contrast of 4.5 with its white text and of 3 with both pages. Nothing
is loaded from outside, and everything that may come from the learner is escaped.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from coursekit import templating
from coursekit.grading import results
from coursekit.grading.results import PartResult, QuestionResult, Report, points_text

if TYPE_CHECKING:
    from jinja2 import Environment

LOOKS = {
    results.PASSED: ("✔", "Passed", "#008060"),
    results.PARTIAL: ("◐", "In part", "#8a6d00"),
    results.FAILED: ("✘", "Not right yet", "#cc4100"),
    results.NOT_YET: ("○", "Not written yet", "#6b7480"),
    results.INTERRUPTED: ("■", "Interrupted", "#6b7480"),
}
NOT_PASSED = {results.PARTIAL: "passed in part", results.FAILED: "not right yet", results.NOT_YET: "not written yet"}
WIDTH = 100
ONLY_HERE = "Right for the inputs that every notebook draws, wrong for this one, drawn for this submission."
Details = list[tuple[str, str]]


class Card:
    """The result of one question, for display.

    >>> print(Card(QuestionResult("sum", "A sum", "Add up.", 0, 2, results.NOT_YET, "There is no `total` yet.")))
    ○ Not written yet: A sum (0 of 2 points)
      There is no `total` yet.
    """

    def __init__(self, result: QuestionResult) -> None:
        self.result = result

    def __repr__(self) -> str:
        return "\n".join([_headline(self.result), *_details_text(self.result)])

    def _repr_html_(self) -> str:
        return _html("card.html", result=self.result)


class Panel:
    """The results of all questions of an exercise, for display."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def __repr__(self) -> str:
        lines = [f"{self.report.title}: {summary(self.report)}"]
        for result in self.report.questions:
            lines += ["", _headline(result), *_details_text(result)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        report = self.report
        status = results.PASSED if report.passed else (results.PARTIAL if report.points else results.NOT_YET)
        return _html("panel.html", report=report, status=status)


def summary(report: Report) -> str:
    """The whole report in one sentence.

    >>> question = QuestionResult("sum", "A sum", "Add up.", 2, 2, results.PASSED)
    >>> summary(Report("01_demo", "Demo", (question,)))
    '2 of 2 points; 1 of 1 question passed.'
    """
    total, counts = len(report.questions), Counter(result.status for result in report.questions)
    others = "".join(f", {counts[status]} {words}" for status, words in NOT_PASSED.items() if counts[status])
    questions = "question" if total == 1 else "questions"
    passed = f"{counts[results.PASSED]} of {total} {questions} passed{others}"
    return f"{points_text(report.points, report.max_points)}; {passed}."


def _headline(result: QuestionResult) -> str:
    symbol, words, _ = LOOKS[result.status]
    return f"{symbol} {words}: {result.title} ({points_text(result.points, result.max_points)})"


def part_details(result: QuestionResult) -> list[tuple[PartResult, Details]]:
    """Each part of a question, and what there is to say of it that an earlier part has not said."""
    told: list[Details] = []
    listed = []
    for part in result.parts:
        details = _details(part)
        listed.append((part, [] if details in told else details))
        told.append(details)
    return listed


def own_details(result: QuestionResult) -> Details:
    """What there is to say of a question besides what its parts say."""
    return _details(result) if any(failed is result for _, failed in result.failures) else []


def first_details(result: QuestionResult) -> Details:
    """The first thing that there is to say of a question."""
    return _details(result)[:1]


def _details(result: QuestionResult | PartResult) -> Details:
    only_here = ONLY_HERE if result.drawn else ""
    pairs = [("", result.message), ("", only_here), ("Input: ", result.drawn)]
    pairs += [("Expected: ", result.expected), ("Came: ", result.got), ("Hint: ", result.hint)]
    return [(label, text) for label, text in pairs if text]


def _details_text(result: QuestionResult) -> list[str]:
    lines = []
    for part, details in part_details(result):
        symbol, words, _ = LOOKS[part.status]
        lines.append(f"  {symbol} {words}: {part.title} ({points_text(part.points, part.max_points)})")
        lines += [_wrapped(f"{label}{text}", "    ") for label, text in details]
    return lines + [_wrapped(f"{label}{text}", "  ") for label, text in own_details(result)]


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")


@cache
def _templates() -> Environment:
    made = templating.environment("coursekit.grading")
    functions = (points_text, part_details, own_details, first_details, summary)
    made.globals |= {"LOOKS": LOOKS} | {each.__name__: each for each in functions}
    return made


def _html(template: str, **values: Any) -> str:
    return _templates().get_template(template).render(**values)
