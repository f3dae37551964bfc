"""A class is graded: nothing marked twice, nothing lost, one bad submission costs nobody else anything."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace

import batch_demo
import grading_demo as demo
import pytest
from batch_demo import StandIn
from dask_processes import wait_until

from coursekit import files
from coursekit.classroom import pipeline
from coursekit.classroom.intake import submissions
from coursekit.classroom.intake.csv_files import BadTable
from coursekit.classroom.intake.learners import Learner
from coursekit.classroom.intake.sources import FolderSource
from coursekit.classroom.intake.submissions import Submission
from coursekit.classroom.marking import ledger
from coursekit.classroom.marking.private import UnusableChecks
from coursekit.classroom.report.exports import UnknownFormat
from coursekit.classroom.report.grades import BY_HAND, MARKED, NOT_MARKED, UNUSABLE
from coursekit.classroom.report.lateness import BadRule
from coursekit.classroom.settings import NAME, GradingSettings, NoBatch, OtherBatch, keep_batch, read_batch
from coursekit.executors import Halted
from coursekit.files import CannotWrite
from coursekit.grading import notebook_file
from coursekit.grading.results import Unverified
from coursekit.worker.failures import BadCheck

pytestmark = pytest.mark.usefixtures("demo_lesson")

EXTRA = """
from coursekit.grading import Exercise

exercise = Exercise("99_demo")


@exercise.question("secret", points=2, title="A private check")
def secret(answers, expect):
    "The statement that nobody sees: 4711."
    with expect.part(points=1, title="first"):
        expect.equal(answers.call("double", 2355.5), 4711.0, hint="The secret is 4711.")
    expect.true(answers.value("count") == 4711, "it is not 4711", expected="4711", hint="4711")
