"""Submissions are found as LMSs export them; what cannot be used becomes a row with the reason."""

from __future__ import annotations

import json
import os
import tempfile
import unicodedata
import zipfile
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import batch_demo
import grading_demo as demo
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from coursekit import course
from coursekit.classroom.intake import conformity
from coursekit.classroom.intake.cleaning import cell, clean, file_name
from coursekit.classroom.intake.rosters import read_roster
from coursekit.classroom.intake.sources import UnusableFile, UnusableSource, open_source
from coursekit.classroom.intake.submissions import HandedIn, find
from coursekit.worker import bounds

GOOD = json.dumps({"cells": [], "metadata": {"coursekit": {"exercise": "99_demo"}}, "nbformat": 4}).encode()

pytestmark = pytest.mark.usefixtures("demo_lesson")


def found(path, **options):
    return {each.file: each for each in find(HandedIn(open_source(path)), **options)}


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


def test_zip_archives_with_and_without_an_outer_folder(tmp_path):
    files = {"A B_3_assignsubmission_file/x.ipynb": GOOD, "C_4_assignsubmission_file/x.ipynb": GOOD}
    for outer in ("", "hand-ins/"):
        path = zipped(tmp_path / "a.zip", {outer + name: content for name, content in files.items()})
        assert {each.learner.id for each in found(path).values()} == {"3", "4"}
        assert all(each.digest == sha256(GOOD).hexdigest() for each in found(path).values())
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


def test_names_that_lead_to_one_path_are_one_row_that_says_so(tmp_path):
    path = zipped(tmp_path / "a.zip", dict.fromkeys(("a/x.ipynb", "a//x.ipynb", "a/./x.ipynb", "b/x.ipynb"), GOOD))
    assert {name: each.reason for name, each in found(path).items()} == {
        "a/x.ipynb": "The archive holds this name more than once.",
        "b/x.ipynb": "",
    }


def as_written(path, names, flag=0):
    """An archive with these bytes as its names; ``flag`` 0x800 says that they are UTF-8."""
    holes = {chr(ord("a") + number) * len(name): name for number, name in enumerate(names)}
    raw = zipped(path, dict.fromkeys(holes, GOOD)).read_bytes()
    for hole, name in holes.items():
        raw = raw.replace(hole.encode(), name)
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("system", "names", "learners"),
    [
        ("Finder", ["Jo\u0308rg Mu\u0308ller/x.ipynb".encode(), "Zoë/x.ipynb".encode()], ["Jörg Müller", "Zoë"]),
        ("7-Zip", ["Jörg Müller/x.ipynb".encode("cp437"), b"Bo/x.ipynb"], ["Bo", "Jörg Müller"]),
        ("PowerShell", [b"All\\Ada L\\x.ipynb", b"All\\Bo\\x.ipynb"], ["Ada L", "Bo"]),
        (
            "PowerShell, folders too",
            [b"All\\", b"All\\Ada\\", b"All\\Ada\\x.ipynb", b"All\\Bo\\x.ipynb"],
            ["Ada", "Bo"],
        ),
    ],
)
def test_archives_as_systems_write_them(tmp_path, system, names, learners):
    listed = find(HandedIn(open_source(as_written(tmp_path / "a.zip", names))))
    assert [each.learner.id for each in listed if each.usable] == learners
    assert len(listed) == len(learners)


