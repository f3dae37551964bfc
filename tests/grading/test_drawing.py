"""Inputs that are drawn: always the same in a notebook, others for each submission in grading."""

from __future__ import annotations

import drawing_demo as demo
import numpy as np
import pytest

from coursekit.grading import Exercise, NamespaceAnswers
from coursekit.grading.cards import Card
from coursekit.grading.checking import check_notebook
from coursekit.grading.recording import (
    NotRecorded,
    RecordedAnswers,
    Recording,
    ReplayedAnswers,
    Replies,
    UnusableRecording,
)
from coursekit.grading.results import CellError
from coursekit.worker import wire
from coursekit.worker.failures import BadCheck

RIGHT = {"mean": np.mean, "luck": 7}


def numbers(label, question="q", seed="99_demo"):
    answers = NamespaceAnswers({})
    answers.begin(question, seed)
    return tuple(answers.draw(label).integers(2**60, size=3).tolist())


def test_draws_follow_from_seed_question_and_label():
    assert numbers("a") == numbers("a")
    assert (
        len({numbers("a"), numbers("b"), numbers("a", "p"), numbers("a", seed="x"), numbers("a", "a", "99_demo")}) == 5
    )


def test_a_label_that_is_drawn_twice_is_an_error_of_the_checks_author():
    exercise = Exercise("99_demo", "A demo")

    @exercise.question("twice", points=1, title="Twice")
    def twice(answers, expect):
        answers.draw("x")
        answers.draw("x")

    with pytest.raises(BadCheck, match="'twice' draws 'x' twice"):
        exercise.run(NamespaceAnswers({}))


def test_both_passes_may_draw_the_same_label():
    assert demo.exercise.run(demo.seeded(RIGHT, "seed")).points == 5


def test_a_right_answer_never_fails_whatever_is_drawn():
    assert {demo.exercise.run(demo.seeded(RIGHT, f"seed {n}")).points for n in range(200)} == {5}


def test_a_table_of_remembered_replies_earns_nothing():
    assert demo.exercise.run(demo.seeded(demo.remembered(None), None)).points == 5  # what a notebook shows
    names = demo.remembered(None, "another submission's")
    assert demo.exercise.run(demo.seeded(names, "another submission's")).points == 5
    mean, luck = demo.exercise.run(demo.seeded(names, "its own")).questions
    assert (mean.points, mean.status, luck.points) == (0, "failed", 2)


def test_what_fails_with_its_own_draws_only_shows_the_input():
    mean, _ = demo.exercise.run(demo.seeded(demo.remembered(None), "seed")).questions
    assert mean.drawn.startswith("mean([")
    assert "shape (5,)" in mean.drawn
    text = str(Card(mean))
    assert f"Input: {mean.drawn}" in " ".join(text.split())
    assert "Right for the inputs that every notebook draws, wrong for this one" in text
    wrong, _ = demo.exercise.run(demo.seeded({"mean": np.sum}, "seed")).questions
    assert wrong.drawn is None
    assert "Input:" not in str(Card(wrong))


def count_requests(seed, **names):
    asked = []

    class Counting(NamespaceAnswers):
        def exchange(self, question, frame):
            asked.append(question.name)
            return super().exchange(question, frame)

    answers = Counting(names)
    answers.private_seed = seed
    demo.exercise.run(answers)
    return asked.count("mean"), asked.count("luck")


def test_only_what_drew_and_earned_something_is_asked_twice():
    assert count_requests(None, **RIGHT) == (2, 2)
    assert count_requests("seed", **RIGHT) == (4, 2)
    assert count_requests("seed", mean=np.sum, luck=7) == (1, 2)


def private(earlier, later):
    """The result of a question in which ``earlier`` asks with the notebook's draws and ``later`` with the others."""
    exercise, passes = Exercise("99_demo", "A demo"), iter([earlier, later])

    @exercise.question("q", points=3, title="Q")
    def question(answers, expect):
        answers.draw("x")
        next(passes)(expect)

    return exercise.run(demo.seeded({}, "seed")).questions[0]


