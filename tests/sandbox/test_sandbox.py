"""The sandbox's parts without an attacker: levels and their refusals, limits, what is shown, the pipe to a worker."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

import grading_demo as demo
import hypothesis.strategies as st
import ordinary_user
import psutil
import pytest
from hypothesis import given, settings

import coursekit
from coursekit.grading import Exercise
from coursekit.grading.checking import check_notebook
from coursekit.grading.notebook_file import read_notebook
from coursekit.grading.recording import Recording
from coursekit.sandbox import NoSandbox, WorkerPool, companions, forkclient, pool, sealing
from coursekit.sandbox.levels import FILTERS, LEVELS, LIMITS_ONLY, NAMESPACES, SEALED
from coursekit.sandbox.view import View, of_this_environment
from coursekit.worker import wire
from coursekit.worker.bounds import Limits
from coursekit.worker.channel import TAG, Worker, WorkerEnded, serve
from coursekit.worker.failures import CannotStart, Lost
from coursekit.worker.requests import Hello, Reply, RunCell

ColdPool = partial(WorkerPool, warm=())  # nothing is imported in advance: these tests need no TensorFlow
LIMITS = Limits(memory=1000 * 2**20, tasks=64, scratch=16 * 2**20)


def points(workers: WorkerPool, folder: Path) -> float:
    path = demo.write_notebook(folder / "a.ipynb", demo.SETUP, demo.SOFTMAX, demo.COUNT, demo.DOUBLE)
    return check_notebook(read_notebook(path), demo.exercise, start=workers.start).points


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_runs_a_notebook_and_says_what_it_is(level, tmp_path):
    with ColdPool(limits=LIMITS, unsafe=True, levels=[level]) as workers:
        assert points(workers, tmp_path) == 5
        assert level in workers.level
        assert workers.level.startswith("NOT SEALED") == (level not in SEALED)


def test_what_the_warm_parent_imported_is_no_workers_garbage(tmp_path):
    with ColdPool(limits=LIMITS) as workers:
        worker = workers.start(tmp_path)
        cell = RunCell(1, "import gc; assert gc.get_freeze_count() > 10_000", 9)
        assert worker.exchange(cell.as_frame(), 30) == Reply.of()
        worker.close()


def test_levels_that_do_not_seal_are_refused_with_reasons_unless_they_are_asked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NoSandbox, match="bwrap is not installed") as caught, ColdPool(levels=LEVELS[:1]):
        pass
    assert "--unsafe-no-sandbox" in str(caught.value)
    with pytest.raises(NoSandbox), ColdPool(levels=[FILTERS, LIMITS_ONLY]):
        pass
    with ColdPool(limits=LIMITS, unsafe=True, levels=[LEVELS[0], FILTERS]) as workers:
        assert workers.refused.keys() == {LEVELS[0]}
        assert workers.level.startswith("NOT SEALED: Landlock")


def test_a_refusal_has_the_kernels_own_words(monkeypatch):
    monkeypatch.setattr(pool, "of_this_environment", lambda hide: View((Path("/nowhere"),), ()))
    with pytest.raises(NoSandbox, match=r"user namespaces: OSError: as it could not be sealed.*nowhere"):
        ColdPool(levels=[NAMESPACES]).__enter__()


def test_elsewhere_than_on_linux_only_the_last_level_is_to_be_had(monkeypatch, tmp_path):
    monkeypatch.setattr(pool, "IS_LINUX", False)
    with pytest.raises(NoSandbox, match=r"bubblewrap: this is .*; only Linux has it"):
        WorkerPool().__enter__()
    with ColdPool(limits=LIMITS, unsafe=True) as workers:
        assert workers.level == "NOT SEALED: limits only, a fresh interpreter for each notebook"
        assert points(workers, tmp_path) == 5
        worker = workers.start(tmp_path)
        cell = RunCell(1, "x = bytearray(2**31)", 9)
        assert "MemoryError" in worker.exchange(cell.as_frame(), 30).failure.message
        worker.close()


def test_threads_left_by_the_imports_forbid_forks_and_each_notebook_gets_a_fresh_interpreter(monkeypatch, tmp_path):
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    )
    environment = forkclient._environment
    monkeypatch.setattr(
        forkclient, "_environment", lambda *given: environment(*given) | {"PYTHONPATH": f"{coursekit_root()}:{folder}"}
    )
    with WorkerPool(limits=LIMITS, levels=[NAMESPACES], warm=["threaded"]) as workers:
        assert "a fresh interpreter for each notebook" in workers.level
        assert points(workers, tmp_path) == 5


def coursekit_root() -> Path:
    return Path(coursekit.__file__).parents[1]


def test_a_warm_parent_that_was_killed_is_started_again(tmp_path):
    with ColdPool(limits=LIMITS) as workers:
        assert points(workers, tmp_path) == 5
        os.killpg(workers.process_id, 9)
        workers._parent._process.wait()
        assert points(workers, tmp_path) == 5


def test_a_warm_parent_that_is_killed_costs_nobody_a_point(tmp_path):
    def kill(words):
        if words == "running cell 2" and not killed:
            killed.append(os.killpg(workers.process_id, 9))

    killed = []
    slow = f"import time; time.sleep(0.5)\n{demo.DOUBLE}"  # a killed process dies a little later
    path = demo.write_notebook(tmp_path / "a.ipynb", demo.COUNT, slow, demo.SETUP, demo.SOFTMAX)
    with ColdPool(limits=LIMITS) as workers:
        with pytest.raises(Lost, match="Cell 2 was running when its process was ended from outside"):
            check_notebook(read_notebook(path), demo.exercise, start=workers.start, on_step=kill)
        assert check_notebook(read_notebook(path), demo.exercise, start=workers.start, on_step=kill).points == 5


def test_one_worker_that_is_not_greeted_leaves_the_others_alone(monkeypatch, tmp_path):
    with ColdPool(limits=LIMITS) as workers:
        first, parent = workers.start(tmp_path), workers.process_id
        begin, failures = pool.SealedWorker, [OSError("once")]
        monkeypatch.setattr(pool, "SealedWorker", lambda *given: _raise(failures) if failures else begin(*given))
        workers.start(tmp_path).close()
        assert workers.process_id == parent
        assert first.exchange(Hello().as_frame(), 30) == Reply.of()
        failures += [OSError("twice"), OSError("and again")]
        with pytest.raises(CannotStart, match="OSError twice"):
            workers.start(tmp_path)


def _raise(errors):
    raise errors.pop()


def test_a_pool_closed_by_another_thread_ends_what_runs_and_starts_nothing_more(tmp_path):
    path = demo.write_notebook(tmp_path / "a.ipynb", demo.COUNT, "import time; time.sleep(600)", demo.DOUBLE)
    with ColdPool(limits=LIMITS) as workers:
        closer = threading.Timer(0.5, workers.close)
        begin = lambda words: words == "running cell 2" and closer.start()  # noqa: E731
        with pytest.raises(CannotStart, match="no more are started"):
            check_notebook(read_notebook(path), demo.exercise, start=workers.start, on_step=begin)
        closer.join()
        with pytest.raises(CannotStart, match="no more are started"):
            workers.start(tmp_path)


def test_a_pool_that_is_closed_leaves_nothing(tmp_path):
    with ColdPool(limits=LIMITS) as workers:
        worker = workers.start(tmp_path)
        worker.exchange(Hello().as_frame(), 30)
        family = [psutil.Process(workers.process_id)]
        family += family[0].children(recursive=True)
        assert len(family) >= 3
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def test_several_threads_use_one_pool(tmp_path):
    def work(name):
        folder = tmp_path / name
        folder.mkdir()
        earned.append(points(workers, folder))

    earned = []
    with ColdPool(jobs=2, limits=LIMITS) as workers:
        threads = [threading.Thread(target=work, args=(str(n),)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert earned == [5, 5, 5, 5]


def test_the_whole_has_its_time_too(tmp_path):
    path = demo.write_notebook(tmp_path / "a.ipynb", demo.COUNT, *["import time; time.sleep(0.5)"] * 40)
    with ColdPool(limits=LIMITS) as workers:
        report = check_notebook(read_notebook(path), demo.exercise, start=workers.start, seconds_in_all=2)
    assert report.points == 0
    assert any("The whole notebook did not end within 2 seconds" in error.message for error in report.cells)


BUSY, ASLEEP = "while True: pass", "import time; time.sleep(600)"
STEPS = {
    "time": (Limits(seconds=1), ASLEEP, "because its 1 seconds were over"),
    "processor time": (Limits(cpu_seconds=2), BUSY, "by signal SIGKILL"),
    "memory": (Limits(memory=300 * 2**20), "x = [b'x' * 2**20 for _ in range(400)]", "MemoryError"),
    "files": (Limits(files=64), "x = [open('/dev/null') for _ in range(100)]", "Too many open files"),
    "tasks": (
        Limits(tasks=8),
        "import os\nfor _ in range(9):\n    if os.fork() == 0: time.sleep(9)",
        "BlockingIOError",
    ),
    "one file": (Limits(scratch=2**20), "open('large', 'wb').write(bytes(2**22))", "OSError"),
}


@pytest.mark.parametrize("bound", STEPS)
def test_each_bound_holds(bound, tmp_path):
    limits, code, message = STEPS[bound]
    path = demo.write_notebook(tmp_path / "a.ipynb", demo.COUNT, f"import time\n{code}")
    with ColdPool(limits=limits) as workers:
        report = check_notebook(read_notebook(path), demo.exercise, cell_seconds=20, start=workers.start)
    assert [error.number for error in report.cells] == [2]
    assert message in report.cells[0].message
    assert report.questions[1].points == 1


def test_an_ordinary_user_gets_the_same_levels(tmp_path):
    """Root's workers become nobody; anybody else's stay who they are."""
    script = (
        "import os, sys, grading_demo as demo\nfrom pathlib import Path\nassert os.getuid() != 0\n"
        "from coursekit.grading.checking import check_notebook\nfrom coursekit.sandbox import WorkerPool, pool\n"
        "pool.prepare_data = lambda: None\n"
        "for level in sys.argv[2:]:\n    with WorkerPool(levels=[level], warm=()) as workers:\n"
        "        notebook = demo.read_notebook(Path(sys.argv[1]))\n"
        "        print(check_notebook(notebook, demo.exercise, start=workers.start).points, workers.level)"
    )
    path = demo.write_notebook(tmp_path / "a.ipynb", demo.SETUP, demo.SOFTMAX, demo.COUNT, demo.DOUBLE)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(path, folder)
        os.chmod(folder, 0o755)
        found = subprocess.run(
            ordinary_user.command([sys.executable, "-c", script, f"{folder}/{path.name}", *SEALED]),
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": folder, "COURSEKIT_CACHE": folder},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert [line.split(",")[0] for line in found.stdout.splitlines()] == [f"5.0 {level}" for level in SEALED], found


def test_no_expectation_and_no_hint_is_sent_to_a_worker(tmp_path):
    class Overheard:
        def __init__(self, worker):
            self.worker, self.close, self.interrupted = worker, worker.close, worker.interrupted

        def exchange(self, request, seconds, most=0):
            heard.append(bytes(request))
            return self.worker.exchange(request, seconds)

    heard, exercise = [], Exercise("97_told", "Told")

    @exercise.question("told", points=1, title="The title of it")
    def told(answers, expect):
        """The statement of it."""
        expect.equal(answers.call("double", 11), 12345, hint="The hint of it.")
        expect.equal(answers.value("count"), "what was expected", hint="The hint of it.")

    path = demo.write_notebook(tmp_path / "a.ipynb", demo.COUNT, "def double(x): return 12340 + 5")
    with ColdPool(limits=LIMITS) as workers:
        report = check_notebook(read_notebook(path), exercise, start=lambda folder: Overheard(workers.start(folder)))
    assert report.questions[0].expected == "'what was expected'"
    sent = b"".join(heard)
    assert b"double" in sent
    for secret in (b"12345", b"what was expected", b"hint", b"The title", b"The statement"):
        assert secret not in sent


def test_hello_is_said_once_and_each_frame_is_made_and_read_once(tmp_path, monkeypatch):
    def counted(owner, name):
        calls, kept = [], getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given: calls.append(given) or kept(*given))
        return calls

    hello = Hello().as_frame()
    made, read, sent = counted(wire, "encode"), counted(wire, "decode"), counted(Worker, "exchange")
    path = demo.write_notebook(tmp_path / "a.ipynb", demo.SETUP, demo.SOFTMAX, demo.COUNT, demo.DOUBLE)
    with ColdPool(limits=LIMITS) as workers:
        report = check_notebook(read_notebook(path), demo.exercise, start=workers.start, recording=Recording())
    assert report.points == 5
    assert [request for _, request, *_ in sent].count(hello) == 1
    assert len(made) == len(read) == len(sent) > 8


def test_the_view_has_no_checks_and_no_home(tmp_path):
    view = of_this_environment()
    assert not any(Path.home() == path for path in view.shown)
    assert coursekit_root() not in view.shown
    assert coursekit_root() / "coursekit" / "checks" in view.hidden
    inside = Path(os.__file__).parent
    assert inside in of_this_environment(hide=[inside]).hidden
    assert tmp_path not in of_this_environment(hide=[tmp_path]).hidden


def test_files_go_along_only_where_they_can_be_one_learners(tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    assert companions.belong_to_one_notebook(tmp_path)
    (tmp_path / "b.ipynb").write_text("{}")
    assert not companions.belong_to_one_notebook(tmp_path)


def test_copies_are_bounded(tmp_path, monkeypatch):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    for name, size in {"large": 200, "module.py": 50, "small": 100, "work.ipynb": 1}.items():
        (source / name).write_bytes(b"x" * size)
    monkeypatch.setattr(companions, "COMPANION_BYTES", 250)
    folder = os.open(source, os.O_RDONLY)
    companions.copy(folder, target)
    os.close(folder)
    assert sorted(file.name for file in target.iterdir()) == ["module.py", "small"]


def test_root_is_recognised():
    assert sealing.is_real_root() == (os.geteuid() == 0 and "4294967295" in Path("/proc/self/uid_map").read_text())


class Scripted(Worker):
    """A worker whose replies are already written."""

    closed = 0

    def close(self) -> str:
        self.closed += 1
        return "by itself"


class Pipe(io.RawIOBase):
    """A stream of given bytes; ``{tag}`` in them becomes the tag of the request."""

    def __init__(self, script: bytes, sent: io.BytesIO) -> None:
        self._script, self._sent = script, sent

    def readinto(self, buffer) -> int:
        piece = self._script.replace(b"{tag}", self._sent.getvalue()[:TAG])[: len(buffer)]
        self._script = self._script.replace(b"{tag}", self._sent.getvalue()[:TAG])[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=80), st.booleans())
def test_whatever_comes_back_is_a_reply_or_the_end(raw, tagged):
    sent = io.BytesIO()
    worker = Scripted(sent, Pipe((b"{tag}" if tagged else b"") + raw, sent))
    with pytest.raises(WorkerEnded):
        worker.exchange(Hello().as_frame(), 10)
    assert worker.closed == 1


@pytest.mark.parametrize("script", [b"x" * TAG, bytes(TAG)])
def test_a_reply_to_something_else_ends_the_worker(script):
    sent, reply = io.BytesIO(), wire.encode({"answer": 1})
    with pytest.raises(WorkerEnded, match="does not answer what was asked"):
        Scripted(sent, Pipe(script + reply, sent)).exchange(reply, 10)
    sent = io.BytesIO()
    assert Scripted(sent, Pipe(b"{tag}" + reply, sent)).exchange(reply, 10).answer == 1


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=80))
def test_the_workers_side_ends_at_bytes_that_are_no_request(raw):
    with contextlib.suppress(wire.ProtocolError):
        serve(io.BytesIO(raw), io.BytesIO(), lambda frame: pytest.fail("that was no request"))
