"""The committed exercises are what the solutions give, byte for byte."""

from __future__ import annotations

import pytest

from coursekit import course
from coursekit.grading import find_exercise
from coursekit.grading.release import release


@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_the_exercise_is_what_the_solution_gives(lesson):
    made = release(lesson.solution, find_exercise(lesson.name))
    assert lesson.exercise.read_bytes() == made.encode(), "run `coursekit release`"


@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
def test_the_points_are_those_of_the_course_table(lesson):
    assert find_exercise(lesson.name).points == lesson.points
