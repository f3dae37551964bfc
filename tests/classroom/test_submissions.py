"""Submissions are found as LMSs export them; what cannot be used becomes a row with the reason."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import PurePosixPath

import batch_demo
import grading_demo as demo
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from coursekit import course
from coursekit.classroom.intake import conformity, sources
from coursekit.classroom.intake.cleaning import cell, clean, file_name
from coursekit.classroom.intake.learners import origin
from coursekit.classroom.intake.sources import UnusableFile, UnusableSource, open_source
from coursekit.classroom.intake.submissions import content_of, find

GOOD = json.dumps({"cells": [], "metadata": {"coursekit": {"exercise": "99_demo"}}, "nbformat": 4}).encode()

pytestmark = pytest.mark.usefixtures("demo_lesson")


def found(path, **options):
    return {each.file: each for each in find(open_source(path), **options)}


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_folder_of_notebooks_and_a_folder_of_folders(tmp_path):
    for name in ("ada.ipynb", "bob/99_demo.ipynb", "cyd/deep/x.IPYNB", "99_demo_dot.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(GOOD)
    for name in (".DS_Store", ".ipynb_checkpoints", "bob/helper.py"):
        (tmp_path / name).write_text("x")
    assert {name: (each.learner.id, each.exercise) for name, each in found(tmp_path).items()} == {
        "ada.ipynb": ("ada", "99_demo"),
        "bob/99_demo.ipynb": ("bob", "99_demo"),
        "cyd/deep/x.IPYNB": ("cyd", "99_demo"),
        "99_demo_dot.ipynb": ("dot", "99_demo"),
    }


@pytest.mark.parametrize(
    ("path", "learner", "name", "late", "upload"),
    [
        ("Zoë Ö_12_assignsubmission_file/my work.ipynb", "12", "Zoë Ö", False, 0),
        ("A B_3_assignsubmission_file_/x.ipynb", "3", "A B", False, 0),
        ("A_B_3_assignsubmission_file_x.ipynb", "3", "A_B", False, 0),
        ("doejane_77_88_a_b.ipynb", "77", "doejane", False, 0),
        ("doejane_LATE_77_88_a-1.ipynb", "77", "doejane", True, 1),
        ("a_1_b.ipynb", "a_1_b", "a_1_b", False, 0),
    ],
)
def test_names_of_moodle_and_canvas(path, learner, name, late, upload):
    came = origin(PurePosixPath(path))
    assert (came.learner.id, came.learner.name, came.late, came.upload) == (learner, name, late, upload)


def test_zip_archives_with_and_without_an_outer_folder(tmp_path):
    files = {"A B_3_assignsubmission_file/x.ipynb": GOOD, "C_4_assignsubmission_file/x.ipynb": GOOD}
    for outer in ("", "hand-ins/"):
        path = zipped(tmp_path / "a.zip", {outer + name: content for name, content in files.items()})
        assert {each.learner.id for each in found(path).values()} == {"3", "4"}
        source = open_source(path)
        assert all(content_of(source, each) == GOOD for each in find(source))
    (one,) = found(zipped(tmp_path / "b.zip", {"ada/x.ipynb": GOOD})).values()
    assert one.learner.id == "ada"


def test_hostile_archives_unpack_nothing(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("../out.ipynb", "/etc/x.ipynb", "a\\..\\b.ipynb", "C:/x.ipynb", "twice.ipynb"):
            archive.writestr(name, GOOD)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("twice.ipynb", GOOD)
        archive.writestr("bomb.ipynb", b" " * 40 * 2**20)
        archive.writestr("large.ipynb", os.urandom(2**20) * 51)
        link = zipfile.ZipInfo("link.ipynb")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("good.ipynb", GOOD)
    reasons = {name: each.reason for name, each in found(path).items()}
    assert reasons.pop("good.ipynb") == ""
    expected = {"bomb": "times smaller", "large": "51 MB", "link": "symbolic link", "twice": "more than once"}
    for name, words in expected.items():
        assert words in reasons.pop(f"{name}.ipynb")
    assert len(reasons) == 4
    assert all("outside" in reason for reason in reasons.values())
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.zip"]


def test_a_damaged_member_is_a_row_and_a_damaged_archive_an_error(tmp_path):
    path = zipped(tmp_path / "a.zip", {"x.ipynb": GOOD * 20, "y.ipynb": GOOD})
    raw = bytearray(path.read_bytes())
    raw[60:70] = b"0123456789"
    path.write_bytes(raw)
    assert "cannot be unpacked" in found(path)["x.ipynb"].reason
    assert found(path)["y.ipynb"].usable
    path.write_bytes(raw[:100])
    with pytest.raises(UnusableSource, match="neither a folder nor a zip"):
        open_source(path)
    with pytest.raises(UnusableSource, match="There is no"):
        open_source(tmp_path / "nothing")
    with pytest.raises(UnusableSource, match="cannot be read: File name too long"):
        open_source(tmp_path / ("long" * 100))


def test_a_member_that_is_gone_from_the_archive_cannot_be_used(tmp_path):
    (gone,) = find(open_source(zipped(tmp_path / "a.zip", {"x.ipynb": GOOD})))
    with pytest.raises(UnusableFile, match="does not hold it"):
        content_of(open_source(zipped(tmp_path / "a.zip", {"y.ipynb": GOOD})), gone)


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "BATCH_FILES", 1)
    for name in "ab":
        (tmp_path / f"{name}.ipynb").write_bytes(GOOD)
    with pytest.raises(UnusableSource, match="more than 1 files"):
        found(tmp_path)
    with pytest.raises(UnusableSource, match="too large"):
        open_source(zipped(tmp_path / "a.zip", {"a": b"", "b": b""}))


def test_files_that_cannot_be_used_are_rows(tmp_path):
    (tmp_path / "real.ipynb").write_bytes(GOOD)
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "real.ipynb")
    (tmp_path / "linked").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "work.pdf").write_bytes(b"%PDF")
    (tmp_path / "script.py").write_text("x = 1")
    (tmp_path / "huge.ipynb").touch()
    os.truncate(tmp_path / "huge.ipynb", 200 * 2**20)
    (tmp_path / "none.ipynb").write_bytes(b"")
    (tmp_path / "words.ipynb").write_bytes(b"hello")
    (tmp_path / "wide.ipynb").write_bytes(GOOD.decode().encode("utf-16"))
    (tmp_path / "latin.ipynb").write_bytes(b'{"metadata": "\xe9"}')
    (tmp_path / "ruby.ipynb").write_bytes(
        GOOD.replace(b'"metadata": {', b'"metadata": {"language_info": {"name": "ruby"}, ')
    )
    (tmp_path / "other.ipynb").write_bytes(GOOD.replace(b"99_demo", b"01_mnist_dense"))
    os.mkfifo(tmp_path / "pipe2")
    reasons = {name: each.reason for name, each in found(tmp_path, exercise="99_demo").items()}
    assert reasons.pop("real.ipynb") == ""
    expected = {
        "link.ipynb": "symbolic link",
        "linked": "symbolic link",
        "pipe.ipynb": "not a regular file",
        "pipe2": "not a regular file",
        "folder.ipynb": "empty folder",
        "empty": "empty folder",
        "report/work.pdf": "no notebook (.ipynb), but: work.pdf",
        "script.py": "no notebook",
        "huge.ipynb": "It has 200 MB",
        "none.ipynb": "is empty",
        "words.ipynb": "not JSON",
        "wide.ipynb": "UTF-16",
        "latin.ipynb": "UTF-8",
        "ruby.ipynb": "kernel is for ruby",
        "other.ipynb": "answers 01_mnist_dense, not 99_demo",
    }
    assert reasons.keys() == expected.keys()
    for name, words in expected.items():
        assert words in reasons[name], name


def test_a_file_that_is_swapped_later_is_not_read(tmp_path):
    path = tmp_path / "ada.ipynb"
    path.write_bytes(GOOD)
    source = open_source(tmp_path)
    (submission,) = find(source)
    path.write_bytes(GOOD + b" ")
    with pytest.raises(UnusableFile, match="has changed"):
        content_of(source, submission)
    path.unlink()
    path.symlink_to("/etc/hostname")
    with pytest.raises(UnusableFile, match="cannot be read"):
        content_of(source, submission)


def test_attempts_are_numbered_by_upload_then_by_time(tmp_path):
    for name, time in {"doe_5_1_x-1.ipynb": 100, "doe_5_1_x.ipynb": 300, "doe_5_1_x-2.ipynb": 200}.items():
        (tmp_path / name).write_bytes(GOOD)
        os.utime(tmp_path / name, (time, time))
    assert [each.file for each in find(open_source(tmp_path))] == [
        "doe_5_1_x.ipynb",
        "doe_5_1_x-1.ipynb",
        "doe_5_1_x-2.ipynb",
    ]
    assert [each.attempt for each in find(open_source(tmp_path))] == [1, 2, 3]


def edited(change):
    exercise = json.loads(course.find("1").exercise.read_text())
    change(exercise["cells"])
    return json.dumps(exercise).encode()


def rename(cells):
    cells[5]["metadata"]["nbgrader"]["grade_id"] = "my-own"


def older(cells):
    cells[6]["metadata"]["nbgrader"]["points"] = 7


def into_text(cells):
    cells[5].update(cell_type="markdown")


def into_check(cells):
    cells[6]["source"] = "def as_vectors(images):\n    return images\n\n" + "".join(cells[6]["source"])


CHANGES = {
    "answer as text": (into_text, ["Cell 6 is an answer and no code cell, so it is not run"]),
    "answer in the check": (into_check, ["Cell 7 is a check cell with other code in it, which is not run"]),
    "check emptied": (lambda cells: cells[6].update(source=""), []),
    "nothing": (lambda cells: None, []),
    "missing": (lambda cells: cells.__delitem__(5), ["missing: as_vectors-answer-327c5d04."]),
    "duplicated": (lambda cells: cells.append(cells[5]), ["more than once: as_vectors-answer-327c5d04."]),
    "reordered": (lambda cells: cells.insert(0, cells.pop(9)), ["another order"]),
    "renamed": (rename, ["missing: as_vectors-answer", "not of this version of the exercise: my-own."]),
    "older": (older, ["Check cells differ, as in an older version of the exercise: as_vectors."]),
    "no metadata": (lambda cells: [each.update(metadata={}) for each in cells], ["have no metadata"]),
    "odd metadata": (lambda cells: cells[5].update(metadata={"nbgrader": {"grade_id": [1]}}), ["missing"]),
}


@pytest.mark.parametrize("case", CHANGES)
def test_differences_from_the_release_are_noted(case, tmp_path):
    change, expected = CHANGES[case]
    (tmp_path / "a.ipynb").write_bytes(edited(change))
    (each,) = find(open_source(tmp_path))
    assert each.usable
    assert len(each.notes) == len(expected), each.notes
    assert all(words in note for words, note in zip(expected, each.notes))


def test_an_exercise_without_a_release_gives_no_notes(tmp_path):
    batch_demo.three(tmp_path)
    assert all(each.notes == () for each in find(open_source(tmp_path)))
    assert conformity.released_lines("99_demo") == frozenset()


@given(st.text(max_size=200))
def test_names_of_learners_are_harmless(text):
    name = file_name(text)
    assert name.isascii()
    assert 0 < len(name) <= 70
    assert all(each.isalnum() or each in "_-" for each in name)
    clean(text).encode("utf-8")
    assert "\x1b" not in clean(text)
    assert not str(cell(text)).startswith(("=", "+", "-", "@", "\t", "\r"))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_or_read(tmp_path, raw):
    path = tmp_path / "class"
    path.mkdir(exist_ok=True)
    (path / "a.ipynb").write_bytes(raw)
    (each,) = find(open_source(path))
    assert each.usable or each.reason
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped(tmp_path / "b.zip", {"a.ipynb": GOOD}).read_bytes()[: len(raw)] + raw)
    try:
        for each in find(open_source(archive)):
            assert each.usable or each.reason
    except UnusableSource:
        pass


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4))
def test_any_path_has_a_learner(parts):
    assert isinstance(origin(PurePosixPath(*parts)).learner.id, str)


def test_the_demo_is_the_course_of_these_tests():
    assert course.find("demo").points == demo.exercise.points
