"""A learner's first exercise, in the real JupyterLab: a failing check, an answer, a passing check."""

from __future__ import annotations

import json
import re
import urllib.request

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect
from quiz import from_markdown

from coursekit import course, workspace

pytestmark = pytest.mark.browser

LESSON = course.LESSONS[0]
WRONG = "def softmax(logits):\n    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)"
RIGHT = """def softmax(logits):
    exponentials = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)"""


def open_notebook(page: Page, lab, name: str) -> None:
    page.goto(lab.url(f"lab/tree/{name}") + "&reset")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()


def code_cell(page: Page, text: str | re.Pattern) -> Locator:
    """The code cell whose input holds ``text``."""
    return page.locator(".jp-Notebook .jp-CodeCell").filter(has=page.locator(".cm-content", has_text=text))


def run(page: Page, cell: Locator) -> None:
    """Click into the cell and press Shift+Enter; returns when the kernel has answered.

    JupyterLab drops the key press while it is still connecting to the kernel; then press again, as anybody would.
    """
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text().strip()
    for _ in range(10):
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        try:
            expect(prompt).not_to_have_text(before, timeout=3000)
            break
        except AssertionError:
            continue
    expect(prompt).to_have_text(re.compile(rf"(?!{re.escape(before)})\[\d+\]:"))


def write(page: Page, cell: Locator, source: str) -> None:
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)


def save_picture(page: Page, top: Locator, name: str) -> None:
    """Keep what the page shows when ``top`` is at its upper edge."""
    top.evaluate("element => element.scrollIntoView({block: 'start'})")
    page.screenshot(path=course.root() / "build" / "screenshots" / f"{name}.png")


def test_the_lab_opens_on_the_lesson(lab):
    with urllib.request.urlopen(lab.url()) as answer:
        assert answer.url.partition("?")[0] == f"{lab.address}/lab/tree/notebooks/{LESSON.name}.ipynb"


def test_the_stored_pictures_of_a_lesson_show_and_are_described(lab, page):
    open_notebook(page, lab, f"notebooks/{LESSON.name}.ipynb")
    stored = nbformat.read(LESSON.notebook, as_version=4).cells
    figures = [out for cell in stored for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]
    shown = page.locator(".jp-OutputArea-output img")

    expect(shown).to_have_count(len(figures))
    save_picture(page, shown.first, "lesson")
    for image in shown.all():
        assert image.evaluate("element => element.complete && element.naturalWidth > 100")
        assert len(image.get_attribute("alt") or "") > 20


def test_a_lesson_that_jupyterlab_saved_is_not_edited(lab, page, tmp_path):
    name = f"exercises/{course.LESSONS[1].exercise.name}"
    open_notebook(page, lab, name)
    delivered = (lab.folder / name).read_bytes()
    page.locator(".jp-Notebook .jp-Cell").first.click()
    for _ in range(30):
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1000)
        if (lab.folder / name).read_bytes() != delivered:
            break
    else:
        pytest.fail("JupyterLab saves it as it was delivered; then this test has nothing to show")
    newer = json.loads(delivered)
    newer["cells"][0]["source"] = ["# Newer"]
    for path, content in (
        (tmp_path / "work" / name, (lab.folder / name).read_bytes()),
        (tmp_path / "work" / workspace.MANIFEST, (lab.folder / workspace.MANIFEST).read_bytes()),
        (tmp_path / "course" / name, json.dumps(newer).encode()),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    assert workspace.refresh(tmp_path / "work", tmp_path / "course") == [f"updated: {name}"]


def test_a_question_to_check_oneself_by_opens_to_its_reasons(lab, page):
    lesson = course.find("regularization")
    open_notebook(page, lab, f"notebooks/{lesson.name}.ipynb")
    cells = [cell for cell in nbformat.read(lesson.notebook, as_version=4).cells if "<details" in cell.source]
    choices = [choice for cell in cells for choice in from_markdown(cell.source).choices]
    shown = page.locator(".jp-RenderedMarkdown details")

    expect(shown).to_have_count(len(choices))
    for choice, details in zip(choices, shown.all()):
        reason = details.get_by_text(choice.reason)
        expect(details.locator("summary")).to_have_text(choice.text)
        expect(reason).to_be_hidden()
        details.locator("summary").click()
        expect(reason).to_be_visible()
        expect(reason).to_contain_text("Right." if choice.right else "No.")
    save_picture(page, shown.first.locator("xpath=.."), "question")


@pytest.mark.slow
def test_a_learner_fails_a_check_answers_and_passes(lab, page):
    open_notebook(page, lab, f"exercises/{LESSON.exercise.name}")
    for source in ("open_exercise(", "import keras"):
        run(page, code_cell(page, source))
    answer, check = code_cell(page, "def softmax(logits):"), code_cell(page, re.compile(r'^check\("softmax"\)$'))
    card = check.get_by_role("group")

    run(page, answer)
    run(page, check)
    expect(card).to_contain_text("Not written yet")

    write(page, answer, WRONG)
    run(page, answer)
    run(page, check)
    expect(card).to_contain_text("In part")
    expect(card).to_contain_text("subtract the largest logit first")
    save_picture(page, answer, "check_in_part")

    write(page, answer, RIGHT)
    run(page, answer)
    run(page, check)
    expect(card).to_contain_text("Passed")
    expect(card).to_have_attribute("aria-label", re.compile(r"Check: .+, Passed, (\d+) of \1 points"))
    save_picture(page, answer, "check_passed")

    assert page.locator(".Toastify__toast, .jp-Dialog").count() == 0, "JupyterLab asks the learner something"
    recorded = json.loads((lab.folder.parent / "progress.json").read_text())
    assert "softmax" in json.dumps(recorded)
