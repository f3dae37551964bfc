"""Exercises and their questions: what a check module is made of."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from coursekit import course
from coursekit.errors import CoursekitError
from coursekit.grading import results
from coursekit.grading.answers import Answers
from coursekit.grading.expect import Expect, Unmet, explain
from coursekit.names import did_you_mean
from coursekit.worker.bounds import ANSWER_SECONDS
from coursekit.worker.failures import ENDLESS, BadCheck, CheckingError
from coursekit.worker.text import shorten

Body = Callable[[Answers, Expect], None]
NOTHING_EXPECTED = "Nothing was expected outside of its parts: what came was empty, or the check is made wrongly."
NOTHING_HINT = "Is a list of it empty? Compare the shape of your answer with the question."


class UnknownQuestion(CoursekitError):
    """A question was asked for that the exercise does not have."""


class CheckInterrupted(KeyboardInterrupt):
    """Somebody interrupted the check of a question. A notebook shows no traceback: it would lead through the check.

    Attributes:
        result: says so, and what was running; for a card.
    """

    def __init__(self, result: results.QuestionResult) -> None:
        super().__init__(result.message)
        self.result = result

    def _render_traceback_(self) -> list[str]:
        return ["KeyboardInterrupt"]


class NoChecks(CoursekitError):
    """A lesson of the course has no page of checks; the message says what to write and where."""


@dataclass(frozen=True)
class Question:
    """One question of an exercise.

    Attributes:
        name: as in ``check("softmax")``.
        title: what it is about.
        points: what it is worth.
        seconds: how long the learner's code may take for each answer.
        body: the check itself; its docstring is the statement that the learner reads.
        exercise: the name of its exercise, the seed of what is drawn in a notebook.
        private: whether learners see no more of it than its title, its points and whether it passed.
    """

    name: str
    title: str
    points: float
    seconds: float
    body: Body
    exercise: str = ""
    private: bool = False

    @property
    def statement(self) -> str:
        """What is asked, from the check's docstring."""
        return inspect.cleandoc(self.body.__doc__ or "")

    def run(self, answers: Answers) -> results.QuestionResult:
        """Ask, compare, count. Whatever the learner's code does, there is a result.

        Where the check draws inputs, the notebook's come first; for an answer that earns something with them, those of
        the submission follow, if it has a seed of its own. Each point has to be earned twice.

        Raises:
            CheckingError: the worker process cannot be started; or the check itself counts wrongly, when its parts are
                worth more than the question, or points remain outside of the parts and nothing is expected there
                although nothing came that could be the reason: else the question fails, and is flagged.
            CheckInterrupted: somebody pressed Ctrl-C, or "Interrupt Kernel".
        """
        try:
            outcome = self._outcome(answers)
        except KeyboardInterrupt:
            raise CheckInterrupted(self._interrupted(answers.running)) from None
        worst = outcome.failure or _first_failure(outcome.parts)
        fields = (worst or {}) | {"status": _status(outcome.points, worst)}
        counted = (outcome.points, float(self.points))
        return results.QuestionResult(
            self.name, self.title, self.statement, *counted, **fields, parts=outcome.parts, flags=outcome.flags
        )

    def _interrupted(self, running: str) -> results.QuestionResult:
        message = f"{running} was running when the check was interrupted." if running else "The check was interrupted."
        counted = (0.0, float(self.points), results.INTERRUPTED)
        return results.QuestionResult(self.name, self.title, self.statement, *counted, message, hint=ENDLESS)

    def _outcome(self, answers: Answers) -> _Outcome:
        if self.private:
            answers.freeze()
        outcome = self._ask(answers, self.exercise)
        if answers.private_seed is not None and answers.has_drawn and outcome.points:
            outcome = outcome.and_then(self._ask(answers, answers.private_seed, private=True))
        return outcome

    def _ask(self, answers: Answers, seed: str, private: bool = False) -> _Outcome:
        answers.begin(self.name, seed, self.seconds)
        expect = Expect(answers.origin, answers.last_request if private else lambda: None)
        failure = None
        try:
            self.body(answers, expect)
        except CheckingError:
            raise
        except Exception as error:
            failure = explain(error) | {"drawn": expect.asked()}
        rest = self._rest(expect)
        if rest > 0 and not failure and not expect.outside_parts:
            if not answers.has_answered:
                raise BadCheck(
                    f"Question {self.name!r}: {rest:g} points remain, and nothing is expected outside its parts."
                )
            expect.flag(True, NOTHING_EXPECTED)
            nothing = Unmet("There is nothing that could be judged in what came.", None, None, NOTHING_HINT)
            failure = explain(nothing) | {"drawn": expect.asked()}
        return _Outcome(tuple(expect.parts), 0.0 if failure else rest, failure, tuple(expect.flags))

    def _rest(self, expect: Expect) -> float:
        rest = self.points - sum(part.max_points for part in expect.parts)
        if rest < 0:
            raise BadCheck(f"Question {self.name!r}: its parts are worth more than its {self.points:g} points.")
        return rest


