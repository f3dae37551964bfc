"""Executing the course's notebooks: with parameters, in parallel, and back into the repository."""

from __future__ import annotations

import ast
import copy
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from coursekit import course
from coursekit.files import replace_file
from coursekit.results import MIME

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class CannotRun(ValueError):
    """A run was asked for that cannot be started: an unknown parameter, a file that is no notebook."""


@dataclass(frozen=True)
class Job:
    """One notebook to execute.

    Attributes:
        source: the notebook as stored.
        target: where the executed copy goes.
        parameters: values that replace those of its parameters cell.
    """

    source: Path
    target: Path
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Folder and name, as progress and report show it."""
        return f"{self.source.parent.name}/{self.source.stem}"


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        job: the job.
        seconds: wall time, start of the kernel included.
        figures: the numbers that the notebook reports through `coursekit.results`.
        failure: the failing cell with its number and traceback; empty when every cell ran to its end.
    """

    job: Job
    seconds: float
    figures: dict[str, float]
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether every cell ran to its end."""
        return not self.failure


def plan(
    names: Sequence[str],
    *,
    out: Path,
    parameters: dict[str, str] | None = None,
    quick: bool = False,
    solutions: bool = False,
    update: bool = False,
) -> list[Job]:
    """Turn what was typed into jobs, and refuse what could only fail later.

    Args:
        names: lesson numbers, slugs or names, ``all``, or paths of notebooks.
        out: folder of the executed copies.
        parameters: parameter names and their values as typed.
        quick: apply the small sizes that each notebook declares in its metadata.
        solutions: run each lesson's solution as well.
        update: the outputs are to be stored, so they must come from the default parameters.

    Raises:
        CannotRun: with what was wrong and what there is instead.
        course.UnknownLesson: no such lesson.
    """
    if update and (quick or parameters):
        raise CannotRun("--update stores the outputs of a full run: leave out -p and --quick.")
    known = {source: known_parameters(source) for source in _sources(names, solutions)}
    _refuse_unknown(parameters or {}, known)
    jobs = [_job(source, out.resolve(), defaults, parameters or {}, quick) for source, defaults in known.items()]
    if len({job.target for job in jobs}) < len(jobs):
        raise CannotRun("Two of these notebooks have the same name and folder name; run them one by one.")
    return jobs


def _refuse_unknown(typed: dict[str, str], known: dict[Path, dict[str, str]]) -> None:
    defaults = {name: default for parameters in known.values() for name, default in parameters.items()}
    for name in typed:
        if name not in defaults:
            offer = ", ".join(f"{name} = {default}" for name, default in defaults.items()) or "none at all"
            raise CannotRun(f"{', '.join(path.name for path in known)} has no parameter {name!r}. It has: {offer}.")


def _job(source: Path, out: Path, defaults: dict[str, str], typed: dict[str, str], quick: bool) -> Job:
    values = _quick_values(source) if quick and defaults else {}
    values |= {name: _value(name, text, defaults[name]) for name, text in typed.items() if name in defaults}
    target = out / source.parent.name / source.name
    if target == source:
        raise CannotRun(f"The executed copy would overwrite {source}: name another folder with --out.")
    return Job(source, target, values)


def _sources(names: Sequence[str], solutions: bool) -> list[Path]:
    found: list[Path] = []
    for name in names:
        if name.endswith(".ipynb"):
            found.append(Path(name).resolve())
            continue
        for lesson in course.LESSONS if name == "all" else [course.find(name)]:
            found += [lesson.notebook, lesson.solution] if solutions else [lesson.notebook]
    for path in found:
        if not path.is_file():
            raise CannotRun(f"{path} is not there.")
    return list(dict.fromkeys(found))


def _read(path: Path):
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        raise CannotRun(f"{path} cannot be read as a notebook: {error}") from error


def _quick_values(source: Path) -> dict[str, Any]:
    values = _read(source).metadata.get("coursekit", {}).get("quick")
    if not values:
        raise CannotRun(f'{source.name} has no quick sizes: its metadata lack {{"coursekit": {{"quick": …}}}}.')
    return dict(values)


def known_parameters(source: Path) -> dict[str, str]:
    """Names and defaults, as written, in the notebook's cell that is tagged ``parameters``.

    Raises:
        CannotRun: the file cannot be read as a notebook.
    """
    from papermill.translators import PythonTranslator

    for cell in _read(source).cells:
        if "parameters" in cell.metadata.get("tags", []):
            return {found.name: found.default for found in PythonTranslator.inspect(cell)}
    return {}


def _value(name: str, text: str, default: str) -> Any:
    value, kind = _literal(text), type(_literal(default))
    if kind in (int, float, bool) and not (type(value) is kind or (kind is float and type(value) is int)):
        raise CannotRun(f"Parameter {name} is of type {kind.__name__} ({default} by default); {text!r} is not.")
    return value


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def run(jobs: Sequence[Job], *, jobs_at_once: int = 1) -> list[Outcome]:
    """Execute the jobs, in this process or in several, and return their outcomes in the order of the jobs."""
    if jobs_at_once == 1 or len(jobs) == 1:
        return [run_one(job, progress_bar=sys.stderr.isatty()) for job in jobs]
    with ProcessPoolExecutor(jobs_at_once, mp_context=get_context("spawn")) as pool:
        return list(pool.map(run_one, jobs))


def run_one(job: Job, *, progress_bar: bool = False) -> Outcome:
    """Execute one notebook with the kernel of this interpreter; the executed copy is kept, failed or not.

    Args:
        job: what to run.
        progress_bar: a bar that moves, for a terminal; else a line every ten seconds.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    job.target.parent.mkdir(parents=True, exist_ok=True)
    start, raised, died = time.perf_counter(), "", False
    with tempfile.TemporaryDirectory() as aside:
        try:
            papermill.execute_notebook(
                job.source,
                job.target,
                job.parameters,
                kernel_name="python3",
                language="python",
                cwd=job.source.parent,
                progress_bar={"desc": job.title} | ({} if progress_bar else _plain_lines()),
                kernel_manager_class=_kernel_of_this_interpreter(Path(aside)),
            )
        except papermill.PapermillExecutionError as error:
            raised = str(error)
        except DeadKernelError as error:
            raised, died = f"{error}\n{(Path(aside) / 'stderr').read_text(errors='replace')}", True
    executed = _read(job.target)
    failure = _unfinished_cell(executed, raised, died) or raised
    return Outcome(job, time.perf_counter() - start, headline_figures(executed), failure)


