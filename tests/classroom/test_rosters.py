"""What an LMS exported of its class comes back with our grades in it, and nothing else changed."""

from __future__ import annotations

import csv
import io
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from test_exports import grades, sent
from test_grades import mark

from coursekit.classroom.intake.csv_files import BadTable, read_table
from coursekit.classroom.intake.rosters import read_roster
from coursekit.classroom.report import exports
from coursekit.classroom.report.grades import grade
from coursekit.classroom.report.tables import csv_lines

pytestmark = pytest.mark.usefixtures("demo_lesson")

CANVAS = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Other (7),A demo (4711),Final Score\n"
    ",,,,,Manual Posting,,\n"
    "    Points Possible,,,,,3.00,100.00,(read only)\n"
    '"Lovelace, Ada",11,s1,ada,S,1,,\n'
    '" =Bob  ",12,s2,bob,S and T,2,EX,\n'
    '"Cyd",13,s3,cyd,S,2,42,\n'
    '"-No",99,s9,no,S,2,EX,\n'
    '"Student, Test",100,,abc,S,,N/A,\n'
)
MOODLE = (
    '\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"\n'
    '"Participant 11","Ada",a@x,"Submitted for grading",,100.00,Yes,"Thursday, 1 October 2026, 8:00 PM",-,\n'
    '"Participant 12","=Bob",b@x,-,1.00,100.00,Yes,-,"Friday, 2 October 2026, 9:00 AM","old"\n'
    '"Participant 13","Cyd",-,+,55.00,100.00,Yes,-,-,"well said; =1+1 "\n'
    '"Participant 99","No",-,-,70.00,100.00,Yes,-,-,-\n'
)


def roster(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_roster(path)


def exported(name, found, column=""):
    content = exports.export(name, grades(), found, column)[f"{name}/99_demo.csv"].decode()
    return content, list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline="")))


def test_canvas_cells_change_where_there_is_a_mark_in_the_columns_own_scale(tmp_path):
    found = roster(tmp_path, CANVAS)
    content, rows = exported("canvas", found)
    assert content.startswith("\ufeffStudent,")
    before = list(csv.reader(io.StringIO(CANVAS.removeprefix("\ufeff"), newline="")))
    expected = [[*row[:5], row[6]] for row in before]
    expected[3][5], expected[4][5] = "100", "10"
    assert rows == expected
    assert exports.check(["canvas"], found, {"99_demo": 5.0}) == [
        "canvas: 99_demo goes to column 'A demo (4711)', from 5 to 100 points."
    ]


def test_moodle_cells_change_where_there_is_a_mark_in_its_own_scale(tmp_path):
    content, rows = exported("moodle", roster(tmp_path, MOODLE))
    assert content.startswith("\ufeffIdentifier,")
    before = list(csv.reader(io.StringIO(MOODLE.removeprefix("\ufeff"), newline="")))
    assert rows[1][4] == "100"
    assert rows[1][9] == "5 of 5 points; 3 of 3 questions passed."
    assert rows[2][4] == "10"
    assert rows[2][9].endswith("1 of 5 points earned; 0.5 taken off because it came late (10%).")
    for row in (1, 2):
        rows[row][4], rows[row][9] = before[row][4], before[row][9]
    assert rows == before


def test_a_gradebook_with_split_names_and_without_sis_ids(tmp_path):
    found = roster(
        tmp_path,
        "LastName,FirstName,ID,SIS Login ID,Section,99_demo (5)\n    Points Possible,,,,,5\nLovelace,Ada,11,ada,S,\n",
    )
    assert exported("canvas", found)[1][2] == ["Lovelace", "Ada", "11", "ada", "S", "5"]
    assert found.agrees("11", "lovelaceada")


TITLES = {
    "none": (
        "Homework 1 (5),Quiz (6)",
        "no column for the grades. Choose one with --column: 'Homework 1 .5.', 'Quiz .6.'",
    ),
    "two": ("My 99_demo (5),Your 99_demo (6)", "2 columns for the grades. Choose one with --column: 'My 99_demo .5.'"),
}