"""


PATHS = os.pathsep.join(filter(None, sys.path))

# The beginning of a program that grades the folder in its first argument into the second.
ELSEWHERE = """
import os, pathlib, signal, sys
sys.path[:0] = sys.argv[3].split(os.pathsep)
import demo_command, test_pipeline as t
demo_command.add_demo_lesson()
settings, out = t.GradingSettings(submissions=sys.argv[1], exercise="99_demo"), pathlib.Path(sys.argv[2])
"""


def points(result):
    return {each.submission.learner.id: each.points for each in result.grades}


def grade(folder, settings, marker=None, **options):
    marker = marker or StandIn()
    return pipeline.grade_class(folder / "out", settings, marker, **options), marker


def test_a_class_is_graded_and_a_second_time_nothing_runs(tmp_path):
    settings = batch_demo.three(tmp_path / "in")
    (tmp_path / "in" / "dan.ipynb").write_text("no notebook")
    result, marker = grade(tmp_path, settings, StandIn(jobs=2))
    assert points(result) == {"ada": 5, "bob": 2, "cyd": 4, "dan": 0}
    assert [each.state for each in result.grades] == [MARKED] * 3 + [UNUSABLE]
    assert sorted(marker.marked) == ["ada.ipynb", "bob.ipynb", "cyd.ipynb"]
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    again, marker = grade(tmp_path, settings)
    assert marker.marked == []
    assert again.resumed == 3
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(("room", "times"), [(submissions.HELD, 1), (0, 3)])
def test_a_notebook_is_read_once_where_the_class_has_room(tmp_path, monkeypatch, room, times):
    settings, parsed, read = batch_demo.three(tmp_path / "in"), [], []
    (tmp_path / "in" / "dan.ipynb").write_text("no notebook")

    def count(counted, name, place, attribute):
        before = getattr(place, attribute)
        monkeypatch.setattr(place, attribute, lambda *given: counted.append(name(given)) or before(*given))

    count(parsed, lambda given: given[0].name, notebook_file, "_json")
    count(read, lambda given: str(given[1]), FolderSource, "read")
    monkeypatch.setattr(submissions, "HELD", room)
    result, _ = grade(tmp_path, settings)
    assert points(result) == {"ada": 5, "bob": 2, "cyd": 4, "dan": 0}
    assert parsed.count("dan.ipynb") == 1
    assert [parsed.count(f"{each}.ipynb") for each in ("ada", "bob", "cyd")] == [times] * 3
    assert sorted(read) == sorted(parsed)


def test_all_results_are_on_the_disk_before_similar_work_is_looked_for(tmp_path, monkeypatch):
    def search(works, given):
        assert all(sum(map(len, work)) for work in works)
        raise KeyboardInterrupt

    monkeypatch.setattr("coursekit.classroom.report.outputs.similar_pairs", search)
    settings = replace(batch_demo.three(tmp_path / "in"), exports=("gradescope",))
    with pytest.raises(KeyboardInterrupt):
        pipeline.grade_class(tmp_path / "out", settings, StandIn())
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written >= {"grades.csv", "grades.json", "class.html", "feedback", "gradescope"}
    assert len(list((tmp_path / "out" / "feedback").iterdir())) == 3


def test_the_same_content_is_marked_once(tmp_path):
    settings = batch_demo.write_class(tmp_path / "in", ada=(demo.COUNT,), bob=(demo.COUNT,))
    result, marker = grade(tmp_path, settings)
    assert len(marker.marked) == 1
    assert points(result) == {"ada": 1, "bob": 1}


def test_a_change_of_content_checks_or_time_limit_is_marked_anew(tmp_path, monkeypatch):
    settings = batch_demo.three(tmp_path / "in")
    grade(tmp_path, settings)
    demo.write_notebook(tmp_path / "in" / "bob.ipynb", demo.SETUP, demo.COUNT)
    result, marker = grade(tmp_path, settings)
    assert marker.marked == ["bob.ipynb"]
    assert points(result)["bob"] == 1
    assert len(grade(tmp_path, replace(settings, cell_seconds=5.0))[1].marked) == 3
    question = demo.exercise.questions["count"]
    monkeypatch.setitem(demo.exercise.questions, "count", replace(question, points=3))
    assert len(grade(tmp_path, settings)[1].marked) == 3


@pytest.mark.parametrize(
    "error", [RuntimeError("odd\x1b[2J"), BadCheck("badly made"), MemoryError(), OSError(5, "I/O")]
)
def test_one_that_cannot_be_marked_is_a_row_and_is_tried_again(tmp_path, error):
    settings = batch_demo.three(tmp_path / "in")

    def fail(job, task):
        if job.submission.learner.id == "bob":
            raise error

    result, _ = grade(tmp_path, settings, StandIn(before=fail, jobs=2))
    assert points(result) == {"ada": 5, "bob": 0, "cyd": 4}
    (bob,) = (each for each in result.grades if each.state == NOT_MARKED)
    assert type(error).__name__ in bob.reason
    assert "\x1b" not in bob.reason
    result, marker = grade(tmp_path, settings)
    assert marker.marked == ["bob.ipynb"]
    assert points(result)["bob"] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_cleanly_and_the_next_run_goes_on(tmp_path, number):
    settings = batch_demo.three(tmp_path / "in")

    def interrupt(job, task):
        if job.submission.learner.id == "bob":
            os.kill(os.getpid(), number)
            wait_until(task.halted)
            raise Halted

    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    result, marker = grade(tmp_path, settings, StandIn(before=interrupt))
    assert result.outcome.interrupted
    assert marker.marked == ["ada.ipynb"]
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert (tmp_path / "out" / "grades.csv").is_file()
    result, marker = grade(tmp_path, settings)
    assert sorted(marker.marked) == ["bob.ipynb", "cyd.ipynb"]
    assert points(result) == {"ada": 5, "bob": 2, "cyd": 4}


def test_no_more_jobs_run_at_once_than_asked_for(tmp_path):
    settings = batch_demo.write_class(tmp_path / "in", **{f"l{n}": (f"count = {n}",) for n in range(8)})
    running, most, lock = [0], [0], threading.Lock()

    def count(job, task):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1

    grade(tmp_path, settings, StandIn(before=count, jobs=3))
    assert most == [3]


def test_after_kill_9_nothing_is_lost_and_nothing_is_marked_twice(tmp_path):
    folder = tmp_path / "in"
    batch_demo.write_class(folder, **{f"l{n}": (f"count = {n}",) for n in range(12)})
    code = (
        "seen = []\n"
        "def before(job, task):\n    seen.append(job)\n"
        "    print(job.submission.file, flush=True)\n"
        "    if len(seen) == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "t.pipeline.grade_class(out, settings, t.StandIn(before=before))\n"
    )
    command = [sys.executable, "-c", ELSEWHERE + code, str(folder), str(tmp_path / "out"), PATHS]
    begun = []
    for _ in range(5):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        begun += done.stdout.split()
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.returncode == 0
    lines = (tmp_path / "out" / ledger.NAME).read_text().splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    assert len(keys) == len(set(keys)) == 12
    assert len(begun) == 12 + 2  # the two that were running when it was killed run again
    assert json.loads((tmp_path / "out" / "grades.json").read_text())["grades"][11]["state"] == MARKED


def test_a_full_disk_is_an_error_and_the_next_run_goes_on(tmp_path, monkeypatch):
    settings = batch_demo.three(tmp_path / "in")
    add, calls = ledger.Ledger.add, []

    def full(self, mark, answers):
        calls.append(mark)
        if len(calls) == 2:
            raise CannotWrite(self.path, OSError(errno.ENOSPC, "the disk is full"))
        add(self, mark, answers)

    with monkeypatch.context() as patch:
        patch.setattr(ledger.Ledger, "add", full)
        with pytest.raises(CannotWrite, match="the disk is full"):
            grade(tmp_path, settings)
    _, marker = grade(tmp_path, settings)
    assert len(marker.marked) == 2


def test_on_a_small_disk_that_is_full_no_mark_is_lost(tmp_path):
    folder, disk = tmp_path / "in", tmp_path / "disk"
    batch_demo.write_class(folder, **{f"l{n:02}": (f"count = {n}",) for n in range(40)})
    disk.mkdir()
    code = (
        "ballast = out.parent / 'ballast'\n"
        "ballast.write_bytes(bytes(1_950_000))\n"
        "try:\n    t.pipeline.grade_class(out, settings, t.StandIn())\n"
        "except t.CannotWrite as error:\n    print(error)\n"
        "print(len((out / t.ledger.NAME).read_text().splitlines()))\n"
        "ballast.unlink()\n"
        "marker = t.StandIn()\n"
        "result = t.pipeline.grade_class(out, settings, marker)\n"
        "print(result.resumed + len(marker.marked), len((out / t.ledger.NAME).read_text().splitlines()))\n"
    )
    inside = ["bwrap", "--dev-bind", "/", "/", "--size", str(2**21), "--tmpfs", str(disk), "--die-with-parent"]
    arguments = [str(folder), str(disk / "out"), PATHS]
    command = [*inside, sys.executable, "-c", ELSEWHERE + code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    told, kept, all_marks = done.stdout.splitlines()
    assert "No space left on device" in told
    assert "safe. Make room, then give the same command again" in told
    assert 0 < int(kept) < 40
    assert all_marks == "40 40"


@pytest.mark.parametrize("part", ["answers", "outputs"])
def test_a_disk_that_is_full_elsewhere_is_told(tmp_path, monkeypatch, part):
    replace = files._replace

    def full(path, content, *options):
        if path.match("*.answers" if part == "answers" else "grades.json"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(path, content, *options)

    monkeypatch.setattr(files, "_replace", full)
    with pytest.raises(CannotWrite, match=r"No space left on device\. The marks in the ledger are safe"):
        grade(tmp_path, batch_demo.three(tmp_path / "in"))


def test_private_checks_count_and_tell_nothing(tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "extra.py").write_text(EXTRA)
    settings = replace(
        batch_demo.three(tmp_path / "in"), checks=str(tmp_path / "private"), exports=("gradescope", "classroom")
    )
    result, _ = grade(tmp_path, settings)
    ada = result.grades[0]
    assert (ada.points, ada.max_points) == (6, 7)
    assert ada.report.questions[-1].status == "partial"
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file() and path.name != ledger.NAME and path.suffix != ".answers":
            assert b"4711" not in path.read_bytes(), path
    page = next((tmp_path / "out" / "feedback").glob("ada*")).read_text()
    assert "A private check" in page
    assert "1 of 2 points" in page


def test_a_file_that_cannot_be_used_is_in_the_exports_and_can_be_marked_by_hand(tmp_path):
    settings = replace(batch_demo.three(tmp_path / "in"), exports=("canvas",))
    (tmp_path / "in" / "dan.ipynb").write_text("no notebook")
    result, _ = grade(tmp_path, settings)
    assert result.grades[3].state == UNUSABLE
    canvas = tmp_path / "out" / "canvas" / "99_demo.csv"
    assert canvas.read_text().splitlines()[-1] == "dan,,,,,"
    by_hand = tmp_path / "by-hand.csv"
    by_hand.write_text("learner,question,points,comment\ndan,,4,Seen on paper.\nada,,3,\n")
    result, marker = grade(tmp_path, replace(settings, overrides=str(by_hand)))
    assert marker.marked == []
    ada, dan = result.grades[0], result.grades[3]
    assert (ada.state, ada.points) == (MARKED, 3)
    assert (dan.state, dan.points, dan.max_points) == (BY_HAND, 4, 5)
    assert canvas.read_text().splitlines()[-1] == "dan,,,,,4"
    page = next((tmp_path / "out" / "feedback").glob("dan*")).read_text()
    for words in ("4 of 5 points", "given by hand", "Seen on paper.", "not JSON"):
        assert words in page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "holds no private checks"),
        ("x = (", "cannot be loaded: SyntaxError"),
        ("import sys\nsys.exit(3)", "cannot be loaded: SystemExit: 3"),
        (f"# -*- coding: latin-1 -*-\n# ö\n{EXTRA}".encode("latin-1"), "is not encoded as UTF-8 .* Save it as UTF-8"),
        ("x = 1", "makes no `exercise`"),
        (EXTRA.replace('"secret"', '"count"'), "has a question 'count' already"),
    ],
)
def test_private_checks_that_cannot_be_used_are_named(tmp_path, content, words):
    (tmp_path / "private").mkdir()
    if content:
        (tmp_path / "private" / "extra.py").write_bytes(content if isinstance(content, bytes) else content.encode())
    settings = replace(batch_demo.three(tmp_path / "in"), checks=str(tmp_path / "private"))
    with pytest.raises(UnusableChecks, match=words):
        grade(tmp_path, settings)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"late_penalty": "a lot"}, BadRule),
        ({"late_penalty": "10%/day", "deadline": "tomorrow"}, BadRule),
        ({"late_penalty": "10%/day"}, BadRule),
        ({"deadline": "2026-10-01"}, BadRule),
        ({"extensions": "nothing.csv"}, BadRule),
        ({"late_penalty": "10%/day", "deadline": "2026-10-01", "extensions": "nothing.csv"}, BadTable),
        ({"feedback_zip": True}, UnknownFormat),
        ({"column": "HW"}, BadTable),
        ({"exports": ("sakai",)}, UnknownFormat),
        ({"roster": "nothing.csv", "exports": ("canvas",)}, BadTable),
        ({"roster": "nothing.csv"}, BadTable),
        ({"overrides": "nothing.csv"}, BadTable),
    ],
)
def test_mistakes_in_the_request_show_before_anything_runs(tmp_path, change, error):
    marker = StandIn()
    with pytest.raises(error):
        grade(tmp_path, replace(batch_demo.three(tmp_path / "in"), **change), marker)
    assert marker.marked == []


def test_marks_of_others_are_never_replaced(tmp_path):
    settings = batch_demo.three(tmp_path / "in")
    grade(tmp_path, settings)
    kept = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    other = batch_demo.write_class(tmp_path / "other", dan=(demo.COUNT,), ada=(demo.COUNT,))
    part = batch_demo.write_class(tmp_path / "part", ada=(demo.COUNT,), bob=(demo.DOUBLE,))
    for later, names in ((other, "2 of its learners .*: bob, cyd"), (part, "1 of its learners .*: cyd")):
        marker = StandIn()
        with pytest.raises(OtherBatch, match=names):
            grade(tmp_path, later, marker)
        with pytest.raises(OtherBatch, match=r"--out; if they are to go, delete .*batch\.json"):
            pipeline.rehearse(tmp_path / "out", later)
        assert marker.marked == []
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_newer_export_of_the_same_class_goes_on(tmp_path):
    grade(tmp_path, batch_demo.three(tmp_path / "in"))
    batch_demo.three(tmp_path / "newer")
    newer = batch_demo.write_class(tmp_path / "newer", bob=(demo.COUNT,), dan=(demo.COUNT,))
    (tmp_path / "newer" / "cyd.ipynb").rename(tmp_path / "newer" / "cydney.ipynb")  # the same content is the same work
    result, marker = grade(tmp_path, newer)
    assert marker.marked == ["bob.ipynb"]  # of one content with dan's
    assert result.told == (f"submissions: {str(tmp_path / 'newer')!r}, was {str(tmp_path / 'in')!r} before.",)


def test_options_that_changed_are_told(tmp_path):
    settings = batch_demo.three(tmp_path / "in")
    late = replace(settings, late_penalty="10%", deadline="2026-10-01")
    assert grade(tmp_path, late)[0].told == ()
    assert grade(tmp_path, settings)[0].told == (
        "late_penalty: '', was '10%' before.",
        "deadline: '', was '2026-10-01' before.",
    )


def test_a_second_grader_leaves_the_first_ones_settings(tmp_path):
    settings = batch_demo.three(tmp_path / "in")
    grade(tmp_path, settings)
    with ledger.Ledger(tmp_path / "out"), pytest.raises(ledger.LedgerInUse):
        grade(tmp_path, replace(settings, strict=True))
    assert read_batch(tmp_path / "out").settings == settings


def test_a_batch_of_another_version_is_written_anew(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NAME).write_text('{"format": 99}')
    assert "is written anew" in grade(tmp_path, batch_demo.three(tmp_path / "in"))[0].told[0]
    assert read_batch(tmp_path / "out").settings.exercise == "99_demo"


def moodle_class(tmp_path):
    """Ada, who is in the worksheet, a team, whose number is Bob's there, and the worksheet."""
    for name, folder in (("ada", "Ada_11"), ("bob", "Team Rot_12")):
        path = tmp_path / "in" / f"{folder}_assignsubmission_file" / "x.ipynb"
        path.parent.mkdir(parents=True)
        demo.write_notebook(path, demo.SETUP, demo.COUNT, f"# {name}")
    (tmp_path / "w.csv").write_text(
        "Identifier,Full name,Grade,Maximum Grade,Last modified (submission),Last modified (grade)\n"
        'Participant 11,Ada,,50,"Thursday, 1 October 2026, 8:00 PM",-\nParticipant 12,Bob,3,50,-,-\n'
    )
    settings = GradingSettings(str(tmp_path / "in"), "99_demo", exports=("moodle",), feedback_zip=True)
    return replace(settings, roster=str(tmp_path / "w.csv"))


