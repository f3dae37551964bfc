"""In a notebook: cards, panels, progress, nbgrader."""

from __future__ import annotations

import html.parser
import re
import sys

import grading_demo as demo
import pytest

from coursekit.grading import PartResult, QuestionResult, Report, open_exercise, progress, results
from coursekit.grading.cards import LOOKS, Card, Panel
from coursekit.grading.in_notebook import NoPoints
from coursekit.grading.opening import SilentCheck
from coursekit.grading.questions import UnknownQuestion

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)> \"' `<b>` &amp;"
RIGHT = {"softmax": None, "count": 10, "double": lambda x: 2 * x}


@pytest.fixture
def check():
    """The demo's check over three right names but softmax."""
    return open_exercise(demo.exercise, dict(RIGHT))


@pytest.fixture
def shown(monkeypatch):
    """What was displayed."""
    cards: list = []
    monkeypatch.setattr("IPython.display.display", cards.append)
    return cards


def everything_evil(status):
    part = PartResult(EVIL, 0, 1, status, EVIL, EVIL, EVIL, EVIL)
    return QuestionResult("q", EVIL, EVIL, 1, 3, status, EVIL, EVIL, EVIL, EVIL, (part,))


class Tags(html.parser.HTMLParser):
    """Collects tags, checks that they nest, and keeps the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], set(), [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("status", LOOKS)
def test_learners_text_is_escaped_and_nothing_is_loaded(status):
    report = Report("99_demo", EVIL, (everything_evil(status),))
    for card in (Card(everything_evil(status)), Panel(report)):
        page = Tags(card._repr_html_())
        allowed = {"div", "span", "strong", "ul", "li", "code", "table", "thead", "tbody", "tr", "th", "td"}
        assert page.tags <= allowed
        assert {name for name, _ in page.attributes} <= {
            "style",
            "role",
            "aria-label",
            "aria-level",
            "aria-hidden",
            "scope",
        }
        assert "url(" not in card._repr_html_()
        assert "alert('x')" in page.text


def test_a_card_says_the_status_in_words_and_shapes():
    words = {status: set() for status in LOOKS}
    for status, (symbol, word, _) in LOOKS.items():
        result = QuestionResult("q", "Softmax", "", 1, 3, status, "No.", "1", "2", "Think.")
        page = Tags(Card(result)._repr_html_())
        for text in (page.text, repr(Card(result))):
            assert symbol in text
            assert word in text
            assert "1 of 3 points" in text
            for line in ("No.", "Expected: 1", "Came: 2", "Hint: Think."):
                assert line in text
        assert ("role", "heading") in page.attributes
        assert ("aria-label", f"Check: Softmax, {word}, 1 of 3 points") in page.attributes
        words[status] = {symbol, word}
    assert len(set.union(*words.values())) == 2 * len(LOOKS)


def luminance(colour):
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_colours_have_contrast_in_light_and_dark():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for _, _, colour in LOOKS.values():
        assert contrast(colour, "#ffffff") >= 4.5
        for page in ("#ffffff", "#f5f5f5", "#111111", "#212121"):
            assert contrast(colour, page) >= 3


def test_text_takes_the_colour_of_the_page():
    styles = re.findall(r'style="([^"]*)"', Card(everything_evil("failed"))._repr_html_())
    for style in styles:
        assert ("color:" in re.sub(r"[-\w]+-color:", "", style)) == ("background:" in style)


def test_a_check_shows_a_card_and_records(check, shown, progress_file):
    assert check("double") is None
    assert check("softmax") is None
    assert [card.result.status for card in shown] == ["passed", "failed"]
    kept = progress.load()["99_demo"]
    assert kept == {"double": progress.Recorded(2, 2, "passed"), "softmax": progress.Recorded(0, 2, "failed")}


def test_progress_that_cannot_be_saved_is_a_warning_after_the_card(check, shown, progress_file):
    progress_file.parent.write_text("a file where a folder should be")
    with pytest.warns(UserWarning, match="Your progress was not saved"):
        check("double")
    assert shown


def test_all_shows_a_panel_and_records(check, shown, progress_file):
    check.all()
    assert "3 of 5 points; 2 of 3 questions passed, 1 not right yet." in repr(shown[0])
    assert "3 of 5 points; 2 of 3 questions passed" in shown[0]._repr_html_()
    assert set(progress.load()["99_demo"]) == {"softmax", "count", "double"}


def test_the_callers_names_are_checked():
    namespace = {"open_exercise": open_exercise, "exercise": demo.exercise}
    exec("check = open_exercise(exercise)\ncount = 10\ncheck('count')", namespace)
    assert progress.load()["99_demo"]["count"].status == "passed"


def test_an_unknown_question_offers_the_nearest(check):
    with pytest.raises(UnknownQuestion, match="Did you mean 'double'"):
        check("duoble")
    assert repr(check) == "<check of 99_demo: 3 questions, 5 points: softmax, count, double>"


@pytest.mark.parametrize(
    "variables", [{"NBGRADER_EXECUTION": "autograde"}, {"NBGRADER_EXECUTION": "validate"}, {"NBGRADER_VALIDATING": "1"}]
)
def test_under_nbgrader_the_result_is_the_points(variables, shown, monkeypatch, progress_file):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    check = open_exercise(demo.exercise, dict(RIGHT) | {"double": lambda x: 8})
    assert float(repr(check("double"))) == 1.0
    assert float(repr(check("count"))) == 1.0
    with pytest.raises(NoPoints, match="Softmax by hand"):  # nbgrader takes a result of 0 for full points
        check("softmax")
    check.all()
    assert len(shown) == 4
    assert not progress_file.exists()


def test_under_nbgrader_nothing_goes_to_standard_error(shown, monkeypatch, capsys):
    def double(x):
        print("a warning", file=sys.stderr)  # nbgrader would give 0 points
        return 2 * x

    check = open_exercise(demo.exercise, {"double": double})
    check("double")
    assert "a warning" in capsys.readouterr().err
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert float(repr(check("double"))) == 2.0
    assert capsys.readouterr().err == ""


def test_in_the_worker_nothing_is_checked(monkeypatch):
    monkeypatch.setenv("COURSEKIT_WORKER", "1")
    check = open_exercise("no such exercise")
    assert isinstance(check, SilentCheck)
    assert check("softmax") is None
    assert check.all() is None


def test_the_statuses_of_a_report_in_one_sentence():
    in_reports = (results.PASSED, results.PARTIAL, results.FAILED, results.NOT_YET)
    questions = tuple(QuestionResult("q", "Q", "", 1, 2, status) for status in in_reports)
    assert {*in_reports, results.INTERRUPTED} == set(LOOKS)
    assert repr(Panel(Report("99_demo", "A demo", questions))).startswith(
        "A demo: 4 of 8 points; 1 of 4 questions passed, 1 passed in part, 1 not right yet, 1 not written yet."
    )
