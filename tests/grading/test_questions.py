"""Points, parts, statuses and messages."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit import course
from coursekit.grading import Exercise, Expect, NamespaceAnswers, find_exercise
from coursekit.grading.expect import Unmet
from coursekit.grading.questions import UnknownQuestion
from coursekit.grading.results import FAILED
from coursekit.worker import bounds
from coursekit.worker.failures import BadCheck


def run(body, points=3, **namespace):
    """The result of one question over these names."""
    exercise = Exercise("99_demo", "A demo")
    exercise.question("q", points=points, title="Q")(body)
    return exercise.run(NamespaceAnswers(namespace)).questions[0]


def three_parts(answers, expect):
    """A statement."""
    with expect.part(points=1, title="first"):
        expect.equal(answers.value("a"), 1)
    with expect.part(points=1, title="second"):
        expect.equal(answers.value("b"), 2)
    expect.equal(answers.value("c"), 3)


@pytest.mark.parametrize(
    ("names", "points", "status"),
    [
        ({"a": 1, "b": 2, "c": 3}, 3, "passed"),
        ({"a": 0, "b": 2, "c": 3}, 2, "partial"),
        ({"a": 1, "b": 2, "c": 0}, 2, "partial"),
        ({"b": 2}, 1, "partial"),
        ({"a": 0, "b": 0, "c": 0}, 0, "failed"),
        ({}, 0, "not yet"),
        ({"c": 3}, 1, "partial"),
    ],
)
def test_parts_are_independent_and_the_body_earns_the_rest(names, points, status):
    result = run(three_parts, **names)
    assert (result.points, result.status, len(result.parts)) == (points, status, 2)
    assert result.max_points == 3
    assert result.statement == "A statement."


def test_a_failed_body_ends_the_question_and_keeps_earlier_parts():
    def body(answers, expect):
        with expect.part(points=1):
            expect.true(True, "")
        expect.true(False, "The body failed.", hint="Think.", expected="this", got="that")
        with expect.part(points=1):
            expect.true(True, "")

    result = run(body)
    assert (result.points, result.status, len(result.parts)) == (1, "partial", 1)
    assert (result.message, result.hint, result.expected, result.got) == ("The body failed.", "Think.", "this", "that")
    assert result.parts[0].title == "part 1"


def test_a_check_that_counts_wrongly_is_an_error_of_its_author():
    def too_many(answers, expect):
        with expect.part(points=4):
            expect.true(True, "")

    def nothing_outside(answers, expect):
        with expect.part(points=1):
            expect.true(True, "")

    def nested(answers, expect):
        with expect.part(points=1), expect.part(points=1):
            pass

    with pytest.raises(BadCheck, match="worth more than"):
        run(too_many)
    with pytest.raises(BadCheck, match="2 points remain"):
        run(nothing_outside)

    def not_plain(answers, expect):
        answers.call("f", print)

    with pytest.raises(BadCheck, match="'f' with arguments that are not plain data"):
        run(not_plain)
    with pytest.raises(BadCheck, match="part within a part"):
        run(nested)


def test_an_answer_that_leaves_nothing_to_expect_is_a_failure_that_an_instructor_looks_at():
    def body(answers, expect):
        for got, want in zip(answers.call("f"), [1, 2]):
            expect.equal(got, want)

    result = run(body, f=lambda: [])
    assert (result.points, result.status) == (0, FAILED)
    assert "nothing that could be judged" in result.message
    assert "or the check is made wrongly" in result.flags[0]
    assert run(body, f=lambda: [1, 2]).points == 3


def test_an_answer_that_does_not_go_back_into_a_request_is_a_failure():
    def body(answers, expect):
        expect.equal(answers.call("resumed", answers.value("state")), 1)

    result = run(body, state="x" * (bounds.FRAME_HEADER_BYTES - 60), resumed=lambda state: 1)
    assert (result.points, result.status) == (0, FAILED)
    assert "`resumed`" in result.message
    assert "too much data" in result.got


def test_an_answer_that_the_check_cannot_use_fails_with_a_message():
    def body(answers, expect):
        expect.true(answers.value("x").shape == (3,), "Wrong shape.")

    result = run(body, x=[1, 2, 3])
    assert result.status == "failed"
    assert "could not use this answer (AttributeError" in result.message


def test_the_learner_gets_copies_and_the_check_keeps_its_own():
    kept = np.arange(3.0)

    def body(answers, expect):
        expect.close(answers.call("destroy", kept), [0, 0, 0])
        expect.equal(kept, np.arange(3.0))

    def destroy(x):
        x[:] = 0
        return x

    assert run(body, destroy=destroy).status == "passed"


def test_messages_name_the_request_also_for_an_item_of_it():
    def body(answers, expect):
        pair = answers.call("pair", np.zeros((20, 3)), scale=2)
        expect.shape(pair[1], (3,))

    result = run(body, pair=lambda x, scale: (x, np.zeros(4)))
    assert result.message == "`pair(<array (20, 3)>, scale=2)[1]` has another shape."
    assert result.expected == "shape (3,)"
    assert result.got == "shape (4,): [0. 0. 0. 0.] (array, shape (4,), float64)"


def test_keyboard_interrupt_ends_everything_in_a_notebook():
    def body(answers, expect):
        answers.call("stop")

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(body, stop=stop)


def test_names_and_points_are_checked_when_a_question_is_added():
    exercise = Exercise("99_demo", "A demo")
    exercise.question("softmax", points=1, title="S")(three_parts)
    with pytest.raises(ValueError, match="Two questions"):
        exercise.question("softmax", points=1, title="S")
    with pytest.raises(ValueError, match="more than 0"):
        exercise.question("other", points=0, title="S")
    with pytest.raises(UnknownQuestion, match="Did you mean 'softmax'"):
        exercise.find("sotfmax")


def test_a_title_is_the_lessons_unless_given():
    assert Exercise("01_mnist_dense").title == course.find("1").title
    with pytest.raises(course.UnknownLesson):
        find_exercise("no such lesson")


ACCEPTED = [
    ("close", ([0.1, 0.2], np.array([0.1, 0.2000001]))),
    ("close", (np.float32(0.1), 0.1)),
    ("close", (1 + 1e-7, 1.0)),
    ("equal", ((1, 2), [1, 2])),
    ("equal", ({"a": np.array([1])}, {"a": [1]})),
    ("equal", (3.0, 3)),
    ("finite", ([1, 2],)),
    ("shape", (np.zeros((2, 3)), (None, 3))),
    ("shape", (3.0, ())),
    ("at_least", (0.98, 0.98)),
    ("at_least", (np.array([0.99]), 0.98)),
    ("at_most", (0.1, 0.2)),
    ("between", (0.5, 0, 1)),
    ("kind", (3, (int, float))),
    ("kind", (True, bool)),
]


@pytest.mark.parametrize(("name", "values"), ACCEPTED)
def test_what_is_right_passes(name, values):
    getattr(Expect(), name)(*values)


REJECTED = [
    ("close", ([0.1, 0.3], [0.1, 0.2]), "differs at 1 of 2 places, first at index 1"),
    ("close", (np.zeros((2, 2)), np.eye(2)), "first at index (0, 0)"),
    ("close", ([np.nan], [np.nan]), "differs"),
    ("close", ([1, 2, 3], [1, 2]), "another shape"),
    ("close", (1.0, 2.0), "has another value"),
    ("close", (None, [1.0]), "Does the function end with `return`?"),
    ("close", ("text", 1.0), "is text, not numbers"),
    ("close", ([[1], [1, 2]], [1.0]), "rows differ in length"),
    ("close", ({"a": 1}, [1.0]), "is a dict, not numbers"),
    ("equal", ("a", "b"), "not what was expected"),
    ("equal", (1, True), "not what was expected"),
    ("equal", ([1, [2]], [1, [3]]), "not what was expected"),
    ("equal", ({"a": 1}, {"b": 1}), "not what was expected"),
    ("equal", (None, np.zeros(2)), "not what was expected"),
    ("equal", ([[1], [1, 2]], np.zeros(2)), "not what was expected"),
    ("finite", ([1.0, np.inf],), "not finite at 1 of 2 places"),
    ("finite", (float("nan"),), "not finite at its only place"),
    ("shape", (np.zeros((2, 3)), (3, 2)), "another shape"),
    ("at_least", (0.5, 0.9), "too small"),
    ("at_least", (float("nan"), 0.9), "too small"),
    ("at_least", ([1, 2], 0.9), "not one number"),
    ("at_most", (1j, 0.9), "not one number"),
    ("between", (2, 0, 1), "out of range"),
    ("kind", ("3", int), "is text"),
    ("kind", (True, int), "is True or False"),
]


@pytest.mark.parametrize(("name", "values", "message"), REJECTED)
def test_what_is_wrong_is_said(name, values, message):
    with pytest.raises(Unmet) as caught:
        getattr(Expect(), name)(*values, hint="A hint.")
    assert message in caught.value.message
    assert caught.value.hint == "A hint."
    assert caught.value.expected
    assert caught.value.got
