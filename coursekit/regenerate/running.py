"""Having an executor do the jobs, and telling what became of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from coursekit.executors import Executor
from coursekit.executors.bounded import Done, bounded
from coursekit.executors.tasks import WorkLost
from coursekit.regenerate.archive import RunArchive
from coursekit.regenerate.executing import execute
from coursekit.regenerate.jobs import Execution, NotebookJob
from coursekit.regenerate.progress import Lines, Progress


def run(
    jobs: Sequence[NotebookJob],
    executor: Executor,
    archive: RunArchive,
    progress: Progress | None = None,
    resume: bool = False,
) -> list[Execution]:
    """Execute the jobs and return what each gave, in the order of the jobs.

    Args:
        jobs: what to do.
        executor: does it.
        archive: keeps each executed copy, failed or not, before the next job begins in its place.
        progress: is told how far it is; lines on standard error if left out.
        resume: take from the archive what has passed there.

    Raises:
        coursekit.files.CannotWrite: the archive's folder cannot be written to.
        coursekit.executors.ExecutorError: nothing can be done any more; what is in the archive stands.
        KeyboardInterrupt: Ctrl-C or SIGTERM; what was finished is in the archive.
    """
    progress = progress or Lines(sys.stderr)
    executions = {job.target: kept for job in jobs if resume and (kept := archive.finished(job))}
    missing = [job for job in jobs if job.target not in executions]
    archive.open()

    def begin(job: NotebookJob) -> Done:
        work = job.work(job.source.parent if executor.here else None)
        return executor.submit(execute, work, progress.cells_of(job))

    with bounded(executor, missing, begin) as results:
        progress.begun(len(jobs), len(executions))
        for job, done in results:
            execution = executions[job.target] = _execution(job, done)
            archive.keep(execution)
            progress.ended(execution)
    return [executions[job.target] for job in jobs]


def _execution(job: NotebookJob, done: Done) -> Execution:
    try:
        return Execution(job, **done.result())
    except WorkLost as error:
        return Execution(job, 0.0, {}, str(error), 0, job.content)


def report(executions: Sequence[Execution]) -> None:
    """Print for each notebook whether it passed, its seconds and memory, where it lies and its figures."""
    for execution in executions:
        state = "passed" if execution.passed else "FAILED"
        earlier = " (earlier run, kept)" if execution.kept else ""
        print(f"\n{execution.job.title} {state} in {execution.seconds:.0f} s, {execution.memory / 1e6:.0f} MB{earlier}")
        print(f"  executed notebook: {from_here(execution.job.target)}")
        width = max(map(len, execution.figures), default=0)
        for name, value in execution.figures.items():
            print(f"  {name:{width}}  {value:.6g}")
        if execution.failure:
            print(execution.failure, file=sys.stderr)


def from_here(path: Path) -> str:
    """The path as it is typed in the current folder."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