def test_learners_with_nothing_but_hidden_files_or_an_empty_folder_are_rows(tmp_path):
    members = {
        "Karl_1_assignsubmission_file/.ipynb_checkpoints/x-checkpoint.ipynb": GOOD,
        ".Net Fan_2_assignsubmission_file/x.ipynb": GOOD,
        "Iris_3_assignsubmission_file/": b"",
        "Max_4_assignsubmission_file/x.ipynb.txt": GOOD,
        ".DS_Store": b"",
        "__MACOSX/._x.ipynb": b"",
    }
    packed = found(zipped(tmp_path / "a.zip", members))
    for name, content in members.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.write_bytes(content)
    for listed in (packed, found(tmp_path / "in")):
        assert {each.learner.id: each.reason for each in listed.values()} == {
            "1": "There is nothing but hidden files: .ipynb_checkpoints.",
            "2": "",
            "3": "It is an empty folder.",
            "4": "There is no notebook (.ipynb), but: x.ipynb.txt.",
        }


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_is_damaged_anywhere_costs_the_others_nothing(tmp_path, method):
    content, refused, path = GOOD[:-1] + b" " * 300 + b"}", 0, tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("x.ipynb", content)
        archive.writestr("y.ipynb", content)
        end = archive.getinfo("y.ipynb").header_offset
    whole = path.read_bytes()
    for place in range(0, end - 3, 3):
        raw = bytearray(whole)
        raw[place : place + 3] = b"\xff\x00\xff"
        path.write_bytes(raw)
        listed = found(path)
        assert listed["y.ipynb"].usable
        assert listed["x.ipynb"].reason or listed["x.ipynb"].digest == sha256(content).hexdigest()
        refused += not listed["x.ipynb"].usable
    assert refused > 5


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_directory_of_an_archive_is_an_error_or_rows(tmp_path, data):
    raw = bytearray(zipped(tmp_path / "a.zip", {"ä/x.ipynb": GOOD, "b/y.ipynb": GOOD}).read_bytes())
    start = raw.index(b"PK\1\2")
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(start, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "b.zip").write_bytes(raw)
    try:
        for each in find(HandedIn(open_source(tmp_path / "b.zip"))):
            assert each.usable or each.reason
    except UnusableSource:
        pass


def test_times_that_no_calendar_has_are_not_known():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:  # which keeps times that a disk would not
        for name, time in (("ada.ipynb", 10**12), ("bob.ipynb", 5)):
            (Path(folder) / name).write_bytes(GOOD)
            os.utime(Path(folder) / name, (time, time))
        times = {name: each.submitted for name, each in found(Path(folder)).items()}
    assert times == {"ada.ipynb": None, "bob.ipynb": 5.0}


def test_a_clone_by_git_and_an_export_have_no_times_of_their_own(tmp_path):
    for name in ("a/x.ipynb", "a/.git/HEAD", "b/x.ipynb", "c/deep/x.ipynb", "c/.git/HEAD"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(GOOD)
    assert [each.submitted for each in found(tmp_path / "in").values()] == [None] * 3
    names = ["A_1_assignsubmission_file/x.ipynb", "B_2_assignsubmission_file/x.ipynb"]
    path = zipped(tmp_path / "a.zip", dict.fromkeys(names, GOOD))
    assert [each.submitted for each in found(path).values()] == [None, None]
    (tmp_path / "w.csv").write_text(
        "Identifier,Full name,Grade,Maximum Grade,Last modified (submission)\n"
        'Participant 1,A,,5,"Thursday, 1 October 2026, 8:00 PM"\nParticipant 2,B,,5,-\n'
    )
    times = [each.submitted for each in found(path, roster=read_roster(tmp_path / "w.csv")).values()]
    assert times == [datetime(2026, 10, 1, 20).timestamp(), None]


def test_what_cannot_be_read_counts_for_the_exercise_of_all_others(tmp_path):
    for name, content in (("ada", GOOD), ("bob", b""), ("cyd", GOOD)):
        (tmp_path / f"{name}.ipynb").write_bytes(content)
    assert [each.exercise for each in found(tmp_path).values()] == ["99_demo"] * 3
    (tmp_path / "cyd.ipynb").write_bytes(GOOD.replace(b"99_demo", b"04_cnn"))
    assert [each.exercise for each in found(tmp_path).values()] == ["99_demo", "", "04_cnn"]


def test_a_lesson_is_not_its_exercise(tmp_path):
    (tmp_path / "ada.ipynb").write_bytes(course.find("1").notebook.read_bytes())
    (tmp_path / "bob.ipynb").write_bytes(course.find("1").exercise.read_bytes())
    for options in ({}, {"exercise": "01_mnist_dense"}):
        ada, bob = found(tmp_path, **options).values()
        assert "is lesson 1, not exercise 1, which is exercises/exercise_01_mnist_dense.ipynb" in ada.reason
        assert bob.usable


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
    (gone,) = find(HandedIn(open_source(zipped(tmp_path / "a.zip", {"x.ipynb": GOOD}))))
    with pytest.raises(UnusableFile, match="does not hold it"):
        HandedIn(open_source(zipped(tmp_path / "a.zip", {"y.ipynb": GOOD}))).of(gone)


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "BATCH_FILES", 1)
    for name in "ab":
        (tmp_path / f"{name}.ipynb").write_bytes(GOOD)
    with pytest.raises(UnusableSource, match="more than 1 files"):
        found(tmp_path)
    with pytest.raises(UnusableSource, match="more than 1 files"):
        found(zipped(tmp_path / "a.zip", {"a": b"", "b": b""}))