def test_a_moodle_class_with_its_worksheet(tmp_path):
    settings = replace(moodle_class(tmp_path), late_penalty="10%/day", deadline="2026-09-30T19:00")
    settings = replace(settings, extensions=str(tmp_path / "e.csv"))
    (tmp_path / "e.csv").write_text("learner,days\nAda,1\nCyd,3\n")
    result, _ = grade(tmp_path, settings)
    assert [(each.submission.learner.id, each.penalty) for each in result.grades] == [("11", 0.5), ("Team Rot_12", 0)]
    assert [each.submission.learner.id for each in result.unlisted] == ["Team Rot_12"]
    rows = (tmp_path / "out" / "moodle" / "99_demo.csv").read_text().splitlines()
    assert rows[1].startswith('Participant 11,Ada,5,50,"Thursday, 1 October 2026, 8:00 PM",-')
    assert rows[2] == "Participant 12,Bob,3,50,-,-"
    assert "1 with a mark that no export holds" in (tmp_path / "out" / "class.html").read_text()
    with zipfile.ZipFile(tmp_path / "out" / "feedback.zip") as archive:
        assert archive.namelist() == ["Ada_11_assignsubmission_file_/feedback_99_demo.html"]
    unknown, nobody = result.told[-2:]
    assert unknown == "When 1 were handed in is not known, so nothing is taken off: Team Rot."
    assert nobody == f"{tmp_path / 'e.csv'}, line 3: nothing was handed in by 'Cyd'."


