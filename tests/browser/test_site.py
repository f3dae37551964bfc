"""The course as a web site: every page in Chromium, offline, narrow and wide, light and dark."""

from __future__ import annotations

import hashlib
import html
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import product
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import build_site
import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from coursesite import notebooks, parts, ways
from coursesite.terms import glossary_terms
from filelock import FileLock
from playwright.sync_api import Page, expect
from test_layout import SIDEWAYS

from coursekit import course

pytestmark = pytest.mark.browser

REPOSITORY = "https://github.com/example/course"
CUT_OFF = ["bwrap", "--dev-bind", "/", "/", "--unshare-net"] if sys.platform == "linux" else []
TELEPHONE = 390  # pixels
VIEWS = list(product((TELEPHONE, 1024, 1440), ("light", "dark")))
LONG = (".highlight pre",)  # axe takes seconds for a lesson's code; exercises have code too
INTO_REPOSITORY = re.compile(  # a file of the branch main there, in three services
    r"(?:https://github\.com/example/course/blob/main/|https://colab\.research\.google\.com/github/example/course/blob/main/"
    r"|https://mybinder\.org/v2/gh/example/course/main\?urlpath=lab/tree/)([^#?]+)"
)
LARGEST = 1_500_000  # bytes of a page
EACH_LESSON = pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.name)


