"""No instruction installs the course by a bare name, which on the package index may be anybody's."""

from __future__ import annotations

import re
import subprocess

import pytest

from coursekit import course

INSTALLS = re.compile(r"\b(?:install|download|add|wheel|pipx|uvx|uv tool run)\b([^\n]*)")
OURS = re.compile(r"""["'`(=\\]*coursekit(?:[-_]deep[-_]learning)?(?:\[[\w,]*\])?(?:[=<>!~][^\s"'`]*)?["'`).,;:\\n]*""")


def by_bare_name(text: str) -> list[str]:
    """The lines of a text that install the course by its name alone: from an index, and not from a place."""
    found = []
    for match in INSTALLS.finditer(text):
        words = re.split(r"\s+|(?<=`)|&&", match[1].partition("#")[0])
        command = text.rfind("\n", 0, match.start()) + 1
        if re.search(r"\b(?:pip3?|uv|conda|mamba|poetry|pdm|pipx|uvx)\b", text[command : match.end(0)]) and any(
            OURS.fullmatch(word) for word in _until_prose(words)
        ):
            found.append(text[command : match.end()].strip())
    return found


def _until_prose(words: list[str]) -> list[str]:
    """The words of the command; what follows a closing backtick is prose."""
    ends = [number for number, word in enumerate(words) if word.endswith("`")]
    return words[: ends[0] + 1] if ends else words


def instructions() -> dict[str, str]:
    """Every text of the repository, data and the lock left out."""
    listed = subprocess.run(["git", "ls-files"], cwd=course.root(), capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in listed.splitlines():
        if not name.startswith(("coursekit/data/embedded/", "tests/")) and name != "requirements.lock":
            content = (course.root() / name).read_bytes()
            if b"\0" not in content:
                texts[name] = content.decode()
    return texts


def test_nothing_installs_the_course_by_a_bare_name():
    texts = instructions()

    assert {"README.md", "docs/cluster.md", "coursekit/executors/cluster.py", "notebooks/01_mnist_dense.ipynb"} < set(
        texts
    )
    assert {name: lines for name, text in texts.items() if (lines := by_bare_name(text))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "pip install coursekit",
        'Then `pip install "coursekit[cluster]"`: it has Dask.',
        "    raise Error('pip install -U coursekit')",
        '    "%pip install -q coursekit\\n",',
        "python -m pip install numpy coursekit==0.2.0 # now",
        "uv add coursekit",
        "uv pip install 'coursekit-deep-learning[cluster]>=0.2'",
        "pipx install coursekit_deep_learning.",
        "conda install -c conda-forge coursekit",
    ],
)
def test_a_bare_name_is_seen(line):
    assert by_bare_name(f"Before.\n{line}\nAfter.") == [line.strip()]


@pytest.mark.parametrize(
    "line",
    [
        'pip install -e ".[cluster]"',
        "pip install ./coursekit_deep_learning-0.2.0-py3-none-any.whl",
        '%pip install "git+https://example.org/course.git"',
        "`pip install -e .` puts the command `coursekit` into the environment",
        "apt install bubblewrap, then coursekit grade",
        "pip install -e .  # and then coursekit lab",
    ],
)
def test_a_place_is_allowed(line):
    assert by_bare_name(line) == []
