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
    places = lesson_map.places(course.LESSONS)

    assert (1 + max(column for _, column in places.values())) * (lesson_map.WIDTH + lesson_map.GAP) <= 690
    assert len(set(places.values())) == len(places)
    for lesson in course.LESSONS:
        assert all(places[number][0] < places[lesson.number][0] for number in lesson.builds_on)


def test_a_row_of_the_map_that_is_full_goes_on_below():
    lesson_map = importlib.import_module("coursesite.map")
    links = {1: (), **dict.fromkeys(range(2, 8), (1,)), 8: (7,)}
    lessons = [course.Lesson(number, str(number), "", 1, 1, 1, builds_on) for number, builds_on in links.items()]

    assert [[lesson.number for lesson in row] for row in lesson_map.rows(lessons)] == [[1], [2, 3, 4, 5], [6, 7], [8]]


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
