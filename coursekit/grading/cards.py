"""Results to look at: a card for one question, a panel for all. HTML for notebooks, plain text elsewhere.

Words and shapes say everything; colour only repeats it. Text takes the colour of the page, so that it is readable in
light and dark themes; each status colour has a contrast of 4.5 with its white text and of 3 with both pages. Nothing
is loaded from outside, and everything that may come from the learner is escaped.
"""

from __future__ import annotations

import textwrap
from html import escape

from coursekit.grading import results
from coursekit.grading.results import PartResult, QuestionResult, Report, points_text

LOOKS = {
    results.PASSED: ("✔", "Passed", "#008060"),
    results.PARTIAL: ("◐", "In part", "#8a6d00"),
    results.FAILED: ("✘", "Not right yet", "#cc4100"),
    results.NOT_YET: ("○", "Not written yet", "#6b7480"),
}
WIDTH = 100
COLUMNS = ("Result", "Question", "Points", "What to look at")
LEFT = 'style="text-align:left;padding:2px 12px 2px 0;vertical-align:top;overflow-wrap:anywhere"'
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
        result = self.result
        body = _statement_html(result) + _parts_html(result) + _details_html(own_details(result))
        return _box_html(result.status, result.title, points_text(result.points, result.max_points), body)


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
        rows = "".join(_row_html(result) for result in report.questions)
        titles = "".join(f'<th scope="col" {LEFT}>{title}</th>' for title in COLUMNS)
        table = (
            f'<table style="border-collapse:collapse;margin:8px 0;font-size:inherit">'
            f"<thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"
        )
        status = results.PASSED if report.passed else (results.PARTIAL if report.points else results.NOT_YET)
        body = f"<div>{escape(summary(report))}</div>{_bar_html(report)}{table}"
        return _box_html(status, report.title, points_text(report.points, report.max_points), body)


def summary(report: Report) -> str:
    """The whole report in one sentence.

    >>> question = QuestionResult("sum", "A sum", "Add up.", 2, 2, results.PASSED)
    >>> summary(Report("01_demo", "Demo", (question,)))
    '2 of 2 points; 1 of 1 question passed.'
    """
    total = len(report.questions)
    counted = [
        (sum(result.status == status for result in report.questions), words)
        for status, words in (
            (results.PARTIAL, "passed in part"),
            (results.FAILED, "not right yet"),
            (results.NOT_YET, "not written yet"),
        )
    ]
    passed = sum(result.status == results.PASSED for result in report.questions)
    others = "".join(f", {count} {words}" for count, words in counted if count)
    questions = "question" if total == 1 else "questions"
    return f"{points_text(report.points, report.max_points)}; {passed} of {total} {questions} passed{others}."


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
    said = any(result.message == f"{part.title}: {part.message}" for part in result.parts)
    return [] if said else _details(result)


def _details(result: QuestionResult | PartResult) -> Details:
    pairs = [("", result.message), ("Expected: ", result.expected), ("Came: ", result.got), ("Hint: ", result.hint)]
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


def _box_html(status: str, title: str, points: str, body: str) -> str:
    symbol, words, colour = LOOKS[status]
    badge = (
        f'<span style="background:{colour};color:#fff;border-radius:4px;padding:2px 8px;font-weight:600;'
        f'white-space:nowrap"><span aria-hidden="true">{symbol}</span> {words}</span>'
    )
    heading = (
        f'<div role="heading" aria-level="4" style="margin-bottom:4px">{badge} '
        f"<strong>{escape(title)}</strong> · {escape(points)}</div>"
    )
    return (
        f'<div role="group" aria-label="{escape(f"Check: {title}, {words}, {points}")}" '
        f'style="border:1px solid {colour};border-left-width:6px;border-radius:4px;padding:8px 12px;margin:4px 0;'
        f'max-width:56em;line-height:1.5">{heading}{body}</div>'
    )


def _statement_html(result: QuestionResult) -> str:
    return f"<div>{code_html(result.statement)}</div>" if result.statement else ""


def _parts_html(result: QuestionResult) -> str:
    items = "".join(f"<li>{_part_html(part)}{_details_html(details)}</li>" for part, details in part_details(result))
    return f'<ul style="list-style:none;margin:6px 0;padding-left:0">{items}</ul>' if items else ""


def _part_html(part: PartResult) -> str:
    symbol, words, _ = LOOKS[part.status]
    points = points_text(part.points, part.max_points)
    return f'<span aria-hidden="true">{symbol}</span> {words}: {code_html(part.title)} · {points}'


def _details_html(details: Details) -> str:
    rows = [f"<div><strong>{label}</strong>{_value_html(label, text)}</div>" for label, text in details]
    return f'<div style="margin:4px 0 6px 20px">{"".join(rows)}</div>' if rows else ""


def _value_html(label: str, text: str) -> str:
    if label in ("Expected: ", "Came: ") and "`" not in text:
        return f'<code style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(text)}</code>'
    return f'<span style="overflow-wrap:anywhere">{code_html(text)}</span>'


def code_html(text: str) -> str:
    """Escaped text in which `backticks` mark code; where one has no partner, all of them stand as they are.

    >>> code_html("`a < b` holds"), code_html("a ` alone")
    ('<code>a &lt; b</code> holds', 'a ` alone')
    """
    pieces = escape(text).split("`")
    if len(pieces) % 2 == 0:
        return "`".join(pieces)
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))


def _row_html(result: QuestionResult) -> str:
    symbol, words, _ = LOOKS[result.status]
    first = next((text for _, text in _details(result)), "")
    cells = (
        f'<span aria-hidden="true">{symbol}</span> {words}',
        escape(result.title),
        f"{result.points:g} of {result.max_points:g}",
        code_html(first),
    )
    return "<tr>" + "".join(f"<td {LEFT}>{cell}</td>" for cell in cells) + "</tr>"


def _bar_html(report: Report) -> str:
    share = 100 * report.points / report.max_points if report.max_points else 0
    colour = LOOKS[results.PASSED][2]
    return (
        f'<div aria-hidden="true" style="border:1px solid {colour};border-radius:4px;height:10px;max-width:24em;'
        f'margin:6px 0"><div style="background:{colour};height:100%;width:{share:.0f}%"></div></div>'
    )
