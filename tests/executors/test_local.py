"""Work in threads, and what a process keeps for all its work."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import work_for_workers
from dask_processes import wait_until

from coursekit.executors import Halted, kept, open_executor


def test_work_runs_in_as_many_threads_as_asked():
    meeting = threading.Barrier(3, timeout=10)

    with open_executor(jobs=3) as executor:
        done = [executor.submit(lambda work, task: {"place": meeting.wait()}, {"title": "x"}) for _ in range(3)]
        assert executor.slots == 3
        assert sorted(future.result()["place"] for future in done) == [0, 1, 2]


def test_reports_and_exceptions_come_back():
    told = []
    with open_executor() as executor:
        executor.submit(work_for_workers.double, {"title": "x", "x": 1}, lambda *state: told.append(state)).result()
        failed = executor.submit(work_for_workers.fail, {"title": "a submission"})
        with pytest.raises(ZeroDivisionError, match="a submission"):
            failed.result()
    assert told == [(1, 2)]


def test_the_end_of_the_with_statement_stops_what_runs_and_what_waits(tmp_path):
    work = {"title": "waits", "file": str(tmp_path / "state")}
    with open_executor() as executor:
        executor.submit(work_for_workers.wait_to_be_halted, work)
        waits = executor.submit(work_for_workers.double, {"title": "x", "x": 1})
        wait_until(lambda: (tmp_path / "state").exists())

    assert (tmp_path / "state").read_text() == "halted"
    with pytest.raises(Halted):
        waits.result()


def test_a_resource_that_cannot_be_made_is_tried_again():
    tries = []

    @contextmanager
    def make():
        tries.append(1)
        if len(tries) == 1:
            raise OSError("not yet")
        yield "pool"

    with pytest.raises(OSError, match="not yet"):
        kept(make, make)
    assert (kept(make, make), kept(make, make), len(tries)) == ("pool", "pool", 2)


def test_a_resource_is_closed_at_the_end_of_the_process(tmp_path):
    code = """
import sys, threading, work_for_workers
worker = threading.Thread(target=work_for_workers.use_pool, args=({"file": sys.argv[1]}, None))
worker.start(); worker.join()
"""
    environment = {"PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", code, str(tmp_path / "pool")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert [line.split()[0] for line in (tmp_path / "pool").read_text().splitlines()] == ["opened", "closed"]
