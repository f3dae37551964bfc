"""The one table of lessons. Everything that needs to know what the course holds reads it here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import CoursekitError
from coursekit.names import did_you_mean

EXERCISE = "exercise_"  # before the lesson's name, in the name of the file


@dataclass(frozen=True)
class Lesson:
    """One lesson of the course.

    Attributes:
        number: position in the course, from 1.
        slug: short name, as in file names.
        title: what the lesson is about, for people.
        reading_minutes: minutes to read it, measured at 200 words a minute plus half a minute a code cell.
        running_minutes: minutes to execute it on two cores, without a GPU.
        points: points of its exercise; equals the sum over the exercise's questions.
        builds_on: numbers of the lessons whose contents it takes for granted.

    >>> lesson = find("mnist_dense")
    >>> lesson.name, lesson.points > 0
    ('01_mnist_dense', True)
    """

    number: int
    slug: str
    title: str
    reading_minutes: int
    running_minutes: int
    points: int
    builds_on: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """File name without its ending: ``01_mnist_dense``."""
        return f"{self.number:02d}_{self.slug}"

    @property
    def notebook(self) -> Path:
        """The executed lesson."""
        return root() / "notebooks" / f"{self.name}.ipynb"

    @property
    def solution(self) -> Path:
        """The executed solution, the single source of the exercise."""
        return root() / "solutions" / f"{self.name}.ipynb"

    @property
    def exercise_names(self) -> tuple[str, str]:
        """File names of its exercise, without their ending: today's, and that of the lesson, as before version 0.2."""
        return f"{EXERCISE}{self.name}", self.name

    @property
    def exercise(self) -> Path:
        """The generated exercise; its tab in JupyterLab is told from that of the lesson at sight."""
        return root() / "exercises" / f"{self.exercise_names[0]}.ipynb"


LESSONS = (
    Lesson(1, "mnist_dense", "A dense network reads digits", 85, 10, 20),
    Lesson(2, "imdb_dense", "Reviews: good or bad?", 75, 7, 20, (1,)),
    Lesson(3, "regularization", "Overfitting and its cures", 115, 11, 20, (1, 2)),
    Lesson(4, "cnn", "Convolutional networks see neighbours", 95, 12, 20, (1, 3)),
    Lesson(5, "rnn_lstm", "Networks that read in order", 85, 11, 20, (1, 2, 3, 4)),
    Lesson(6, "transfer_learning", "Borrow what another network has learnt", 75, 9, 20, (3, 4)),
    Lesson(7, "autoencoders", "Networks that squeeze and rebuild", 80, 10, 20, (1, 3, 4)),
    Lesson(8, "vae", "A network that invents digits", 95, 8, 20, (1, 7)),
    Lesson(9, "bayesian_nn", "Networks that know when they do not know", 120, 8, 20, (1, 3, 4, 8)),
    Lesson(10, "optimizers", "How to go downhill", 120, 6, 20, (1, 3, 7)),
    Lesson(11, "text", "From words to vectors", 95, 5, 20, (1, 2, 5)),
    Lesson(12, "object_detection", "What, and where", 85, 7, 20, (1, 4, 6)),
    Lesson(13, "gan", "Two networks that train each other", 105, 6, 20, (1, 3, 4, 7, 8)),
    Lesson(14, "rbm_dbn", "Energy, and the first deep networks", 110, 6, 20, (1, 3, 7, 8)),
    Lesson(15, "deepdream_style", "What a network would like to see", 120, 6, 20, (1, 4, 6)),
    Lesson(16, "streaming", "Data that do not fit, training that is your own", 115, 6, 20, (1, 3, 4, 5)),
    Lesson(17, "attention", "The network that took over", 115, 8, 20, (2, 3, 5, 11)),
)


class UnknownLesson(CoursekitError):
    """A lesson was asked for that the course does not have."""


class NoCourse(CoursekitError):
    """The package was installed without the course around it."""


def place() -> Path:
    """The folder in which the package lies: that of the course, where all of it was cloned."""
    return Path(__file__).resolve().parents[1]


def root() -> Path:
    """The folder that holds ``notebooks/``, ``solutions/`` and ``exercises/``.

    Raises:
        NoCourse: coursekit was installed without the course around it.
    """
    folder = place()
    if not (folder / "notebooks").is_dir():
        raise NoCourse(
            f"No notebooks beside {folder / 'coursekit'}. Clone the whole course, then: python3 start.py run"
        )
    return folder


def find(text: str) -> Lesson:
    """The lesson that ``text`` names: a number (``1``, ``01``), a slug or a full name, also that of its exercise.

    Raises:
        UnknownLesson: no such lesson; the message offers the nearest names.

    >>> find("1") is find("01_mnist_dense")
    True
    """
    if lesson := named(text):
        return lesson
    names = [lesson.name for lesson in LESSONS]
    raise UnknownLesson(f"No lesson {text!r}. {did_you_mean(text, names, offered=len(names))}")


def named(text: str) -> Lesson | None:
    """The same, or ``None`` where there is no such lesson."""
    for lesson in LESSONS:
        if text.removeprefix(EXERCISE) in (lesson.slug, lesson.name, str(lesson.number), f"{lesson.number:02d}"):
            return lesson
    return None
