"""Cards and pages as a browser lays them out: no word is broken, nothing overlaps or sticks out, axe finds nothing."""

from __future__ import annotations

import urllib.request

import pytest
import shown_pages
from axe_playwright_python.sync_playwright import Axe
from nbformat import v4 as nbformat
from nbformat import writes
from playwright.sync_api import Page, expect
from test_jupyterlab import code_cell, open_notebook, run

from coursekit import course

pytestmark = pytest.mark.browser

BROKEN_WORDS = """selector => {
    const broken = [];
    for (const root of document.querySelectorAll(selector)) {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        for (let node; (node = walker.nextNode()); ) {
            if (node.parentElement.closest("code")) continue;
            for (const word of node.data.matchAll(/(?<![\\p{L}\\p{N}])[\\p{L}\\p{N}]{1,24}(?![\\p{L}\\p{N}])/gu)) {
                const range = document.createRange();
                range.setStart(node, word.index);
                range.setEnd(node, word.index + word[0].length);
                if (new Set([...range.getClientRects()].map(each => each.top)).size > 1) broken.push(word[0]);
            }
        }
    }
    return broken;
}"""
OVERLAPS = """() => {
    const labels = [...document.querySelectorAll("svg text")];
    const boxes = labels.map(each => [each.textContent, each.getBoundingClientRect()]);
    return boxes.flatMap(([one, a], n) => boxes.slice(n + 1)
        .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        .map(([other]) => `${one} | ${other}`));
}"""
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"
SIDEWAYS = "() => document.scrollingElement.scrollWidth - window.innerWidth"


def violations(page: Page, selector: str) -> list[str]:
    """What axe-core finds within the elements that ``selector`` matches, one line for each element."""
    found = Axe().run(page, context=selector).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("width", [1280, 1024, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_cards_and_pages(page, theme, width, tmp_path):
    context = page.context.browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True
    )
    for name, make in shown_pages.PAGES.items():
        (tmp_path / f"{name}.html").write_bytes(make())
        shown = context.new_page()
        shown.goto((tmp_path / f"{name}.html").as_uri())
        shown.screenshot(path=course.root() / f"build/screenshots/{name}_{theme}_{width}.png", full_page=True)
        assert shown.locator("main").count() == 1
        assert violations(shown, "html") == [], name
        assert shown.evaluate(BROKEN_WORDS, "body") == [], name
        assert shown.evaluate(OVERLAPS) == [], name
        assert shown.evaluate(SIDEWAYS) <= 0, name
    context.close()


@pytest.mark.parametrize("name", ["feedback", "class", "summary"])
def test_pages_are_dark_where_the_reader_wants_that(page, name):
    backgrounds = []
    for theme in ("light", "dark"):
        shown = page.context.browser.new_page(color_scheme=theme)
        shown.set_content(shown_pages.PAGES[name]().decode())
        backgrounds.append(shown.evaluate(BACKGROUND))
        shown.close()
    assert backgrounds == ["rgb(255, 255, 255)", "rgb(28, 28, 28)"]


@pytest.mark.parametrize("points", [1, 3.5, 17, 20, 100, 1234.5])
def test_the_histograms_labels_do_not_overlap(page, points):
    shown = page.context.browser.new_page(viewport={"width": 1024, "height": 900})
    shown.set_content(shown_pages.class_page(points).decode())
    assert shown.locator("svg text").count() > 11
    assert shown.evaluate(OVERLAPS) == []
    shown.close()


def choose_theme(lab, name: str) -> None:
    url = lab.url("lab/api/settings/@jupyterlab/apputils-extension:themes")
    body = ('{"raw": "{\\"theme\\": \\"' + name + '\\"}"}').encode()
    urllib.request.urlopen(
        urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="PUT")
    ).close()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_cards_in_jupyterlab(lab, page, theme):
    cells = ["import numpy as np\nfrom coursekit.grading import open_exercise\ncheck = open_exercise('01_mnist_dense')"]
    cells += [
        "def softmax(logits):\n    return np.exp(logits) / np.exp(logits).sum()",
        "check('softmax')",
        "check.all()",
    ]
    notebook = nbformat.new_notebook(cells=[nbformat.new_code_cell(each) for each in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    (lab.folder / "cards.ipynb").write_text(writes(notebook))
    choose_theme(lab, theme)
    page.set_viewport_size({"width": 1024, "height": 900})
    open_notebook(page, lab, "cards.ipynb")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)

    for text in ("open_exercise(", "def softmax", "check('softmax')", "check.all()"):
        run(page, code_cell(page, text))
    cards = page.locator('.jp-OutputArea-output [role="group"]')
    expect(cards).to_have_count(2)
    expect(cards.nth(1)).to_contain_text("What to look at")
    page.screenshot(path=course.root() / "build/screenshots" / f"cards_{theme.split()[1].lower()}.png")

    assert page.evaluate(BROKEN_WORDS, '.jp-OutputArea-output [role="group"]') == []
    assert violations(page, '.jp-OutputArea-output [role="group"]') == []
