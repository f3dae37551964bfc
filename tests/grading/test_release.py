"""Exercises from solutions: stubs, metadata, the same bytes each time, and errors that name the cell."""

from __future__ import annotations

import json

import grading_demo as demo
import nbformat
import pytest

from coursekit.grading import release as releasing
from coursekit.grading.release import ReleaseError, release, stub

SOLUTION = (
    "def softmax(z):\n    ### BEGIN SOLUTION\n    p = np.exp(z - z.max())\n    return p / p.sum()\n    ### END SOLUTION"
)
STUBBED = "def softmax(z):\n    " + releasing.STUB
CHECKS = ['check("softmax")', 'check("count")', 'check("double")']
OTHERS = ["### BEGIN SOLUTION\ncount = 10\n### END SOLUTION", "### BEGIN SOLUTION\ndouble = 2\n### END SOLUTION"]
ANSWERED = [CHECKS[0], OTHERS[0], CHECKS[1], OTHERS[1], CHECKS[2]]


@pytest.fixture
def solution(tmp_path):
    """A solution notebook, executed."""
    path = demo.write_notebook(tmp_path / "99_demo.ipynb", demo.SETUP, SOLUTION, *ANSWERED, "check.all()")
    content = json.loads(path.read_text())
    stream = {"output_type": "stream", "name": "stdout", "text": "hello"}
    content["cells"][1] |= {"execution_count": 3, "outputs": [stream]}
    content["cells"][1]["metadata"] = {
        "execution": {"iopub.execute_input": "2026"},
        "tags": ["answer"],
        "papermill": {},
    }
    banner = {"cell_type": "markdown", "id": "m0", "metadata": {"tags": ["solution-only"]}, "source": "The solution."}
    prose = {
        "cell_type": "markdown",
        "id": "m1",
        "metadata": {},
        "source": ["Größe\n", "…"],
        "attachments": {"a.png": {}},
    }
    content["cells"][:0] = [banner, prose]
    content["metadata"] = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python", "version": "3.11.7", "pygments_lexer": "ipython3"},
        "papermill": {"duration": 3},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def cells_of(text):
    return json.loads(text)["cells"]


def test_an_exercise_is_a_valid_notebook_with_stubs_and_without_outputs(solution):
    text = release(solution, demo.exercise)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert [cell["id"] for cell in notebook.cells] == ["m1", *(f"c{n}" for n in range(8))]
    assert notebook.cells[2].source == STUBBED
    assert all(
        cell.outputs == [] and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code"
    )
    assert "hello" not in text
    assert "2026" not in text
    assert notebook.metadata == {
        "coursekit": {"exercise": "99_demo"},
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    assert notebook.cells[0].attachments == {"a.png": {}}
    assert notebook.cells[2].metadata.tags == ["answer"]


def test_the_bytes_are_those_of_nbformat_and_do_not_change(solution):
    text = release(solution, demo.exercise)
    assert text == nbformat.writes(nbformat.reads(text, as_version=4)) + "\n"
    assert "Größe" in text
    again = solution.with_name("again.ipynb")
    again.write_text(json.dumps(json.loads(solution.read_text()), indent=4), encoding="utf-8")
    assert release(again, demo.exercise) == text


def test_nbgraders_metadata(solution):
    cells = nbformat.reads(release(solution, demo.exercise), as_version=4).cells
    marks = [cell.metadata.get("nbgrader") for cell in cells]
    common = {"schema_version": 3, "task": False}
    answer = {"grade": False, "grade_id": "softmax-answer-c1", "locked": False, "solution": True}
    graded = {"grade": True, "grade_id": "softmax", "locked": True, "points": 2, "solution": False}
    assert marks[:2] == [None, None]
    assert marks[2] == answer | common
    assert marks[3] == graded | common
    assert [mark["points"] for mark in marks[3:8:2]] == [
        question.points for question in demo.exercise.questions.values()
    ]
    assert marks[8] == {"grade": False, "grade_id": "check-all", "locked": True, "solution": False} | common


def test_with_solutions_only_the_answers_stay(solution):
    kept = cells_of(release(solution, demo.exercise, keep_solutions=True))
    made = cells_of(release(solution, demo.exercise))
    assert "".join(kept[2]["source"]) == SOLUTION
    assert [a == b for a, b in zip(kept, made)] == [True, True, False, True, False, True, False, True, True]


@pytest.mark.parametrize(
    ("source", "stubbed"),
    [
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", releasing.STUB),
        ("a = 1\n### BEGIN SOLUTION\nx\n### END SOLUTION\nb = 2", f"a = 1\n{releasing.STUB}\nb = 2"),
        ("no markers\n\n  stay", "no markers\n\n  stay"),
        ("\t### BEGIN SOLUTION\n\tx\n\t### END SOLUTION\n", f"\t{releasing.STUB}\n"),
        (f"{SOLUTION}\n{SOLUTION}", f"{STUBBED}\n{STUBBED}"),
    ],
)
def test_stubs(source, stubbed):
    assert stub(source) == stubbed


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("### BEGIN SOLUTION\nx = 1", "Cell 2: ### BEGIN SOLUTION without ### END SOLUTION after it"),
        ("x\n### END SOLUTION", "Cell 2: ### END SOLUTION without ### BEGIN SOLUTION before it"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "Cell 2: ### BEGIN SOLUTION without"),
        ("### BEGIN SOLUTION\n### END SOLUTION\nx = 1", "Cell 2: no code between"),
        ("x = 1\n### BEGIN SOLUTION\n# one\n\n### END SOLUTION", "Cell 2: no code between"),
        ("x = [\n### BEGIN SOLUTION\n1,\n### END SOLUTION\n]", "Cell 2: no statement can stand where"),
        ("if x:\n### BEGIN SOLUTION\n    y = 1\n### END SOLUTION", "Cell 2: no statement can stand where"),
    ],
)
def test_markers_that_leave_no_stub_in_place_of_an_answer_are_named(source, words, tmp_path):
    path = demo.write_notebook(tmp_path / "99_demo.ipynb", demo.SETUP, source, SOLUTION, *ANSWERED)
    with pytest.raises(ReleaseError, match=words):
        release(path, demo.exercise)


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        (CHECKS[:2], "question 'double' needs one cell .* it has none"),
        ([*CHECKS, CHECKS[0]], "question 'softmax' needs one cell .* it has the cells 1 and 4"),
        ([*CHECKS, "check('other')"], "cell 4: 99_demo has no question 'other'"),
    ],
)
def test_questions_and_check_cells_match_one_to_one(checks, words, tmp_path):
    with pytest.raises(ReleaseError, match=words):
        release(demo.write_notebook(tmp_path / "99_demo.ipynb", *checks), demo.exercise)