def _plain_lines() -> dict[str, Any]:
    line = "{desc}: {n_fmt} of {total_fmt} cells, {elapsed}"
    return {"file": _Lines(sys.stderr), "mininterval": 10, "bar_format": line, "ascii": True}


class _Lines:
    """Gives each state of a progress bar a line of its own, for output that is no terminal."""

    def __init__(self, stream) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        if text := text.strip():
            self.stream.write(text + "\n")

    def flush(self) -> None:
        self.stream.flush()


def _kernel_of_this_interpreter(aside: Path) -> type:
    """A kernel manager that looks for no installed kernels, so that none of another Python is taken.

    Into the folder ``aside`` goes what is not of the notebook: what the kernel process itself writes on standard
    error, such as its end in a crash, and the points of a solution, which are not the learner's progress.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default

    class KernelOfThisInterpreter(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _only_the_native_kernel(self):
            return KernelSpecManager(kernel_dirs=[], parent=self)

        @default("transport_encryption")
        def _where_the_kernel_can(self):
            return "auto"

        async def start_kernel(self, **options):
            environment = os.environ | {"COURSEKIT_PROGRESS": str(aside / "progress.json")}
            with open(aside / "stderr", "wb") as stderr:
                await super().start_kernel(stderr=stderr, env=environment, **options)

    return KernelOfThisInterpreter


def _unfinished_cell(notebook, raised: str, died: bool) -> str:
    """The first code cell that was not seen to end, or the one in which the kernel died.

    Papermill lets ``sys.exit(0)`` pass, and marks the cell completed in which a kernel dies.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    states = [cell.metadata.get("papermill", {}) for cell in cells]
    started = [number for number, state in enumerate(states) if state.get("start_time")]
    for number, (cell, state) in enumerate(zip(cells, states)):
        ended = cell.execution_count and not state.get("exception")
        if cell.source.strip() and (not ended or (died and number == started[-1])):
            printed = "\n".join(_printed(output) for output in cell.outputs)
            first_line = cell.source.strip().splitlines()[0]
            details = "\n".join(part.strip() for part in (printed, raised if died or not printed else "") if part)
            return f"code cell {number + 1} of {len(cells)} did not run to its end: {first_line}\n{details}"
    return ""


def _printed(output) -> str:
    text = output.get("text") or "\n".join(output.get("traceback", []))
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


def headline_figures(notebook) -> dict[str, float]:
    """The numbers that a notebook's outputs carry under the type `coursekit.results.MIME`.

    >>> from nbformat.v4 import new_code_cell, new_notebook, new_output
    >>> table = new_output("display_data", {MIME: {"figures": {"test accuracy": 0.98}}})
    >>> headline_figures(new_notebook(cells=[new_code_cell("table", outputs=[table])]))
    {'test accuracy': 0.98}
    """
    figures: dict[str, float] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            figures |= output.get("data", {}).get(MIME, {}).get("figures", {})
    return figures


def report(outcomes: Sequence[Outcome]) -> None:
    """Print for each notebook whether it passed, in how many seconds, where it lies and its figures."""
    for outcome in outcomes:
        state = "passed" if outcome.passed else "FAILED"
        print(f"\n{outcome.job.title} {state} in {outcome.seconds:.0f} s")
        print(f"  executed notebook: {_from_here(outcome.job.target)}")
        width = max(map(len, outcome.figures), default=0)
        for name, value in outcome.figures.items():
            print(f"  {name:{width}}  {value:.6g}")
        if outcome.failure:
            print(outcome.failure, file=sys.stderr)


def _from_here(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def update(outcomes: Sequence[Outcome]) -> None:
    """Store the outputs of the executed copies in the notebooks that they were made from.

    Sources, cell ids and metadata stay as stored; nothing of papermill and no time of day comes along.
    """
    import nbformat

    for outcome in outcomes:
        stored, executed = _read(outcome.job.source), _read(outcome.job.target)
        text = nbformat.writes(with_outputs(stored, executed)) + "\n"
        replace_file(outcome.job.source, text.encode())
        print(f"stored the outputs in {_from_here(outcome.job.source)}")


def with_outputs(stored, executed):
    """A copy of the notebook ``stored`` that has the outputs and execution counts of ``executed``."""
    updated = copy.deepcopy(stored)
    for mine, theirs in zip(updated.cells, executed.cells, strict=True):
        if mine.cell_type == "code":
            mine.outputs, mine.execution_count = theirs.outputs, theirs.execution_count
    language = {key: value for key, value in executed.metadata.language_info.items() if key != "version"}
    updated.metadata |= {"kernelspec": KERNELSPEC, "language_info": language}
    return updated
