"""Exports hold what the documents of each platform ask for."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from test_grades import mark, submission

from coursekit.classroom.intake.learners import Learner
from coursekit.classroom.report import exports
from coursekit.classroom.report.exports import UnknownFormat, export
from coursekit.classroom.report.grades import choose, grade
from coursekit.classroom.report.lateness import LatePolicy
from coursekit.classroom.report.overrides import BadTable, Override

pytestmark = pytest.mark.usefixtures("demo_lesson")


def sent(identity, name, **fields):
    return replace(submission(**fields), learner=Learner(identity, name))


def grades():
    late = LatePolicy.parse("10%", "1970-01-01T00:00:00+00:00")
    made = [
        grade(sent("11", "Ada"), mark()),
        grade(sent("12", "=Bob", submitted=5.0), mark(1), late=late),
        grade(sent("13", "Cyd", reason="It is empty."), None),
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


def test_canvas_with_its_own_export_keeps_the_assignments_column(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Other (7),A demo (4711),Final Score\n"
        "    Points Possible,,,,,3,5,(read only)\n"
        '"Lovelace, Ada",11,s1,ada,S,,,\n"Nobody, No",99,s9,no,S,,,\n'
    )
    assert table(export("canvas", grades(), str(path)), "canvas/99_demo.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A demo (4711)"],
        ["    Points Possible", "", "", "", "", "5"],
        ["Lovelace, Ada", "11", "s1", "ada", "S", "5"],
        ["Nobody, No", "99", "s9", "no", "S", ""],
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


def test_moodle_with_its_worksheet_keeps_every_column(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text(
        "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade)\n"
        'Participant 12,Bob,b@x,,5.00,"Sunday, 1 March 2026, 1:00 PM"\nParticipant 99,No,n@x,3.00,5.00,-\n'
    )
    header, bob, nobody = table(export("moodle", grades(), str(path)), "moodle/99_demo.csv")
    assert header[:6] == ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"]
    assert dict(zip(header, bob))["Grade"] == "0.5"
    assert dict(zip(header, bob))["Last modified (grade)"] == "Sunday, 1 March 2026, 1:00 PM"
    assert dict(zip(header, nobody))["Grade"] == "3.00"


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
    for content in contents:
        assert content.keys() == {"version", "status", "max_score", "tests"}
        assert all(test.keys() == {"name", "status", "score", "message"} for test in content["tests"])
        assert all(test["status"] in ("pass", "fail", "error") for test in content["tests"])
    assert contents[1]["tests"][-1] == {"name": "Late penalty", "status": "fail", "score": -0.5, "message": None}
    by_hand = grade(submission(), mark(0), overrides=[Override("ada", "99_demo", "", 2, "")])
    (content,) = (json.loads(each) for each in export("classroom", [by_hand]).values())
    assert content["tests"][-1]["name"] == "Set by hand"


def test_requests_that_cannot_be_met(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("Name,Mark\n")
    with pytest.raises(UnknownFormat, match=f"Choose from: {', '.join(exports.FORMATS)}"):
        exports.check(["sakai"], "")
    with pytest.raises(BadTable, match="no column Student"):
        exports.check(["canvas"], str(path))
    with pytest.raises(BadTable, match="--roster is for"):
        exports.check(["gradescope"], str(path))
    exports.check(["gradescope"], "")