@pytest.mark.parametrize("case", TITLES)
def test_a_column_is_never_guessed(tmp_path, case):
    titles, words = TITLES[case]
    text = f"Student,ID,Section,{titles},Total\n    Points Possible,,,10,20,(read only)\nAda,11,S,,,\n"
    found = roster(tmp_path, text)
    with pytest.raises(BadTable, match=words):
        exports.check(["canvas"], found, {"99_demo": 5.0})
    first, second = titles.split(",")
    for wanted in (second, second[:-4], "6"):
        assert exported("canvas", found, wanted)[1] == [
            ["Student", "ID", "Section", second],
            ["    Points Possible", "", "", "20"],
            ["Ada", "11", "S", "20"],
        ]
    for wanted in ("Total", "Section", "nothing"):
        with pytest.raises(BadTable, match=f"no column called '{wanted}'"):
            exports.check(["canvas"], found, {"99_demo": 5.0}, wanted)
    assert first in exports.check(["canvas"], found, {"99_demo": 5.0}, first)[0]


def test_only_the_grade_of_an_english_worksheet_takes_grades(tmp_path):
    found = roster(tmp_path, "Identifier,Full name,Status,Grade,Maximum Grade\nParticipant 11,Ada,x,4.00,5\n")
    with pytest.raises(BadTable, match=r"no column called 'Status'\. Choose one with --column: 'Grade'"):
        exports.check(["moodle"], found, {"99_demo": 5.0}, "Status")
    assert exports.check(["moodle"], found, {"99_demo": 5.0}, "Grade")[0] == "moodle: 99_demo goes to column 'Grade'."


def test_what_a_mark_would_replace_or_may_mistake_is_told(tmp_path):
    found = roster(tmp_path, CANVAS.replace("=Bob  ", "=Bob\x1b  "))
    listed = [each.submission for each in grades()]
    assert exports.warnings(["canvas"], found, listed, "") == [
        "canvas: no platform wrote these names; what is called as a number there counts: 11 for Lovelace, Ada, "
        "12 for =Bob�.",
        "canvas: a mark replaces EX (excused) of =Bob�. To keep it, delete the row before the import.",
    ]
    known = [replace(each, platform="canvas") for each in listed if each.learner.id == "11"]
    assert exports.warnings(["canvas"], found, known, "") == []
    assert exports.warnings(["gradescope"], found, listed, "") == exports.warnings(["canvas"], None, listed, "") == []


def test_a_title_that_is_the_exercises_wins_over_one_that_holds_it(tmp_path):
    found = roster(
        tmp_path,
        "Student,ID,Section,Practice for 99_demo (5),99_demo (6)\n    Points Possible,,,10,5\nAda,11,S,,\n",
    )
    assert exports.check(["canvas"], found, {"99_demo": 5.0}) == ["canvas: 99_demo goes to column '99_demo (6)'."]


@pytest.mark.parametrize("most", ["10.5", "1000", "1,000.00", "1.000,00", "1000,00"])
def test_any_scale_is_met(tmp_path, most):
    text = f'Student,ID,Section,99_demo\n    Points Possible,,,"{most}"\nAda,11,S,\n'
    expected = "10.5" if most == "10.5" else "1000"
    assert exported("canvas", roster(tmp_path, text))[1][2] == ["Ada", "11", "S", expected]


@pytest.mark.parametrize("most", ["", "0", "-5", "many", "(read only)x"])
def test_a_scale_that_is_none_is_refused(tmp_path, most):
    found = roster(tmp_path, f"Student,ID,Section,99_demo\n    Points Possible,,,{most}\nAda,11,S,\n")
    with pytest.raises(BadTable, match=r"--column|not a number above 0"):
        exports.check(["canvas"], found, {"99_demo": 5.0})
    found = roster(tmp_path, f"Identifier,Full name,Grade,Scale\nParticipant 11,Ada,,{most}\n")
    with pytest.raises(BadTable, match=r"not a number above 0\. Set it where .* choose another column with --column"):
        exports.check(["moodle"], found, {"99_demo": 5.0})


