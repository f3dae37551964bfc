"""The loop that has work done: how much is handed out, what Ctrl-C leaves, what an exception stops."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
import work_for_workers

from coursekit.executors import LocalExecutor
from coursekit.executors.bounded import Interrupted, bounded


def begin_with(executor, function):
    return lambda x: executor.submit(function, {"title": str(x), "x": x})


def test_no_more_is_begun_than_runs_and_each_result_is_taken_before_the_next_begins():
    begun, taken = [], []

    def count(work, task):
        begun.append(work["x"])
        assert len(begun) - len(taken) <= 2
        return {"x": work["x"]}

    with LocalExecutor(2) as executor, bounded(executor, range(9), begin_with(executor, count)) as results:
        for x, done in results:
            assert done.result() == {"x": x}
            taken.append(x)

    assert sorted(taken) == list(range(9))


def test_what_is_far_away_gets_a_few_more():
    submitted = []

    class Far(LocalExecutor):
        ahead = 2

        def submit(self, function, work, on_report=None):
            submitted.append(work["x"])
            return super().submit(function, work)

    with Far(1) as executor, bounded(executor, range(9), begin_with(executor, work_for_workers.double)) as results:
        next(results)
        assert len(submitted) == 3


def test_what_cannot_be_begun_is_the_result_of_its_item():
    def begin(x):
        if x == 1:
            raise OSError("gone")
        return executor.submit(work_for_workers.double, {"title": "", "x": x})

    with LocalExecutor() as executor, bounded(executor, range(3), begin) as results:
        failures = {x: done.exception() for x, done in results}

    assert [type(failures[x]) for x in range(3)] == [type(None), OSError, type(None)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_hands_over_what_had_ended_and_stops_the_rest(number):
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    begun, halted, taken = threading.Event(), [], []

    def work_of(work, task):
        if work["x"] == 1:  # ends while the batch is being stopped
            assert begun.wait(10)
            os.kill(os.getpid(), number)
            while not task.halted():
                time.sleep(0.01)
            return {"x": 1}
        if work["x"] == 2:
            begun.set()
            work_for_workers.sleep_until_halted(task)
            halted.append(2)
        while work["x"] > 3 and not task.halted():  # or all would have ended before the signal comes
            time.sleep(0.01)
        return {"x": work["x"]}

    def take(executor):
        with bounded(executor, range(9), begin_with(executor, work_of)) as results:
            for x, done in results:
                assert done.result() == {"x": x}
                taken.append(x)

    with LocalExecutor(3) as executor, pytest.raises(Interrupted):
        take(executor)

    assert halted == [2]
    assert 1 in taken
    assert len(taken) < 9
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_a_second_interrupt_raises_at_once():
    def interrupt_twice(executor):
        with bounded(executor, [], begin_with(executor, work_for_workers.double)):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)

    with LocalExecutor() as executor, pytest.raises(KeyboardInterrupt) as raised:
        interrupt_twice(executor)
    assert raised.type is KeyboardInterrupt


def test_an_exception_in_the_block_stops_what_runs():
    begun, stopped = threading.Event(), threading.Event()

    def work_of(work, task):
        if work["x"] == 0:
            assert begun.wait(10)
        else:
            begun.set()
            work_for_workers.sleep_until_halted(task)
            stopped.set()
        return {}

    def fail(executor):
        with bounded(executor, range(2), begin_with(executor, work_of)) as results:
            raise ZeroDivisionError(next(results))

    with LocalExecutor(2) as executor, pytest.raises(ZeroDivisionError):
        fail(executor)
    assert stopped.is_set()
