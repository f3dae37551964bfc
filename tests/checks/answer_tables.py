"""The tests of an exercise's tables of answers."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from datetime import date

import pytest

from coursekit.grading import NamespaceAnswers, find_exercise

# What the sources of networks start with.
KERAS = """
import keras
from keras import layers
"""

SEEDS = 200  # of inputs that are drawn anew for each submission
FEWEST = 40  # of SEEDS that each answer meets within TURNS days; all answers to a question together meet all
TURNS = 8
OF_MODELS = (
    *("build_network", "build_denoiser", "new_head", "fine_tuner", "training", "attack", "texture"),
    *("accumulated", "train_step", "block"),
)

quiet = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # by NumPy, of a logarithm of 0: no error in a notebook


def in_turn(seeds: range, config: pytest.Config, day: int) -> range:
    """The part of the seeds that a day meets, so that TURNS days meet them all; all at once with ``--every-seed``."""
    return seeds if config.option.every_seed else seeds[day % TURNS :: TURNS]


def run(source: str, names: dict) -> dict:
    """The namespace after ``source`` ran as one notebook cell in which ``names`` are known."""
    namespace: dict = dict(names)
    exec(textwrap.dedent("import numpy as np\n") + textwrap.dedent(source), namespace)
    return namespace


class AnswerTables:
    """Tests that right answers earn all points, wrong ones nothing, and partly right ones their part.

    Attributes:
        exercise: the lesson's full name.
        right: for each question, sources of right answers.
        wrong: for each question, wrong answers: the mistake, and a source that makes it.
        partial: partly right answers: the question, the source, and the points that its right parts earn.
        elsewhere: the questions that are in neither table, since the module tests them by functions of its own.
    """

    exercise: str
    right: dict[str, list[str]]
    wrong: dict[str, list[tuple[str, str]]]
    partial: list[tuple[str, str, float]]
    elsewhere: tuple[str, ...] = ()

    def names(self, question: str, request: pytest.FixtureRequest) -> dict:
        """What the answers to ``question`` find in the notebook, as if earlier cells had made it."""
        return {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test for each row of the table whose columns the test takes."""
        if "mistake" in metafunc.fixturenames:
            rows = [(question, *answer) for question, answers in self.wrong.items() for answer in answers]
            ids = [f"{question}-{mistake}" for question, mistake, _ in rows]
            metafunc.parametrize(("question", "mistake", "source"), rows, ids=ids)
        elif "want" in metafunc.fixturenames:
            ids = [question for question, _, _ in self.partial]
            metafunc.parametrize(("question", "source", "want"), self.partial, ids=ids)
        elif "source" in metafunc.fixturenames:
            rows = [(question, source) for question, sources in self.right.items() for source in sources]
            metafunc.parametrize(("question", "source"), rows, ids=[question for question, _ in rows])

    def test_right_answers_earn_all_points(self, earned, request, question, source):
        points = find_exercise(self.exercise).find(question).points
        assert earned(self.exercise, question, source, **self.names(question, request)) == points

    @quiet
    def test_right_answers_pass_with_every_seed(self, request, question, source):
        namespace = run(source, self.names(question, request))
        for seed in self.seeds(question, source, request.config):
            asked, answers = find_exercise(self.exercise).find(question), NamespaceAnswers(namespace)
            result = replace(asked, exercise=f"seed {seed}").run(answers)
            assert result.points == result.max_points, (seed, result)
            if not answers.has_drawn:  # the next would be the same
                break

    def seeds(self, question: str, source: str, config: pytest.Config) -> range:
        """Those that this right answer meets today of its share; the answers to a question share all seeds."""
        day = date.today().toordinal()
        place, shares = self.right[question].index(source), min(len(self.right[question]), SEEDS // FEWEST)
        if question in OF_MODELS:  # which take long: one each, beside the one that the test above draws
            return in_turn(range(place, place + 1), config, day + place)
        return in_turn(range(place % shares, SEEDS, shares), config, day)

    @quiet
    def test_wrong_answers_earn_nothing(self, earned, request, question, mistake, source):
        assert earned(self.exercise, question, source, **self.names(question, request)) == 0, mistake

    @quiet
    def test_partly_right_answers_earn_their_part(self, earned, request, question, source, want):
        assert earned(self.exercise, question, source, **self.names(question, request)) == want

    def test_every_question_has_two_right_and_two_wrong_answers(self):
        for table in (self.right, self.wrong):
            assert sorted([*table, *self.elsewhere]) == sorted(find_exercise(self.exercise).questions)
            assert [question for question, answers in table.items() if len(set(answers)) < 2] == []