GERMAN = (
    "ID,Vollständiger Name,E-Mail,Status,Bewertung,Bestwertung,Bewertung kann geändert werden,"
    "Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar\n"
    'Teilnehmer/in 11,Ada,a@x,Zur Bewertung abgegeben,-,"50,00",Ja,"Donnerstag, 1. Oktober 2026, 20:00",-,\n'
    'Teilnehmer/in 99,No,n@x,-,"20,00","50,00",Ja,-,-,gut\n'
)


def test_a_worksheet_in_another_language_is_read_by_its_columns(tmp_path):
    found = roster(tmp_path, GERMAN)
    told = exports.check(["moodle"], found, {"99_demo": 5.0})
    assert told[0] == "moodle: 99_demo goes to column 'Bewertung', from 5 to 50 points."
    assert "no column 'Feedback comments'" in told[1]
    _, rows = exported("moodle", found)
    before = list(csv.reader(io.StringIO(GERMAN, newline="")))
    assert (rows[1][4], before[1][4]) == ("50", "-")
    rows[1][4] = "-"
    assert rows == before
    assert exported("moodle", found, "Bewertung")[1][1][4] == "50"
    assert found.submitted("11") is None


TIMES = {
    "Thursday, 1 October 2026, 8:00 PM": (2026, 10, 1, 20, 0),
    "Thursday, 1 October 2026, 8:00\u202fAM": (2026, 10, 1, 8, 0),
    "Thursday, October 1, 2026, 8:05 PM": (2026, 10, 1, 20, 5),
    "Thursday, 1 October 2026, 20:00": (2026, 10, 1, 20, 0),
    "1 October 2026, 12:30 AM": (2026, 10, 1, 0, 30),
}


@pytest.mark.parametrize("text", TIMES)
def test_moodles_times(tmp_path, text):
    found = roster(tmp_path, MOODLE.replace("Thursday, 1 October 2026, 8:00 PM", text))
    assert found.submitted("11") == time.mktime((*TIMES[text], 0, 0, 0, -1))
    assert found.submitted("12") is None
    assert found.submitted("4711") is None


@pytest.mark.parametrize("text", ["Donnerstag, 1. Oktober 2026, 20:00", "", "-", "31 February 2026, 8:00 PM", "soon"])
def test_a_time_that_is_not_understood_is_none(tmp_path, text):
    found = roster(tmp_path, MOODLE.replace("Thursday, 1 October 2026, 8:00 PM", text))
    assert found.submitted("11") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Name,Mark\n", "no column Student"),
        ("", "no column Student"),
        ("Student,Number\nAda,1\n", "no column ID"),
        ("Number,Name,Grade,Points\n11,Ada,,5\n", "no 'Participant 45' in its first column"),
        ("Student,ID,Section\nAda,11,S\nBob,11,S\n", "line 3: learner 11 is on line 2 too"),
        ("Identifier,Full name,Grade\nParticipant 1,A,\nParticipant 1,B,\n", "learner 1 is on line 2 too"),
    ],
)
def test_rosters_that_cannot_be_used_are_named(tmp_path, text, words):
    with pytest.raises(BadTable, match=words):
        roster(tmp_path, text)


def test_requests_that_do_not_fit_together(tmp_path):
    canvas = roster(tmp_path, CANVAS)
    with pytest.raises(BadTable, match="is not Moodle's: it looks like Canvas's"):
        exports.check(["moodle"], canvas, {"99_demo": 5.0})
    assert exports.check(["gradescope"], canvas)[0].endswith("is not filled in; add --export canvas for that.")
    with pytest.raises(BadTable, match="--column is a column of the roster"):
        exports.check(["gradescope"], None, {"99_demo": 5.0}, "HW")
    with pytest.raises(BadTable, match="several exercises would go to one column"):
        exports.check(["canvas"], canvas, {"99_demo": 5.0, "01_mnist_dense": 20.0}, "4711")


def test_marks_without_a_row_are_told(tmp_path):
    listed = [*grades(), grade(sent("55", "Eve"), mark()), grade(sent("56", "Fay", reason="empty"), None)]
    assert [each.submission.learner.id for each in exports.unlisted(["canvas"], listed, roster(tmp_path, CANVAS))] == [
        "55"
    ]
    team = grade(sent("Team Rot_45", "Team Rot"), mark())
    assert exports.unlisted(["moodle"], [*listed, team], None) == [team]
    assert exports.unlisted(["canvas", "gradescope"], [team], None) == []


