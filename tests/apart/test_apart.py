"""Functions of a notebook in processes of their own: what comes back, how they end, and that nothing is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coursekit import course
from coursekit.apart import ChildFailed, free_ports, gather, limit_memory, run_apart, scratch_folder, start_apart
from coursekit.apart.program import source_of

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone limits and forks here")


def doubled(number):
    return 2 * helped(number)


def helped(number):
    return number + int(os.environ.get("PLUS", "0"))


def counting(most):
    for number in range(most):
        print(number, flush=True)
        time.sleep(0.05)
    return os.getpid()


def failing():
    raise ValueError("not today")


def hungry(megabytes, taken):
    import numpy

    limit_memory(megabytes)
    return len([numpy.ones(125_000) for _ in range(taken)])  # a megabyte each


def there_is_tensorflow():
    import tensorflow

    return float(tensorflow.constant(1.0) + 1)


def test_a_value_comes_back():
    assert run_apart(doubled, helped, number=20) == 40


def test_the_environment_is_that_of_the_process_alone():
    assert run_apart(doubled, helped, number=20, environment={"PLUS": "1"}) == 42
    assert "PLUS" not in os.environ


def test_each_begins_before_tensorflow_has_started():
    assert run_apart(there_is_tensorflow) == 2


def test_lines_come_while_it_runs_and_it_can_be_killed():
    child = start_apart(counting, most=1_000)
    for line in child.lines():
        if line == "3":
            child.kill()
    assert child.printed[:4] == ["0", "1", "2", "3"]
    assert len(child.printed) < 900
    assert child.ended() == "signal 9"
    with pytest.raises(ChildFailed, match="counting did not return: signal 9"):
        child.value()


def test_it_is_killed_after_the_timeout():
    assert start_apart(counting, most=10_000).ended(timeout=0.5) == "signal 9"


def test_an_exception_is_told():
    child = start_apart(failing)
    assert child.ended() == "ValueError: not today"
    assert child.ended() == "ValueError: not today"


def test_what_is_missing_there_is_named():
    assert "helped" in start_apart(doubled, number=1).ended()


def test_several_run_at_a_time():
    pids = gather(start_apart(counting, most=3) for _ in range(2))
    assert len({*pids, os.getpid()}) == 3


def test_when_one_fails_the_others_are_killed():
    pair = [start_apart(failing), start_apart(counting, most=10_000)]
    with pytest.raises(ChildFailed, match="not today"):
        gather(pair)
    assert pair[1].ended() == "signal 9"


@LINUX
def test_the_limit_is_enforced():
    assert run_apart(hungry, megabytes=50, taken=20) == 20
    assert start_apart(hungry, megabytes=50, taken=100).ended().startswith("MemoryError")


def test_a_limit_is_above_zero():
    with pytest.raises(ValueError, match="above zero"):
        limit_memory(0)


def test_arguments_are_json():
    with pytest.raises(TypeError, match="the path of a file"):
        start_apart(doubled, number=Path())


def test_a_function_needs_a_source():
    with pytest.raises(TypeError, match="source"):
        source_of(eval("lambda: 0"))
    with pytest.raises(TypeError, match="source"):
        source_of(print)


class Counter:
    """Counts."""

    def __init__(self, number):
        self.number = number


def counted(number):
    return Counter(number).number + 1


def test_a_class_goes_along():
    assert run_apart(counted, Counter, number=1) == 2


def test_ports_are_free():
    assert len(set(free_ports(3))) == 3


def test_nothing_is_left_in_the_scratch_folder():
    run_apart(doubled, helped, number=1)
    assert list(scratch_folder().iterdir()) == []


@LINUX
@pytest.mark.slow
def test_nothing_is_left_of_a_process_that_is_killed(tmp_path):
    program = tmp_path / "victim.py"
    program.write_text(
        "import time\nfrom coursekit.apart import scratch_folder, start_apart\n"
        "def endless():\n    print(os.getpid(), flush=True)\n    time.sleep(600)\n"
        "child = start_apart(endless)\n"
        "print(next(child.lines()), scratch_folder(), flush=True)\ntime.sleep(600)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(course.place())}
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True, env=environment) as victim:
        assert victim.stdout is not None
        pid, folder = victim.stdout.readline().split()
        victim.kill()
    gone = time.monotonic() + 20
    while (Path(folder).exists() or alive(int(pid))) and time.monotonic() < gone:
        time.sleep(0.1)
    assert not Path(folder).exists()
    assert not alive(int(pid))


@pytest.mark.slow
def test_a_fresh_one_can_do_without_keras():
    child = start_apart(doubled, helped, number=4, fresh=True, keras=False)
    assert child.value(timeout=120) == 8


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
