"""The way into the course, on Linux, macOS and Windows: ``python3 start.py lab``. It needs Python 3.10 to 3.13 alone.

The first time it makes the environment ``.venv`` beside this file, with uv where there is uv, else with venv and pip.
What that printed stands in ``build/setup.log``. ``.venv/.installed`` names the folder, since an environment that was
moved is broken, and is written last, since one whose making was interrupted is too. Either is made anew.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TextIO

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / ".installed"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK, PROJECT = ROOT / "requirements.lock", ROOT / "pyproject.toml"
LOG = ROOT / "build" / "setup.log"
HELP = "What helps: docs/when_it_fails.md. Then give the same command again."

FIRST, LAST = (3, 10), (3, 13)
FETCHED, INSTALLED = "0.8 GB", "2.9 GB"
ROOM = 5e9  # bytes: what is installed, and what the installer keeps of what it fetched

OF_THE_COURSE = {
    "setup": "make or repair the environment, and nothing else",
    "run": "execute lessons and print the figures that they reached; lesson 1 if none is named",
    "lab": "open JupyterLab on a lesson, in your own copy under work/",
    "check": "check your answers to an exercise: check work/exercises/exercise_01_mnist_dense.ipynb",
    "progress": "what is done, and what is next",
    "data": "list, fetch and verify the data sets: data list",
    "claims": "what the lessons claim, with the verdicts",
    "release": "make the exercises from the solutions",
    "grade": "mark a class (Linux)",
    "regrade": "mark a class anew from recorded answers",
}
OF_THE_MAKERS = {
    "lint": "ruff check, ruff format, mypy",
    "unit": "the unit tests",
    "test": "lint, unit tests, lessons in quick sizes, solutions",
    "test-full": "every lesson and solution in full",
    "site": "the course as a web site under build/site",
}
OPTIONS = """Each makes the environment .venv first, where it is missing, broken or out of date.
  --anew         throw the old one away
  --this-python  throw it away if it is of another version of Python than this one"""
CAUSES = {
    r"No space left|not enough space|disk quota": "The disk is full.",
    r"ensurepip is not available|No module named '?ensurepip": (
        "This Python cannot make environments. On Debian and Ubuntu: apt install python3-venv"
    ),
    r"name resolution|NewConnectionError|ConnectTimeout|ProxyError|dns error|error sending request": (
        "The package index cannot be reached."
    ),
    r"CERTIFICATE_VERIFY_FAILED|SSLError|invalid peer certificate": "The certificate of the index is not known.",
    r"DO NOT MATCH THE HASHES|Hash mismatch": "Something else was fetched than what is pinned.",
    r"No matching distribution found for tensorflow|tensorflow.* has no wheels": (
        "TensorFlow has no package for this machine and this Python."
    ),
}


class Refused(Exception):
    """It cannot go on; the text says why and what to do."""


def called(command: str, python: str = "") -> str:
    """How to give a command: to make, where make called this file; with another Python, if one is named."""
    if os.environ.get("MAKELEVEL"):
        return f"PYTHON={python} make {command}" if python else f"make {command}"
    return f"{python or ('py' if os.name == 'nt' else 'python3')} start.py {command}"


def needed(this_python: bool = False, anew: bool = False) -> str:
    """What has to be done to the environment: ``make``, ``install`` into the one there is, or nothing.

    Args:
        this_python: one of another version of Python than this interpreter's will not do.
        anew: none will do.
    """
    if anew or not STAMP.is_file() or STAMP.read_text(encoding="utf-8").strip() != str(ROOT):
        return "make"
    version = version_of(PYTHON)
    if not version or (this_python and version != "{}.{}".format(*sys.version_info)):
        return "make"
    newest = max(path.stat().st_mtime for path in (LOCK, PROJECT))
    return "install" if STAMP.stat().st_mtime < newest else ""


def version_of(python: Path) -> str:
    """``3.11``, if the interpreter starts and finds the course and what it rests on; empty if not."""
    code = (
        "import sys; from importlib.util import find_spec; "
        "print('{}.{}'.format(*sys.version_info)) if all(map(find_spec, sys.argv[1:])) else None"
    )
    command = [str(python), "-I", "-c", code, "coursekit", "typer", "keras", "tensorflow", "papermill", "jupyterlab"]
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode().strip()
    except OSError:
        return ""


def refuse_what_will_not_do(command: str) -> None:
    """Stop before anything is made, where this interpreter or the disk will not do."""
    if not FIRST <= sys.version_info[:2] <= LAST:
        others = [f"python3.{minor}" for minor in range(LAST[1], FIRST[1] - 1, -1)]
        there = next((name for name in others if shutil.which(name)), "")
        advice = "You have one that will do" if there else "Install one, then name it"
        here = ".".join(map(str, sys.version_info[:3]))
        raise Refused(
            f"This course needs Python 3.10 to 3.13; {sys.executable} is Python {here}.\n"
            f"{advice}: {called(command, there or 'python3.12')}"
        )
    if sys.maxsize < 2**32:
        raise Refused(f"TensorFlow needs a Python of 64 bits, and {sys.executable} has 32.")
    free = shutil.disk_usage(str(ROOT)).free
    if free < ROOM:
        raise Refused(f"The set-up needs {ROOM / 1e9:.0f} GB of disk, and {free / 1e9:.1f} GB are free. {HELP}")


def set_up(todo: str, command: str) -> None:
    """Make the environment, or install the pinned packages into the one there is."""
    if todo == "make":
        refuse_what_will_not_do(command)
    uv = shutil.which("uv")
    tool, log = "uv" if uv else "pip", LOG.relative_to(ROOT)
    if todo == "make":
        print(f"Setting up .venv with {tool}, once: about {FETCHED} to fetch and {INSTALLED} on the disk.")
        print(f"It takes 2 to 10 minutes, by your connection. Every detail goes to {log}.", flush=True)
    else:
        print(
            f"Bringing .venv up to date with {tool}: only what is new is fetched. Every detail goes to {log}.",
            flush=True,
        )
    if STAMP.exists():
        STAMP.unlink()
    if todo == "make" and VENV.exists():
        shutil.rmtree(str(VENV))
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("w", encoding="utf-8") as details:
        for words in steps(todo, uv):
            Step(words, details).run()
    STAMP.write_text(f"{ROOT}\n", encoding="utf-8")


def steps(todo: str, uv: str | None) -> list[list[str]]:
    """The commands of a set-up, one after another."""
    base = getattr(sys, "_base_executable", sys.executable)  # where this runs in .venv itself, the one that it is of
    make = [uv, "venv", "--seed", "--python", base] if uv else [base, "-m", "venv"]
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    compiled = ["--compile-bytecode"]  # as pip does unasked; else the first lesson compiles TensorFlow
    install = [uv, "pip", "install", *compiled, "--python", str(PYTHON)] if uv else pip
    packages = [*install, "--require-hashes", "--no-deps", "-r", str(LOCK)]
    course = [*install, "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    return [[*make, str(VENV)], packages, course] if todo == "make" else [packages, course]


class Step:
    """One command of a set-up: its output goes to the log, and how far it is to the terminal."""

    def __init__(self, words: list[str], log: TextIO) -> None:
        self.words, self.log = words, log
        self.lines: list[str] = []
        self.packages, self.megabytes, self.phase, self.shown = 0, 0.0, "", ""
        self.total = len(re.findall("^[a-z0-9].*==", LOCK.read_text(encoding="utf-8"), re.MULTILINE))

    def run(self) -> None:
        """Run it to its end.

        Raises:
            Refused: it failed.
        """
        print("$", *self.words, file=self.log, flush=True)
        environment = dict(os.environ, PYTHONUNBUFFERED="1")
        process = subprocess.Popen(
            self.words, cwd=str(ROOT), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        reader = threading.Thread(target=self.read, args=(process.stdout,), daemon=True)
        reader.start()
        begin, live = time.monotonic(), sys.stdout.isatty()
        try:
            while reader.is_alive():
                reader.join(1 if live else 30)
                if self.phase and reader.is_alive():
                    self.show(f"  {self.phase}, {time.monotonic() - begin:.0f} s", live)
            code = process.wait()
        finally:
            self.show("", live)
            if process.poll() is None:  # interrupted
                process.terminate()
                process.wait()
                reader.join(5)
        if code:
            raise Refused(self.failure())

    def read(self, stream: IO[bytes]) -> None:
        """Take the output to its end, line by line."""
        with stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip()
                print(line, file=self.log, flush=True)
                self.lines.append(line)
                self.understand(line)

    def understand(self, line: str) -> None:
        """Find in a line of pip or uv how far it is."""
        size = re.match(r"\s*Downloading .*\((\d+(?:\.\d+)?) ?([kKMG])i?B\)", line)
        if size:
            self.megabytes += float(size[1]) * {"k": 1e-3, "K": 1e-3, "M": 1, "G": 1e3}[size[2]]
        self.packages += bool(re.match(r"\s*(Collecting|Processing|Ignoring) ", line))
        if re.match("Installing collected|Prepared ", line):
            self.phase = "unpacking"
        elif size or self.packages:
            counted = f", package {self.packages} of {self.total}" if self.packages else ""
            self.phase = f"{self.megabytes:.0f} MB fetched{counted}"

    def show(self, text: str, live: bool) -> None:
        """Write over the last line of a terminal; elsewhere a line of its own."""
        if live and (text or self.shown):
            print("\r" + text.ljust(len(self.shown)), end="" if text else "\r", flush=True)
        elif text:
            print(text, flush=True)
        self.shown = text

    def failure(self) -> str:
        """What happened, the cause where it is known, and what helps."""
        told = "\n".join(self.lines)
        cause = next((words for pattern, words in CAUSES.items() if re.search(pattern, told, re.IGNORECASE)), "")
        errors = [line for line in self.lines if re.match(r"\s*(error|×)", line, re.IGNORECASE)] or self.lines
        shown = "".join(f"  {line.strip()[:300]}\n" for line in errors[-3:])
        return f"The set-up stopped. {cause}".rstrip() + f"\n{shown}All of it is in {LOG.relative_to(ROOT)}. {HELP}"


def call(*words: str, **variables: str) -> int:
    """Run the environment's Python, and return its exit code. Ctrl-C is its own, and it says what there is to say.

    Args:
        words: its arguments.
        variables: of its environment, where they are not set already.
    """
    process = subprocess.Popen([str(PYTHON), *words], env=dict(variables, **os.environ))
    while True:
        try:
            code = process.wait()
            return code if code >= 0 else 128 - code  # ended by a signal: as shells count it
        except KeyboardInterrupt:
            continue


def worst(codes: list[int]) -> int:
    """The exit code of commands that each ran to its end.

    pytest ends with 5 where nothing was chosen, which counts only when nothing was chosen anywhere.
    """
    return max((code for code in codes if code != 5), default=5)


def lint(arguments: list[str]) -> int:
    """What a commit must pass."""
    return worst(
        [call("-m", *words) for words in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])]
    )


PATIENT = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_THREAD_TIMEOUT": "4"}  # who waits leaves the core to others


COVERAGE, FLOOR = ROOT / "build" / "coverage.json", "95"  # per cent of the lines; 96 are reached, by some tests in turn


def unit(arguments: list[str]) -> int:
    """The unit tests, two at a time, since a training here keeps little more than one core busy; with the lines that
    none runs, unless some are chosen.

    NumPy has one thread in each: two for a small product wait for each other, and for the other worker.
    """
    tests = ["pytest", "-n", "2", "--durations=15", "coursekit", "tests", *arguments]
    if arguments:
        return call("-m", *tests, OPENBLAS_NUM_THREADS="1", **PATIENT)
    COVERAGE.parent.mkdir(exist_ok=True)
    kept = ["--out", str(COVERAGE)]
    measured = ["slipcover", "--source", "coursekit", "--json", *kept, "-m", *tests]
    told = ["slipcover", "--skip-covered", "--fail-under", FLOOR, *kept, "--merge", str(COVERAGE)]
    return worst([call("-m", *measured, OPENBLAS_NUM_THREADS="1", **PATIENT), call("-m", *told)])


def notebooks(*arguments: str) -> int:
    """Notebooks as tests."""
    options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=900", "--durations=15", "-n", "2"]
    return call("-m", "pytest", *options, *arguments, **PATIENT)


def test(arguments: list[str]) -> int:
    """Everything but lessons in full."""
    codes = [lint([]), unit(arguments)]
    if chosen := os.environ.get("NOTEBOOKS", "notebooks solutions").split():
        codes.append(notebooks("--quick", *chosen, *arguments))
    return worst(codes)


def test_full(arguments: list[str]) -> int:
    """Every lesson and solution in full."""
    return notebooks(*os.environ.get("NOTEBOOKS", "notebooks solutions").split(), *arguments)


def site(arguments: list[str]) -> int:
    """The course as a web site."""
    return call("docs/build_site.py", *arguments)


MAKERS = {"lint": lint, "unit": unit, "test": test, "test-full": test_full, "site": site}


def usage() -> str:
    """What can be asked for."""
    rows = [f"  {name:10} {words}" for name, words in [*OF_THE_COURSE.items(), *OF_THE_MAKERS.items()]]
    return "\n".join(["Usage: python3 start.py [--anew] [--this-python] COMMAND …", "", *rows, "", OPTIONS])


def do(arguments: list[str]) -> int:
    """Do what is asked for, and return the exit code.

    Raises:
        Refused: it cannot be done; why, and what helps.
    """
    options = list(itertools.takewhile(lambda word: word in ("--anew", "--this-python"), arguments))
    command, *rest = arguments[len(options) :] or ["--help"]
    if command in ("-h", "--help", "help"):
        print(usage())
        return 0
    if command not in OF_THE_COURSE and command not in OF_THE_MAKERS:
        raise Refused(f"There is no command {command!r}.\n\n{usage()}")
    todo = needed("--this-python" in options, "--anew" in options)
    if todo:
        try:
            set_up(todo, command)
        except OSError as error:
            raise Refused(f"The set-up stopped. {error}. {HELP}") from error
    if command == "setup":
        if todo or not os.environ.get("MAKELEVEL"):
            print(f"Ready. Next: {called('lab')}")
        return 0
    if command in MAKERS:
        os.chdir(str(ROOT))
        return MAKERS[command](rest)
    code = call("-m", "coursekit", command, *rest)
    if command == "run" and code == 0:
        print(f"Next: {called('lab')}")
    return code


def main(arguments: list[str]) -> int:
    """The same, with what is wrong on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what a pipe on Windows has no sign for
    try:
        return do(arguments)
    except Refused as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Give the same command again: it makes .venv anew.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
