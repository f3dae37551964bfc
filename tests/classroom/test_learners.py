"""Whose a file is: the exporter's part of its name counts, whatever the learner called it, in every layout.

The examples follow the exporters' sources: Canvas's ``lib/content_zipper.rb``, Moodle's
``mod/assign/classes/downloader.php``, ``gh classroom clone student-repos``; Gradescope's layout is what programs that
take its "Download Submissions" read.
"""

from __future__ import annotations

import json
import string
import tempfile
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from coursekit.classroom.intake.learners import Layout, Learner, People
from coursekit.classroom.intake.rosters import read_roster
from coursekit.classroom.intake.sources import SourceFile, open_source
from coursekit.classroom.intake.submissions import HandedIn, find

GOOD = json.dumps({"cells": [], "metadata": {"coursekit": {"exercise": "99_demo"}}, "nbformat": 4}).encode()
NAME = "01_mnist_dense.ipynb"

pytestmark = pytest.mark.usefixtures("demo_lesson")

# Of each batch: the platform, and of each file the learner's id and whether it is late; no id where it cannot be told.
LAYOUTS = {
    "Canvas, names of every script, late, uploaded again": (
        "canvas",
        {
            f"lovelaceada_101_9001_{NAME}": "101",
            "turingalan_LATE_102_9002_01_mnist_dense-1.ipynb": "102 late",
            f"o_hararosa_103_9003_{NAME}": "103",
            "müllerjörg_104_9004_homework 1 (final).ipynb": "104",
            "محمدفاطمة_105_9005_a.ipynb": "105",
            "李小龍_LATE_106_9006_作业1.ipynb": "106 late",
            "कुमारअमित_107_9007_a.ipynb": "107",
            "noetheremmy_108_text.html": "108",
            "hopper_LATE_109_link.html": "109 late",
        },
    ),
    "Canvas, groups": (
        "canvas",
        {"group3_110_9011_a.ipynb": "110", "groupsof2_111_9012_a.ipynb": "111", "team_x_112_9013_a.ipynb": "112"},
    ),
    "Canvas, a name that ends in a number": (
        "canvas",
        {f"lovelaceada_101_9001_{NAME}": "101", f"group_3_110_9011_{NAME}": ""},
    ),
    "Canvas, the learner's file is called like another's": (
        "canvas",
        {
            f"lovelaceada_22_8841_{NAME}": "22",
            "mallory_99_1234_x_22_assignsubmission_file_.ipynb": "99",
            "mallory_99_1235_X_22_5_x.ipynb": "99",
            "mallory_99_1236_lovelace ada_22_5_x.ipynb": "99",
            "mallory_99_1237_lovelaceada_22_5_x.ipynb": "",
            "mallory_99_1238_22_5_x.ipynb": "",
            "latecomer_LATE_33_777_x_33_assignsubmission_file_.ipynb": "33 late",
            "latecomer_LATE_33_778_LATE_44_5_x.ipynb": "33 late",
            "latecomer_33_779_LATE_44_5_x.ipynb": "",
        },
    ),
    "Canvas, one learner, whose files are called as Moodle's": (
        "canvas",
        {
            "mallory_LATE_99_1234_x_22_assignsubmission_file_.ipynb": "99 late",
            "mallory_LATE_99_1235_assignsubmission_file_y.ipynb": "99 late",
        },
    ),
    "Canvas, one learner's name in two normal forms": (
        "canvas",
        {"mu\u0308ller_11_5_x.ipynb": "11", "m\u00fcller_11_6_y.ipynb": "11"},
    ),
    "Canvas, something else beside": (
        "canvas",
        {"a_1_10_x.ipynb": "1", "b_2_20_x.ipynb": "2", "c_3_30_x.ipynb": "3", "solution.ipynb": "", "d_4/x.ipynb": ""},
    ),
    "Canvas, unpacked into a folder": ("canvas", {"given/a_1_10_x.ipynb": "1", "given/b_2_20_x.ipynb": "2"}),
    "Canvas, anonymous": (
        "canvas anonymous",
        {
            "anon_Xy3Zk_9101_01_mnist_dense.ipynb": "anon_Xy3Zk",
            "LATE_anon_Qw8Lm_9102_01_mnist_dense-1.ipynb": "anon_Qw8Lm late",
            "anon_77123_9103_x_22_5_y.ipynb": "anon_77123",
            "anon_abcde_text.html": "anon_abcde",
        },
    ),
    "Moodle, folders since 4.1": (
        "moodle",
        {
            "Ada Lovelace_2101_assignsubmission_file/01_mnist_dense.ipynb": "2101",
            "Zoë O'Neil-Ö_2102_assignsubmission_file/sub/x.ipynb": "2102",
            ".Net Fan_2103_assignsubmission_file/x.ipynb": "2103",
            "דוד כהן_2104_assignsubmission_file/x_2101_assignsubmission_file_/x.ipynb": "2104",
            "Emmy_2106_assignsubmission_onlinetext/onlinetext.html": "2106",
        },
    ),
    "Moodle, folders up to 4.0": (
        "moodle",
        {"A B_3_assignsubmission_file_/x.ipynb": "3", "C_4_assignsubmission_file_/x.ipynb": "4"},
    ),
    "Moodle, one learner's name in two normal forms": (
        "moodle",
        {
            "Jo\u0308rg_11_assignsubmission_file/x.ipynb": "11",
            "J\u00f6rg_11_assignsubmission_onlinetext/onlinetext.html": "11",
        },
    ),
    "Moodle, flat": (
        "moodle",
        {
            "A B_3_assignsubmission_file_x.ipynb": "3",
            "C_4_assignsubmission_file_y_3_assignsubmission_file_.ipynb": "4",
            "D_5_assignsubmission_onlinetext_onlinetext.html": "5",
        },
    ),
    "Moodle, hidden participants": (
        "moodle",
        {"Participant_7_assignsubmission_file/x.ipynb": "7", "Teilnehmerin_8_assignsubmission_file/x.ipynb": "8"},
    ),
    "Moodle, teams: their numbers are no participants'": (
        "moodle",
        {
            "Team Rot_45_assignsubmission_file/x.ipynb": "Team Rot_45",
            "Default group_assignsubmission_file/x.ipynb": "Default group",
        },
    ),
    "Moodle, one number under two names": (
        "moodle",
        {"Team R_45_assignsubmission_file/x.ipynb": "Team R_45", "Carl_45_assignsubmission_file/x.ipynb": "Carl_45"},
    ),
    "Gradescope": (
        "gradescope",
        {
            "assignment_5_export/submission_11/x.ipynb": "submission_11",
            "assignment_5_export/submission_12/x.ipynb": "submission_12",
            "assignment_5_export/submission_metadata.yml": None,
        },
    ),
    "Gradescope, one learner": (
        "gradescope",
        {
            "assignment_5_export/submission_11/x.ipynb": "submission_11",
            "assignment_5_export/submission_metadata.yml": None,
        },
    ),
    "GitHub Classroom": (
        "git",
        {
            "hw1-submissions/hw1-ada/.git": None,
            "hw1-submissions/hw1-ada/hw1.ipynb": "hw1-ada",
            "hw1-submissions/hw1-team-b/.git": None,
            "hw1-submissions/hw1-team-b/src/x_22_assignsubmission_file_.ipynb": "hw1-team-b",
        },
    ),
    "a folder, of which one is a clone: its learner sheds no late mark by that": (
        "",
        {"ada/x.ipynb": "ada", "bob/x.ipynb": "bob", "mallory/.git": None, "mallory/x.ipynb": "mallory"},
    ),
    "folders and files": (
        "",
        {
            "ada/week_1/x.ipynb": "ada",
            "bob_01_mnist_dense.ipynb": "bob",
            "01_mnist_dense-cyd.ipynb": "cyd",
            "dot_01_mnist_dense (1).ipynb": "dot",
            "eve_exercise_01_mnist_dense.ipynb": "eve",
            "exercise_01_mnist_dense-fay.ipynb": "fay",
            "exercise_01_mnist_dense.ipynb": "exercise_01_mnist_dense",
            "a_1_b.ipynb": "a_1_b",
        },
    ),
    "files, one of them called as on a platform": (
        "",
        {
            "ada.ipynb": "ada",
            "bob.ipynb": "bob",
            "cyd_7_22_x.ipynb": "cyd_7_22_x",
            "dan_8_assignsubmission_file_x.ipynb": "dan_8_assignsubmission_file_x",
            "anon_abcde_22_x.ipynb": "anon_abcde_22_x",
        },
    ),
    "copies of files": (
        "",
        {
            "ada.ipynb": "ada",
            "ada-2.ipynb": "ada",
            "ada (1).ipynb": "ada",
            "ada-Copy1.ipynb": "ada",
            "ada copy.ipynb": "ada",
            "ada - Copy (2).ipynb": "ada",
            "student-1.ipynb": "student-1",
            "student-2.ipynb": "student-2",
        },
    ),
    "a copy in another normal form": ("", {"zo\u00eb.ipynb": "zo\u00eb", "zoe\u0308 (1).ipynb": "zo\u00eb"}),
    "one name in two normal forms": ("", {"\u00f6/x.ipynb": "\u00f6", "o\u0308/y.ipynb": "\u00f6", "b/x.ipynb": "b"}),
}


