"""The learner's copy: what is added, refreshed and kept, and what happens when its memory is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coursekit import course, workspace
from coursekit.files import CannotWrite

LESSON = "notebooks/01_mnist_dense.ipynb"
EXERCISE = "exercises/exercise_01_mnist_dense.ipynb"


def notebook(text: str, output: float = 159.0) -> str:
    """A notebook of two cells as the course stores it."""
    code = {"cell_type": "code", "execution_count": 1, "id": "b", "metadata": {}, "source": ["x = 1\n", "x"]}
    code["outputs"] = [{"output_type": "display_data", "data": {"application/json": output}, "metadata": {}}]
    cells = [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": [text]}, code]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def save(path: Path, written: str = "") -> None:
    """Save a notebook as JupyterLab does, which writes whole numbers short and names the version of Python.

    Args:
        path: the notebook.
        written: what the learner wrote into its last cell, if anything.
    """
    content = json.loads(path.read_text(), parse_float=lambda text: int(float(text)))
    content["metadata"]["language_info"] = {"name": "python", "version": "3.11.7"}
    content["cells"][1]["execution_count"] = 7
    content["cells"][1]["source"] = [written or "x = 1\nx"]
    path.write_text(json.dumps(content, indent=1))


@pytest.fixture
def given(tmp_path) -> Path:
    """A course of one lesson and one exercise."""
    root = tmp_path / "course"
    for name in (LESSON, EXERCISE, "solutions/01_mnist_dense.ipynb", "notebooks/notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(notebook(f"first version of {name}"))
    return root


@pytest.fixture
def work(tmp_path, given) -> Path:
    """A learner's copy of it, just made."""
    workspace.refresh(tmp_path / "work", given)
    return tmp_path / "work"


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_first_time_lessons_and_exercises_are_copied(given, tmp_path):
    report = workspace.refresh(tmp_path / "work", given)

    assert files(tmp_path / "work") == [workspace.MANIFEST, EXERCISE, LESSON]
    assert report == [f"new: {EXERCISE}", f"new: {LESSON}"]
    assert (tmp_path / "work" / LESSON).read_bytes() == (given / LESSON).read_bytes()


def test_nothing_changes_when_nothing_changed(given, work):
    assert workspace.refresh(work, given) == []


def test_an_untouched_file_is_refreshed(given, work):
    (given / LESSON).write_text(notebook("second version"))

    assert workspace.refresh(work, given) == [f"updated: {LESSON}"]
    assert (work / LESSON).read_text() == notebook("second version")


def test_a_lesson_that_was_run_and_saved_is_refreshed(given, work):
    save(work / LESSON)
    assert workspace.refresh(work, given) == []
    (given / LESSON).write_text(notebook("second version"))

    assert workspace.refresh(work, given) == [f"updated: {LESSON}"]
    assert (work / LESSON).read_text() == notebook("second version")


def test_new_outputs_alone_reach_a_lesson_that_was_run_and_saved(given, work):
    save(work / LESSON)
    (given / LESSON).write_text(notebook(f"first version of {LESSON}", output=160.0))

    assert workspace.refresh(work, given) == [f"updated: {LESSON}"]


def test_an_edited_file_is_kept_and_the_newer_version_put_beside_it_once(given, work):
    save(work / EXERCISE, "my answer")
    mine = (work / EXERCISE).read_text()
    assert workspace.refresh(work, given) == []
    (given / EXERCISE).write_text(notebook("second version"))

    assert workspace.refresh(work, given) == [
        f"kept your {EXERCISE}, which you have edited; the course's newer version is beside it: {beside()}"
    ]
    assert (work / EXERCISE).read_text() == mine
    assert (work / beside()).read_text() == notebook("second version")
    (work / beside()).unlink()
    assert workspace.refresh(work, given) == []


@pytest.mark.parametrize(("written", "number"), [("", ""), ("an answer in the newer one", "2")])
def test_the_version_beside_is_replaced_unless_it_was_edited_too(given, work, written, number):
    save(work / EXERCISE, "my answer")
    (given / EXERCISE).write_text(notebook("second version"))
    workspace.refresh(work, given)
    save(work / beside(), written)
    (given / EXERCISE).write_text(notebook("third version"))

    (line,) = workspace.refresh(work, given)

    assert line.endswith(beside(number))
    assert (work / beside(number)).read_text() == notebook("third version")
    assert {path for path in files(work) if "_new" in path} == {beside(), beside(number)}


def test_a_file_of_the_learners_own_is_not_replaced_by_a_version_beside(given, work):
    save(work / EXERCISE, "my answer")
    (work / beside()).write_text("mine")
    (given / EXERCISE).write_text(notebook("second version"))

    (line,) = workspace.refresh(work, given)

    assert line.endswith(beside("2"))
    assert (work / beside()).read_text() == "mine"


def test_an_edit_that_was_taken_back_is_none(given, work):
    save(work / EXERCISE, "my answer")
    (given / EXERCISE).write_text(notebook("second version"))
    workspace.refresh(work, given)
    save(work / EXERCISE)
    (given / EXERCISE).write_text(notebook("third version"))

    assert workspace.refresh(work, given) == [f"updated: {EXERCISE}"]


