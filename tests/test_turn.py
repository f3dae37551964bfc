"""Which lesson runs in full today."""

from __future__ import annotations

import doctest

import lesson_in_turn as turn

from coursekit import course


def test_each_lesson_has_its_turn_within_as_many_days_as_there_are_lessons():
    stored = {lesson.notebook.relative_to(course.root()).as_posix() for lesson in course.LESSONS}

    assert {turn.lesson_in_turn([], day) for day in range(len(stored))} == stored


def test_lessons_that_were_touched_come_first_in_turn():
    touched = ["solutions/01_mnist_dense.ipynb", "notebooks/08_vae.ipynb", "notebooks/04_cnn.ipynb"]

    assert {turn.lesson_in_turn(touched, day) for day in range(9)} == set(touched[1:])


def test_its_examples():
    assert doctest.testmod(turn).failed == 0
