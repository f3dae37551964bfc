"""Notebooks and other work on a real cluster: the same results as here, whatever becomes of a worker."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import notebook_runs
import psutil
import pytest
import work_for_workers
from dask_processes import PATH, wait_until

from coursekit import regenerate
from coursekit.executors import ExecutorError, Halted, open_executor
from coursekit.executors import cluster as clusters
from coursekit.regenerate.executing import execute

pytestmark = pytest.mark.slow


def test_results_are_those_of_the_local_run_byte_for_byte(executor, jobs):
    table = "from coursekit.results import results_table\nresults_table([('accuracy', None, X / 4)])"
    planned = jobs(["X = 1", table], ["X = 1", "print(X)", "1 / 0", "x = 2"], parameters={"X": "2"})

    here, there = notebook_runs.run(planned), notebook_runs.run(planned, executor)

    assert [outcome.notebook for outcome in there] == [outcome.notebook for outcome in here]
    assert [outcome.failure for outcome in there] == [outcome.failure for outcome in here]
    assert [outcome.passed for outcome in there] == [True, False]
    assert there[0].figures == here[0].figures == {"accuracy": 0.5}
    assert all(outcome.seconds and outcome.memory for outcome in there)


def test_the_work_of_a_worker_that_is_killed_is_done_by_another(executor, cluster, jobs, tmp_path):
    tell = f"import os, pathlib, time\nfolder = pathlib.Path({str(tmp_path)!r})\nfile = folder / f'tried-{{X}}'"
    wait = "print('waits', file=file.open('a'))\nwhile not (folder / 'go').exists(): time.sleep(0.05)"
    tell += "\nprint(os.getppid(), os.getpid(), file=file.open('a'))"
    planned = jobs(["X = 1", tell, wait, "print(X)"], ["X = 2", tell, wait, "print(X)"])
    running = [executor.submit(execute, job.work()) for job in planned]
    for job in "12":
        wait_until(lambda file=tmp_path / f"tried-{job}": file.exists() and "waits" in file.read_text())

    worker, kernel = map(int, (tmp_path / "tried-1").read_text().split()[:2])
    cluster.kill(worker)
    (tmp_path / "go").touch()
    there = [future.result(timeout=150) for future in running]

    tried = [int(line.split()[0]) for line in (tmp_path / "tried-1").read_text().splitlines()[::2]]
    assert tried == [worker, *cluster.workers]
    assert [each["failure"] for each in there] == ["", ""]
    assert [each["notebook"] for each in there] == [outcome.notebook for outcome in notebook_runs.run(planned)]
    wait_until(lambda: not psutil.pid_exists(kernel))


def test_a_notebook_that_ends_workers_is_named_and_the_others_go_on(executor, cluster, jobs):
    kill = "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(9)"
    planned = jobs(["X = 1", kill], ["X = 2"])
    cluster.start_worker()
    executor._client.wait_for_workers(3, timeout=150)

    bad, good = notebook_runs.run(planned, executor)

    assert "notebooks/0 ended 2 workers, the last one tcp://127.0.0.1:" in bad.failure
    assert bad.notebook == planned[0].content
    assert good.passed
    wait_until(lambda: cluster.reap() or len(cluster.workers) == 1)


def test_cells_are_reported_while_they_run(executor, jobs):
    (job,) = jobs(["X = 1", "X", "X"])
    told = []

    executor.submit(execute, job.work(), lambda done, total: told.append((done, total))).result()

    wait_until(lambda: (3, 3) in told)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_an_exception_of_the_work_comes_back(executor):
    with pytest.raises(ZeroDivisionError, match="a submission"):
        executor.submit(work_for_workers.fail, {"title": "a submission"}).result()


def test_stopping_reaches_work_that_runs_on_a_worker(executor, tmp_path):
    running = executor.submit(work_for_workers.wait_to_be_halted, {"title": "waits", "file": str(tmp_path / "state")})
    wait_until(lambda: (tmp_path / "state").exists())

    executor.stop()

    with pytest.raises(Halted):
        running.result(timeout=30)
    wait_until(lambda: (tmp_path / "state").read_text() == "halted")


INTERRUPTIBLE = (  # also where these tests run in the background of a shell, which ignores interrupts there
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from coursekit import cli; cli.main()"
)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_command_that_ends_leaves_no_kernel_on_the_workers(executor, cluster, jobs, tmp_path, number, code):
    tell = f"import os, time\nprint(os.getpid(), 'end', file=open({str(tmp_path / 'kernel')!r}, 'w'))\ntime.sleep(99)"
    (job,) = jobs(["X = 1", tell])
    command = [sys.executable, "-c", INTERRUPTIBLE, "run", str(job.source), "--out", str(tmp_path / "build")]
    command += ["--scheduler", cluster.address]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": PATH})
    wait_until(lambda: (tmp_path / "kernel").exists() and "end" in (tmp_path / "kernel").read_text())
    process.send_signal(number)
    _, errors = process.communicate(timeout=150)

    assert process.returncode == code
    assert "Traceback" not in errors, errors
    kernel = int((tmp_path / "kernel").read_text().split()[0])
    wait_until(lambda: not psutil.pid_exists(kernel))
    assert not list((tmp_path / "build").iterdir())


def test_a_worker_with_another_course_is_refused_by_name(executor, cluster, tmp_path):
    package = Path(regenerate.__file__).parents[1]
    shutil.copytree(package, tmp_path / "coursekit", ignore=shutil.ignore_patterns("embedded", "__pycache__"))
    with open(tmp_path / "coursekit" / "course.py", "a") as file:
        file.write("# another course\n")
    refused_while(cluster, executor, str(tmp_path), "differs: coursekit is [0-9a-f]+ there and [0-9a-f]+ here; data is")


def test_a_worker_without_the_course_is_refused_by_name(executor, cluster, tmp_path):
    (tmp_path / "coursekit.py").write_text("raise ImportError('there is no coursekit here')")
    refused_while(cluster, executor, str(tmp_path), "cannot run this course: .*Install it there")


def refused_while(cluster, executor, folder, words):
    """A new client is refused, with the worker's name, while there is a worker that imports from the folder first."""
    odd = cluster.start_worker(path=os.pathsep.join([folder, PATH]))
    executor._client.wait_for_workers(3, timeout=150)
    try:
        with (
            pytest.raises(ExecutorError, match=rf"The worker tcp://127.0.0.1:\d+ {words}"),
            open_executor(scheduler=cluster.address),
        ):
            pass
    finally:
        cluster.kill(odd)
        wait_until(lambda: len(executor._client.nthreads()) == 2)