def test_an_edit_that_the_course_makes_too_is_none(given, work):
    (work / EXERCISE).write_text(notebook("second version"))
    save(work / EXERCISE)
    (given / EXERCISE).write_text(notebook("second version"))
    assert workspace.refresh(work, given) == []
    (given / EXERCISE).write_text(notebook("third version"))

    assert workspace.refresh(work, given) == [f"updated: {EXERCISE}"]


def test_what_is_no_notebook_any_more_counts_as_edited(given, work):
    (work / EXERCISE).write_text((work / EXERCISE).read_text()[:-20])
    (given / EXERCISE).write_text(notebook("second version"))

    (line,) = workspace.refresh(work, given)

    assert line.startswith(f"kept your {EXERCISE}")


def beside(number: str = "") -> str:
    return EXERCISE.replace(".ipynb", f"_new{number}.ipynb")


def test_an_exercise_that_has_its_lessons_name_is_renamed_with_what_was_answered(given, work, monkeypatch):
    def read_only(*_):
        raise OSError(30, "Read-only file system")

    former = EXERCISE.replace("exercise_", "", 1)
    (work / EXERCISE).rename(work / former)
    manifest = (work / workspace.MANIFEST).read_text()
    (work / workspace.MANIFEST).write_text(manifest.replace(EXERCISE, former))
    (work / former).write_text("my answer")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", read_only)
        with pytest.raises(CannotWrite, match="Read-only file system"):
            workspace.refresh(work, given)
    assert workspace.refresh(work, given) == [f"renamed: {former} is {EXERCISE} now"]
    assert files(work) == [workspace.MANIFEST, EXERCISE, LESSON]
    assert (work / EXERCISE).read_text() == "my answer"
    assert workspace.refresh(work, given) == []


def test_a_deleted_file_is_delivered_again(given, work):
    (work / LESSON).unlink()

    assert workspace.refresh(work, given) == [f"new: {LESSON}"]
    assert (work / LESSON).exists()


def test_a_new_lesson_arrives(given, work):
    (given / "notebooks/02_next.ipynb").write_text("two")

    assert workspace.refresh(work, given) == ["new: notebooks/02_next.ipynb"]


def test_what_the_learner_made_and_what_the_course_gave_up_stay(given, work):
    (work / "notebooks/mine.ipynb").write_text("mine")
    (given / EXERCISE).unlink()

    assert workspace.refresh(work, given) == []
    assert {"notebooks/mine.ipynb", EXERCISE} <= set(files(work))


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"files": 3}',
        '{"version": 1, "files": {"x": "0123"}}',
        '{"version": 2}',
        b"\xff\xfe\x00",
        b'{"files": {"x": "\xff"}}',
        '{"files": {"x": 1}'[:-1],
    ],
)
def test_with_a_damaged_manifest_every_file_counts_as_edited(given, work, damage):
    (given / LESSON).write_text(notebook("second version"))
    (work / workspace.MANIFEST).write_bytes(damage if isinstance(damage, bytes) else damage.encode())

    damaged, kept = workspace.refresh(work, given)

    assert "is written anew" in damaged
    assert kept.startswith(f"kept your {LESSON}")
    assert (work / LESSON).read_text() == notebook(f"first version of {LESSON}")
    assert workspace.refresh(work, given) == []


def test_a_lost_manifest_is_like_a_damaged_one(given, work):
    (given / LESSON).write_text(notebook("second version"))
    (work / workspace.MANIFEST).unlink()

    (line,) = workspace.refresh(work, given)
    assert line.startswith(f"kept your {LESSON}")


@pytest.mark.parametrize("name", ["work", "work/notebooks", f"work/{LESSON}", f"work/{workspace.MANIFEST}"])
def test_something_in_the_way_is_named(given, tmp_path, name):
    in_the_way = tmp_path / name
    if name.endswith((".ipynb", ".json")):
        in_the_way.mkdir(parents=True)
    else:
        in_the_way.parent.mkdir(exist_ok=True)
        in_the_way.write_text("a file")

    with pytest.raises(workspace.CannotRefresh, match="is in the way: move it"):
        workspace.refresh(tmp_path / "work", given)


def test_a_failed_write_leaves_the_old_file(given, work, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    (given / LESSON).write_text(notebook("second version"))
    monkeypatch.setattr("os.replace", full)

    with pytest.raises(CannotWrite, match="No space left"):
        workspace.refresh(work, given)
    assert (work / LESSON).read_text() == notebook(f"first version of {LESSON}")
    assert files(work) == [workspace.MANIFEST, EXERCISE, LESSON], "a temporary file was left"


def test_jupyterlab_starts_on_the_lesson_and_fetches_nothing(tmp_path):
    options = workspace.jupyterlab_arguments(tmp_path, course.find("01"), browser=False, port=9999)

    assert f"--ServerApp.root_dir={tmp_path}" in options
    assert "--ServerApp.port=9999" in options
    assert "--no-browser" in options
    assert "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate" in options