class Links(HTMLParser):
    """What a page names: its anchors, where it leads, what it loads, the descriptions of its figures."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = {""}
        self.ids: Counter[str] = Counter()
        self.leads_to: list[str] = []
        self.loads: list[str] = []
        self.figures: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.ids[given.get("id") or ""] += 1
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if given.get("href"):
            (self.leads_to if tag in ("a", "area") else self.loads).append(given["href"])
        if given.get("src"):
            self.loads.append(given["src"])
        if tag == "img" and "/pictures/" in given.get("src", "/pictures/"):  # an animation gets its source later
            self.figures.append(given.get("alt") or "")


@cache
def links(page: Path) -> Links:
    found = Links()
    found.feed(page.read_text("utf-8"))
    return found


@pytest.fixture(scope="session")
def in_git() -> list[str]:
    """The files that a clone has."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=course.root(), capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if (course.root() / name).is_file()]


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id, in_git) -> Path:
    """The site as `make site` builds it in a fresh clone and without a network, once for all workers of pytest."""
    folder = tmp_path_factory.getbasetemp()
    clone = (folder if worker_id == "master" else folder.parent) / "clone"
    out = clone / "build" / "site"
    clone.mkdir(exist_ok=True)
    with FileLock(clone / "lock"):
        if not (out / "index.html").exists():
            for name in in_git:
                (clone / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(course.root() / name, clone / name)
            command = [*CUT_OFF, sys.executable, "docs/build_site.py", "--repository", REPOSITORY]
            environment = os.environ | {"PYTHONPATH": str(clone)}  # before the course that is installed
            ended = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
            assert (ended.returncode, ended.stderr) == (0, "")
            assert f"Open {out / 'index.html'}" in ended.stdout
    return out


@pytest.mark.skipif(not CUT_OFF, reason="only Linux takes the network from a command alone")
def test_what_builds_the_site_has_no_network():
    code = "import socket; print([name for _, name in socket.if_nameindex()])"
    ended = subprocess.run([*CUT_OFF, sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout == "['lo']\n"


def pages(site: Path) -> list[Path]:
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return [site / name for name in names if not name.startswith("_static/")]  # where the theme has templates


@pytest.fixture
def show(page) -> Iterator:
    """Shows a page in a browser without a network, when its formulas are set; nobody may be asked anything."""
    asked, contexts = [], {}

    def shown(path: Path, width: int = 1024, theme: str = "light", rest: str = "") -> Page:
        if (width, theme) not in contexts:
            contexts[width, theme] = page.context.browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce", offline=True
            )
            contexts[width, theme].on("request", lambda request: asked.append(request.url))
        new = contexts[width, theme].new_page()
        new.goto(path.as_uri() + rest)
        new.evaluate("() => window.MathJax?.startup.promise")
        return new

    yield shown
    for context in contexts.values():
        context.close()
    assert [url for url in asked if not re.match(r"file:|data:|blob:", url)] == []


def too_wide(page: Page) -> list[str]:
    pixels = page.evaluate(SIDEWAYS)
    return [f"{pixels} pixels wider than the window"] if pixels > 0 else []


def faults(page: Page, *but: str) -> list[str]:
    """What is wrong with a page that is shown; axe passes over what the selectors match, which become plain text."""
    for each in but:  # axe would still walk through the parts
        page.locator(each).evaluate_all("all => all.forEach(each => each.replaceChildren(each.textContent))")
    options = {"resultTypes": ["violations"]}  # what is sound is not described, which takes up to half of the time
    found = Axe().run(page, {"exclude": [[each] for each in but]} if but else None, options).response["violations"]
    wrong = [f"{rule['id']}: {node['html'][:300]}" for rule in found for node in rule["nodes"]] + too_wide(page)
    errors = page.locator("[data-mjx-error]").evaluate_all("all => all.map(each => each.dataset.mjxError)")
    return wrong + [f"formula: {error}" for error in errors]


@pytest.mark.slow
@pytest.mark.parametrize("view", range(len(VIEWS)), ids=[f"{width} {theme}" for width, theme in VIEWS])
def test_every_page_is_sound(site, show, view):
    """Each page in one of the views, the first in all; and none is wider than a telephone."""
    wrong = {}
    for number, path in enumerate(pages(site)):
        name = path.relative_to(site).as_posix()
        if number % len(VIEWS) == view or name == "index.html":
            page = show(path, *VIEWS[view])
            found = faults(page, *LONG if name.startswith("notebooks/") else ())
            assert page.evaluate("() => document.documentElement.dataset.theme") == VIEWS[view][1]
            page.set_viewport_size({"width": TELEPHONE, "height": 900})
            if found := found + too_wide(page):
                wrong[name] = found
            page.close()
    assert wrong == {}


def test_a_fault_of_a_page_is_seen(tmp_path, show):
    text = '<html lang="en"><title>A</title><main><h1 style="width: 500px">A</h1><img></main></html>'
    (tmp_path / "page.html").write_text(text)
    found = faults(show(tmp_path / "page.html", 390))

    assert [fault.partition(":")[0] for fault in found] == ["image-alt", "118 pixels wider than the window"]


def test_every_link_and_anchor_leads_somewhere(site):
    wrong = []
    for path in pages(site):
        found = links(path)
        for link in [*found.leads_to, *found.loads]:
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = unquote(link.partition("?")[0]).partition("#")
            target = (path.parent / name).resolve() if name else path
            if not target.is_file() or (target.suffix == ".html" and anchor not in links(target).anchors):
                wrong.append(f"{path.relative_to(site)}: {link}")
    assert wrong == []


def test_nothing_is_loaded_from_elsewhere(site):
    style = re.compile(r"(url\(|@import )['\"]?(https?:|//)")
    loaded = {(path.name, link) for path in pages(site) for link in links(path).loads if re.match(r"https?:|//", link)}
    styles = [path for path in site.rglob("*.css") if style.search(path.read_text("utf-8"))]

    assert loaded == set()
    assert styles == []


def test_links_between_lessons_and_exercises_are_links_between_pages(site):
    assert "../exercises/exercise_04_cnn.html" in links(site / "notebooks" / "04_cnn.html").leads_to
    to_files = {link for path in pages(site) for link in links(path).leads_to if link.endswith(".ipynb")}
    assert {link for link in to_files if not re.match(r"https:|(\.\./)?_sources/", link)} == set()


@pytest.mark.parametrize("part", ["notebook", "exercise"])
@EACH_LESSON
def test_a_notebook_can_be_downloaded_as_it_is_stored_and_launched(site, lesson, part):
    stored = getattr(lesson, part)
    name = stored.relative_to(course.root()).as_posix()
    found = links(site / name.replace(".ipynb", ".html")).leads_to

    assert f"../_sources/{name}" in found
    assert (site / "_sources" / name).read_bytes() == stored.read_bytes()
    assert f"https://mybinder.org/v2/gh/example/course/main?urlpath=lab/tree/{name}" in found
    assert f"https://colab.research.google.com/github/example/course/blob/main/{name}" in found


def test_every_link_into_the_repository_names_what_a_clone_has(site, in_git):
    there = {*in_git, *(parent.as_posix() for name in in_git for parent in PurePosixPath(name).parents)}
    links_in = {link for path in pages(site) for link in links(path).leads_to if re.search(r"\bexample/course\b", link)}
    of_files = {link: found[1] for link in links_in if (found := INTO_REPOSITORY.match(link))}

    assert [link for link, name in of_files.items() if name not in there] == []
    assert [link for link in links_in - of_files.keys() if not link.startswith(f"{REPOSITORY}/issues/new?")] == [
        REPOSITORY
    ]
    assert len(of_files) > 2 * len([*course.LESSONS])


def test_no_page_has_two_places_of_one_name(site):
    twice = {path.name: [name for name, times in links(path).ids.items() if name and times > 1] for path in pages(site)}
    assert {page: names for page, names in twice.items() if names} == {}


def test_pages_are_small_and_each_figure_is_stored_once(site):
    assert {path.name: path.stat().st_size for path in pages(site) if path.stat().st_size > LARGEST} == {}
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in site.rglob("*.png")]
    assert len(digests) == len(set(digests)) > 150


def test_the_formulas_come_from_the_file_that_the_licences_name():
    stored = hashlib.sha256((course.root() / "docs/_static/mathjax/tex-svg-full.js").read_bytes()).hexdigest()

    assert f"SHA-256 `{stored}`" in (course.root() / "LICENSES.md").read_text("utf-8")


@EACH_LESSON
def test_every_figure_keeps_its_description(site, lesson):
    cells = nbformat.read(lesson.notebook, as_version=4).cells
    outputs = [out.get("data", {}) for cell in cells for out in cell.get("outputs", [])]
    stored = [
        html.unescape(alt) for data in outputs for alt in re.findall(r'<img alt="([^"]*)"', data.get("text/html", ""))
    ]
    assert links(site / "notebooks" / f"{lesson.name}.html").figures == stored
    assert min(map(len, stored)) > 20


@EACH_LESSON
def test_each_claim_leads_to_its_cell(site, lesson):
    claims = parts.found_claims(lesson)
    page = f"notebooks/{lesson.name}.html"
    text = (site / page).read_text("utf-8")

    register = links(site / "claims.html").leads_to
    assert [f"{page}#{anchor}" for anchor, _ in claims if f"{page}#{anchor}" not in register] == []
    for anchor, claim in claims:
        assert text.count(f'id="{anchor}"') == 1  # a cell may print several
        assert html.escape(str(claim)) in text.partition(f'id="{anchor}">')[2][:1000]


def test_the_glossary_is_reached_from_first_uses(site):
    terms = glossary_terms((course.root() / "docs" / "glossary.md").read_text("utf-8"))
    ends = {link for path in (site / "notebooks").glob("*.html") for link in links(path).leads_to if "#term-" in link}
    anchors = {anchor for anchor in links(site / "glossary.html").anchors if anchor.startswith("term-")}

    assert len(anchors) == len(terms) == len(set(terms)) > 90
    assert {f"../glossary.html#{anchor}" for anchor in anchors} == ends
    for path in (site / "notebooks").glob("*.html"):
        used = [link for link in links(path).leads_to if "#term-" in link]
        assert len(used) == len(set(used)) > 5


def test_goals_and_points_of_all_lessons_are_on_one_page(site):
    text = html.unescape(re.sub(r"<[^>]+>", "", (site / "goals.html").read_text("utf-8")))

    for lesson in course.LESSONS:
        cells = [cell.source for cell in nbformat.read(lesson.notebook, as_version=4).cells]
        for part in (cells[0], next(cell for cell in cells if parts.POINTS in cell)):
            for point in re.findall(r"^- ([\w ,]+)", part.partition("## Practise")[0], re.MULTILINE):
                assert point in text


def test_solutions_can_be_left_out(site, tmp_path):
    build_site.stage(tmp_path / "sources", solutions=False)

    for lesson in course.LESSONS:
        stored = nbformat.read(lesson.solution, as_version=4).cells
        answers = sum("### BEGIN SOLUTION" in cell.source for cell in stored)
        page = site / "exercises" / f"{lesson.exercise.stem}.html"
        assert page.read_text("utf-8").count("<summary>A solution</summary>") == answers > 5
        assert "A solution" not in (tmp_path / "sources" / "exercises" / lesson.exercise.name).read_text("utf-8")


def test_without_a_repository_no_link_leads_to_its_files(tmp_path):
    build_site.stage(tmp_path / "sources")

    assert "checks" in (tmp_path / "sources" / "instructors.md").read_text("utf-8")
    for path in (tmp_path / "sources").rglob("*.md"):
        assert "](../coursekit" not in path.read_text("utf-8")
        assert "/blob/main/" not in path.read_text("utf-8")


@pytest.mark.parametrize("way", ways.WAYS, ids=lambda way: way.name)
def test_a_way_takes_no_lesson_before_those_that_it_builds_on(way):
    done = set()
    for part in (part for _, sitting in way.sittings for part in sitting):
        missing = set(course.find(str(part.lesson)).builds_on) - done
        assert not missing, f"lesson {part.lesson} comes before {missing}"
        done.add(part.lesson)


def test_an_unknown_kind_of_output_is_refused(tmp_path):
    output = {"output_type": "display_data", "data": {"application/x-new": "1"}, "metadata": {}}
    cell = {"cell_type": "code", "id": "a", "source": "", "metadata": {}, "outputs": [output]}

    with pytest.raises(ValueError, match="does not know how to show application/x-new"):
        notebooks.for_site({"cells": [cell], "metadata": {}}, str, tmp_path)


def test_the_search_finds_dropout(site, show):
    page = show(site / "search.html", rest="?q=dropout")
    results = page.locator("#search-results li a")

    expect(results.first).to_be_visible()
    expect(page.locator("#search-results").get_by_role("link", name="Overfitting and its cures").first).to_be_visible()


def test_formulas_are_set_and_a_question_opens_to_its_reasons(site, show):
    page = show(site / "notebooks" / "03_regularization.html", 390)
    formulas = page.locator("mjx-container svg")
    choice = page.locator("details").filter(has_text="More units, or weaker penalties")
    reason = choice.get_by_text("It underfits: what it gets wrong is bias")

    assert formulas.count() > 5
    assert formulas.first.bounding_box()["width"] > 5
    expect(reason).to_be_hidden()
    choice.locator("summary").click()
    expect(reason).to_be_visible()


def test_a_solution_opens(site, show):
    page = show(site / "exercises" / "exercise_03_regularization.html")
    solution = page.locator("details.solution").first

    expect(solution.locator("pre")).to_be_hidden()
    solution.locator("summary").click()
    expect(solution.locator("pre")).to_contain_text("np.abs(w).sum()")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_are_neither_dimmed_nor_framed_and_an_animation_plays(site, show, theme):
    page = show(site / "notebooks" / "04_cnn.html", 390, theme)
    animation = page.locator(".animation").first
    picture, slider = animation.locator("img"), animation.get_by_label("Frame", exact=True)

    expect(slider).to_have_js_property("max", "8")
    first = picture.get_attribute("src")
    animation.get_by_label("Next frame").click()
    assert picture.get_attribute("src") != first
    animation.get_by_label("Play", exact=True).click()
    expect(slider).to_have_value("8")

    figure = page.locator(".cell_output img[src*='pictures/']").first
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_js_property("complete", True)

    look = "each => { const {filter, backgroundColor} = getComputedStyle(each); return [filter, backgroundColor]; }"
    assert figure.evaluate(look) == ["none", "rgb(255, 255, 255)"]
    assert figure.locator("xpath=..").evaluate(look) == ["none", "rgba(0, 0, 0, 0)"]
    assert figure.evaluate("each => each.naturalWidth > 100")
