"""Bounds on time and output."""

from __future__ import annotations

import contextlib
import io
import signal
import threading
import time

import pytest

from coursekit.grading import NamespaceAnswers
from coursekit.worker import failures
from coursekit.worker.interrupting import OutOfTime, bounded_output, can_interrupt, time_limit


def spin():
    while True:
        pass


def test_a_loop_is_interrupted_and_the_alarm_is_put_back():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(OutOfTime), time_limit(0.1):
        spin()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_bare_except_is_interrupted_too():
    def stubborn():
        for _ in range(3):
            try:
                time.sleep(10)
            except:  # noqa: E722
                continue
        return 1

    answers = NamespaceAnswers({"stubborn": stubborn})
    answers.seconds = 0.1
    started = time.monotonic()
    assert answers.call("stubborn") == 1
    assert time.monotonic() - started < 5


def test_an_alarm_of_the_callers_is_kept():
    rang = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rang.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with time_limit(5):
            pass
        time.sleep(0.4)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rang == [signal.SIGALRM]


def test_in_another_thread_there_is_no_limit():
    seen = []

    def work():
        with time_limit(0.05):
            time.sleep(0.1)
            seen.append(can_interrupt())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_a_slow_answer_is_a_failure_that_names_it():
    answers = NamespaceAnswers({"slow": lambda: time.sleep(10)})
    answers.seconds = 0.1
    with pytest.raises(failures.TimedOut, match=r"`slow` did not end within 0\.1 seconds"):
        answers.call("slow")


def test_printing_is_passed_on_up_to_a_limit():
    out = io.StringIO()
    with contextlib.redirect_stdout(out), bounded_output(limit=10):
        print("short")
        print("much too long")
        print("more")
    assert out.getvalue() == "short\nmuch\n… the rest of what your code printed is left out\n"