@pytest.mark.parametrize("outer", ["", "class/week_1/"])
@pytest.mark.parametrize(
    "hostile",
    [
        {f"ada/{number % 7}/{number}.txt": b"" for number in range(40)},
        {f"ada/{number}/": b"" for number in range(40)},
        {f"ada/{number}/.hidden": b"" for number in range(40)},
        {f"ada/x{number}.ipynb": bytes(400) for number in range(9)},
        {f"ada/x{number}.py": bytes(400) for number in range(9)} | {"ada/z.ipynb": GOOD},
    ],
)
def test_who_hands_in_too_much_is_refused_alone(tmp_path, monkeypatch, hostile, outer):
    monkeypatch.setattr(bounds, "BATCH_FILES", 30)
    monkeypatch.setattr(bounds, "LEARNER_FILES", 20)
    monkeypatch.setattr(bounds, "LEARNER_BYTES", 3_000)
    files = {f"{name}/x.ipynb": GOOD for name in ("bob", "cyd", "eve")} | {"dan/.DS_Store": b"", "dan/y.ipynb": GOOD}
    archive = zipped(tmp_path / "a.zip", {f"{outer}{name}": content for name, content in (files | hostile).items()})
    with zipfile.ZipFile(archive) as members:
        members.extractall(tmp_path / "in")
    for place in (archive, tmp_path / "in" / outer):
        rows = found(place)
        assert {each.learner.id: "Hand in the notebook" in each.reason for each in rows.values()} == {
            "ada": True,
            "bob": False,
            "cyd": False,
            "dan": False,
            "eve": False,
        }
        assert sum(each.usable for each in rows.values()) == len(rows) - 1 == 4


def test_a_member_that_claims_to_be_vast_costs_the_others_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("ada", "bob"):
            archive.writestr(f"{name}/x.ipynb", GOOD)
        archive.infolist()[0].file_size = 1000 * bounds.GB
    assert [each.usable for each in found(tmp_path / "a.zip").values()] == [False, True]


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
    path = demo.write_notebook(tmp_path / "ada.ipynb", demo.SETUP, demo.COUNT)
    handed_in = HandedIn(open_source(tmp_path))
    (submission,) = find(handed_in)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(UnusableFile, match="has changed"):
        HandedIn(open_source(tmp_path)).of(submission)
    path.unlink()
    path.symlink_to("/etc/hostname")
    with pytest.raises(UnusableFile, match="cannot be read"):
        HandedIn(open_source(tmp_path)).of(submission)
    cells, _ = handed_in.of(submission)
    assert [cell.source for cell in cells] == [demo.SETUP, demo.COUNT]


@pytest.mark.parametrize(
    "in_order",
    [
        {"doe_5_1_x.ipynb": 300, "doe_5_1_x-1.ipynb": 100, "doe_5_1_x-2.ipynb": 200},  # Canvas's times are the export's
        {"doe_5_8_z.ipynb": 3, "doe_5_9_a.ipynb": 2, "doe_5_10_a.ipynb": 1},
        {"ada.ipynb": 7, "ada-1.ipynb": 7, "ada-2.ipynb": 7, "ada-10.ipynb": 7},
        {"ada/x.ipynb": 7, "ada/x (1).ipynb": 7, "ada/x (2).ipynb": 7},
        {"ada/x.ipynb": 7, "ada/x-Copy1.ipynb": 7, "ada/x-Copy2.ipynb": 7},
        {"ada/x-Copy1.ipynb": 5, "ada/x.ipynb": 7},  # a copy that was kept, and the notebook that was worked on
    ],
)
def test_attempts_are_numbered_by_time_then_by_upload(tmp_path, in_order):
    for name, time in in_order.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(GOOD)
        os.utime(tmp_path / name, (time, time))
    listed = find(HandedIn(open_source(tmp_path)))
    assert [each.file for each in listed] == list(in_order)
    assert [each.attempt for each in listed] == list(range(1, len(in_order) + 1))


