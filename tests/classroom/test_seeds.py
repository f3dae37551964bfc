"""What is drawn for a submission follows from its content and the secret of its batch; marks repeat."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace

import batch_demo
import drawing_demo
import pytest
from batch_demo import StandIn
from test_pipeline import ELSEWHERE, PATHS

from coursekit.classroom import pipeline
from coursekit.classroom.marking import seeds
from coursekit.classroom.marking.ledger import Ledger
from coursekit.classroom.marking.seeds import UnusableSecret, draws_seed, random_state, read_secret, secret_of
from coursekit.classroom.settings import read_batch
from coursekit.files import CannotRead, CannotWrite
from coursekit.grading.recording import Replies

ANSWERED = (drawing_demo.MEAN, drawing_demo.LUCK)
REMEMBERED = (drawing_demo.remembering_cell(), drawing_demo.LUCK)


@pytest.fixture
def drawing(demo_lesson, monkeypatch):
    """The course with the exercise that draws."""
    monkeypatch.setattr(sys.modules["coursekit.checks.demo"], "exercise", drawing_demo.exercise)


def seeds_of(out):
    """The seeds in the recordings of a batch, by file."""
    batch = read_batch(out)
    with Ledger(out) as ledger:
        runs = {
            job.submission.digest: job.run for job in pipeline._Plan(batch.submissions, batch.settings).jobs.values()
        }
        return {
            each.file: Replies(ledger.answers(runs[each.digest]).read_bytes()).seed
            for each in batch.submissions
            if each.usable
        }


def points(result):
    return {each.submission.learner.id: each.points for each in result.grades}


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path):
    assert read_secret(tmp_path) is None
    made = secret_of(tmp_path)
    assert len(made) == 32
    assert secret_of(tmp_path) == read_secret(tmp_path) == made
    assert (tmp_path / seeds.NAME).read_text() == made.hex() + "\n"
    assert stat.S_IMODE((tmp_path / seeds.NAME).stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [seeds.NAME]
    (tmp_path / "another").mkdir()
    assert secret_of(tmp_path / "another") != made


@pytest.mark.parametrize("content", [b"", b"ab" * 31, b"ab" * 33, b"xy" * 32, "é".encode() * 32])
def test_a_damaged_secret_is_named_and_never_replaced(tmp_path, content):
    (tmp_path / seeds.NAME).write_bytes(content)
    with pytest.raises(UnusableSecret, match="secret is damaged: it should hold 64 hexadecimal digits"):
        secret_of(tmp_path)
    assert (tmp_path / seeds.NAME).read_bytes() == content


def test_a_secret_that_cannot_be_read_or_written_is_named(tmp_path, monkeypatch):
    (tmp_path / seeds.NAME).mkdir()
    with pytest.raises(CannotRead, match="secret cannot be read"):
        secret_of(tmp_path)
    (tmp_path / seeds.NAME).rmdir()

    def full(*descriptors):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CannotWrite, match=r"secret cannot be written: No space left on device\. Make room"):
        secret_of(tmp_path)
    assert os.listdir(tmp_path) == []


def test_seeds_differ_in_secret_content_and_exercise():
    made = {draws_seed(*each) for each in ((b"a", "d", "x"), (b"b", "d", "x"), (b"a", "e", "x"), (b"a", "d", "y"))}
    assert len(made) == 4
    assert random_state("d") != random_state("e")
    assert 0 <= random_state("d") < 2**32


@pytest.mark.usefixtures("drawing")
def test_two_submissions_get_different_draws_and_the_same_content_the_same(tmp_path):
    settings = batch_demo.write_class(
        tmp_path / "in", ada=ANSWERED, bob=(*ANSWERED, "# mine"), cyd=ANSWERED, dan=REMEMBERED
    )
    result = pipeline.grade_class(tmp_path / "out", settings, StandIn())
    assert points(result) == {"ada": 5, "bob": 5, "cyd": 5, "dan": 2}
    found = seeds_of(tmp_path / "out")
    assert found["ada.ipynb"] == found["cyd.ipynb"]
    assert len(set(found.values())) == 3
    secret = read_secret(tmp_path / "out")
    assert found == {
        each.submission.file: draws_seed(secret, each.submission.digest, "99_demo") for each in result.grades
    }
    pipeline.grade_class(tmp_path / "elsewhere", settings, StandIn())
    assert not set(found.values()) & set(seeds_of(tmp_path / "elsewhere").values())


@pytest.mark.usefixtures("drawing")
def test_where_nothing_has_to_run_no_secret_is_made_or_read(tmp_path):
    settings, out = batch_demo.write_class(tmp_path / "in", ada=ANSWERED), tmp_path / "out"
    pipeline.grade_class(out, settings, StandIn())
    (out / seeds.NAME).write_text("damaged")
    assert pipeline.grade_class(out, settings, StandIn()).resumed == 1
    (out / seeds.NAME).unlink()
    assert pipeline.grade_class(out, settings, StandIn()).resumed == 1
    assert read_secret(out) is None
    (out / seeds.NAME).write_text("damaged")
    with pytest.raises(UnusableSecret):
        pipeline.grade_class(out, replace(settings, seconds=5.0), StandIn())


@pytest.mark.usefixtures("drawing")
def test_a_regrade_replays_the_same_draws_without_the_secret(tmp_path, monkeypatch):
    settings = batch_demo.write_class(tmp_path / "in", ada=ANSWERED, dan=REMEMBERED)
    out = tmp_path / "out"
    before = pipeline.grade_class(out, settings, StandIn())
    (out / seeds.NAME).unlink()
    question = drawing_demo.exercise.questions["mean"]
    monkeypatch.setitem(drawing_demo.exercise.questions, "mean", replace(question, title="Another title"))
    after = pipeline.regrade_class(out, read_batch(out).settings)
    assert after.rerun == ()
    assert points(after) == points(before) == {"ada": 5, "dan": 2}
    for one, other in zip(before.grades, after.grades):
        assert [each.drawn for each in one.report.questions] == [each.drawn for each in other.report.questions]
    assert read_secret(out) is None


@pytest.mark.usefixtures("drawing")
def test_a_new_draw_needs_a_new_run_which_finds_or_makes_the_secret(tmp_path, monkeypatch):
    settings, out = batch_demo.write_class(tmp_path / "in", ada=ANSWERED), tmp_path / "out"
    pipeline.grade_class(out, settings, StandIn())
    earlier = seeds_of(out)

    def longer(answers, expect):
        x = answers.draw("more numbers").normal(size=9)
        expect.close(answers.call("mean", x), x.mean())

    question = drawing_demo.exercise.questions["mean"]
    monkeypatch.setitem(drawing_demo.exercise.questions, "mean", replace(question, body=longer))
    result = pipeline.regrade_class(out, read_batch(out).settings)
    assert [each.file for each in result.rerun] == ["ada.ipynb"]
    assert "needs a new run" in (out / "grades.csv").read_text()
    result = pipeline.regrade_class(out, read_batch(out).settings, StandIn())
    assert (result.rerun, result.told) == ((), ())
    assert seeds_of(out) == earlier
    monkeypatch.setitem(drawing_demo.exercise.questions, "mean", replace(question, body=longer, points=4))
    (out / seeds.NAME).unlink()
    for path in (out / "answers").iterdir():
        path.unlink()
    result = pipeline.regrade_class(out, read_batch(out).settings, StandIn())
    assert result.rerun == ()
    assert [each.partition(" is made anew")[0] for each in result.told] == [f"{out / seeds.NAME} was missing and"]
    assert seeds_of(out) != earlier
    assert read_secret(out)


def test_a_batch_that_was_killed_and_goes_on_gives_the_marks_of_one_that_was_not(tmp_path, drawing):
    folder = tmp_path / "in"
    settings = batch_demo.write_class(
        folder, **{f"l{n}": (*(REMEMBERED if n % 2 else ANSWERED), f"n = {n}") for n in range(6)}
    )
    whole = pipeline.grade_class(tmp_path / "whole", settings, StandIn())
    code = (
        "import drawing_demo\n"
        "sys.modules['coursekit.checks.demo'].exercise = drawing_demo.exercise\n"
        "seen = []\n"
        "def before(job, task):\n    seen.append(job)\n"
        "    if len(seen) == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        "t.pipeline.grade_class(out, settings, t.StandIn(before=before))\n"
    )
    (tmp_path / "out").mkdir()
    shutil.copy(tmp_path / "whole" / seeds.NAME, tmp_path / "out")
    command = [sys.executable, "-c", ELSEWHERE + code, str(folder), str(tmp_path / "out"), PATHS]
    codes = [subprocess.run(command, check=False, timeout=120).returncode for _ in range(2)]
    assert codes == [-9, 0]
    result = pipeline.grade_class(tmp_path / "out", settings, StandIn())
    assert result.resumed == 6
    assert [each.report for each in result.grades] == [each.report for each in whole.grades]
    assert points(result)["l1"] == 2


@pytest.mark.usefixtures("drawing")
def test_what_travels_to_a_worker_holds_the_seed_and_not_the_secret(tmp_path):
    settings, out = batch_demo.write_class(tmp_path / "in", ada=ANSWERED), tmp_path / "out"
    works = []

    class Watching(StandIn):
        def begin(self, job, cells):
            works.append(job.work(cells))
            return super().begin(job, cells)

    pipeline.grade_class(out, settings, Watching())
    (work,) = works
    assert work["seed"] == seeds_of(out)["ada.ipynb"]
    assert work["random_state"] == random_state(read_batch(out).submissions[0].digest)
    assert read_secret(out).hex() not in repr(work)


RANDOM = (
    "import random, numpy as np, keras, tensorflow as tf\n"
    "names = {f'name {n}' for n in range(99)}\n"
    "layer = keras.layers.Dense(5)\n"
    "layer.build((None, 7))\n"
    "luck = [random.random(), float(np.random.rand()), float(tf.random.uniform(())), ''.join(names)]\n"
    "luck.append(float(keras.ops.sum(layer.kernel)))\n"
)


@pytest.mark.slow
@pytest.mark.usefixtures("drawing")
def test_a_notebook_whose_answers_are_random_gets_the_same_mark_in_another_pool(tmp_path, monkeypatch):
    from test_marking import markers

    monkeypatch.setitem(drawing_demo.exercise.questions, "luck", drawing_demo.SHOWN)
    ends = "import os\nos._exit(1)"  # which starts another process, and is left out there
    settings = batch_demo.write_class(tmp_path / "in", ada=(RANDOM,), bob=(RANDOM, "# another"), cyd=(RANDOM, ends))
    found = []
    for name in ("a", "b"):
        with markers() as make:
            result = pipeline.grade_class(tmp_path / name, settings, make)
        found.append([each.report for each in result.grades])
    assert found[0] == found[1]
    assert len({each.questions[1].got for each in found[0]}) == 3


@pytest.mark.slow
@pytest.mark.usefixtures("drawing")
def test_a_worker_cannot_read_the_secret(tmp_path, command):
    out = tmp_path / "out"
    out.mkdir()
    secret_of(out)
    spy = f"try:\n    luck = open({str(out / seeds.NAME)!r}).read()\nexcept OSError as error:\n    luck = 777\n"
    batch_demo.write_class(tmp_path / "in", ada=(spy, drawing_demo.MEAN))
    assert command("grade", tmp_path / "in", "--out", out, "--jobs", 1).exit_code == 0
    assert json.loads((out / "grades.json").read_text())["grades"][0]["flags"] == [
        ["Luck", "luck is 777: is that likely?"]
    ]
