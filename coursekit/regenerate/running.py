"""Having an executor do the jobs, and telling what became of them."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coursekit.executors import ClusterExecutor, Executor, LocalExecutor
from coursekit.executors.tasks import WorkLost
from coursekit.regenerate.archive import Archive
from coursekit.regenerate.executing import execute
from coursekit.regenerate.jobs import Job, Outcome
from coursekit.regenerate.progress import Progress

POLL = 0.5
AHEAD = 1


def run(
    jobs: Sequence[Job],
    executor: Executor | None = None,
    archive: Archive | None = None,
    *,
    resume: bool = False,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Execute the jobs and return their outcomes in the order of the jobs.

    Args:
        jobs: what to do.
        executor: does it; this machine, one notebook at a time, if left out. The caller closes it.
        archive: keeps each executed copy, failed or not, before the next job begins in its place.
        resume: take from the archive what has passed there.
        progress: is told how far it is.

    Raises:
        coursekit.executors.ExecutorError: nothing can be done any more; what is in the archive stands.
    """
    if executor is None:
        with LocalExecutor() as one_at_a_time:
            return run(jobs, one_at_a_time, archive, resume=resume, progress=progress)
    progress = progress or Progress()
    outcomes: dict[Path, Outcome] = {}
    if resume and archive:
        outcomes = {job.target: kept for job in jobs if (kept := archive.finished(job))}
    with progress:
        progress.begun(len(jobs), len(outcomes))
        for outcome in _outcomes([job for job in jobs if job.target not in outcomes], executor, progress):
            outcomes[outcome.job.target] = outcome
            if archive:
                archive.keep(outcome)
            progress.ended(outcome)
    return [outcomes[job.target] for job in jobs]


def _outcomes(jobs: Sequence[Job], executor: Executor, progress: Progress) -> Iterator[Outcome]:
    """The outcomes as they come. A little more than what runs at a time is handed out, never all."""
    waiting, running = iter(jobs), {}
    with _noted_interrupts() as interrupted:
        while not interrupted.is_set():
            while len(running) < executor.slots + AHEAD and (job := next(waiting, None)) is not None:
                folder = None if isinstance(executor, ClusterExecutor) else job.source.parent
                running[executor.submit(execute, job.work(folder), progress.cells_of(job))] = job
            if not running:
                return
            for done in wait(running, timeout=POLL, return_when=FIRST_COMPLETED).done:
                yield _outcome(running.pop(done), done)
        raise KeyboardInterrupt


@contextmanager
def _noted_interrupts() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, since its KeyboardInterrupt is lost when it is raised in somebody's callback."""
    noted = threading.Event()
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # somebody else takes care of it
        yield noted
        return

    def note(number: int, frame: object) -> None:
        noted.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _outcome(job: Job, done: Future[dict[str, Any]]) -> Outcome:
    try:
        return Outcome(job, **done.result())
    except WorkLost as error:
        return Outcome(job, 0.0, {}, str(error), 0, job.content)


def report(outcomes: Sequence[Outcome]) -> None:
    """Print for each notebook whether it passed, its seconds and memory, where it lies and its figures."""
    for outcome in outcomes:
        state = "passed" if outcome.passed else "FAILED"
        earlier = " (earlier run, kept)" if outcome.kept else ""
        print(f"\n{outcome.job.title} {state} in {outcome.seconds:.0f} s, {outcome.memory / 1e6:.0f} MB{earlier}")
        print(f"  executed notebook: {from_here(outcome.job.target)}")
        width = max(map(len, outcome.figures), default=0)
        for name, value in outcome.figures.items():
            print(f"  {name:{width}}  {value:.6g}")
        if outcome.failure:
            print(outcome.failure, file=sys.stderr)


def from_here(path: Path) -> str:
    """The path as it is typed in the current folder."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
