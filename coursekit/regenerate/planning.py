"""From what was typed to jobs. What could only fail later is refused here, before anything runs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from coursekit import course
from coursekit.files import read_file
from coursekit.regenerate import parameters as parameter
from coursekit.regenerate import records
from coursekit.regenerate.jobs import CannotRun, NotebookJob
from coursekit.regenerate.notebooks import parse


def plan(
    names: Sequence[str],
    *,
    out: Path,
    parameters: Mapping[str, str] | None = None,
    files: Sequence[Path] = (),
    quick: bool = False,
    solutions: bool = False,
    update: bool = False,
    stale: bool = False,
) -> list[NotebookJob]:
    """Turn what was typed into jobs.

    Args:
        names: lesson numbers, slugs or names, ``all``, or paths of notebooks.
        out: folder of the executed copies.
        parameters: parameter names and their values as typed; ``1,5,20`` is a sweep.
        files: YAML files with parameters; what was typed wins.
        quick: apply the small sizes that each notebook declares in its metadata.
        solutions: run each lesson's solution as well.
        update: the outputs are to be stored, so they must come from the default parameters.
        stale: only notebooks whose stored outputs are out of date.

    Raises:
        CannotRun: with what was wrong and what there is instead.
        course.UnknownLesson: no such lesson.
    """
    if update and (quick or parameters or files):
        raise CannotRun("--update stores the outputs of a full run: leave out -p, -f and --quick.")
    sources = _sources(names, solutions)  # first, since it needs nothing that takes long to import
    typed, read = parameters or {}, parameter.read_files(files)
    contents = {source: read_file(source) or b"" for source in sources}
    notebooks = {source: parse(content, source) for source, content in contents.items()}
    for source, notebook in notebooks.items():
        _refuse_what_does_not_run(source, notebook)
    if stale:
        notebooks = {
            source: each for source, each in notebooks.items() if records.stale(each, records.check_page(source))
        }
    known = {source: parameter.known_parameters(notebook) for source, notebook in notebooks.items()}
    defaults_of = {name: default for parameters in known.values() for name, default in parameters.items()}
    given = read | {name: parameter.from_text(text, defaults_of.get(name, "")) for name, text in typed.items()}
    parameter.refuse_unknown(given, known)
    jobs = []
    for source, defaults in known.items():
        values = _quick_values(notebooks[source], source) if quick and defaults else {}
        for name, default in defaults.items():
            if name in given:
                values[name] = parameter.checked_values(name, given[name], default)
        package = records.package_digest(notebooks[source], records.check_page(source)) if update else ""
        jobs += _jobs(source, out.resolve(), values, contents[source], package)
    if len({job.target for job in jobs}) < len(jobs):
        raise CannotRun("Two of these notebooks have the same name and folder name; run them one by one.")
    return jobs


def _refuse_what_does_not_run(source: Path, notebook: Any) -> None:
    kernel, language = notebook.metadata.get("kernelspec", {}), notebook.metadata.get("language_info", {})
    named = kernel.get("language") or language.get("name") or "python"
    if named.lower() not in ("python", "ipython"):
        raise CannotRun(f"{source} is for the kernel {kernel.get('name', named)!r}, in {named}; only Python is run.")
    for number, cell in enumerate(notebook.cells, 1):
        if "raises-exception" in cell.metadata.get("tags", []):
            raise CannotRun(
                f"{source}, cell {number} has the tag raises-exception, and what raises fails the run. Catch the "
                "exception in the cell and show it."
            )


def _jobs(source: Path, out: Path, values: parameter.Values, content: bytes, package: str) -> list[NotebookJob]:
    """One job for each combination of values."""
    swept = [name for name, several in values.items() if len(several) > 1]
    jobs = []
    for combination in itertools.product(*values.values()):
        chosen = dict(zip(values, combination))
        target = out / source.parent.name / f"{parameter.copy_name(source.stem, chosen, swept)}.ipynb"
        if target == source:
            raise CannotRun(f"The executed copy would overwrite {source}: name another folder with --out.")
        jobs.append(NotebookJob(source, target, chosen, content, package))
    return jobs


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


def _quick_values(notebook: Any, source: Path) -> parameter.Values:
    values = notebook.metadata.get("coursekit", {}).get("quick")
    if not values:
        raise CannotRun(f'{source.name} has no quick sizes: its metadata lack {{"coursekit": {{"quick": …}}}}.')
    return {name: [value] for name, value in values.items()}
