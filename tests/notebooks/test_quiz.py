"""Questions to check oneself by: what an author writes becomes a cell, and a cell is read back as it was written."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest
import quiz
from hypothesis import given, settings
from hypothesis import strategies as st
from quiz import Choice, Quiz

from coursekit import course

TEXT = """
Which of these is the L2 penalty of
the weights 3 and −4?
- 5
  That is the *norm*;
  the penalty is its square.
+ `w @ w < 26`
  The sum of the squares.
"""
MARKDOWN = """**Check yourself.** Which of these is the L2 penalty of the weights 3 and −4?

<details><summary>5</summary>

**No.** That is the *norm*; the penalty is its square.

</details>
<details><summary><code>w @ w &lt; 26</code></summary>

**Right.** The sum of the squares.

</details>"""

marked_up = st.lists(st.sampled_from(["<code>", "</code>", "`", "&lt;", "<", ">", "a", " "])).map("".join)
paragraphs = (st.text() | marked_up).map(lambda text: " ".join(text.split())).filter(bool)


@st.composite
def quizzes(draw) -> Quiz:
    texts = draw(st.lists(paragraphs, min_size=2, max_size=5, unique=True))
    right = draw(st.integers(0, len(texts) - 1))
    choices = (Choice(text, number == right, draw(paragraphs)) for number, text in enumerate(texts))
    return Quiz(draw(paragraphs), tuple(choices))


def test_a_text_becomes_a_cell():
    assert quiz.to_markdown(quiz.from_text(TEXT)) == MARKDOWN


def test_the_examples_of_the_tool_are_true():
    assert doctest.testmod(quiz).failed == 0


@settings(deadline=None)
@given(quizzes())
def test_a_cell_is_read_as_it_was_written(written):
    assert quiz.from_markdown(quiz.to_markdown(written)) == written


@settings(deadline=None)
@given(st.text())
def test_any_other_cell_is_refused(source):
    with pytest.raises(ValueError):  # noqa: PT011
        quiz.from_markdown(source)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("**No.**", "**Right.**", "2 choices are right"),
        ("**Right.**", "**No.**", "0 choices are right"),
        ("**Right.** The sum of the squares.", "**Right.**", "at least two choices"),
        ("<code>w @ w &lt; 26</code>", "5", "no two alike"),
        ("<code>w @ w &lt; 26</code>", "w @ w < 26", "not what tools/quiz.py makes"),
        ("**Right.**", "**Perhaps.**", "0 choices are right"),
        ("**No.** That", "**Hm.** That", "not what tools/quiz.py makes"),
        ("</details>\n<details>", "</details>\n\nOr:\n\n<details>", "not what tools/quiz.py makes"),
        ("**Check yourself.** ", "", "not what tools/quiz.py makes"),
        ("The sum of the squares.", "The sum of the squares.\n\nOf both.", "at least two choices"),
    ],
)
def test_a_cell_that_was_spoiled_is_refused(old, new, told):
    assert old in MARKDOWN

    with pytest.raises(ValueError, match=told):
        quiz.from_markdown(MARKDOWN.replace(old, new))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "one paragraph each, not ''"),
        ("Why?", "at least two choices"),
        ("Why?\n+ so\n  Yes.", "at least two choices"),
        ("Why?\n+ so\n  Yes.\n- not", "one paragraph each, not ''"),
        ("Why?\n+ so\n  Yes.\n+ also\n  Yes.", "2 choices are right"),
        ("Why?\n- so\n  No.\n- also\n  No.", "0 choices are right"),
        ("Why?\n+ so\nYes.\n- also\n  No.", "neither indented as a reason nor a choice"),
        ("+ so\n  Yes.\n- also\n  No.", "one paragraph each, not ''"),
    ],
)
def test_a_text_that_is_no_question_is_explained(text, told):
    command = [sys.executable, course.root() / "tools" / "quiz.py"]
    ended = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
