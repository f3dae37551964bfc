"""The ledger keeps what was marked, whatever happens; recordings give back what they were given."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import replace

import grading_demo as demo
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from coursekit.classroom.marking.ledger import NAME, Ledger, LedgerInUse, Mark
from coursekit.files import CannotWrite
from coursekit.grading import NamespaceAnswers
from coursekit.grading import recording as recordings
from coursekit.grading.recording import (
    NotRecorded,
    RecordedAnswers,
    Recording,
    ReplayedAnswers,
    Replies,
    UnusableRecording,
)
from coursekit.grading.results import CellError
from coursekit.worker import failures
from coursekit.worker.requests import Reply, Value


def mark(key, points=1):
    report = demo.exercise.run(NamespaceAnswers({"count": 10 if points else 3}))
    return Mark(key, f"run of {key}", report, 0.25, "held", ("count",))


def fill(folder, *keys):
    with Ledger(folder) as ledger:
        for key in keys:
            ledger.add(mark(key))
    return folder / NAME


def test_marks_come_back_as_they_were(tmp_path):
    fill(tmp_path, "a", "b")
    with Ledger(tmp_path) as ledger:
        assert ledger.marks == {"a": mark("a"), "b": mark("b")}
        ledger.add(mark("a", points=0))
        assert ledger.latest("run of a") == mark("a", points=0)
        assert ledger.latest("another") is None
    with Ledger(tmp_path) as ledger:
        assert list(ledger.marks) == ["b", "a"]
        assert ledger.marks["a"] == mark("a", points=0)


def test_a_torn_last_line_is_dropped_at_every_length(tmp_path):
    path = fill(tmp_path, "a", "b")
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for length in {first, first + 1, len(whole) - 2, len(whole) - 1}:
        path.write_bytes(whole[:length])
        with Ledger(tmp_path) as ledger:
            assert list(ledger.marks) == ["a"]
            ledger.add(mark("c"))
        with Ledger(tmp_path) as ledger:
            assert list(ledger.marks) == ["a", "c"]
            assert ledger.damaged == []


def test_a_damaged_line_within_is_told_and_costs_one_mark(tmp_path):
    path = fill(tmp_path, "a", "b", "c")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = b'{"key": "b", "run"}\n'
    path.write_bytes(b"".join(lines) + b"\xff\n[1]\n{}\n")
    with Ledger(tmp_path) as ledger:
        assert list(ledger.marks) == ["a", "c"]
        assert ledger.damaged == [2, 4, 5, 6]


def test_one_process_at_a_time(tmp_path):
    with Ledger(tmp_path), pytest.raises(LedgerInUse, match="is in use"):
        Ledger(tmp_path)
    Ledger(tmp_path).__exit__()


def test_another_process_is_refused_at_once_and_a_killed_one_blocks_nobody(tmp_path):
    code = (
        "import pathlib, sys, time\nfrom coursekit.classroom.marking.ledger import Ledger\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]))\nprint('open', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(LedgerInUse, match="another grading writes to"):
            Ledger(tmp_path)
        holder.kill()
    fill(tmp_path, "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.jsonl", "ledger.lock"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match=r"ledger\.jsonl cannot be written"):
        Ledger(tmp_path / "file")


def test_whatever_a_learner_wrote_comes_back(tmp_path):
    report = demo.exercise.run(NamespaceAnswers({"count": 3}))
    odd = replace(report, cells=(CellError(1, "half of a pair: \ud800, \u2028, \x00, ä"),))
    with Ledger(tmp_path) as ledger:
        ledger.add(Mark("k", "r", odd, 0.5, "held"))
        kept = ledger.marks["k"]
    with Ledger(tmp_path) as ledger:
        assert ledger.marks["k"] == kept
        assert ledger.marks["k"].report == odd


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path, monkeypatch):
    path = fill(tmp_path, "a")
    before = path.read_bytes()
    write, calls = os.write, []

    def half(descriptor, data):
        calls.append(len(data))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[: len(data) // 2])

    with Ledger(tmp_path) as ledger:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", half)
            with pytest.raises(CannotWrite, match=r"No space left on device\. The 1 marks in it are safe"):
                ledger.add(mark("b"))
        assert path.read_bytes() == before
        ledger.add(mark("c"))
    with Ledger(tmp_path) as ledger:
        assert list(ledger.marks) == ["a", "c"]


def test_a_real_limit_on_file_size_leaves_whole_lines(tmp_path):
    code = (
        "import os, sys, resource, signal, pathlib\n"
        "sys.path[:0] = sys.argv[2].split(os.pathsep)\nimport test_ledger as t\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "line = len(t.mark('k000').as_line())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (line * 3 + line // 2,) * 2)\n"
        "ledger = t.Ledger(pathlib.Path(sys.argv[1]))\n"
        "try:\n    [ledger.add(t.mark(f'k{n:03}')) for n in range(9)]\n"
        "except t.CannotWrite as error:\n    print(len(ledger.marks), error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), os.pathsep.join(filter(None, sys.path))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("3 ")
    assert "File too large" in done.stdout
    with Ledger(tmp_path) as ledger:
        assert list(ledger.marks) == ["k000", "k001", "k002"]


def recorded(namespace):
    recording = Recording()
    report = demo.exercise.run(RecordedAnswers(NamespaceAnswers(namespace), recording))
    return report, recording.packed([CellError(3, "Cell 3 stopped.")])


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_a_replay_gives_the_same_report():
    namespaces = [
        {"np": np, "softmax": lambda z: np.exp(z) / np.exp(z).sum(), "count": 10, "double": lambda x: 2 * x},
        {"softmax": lambda z: 1 / 0, "count": iter([])},
        {},
    ]
    for namespace in namespaces:
        report, packed = recorded(namespace)
        replies = Replies(packed)
        assert demo.exercise.run(ReplayedAnswers(replies)) == report
        assert replies.cells == (CellError(3, "Cell 3 stopped."),)


def test_replies_come_in_their_order_and_no_more_often():
    recording = Recording()
    for reply in (1, 2):
        recording.add(b"q", Reply.of(reply))
    replies = Replies(recording.packed([]))
    assert [replies.reply(b"q").answer for _ in range(2)] == [1, 2]
    for request in (b"q", b"other"):
        with pytest.raises(NotRecorded):
            replies.reply(request)


def test_a_failure_on_the_way_is_recorded():
    class Ending(NamespaceAnswers):
        def exchange(self, question, frame):
            return Reply.of(failure=failures.Ended.during("`x`", "by signal SIGKILL"))

    recording = Recording()
    with pytest.raises(failures.Ended):
        RecordedAnswers(Ending({}), recording).value("x")
    with pytest.raises(failures.Ended, match="SIGKILL"):
        ReplayedAnswers(Replies(recording.packed([]))).value("x")


def test_a_recording_that_is_too_large_is_not_kept(monkeypatch):
    monkeypatch.setattr(recordings, "RECORDING_BYTES", 1000)
    recording = Recording()
    recording.add(b"q", Reply.of(np.zeros(1000)))
    assert recording.packed([]) is None


def test_a_bomb_is_not_unpacked(monkeypatch):
    recording = Recording()
    recording.add(b"q", Reply.of(np.zeros(10**6)))
    packed = recording.packed([])
    monkeypatch.setattr(recordings, "RECORDING_BYTES", 10**6)
    with pytest.raises(UnusableRecording, match="too large"):
        Replies(packed)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_arbitrary_bytes_are_no_recording(raw, cut):
    packed = Recording().packed([])
    for content in (raw, recordings.MAGIC + raw, packed[:cut] + raw):
        try:
            Replies(content)
        except UnusableRecording:
            continue
        assert content[: len(packed)] == packed


def test_the_reply_to_another_question_is_not_taken():
    recording = Recording()
    recording.add(Value("a", seconds=1.0).as_frame(), Reply.of(1))
    answers = ReplayedAnswers(Replies(recording.packed([])))
    answers.seconds = 1.0
    assert answers.value("a") == 1
    with pytest.raises(NotRecorded):
        answers.value("b")