def layout_of(paths, **options):
    return Layout([SourceFile(PurePosixPath(path), hidden=".git" in path) for path in paths], **options)


@pytest.mark.parametrize("case", LAYOUTS)
def test_whose_a_file_is(case):
    platform, expected = LAYOUTS[case]
    layout = layout_of(expected)
    assert layout.platform == platform
    found = {}
    for path in expected:
        file = SourceFile(PurePosixPath(path), hidden=".git" in path)
        origin = layout.origin(file.path)
        found[path] = "" if origin.problem else origin.learner.id + (" late" if origin.late else "")
        if expected[path] is None:
            assert file.hidden or layout.is_outside(file)
    assert found == {path: found[path] if who is None else who for path, who in expected.items()}


def test_what_fits_two_readings_says_so_and_a_gradebook_tells(tmp_path):
    path = tmp_path / "gradebook.csv"
    path.write_text(
        "Student,ID,SIS Login ID,Section,HW (5)\n    Points Possible,,,,20\n"
        '"Lovelace, Ada",22,ada,S,\n"Mallory",99,mal,S,\n"Group_3",110,g,S,\n'
    )
    names = ["lovelaceada_22_8841_x.ipynb", "mallory_99_1234_22_5_x.ipynb", "group_3_110_9011_x.ipynb"]
    blind = layout_of(names)
    assert "can be read as of user 99 or of user 1234 or of user 22" in blind.origin(PurePosixPath(names[1])).problem
    knowing = layout_of(names, roster=read_roster(path))
    assert [knowing.origin(PurePosixPath(name)).learner.id for name in names] == ["22", "99", "110"]