def test_cells_without_ids_of_their_own_are_an_error(tmp_path):
    path = demo.write_notebook(tmp_path / "99_demo.ipynb", SOLUTION, SOLUTION, *ANSWERED)
    path.write_text(path.read_text().replace('"c1"', '"c0"'))
    with pytest.raises(ReleaseError, match="own id"):
        release(path, demo.exercise)


def text_cell(path, source):
    """Put a text cell before the first cell of a notebook."""
    content = json.loads(path.read_text())
    content["cells"].insert(0, {"cell_type": "markdown", "id": "t", "metadata": {}, "source": source})
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "answer",
    [
        SOLUTION.replace("###", "##"),
        SOLUTION.replace("### ", "###"),
        SOLUTION.replace("BEGIN SOLUTION", "begin solution").replace("END SOLUTION", "end solution"),
        SOLUTION.replace("BEGIN SOLUTION", "BEGIN SOLUTION (2 points)"),
        SOLUTION.replace("BEGIN", "START").replace("END", "STOP"),
        SOLUTION.replace("SOLUTION", "ANSWER"),
        SOLUTION.replace("    ### BEGIN SOLUTION\n", "").replace("\n    ### END SOLUTION", ""),
    ],
)
def test_a_question_whose_answer_would_be_released_is_an_error(answer, tmp_path):
    path = demo.write_notebook(tmp_path / "99_demo.ipynb", demo.SETUP, answer, *ANSWERED)
    with pytest.raises(ReleaseError, match=r"question 'softmax' has no answer|without"):
        release(path, demo.exercise)


@pytest.mark.parametrize(
    "line",
    [
        *("## BEGIN SOLUTION", "#BEGIN SOLUTION", "### begin solution", "x = 1  # Solution", "### BEGIN HIDDEN TESTS"),
        *("### BEGIN ANSWER", "### END MARK SCHEME", "'BEGIN_SOLUTION'"),
    ],
)
def test_what_looks_like_a_marker_is_not_released(line, tmp_path):
    path = demo.write_notebook(tmp_path / "99_demo.ipynb", demo.SETUP, SOLUTION, f"{line}\ny = 2", *ANSWERED)
    with pytest.raises(ReleaseError, match="Cell 3 would be released with the line"):
        release(path, demo.exercise)
    inside = SOLUTION.replace("    p = ", f"    {line}\n    p = ")
    assert release(demo.write_notebook(path, demo.SETUP, inside, *ANSWERED), demo.exercise)


def test_markers_in_a_text_cell_are_an_error(tmp_path):
    path = demo.write_notebook(tmp_path / "99_demo.ipynb", demo.SETUP, SOLUTION, *ANSWERED)
    text_cell(path, "# A solution\n\nis what you begin with.")
    assert release(path, demo.exercise)
    text_cell(path, "### BEGIN SOLUTION\nForty-two.\n### END SOLUTION")
    with pytest.raises(ReleaseError, match="Cell 1 would be released with the line '### BEGIN SOLUTION'"):
        release(path, demo.exercise)


@pytest.mark.parametrize("odd", [None, "solution-only", 3])
def test_odd_metadata_are_no_error_and_nothing_beside_the_cells_is_released(odd, tmp_path):
    path = demo.write_notebook(tmp_path / "99_demo.ipynb", demo.SETUP, SOLUTION, *ANSWERED)
    plain = release(path, demo.exercise)
    content = json.loads(path.read_text())
    content["cells"][0]["metadata"]["tags"] = content["metadata"]["language_info"] = odd
    path.write_text(json.dumps(content | {"solution": "count = 10"}))
    assert release(path, demo.exercise) == plain
