"""Exports hold what the documents of each platform ask for."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace

import pytest
from test_grades import mark, submission

from coursekit.classroom.intake.learners import Learner
from coursekit.classroom.report import exports
from coursekit.classroom.report.exports import UnknownFormat, export, feedback_zip
from coursekit.classroom.report.grades import choose, grade
from coursekit.classroom.report.lateness import LatePolicy
from coursekit.classroom.report.overrides import Override
from coursekit.classroom.report.pages import feedback_page
from coursekit.classroom.report.tables import grades_csv

pytestmark = pytest.mark.usefixtures("demo_lesson")


def sent(identity, name, **fields):
    return replace(submission(**fields), learner=Learner(identity, name))


def grades():
    late = LatePolicy.parse("10%", "1970-01-01T00:00:00+00:00")
    made = [
        grade(sent("11", "Ada"), mark()),
        grade(sent("12", "=Bob", submitted=5.0), mark(1), late=late),
        grade(sent("13", "Cyd", reason="It is empty."), None, max_points=5.0),
        grade(sent("11", "Ada", attempt=0), mark(0)),
    ]
    return choose(made, "last")


def table(files, name):
    return list(csv.reader(io.StringIO(files[name].decode(), newline="")))


def test_canvas_without_a_roster():
    assert table(export("canvas", grades()), "canvas/99_demo.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "99_demo"],
        ["    Points Possible", "", "", "", "", "5"],
        ["Ada", "11", "", "", "", "5"],
        ["'=Bob", "12", "", "", "", "0.5"],
        ["Cyd", "13", "", "", "", ""],
    ]


def test_moodle_without_a_worksheet():
    header, ada, *_ = table(export("moodle", grades()), "moodle/99_demo.csv")
    assert {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"} <= set(header)
    row = dict(zip(header, ada))
    assert (row["Identifier"], row["Full name"], row["Grade"], row["Maximum Grade"]) == (
        "Participant 11",
        "Ada",
        "5",
        "5",
    )
    assert row["Feedback comments"] == "5 of 5 points; 3 of 3 questions passed."


GRADESCOPE_TOP = {"score", "execution_time", "output", "visibility", "stdout_visibility", "extra_data", "tests"}
GRADESCOPE_TEST = {"score", "max_score", "name", "number", "output", "tags", "visibility", "extra_data"}
VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}


def test_gradescope_has_only_documented_fields():
    files = export("gradescope", grades())
    assert len(files) == 3
    assert all(name.endswith("/results.json") for name in files)
    contents = [json.loads(content) for content in files.values()]
    for content in contents:
        assert content.keys() <= GRADESCOPE_TOP
        assert isinstance(content["score"], int | float)
        for test in content["tests"]:
            assert test.keys() <= GRADESCOPE_TEST
            assert isinstance(test["score"], int | float)
            assert 0 <= test["score"] <= test["max_score"]
            assert all(isinstance(test[name], str) for name in ("name", "number", "output"))
            assert test["visibility"] in VISIBILITY
    assert [content["score"] for content in contents] == [5, 0.5, 0]
    assert "It is empty." in contents[2]["output"]


def test_classroom_adds_up_as_the_reporter_does():
    files = export("classroom", grades())
    contents = [json.loads(content) for content in files.values()]
    assert [sum(test["score"] for test in content["tests"]) for content in contents] == [5, 0.5, 0]
    assert [content["status"] for content in contents] == ["pass", "fail", "error"]
    assert [content["max_score"] for content in contents] == [5, 5, 5]
    for content in contents:
        assert content.keys() == {"version", "status", "max_score", "tests"}
        assert all(test.keys() == {"name", "status", "score", "message"} for test in content["tests"])
        assert all(test["status"] in ("pass", "fail", "error") for test in content["tests"])
    assert contents[1]["tests"][-1] == {"name": "Late penalty", "status": "fail", "score": -0.5, "message": None}
    by_hand = grade(submission(), mark(0), overrides=[Override("ada", "99_demo", "", 2, "")])
    (content,) = (json.loads(each) for each in export("classroom", [by_hand]).values())
    assert content["tests"][-1]["name"] == "Set by hand"


def test_unknown_formats_are_named():
    with pytest.raises(UnknownFormat, match=f"Choose from: {', '.join(exports.FORMATS)}"):
        exports.check(["sakai"], None)
    assert exports.check(["gradescope"], None) == []


def test_the_files_of_two_learners_never_have_one_name(monkeypatch):
    monkeypatch.setattr(exports, "file_name", lambda text: "the same")
    for name in ("gradescope", "classroom"):
        with pytest.raises(ValueError, match="one name"):
            export(name, grades())


def test_every_output_tells_what_was_taken_off_because_it_came_late():
    bob = grades()[1]
    told = "1 of 5 points earned; 0.5 taken off because it came late (10%)."
    assert told in table(export("moodle", [bob]), "moodle/99_demo.csv")[1][-1]
    (content,) = export("gradescope", [bob]).values()
    assert told in json.loads(content)["output"]
    assert told in grades_csv([bob]).decode()
    assert told in feedback_page(bob, "A demo").decode()


def test_moodles_zip_of_feedback_has_the_pages_of_participants():
    listed = [replace(each, submission=replace(each.submission, platform="moodle")) for each in grades()[:2]]
    team = replace(listed[0], submission=replace(listed[0].submission, learner=Learner("Team_45", "Team")))
    packed = feedback_zip((each, b"<p>") for each in (*listed, team))
    assert packed == feedback_zip((each, b"<p>") for each in (*listed, team))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = archive.namelist()
        assert archive.read(names[0]) == b"<p>"
    assert names == [f"{who}_assignsubmission_file_/feedback_99_demo.html" for who in ("Ada_11", "=Bob_12")]
    for name in names:  # as Moodle's importziplib.php takes them apart
        _, number, subtype, plugin, _ = name.split("/")[0].split("_", 4)
        assert (number.isdecimal(), subtype, plugin) == (True, "assignsubmission", "file")