@dataclass(frozen=True)
class _Outcome:
    """What asking once gave: the parts that were reached, the points earned outside of them, and what failed there."""

    parts: tuple[results.PartResult, ...]
    rest: float
    failure: dict[str, Any] | None
    flags: tuple[str, ...]

    @property
    def points(self) -> float:
        return float(sum(part.points for part in self.parts) + self.rest)

    def and_then(self, later: _Outcome) -> _Outcome:
        """What both give together: of each part the worse; what the later one did not reach is lost."""
        parts = tuple(min(pair, key=lambda part: part.points) for pair in zip(self.parts, later.parts))
        flags = tuple(dict.fromkeys(self.flags + later.flags))
        return _Outcome(parts, min(self.rest, later.rest), self.failure or later.failure, flags)


@dataclass
class Exercise:
    """The questions of one exercise, in order.

    Args:
        name: the lesson's full name, such as ``"01_mnist_dense"``.
        title: what people read; the lesson's title if left out.

    >>> exercise = Exercise("01_demo", "A demo")
    >>> @exercise.question("double", points=1, title="Twice as much")
    ... def double(answers, expect):
    ...     '''`double(x)` gives 2x.'''
    ...     expect.equal(answers.call("double", 4), 8, hint="What is x + x?")
    >>> from coursekit.grading import NamespaceAnswers
    >>> exercise.run(NamespaceAnswers({"double": lambda x: 3 * x})).questions[0].got
    '12'
    """

    name: str
    title: str = ""
    questions: dict[str, Question] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.title = self.title or course.find(self.name).title

    def question(self, name: str, points: float, title: str, seconds: float = ANSWER_SECONDS) -> Callable[[Body], Body]:
        """Add the decorated function as the question ``name``.

        Args:
            name: short, unique in the exercise; the learner writes ``check(name)``.
            points: what the question is worth, its parts included.
            title: what it is about.
            seconds: how long the learner's code may take for each answer that the check asks for.

        Raises:
            ValueError: the name is taken, or the points are not positive.
        """
        if name in self.questions:
            raise ValueError(f"Two questions are called {name!r}.")
        if points <= 0:
            raise ValueError(f"Question {name!r} is worth {points:g} points; it should be worth more than 0.")

        def add(body: Body) -> Body:
            self.questions[name] = Question(name, title, points, seconds, body, self.name)
            return body

        return add

    @property
    def points(self) -> float:
        """Points of all questions together."""
        return sum(question.points for question in self.questions.values())

    def find(self, name: str) -> Question:
        """The question called ``name``.

        Raises:
            UnknownQuestion: no such question; the message offers the nearest names.
        """
        if isinstance(name, str) and name in self.questions:
            return self.questions[name]
        meant = name if isinstance(name, str) else getattr(name, "__name__", "")
        offer = did_you_mean(meant, self.questions, offered=len(self.questions))
        raise UnknownQuestion(f"No question {shorten(repr(name), 60)} in {self.name}. {offer}")

    def run(self, answers: Answers, questions: Iterable[str] | None = None) -> results.Report:
        """The report on all questions, or on those named."""
        asked = self.questions if questions is None else questions
        return results.Report(self.name, self.title, tuple(self.find(name).run(answers) for name in asked))


def find_exercise(name: str) -> Exercise:
    """The exercise of the lesson that ``name`` names: a number, a slug or a full name.

    Raises:
        coursekit.course.UnknownLesson: no such lesson; the message offers the nearest names.
        NoChecks: the lesson's page of checks is missing.
    """
    lesson = course.find(name)
    page = f"coursekit.checks.{lesson.slug}"
    try:
        return cast(Exercise, importlib.import_module(page).exercise)
    except ModuleNotFoundError as error:
        if error.name != page:
            raise
        raise NoChecks(
            f"{lesson.name} has no checks yet: write coursekit/checks/{lesson.slug}.py, which holds "
            f'`exercise = Exercise("{lesson.name}")` and its questions. CONTRIBUTING.md has an example.'
        ) from error


def _first_failure(parts: Iterable[results.PartResult]) -> dict[str, Any] | None:
    for part in parts:
        if part.status != results.PASSED:
            found = {name: getattr(part, name) for name in ("status", "expected", "got", "hint", "drawn")}
            return found | {"message": f"{part.title}: {part.message}"}
    return None


def _status(earned: float, worst: dict[str, Any] | None) -> str:
    if worst is None:
        return results.PASSED
    return results.PARTIAL if earned > 0 else str(worst["status"])
