"""Every question says all that its check demands; and the rules notice each thing that is left out."""

from __future__ import annotations

import nbformat
import pytest
import statement_style as style
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from coursekit import course
from coursekit.grading import Exercise
from coursekit.grading.questions import find_exercise


@pytest.mark.parametrize("rule", style.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_the_statements_say_all(lesson, rule):
    exercise = find_exercise(lesson.name)
    asked = list(style.questions_asked(nbformat.read(lesson.solution, as_version=4), exercise.questions))

    assert [each.question.name for each in asked] == list(exercise.questions)
    assert all(each.names for each in asked)
    assert [f"{each.question.name}: {words}" for each in asked for words in rule(each)] == []


STATEMENT = """## 1 · A rate (2 points)

`rated(x, rate)` takes `x`, `float32` of shape `(row, column)`, and `rate`, a float; it returns an array of that shape.

Keep a network in the variable `model`. The check feeds it `float32` of shape `(16, 4)`, from 0 to 1."""
STUB = "def rated(x, rate=1):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"


def rated(answers, expect):
    """`rated(x, rate)` and `model` are asked for."""
    answers.call("rated", 1, 2)
    helper(answers)


def helper(answers):
    answers.model("model")


def found(statement, check=rated):
    """What the rules find in one question."""
    exercise = Exercise("99_demo", "A demo")
    exercise.question("rated", points=2, title="A rate")(check)
    cells = [new_markdown_cell(statement), new_code_cell(STUB), new_code_cell('check("rated")')]
    [asked] = style.questions_asked(new_notebook(cells=cells), exercise.questions)
    return [words for rule in style.RULES for words in rule(asked)]


@pytest.mark.usefixtures("demo_lesson")
@pytest.mark.parametrize(
    ("said", "instead", "words"),
    [
        ("", "", []),
        ("`rated(x, rate)` takes", "`rated(x, rate=1)` takes", []),
        ("2 points", "3 points", ["its heading says 3 points; the check gives 2"]),
        ("## 1 · A rate (2 points)", "", ["no heading `## N · Title (P points)` above it"]),
        ("rated(x, rate)", "rated(x, share)", ["its statement never names `rated(x, rate)`"]),
        (
            "variable `model`",
            "variable model",
            ["its statement never names `model`", "never says of what form `model` is"],
        ),
        (
            ", and `rate`, a float",
            "",
            ["never says what `rate` is in `rated(x, rate)`: its shape and dtype, or its kind"],
        ),
        ("it returns an array of that shape", "nothing", ["never says of what form the answer of `rated` is"]),
        ("feeds it", "judges it by", ["never says what the check feeds to `model`: dtype, shape, range"]),
    ],
)
def test_the_rules_notice_what_is_left_out(said, instead, words):
    assert said in STATEMENT
    assert found(STATEMENT.replace(said, instead)) == words


@pytest.mark.usefixtures("demo_lesson")
def test_the_docstring_names_it_too():
    def bare(answers, expect):
        """A rate."""
        answers.call("rated", 1, 2)

    assert found(STATEMENT, bare) == ["its docstring never names `rated(x, rate)`"]
