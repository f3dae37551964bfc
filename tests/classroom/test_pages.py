"""Pages: readable without colour or scripts, and nothing of a learner's runs in them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import drawing_demo
import pytest
from bs4 import BeautifulSoup
from test_grades import doubted, drawn_mark, mark, submission

from coursekit.classroom.intake.learners import Learner
from coursekit.classroom.report import pages
from coursekit.classroom.report.grades import choose, grade
from coursekit.classroom.report.statistics import statistics
from coursekit.grading.cards import LOOKS
from coursekit.grading.results import CellError

pytestmark = pytest.mark.usefixtures("demo_lesson")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}\u202e\x1b[2J\ud800\"' style=x"


def hostile():
    """A grade in which everything that a learner can choose is hostile."""
    made = mark(0)
    fields = {"message": HOSTILE, "got": HOSTILE, "drawn": HOSTILE, "flags": (HOSTILE,)}
    questions = tuple(replace(each, **fields) for each in made.report.questions)
    report = replace(made.report, questions=questions, cells=(CellError(3, HOSTILE),))
    sent = replace(submission(), learner=Learner(HOSTILE, HOSTILE), file=HOSTILE, notes=(HOSTILE,))
    return grade(sent, replace(made, report=report))


def read(content):
    return BeautifulSoup(content.decode("utf-8"), "html.parser")


def class_page(*grades):
    listed = choose(grades, "last")
    pair = {"first": HOSTILE, "second": "b", "similarity": 0.97, "same_text": True}
    similar = {"99_demo": {"pairs": [pair], "left_out": 7}}
    exercises = [("A demo", statistics(listed, "99_demo"))]
    return pages.class_page(exercises, listed, similar, "held", {0: "feedback/a.html"})


def both():
    return [pages.feedback_page(hostile(), "A demo"), class_page(hostile(), grade(submission("bob"), mark(1)))]


def test_nothing_of_a_learners_becomes_markup():
    for content in both():
        page = read(content)
        assert not page.find_all(["script", "img", "iframe", "link", "object", "embed", "form"])
        assert not [tag for tag in page.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
        assert "<script>alert(1)</script>" in page.get_text()
        assert "49" not in page.get_text()
        assert not re.search("[\u202e\x1b]", content.decode())
        policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
        assert "default-src 'none'" in policy
        assert "script" not in policy


def test_pages_load_nothing():
    for content in both():
        text = content.decode()
        assert not re.search(r"(src|href)=[\"']?(https?:|//|data:)", text)
        assert "url(" not in text
        assert "@import" not in text


def test_landmarks_headings_and_tables():
    for content in both():
        page = read(content)
        assert page.html["lang"] == "en"
        assert page.title.get_text().strip()
        assert [len(page.find_all(name)) for name in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
        assert page.find("a", class_="skip")["href"] == "#" + page.main["id"]
        levels = [int(tag.name[1]) for tag in page.find_all(re.compile("^h[1-6]$"))]
        assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
        ids = [tag["id"] for tag in page.find_all(id=True)]
        assert len(ids) == len(set(ids))
        named = [
            name for tag in page.find_all(attrs={"aria-labelledby": True}) for name in tag["aria-labelledby"].split()
        ]
        assert set(named) <= set(ids)
        for table in page.find_all("table"):
            assert table.caption
            assert all(head.get("scope") in ("col", "row") for head in table.find_all("th"))
        assert "@media print" in content.decode()


def luminance(colour):
    values = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_and_words_beside_every_colour():
    assert all(contrast("#ffffff", colour) >= 4.5 for _, _, colour in LOOKS.values())
    assert contrast("#ffffff", "#0b4f9c") >= 4.5
    assert contrast("#f2f2f2", "#1a1a1a") >= 7
    page = read(pages.feedback_page(grade(submission(), mark(1)), "A demo"))
    words = [badge.get_text().split(maxsplit=1)[1].strip() for badge in page.find_all(class_="badge")]
    assert words == ["Not written yet", "Passed", "Not written yet"]


def test_a_feedback_page_says_what_was_expected_what_came_and_what_to_think_about():
    text = read(pages.feedback_page(grade(submission(), mark(0)), "A demo")).get_text(" ", strip=True)
    for words in ("0 of 5 points", "A count", "Expected: 10", "Came: 3", "Hint: From 0 to 9."):
        assert words in text


def test_what_only_its_own_draws_showed_is_told_with_the_input_and_listed():
    odd = grade(submission(), drawn_mark("s", **drawing_demo.remembered(None) | {"luck": 777}))
    text = read(pages.feedback_page(odd, "A demo")).get_text(" ", strip=True)
    drawn = odd.report.questions[0].drawn
    assert f"wrong for this one, drawn for this submission. Input: {drawn} Expected:" in text
    assert "likely" not in text
    text = read(class_page(odd)).get_text(" ", strip=True)
    assert "To look at: 2 answers" in text
    assert f"Ada, A mean: wrong for {drawn}" in text
    assert "Ada, Luck: luck is 777: is that likely?" in text
    assert "1×: Hint: Their sum over their number. For example:" in text
    assert "To look at" not in read(class_page(grade(submission(), mark(0)))).get_text()


def test_a_feedback_page_of_a_file_that_cannot_be_used():
    text = read(pages.feedback_page(grade(submission(reason="It is empty."), None), "A demo")).get_text()
    assert "was not marked" in text
    assert "It is empty." in text


def test_the_class_page_shows_what_an_instructor_looks_at():
    page = read(class_page(*(grade(submission(f"l{n}"), mark(points)) for n, points in enumerate([5, 1, 0]))))
    text = page.get_text(" ", strip=True)
    for words in ("3 learners marked", "Mean 2.0, median 1.0 of 5 points", "Commonest wrong answers", "97 %", "held"):
        assert words in text
    assert "0 to 0.5 points: 1." in page.svg.desc.get_text()
    assert page.svg["role"] == "img"
    assert len(page.svg.find_all("rect")) == 10
    assert page.find("a", href="feedback/a.html").get_text() == "L0"


@pytest.mark.parametrize("strict", [False, True])
def test_models_that_could_not_be_verified_are_for_the_instructor(strict):
    given = grade(submission(), doubted(), strict=strict)
    page = read(class_page(given, grade(submission("bob"), mark(1)))).get_text(" ", strip=True)
    assert "Models that could not be verified" in page
    assert "Ada, question double , model other" in page
    assert "it has Own layers" in page
    assert ("points withheld" in page) is strict
    told = read(pages.feedback_page(given, "A demo")).get_text(" ", strip=True)
    assert ("2 of 2 points withheld: a model that it asks for could not be verified." in told) is strict
    assert ("verified" in told) is strict
    assert "Own" not in told


def test_a_class_without_doubts_is_told_of_none():
    assert "verified" not in read(class_page(grade(submission(), mark()))).get_text()


def test_page_names_differ_and_are_safe():
    names = {
        pages.page_name(grade(replace(submission(), learner=Learner(each, each)), None))
        for each in ("a/b", "a_b", "..")
    }
    assert len(names) == 3
    assert all(re.fullmatch(r"[\w-]+\.html", name) for name in names)