PLAIN = [["learner", "points"], ["Zoë", "2,5"], ["a;b,c", "1"]]
ENCODED = {
    "UTF-8": 'learner,points\nZoë,"2,5"\n"a;b,c",1\n'.encode(),
    "Excel, UTF-8": '\ufefflearner;points\r\nZoë;2,5\r\n"a;b,c";1\r\n'.encode(),
    "Excel, Windows-1252": 'learner;points\r\nZoë;2,5\r\n"a;b,c";1\r\n'.encode("cp1252"),
    "Excel, Unicode text": "learner\tpoints\r\nZoë\t2,5\r\na;b,c\t1\r\n".encode("utf-16"),
    "Excel, big-endian": b"\xfe\xff" + "learner\tpoints\r\nZoë\t2,5\r\na;b,c\t1\r\n".encode("utf-16-be"),
    "Excel, with a separator": 'sep=;\r\nlearner;points\r\nZoë;2,5\r\n"a;b,c";1\r\n'.encode("cp1252"),
    "old Macs": 'sep=;\rlearner;points\rZoë;2,5\r"a;b,c";1\r'.encode(),
    "blank lines": 'learner,points\n\nZoë,"2,5"\n\n"a;b,c",1\n\n'.encode(),
}


@pytest.mark.parametrize("case", ENCODED)
def test_csv_files_as_spreadsheets_write_them(tmp_path, case):
    path = tmp_path / "x.csv"
    path.write_bytes(ENCODED[case])
    table = read_table(path)
    assert [table.header, *table.rows] == PLAIN
    records = list(table.records(["learner"]))
    assert records[0][1] == {"learner": "Zoë", "points": "2,5"}
    assert records[1][0].endswith(f"line {table.lines[1]}")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ('Student,ID,"a;b;c;d",HW\n', ["Student", "ID", "a;b;c;d", "HW"]),
        ("Student,ID,a;b;c;d;e,HW\n", ["Student", "ID", "a;b;c;d;e", "HW"]),
        ('Student;ID;"a,b,c,d";HW\n', ["Student", "ID", "a,b,c,d", "HW"]),
        ('Student,ID,"a ""b""; c; d; e",HW\n', ["Student", "ID", 'a "b"; c; d; e', "HW"]),
        ('Student,ID,"HW;;;;\n(5)"\n', ["Student", "ID", "HW;;;;\n(5)"]),
    ],
)
def test_a_title_may_hold_what_parts_cells_elsewhere(tmp_path, text, header):
    path = tmp_path / "x.csv"
    path.write_text(text)
    assert read_table(path).header == header


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.sampled_from(
    ['"', "\r", "\n", "\r\n", ";", "\t", " a ", "=1", "\ufeff", "\x85", "\u2028"]
)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3)), st.booleans())
def test_every_cell_is_written_as_it_was_read(rows, has_mark):
    header = ["Student", "ID", "a;b;c;d"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(csv_lines([header, *rows], has_mark))
        table = read_table(path)
    assert [table.header, *table.rows] == [header, *rows]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"a,b\n1,2,3\n", "line 2 has 3 cells, but there are 2 columns"),
        (b"\r\na,b\r\n1,2\r\n", "begins with a blank line. Delete it"),
        (b";;\r\na;b\r\n1;2\r\n", "begins with a blank line. Delete it"),
        (b'a,b\n"1,2\n', "is not a CSV file"),
        (b"a,b\n\x81,\xe9\n", "is not a CSV file"),
        (b"\xff\xfea", "is not a CSV file"),
        (b"a\0b,c\n1,2\n", "is not a CSV file"),
        (b"PK\x03\x04\x00\x00 a spreadsheet\n", "is not a CSV file"),
    ],
)
def test_files_that_are_no_csv_are_named(tmp_path, raw, words):
    path = tmp_path / "x.csv"
    path.write_bytes(raw)
    with pytest.raises(BadTable, match=words):
        read_table(path)
    with pytest.raises(BadTable, match="cannot be read"):
        read_table(tmp_path)