def test_pages_that_the_zip_of_feedback_cannot_hold_are_told(tmp_path):
    settings = moodle_class(tmp_path)
    result, _ = grade(tmp_path, replace(settings, exports=()))
    assert [each.submission.learner.id for each in result.unlisted] == ["Team Rot_12"]
    default = tmp_path / "in" / "Default group_assignsubmission_file"
    (tmp_path / "in" / "Team Rot_12_assignsubmission_file").rename(default)
    result, _ = grade(tmp_path, replace(settings, exports=(), roster=""))
    assert {each.submission.learner.id for each in result.unlisted} == {"Ada_11", "Default group"}


def test_where_all_count_as_one_learners_it_is_told(tmp_path):
    told = (
        "All 2 notebooks count as attempts of one learner, {}. If they are several learners', name the folder that "
        "holds theirs, or each file after its learner."
    )
    for name in ("ada", "bob"):
        (tmp_path / "in" / "class" / name).mkdir(parents=True)
        demo.write_notebook(tmp_path / "in" / "class" / name / "x.ipynb", demo.SETUP, demo.COUNT, f"# {name}")
    result, _ = grade(tmp_path, GradingSettings(str(tmp_path / "in"), "99_demo"))
    assert result.told == (told.format("class"),)
    inner = GradingSettings(str(tmp_path / "in" / "class"), "99_demo")
    assert pipeline.rehearse(tmp_path / "other", inner)[1] == []
    (tmp_path / "in" / "class" / "ada" / "x.ipynb").rename(tmp_path / "in" / "99_demo.ipynb")
    assert pipeline.rehearse(tmp_path / "other", GradingSettings(str(tmp_path / "in"), "99_demo"))[1] == []
    (tmp_path / "in" / "class" / "bob" / "x.ipynb").rename(tmp_path / "in" / "99_demo (1).ipynb")
    downloads = pipeline.rehearse(tmp_path / "other", GradingSettings(str(tmp_path / "in"), "99_demo"))
    assert downloads[1] == [told.format("99_demo")]


