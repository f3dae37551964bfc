"""What honest notebooks do works in a sealed worker, and what holds it is in force."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from attacks.attack_exercise import submission
from attacks.marked_workers import LIMITS
from coursekit.grading.notebook_file import read_notebook
from coursekit.grading.remote import RemoteAnswers
from coursekit.sandbox.forked import NICER
from coursekit.sandbox.keeper import LOWEST

TRAINING = """\
import keras
from coursekit.data import load_imdb, load_mnist
from coursekit.plotting import plot_history, show, use_course_style
use_course_style()
mnist, imdb = load_mnist(), load_imdb()
x, y = mnist.x_train[:64].reshape(64, -1) / 255, mnist.y_train[:64]
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
saved = keras.callbacks.ModelCheckpoint("best.keras")
history = model.fit(x, y, epochs=2, batch_size=32, verbose=0, callbacks=[saved])
same = keras.models.load_model("best.keras").predict(x, verbose=0)
%matplotlib inline
show(plot_history(history))
loot = [len(history.history["loss"]), abs(same.sum() - 64) < 1e-3, len(imdb.y_train)]
"""
COUNTS_TRACES = """\
import keras
calls = []
class Counted(keras.layers.Layer):
    def call(self, x):
        calls.append(x)
        return x
keras.utils.set_random_seed(1)
model = keras.Sequential([keras.Input((4,)), Counted(), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
model.compile("adam", "mse")
x = keras.random.normal((64, 4), seed=1)
history = model.fit(x, x[:, :1], epochs=3, verbose=0)
loot = [len(calls), *history.history["loss"]]
"""
LATE_AND_STRANGE = """\
import keras
import tensorflow as tf
class Late(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last = keras.layers.Dense(3), keras.layers.Dense(1)
    def build(self, shape):
        self.first.build(shape)
    def call(self, x):
        return self.last(self.first(x))
elsewhere = [keras.Variable(3.0)]
class Strange(keras.Sequential):
    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = keras.ops.square(elsewhere[0])
        self.optimizer.apply(tape.gradient(loss, [elsewhere[0].value]), elsewhere)
        return {"loss": loss}
x = keras.ops.ones((8, 2))
loot = []
for model in (Late(), Strange([keras.Input((2,)), keras.layers.Dense(1)])):
    model.build((None, 2))
    model.compile("sgd", "mse")
    loot.append(len(model.fit(x, x[:, :1], epochs=2, verbose=0).history["loss"]))
loot.append(float(elsewhere[0]) < 3)
"""
STATUS = """\
import os
loot = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("user", "pid", "mnt", "net", "ipc", "uts")}
lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
loot |= {"seccomp": int(lines["Seccomp"]), "interfaces": os.listdir("/sys/class/net") if os.path.exists("/sys") else []}
"""


@contextlib.contextmanager
def running(pool, folder: Path, code: str) -> Iterator[RemoteAnswers]:
    path = submission(folder, code)
    with RemoteAnswers(read_notebook(path).work, folder, 120, start=pool.start) as answers:
        answers.run_cells()
        assert answers.cell_errors == ()
        yield answers


def answer(pool, folder: Path, code: str):
    with running(pool, folder, code) as answers:
        return answers.value("loot")


def test_a_lesson_trains_saves_draws_and_reads_the_courses_data(pool, tmp_path):
    assert answer(pool, tmp_path, TRAINING) == [2, True, 25_000]


def test_a_training_step_is_traced_once_and_gives_what_it_gives_elsewhere(pool, tmp_path):
    elsewhere: dict = {}
    exec(COUNTS_TRACES, elsewhere)
    calls, *losses = answer(pool, tmp_path, COUNTS_TRACES)
    assert (calls, elsewhere["loot"][0]) == (2, 3), "once for the model's shapes, once or twice for the step"
    assert losses == pytest.approx(elsewhere["loot"][1:], rel=1e-6)


def test_models_whose_variables_are_not_known_before_they_train_are_trained_as_ever(pool, tmp_path):
    assert answer(pool, tmp_path, LATE_AND_STRANGE) == [2, 2, True]


def test_the_warm_parent_has_one_thread_after_its_imports(pool):
    """After an operation it would have more, and each fork would hang: this is what it tests before each."""
    assert pool._how.warm
    assert "a fresh interpreter" not in pool.level


def test_namespaces_and_filters_are_the_workers_own(pool, tmp_path):
    with running(pool, tmp_path, STATUS) as answers, running(pool, tmp_path, STATUS) as others:
        found, again = answers.value("loot"), others.value("loot")
    ours = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("user", "pid", "mnt", "net", "ipc", "uts")}
    assert not {name for name, namespace in ours.items() if found[name] == namespace}
    assert (found["seccomp"] == 2) == ("seccomp" in pool.level)
    assert found["interfaces"] in ([], ["lo"])
    assert not {name for name in ours if again[name] == found[name]}


SHELL = """\
!ls /nowhere
there = !echo there
before = _exit_code
!true
%pip --version
loot = [list(there), before, _exit_code]
"""


def test_a_line_for_the_systems_shell_only_notes_that_it_failed(pool, tmp_path):
    path = submission(tmp_path, SHELL, "!nothing-of-this-name\nloot.append(3)", "!true")
    with RemoteAnswers(read_notebook(path).work, tmp_path, 120, start=pool.start) as answers:
        assert answers.value("loot") == [["there"], 2, 0, 3]
        first, second = answers.cell_errors
    assert (first.number, second.number) == (3, 4)
    assert first.message == "Cell 3: the shell line `ls /nowhere` ended with exit code 2; the rest of the cell ran."
    assert "`nothing-of-this-name` ended with exit code 127" in second.message


DATABASE = """\
import sqlite3
loot = []
for mode in ("delete", "wal"):
    first = sqlite3.connect(f"{mode}.db")
    second = sqlite3.connect(f"{mode}.db", timeout=0.1)
    loot.append(first.execute(f"pragma journal_mode={mode}").fetchone()[0])
    with first:
        first.execute("create table runs (seed integer, accuracy real)")
        first.executemany("insert into runs values (?, ?)", [(seed, seed / 10) for seed in range(5)])
    first.execute("insert into runs values (5, 0.5)")
    try:
        second.execute("insert into runs values (6, 0.6)")
    except sqlite3.OperationalError as error:
        loot.append(str(error))
    first.rollback()
    loot.append(second.execute("select count(*), sum(seed) from runs").fetchone())
    first.close(), second.close()
"""


def test_a_database_in_the_scratch_folder_works_as_elsewhere(pool, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    elsewhere: dict = {}
    exec(DATABASE, elsewhere)
    locked = "database is locked"
    assert elsewhere["loot"] == ["delete", locked, (5, 10), "wal", locked, (5, 10)]
    assert answer(pool, tmp_path / "sealed", DATABASE) == elsewhere["loot"]


CROWD = """\
import os, time
session, children = os.getsid(0), []
for _ in range(number):
    if (child := os.fork()) == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
    children.append(child)
time.sleep(2)
priorities = sorted({os.getpriority(os.PRIO_PROCESS, child) for child in children})
loot = [priorities, {os.getsid(child) for child in children} == {session}, os.getpriority(os.PRIO_PROCESS, 0)]
"""


@pytest.mark.parametrize(("number", "gives_way"), [(3, False), (20, True)])
def test_a_crowd_gives_way_and_makes_no_sessions(number, gives_way, pool, tmp_path):
    own = min(LOWEST, os.nice(0) + NICER)
    priority = LOWEST if gives_way else own
    assert answer(pool, tmp_path, f"number = {number}\n{CROWD}") == [[priority], True, own]


def test_limits_are_in_force(pool, tmp_path):
    code = "import resource as r\nloot = [r.getrlimit(getattr(r, n)) for n in names]"
    kept = {
        "RLIMIT_DATA": LIMITS.memory,
        "RLIMIT_CPU": LIMITS.cpu_seconds,
        "RLIMIT_FSIZE": LIMITS.scratch,
        "RLIMIT_NOFILE": LIMITS.files,
        "RLIMIT_NPROC": LIMITS.tasks,
    }
    assert answer(pool, tmp_path, f"names = {list(kept)}\n{code}") == [(value, value) for value in kept.values()]
