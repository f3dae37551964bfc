"""pyproject.toml, requirements.lock and environment.yml say the same, and every dependency says why it is there."""

from __future__ import annotations

import copy
import re
import sys
from dataclasses import dataclass, replace
from importlib import metadata

import pytest
import yaml
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from coursekit import course

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PLATFORMS = (("linux", "posix", "Linux"), ("darwin", "posix", "Darwin"), ("win32", "nt", "Windows"))


@dataclass(frozen=True)
class Pin:
    """One entry of requirements.lock."""

    name: str
    version: str
    marker: str
    hashes: int

    def applies(self, environment: dict[str, str]) -> bool:
        return not self.marker or Marker(self.marker).evaluate(environment)


def environments() -> list[dict[str, str]]:
    return [
        default_environment()
        | {"python_version": python, "python_full_version": f"{python}.9"}
        | {"sys_platform": platform, "os_name": system, "platform_system": name}
        for python in PYTHONS
        for platform, system, name in PLATFORMS
    ]


def read_lock(text: str) -> list[Pin]:
    entries = re.findall(r"^([\w.-]+)==(\S+)(?: ; (.+?))? ?\\?\n((?: +--hash=\S+(?: \\)?\n)*)", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)), "a line of the lock was not understood"
    return [
        Pin(canonicalize_name(name), version, marker, hashes.count("--hash=sha256:"))
        for name, version, marker, hashes in entries
    ]


def requirements(project: dict) -> list[Requirement]:
    extras = project["project"]["optional-dependencies"].values()
    return [Requirement(text) for texts in [project["project"]["dependencies"], *extras] for text in texts]


def disagreements(project: dict, lock: list[Pin], conda: dict) -> list[str]:
    """What a reader of the three files would stumble over; empty when they agree."""
    problems = [f"{pin.name} has no hash" for pin in lock if not pin.hashes]
    for environment in environments():
        where = f"Python {environment['python_version']} on {environment['sys_platform']}"
        for wanted in requirements(project):
            pins = [p for p in lock if p.name == canonicalize_name(wanted.name) and p.applies(environment)]
            if len(pins) != 1:
                problems.append(f"{wanted.name} is pinned {len(pins)} times for {where}")
            elif not wanted.specifier.contains(pins[0].version, prereleases=True):
                problems.append(f"{wanted.name} is pinned to {pins[0].version}, not in {wanted.specifier}, for {where}")
    return problems + conda_disagreements(project, conda)


def conda_disagreements(project: dict, conda: dict) -> list[str]:
    plain = [entry for entry in conda["dependencies"] if isinstance(entry, str)]
    pip = [line for entry in conda["dependencies"] if isinstance(entry, dict) for line in entry["pip"]]
    pythons = [entry.partition("=")[2].strip("=") for entry in plain if re.match(r"python\b", entry)]
    allowed = SpecifierSet(project["project"]["requires-python"])
    problems = []
    if len(pythons) != 1 or pythons[0] not in PYTHONS or not allowed.contains(f"{pythons[0]}.0"):
        problems.append(f"environment.yml takes Python {pythons}, not one of {PYTHONS} in {allowed}")
    if sorted(re.match(r"[\w-]+", entry)[0] for entry in plain) != ["pip", "python"]:
        problems.append(f"environment.yml takes more than Python and pip from conda: {plain}")
    if pip != ["-r requirements.lock"]:
        problems.append(f"environment.yml's pip part is {pip}, not the lock")
    return problems


def without_a_reason(text: str) -> list[str]:
    """Dependencies in pyproject.toml without a comment of at least two words beside them."""
    lines = re.findall(r'^(?:requires = \[| +)"([\w-]+[<>=!~][^"]*)"\]?,?[ \t]*(.*)$', text, re.MULTILINE)
    return [name for name, comment in lines if not re.match(r"# *\S+ +\S+", comment)]


@pytest.fixture(scope="module")
def text() -> str:
    return (course.root() / "pyproject.toml").read_text()


@pytest.fixture
def project(text) -> dict:
    return tomllib.loads(text)


@pytest.fixture(scope="module")
def lock() -> list[Pin]:
    return read_lock((course.root() / "requirements.lock").read_text())


@pytest.fixture
def conda() -> dict:
    return yaml.safe_load((course.root() / "environment.yml").read_text())


def test_the_files_agree(project, lock, conda):
    assert disagreements(project, lock, conda) == []


def test_every_dependency_has_a_reason(text, project):
    assert without_a_reason(text) == []
    seen = len(re.findall(r'^ +"[\w-]+[<>=].*#', text, re.MULTILINE))
    assert seen == len(requirements(project)), "a dependency is written so that its reason is not looked at"


def test_a_dependency_without_a_reason_is_seen(text):
    spoilt = re.sub(r'("numpy[^"]*",).*', r"\1", text)

    assert [Requirement(name).name for name in without_a_reason(spoilt)] == ["numpy"]


@pytest.mark.parametrize(
    ("dependency", "complaint"),
    [
        ("numpy>=2.3,<2.5", "numpy is pinned to 2.2.6"),
        ("tensorflow<2", "tensorflow is pinned to"),
        ("no-such-package>=1", "no-such-package is pinned 0 times for Python 3.10 on linux"),
    ],
)
def test_a_dependency_outside_the_lock_is_seen(project, lock, conda, dependency, complaint):
    project["project"]["dependencies"].append(dependency)

    assert any(problem.startswith(complaint) for problem in disagreements(project, lock, conda))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"hashes": 0}, "keras has no hash"),
        ({"version": "2.15.0"}, "keras is pinned to 2.15.0"),
        ({"marker": "sys_platform == 'linux'"}, "keras is pinned 0 times for Python 3.10 on darwin"),
        ({"marker": ""}, "keras is pinned 2 times for Python 3.11 on linux"),
    ],
)
def test_a_spoilt_pin_is_seen(project, lock, conda, changes, complaint):
    at = next(i for i, pin in enumerate(lock) if pin.name == "keras")
    spoilt = [*lock[:at], replace(lock[at], **changes), *lock[at + 1 :]]

    assert any(problem.startswith(complaint) for problem in disagreements(project, spoilt, conda))


@pytest.mark.parametrize(
    "dependencies",
    [
        ["python=3.9", "pip", {"pip": ["-r requirements.lock"]}],
        ["python", "pip", {"pip": ["-r requirements.lock"]}],
        ["python=3.11", "pip", "numpy", {"pip": ["-r requirements.lock"]}],
        ["python=3.11", "pip", {"pip": ["tensorflow"]}],
        ["python=3.11", "pip"],
    ],
)
def test_another_environment_is_seen(project, lock, conda, dependencies):
    spoilt = copy.deepcopy(conda) | {"dependencies": dependencies}

    assert disagreements(project, lock, spoilt)


def test_the_versions_here_are_the_pinned_ones(lock):
    here = [pin for pin in lock if pin.applies(default_environment())]

    assert {pin.name: metadata.version(pin.name) for pin in here} == {pin.name: pin.version for pin in here}


def test_binder_installs_the_course_itself():
    script = course.root() / "postBuild"

    assert "pip install --no-deps --no-build-isolation -e ." in script.read_text()
    assert script.stat().st_mode & 0o111