def test_a_worker_that_comes_later_is_compared_before_its_first_work(executor, monkeypatch):
    monkeypatch.setattr(executor, "_expected", executor._expected | {"Python": "3.1"})

    with pytest.raises(clusters.WorkerDiffers, match=r"The worker tcp://\S+ differs: Python is \S+ there and 3.1 here"):
        executor.submit(work_for_workers.double, {"title": "x", "x": 1}).result()


def test_a_worker_keeps_one_resource_and_closes_it_at_its_end(executor, cluster, tmp_path):
    work = {"title": "pool", "file": str(tmp_path / "pool")}
    done = [executor.submit(work_for_workers.use_pool, work) for _ in range(8)]
    done = [future.result(timeout=150) for future in done]

    users = {each["process"] for each in done}
    assert users <= set(cluster.workers)
    assert all(each["same"] for each in done)
    assert sorted(told(tmp_path)) == sorted(f"opened by {process}" for process in users)
    for process in users:
        cluster.end(process)
    both = sorted(f"{word} by {process}" for process in users for word in ("opened", "closed"))
    wait_until(lambda: sorted(told(tmp_path)) == both)


def told(folder):
    return (folder / "pool").read_text().splitlines()


def test_the_number_of_slots_follows_the_cluster(executor, cluster, monkeypatch):
    assert executor.slots == 2
    cluster.start_worker()
    executor._client.wait_for_workers(3, timeout=150)
    monkeypatch.setattr(clusters, "COUNTING", 0)

    assert executor.slots == 3


def test_a_client_of_the_callers_own_will_do(executor, cluster):
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        with clusters.ClusterExecutor(client) as mine:
            assert mine.submit(work_for_workers.double, {"title": "x", "x": 4}).result()["twice"] == 8
        assert client.status == "running"


def test_a_scheduler_that_goes_away_ends_the_run_with_a_sentence(tmp_path, monkeypatch):
    from dask_processes import Cluster

    short_lived = Cluster(tmp_path)
    try:
        short_lived.start_worker()
        with open_executor(scheduler=short_lived.address) as executor:
            work = {"title": "waits", "file": str(tmp_path / "state")}
            running = executor.submit(work_for_workers.wait_to_be_halted, work)
            wait_until(lambda: (tmp_path / "state").exists())
            short_lived.scheduler.kill()
            with pytest.raises(ExecutorError, match="connection to the scheduler was lost"):
                running.result(timeout=150)
    finally:
        short_lived.close()