def test_points_by_hand_are_given_under_the_rosters_names(tmp_path):
    settings = moodle_class(tmp_path)
    (tmp_path / "w.csv").write_text((tmp_path / "w.csv").read_text().replace("11,Ada,", '11,"Áda",'))
    (tmp_path / "o.csv").write_text("learner,points\nÁda,2\nTeam Rot,4\n")
    result, _ = grade(tmp_path, replace(settings, overrides=str(tmp_path / "o.csv")))
    assert points(result) == {"11": 2, "Team Rot_12": 4}


def test_numbers_of_one_platform_are_never_taken_for_anothers(tmp_path):
    settings = moodle_class(tmp_path)
    (tmp_path / "g.csv").write_text("Student,ID,Section,99_demo\n    Points Possible,,,5\nEve,11,S,\n")
    with pytest.raises(BadTable, match="is Canvas's, and the submissions are another's"):
        grade(tmp_path, replace(settings, roster=str(tmp_path / "g.csv"), exports=("canvas",)))
    assert "a team's number would be taken" in pipeline.rehearse(tmp_path / "out", replace(settings, roster=""))[1][0]


def test_a_worksheet_in_another_language_takes_grades_and_has_no_times(tmp_path):
    settings = moodle_class(tmp_path)
    (tmp_path / "w.csv").write_text(
        "ID,Vollständiger Name,Bewertung,Bestwertung,Zuletzt geändert (Abgabe)\n"
        'Teilnehmer/in 11,Ada,,"50,00","Donnerstag, 1. Oktober 2026, 20:00"\nTeilnehmer/in 12,Bob,3,"50,00",-\n'
    )
    grade(tmp_path, settings)
    rows = (tmp_path / "out" / "moodle" / "99_demo.csv").read_text().splitlines()
    assert [row[:24] for row in rows[1:]] == ["Teilnehmer/in 11,Ada,10,", 'Teilnehmer/in 12,Bob,3,"']
    with pytest.raises(BadRule, match="in English"):
        grade(tmp_path, replace(settings, late_penalty="10%/day", deadline="2026-09-30"))


