"""Workers for a class: one warm parent, sealed as well as this machine allows, and a worker for each notebook."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from coursekit.data import cache, registry, store
from coursekit.errors import CoursekitError
from coursekit.sandbox import companions, sealing
from coursekit.sandbox.forkclient import CannotServe, ForkServer, ForksForbidden, SealedWorker
from coursekit.sandbox.levels import LEVELS, LIMITS_ONLY, SEALED, WARM, Sealing
from coursekit.sandbox.unsealed import UnsealedWorker
from coursekit.sandbox.view import of_this_environment
from coursekit.worker.bounds import Limits
from coursekit.worker.channel import Worker, WorkerEnded, WorkerLost, WorkerStuck
from coursekit.worker.failures import CannotStart

NO_WORKER = (OSError, WorkerEnded, WorkerLost, WorkerStuck)
IS_LINUX = sys.platform.startswith("linux")


class NoSandbox(CoursekitError):
    """Notebooks of others cannot be run safely here; the message tells why, level by level, and what to do."""

    def __init__(self, refused: dict[str, str]) -> None:
        reasons = "".join(f"\n  {level}: {reason}" for level, reason in refused.items())
        super().__init__(
            f"No sandbox can be had here, so notebooks of others are not run.{reasons}\n"
            "On Linux, install bubblewrap and allow user namespaces (on Ubuntu: "
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0), or work as root of a virtual machine. "
            "With --unsafe-no-sandbox they run with your rights: do that only where nothing can be lost."
        )


class WorkerPool:
    """Starts sealed workers, each a fork of one warm parent. Any thread may use it.

    Args:
        jobs: how many workers will run at a time; they share the processors.
        limits: bounds on each worker.
        unsafe: whether levels that do not seal may be used where none that does can be had.
        own: whether every file beside a notebook is its author's; else only those beside a single notebook are.
        hide: folders that no worker may see, should they lie within Python or the environment.
        levels: the levels to try, in this order.
        warm: modules that the parent of all workers imports; for a single notebook, none is quicker.

    Attributes:
        refused: the levels that cannot be had here, and why.

    Raises:
        NoSandbox: on entering, none of the levels can be had.
    """

    def __init__(
        self,
        jobs: int = 1,
        limits: Limits | None = None,
        *,
        unsafe: bool = False,
        own: bool = False,
        hide: Iterable[Path] = (),
        levels: Iterable[str] = LEVELS,
        warm: Iterable[str] = WARM,
    ) -> None:
        self._threads = max(1, (os.cpu_count() or 1) // jobs)
        self._limits = limits or Limits.of_submission()
        self._levels = [level for level in levels if unsafe or level in SEALED]
        self._hide, self._warm, self._own = tuple(hide), tuple(warm), own
        self._lock = threading.Lock()
        self._workers: weakref.WeakSet[Worker] = weakref.WeakSet()
        self._closed = False
        self._parent: ForkServer | None = None  # none where each worker is a fresh interpreter with the user's rights
        self.refused: dict[str, str] = {}

    def __enter__(self) -> WorkerPool:
        if IS_LINUX:
            prepare_data()
        self._how, self._parent = self._best()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def level(self) -> str:
        """What holds the workers, in words for a report."""
        parts = [self._how.level]
        if self._how.sealed and self._parent is not None:
            parts += ["own user, process, mount, network and IPC namespaces", *self._parent.in_force]
            parts += ["control group"] if self._parent.groups else []
        if not self._how.warm:
            parts.append("a fresh interpreter for each notebook")
        return ", ".join(parts) if self._how.sealed else f"NOT SEALED: {', '.join(parts)}"

    @property
    def process_id(self) -> int:
        """The number of the process below which all workers run, for measuring."""
        return os.getpid() if self._parent is None else self._parent.process_id

    def start(self, folder: Path | None = None) -> Worker:
        """A new worker that answers, with copies of the files in ``folder`` if these can only be one learner's.

        Raises:
            coursekit.worker.failures.CannotStart: the warm parent ended, and another one does not start.
        """
        parent = self._parent
        try:
            return self._greeted(parent, folder)
        except NO_WORKER:
            parent = self._instead_of(parent)
        try:
            return self._greeted(parent, folder)
        except NO_WORKER as error:
            raise CannotStart(f"No worker can be started any more: {type(error).__name__} {error}") from error

    def close(self) -> None:
        """End all workers and the warm parent, also while other threads use them; no more are started."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
        for worker in workers:
            worker.close()
        if self._parent is not None:
            self._parent.close()

    def _greeted(self, parent: ForkServer | None, folder: Path | None) -> Worker:
        if folder is not None and not self._own and not companions.belong_to_one_notebook(folder):
            folder = None
        with self._lock:
            if self._closed:
                raise CannotStart("All workers were ended, and no more are started.")
            worker = UnsealedWorker(folder, self._limits) if parent is None else SealedWorker(parent, folder)
            self._workers.add(worker)
        worker.greet()
        return worker

    def _instead_of(self, broken: ForkServer | None) -> ForkServer | None:
        """The same, if it is running after all, or a new one, unless another thread has already brought that."""
        with self._lock:
            if broken is not None and self._parent is broken and not broken.is_running and not self._closed:
                broken.close()
                try:
                    self._parent = self._serve(self._how)
                except CannotServe as error:
                    raise CannotStart(f"The parent of all workers ended and does not start again: {error}") from error
            return self._parent

    def _best(self) -> tuple[Sealing, ForkServer | None]:
        view, real_root = of_this_environment(hide=self._hide), sealing.is_real_root()
        for level in self._levels:
            how = Sealing(level, real_root, self._limits, view, self._warm)
            try:
                return how, self._serve(how)
            except ForksForbidden:
                how = replace(how, warm=())
                return how, self._serve(how)
            except CannotServe as error:
                self.refused[level] = str(error)
        raise NoSandbox(self.refused)

    def _serve(self, how: Sealing) -> ForkServer | None:
        if not IS_LINUX:
            if how.level != LIMITS_ONLY:
                raise CannotServe(f"this is {sys.platform}; only Linux has it")
            return None
        server = ForkServer(how, self._threads)
        server.wait_until_warm()
        return server


def prepare_data() -> None:
    """Unpack the course's data into the cache, which workers can read and cannot write."""
    for file in registry.files():
        if file.packed is not None and not (cache.cache_folder() / file.name).is_file():
            store.path(file)
