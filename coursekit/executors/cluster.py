"""Work on the workers of a Dask cluster. Dask is imported only when a cluster is asked for."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.executors.fingerprint import differences, fingerprint
from coursekit.executors.tasks import ExecutorError, Function, Halted, OnReport, Task, Work, WorkLost, ignore

CONNECTING = 30.0
COUNTING = 5.0
SHOWN = 5


class WorkerDiffers(ExecutorError):
    """A worker has another Python, another course or other data than this machine."""


@dataclass(frozen=True)
class Tls:
    """PEM files with which a cluster is reached.

    Attributes:
        ca: certificates of the authorities that sign the cluster's.
        cert: this client's certificate.
        key: this client's key; left out when it is in the file of the certificate.
    """

    ca: Path
    cert: Path
    key: Path | None = None


class ClusterExecutor:
    """Runs work on a cluster, for a client that is connected to it.

    Every worker is compared with this machine: those that are there at once, those that come later before their first
    piece of work. A worker that ends has its work done by another one.

    Args:
        client: of Dask; the caller closes it.

    Raises:
        WorkerDiffers: naming the workers.
    """

    here, ahead = False, 2

    def __init__(self, client: Any) -> None:
        self._client, self._executor = client, client.get_executor(pure=False)
        self._expected, self._topic = fingerprint(), f"coursekit-{uuid.uuid4().hex}"
        self._listeners: dict[str, OnReport] = {}
        self._slots, self._counted = 0, -COUNTING
        self._stopped = False
        self._compare_workers()
        client.subscribe_topic(self._topic, self._hear)

    def __enter__(self) -> ClusterExecutor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        if self._client.status == "running":
            self._client.unsubscribe_topic(self._topic)

    @property
    def slots(self) -> int:
        """Threads of all workers; at least one, since a cluster may start its first worker when work is there."""
        if time.monotonic() - self._counted > COUNTING and self._client.status == "running":
            self._slots, self._counted = sum(self._client.nthreads().values()), time.monotonic()
        return max(1, self._slots)

    def submit(self, function: Function, work: Work, on_report: OnReport = ignore) -> Future[dict[str, Any]]:
        """Start ``function(work, task)`` on a worker."""
        key = f"{work['title']}-{uuid.uuid4().hex}"
        self._listeners[key] = on_report
        inner = self._executor.submit(_perform, self._expected, self._topic, function, work, key=key)
        outer: Future[dict[str, Any]] = Future()
        outer.set_running_or_notify_cancel()
        inner.add_done_callback(lambda done: self._hand_over(done, outer, key, work["title"]))
        return outer

    def stop(self) -> None:
        """Cancel what waits and what runs; work that runs sees it within about a second."""
        self._stopped = True
        if self._client.status == "running":
            self._executor.shutdown(wait=False)

    def _hear(self, event: tuple[float, Any]) -> None:
        key, done, total = event[1]
        self._listeners.get(key, ignore)(done, total)

    def _hand_over(self, done: Future[dict[str, Any]], outer: Future[dict[str, Any]], key: str, title: str) -> None:
        from distributed.scheduler import KilledWorker

        self._listeners.pop(key, None)
        try:
            outer.set_result(done.result())
        except CancelledError:
            lost = "The connection to the scheduler was lost. Give the same command again when it is back."
            outer.set_exception(Halted() if self._stopped else ExecutorError(lost))
        except KilledWorker as error:
            ended = f"{title} ended {error.allowed_failures + 1} workers, the last one {error.last_worker.address}. "
            outer.set_exception(WorkLost(f"{ended}Did they run out of memory? Their logs tell."))
        except BaseException as error:
            outer.set_exception(error)

    def _compare_workers(self) -> None:
        found = self._client.run(fingerprint, on_error="return")
        checked = (_problem(address, theirs, self._expected) for address, theirs in found.items())
        if problems := [problem for problem in checked if problem]:
            more = [f"… and {len(problems) - SHOWN} more workers"] if len(problems) > SHOWN else []
            raise WorkerDiffers("\n".join([*problems[:SHOWN], *more]))


@contextlib.contextmanager
def connected(address: str, tls: Tls | None = None) -> Iterator[ClusterExecutor]:
    """An executor with a client of its own, which ends with the block.

    Raises:
        ExecutorError: Dask is not installed, or nobody answers at the address.
    """
    with _client(address, tls) as client, ClusterExecutor(client) as executor:
        yield executor


def _client(address: str, tls: Tls | None) -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ExecutorError('--scheduler needs Dask: pip install -e ".[cluster]" in the course') from error
    dask: Any = distributed  # it has types for a part of its functions only
    security = None
    if tls:
        files = {"ca_file": tls.ca, "client_cert": tls.cert, "client_key": tls.key or tls.cert}
        security = dask.Security(require_encryption=True, **{f"tls_{name}": str(path) for name, path in files.items()})
        address = address if "://" in address else f"tls://{address}"
    try:
        return dask.Client(address, security=security, timeout=CONNECTING, set_as_default=False, name="coursekit")
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise ExecutorError(
            f"No Dask scheduler can be reached at {address}: {error}. Is it running there? "
            "With TLS its address is tls://HOST:PORT, and it needs certificates: --tls-ca, --tls-cert, --tls-key."
        ) from error


def _problem(address: str, theirs: Any, ours: dict[str, str]) -> str:
    """Why a worker cannot be used; empty if it can."""
    if isinstance(theirs, BaseException):
        return f"The worker {address} cannot run this course: {type(theirs).__name__}: {theirs}. Install it there."
    found = differences(theirs, ours)
    return f"The worker {address} differs: {'; '.join(found)}. Install the same there." if found else ""


def _perform(expected: dict[str, str], topic: str, function: Function, work: Work) -> dict[str, Any]:
    """Runs on a worker."""
    from distributed import get_worker

    worker = get_worker()
    if problem := _problem(worker.address, fingerprint(), expected):
        raise WorkerDiffers(problem)
    key = str(worker.get_current_task())

    def halted() -> bool:
        """Dask forgets or marks a task that was cancelled, also when its client is gone."""
        state = worker.state.tasks.get(key)
        return state is None or state.state == "cancelled" or worker.status.name.startswith("clos")

    return function(work, Task(halted, lambda done, total: worker.log_event(topic, (key, done, total))))
