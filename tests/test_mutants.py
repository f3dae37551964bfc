"""The program that spoils solutions: what it changes, and that it finds what a check does not notice."""

from __future__ import annotations

import doctest
import json

import mutants
import numpy as np
import pytest
import spoiling

from coursekit.grading import Exercise

SQUARED = """
def squared(x, shift):
    squares = [n * n for n in x]
    return sum(squares) - shift
"""


@pytest.fixture
def question():
    """A check that never asks for a shift."""
    exercise = Exercise("01_mnist_dense", "A demo")

    @exercise.question("squared", points=1, title="Sum of squares")
    def squared(answers, expect):
        """`squared(x, shift)`."""
        x = answers.draw("numbers").integers(2, 9, size=3).tolist()
        expect.equal(answers.call("squared", x, 0), int(np.square(x).sum()))

    return exercise.find("squared")


def test_the_mutant_that_a_check_does_not_notice_is_found(question):
    score = mutants.judge(question, SQUARED, {})
    assert score.survivors == [(4, "return sum(squares) - shift → return sum(squares) + shift")]
    assert score.noticed == score.mutants - 1 >= 6


def test_a_known_right_answer_is_no_survivor(question, monkeypatch):
    monkeypatch.setitem(mutants.EQUIVALENT, ("01_mnist_dense", "squared"), [("- shift", "+ shift", "shift is 0")])
    score = mutants.judge(question, SQUARED, {})
    assert (score.survivors, score.equivalent) == ([], 1)


def test_a_change_that_is_noticed_is_no_right_answer(question, monkeypatch):
    monkeypatch.setitem(mutants.EQUIVALENT, ("01_mnist_dense", "squared"), [("n * n", "n / n", "not so")])
    score = mutants.judge(question, SQUARED, {})
    assert (score.equivalent, score.noticed) == (0, score.mutants - 1)


def test_what_a_network_may_do_without_is_no_survivor(question):
    source = "def f():\n    return keras.Sequential([layers.Dense(5), layers.Dropout(0.2), layers.Dense(1)])"
    equal = [mutant.after for mutant in mutants.mutants(source) if mutants.is_equivalent(mutant, question)]
    assert "return keras.Sequential([layers.Dense(5), layers.Dense(1)])" in equal
    assert not any("trainable" in after or "Dense(2)" in after for after in equal)


def test_a_solution_that_is_wrong_has_no_score(question):
    assert mutants.judge(question, SQUARED.replace("n * n", "n"), {}).note


def test_a_mutant_that_never_ends_is_noticed(question, monkeypatch):
    monkeypatch.setattr(mutants, "SECONDS", 0.5)
    endless = (
        "def squared(x, shift):\n    n = 0\n    while n < len(x):\n        n += 1\n    return sum(m * m for m in x)"
    )
    assert "n += 1 → pass" in [mutant.change for mutant in mutants.mutants(endless)]
    assert mutants.judge(question, endless, {}).mutants > 6


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("x < 1", "x < 1 → x <= 1"),
        ("x.sum(axis=1)", "x.sum(axis=1) → x.sum(axis=0)"),
        ("x.sum(axis=1)", "x.sum(axis=1) → x.sum()"),
        ("x[1:n]", "x[1:n] → x[1:n - 1]"),
        ("x[1:n]", "x[1:n] → x[:n]"),
        ("range(n)", "range(n) → range(n + 1)"),
        ("f(x, n)", "f(x, n) → f(n, x)"),
        ("x @ n", "x @ n → n @ x"),
        ("np.sqrt(x)", "np.sqrt(x) → x"),
        ("x and n", "x and n → x or n"),
        ("layers.Dense(10, 'softmax')", "layers.Dense(10, 'softmax') → layers.Dense(11, 'softmax')"),
        ("layers.Dense(10, 'softmax')", "layers.Dense(10, 'softmax') → layers.Dense(10, 'sigmoid')"),
        ("layers.Dense(10)", "layers.Dense(10) → layers.Dense(10, trainable=False)"),
        ("keras.Sequential([x, n])", "keras.Sequential([x, n]) → keras.Sequential([x])"),
    ],
)
def test_each_kind_of_change_is_made(source, change):
    changes = [f"{mutant.before} → {mutant.after}" for mutant in mutants.mutants(f"def f(x, n):\n    return {source}")]
    before, after = change.split(" → ")
    assert f"return {before} → return {after}" in changes


def test_the_command_writes_its_scores(tmp_path, capsys):
    scores = tmp_path / "scores.json"
    assert mutants.main(["--exercise", "4", "--question", "puzzle", "--jobs", "1", "--json", str(scores)]) == 0
    assert json.loads(scores.read_text())[0]["note"] == "no function to spoil"
    assert "puzzle" in capsys.readouterr().out


def test_the_example_is_true():
    assert doctest.testmod(spoiling, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_an_unknown_question_is_named(capsys):
    with pytest.raises(SystemExit):
        mutants.main(["--exercise", "4", "--question", "pool"])
    assert "no question pool in 04_cnn" in capsys.readouterr().err