def test_a_rehearsal_tells_the_same_and_leaves_nothing(tmp_path):
    settings = moodle_class(tmp_path)
    listed, told = pipeline.rehearse(tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()
    result, _ = grade(tmp_path, settings)
    assert ([each.submission for each in result.grades], list(result.told)) == (listed, told)


def corrected(monkeypatch, body):
    monkeypatch.setitem(demo.exercise.questions, "count", replace(demo.exercise.questions["count"], body=body))


def test_regrade_marks_from_what_was_recorded(tmp_path, monkeypatch):
    settings = batch_demo.three(tmp_path / "in")
    grade(tmp_path, settings)
    for path in (tmp_path / "in").iterdir():
        path.unlink()

    def eleven_too(answers, expect):
        expect.true(answers.value("count") in (10, 11), "neither 10 nor 11")

    corrected(monkeypatch, eleven_too)
    out = tmp_path / "out"
    result = pipeline.regrade_class(out, read_batch(out).settings)
    assert points(result) == {"ada": 5, "bob": 2, "cyd": 5}
    assert result.rerun == ()
    again = pipeline.regrade_class(out, read_batch(out).settings)
    assert (again.resumed, points(again)) == (3, points(result))


def test_regrade_says_what_needs_a_new_run_and_runs_it_when_asked(tmp_path, monkeypatch):
    settings = batch_demo.three(tmp_path / "in")
    grade(tmp_path, settings)

    def doubled_will_do(answers, expect):
        count = answers.value("count")
        expect.true(count == 10 or answers.call("double", 5.5) == count, "neither")

    corrected(monkeypatch, doubled_will_do)
    out = tmp_path / "out"
    result = pipeline.regrade_class(out, read_batch(out).settings)
    assert {each.learner.id for each in result.rerun} == {"cyd"}
    cyd = result.grades[2]
    assert (cyd.outdated, cyd.points) == (True, 4)
    assert "needs a new run" in (out / "grades.csv").read_text()
    marker = StandIn()
    result = pipeline.regrade_class(out, read_batch(out).settings, marker)
    assert marker.marked == ["cyd.ipynb"]
    assert result.rerun == ()
    assert points(result)["cyd"] == 5


def test_regrade_after_damage_runs_again_what_it_must(tmp_path, monkeypatch):
    settings = batch_demo.three(tmp_path / "in")
    grade(tmp_path, settings)
    files = sorted((tmp_path / "out" / "answers").iterdir())
    files[0].write_bytes(files[0].read_bytes()[:-10])
    files[1].unlink()
    corrected(monkeypatch, lambda answers, expect: expect.equal(answers.value("count"), 10))
    assert len(pipeline.regrade_class(tmp_path / "out", read_batch(tmp_path / "out").settings).rerun) == 2


def test_doubts_and_strictness_outlive_a_regrade(tmp_path, monkeypatch):
    out, marker = tmp_path / "out", batch_demo.StandIn()
    settings = replace(batch_demo.three(tmp_path / "in"), strict=True)
    pipeline.grade_class(out, settings, marker)
    with ledger.Ledger(out) as opened:
        earlier = next(each for each in opened.marks.values() if each.report.points == 5)
        doubts = tuple(Unverified(name, "model", "It has layers of its own.") for name in ("double", "gone"))
        opened.add(replace(earlier, report=replace(earlier.report, unverified=doubts)))
    count = demo.exercise.questions["count"]
    monkeypatch.setitem(demo.exercise.questions, "count", replace(count, title="Another title"))
    result = pipeline.regrade_class(out, read_batch(out).settings)
    assert result.rerun == ()
    ada = result.grades[0]
    assert (ada.points, ada.withheld) == (3, ("double",))
    assert [each.question for each in ada.report.unverified] == ["double"]
    assert "double" in (out / "grades.csv").read_text()
    assert "withheld" in (out / "class.html").read_text()


def test_regrade_of_what_was_never_graded(tmp_path):
    with pytest.raises(NoBatch, match="holds no graded class"):
        read_batch(tmp_path)
    (tmp_path / NAME).write_text("{")
    with pytest.raises(NoBatch, match="cannot be read"):
        read_batch(tmp_path)
    for other in ('{"format": 99}', "[]", '{"format": 1, "settings": {"submissions": 5}, "submissions": []}'):
        (tmp_path / NAME).write_text(other)
        with pytest.raises(NoBatch, match="another version"):
            read_batch(tmp_path)


def test_settings_and_submissions_come_back_as_they_were(tmp_path):
    settings = GradingSettings("in", seconds=5.0, exports=("canvas", "moodle"))
    odd = Submission("caf\udce9.ipynb", Learner("7", "Zoë"), submitted=1.5, notes=("one", "two"))
    keep_batch(tmp_path, settings, [odd])
    batch = read_batch(tmp_path)
    assert (batch.settings, batch.submissions) == (settings, [odd])


def test_a_full_disk_at_the_beginning_is_told_and_an_earlier_batch_stands(tmp_path, monkeypatch):
    keep_batch(tmp_path, GradingSettings("in"), [])

    def full(path, content, *options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "_replace", full)
    with pytest.raises(files.CannotWrite, match=r"batch\.json cannot be written: No space left on device\. Make room"):
        keep_batch(tmp_path, GradingSettings("elsewhere"), [])
    assert read_batch(tmp_path).settings == GradingSettings("in")