def edited(change):
    exercise = json.loads(course.find("1").exercise.read_text())
    change(exercise["cells"])
    return json.dumps(exercise).encode()


ANSWER, CHECK, NEXT_ANSWER = 6, 7, 10  # places of cells in exercise 1


def rename(cells):
    cells[ANSWER]["metadata"]["nbgrader"]["grade_id"] = "my-own"


def older(cells):
    cells[CHECK]["metadata"]["nbgrader"]["points"] = 7


def into_text(cells):
    cells[ANSWER].update(cell_type="markdown")


def into_check(cells):
    cells[CHECK]["source"] = "def as_vectors(images):\n    return images\n\n" + "".join(cells[CHECK]["source"])


CHANGES = {
    "answer as text": (into_text, ["Cell 7 is an answer and no code cell, so it is not run"]),
    "answer in the check": (into_check, ["Cell 8 is a check cell with other code in it, which is not run"]),
    "check emptied": (lambda cells: cells[CHECK].update(source=""), []),
    "nothing": (lambda cells: None, []),
    "missing": (lambda cells: cells.__delitem__(ANSWER), ["missing: as_vectors-answer-327c5d04."]),
    "duplicated": (lambda cells: cells.append(cells[ANSWER]), ["more than once: as_vectors-answer-327c5d04."]),
    "reordered": (lambda cells: cells.insert(0, cells.pop(NEXT_ANSWER)), ["another order"]),
    "renamed": (rename, ["missing: as_vectors-answer", "not of this version of the exercise: my-own."]),
    "older": (older, ["Check cells differ, as in an older version of the exercise: as_vectors."]),
    "no metadata": (lambda cells: [each.update(metadata={}) for each in cells], ["have no metadata"]),
    "odd metadata": (lambda cells: cells[ANSWER].update(metadata={"nbgrader": {"grade_id": [1]}}), ["missing"]),
}


@pytest.mark.parametrize("case", CHANGES)
def test_differences_from_the_release_are_noted(case, tmp_path):
    change, expected = CHANGES[case]
    (tmp_path / "a.ipynb").write_bytes(edited(change))
    (each,) = find(HandedIn(open_source(tmp_path)))
    assert each.usable
    assert len(each.notes) == len(expected), each.notes
    assert all(words in note for words, note in zip(expected, each.notes))


def test_an_exercise_without_a_release_gives_no_notes(tmp_path):
    batch_demo.three(tmp_path)
    assert all(each.notes == () for each in find(HandedIn(open_source(tmp_path))))
    assert conformity.released_lines("99_demo") == frozenset()


@given(st.text(max_size=200))
def test_names_of_learners_are_harmless(text):
    name = file_name(text)
    assert 0 < len(name.encode()) <= 160
    assert all(unicodedata.category(each)[0] in "LMN" or each in "_-" for each in name)
    clean(text).encode("utf-8")
    assert "\x1b" not in clean(text)
    for part in str(cell(text)).split(";"):
        assert not part.lstrip(" \"'\t\r\n").startswith(("=", "+", "-", "@")) or "'" in part
    assert "\x1b" not in str(cell(text))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_or_read(tmp_path, raw):
    path = tmp_path / "class"
    path.mkdir(exist_ok=True)
    (path / "a.ipynb").write_bytes(raw)
    (each,) = find(HandedIn(open_source(path)))
    assert each.usable or each.reason
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped(tmp_path / "b.zip", {"a.ipynb": GOOD}).read_bytes()[: len(raw)] + raw)
    try:
        for each in find(HandedIn(open_source(archive))):
            assert each.usable or each.reason
    except UnusableSource:
        pass


def test_the_demo_is_the_course_of_these_tests():
    assert course.find("demo").points == demo.exercise.points
