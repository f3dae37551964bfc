"""A real Dask cluster on the loopback interface: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

PATH = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
QUIET = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "warning", "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}


class Cluster:
    """Processes of a cluster; what they print goes to a file.

    Args:
        folder: for that file and for what workers write.
        security: options of Dask's commands.
    """

    def __init__(self, folder: Path, *security: str) -> None:
        self.folder, self.security = folder, security
        self.workers: dict[int, subprocess.Popen] = {}
        file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        self.address = json.loads(wait_until(lambda: file.exists() and file.read_text()))["address"]

    def start_worker(self, path: str = PATH, preload: str | None = None) -> int:
        """The process number of a new worker, which has one thread and no parent that starts it again."""
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self.folder)]
        options += ["--preload", preload] if preload else []
        worker = self._start("worker", self.address, *options, path=path)
        self.workers[worker.pid] = worker
        return worker.pid

    def kill(self, worker: int) -> None:
        """End a worker as a crash would."""
        process = self.workers.pop(worker)
        process.kill()
        process.wait()

    def end(self, worker: int) -> None:
        """End a worker in order."""
        process = self.workers.pop(worker)
        process.terminate()
        process.wait()

    def reap(self) -> None:
        """Forget the workers that have ended."""
        self.workers = {pid: worker for pid, worker in self.workers.items() if worker.poll() is None}

    def close(self) -> None:
        """End everything, and see that it has ended."""
        processes = [*self.workers.values(), self.scheduler]
        family = [member for process in processes for member in family_of(process.pid)]
        for process in processes[:-1]:
            process.terminate()
        _, alive = psutil.wait_procs([member for member in family if member.pid != self.scheduler.pid], timeout=60)
        self.scheduler.terminate()
        for member in alive:
            member.kill()
        for process in processes:
            process.wait()
        assert not alive, alive

    def _start(self, command: str, *options: str, path: str = PATH) -> subprocess.Popen:
        arguments = [sys.executable, "-m", f"distributed.cli.dask_{command}", *options]
        arguments += ["--host", "127.0.0.1", *self.security]
        with open(self.folder / f"{command}.log", "ab") as log:
            environment = os.environ | QUIET | {"PYTHONPATH": path}
            return subprocess.Popen(arguments, env=environment, stdout=log, stderr=log, cwd=self.folder)


def family_of(process: int) -> list[psutil.Process]:
    """A process and those below it."""
    try:
        return [psutil.Process(process), *psutil.Process(process).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def wait_until(condition, seconds: float = 150):
    """What the condition returns as soon as that counts as true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return value