def test_a_worksheet_decides_whether_a_number_is_a_participants(tmp_path):
    path = tmp_path / "worksheet.csv"
    path.write_text(
        "Identifier,Full name,Grade,Maximum Grade\n"
        "Participant 11,Zoë O'Neil,,5\nParticipant 45,Carl Gauss,,5\n"
        "Participant 46,Emmy Noether,,5\nParticipant 7,Kurt,,5\n"
    )
    folders = {
        "Zoe ONeil_11": "11",
        "Team Rot_45": "Team Rot_45",
        "Noether Emmy_46": "46",
        "Participant_7": "7",
        "Default group": "Default group",
        "Kurt_8": "Kurt_8",
    }
    paths = [f"{folder}_assignsubmission_file/x.ipynb" for folder in folders]
    layout = layout_of(paths, roster=read_roster(path))
    assert [layout.origin(PurePosixPath(each)).learner.id for each in paths] == list(folders.values())


@pytest.mark.parametrize(
    ("names", "learners"),
    [
        ({"hand-ins/ada.ipynb", "hand-ins/bob.ipynb"}, {"ada", "bob"}),
        ({"Abgaben/Ada/x.ipynb", "Abgaben/Bo/x.ipynb", "Abgaben/.DS_Store", "__MACOSX/Abgaben/._x"}, {"Ada", "Bo"}),
        ({"a/b/Ada/x.ipynb", "a/b/Bo/x.ipynb"}, {"Ada", "Bo"}),
        ({"Abgaben/Ada/x.ipynb"}, {"Ada"}),
        ({"ada/x.ipynb"}, {"ada"}),
        ({"ada/99_demo.ipynb", "ada/01_mnist_dense.ipynb"}, {"ada"}),
        ({"ada/exercise_02_imdb_dense.ipynb", "ada/01_mnist_dense.ipynb"}, {"ada"}),
        ({"cls/cls/x.ipynb", "cls/x.ipynb", "cls/b/x.ipynb"}, {"cls", "x", "b"}),
        ({"Ada_1_assignsubmission_file/a.ipynb", "Ada_1_assignsubmission_file/sub/b.ipynb"}, {"1"}),
    ],
)
def test_an_outer_folder_of_an_archive_may_only_wrap(tmp_path, names, learners):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, GOOD.replace(b"{", b"{" + b" " * len(name), 1))
    source = open_source(path)
    found = find(HandedIn(source))
    assert {each.learner.id for each in found} == learners
    assert all(
        str(source.read(PurePosixPath(each.file)), "utf-8").count(" ", 0, 60) >= len(each.file) for each in found
    )


