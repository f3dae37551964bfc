"""What ends up in an executed notebook, and in the page that nbconvert makes of it."""

from __future__ import annotations

import base64
import copy
import html
import re
import textwrap
from html.parser import HTMLParser

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

CELLS = {
    "setup": """
        from coursekit.plotting import LiveHistory, describe, plot_history, show, use_course_style
        use_course_style()
        history = {"loss": [0.9, 0.5, 0.3], "val_loss": [0.8, 0.6, 0.7]}
    """,
    "shown": "show(plot_history(history))",
    "last value": "plot_history(history)",
    "pyplot": """
        import matplotlib.pyplot as plt
        figure, ax = plt.subplots()
        ax.plot([1, 2])
        describe(ax, "A line from 1 to 2.");
    """,
    "pyplot and shown": """
        figure, ax = plt.subplots()
        show(ax, alt="Nothing but axes.")
    """,
    "pyplot and last value": """
        figure, ax = plt.subplots()
        describe(ax, "Axes as the last value.")
    """,
    "not described": """
        plt.plot([1, 2])
        plt.title("Bare");
    """,
    "two figures": """
        show(plot_history(history))
        show(plot_history(history, mark_best=None))
    """,
    "left open": "print(plt.get_fignums())",
    "model": """
        import keras, numpy as np
        x = np.random.default_rng(0).normal(size=(64, 4))
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"])
    """,
    "live": """
        class Pause(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                import time; time.sleep(0.1)
        training = model.fit(x, x[:, 0], epochs=6, validation_split=0.25, verbose=0,
                             callbacks=[LiveHistory(["loss"], every=0.2), Pause()])
    """,
    "interrupted": """
        class Stop(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if epoch == 1:
                    raise KeyboardInterrupt
        model.fit(x, x[:, 0], epochs=9, validation_split=0.25, verbose=0, callbacks=[LiveHistory(), Stop()])
    """,
    "after the interrupt": "print(len(get_ipython().events.callbacks['post_run_cell']))",
}


class Descriptions(HTMLParser):
    """The ``alt`` of each ``<img>`` of a page, as a screen reader gets it; None where there is none."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs).get("alt"))


@pytest.fixture(scope="module")
def notebook():
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(source).strip()) for source in CELLS.values()]
    cells[list(CELLS).index("interrupted")].metadata["tags"] = ["raises-exception"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    nbformat.validate(notebook)
    return notebook


@pytest.fixture(scope="module")
def outputs(notebook):
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells)}


def assert_described_picture(output, words: str) -> None:
    assert output.output_type == "display_data"
    alt = output.metadata["image/png"]["alt"]
    assert words in alt
    assert output.metadata["alt"] == alt
    assert alt in output.data["text/plain"]
    assert words in html.unescape(re.search('<img alt="([^"]*)"', output.data["text/html"]).group(1))
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("shown", "lowest, 0.6, after epoch 2"),
        ("last value", "lowest, 0.6, after epoch 2"),
        ("pyplot", "A line from 1 to 2."),
        ("pyplot and shown", "Nothing but axes."),
        ("pyplot and last value", "Axes as the last value."),
        ("not described", 'Plot "Bare".'),
        ("live", "loss over 6 epochs"),
    ],
)
def test_each_figure_appears_once_with_its_description(outputs, cell, words):
    assert len(outputs[cell]) == 1
    assert_described_picture(outputs[cell][0], words)


@pytest.mark.slow
def test_two_figures_are_two_outputs_and_none_stays_open(outputs):
    assert len(outputs["two figures"]) == 2
    assert outputs["left open"][0].text == "[]\n"


@pytest.mark.slow
def test_a_live_training_ends_as_one_final_figure(outputs):
    html_text = outputs["live"][0].data["text/html"]
    assert re.match(r"<p>6 epochs in \d+ s\.</p>", html_text)


@pytest.mark.slow
def test_an_interrupted_training_keeps_its_figure_and_says_so(outputs):
    picture, error = outputs["interrupted"]
    assert error.ename == "KeyboardInterrupt"
    assert_described_picture(picture, "over 2 epochs")
    assert "Interrupted. 2 of 9 epochs in" in picture.data["text/html"]
    assert outputs["after the interrupt"][0].text == "0\n"


@pytest.mark.slow
def test_nothing_is_written_to_stderr(outputs):
    assert not [output for cell in outputs.values() for output in cell if output.get("name") == "stderr"]


@pytest.mark.slow
@pytest.mark.parametrize("template", ["lab", "classic"])
def test_the_page_that_nbconvert_makes_describes_every_picture(notebook, template):
    page, _ = HTMLExporter(template_name=template).from_notebook_node(notebook)
    described = Descriptions(page).found
    assert len(described) == 10
    assert 'Figure without a description. Plot "Bare".' in described
    assert all(text and "No description has been provided" not in text for text in described)


@pytest.mark.slow
def test_where_only_the_png_is_left_nbconvert_still_finds_the_description(notebook):
    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        for output in cell.outputs:
            output.get("data", {}).pop("text/html", None)
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(bare)
    assert "A line from 1 to 2." in Descriptions(page).found