def asking(first=True, second=True, rest=True, until=3, flag=""):
    """Two parts of a point and a point outside of them, each met or not; what comes after ``until`` is not reached."""

    def ask(expect):
        with expect.part(points=1, title="first"):
            expect.true(first, "The first.")
        if until == 1:
            raise ValueError("The end.")
        with expect.part(points=1, title="second"):
            expect.true(second, "The second.")
        expect.flag(flag, flag)
        expect.true(rest, "The rest.")

    return ask


@pytest.mark.parametrize(
    ("earlier", "later", "points", "message"),
    [
        (asking(), asking(), 3, ""),
        (asking(), asking(first=False), 2, "first: The first."),
        (asking(first=False), asking(second=False), 1, "first: The first."),
        (asking(second=False), asking(rest=False), 1, "The rest."),
        (asking(rest=False), asking(first=False), 1, "The rest."),
        (asking(), asking(until=1), 1, "ValueError"),
        (asking(first=False), asking(first=False, until=1), 0, "ValueError"),
    ],
)
def test_each_point_is_earned_twice(earlier, later, points, message):
    result = private(earlier, later)
    assert result.points == points
    assert message in result.message
    assert (result.status == "passed") == (points == 3)


def test_flags_of_both_passes_are_kept_once():
    assert private(asking(flag="a"), asking(flag="a")).flags == ("a",)
    assert private(asking(flag="a"), asking(flag="b")).flags == ("a", "b")


def recorded(names, seed):
    recording = Recording()
    report = demo.exercise.run(RecordedAnswers(demo.seeded(names, seed), recording))
    return report, recording.packed([CellError(3, "It stopped.")])


@pytest.mark.parametrize("seed", [None, "its own"])
def test_a_recording_keeps_its_seed_and_replays_its_draws(seed):
    for names in (RIGHT, demo.remembered(None)):
        report, packed = recorded(names, seed)
        replies = Replies(packed)
        assert (replies.seed, replies.cells) == (seed, (CellError(3, "It stopped."),))
        assert demo.exercise.run(ReplayedAnswers(replies)) == report


def test_a_recording_from_before_there_were_draws_replays_without_them(monkeypatch):
    encode = wire.encode
    with monkeypatch.context() as before:
        before.setattr(wire, "encode", lambda value, *most: encode(value.get("cells", value), *most))
        report, packed = recorded(RIGHT, None)
    replies = Replies(packed)
    assert (replies.seed, replies.cells) == (None, (CellError(3, "It stopped."),))
    assert demo.exercise.run(ReplayedAnswers(replies)) == report


def test_a_draw_that_was_never_asked_is_not_recorded():
    _, packed = recorded(RIGHT, "its own")
    answers = ReplayedAnswers(Replies(packed))
    answers.private_seed = "another"
    with pytest.raises(NotRecorded):
        demo.exercise.run(answers)


@pytest.mark.parametrize(
    "last", [{"cells": []}, {"seed": None}, 5, {"cells": [[1]], "seed": None}, {"cells": [], "seed": 5}]
)
def test_a_recording_with_another_end_is_unusable(last, monkeypatch):
    encode = wire.encode
    monkeypatch.setattr(wire, "encode", lambda value: encode(last))
    packed = Recording().packed([])
    with pytest.raises(UnusableRecording):
        Replies(packed)


def test_a_notebook_in_another_process_is_asked_with_the_seed_that_is_given(tmp_path):
    from grading_demo import SETUP, read_notebook, write_notebook

    notebook = read_notebook(write_notebook(tmp_path / "a.ipynb", SETUP, demo.remembering_cell(), demo.LUCK))
    recording = Recording()
    report = check_notebook(notebook, demo.exercise, seed="its own", recording=recording)
    assert [each.points for each in report.questions] == [0, 2]
    assert Replies(recording.packed(report.cells)).seed == "its own"
    assert check_notebook(notebook, demo.exercise).points == 5