def test_instructors_name_learners_by_id_or_by_a_name_of_one_only():
    people = People([Learner("11", "Ada"), Learner("12", "Bo"), Learner("13", "Bo"), Learner("=x;=y", "J\u00f6rg")])
    asked = ("11", "Ada", "Bo", "'=x;'=y", "Jo\u0308rg", "Cyd")
    assert [people.find(each) for each in asked] == [["11"], ["11"], ["12", "13"], ["=x;=y"], ["=x;=y"], []]


def test_names_that_look_alike_when_cleaned_are_two_learners():
    names = ["J\udcf6rg", "J\udcfcrg", "a\x01", "a\x02", "a", "a ", " a"]
    layout = layout_of([f"{name}/x.ipynb" for name in names])
    assert len({layout.origin(PurePosixPath(name, "x.ipynb")).learner.id for name in names}) == len(names)


def test_long_and_many_parts_are_read_in_time(costs_at_most):
    with costs_at_most(20):
        for name in (
            "1_" * 30_000 + "x",
            "a_1_" * 15_000,
            "_assignsubmission_" * 3_000,
            "x" + "-1" * 30_000,
            " copy " * 9_000,
            "anon_abcde_" + "1" * 5_000 + "_x",
            "x_5_assignsubmission_file_y-" + "1" * 5_000,
            "x (" + "1" * 5_000 + ")",
            "x_5_7_y-" + "1" * 900,
        ):
            layout_of([name, name + "_"]).origin(PurePosixPath(name))


WORD = st.text(st.characters(categories=["Ll", "Lo", "Nd"]), min_size=1, max_size=6)
FREE = st.text(string.ascii_letters + string.digits + " _-().äß", min_size=1, max_size=12) | st.sampled_from(
    ["22_5_x", "x_22_assignsubmission_file_", "LATE_22_5_x", "anon_abcde_5_", "text", "submission_metadata"]
)


@st.composite
def batches(draw):
    """The learners of a batch, and the paths of their files as one of the exporters writes them."""
    numbers = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=6, unique=True))
    several = len(numbers) > 1  # a lonely folder may be a learner's, or lie around those of all
    platforms = ["canvas", "canvas anonymous", "moodle", "moodle flat", *(["folders"] if several else [])]
    platform = draw(st.sampled_from(platforms))
    paths = {}
    for number in numbers:
        name, late = draw(WORD.filter(lambda word: not word.isdecimal())), draw(st.booleans()) * "LATE_"
        visible = FREE.filter(lambda text: not text.startswith("."))
        for file in draw(st.lists(visible, min_size=1, max_size=3, unique=True)):
            upload = draw(st.integers(1, 10**6))
            path, who = {
                "canvas": (f"{name.lower()}_{late}{number}_{upload}_{file}.ipynb", str(number)),
                "canvas anonymous": (f"{late}anon_c{number}_{upload}_{file}.ipynb", f"anon_c{number}"),
                "moodle": (f"{name} {name}_{number}_assignsubmission_file/{file}.ipynb", str(number)),
                "moodle flat": (f"{name} {name}_{number}_assignsubmission_file_{file}.ipynb", str(number)),
                "folders": (f"{name}{number}/{file}.ipynb", unicodedata.normalize("NFC", f"{name}{number}")),
            }[platform]
            paths[path] = (who, bool(late) and "canvas" in platform)
    return platform.split(" flat")[0], paths, several and draw(st.booleans())


@settings(deadline=None, max_examples=150)
@given(batches())
def test_every_learner_of_a_random_archive_is_found_again(batch):
    platform, paths, wrapped = batch
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "batch.zip"
        with zipfile.ZipFile(file, "w") as archive:
            for path in paths:
                archive.writestr(f"wrapped up/{path}" if wrapped else path, GOOD)
        found = find(HandedIn(open_source(file)))
    told = {each.file.removeprefix("wrapped up/"): each for each in found}
    assert told.keys() == paths.keys()
    for path, (who, late) in paths.items():
        if "can be read as of user" in told[path].reason:
            assert platform == "canvas"
        else:
            assert (told[path].learner.id, told[path].late, told[path].usable) == (who, late, True)
    usable = {each.learner.id for each in found if each.usable}
    assert usable <= {who for who, _ in paths.values()}


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4), min_size=1, max_size=5))
def test_any_paths_have_learners(batch):
    paths = [PurePosixPath(*parts) for parts in batch]
    layout = layout_of(map(str, paths))
    assert all(isinstance(layout.origin(path).learner.id, str) for path in paths if path.parts)
