"""Having an executor do the jobs, and telling what became of them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from coursekit.executors import ClusterExecutor, Executor, LocalExecutor
from coursekit.executors.interrupts import interrupts_set
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
        KeyboardInterrupt: Ctrl-C or SIGTERM; what was finished is in the archive.
    """
    if executor is None:
        with LocalExecutor() as one_at_a_time:
            return run(jobs, one_at_a_time, archive, resume=resume, progress=progress)
    progress = progress or Progress()
    outcomes: dict[Path, Outcome] = {}
    if resume and archive:
        outcomes = {job.target: kept for job in jobs if (kept := archive.finished(job))}
    missing, halted = [job for job in jobs if job.target not in outcomes], threading.Event()
    with progress, interrupts_set(halted):
        progress.begun(len(jobs), len(outcomes))
        for outcome in _outcomes(missing, executor, progress, halted):
            outcomes[outcome.job.target] = outcome
            if archive:
                archive.keep(outcome)
            progress.ended(outcome)
    return [outcomes[job.target] for job in jobs]


def _outcomes(
    jobs: Sequence[Job], executor: Executor, progress: Progress, halted: threading.Event
) -> Iterator[Outcome]:
    """The outcomes as they come. A little more than what runs at a time is handed out, never all."""
    waiting, running = iter(jobs), {}
    while not halted.is_set():
        while len(running) < executor.slots + AHEAD and (job := next(waiting, None)) is not None:
            folder = None if isinstance(executor, ClusterExecutor) else job.source.parent
            running[executor.submit(execute, job.work(folder), progress.cells_of(job))] = job
        if not running:
            return
        for done in wait(running, timeout=POLL, return_when=FIRST_COMPLETED).done:
            yield _outcome(running.pop(done), done)
    raise KeyboardInterrupt


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
