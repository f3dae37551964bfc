"""The archive of executed copies: what it keeps, what it takes for finished, and the page that it writes."""

from __future__ import annotations

import json
import math
from html.parser import HTMLParser

import pytest

from coursekit import regenerate
from coursekit.executors import fingerprint
from coursekit.regenerate import CannotRun, RunArchive

PARAMETERS = "EPOCHS = 3"


@pytest.fixture
def archive(tmp_path):
    """Opens the archive in ``build`` anew."""
    return lambda: RunArchive(tmp_path / "build")


@pytest.fixture
def kept(notebook, plan, archive, done):
    """The job of a notebook that the archive holds as passed."""
    (job,) = plan(notebook(PARAMETERS))
    archive().keep(done(job))
    return job


def test_a_finished_copy_is_found_again(kept, archive):
    found = archive().finished(kept)

    assert (found.kept, found.passed, found.notebook) == (True, True, b"{}")
    assert (found.seconds, found.figures, found.memory) == (3.0, {"accuracy": 0.9}, 200_000_000)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda job, patch: job.target.write_bytes(b"edited"),
        lambda job, patch: job.target.unlink(),
        lambda job, patch: job.source.write_bytes(job.content + b"\n"),
        lambda job, patch: patch.setattr("coursekit.regenerate.jobs.fingerprint", lambda: {"Python": "4.0"}),
    ],
    ids=["copy edited", "copy gone", "notebook edited", "another Python"],
)
def test_what_has_changed_is_run_again(kept, archive, plan, monkeypatch, spoil):
    spoil(kept, monkeypatch)
    (job,) = plan(kept.source)

    assert archive().finished(job) is None


def test_other_parameters_and_failures_are_run_again(kept, archive, plan, done):
    (other,) = plan(kept.source, parameters={"EPOCHS": "1"})
    assert archive().finished(other) is None

    archive().keep(done(kept, "code cell 1 …"))
    assert archive().finished(kept) is None


def test_each_run_stands_beside_the_last_one_that_passed(kept, archive, done):
    archive().keep(done(kept, "broken", figures={}, seconds=1.0))
    archive().keep(done(kept, figures={"accuracy": 0.95}, seconds=4.0))

    (entry,) = archive().entries.values()
    assert (entry.now.figures, entry.now.seconds) == ({"accuracy": 0.95}, 4.0)
    assert (entry.last.figures, entry.last.seconds, entry.last.memory) == ({"accuracy": 0.9}, 3.0, 200_000_000)


def test_a_first_run_stands_beside_the_outputs_that_are_stored(notebook, plan, archive, done):
    from nbformat import read, write
    from nbformat.v4 import new_output

    path = notebook(PARAMETERS)
    stored = read(path, as_version=4)
    figures = {"application/vnd.coursekit.results+json": {"figures": [["accuracy", 0.98]]}}
    stored.cells[1].outputs = [new_output("display_data", figures)]
    write(stored, path)
    for job in [*plan(path), *plan(path, parameters={"EPOCHS": "1,2"})]:
        archive().keep(done(job))

    last = {entry.title: entry.last.figures for entry in archive().entries.values()}
    assert last.pop("notebooks/lesson") == {"accuracy": 0.98}
    assert list(last.values()) == [{}, {}]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 0}', '{"format": 1, "notebooks": [{}]}', "\xff"])
def test_a_file_of_another_kind_is_not_overwritten(archive, tmp_path, content):
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "summary.json").write_text(content, encoding="latin-1")

    with pytest.raises(CannotRun, match="Move it away"):
        archive()


def test_a_figure_that_is_no_number_is_kept(kept, archive, done):
    archive().keep(done(kept, figures={"loss": float("nan"), "accuracy": 1}))

    figures = archive().finished(kept).figures
    assert math.isnan(figures["loss"])
    assert figures["accuracy"] == 1


def test_a_file_in_place_of_the_folder_is_told_before_anything_runs(archive, tmp_path):
    (tmp_path / "build").write_text("")

    with pytest.raises(CannotRun, match=r"cannot be read: Not a directory\. Name another folder"):
        archive()


