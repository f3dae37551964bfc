"""What puts the web site together: the examples in its modules, and what it says where it cannot."""

from __future__ import annotations

import doctest
import importlib
import runpy
import sys

import build_site
import pytest

from coursekit import course


@pytest.mark.parametrize("name", ["links", "map", "notebooks", "parts", "terms", "ways"])
def test_examples(name):
    failed, tried = doctest.testmod(importlib.import_module(f"coursesite.{name}"), optionflags=doctest.ELLIPSIS)

    assert tried > 0
    assert failed == 0


def test_the_map_is_no_wider_than_the_text_beside_the_contents():
    lesson_map = importlib.import_module("coursesite.map")
    columns = 1 + max(column for _, column in lesson_map.places(course.LESSONS).values())

    assert columns * (lesson_map.WIDTH + lesson_map.GAP) <= 690


@pytest.mark.parametrize(
    ("repository", "services"),
    [("https://github.com/a/b", {"colab", "binderhub"}), ("https://gitlab.com/a/b", {"binderhub"}), ("", set())],
)
def test_notebooks_are_launched_where_their_repository_can_be_read(monkeypatch, repository, services):
    monkeypatch.setenv("COURSE_REPOSITORY", repository)
    options = runpy.run_path(str(build_site.DOCS / "conf.py"))["html_theme_options"]

    assert {name for name in options.get("launch_buttons", {}) if name.endswith("_url")} == {
        f"{service}_url" for service in services
    }


def test_a_python_that_is_too_old_for_the_site_is_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))

    assert build_site.main(["--out", str(tmp_path / "site")]) == 1
    told = capsys.readouterr().err
    assert f"needs Python 3.11 or later, and {sys.executable} is Python 3.10. " in told
    assert told.endswith("python3.12 start.py --this-python site\n")
