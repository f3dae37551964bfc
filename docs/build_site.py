"""``make site``: the course as a web site under ``build/site``. It executes no notebook and needs no network."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from coursesite import notebooks, parts, reference
from coursesite.links import relocate

from coursekit import course

PAGES = {
    "docs/index.md": "index.md",
    "docs/map.md": "map.md",
    "docs/goals.md": "goals.md",
    "docs/claims.md": "claims.md",
    "docs/glossary.md": "glossary.md",
    "docs/learners.md": "learners.md",
    "docs/ways.md": "ways.md",
    "docs/when_it_fails.md": "when_it_fails.md",
    "docs/instructors.md": "instructors.md",
    "docs/syllabus.md": "syllabus.md",
    "docs/grading.md": "grading.md",
    "docs/cluster.md": "cluster.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "LICENSES.md": "licenses.md",
}
DOCS = course.root() / "docs"
TOO_OLD = (
    "The web site needs Python 3.11 or later, and {} is Python {}.{}. With another, .venv is made anew: "
    "python3.12 start.py --this-python site"
)


def places() -> dict[str, str]:
    """Where each file of the repository that is on the site stands there."""
    notebooks_there = {path: path for lesson in course.LESSONS for path in map(_inside, _notebooks(lesson))}
    pictures = {f"docs/{path.name}": f"images/{path.name}" for path in DOCS.glob("*.png")}
    return {"README.md": "index.md"} | PAGES | notebooks_there | pictures


def stage(folder: Path, repository: str = "", solutions: bool = True) -> None:
    """Write what Sphinx reads.

    Args:
        folder: made anew.
        repository: the address of the course's repository, or empty.
        solutions: fold a solution away below each answer of an exercise.
    """
    shutil.rmtree(folder, ignore_errors=True)
    there = places()
    (folder / "images").mkdir(parents=True)
    for picture in DOCS.glob("*.png"):
        shutil.copy(picture, folder / "images")
    for here, to in PAGES.items():
        text = (course.root() / here).read_text(encoding="utf-8")
        # the parts are written for the top folder, where all pages stand
        moved = relocate(text, here, to, there, repository)
        filled = parts.filled(moved) if here.startswith("docs/") else moved
        _write(folder / to, relocate(filled, "README.md", to, there | {v: v for v in there.values()}, repository))
    for lesson in course.LESSONS:
        for path in _notebooks(lesson):
            notebook = notebooks.read(path)
            if solutions and path == lesson.exercise:
                notebook = notebooks.with_solutions(notebook, notebooks.read(lesson.solution))
            name = _inside(path)
            move = partial(relocate, here=name, there=name, places=there, repository=repository)
            shown = notebooks.for_site(notebook, move, folder / notebooks.PICTURES)
            _write(folder / name, json.dumps(shown))
    for name, text in reference.pages().items():
        _write(folder / name, text)


def build(out: Path, repository: str = "", solutions: bool = True) -> int:
    """Build the site, and return the exit code of Sphinx, for which a warning is an error."""
    sources = out.parent / f"{out.name}-source"
    stage(sources, repository, solutions)
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "-c", str(DOCS)]
    paths = os.pathsep.join([str(DOCS), str(course.root())])
    environment = os.environ | {"COURSE_REPOSITORY": repository, "PYTHONPATH": paths}
    code = subprocess.run([*command, "-d", f"{out}-doctrees", str(sources), str(out)], env=environment).returncode
    if code == 0:
        shutil.copytree(sources / notebooks.PICTURES, out / notebooks.PICTURES)
    for lesson in course.LESSONS:  # to download: as they are stored
        for path in _notebooks(lesson) if code == 0 else []:
            shutil.copy(path, out / "_sources" / _inside(path))
    return code


def main(arguments: list[str] | None = None) -> int:
    """The command, and its exit code."""
    parser = argparse.ArgumentParser(prog="make site", description=__doc__)
    parser.add_argument("--without-solutions", action="store_true", help="leave the solutions of the exercises out")
    parser.add_argument("--out", type=Path, default=course.root() / "build" / "site", help="default: build/site")
    parser.add_argument(
        "--repository",
        default=os.environ.get("COURSE_REPOSITORY", ""),
        help="address of the course's repository, where buttons and links to files lead; else COURSE_REPOSITORY",
    )
    given = parser.parse_args(arguments)
    if sys.version_info < (3, 11):  # the themes for 3.10 are older ones, in which nobody looked at the pages
        print(TOO_OLD.format(sys.executable, *sys.version_info), file=sys.stderr)
        return 1
    code = build(given.out.resolve(), given.repository.rstrip("/"), not given.without_solutions)
    if code == 0:
        print(f"The site is there. Open {given.out / 'index.html'} in a browser; it needs no server.")
    return code


def _notebooks(lesson: course.Lesson) -> tuple[Path, Path]:
    return lesson.notebook, lesson.exercise


def _inside(path: Path) -> str:
    return path.relative_to(course.root()).as_posix()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