def test_the_page_compares_the_copies_of_a_sweep(notebook, plan, archive, done):
    path = notebook("EPOCHS = 3\nSEED = 1")
    for job in plan(path, parameters={"EPOCHS": "20,5", "SEED": "7"}):
        archive().keep(done(job, figures={"<accuracy>": job.parameters["EPOCHS"] / 100}))

    page = Page(archive().page.read_text())

    assert page.headings == ["Executed notebooks", "Figures", "Copies of notebooks/lesson.ipynb"]
    assert [cell for cell in page.cells if cell in ("EPOCHS", "SEED")] == ["EPOCHS"]
    assert page.cells[-12:-6] == ["notebooks/lesson.EPOCHS-5", "5", "0.05", "3.0 s", "200 MB", "passed"]
    assert page.cells[-6:] == ["notebooks/lesson.EPOCHS-20", "20", "0.2", "3.0 s", "200 MB", "passed"]


def test_the_page_writes_times_sizes_and_figures_for_people(kept, archive, done):
    assert Page(archive().page.read_text()).cells[-4:] == ["notebooks/lesson", "accuracy", "0.9", "–"]
    archive().keep(done(kept, figures={"accuracy": 0.98123456}, seconds=125.3, memory=1_512_000_000))

    text = archive().page.read_text()

    assert "2 min 5 s" in Page(text).cells
    assert "1,512 MB" in Page(text).cells
    assert Page(text).cells[-4:] == ["notebooks/lesson", "accuracy", "0.981235", "0.9"]
    assert text.startswith("<!DOCTYPE html>")


def test_the_page_tells_failures_in_words_and_escapes_what_was_printed(kept, archive, done):
    archive().keep(done(kept, "code cell 1: <script>alert(1)</script>"))

    text = archive().page.read_text()

    assert "FAILED" in Page(text).cells
    assert "0 of 1 passed" in text
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_page_is_self_contained_and_its_links_lead_somewhere(notebook, plan, archive, done, tmp_path):
    (job,) = plan(notebook(PARAMETERS, name="a b#c"))
    archive().keep(done(job))

    page = Page(archive().page.read_text())

    assert page.links == ["notebooks/a%20b%23c.ipynb"]
    assert page.sources == []
    assert page.headers_without_scope == 0


def test_the_data_are_json_for_other_programs(kept, tmp_path):
    data = json.loads((tmp_path / "build" / "summary.json").read_text())

    assert data["notebooks"][0]["now"]["figures"] == {"accuracy": 0.9}
    assert data["notebooks"][0]["copy"] == "notebooks/lesson.ipynb"


@pytest.mark.parametrize("spoil", ["failed", "edited"])
def test_update_stores_all_or_nothing(notebook, plan, done, spoil):
    paths = [notebook("x = 1", name=name, language_info={"name": "python"}) for name in "ab"]
    before = [path.read_bytes() for path in paths]
    jobs = plan(*paths)
    outcomes = [done(job, notebook=job.content) for job in jobs]
    if spoil == "failed":
        outcomes[1] = done(jobs[1], "broken", notebook=jobs[1].content)
    else:
        paths[1].write_bytes(before[1] + b"\n")

    with pytest.raises(CannotRun, match="no outputs are stored"):
        regenerate.update(outcomes)

    assert paths[0].read_bytes() == before[0]


def test_the_fingerprint_sees_a_change_in_the_course(monkeypatch, tmp_path):
    from coursekit.executors.fingerprint import differences

    ours = fingerprint.fingerprint()
    (tmp_path / "data" / "embedded").mkdir(parents=True)
    monkeypatch.setattr(fingerprint, "PACKAGE", tmp_path)
    monkeypatch.setattr(fingerprint, "EMBEDDED", tmp_path / "data" / "embedded")

    found = differences(fingerprint.fingerprint.__wrapped__(), ours)
    assert [each.partition(" ")[0] for each in found] == ["coursekit", "data"]


class Page(HTMLParser):
    """What a reader of a page meets: headings, cells of tables, links, and what would be loaded."""

    def __init__(self, text):
        super().__init__()
        self.headings, self.cells, self.links, self.sources = [], [], [], []
        self.headers_without_scope, self._into = 0, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.links += [attributes["href"]] if tag == "a" else []
        self.sources += [attributes[name] for name in ("src", "data") if name in attributes]
        self.headers_without_scope += tag == "th" and "scope" not in attributes
        if tag in ("h1", "h2", "td", "th"):
            self._into = self.headings if tag in ("h1", "h2") else self.cells
            self._into.append("")

    def handle_endtag(self, tag):
        if tag in ("h1", "h2", "td", "th"):
            self._into = None

    def handle_data(self, data):
        if self._into is not None:
            self._into[-1] += data.strip()
