"""What the documents promise is there: the tests that SECURITY.md names, one version everywhere, links that lead on."""

from __future__ import annotations

import ast
import json
import re
import sys

import pytest
import yaml

import coursekit
from coursekit import course

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "LICENSES.md",
    "docs/claims.md",
    "docs/cluster.md",
    "docs/glossary.md",
    "docs/goals.md",
    "docs/grading.md",
    "docs/index.md",
    "docs/instructors.md",
    "docs/learners.md",
    "docs/syllabus.md",
    "docs/ways.md",
    "docs/when_it_fails.md",
)
NAMED = r"`(tests/[\w/]+\.py)::([\w:]+)`"


def read(name: str) -> str:
    return (course.root() / name).read_text(encoding="utf-8")


def missing_tests(text: str) -> list[str]:
    """The tests named in a text, as ``path::name``, that are not in the repository."""
    return [f"{path}::{name}" for path, name in re.findall(NAMED, text) if name not in names_of_tests(path)]


def names_of_tests(path: str) -> set[str]:
    """The tests in a file by name; those of a class as ``Class::name``."""
    if not (course.root() / path).is_file():
        return set()
    found = set()
    for node in ast.parse(read(path)).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {prefix + each.name for each in inner if isinstance(each, ast.FunctionDef)}
    return {name for name in found if name.split("::")[-1].startswith("test_")}


def test_every_promise_is_held_by_tests_that_exist():
    text = read("SECURITY.md")
    promises = text.partition("## Promises")[2].partition("\n## ")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| ")][2:]

    assert len(rows) > 20
    assert [row for row in rows if not re.search(NAMED, row.split("|")[2])] == []
    assert missing_tests(text) == []


@pytest.mark.parametrize(
    "name",
    [
        "tests/test_documents.py::test_that_is_not_there",
        "tests/test_documents.py::read",
        "tests/no_such_file.py::test_a",
        "tests/data/test_bad_input.py::test_is_named_with_both_hashes_and_replaced",
    ],
)
def test_a_promise_without_its_test_is_seen(name):
    assert missing_tests(f"| promised | `{name}` |") == [name]


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    newest = re.search(r"^## (\d\S*) - \d{4}-\d\d-\d\d$", read("CHANGELOG.md"), re.MULTILINE)

    assert newest
    assert {project["version"], newest[1], yaml.safe_load(read("CITATION.cff"))["version"]} == {coursekit.__version__}


def test_the_citation_has_what_the_format_demands():
    citation = yaml.safe_load(read("CITATION.cff"))

    assert citation.keys() >= {"cff-version", "message", "title", "authors"}
    assert all(author.keys() == {"name"} for author in citation["authors"])
    assert citation["license"] == tomllib.loads(read("pyproject.toml"))["project"]["license"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_within_the_repository_lead_somewhere(name):
    folder = (course.root() / name).parent
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", read(name))

    assert [link for link in links if not (folder / link).exists()] == []


def test_the_hook_of_a_commit_runs_lint():
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    (hook,) = repository["hooks"]

    assert (hook["entry"], hook["pass_filenames"]) == ("make lint", False)
    assert re.search(r"^[\w -]*\blint\b[\w -]*:", read("Makefile"), re.MULTILINE)


def without_reason(source: str) -> list[str]:
    """The lines on which a check of types is turned off and not a word says why."""
    return [line for line in source.splitlines() if re.search(r"# type: ignore(?!\[[\w, -]+\]  # \S)", line)]


def test_each_ignored_type_has_its_reason():
    files = sorted((course.root() / "coursekit").rglob("*.py"))
    found = {path.name: lines for path in files if (lines := without_reason(path.read_text(encoding="utf-8")))}

    assert found == {}
    assert without_reason(
        "a  # type: ignore\nb  # type: ignore[misc]\nc  # type: ignore[misc]  # Keras brings no types"
    ) == [
        "a  # type: ignore",
        "b  # type: ignore[misc]",
    ]


def memory(part: str) -> list[int]:
    """Bytes that the kernels of the stored notebooks held."""
    stored = [json.loads(path.read_bytes()) for path in sorted((course.root() / part).glob("*.ipynb"))]
    return [notebook["metadata"]["coursekit"]["record"]["memory"] for notebook in stored]


def test_the_memory_that_is_asked_for_is_enough():
    assert "each lesson and each exercise stays below 1.7 GB" in read("docs/when_it_fails.md")
    assert 1.6e9 < max(memory("notebooks")) < 1.7e9, "README says that 2 GB are too little for some beside JupyterLab"
    assert 1e9 < max(memory("solutions")) < 1.7e9


def test_the_sizes_that_are_stated_are_those_of_the_files():
    """In megabytes; data and notebooks keep to the course's bounds as well."""
    stated = re.search(r"A clone takes about \d+ MB, (\d+) of them the data and (\d+) the notebooks", read("README.md"))
    folders = ["coursekit/data/embedded"], ["notebooks", "solutions", "exercises"]
    data, notebooks = (
        sum(path.stat().st_size for name in names for path in (course.root() / name).iterdir()) / 1e6
        for names in folders
    )

    assert [int(number) for number in stated.groups()] == pytest.approx([data, notebooks], rel=0.1)
    assert data < 80
    assert notebooks < 25


def test_the_container_is_set_up_as_everywhere():
    container = json.loads(read(".devcontainer/devcontainer.json"))
    (version,) = re.findall(r"/python:(3\.\d+)-", container["image"])

    assert f"python={version}" in yaml.safe_load(read("environment.yml"))["dependencies"]
    assert container["postCreateCommand"] == "python3 start.py setup"
    assert container["customizations"]["vscode"]["settings"] == {
        "python.defaultInterpreterPath": "${containerWorkspaceFolder}/.venv/bin/python"
    }


def test_each_system_does_weekly_what_a_learner_does():
    job = yaml.safe_load(read(".github/workflows/weekly.yml"))["jobs"]["way-in"]
    ran = "\n".join(step.get("run", "") for step in job["steps"])

    assert job["strategy"]["matrix"]["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert re.findall(r"python start\.py (\w+)", ran) == ["run", "data", "check", "progress", "lab"]


def test_what_builds_the_published_site_may_not_publish():
    workflow = yaml.safe_load(read(".github/workflows/pages.yml"))
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]

    assert (workflow["permissions"], build.get("permissions")) == ({"contents": "read"}, None)
    assert (publish["needs"], publish["permissions"]) == ("build", {"pages": "write", "id-token": "write"})
    assert [step["uses"].partition("@")[0] for step in publish["steps"]] == ["actions/deploy-pages"]
    assert build["steps"][-1]["with"] == {"path": "build/site"}


@pytest.mark.parametrize("place", ["Colab", "Kaggle", "VS Code", "conda", "Binder"])
def test_each_other_place_takes_three_lines(place):
    lines = read("README.md").partition(f"**{place}**\n```\n")[2].partition("\n```")[0].splitlines()

    assert len(lines) == 3
