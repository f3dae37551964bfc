"""Other graders, each in an environment of its own: nbgrader, and Otter-Grader.

Their environments are made below ``build/rivals`` when they are first asked for; they see the course's own packages, so
that the notebooks run on the same TensorFlow. Both tools run the course's own checks: nbgrader through the check cells
of the notebook, Otter through one test for each question.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ROOT / "build" / "rivals"
NBGRADER, OTTER = "nbgrader==0.9.6", "otter-grader==7.0.0"

NBGRADER_CONFIG = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.ExecutePreprocessor.timeout = 900
"""
MARKS = """
import json, sys
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as gradebook:
    marks = {}
    for submission in gradebook.assignment_submissions(sys.argv[1]):
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        marks[submission.student.id] = {grade.name: grade.score for grade in grades}
print(json.dumps(marks))
"""
OTTER_TEST = """
from otter.test_files import test_case

OK_FORMAT = False
name = {question!r}
points = {points!r}


@test_case()
def test_question(env):
    from coursekit.grading import NamespaceAnswers, find_exercise

    result = find_exercise({exercise!r}).find({question!r}).run(NamespaceAnswers(env))
    assert result.points == result.max_points, result.message
"""


def environment(requirement: str) -> Path:
    """The Python of an environment that holds ``requirement`` and sees the packages of this one.

    Raises:
        subprocess.CalledProcessError: it cannot be installed; pip's words go to standard error.
    """
    folder = ENVIRONMENTS / requirement.replace("==", "-")
    python, done = folder / "bin" / "python", folder / "installed"
    if not done.exists():
        print(f"Installing {requirement} into {folder} (once).", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        ours = [sysconfig.get_path("purelib"), str(ROOT)]
        lines = "".join(f"import site; site.addsitedir({each!r})\n" for each in ours)
        (next(folder.glob("lib/python*/site-packages")) / "course.pth").write_text(lines)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        done.touch()
    return python


@dataclass(frozen=True)
class NbgraderCourse:
    """A course of nbgrader's in a folder, with one assignment."""

    folder: Path
    exercise: str
    python: Path

    @classmethod
    def create(cls, folder: Path, exercise: str, source: str) -> NbgraderCourse:
        """Make the course and let nbgrader generate the assignment.

        Args:
            folder: an empty folder for it.
            exercise: the name of the assignment, and of its notebook.
            source: the notebook with its solutions, as ``coursekit release --with-solutions`` writes it.
        """
        made = cls(folder, exercise, environment(NBGRADER))
        (folder / "nbgrader_config.py").write_text(NBGRADER_CONFIG.format(root=str(folder)))
        _write(folder / "source" / exercise / f"{exercise}.ipynb", source.encode())
        made.run("nbgrader", "generate_assignment", exercise)
        return made

    def submit(self, learner: str, content: bytes) -> None:
        """Hand in a notebook."""
        _write(self.folder / "submitted" / learner / self.exercise / f"{self.exercise}.ipynb", content)

    def autograde(self) -> None:
        """Mark every submission."""
        self.run("nbgrader", "autograde", self.exercise)

    def marks(self) -> dict[str, dict[str, float]]:
        """The points of every learner for every question."""
        done = subprocess.run(
            [str(self.python), "-c", MARKS, self.exercise], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    def run(self, *command: str) -> str:
        """Run a module of nbgrader's environment in the course's folder, and return what it logged.

        Raises:
            RuntimeError: it failed.
        """
        return _run(self.python, command, self.folder)


def otter_autograder(folder: Path, exercise: str) -> Path:
    """An autograder archive of Otter's with one test for each question of ``exercise``."""
    from coursekit.grading import find_exercise

    for question in find_exercise(exercise).questions.values():
        text = OTTER_TEST.format(exercise=exercise, question=question.name, points=question.points)
        _write(folder / "tests" / f"{question.name}.py", text.encode())
    command = ("otter", "generate", "--tests-dir", "tests", "--no-config", "--no-requirements", "--no-environment")
    _run(environment(OTTER), command, folder)
    return folder / "autograder.zip"


def otter_run(folder: Path, archive: Path, submission: Path) -> dict[str, float]:
    """The points of one submission for every question, as ``otter run`` gives them."""
    _run(environment(OTTER), ("otter", "run", "-a", str(archive), "-o", str(folder), str(submission)), folder)
    tests = json.loads((folder / "results.json").read_text())["tests"]
    return {test["name"]: test["score"] for test in tests if "score" in test}


def _run(python: Path, command: tuple[str, ...], folder: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "JUPYTER_"))}
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(python), "-m", *command],
        cwd=folder,
        env={**kept, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}")
    return done.stdout


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
