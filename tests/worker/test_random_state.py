"""A worker's random numbers follow from what the grader says before the first cell, if it says so."""

from __future__ import annotations

import io
import random
import sys
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from coursekit.grading.notebook_file import Cell
from coursekit.grading.remote import RemoteAnswers
from coursekit.worker import serving
from coursekit.worker.channel import Worker, WorkerEnded
from coursekit.worker.requests import LookBack, Reply, RunCell, SetRandomState, read_request

CELLS = [Cell(1, "code", "a = 1", {}), Cell(2, "code", "b = 2", {})]


@pytest.fixture
def states():
    """The random states of this process, put back afterwards."""
    before = random.getstate(), np.random.get_state()
    yield
    random.setstate(before[0])
    np.random.set_state(before[1])


def numbers(seed):
    serving.set_random_state(seed)
    return random.random(), np.random.rand()


def test_python_and_numpy_repeat(states, monkeypatch):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    assert numbers(5) == numbers(5)
    assert not set(numbers(5)) & set(numbers(2**32 - 1))
    assert "keras" not in sys.modules


def test_keras_is_told_where_it_is_loaded(states, monkeypatch):
    told = []
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(utils=SimpleNamespace(set_random_seed=told.append)))
    serving.set_random_state(5)
    assert told == [5]


class Told(Worker):
    """Takes note of requests; the process ends where it is asked to run ``ends`` for the first time."""

    asked: ClassVar[list[object]] = []

    def __init__(self, folder):
        super().__init__(io.FileIO(0, closefd=False), io.FileIO(1, "w", closefd=False))

    def close(self):
        return "by signal SIGKILL"

    def exchange(self, request, seconds, most=0):
        if isinstance(read_request(request), LookBack):
            return Reply.of({})
        self.asked.append(read_request(request))
        if isinstance(self.asked[-1], RunCell) and self.asked[-1].source == "ends":
            raise WorkerEnded("by signal SIGKILL")
        return Reply.of()


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(Told, "asked", [])
    return Told.asked


def test_it_is_the_first_request_after_each_start(asked):
    ends = Cell(3, "code", "ends", {})
    RemoteAnswers([CELLS[0], ends, CELLS[1]], start=Told, random_state=7).run_cells()
    seen = [each.source if isinstance(each, RunCell) else each for each in asked]
    assert seen == [SetRandomState(7), "a = 1", "ends", SetRandomState(7), "a = 1", "b = 2"]


def test_ones_own_notebook_stays_random(asked):
    RemoteAnswers(CELLS, start=Told).run_cells()
    assert [each.source for each in asked] == ["a = 1", "b = 2"]
