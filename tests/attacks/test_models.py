"""Hostile models: with a memory, with another's words, with what a clean room should not make."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attacks.attack_exercise import SETUP
from attacks.marked_workers import assert_gone, of_workers
from coursekit.grading import Exercise
from coursekit.grading.checking import check_notebook
from coursekit.grading.cleanroom import CleanRoom, CleanRooms
from coursekit.grading.notebook_file import read_notebook
from coursekit.grading.recording import Recording
from coursekit.worker.failures import TimedOut
from coursekit.worker.requests import Reply

exercise = Exercise("97_models", "Models under attack")
SECONDS = 5.0


@exercise.question("rebuilt", points=4, title="Through two numbers and back", seconds=SECONDS)
def rebuilt(answers, expect):
    """`decoder` finds again what `encoder` was given: which nobody can, from 2 numbers of 64."""
    x = answers.draw("x").random((50, 64), "float32")
    z = answers.model("encoder").predict(x)
    expect.close(answers.model("decoder").predict(np.asarray(z)[:, :2]), x, hint="None.")


@exercise.question("twice", points=1, title="An honest model", seconds=SECONDS)
def twice(answers, expect):
    """`doubling` doubles."""
    x = answers.draw("x").random((50, 4), "float32")
    expect.close(answers.model("doubling").predict(x), 2 * x, hint="x + x", rtol=1e-4)


MODELS = """\
import keras
kept = []
def two():
    return [keras.Sequential([keras.Input((a,)), keras.layers.Dense(b)]) for a, b in ((64, 4), (2, 64))]
doubling = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, use_bias=False)])
doubling.set_weights([2 * np.eye(4)])
"""
MEMORIES = {
    "classes of its own": """\
class E(keras.Sequential):
    def predict(self, x, **k): kept[:] = [x]; return np.zeros((len(x), 4), 'f4')
class D(keras.Sequential):
    def predict(self, z, **k): return kept[0]
encoder, decoder = E([keras.Input((64,)), keras.layers.Dense(4)]), D([keras.Input((2,)), keras.layers.Dense(64)])
""",
    "a replaced predict": """\
encoder, decoder = two()
encoder.predict = lambda x, **k: kept.append(x) or np.zeros((len(x), 4), 'f4')
decoder.predict = lambda z, **k: kept[-1]
""",
    "a replaced call": """\
encoder, decoder = two()
def keep(x, *a, **k): kept.append(x.numpy()); return keras.ops.zeros((len(x), 4))
encoder.call, decoder.call = keep, lambda z, *a, **k: keras.ops.convert_to_tensor(kept[-1])
for each in (encoder, decoder): each.run_eagerly = True
""",
    "replies of its own": """\
encoder, decoder = two()
from coursekit.worker import describing, responding
responding.describing.predict
def predict(model, x):
    kept.append(x)
    return np.zeros((len(x), 4)) if x.shape[1] == 64 else kept[-2]
responding.requests.Predict
old = responding._of_model
responding._of_model = lambda model, f, question: predict(model, question.x) if type(question).__name__ == 'Predict' else old(model, f, question)
""",  # noqa: E501
}
FORGE = """\
import json
from coursekit.worker import recreating
honest = recreating.export
def forge(change):
    def export(model):
        exported = honest(model)
        config = json.loads(exported["config"])
        return {"config": change(config) or json.dumps(config), "weights": exported["weights"]}
    recreating.export = export
def dense(config): return next(each for each in config["config"]["layers"] if each["class_name"] == "Dense")
"""
FORGED = {
    "a vast layer": "forge(lambda c: dense(c)['config'].update(units=10**9))",
    "many vast layers": (
        "forge(lambda c: c['config']['layers'].extend("
        "[dict(dense(c), config=dense(c)['config'] | {'units': 10**5, 'name': str(n)}) for n in range(9)]))"
    ),
    "code": "forge(lambda c: dense(c).update(class_name='Lambda'))",
    "a thousand models": (
        'forge(lambda c: \'{"module": "keras", "class_name": "Sequential", "config": {"layers": [\' * 1000'
        " + ']}}' * 1000)"
    ),
    "another layer": "forge(lambda c: dense(c)['config'].update(units=3))",
    "a class without sense": "forge(lambda c: dense(c).update(module='keras', class_name='DTypePolicy'))",
    "no export": "recreating.export = lambda model: [1, 2]",
    "a frame that is full": (
        "from coursekit.worker import bounds, wire\n"
        "def full(model):\n"
        "    exported = honest(model)\n"
        "    _, header, _ = wire.PREFIX.unpack(wire.encode({'answer': exported})[:wire.PREFIX.size])\n"
        "    return exported | {'config': exported['config'] + ' ' * (bounds.FRAME_HEADER_BYTES - header)}\n"
        "recreating.export = full"
    ),
}


@pytest.fixture
def grade(pool, tmp_path):
    """The report on a notebook with these cells, whose models are made again in a clean room."""

    def grade(*sources, room=True, recording=None):
        cells = [
            {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
            for n, text in enumerate((SETUP, MODELS, *sources))
        ]
        path = Path(tmp_path / "97_models.ipynb")
        path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        before = of_workers()
        with CleanRooms().one(pool.start) as clean:
            report = check_notebook(
                read_notebook(path), exercise, start=pool.start, recording=recording, room=clean if room else None
            )
            clean.close()
        assert_gone(before)
        assert report.cells == ()
        return report

    return grade


@pytest.mark.parametrize("memory", MEMORIES)
def test_a_memory_earns_nothing(memory, grade):
    report = grade(MEMORIES[memory])
    assert [each.points for each in report.questions] == [0, 1]
    assert {each.question for each in report.unverified} <= {"rebuilt", "twice"}
    assert any("where the clean room predicts" in each.reason for each in report.unverified)


def test_without_a_clean_room_a_memory_would_earn_all(grade):
    assert grade(MEMORIES["a replaced predict"], room=False).questions[0].points == 4


def test_a_memory_that_cannot_be_made_again_is_listed(grade):
    first, last = MEMORIES["classes of its own"].split("class D(keras.Sequential):")
    report = grade(f"{first}class D(keras.Sequential):\n    def call(self, z): return z{last}")
    (found,) = (each for each in report.unverified if each.model == "decoder")
    assert found.question == "rebuilt"
    assert "`D` computes with code of its own" in found.reason


def test_an_export_without_end_is_ended_and_listed(grade, monkeypatch):
    for name, question in exercise.questions.items():
        monkeypatch.setitem(exercise.questions, name, replace(question, seconds=2.5))
    endless = "recreating.export = lambda model: exec('while True: pass')"
    assert_refused(grade("encoder, decoder = two()", FORGE, endless))


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_export_is_refused_and_listed(forgery, grade):
    assert_refused(grade("encoder, decoder = two()", FORGE, FORGED[forgery]))


def assert_refused(report):
    assert report.questions[0].points == 0
    assert {each.question for each in report.unverified} == {"rebuilt", "twice"}
    assert all(each.reason for each in report.unverified)


def test_a_copy_that_waited_for_others_has_its_submission_marked_once_more(grade, monkeypatch):
    waited = TimedOut.after("it", SECONDS, waited=SECONDS)
    monkeypatch.setattr(CleanRoom, "ask", lambda room, question: Reply.of(failure=waited))
    grade("encoder, decoder = two()", recording=(recording := Recording()))
    assert recording.starved
