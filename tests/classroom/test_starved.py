"""Submissions that ran out of their time because others had the processors."""

from __future__ import annotations

from pathlib import Path

import batch_demo
import pytest

from coursekit.classroom import pipeline
from coursekit.classroom.marking.ledger import Ledger
from coursekit.worker import interrupting
from coursekit.worker.failures import Starved, TimedOut
from coursekit.worker.interrupting import Waiting


def test_a_time_of_which_most_was_waiting_is_told_apart():
    assert type(TimedOut.after("It", 10, waited=4)) is TimedOut
    assert type(TimedOut.after("It", 10, waited=6)) is Starved


def test_waiting_is_what_the_kernel_counted_since_and_none_in_a_crowd_of_ones_own(monkeypatch):
    counted = {"1": 5.0, "2": 1.0}
    monkeypatch.setattr(interrupting, "_waited", lambda: dict(counted))
    monkeypatch.setattr(interrupting.os, "listdir", lambda path: ["1", "2", "self"])
    waiting = Waiting()
    counted |= {"1": 6.0, "2": 4.0, "3": 2.0}
    assert waiting.seconds() == 3.0
    monkeypatch.setattr(interrupting.os, "listdir", lambda path: [str(number) for number in range(9)])
    assert waiting.seconds() == 0.0


def test_it_is_counted_where_the_kernel_tells():
    assert bool(interrupting._waited()) == Path("/proc/self/schedstat").exists()


@pytest.mark.usefixtures("demo_lesson")
def test_what_waited_for_others_is_marked_once_more_alone(tmp_path):
    marker = batch_demo.StandIn(jobs=2, starved=frozenset({"ada.ipynb"}))
    result = pipeline.grade_class(tmp_path / "out", batch_demo.three(tmp_path / "in"), marker)
    assert sorted(marker.marked) == ["ada.ipynb", "ada.ipynb", "bob.ipynb", "cyd.ipynb"]
    assert marker.marked[-1] == "ada.ipynb"
    with Ledger(tmp_path / "out") as ledger:
        assert not any(each.starved for each in ledger.marks.values())
    assert [each.points for each in result.grades] == [5, 2, 4]
