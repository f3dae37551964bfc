"""From marks to grades: lateness, attempts, points by hand, tables, statistics."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import batch_demo
import drawing_demo
import grading_demo as demo
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given

from coursekit.classroom.intake.csv_files import BadTable
from coursekit.classroom.intake.learners import Learner, People
from coursekit.classroom.intake.submissions import Submission
from coursekit.classroom.marking.ledger import Mark
from coursekit.classroom.report.grades import BY_HAND, MARKED, NOT_MARKED, UNUSABLE, Grade, choose, grade
from coursekit.classroom.report.lateness import BadRule, LatePolicy, read_extensions
from coursekit.classroom.report.overrides import Override, read_overrides
from coursekit.classroom.report.statistics import item_rest_correlation, notices, statistics
from coursekit.classroom.report.tables import csv_text, grades_csv, grades_json
from coursekit.grading import NamespaceAnswers
from coursekit.grading.results import Unverified
from coursekit.printable import clean

pytestmark = pytest.mark.usefixtures("demo_lesson")
DAY = 86_400.0
EXERCISES = {"99_demo": {"softmax": 2.0, "count": 1.0, "double": 2.0}}
TWINS = [Learner("t1", "Twin"), Learner("t2", "Twin")]
PEOPLE = People([*(Learner(each, each.title()) for each in ("ada", "bob", "=ada")), *TWINS])


def submission(learner="ada", **fields):
    return Submission(f"{learner}.ipynb", Learner(learner, learner.title()), "99_demo", **fields)


def mark(points=5):
    """A mark with 0, 1 or 5 of 5 points."""
    full = {"softmax": lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(), "double": lambda x: 2 * x}
    namespace = ({"count": 10 if points else 3}) | (full if points == 5 else {})
    return Mark("k", "r", demo.exercise.run(NamespaceAnswers(namespace)), 2.0, "held")


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("rule", "late", "share"),
    [
        ("10%/day", 0, 0),
        ("10%/day", 1, 0.1),
        ("10%/day", DAY + 1, 0.2),
        ("10 % / day, at most 50 %", 99 * DAY, 0.5),
        ("1.5%/hour", 2 * 3600, 0.03),
        ("60%/day", 9 * DAY, 1.0),
        ("20%", 99 * DAY, 0.2),
        ("20%", -5, 0),
    ],
)
def test_late_penalties(rule, late, share):
    policy = LatePolicy.parse(rule, "2026-10-01T00:00:00+00:00")
    assert policy.share(policy.deadline + late) == pytest.approx(share)


def test_lateness_that_the_platform_marked_counts_once():
    policy = LatePolicy.parse("10%/day", None)
    assert policy.share(5.0, marked_late=True) == 0.1
    assert policy.share(None, marked_late=True) == 0.1
    assert policy.share(None) == 0


@pytest.mark.parametrize("rule", ["", "10", "-5%", "10%/week", "10%/day, twice"])
def test_other_rules_are_refused(rule):
    with pytest.raises(BadRule, match="not understood"):
        LatePolicy.parse(rule, None)


def test_a_penalty_takes_of_all_points_but_never_more_than_were_earned():
    policy = LatePolicy.parse("20%", "1970-01-01T00:00:00+00:00")
    full = grade(submission(submitted=9.0), mark(), late=policy)
    assert (full.points, full.penalty, full.earned) == (4, 1, 5)
    assert grade(submission(submitted=9.0), mark(0), late=policy).points == 0


def test_points_by_hand_replace_a_question_or_the_total():
    question = Override("ada", "99_demo", "count", 0.5, "half right")
    given = grade(submission(), mark(0), overrides=[question])
    assert (given.points, given.comments) == (0.5, ("half right",))
    result = given.report.questions[1]
    assert (result.status, result.message, result.expected) == ("partial", "Points given by hand.", None)
    late = LatePolicy.parse("50%", "1970-01-01T00:00:00+00:00")
    total = grade(submission(submitted=5.0), mark(), late=late, overrides=[Override("ada", "99_demo", "", 4.5, "")])
    assert (total.points, total.penalty) == (4.5, 0)


def test_overrides_are_read_as_spreadsheets_write_them(tmp_path):
    path = tmp_path / "o.csv"
    path.write_bytes(b'\xef\xbb\xbflearner;question;points;comment\r\n \'=ada ;count;1;"a; b"\r\nbob;;2.5;\r\n')
    assert read_overrides(path, EXERCISES, PEOPLE) == [
        Override("=ada", "99_demo", "count", 1, "a; b"),
        Override("bob", "99_demo", "", 2.5, ""),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("learner\nada\n", "no column points"),
        ("learner,points\neda,1\n", "line 2: there is no learner 'eda'. Did you mean 'ada'"),
        ("learner,question,points\nada,cuont,1\n", "there is no question 'cuont'. Did you mean 'count'"),
        ("learner,exercise,points\nada,7,1\n", "there is no exercise '7'"),
        ("learner,points\nada,many\n", "points are 'many'"),
        ("learner,points\nada,nan\n", "a number from 0"),
        ("learner,points\nada,-1\n", "a number from 0"),
        ("learner,points\nada,inf\n", "a number from 0"),
        ('learner,points\n"ada,1\n', "not a CSV file"),
        ("learner,points\nada\n", "points are ''"),
        ("learner,question,points\nada,count,30\n", "points are '30'; a number from 0 to 1 was expected"),
        ("learner,points\nada,47\n", "points are '47'; a number from 0 to 5 was expected"),
        ("learner,points,comment\nada,2,5,x\n", "has 4 cells, but there are 3 columns"),
        ("learner,points\nada,1\nbob,1\nAda,2\n", "line 4: a row above gives 'Ada' 1 points for the same"),
        ("learner,points\nTwin,1\n", "'Twin' is the name of several learners: t1, t2. Write the id"),
    ],
)
def test_overrides_that_cannot_be_used_are_named(tmp_path, content, words):
    path = tmp_path / "o.csv"
    path.write_text(content)
    with pytest.raises(BadTable, match=words):
        read_overrides(path, EXERCISES, PEOPLE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_overrides_from_excel_with_names_blank_lines_and_decimal_commas(tmp_path, encoding):
    path = tmp_path / "o.csv"
    text = 'Learner;Question;Points;Comment\r\nada;count;0,5;"schön"\r\nBob;;;see me\r\n;;;\r\n\r\n'
    path.write_bytes(text.encode(encoding))
    assert read_overrides(path, EXERCISES, PEOPLE) == [
        Override("ada", "99_demo", "count", 0.5, "schön"),
        Override("bob", "99_demo", "", None, "see me"),
    ]


def test_a_comment_without_points_changes_no_points():
    given = [Override("ada", "99_demo", question, None, "see me") for question in ("", "count")]
    graded = grade(submission(), mark(), overrides=given)
    assert (graded.points, graded.comments) == (5, ("see me", "see me"))
    unusable = grade(submission(reason="It is empty."), None, overrides=given)
    assert (unusable.state, unusable.has_points, unusable.comments) == (UNUSABLE, False, ("see me", "see me"))


@pytest.mark.parametrize(("total", "points"), [(None, 2.5), (4.0, 4.0), (0.0, 0.0)])
def test_points_by_hand_for_questions_count_where_nothing_could_be_marked(total, points):
    listed = [Override("ada", "99_demo", question, given, "") for question, given in (("count", 0.5), ("double", 2.0))]
    graded = grade(
        submission(reason="It is empty."), None, overrides=[*listed, Override("ada", "99_demo", "", total, "")]
    )
    assert (graded.state, graded.points) == (BY_HAND, points)


DUE = "2026-10-01T12:00:00+00:00"


def extended(tmp_path, text, deadline=DUE, **fields):
    path = tmp_path / "e.csv"
    path.write_text(text)
    late = LatePolicy.parse("10%/day", deadline)
    listed = [submission(**fields), submission("bob", late=True, platform="canvas")]
    return read_extensions(path, late, EXERCISES, PEOPLE, listed)


@pytest.mark.parametrize(
    ("row", "days"), [("ada,,2", 2), ("Ada,,0.5", 0.5), ("ada,2026-10-04T12:00+00:00,", 3), ("=ada,,1\nada,,2", 2)]
)
def test_an_extension_moves_the_deadline_of_one_learner(tmp_path, row, days):
    late, told = extended(tmp_path, f"learner,deadline,days\n{row}\n")
    assert told == []
    due = late.deadline + days * DAY
    for after, taken in ((0, 0), (1, 0.5), (DAY + 1, 1.0)):
        assert grade(submission(submitted=due + after), mark(), late=late).penalty == taken
    assert grade(submission("bob", submitted=late.deadline + 1), mark(), late=late).penalty == 0.5


def test_an_extension_for_one_who_handed_in_nothing_is_told(tmp_path):
    late, told = extended(tmp_path, "learner,exercise,days\nCyd,99_demo,3\nada,99_demo,1\n")
    assert told == [f"{tmp_path / 'e.csv'}, line 2: nothing was handed in by 'Cyd'."]
    assert list(late.extensions) == [("ada", "99_demo")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("learner,days\nada,\n", "line 2: write either a deadline or a number of days"),
        ("learner,days,deadline\nada,1,2026-10-01\n", "write either"),
        ("learner,days\nada,-1\n", "days are '-1'"),
        ("learner,days\nada,few\n", "days are 'few'"),
        ("learner,exercise,days\nada,98_x,1\n", "there is no exercise '98_x'"),
        ("learner,days\nada,1\nAda,2\n", "line 3: 'Ada' has another extension above"),
        ("learner,days\nbob,1\n", "Canvas does not tell when a late file came"),
        ("name,days\nada,1\n", "no column learner"),
    ],
)
def test_extensions_that_cannot_be_used_are_named(tmp_path, text, words):
    with pytest.raises(BadTable, match=words):
        extended(tmp_path, text)


def test_a_late_mark_at_another_exercise_is_no_obstacle(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("learner,exercise,days\nada,98_other,1\n")
    late, listed = LatePolicy.parse("10%", DUE), [submission(late=True, platform="canvas")]
    read, _ = read_extensions(path, late, ["98_other", "99_demo"], PEOPLE, listed)
    assert read.extensions == {("ada", "98_other"): late.deadline + DAY}


def test_an_extension_needs_times_that_can_be_read(tmp_path):
    with pytest.raises(BadRule, match="line 2: deadline 'next week' is not a time"):
        extended(tmp_path, "learner,deadline\nada,next week\n")
    with pytest.raises(BadTable, match="and --deadline"):
        extended(tmp_path, "learner,days\nada,1\n", deadline=None)


def test_a_day_without_an_hour_ends_at_its_end():
    due = LatePolicy.parse("10%", "2026-10-01").deadline
    assert due == LatePolicy.parse("10%", "2026-10-02T00:00").deadline
    assert due - LatePolicy.parse("10%", "2026-10-01T23:59:59").deadline == 1


NOTES = {
    "Canvas's marks": ("10%/day", None, [("canvas", None)], "one day counts for each that it marked LATE"),
    "Canvas's marks, anonymous": ("20%", DUE, [("canvas anonymous", None)], "the penalty counts for each"),
    "times of files": ("10%/day", DUE, [("", 5.0)], None),
    "one time is not known": (
        "10%/day",
        DUE,
        [("moodle", 5.0), ("moodle", None)],
        "When 1 were handed in is not known",
    ),
    "an empty class": ("10%/day", None, [], None),
}


@pytest.mark.parametrize("case", NOTES)
def test_how_lateness_is_found_is_said(case):
    rule, deadline, listed, words = NOTES[case]
    late = LatePolicy.parse(rule, deadline)
    told = late.notes([submission(platform=platform, submitted=time) for platform, time in listed])
    assert len(told) == bool(words)
    assert words is None or words in told[0]


@pytest.mark.parametrize(
    ("deadline", "platform", "words"),
    [
        (None, "", "needs a deadline"),
        (None, "moodle", "needs a deadline"),
        (DUE, "moodle", "Moodle's grading worksheet"),
        (DUE, "git", "Leave --deadline out"),
        (DUE, "gradescope", "Leave --deadline out"),
    ],
)
def test_a_penalty_without_a_time_to_trust_is_refused(deadline, platform, words):
    with pytest.raises(BadRule, match=words):
        LatePolicy.parse("10%/day", deadline).notes([submission(platform=platform)])


@pytest.mark.parametrize(("which", "counting"), [("last", 3), ("best", 2)])
def test_one_attempt_counts(which, counting):
    attempts = [grade(submission(attempt=number), mark(points)) for number, points in ((1, 0), (2, 5), (3, 1))]
    attempts.append(grade(submission(attempt=4, reason="damaged"), None))
    chosen = choose([*attempts, grade(submission("bob"), None)], which)
    assert [each.submission.attempt for each in chosen if each.counts] == [counting, 1]


def test_an_unusable_file_counts_only_where_there_is_no_other():
    damaged = replace(submission(reason="damaged"), exercise="")
    assert [each.counts for each in choose([grade(damaged, None), grade(submission(), mark())], "last")] == [
        False,
        True,
    ]
    assert choose([grade(damaged, None)], "last")[0].counts


def test_states():
    assert grade(submission(reason="damaged"), None).state == UNUSABLE
    waiting = grade(submission(), None)
    assert (waiting.state, waiting.reason) == (NOT_MARKED, "It has not been marked yet.")
    assert grade(submission(), None, "the disk is full").reason == "the disk is full"
    assert grade(submission(), mark()).state == MARKED


def test_the_table_has_a_row_for_each_submission_and_a_column_for_each_question():
    grades = [grade(submission(), mark(1)), grade(submission("bob", reason="damaged"), None)]
    first, second = rows(grades_csv(grades))
    assert (first["points"], first["max_points"], first["softmax"], first["count"]) == ("1", "5", "0", "1")
    assert (second["points"], second["notes"], second["state"]) == ("", "damaged", "unusable")


def doubted(points=5):
    """A mark with a model that could not be verified."""
    made = mark(points)
    found = Unverified("double", "model", "It answered from the learner's own process: it has `Own` layers.")
    return replace(made, report=replace(made.report, unverified=(found, replace(found, model="other"))))


def test_points_of_a_model_that_could_not_be_verified_count_and_are_listed():
    given = grade(submission(), doubted())
    assert (given.points, given.withheld) == (5, ())
    assert rows(grades_csv([given]))[0]["unverified"] == "double"
    kept = json.loads(grades_json([given], "held"))["grades"][0]["report"]["unverified"]
    assert [each["model"] for each in kept] == ["model", "other"]


def test_strict_grading_withholds_them_and_says_so():
    given = grade(submission(), doubted(), strict=True)
    assert (given.points, given.max_points, given.withheld) == (3, 5, ("double",))
    result = given.report.questions[2]
    assert result.message.startswith("2 of 2 points withheld: a model that it asks for could not be verified.")
    assert (result.points, result.status, result.parts) == (0, "failed", ())
    assert grade(submission(), doubted(0), strict=True).withheld == ()
    assert grade(submission(), mark(), strict=True).points == 5


def test_points_by_hand_are_not_withheld():
    by_hand = Override("ada", "99_demo", "double", 1.5, "I have run it.")
    given = grade(submission(), doubted(), overrides=[by_hand], strict=True)
    assert (given.points, given.withheld) == (4.5, ())


def test_columns_of_several_exercises_are_told_apart():
    other = replace(mark(), report=replace(mark().report, exercise="98_other"))
    (first, second) = rows(grades_csv([grade(submission(), mark()), grade(submission("bob"), other)]))
    assert (first["99_demo: count"], first["98_other: count"]) == ("1", "")
    assert second["98_other: count"] == "1"


STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")


@example(["", ",;"])
@given(st.lists(st.text(), min_size=2, max_size=2))
def test_no_cell_is_a_formula_and_all_is_read_back(texts):
    content = csv_text([{"a": texts[0], "b": texts[1]}], ["a", "b"])
    ((first, second),) = list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]
    for cell, text in zip((first, second), texts):
        assert cell.replace("'", "") == clean(re.sub("[\t-\r]+", " ", text)).replace("'", "")
        assert clean(cell) == cell
    # Parted at semicolons, a closing quotation mark may open a cell, which goes on over the end of its row.
    assert not [cell for cell in cells_of_any_spreadsheet(content) if cell.lstrip(" \r\n").startswith(STARTS)]


HOSTILE = [
    "a;=1+1",
    "a;\t+1",
    'a; "=1+1"',
    "=1+1",
    "a\t=1",
    "a\n=1",
    'x";"=1',
    "a;;@b",
    "a;＝1",
    ";\t@SUM(1)",
    ";\x1b[2J-1",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_part_of_a_cell_is_a_formula_where_semicolons_part_cells(text):
    content = csv_text([{"a": "x", "b": text, "c": text}], ["a", "b", "c"])
    assert not re.search("[\x1b\t]", content.decode())
    assert not [cell for cell in cells_of_any_spreadsheet(content) if cell.lstrip(' "').startswith(STARTS)]


def cells_of_any_spreadsheet(content: bytes) -> list[str]:
    """The cells of a file as programs see it that part them at commas, at semicolons or at tabs."""
    parted = (csv.reader(io.StringIO(content.decode(), newline=""), delimiter=mark) for mark in ",;\t")
    return [cell for rows in parted for row in rows for cell in row]


def test_grades_as_json_hold_every_detail_and_broken_characters():
    odd = replace(submission("a\ud800b"), notes=("x\ud800",))
    content = json.loads(grades_json([grade(odd, mark(0)), grade(submission(reason="r"), None)], "held"))
    assert content["sandbox"] == "held"
    assert [each["state"] for each in content["grades"]] == ["marked", "unusable"]
    assert content["grades"][0]["report"]["questions"][1]["got"] == "3"


def test_statistics_are_those_of_the_textbook():
    grades = [grade(submission(f"l{n}"), mark(points)) for n, points in enumerate([5, 5, 1, 0])]
    found = statistics([*grades, grade(submission("x", reason="r"), None)], "99_demo")
    assert (found.learners, found.mean, found.median, found.max_points) == (4, 2.75, 3, 5)
    assert found.counts == (1, 0, 1, 0, 0, 0, 0, 0, 0, 2)
    softmax, count, _ = found.questions
    assert (softmax.difficulty, softmax.passed, softmax.not_written) == (0.5, 2, 2)
    assert count.difficulty == 0.75
    expected = np.corrcoef([1, 1, 1, 0], [4, 4, 0, 0])[0, 1]
    assert count.discrimination == pytest.approx(expected)
    assert [(wrong.got, wrong.learners) for wrong in count.wrong] == [("3", 1)]
    assert statistics(grades[:0], "99_demo") is None


def drawn_mark(seed, **names):
    return Mark("k", "r", drawing_demo.exercise.run(drawing_demo.seeded(names, seed)), 2.0, "held")


def test_wrong_answers_are_grouped_by_part_and_hint_whatever_was_drawn():
    def first_row_only(x, axis=None):
        return np.mean(x) if axis is None else np.mean(x, axis=axis) * 0 + x[0].mean()

    wrong = [drawn_mark(str(n), luck=7, mean=np.sum) for n in range(2)]
    wrong += [drawn_mark(str(n), **drawing_demo.remembered(None)) for n in range(3)]
    wrong += [drawn_mark(str(n), luck=7, mean=first_row_only) for n in range(4)]
    found = statistics([grade(submission(f"l{n}"), each) for n, each in enumerate(wrong)], "99_demo").questions[0]
    assert len({each.report.questions[0].message for each in wrong}) > 2
    assert [(each.part, each.hint, each.learners) for each in found.wrong] == [
        ("", "Their sum over their number.", 5),
        ("rows", "One mean a row.", 4),
    ]
    assert found.wrong[0].message == wrong[0].report.questions[0].message
    assert found.wrong[0].got == wrong[0].report.questions[0].got


def test_wrong_answers_without_a_hint_of_the_check_are_grouped_by_what_went_wrong():
    def unknown(x, axis=None):
        return numbers.mean()  # noqa: F821

    def divided(x, axis=None):
        return x / 0.0 if axis else 1 / 0

    lucks = [np.zeros(3), np.zeros(4), {}, {"a": 1}, {}]
    wrong = [drawn_mark("s", luck=luck, mean=divided if n else unknown) for n, luck in enumerate(lucks)]
    mean, luck = statistics([grade(submission(f"l{n}"), each) for n, each in enumerate(wrong)], "99_demo").questions
    assert [(each.message, each.learners) for each in luck.wrong] == [
        ("`luck` is a dict.", 3),
        ("`luck` is an array of shape (3,).", 2),
    ]
    assert [(each.message.partition(",")[0], each.learners) for each in mean.wrong] == [
        ("`mean` stopped with ZeroDivisionError: division by zero", 4),
        ("`mean` stopped with NameError: name 'numbers' is not defined", 1),
    ]


def test_notices_name_learner_question_part_and_input():
    odd = drawn_mark("s", **drawing_demo.remembered(None) | {"luck": 777})
    rows = drawing_demo.remembered(None)["mean"]
    half = drawn_mark("s", mean=lambda x, axis=None: np.mean(x) if axis is None else rows(x, axis), luck=7)
    grades = [grade(submission(name), each) for name, each in (("ada", odd), ("bob", half), ("cyd", mark(5)))]
    one, flagged, part = notices(grades)
    assert (one.learner, one.question, one.part, one.flag) == ("Ada", "A mean", "", "")
    assert one.drawn == odd.report.questions[0].drawn
    assert (flagged.learner, flagged.question, flagged.flag) == ("Ada", "Luck", "luck is 777: is that likely?")
    assert (part.learner, part.part, part.drawn.endswith("axis=1)")) == ("Bob", "rows", True)
    assert notices([replace(each, counts=False) for each in grades]) == []


def test_of_private_questions_a_learner_sees_neither_inputs_nor_flags():
    made = drawn_mark("s", **drawing_demo.remembered(None) | {"luck": 777})
    seen = grade(submission(), replace(made, private=("mean", "luck")))
    assert [(each.drawn, each.flags, each.parts[:0]) for each in seen.report.questions] == [(None, (), ())] * 2
    assert seen.flags == (("Luck", "luck is 777: is that likely?"),)
    assert [each.drawn for each in notices([seen])] == [""]


def test_discrimination_needs_differences():
    assert item_rest_correlation(np.ones(3), np.arange(3.0)) is None
    assert item_rest_correlation(np.arange(3.0), -np.arange(3.0)) == -1


def test_a_class_of_stand_ins_is_a_class(tmp_path):
    assert batch_demo.three(tmp_path).exercise == "99_demo"
    assert isinstance(grade(submission(), mark()), Grade)
