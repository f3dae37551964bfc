"""The table of lessons: it agrees with the notebooks and with the exercises, and finds what one asks for."""

from __future__ import annotations

import re
from itertools import pairwise

import nbformat
import pytest

from coursekit import course
from coursekit.grading.questions import find_exercise

STAR = "★"  # marks the sections of a lesson's short path
LONGEST_PATH = 35  # minutes; what is read in fewer needs no short path
EACH_LESSON = pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)
EACH_LONG_LESSON = pytest.mark.parametrize(
    "lesson",
    [lesson for lesson in course.LESSONS if lesson.reading_minutes > LONGEST_PATH],
    ids=lambda lesson: lesson.name,
)


def test_numbers_rise_from_one_and_slugs_are_unique():
    numbers = [lesson.number for lesson in course.LESSONS]

    assert numbers[0] == 1
    assert all(before < after for before, after in pairwise(numbers))
    assert len({lesson.slug for lesson in course.LESSONS}) == len(course.LESSONS)


@EACH_LESSON
def test_points_are_those_of_the_questions(lesson):
    questions = find_exercise(lesson.name).questions.values()

    assert sum(question.points for question in questions) == lesson.points


@EACH_LESSON
def test_the_lesson_states_the_minutes_of_the_table(lesson):
    opening = nbformat.read(lesson.notebook, as_version=4).cells[0].source
    stated = re.search(r"\*\*Time\*\*: (\d+) minutes to read, (\d+) minutes? to run", opening)

    assert stated
    assert tuple(map(int, stated.groups())) == (lesson.reading_minutes, lesson.running_minutes)


@EACH_LESSON
def test_the_lesson_names_what_it_builds_on(lesson):
    opening = nbformat.read(lesson.notebook, as_version=4).cells[0].source
    stated = re.sub(r"\]\([^)]*\)", "", opening.partition("**Builds on**:")[2].partition("\n\n")[0])

    assert tuple(map(int, re.findall(r"\d+", stated))) == lesson.builds_on
    assert all(number < lesson.number for number in lesson.builds_on)


@EACH_LESSON
def test_reading_minutes_are_measured(lesson):
    """200 words of prose a minute and half a minute a code cell, within a fifth."""
    cells = nbformat.read(lesson.notebook, as_version=4).cells
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    measured = words / 200 + 0.5 * sum(cell.cell_type == "code" for cell in cells)

    assert lesson.reading_minutes == pytest.approx(measured, rel=0.2)


def parts(cells):
    """What stands below each heading, down to the next one of any level: the heading, the prose with it, code cells."""
    found = [["", "", 0]]
    for cell in cells:
        if cell.cell_type == "code":
            found[-1][2] += 1
            continue
        above, *sections = re.split(r"^(?=##+ )", cell.source, flags=re.MULTILINE)
        found[-1][1] += f"{above}\n"
        found += [[section.partition("\n")[0], f"{section}\n", 0] for section in sections]
    return found[1:]


@EACH_LONG_LESSON
def test_the_minutes_of_the_short_path_are_measured(lesson):
    """As those of the whole lesson, in the parts whose own heading has the star."""
    cells = nbformat.read(lesson.notebook, as_version=4).cells
    stated = re.search(
        rf"^\*\*Time\*\*: .*\*\*Short path\*\*: (\d+) minutes for the sections marked {STAR} "
        r"\(run all cells, read these\)\. \*\*Builds on\*\*: ",
        cells[0].source,
        re.MULTILINE,
    )
    marked = [(len(prose.split()), code) for heading, prose, code in parts(cells) if STAR in heading]

    assert stated
    assert len(marked) >= 4
    assert int(stated[1]) == pytest.approx(sum(words / 200 + 0.5 * code for words, code in marked), rel=0.2)
    assert int(stated[1]) <= LONGEST_PATH


@EACH_LONG_LESSON
def test_the_star_of_the_short_path_is_at_headings_and_in_the_time_line(lesson):
    cells = nbformat.read(lesson.notebook, as_version=4).cells
    places = [line for cell in cells for line in cell.source.splitlines() if STAR in line]
    time, *headings = places

    assert time.startswith("**Time**: ")
    assert time.count(STAR) == 1
    assert all(re.fullmatch(rf"##+ [^{STAR}]+ {STAR}", heading) for heading in headings)
    assert len(headings) == sum(STAR in heading for heading, _, _ in parts(cells))


@EACH_LESSON
def test_running_minutes_are_measured(lesson):
    """What the stored run took, within the factor of two that a busy machine is slower by."""
    minutes = nbformat.read(lesson.notebook, as_version=4).metadata.coursekit.record.seconds / 60

    assert minutes / 2 <= lesson.running_minutes <= minutes * 1.2, (
        f"it took {minutes:.0f} minutes: say so in course.py, in its Time line and in the README"
    )


@EACH_LESSON
def test_the_readme_states_the_minutes_of_the_table(lesson):
    (row,) = [
        line
        for line in (course.root() / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {lesson.number} |")
    ]

    assert row.endswith(f"| {lesson.reading_minutes} min | {lesson.running_minutes} min |")


@EACH_LESSON
def test_the_title_of_the_notebook_is_that_of_the_table(lesson):
    first_line = nbformat.read(lesson.notebook, as_version=4).cells[0].source.splitlines()[0]

    assert first_line == f"# {lesson.number} · {lesson.title}"


@pytest.mark.parametrize("text", ["1", "01", "mnist_dense", "01_mnist_dense", "exercise_01_mnist_dense"])
def test_a_lesson_is_found_by_any_of_its_names(text):
    assert course.find(text) is course.LESSONS[0]


@pytest.mark.parametrize("text", ["0", "", "all", "²", "-1", "mnist", "../01_mnist_dense"])
def test_an_unknown_lesson_is_refused_with_an_offer(text):
    with pytest.raises(course.UnknownLesson, match="01_mnist_dense"):
        course.find(text)


def test_a_course_without_notebooks_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(course, "__file__", str(tmp_path / "coursekit" / "course.py"))

    with pytest.raises(course.NoCourse, match="Clone the whole course"):
        course.root()
