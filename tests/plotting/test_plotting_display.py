from __future__ import annotations

import io
import re

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from coursekit.plotting import alt_text, describe, plot_attention_map, plot_history, plot_images, show
from coursekit.plotting.describing import facts_of
from coursekit.plotting.display import mimebundle, png

HISTORY = {"loss": [0.9, 0.5, 0.3, 0.2], "val_loss": [0.8, 0.6, 0.55, 0.7]}


def test_show_prints_the_description_in_a_terminal(capsys):
    show(plot_history(HISTORY))
    assert "lowest, 0.55, after epoch 3" in capsys.readouterr().out


def test_show_takes_a_description_and_closes_a_figure_of_pyplot(capsys):
    import matplotlib.pyplot as plt

    fig, _ = plt.subplots()
    show(fig, alt='A "quoted" <figure>')
    assert capsys.readouterr().out == 'A "quoted" <figure>\n'
    assert not plt.fignum_exists(fig.number)


def test_a_figure_without_a_description_is_refused():
    with pytest.raises(ValueError, match="no description"):
        show(Figure().subplots())


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_description_is_refused(text):
    with pytest.raises(ValueError, match="empty"):
        show(Figure(), alt=text)


def test_only_figures_are_shown_and_described():
    with pytest.raises(TypeError, match="not list"):
        show([])
    with pytest.raises(TypeError, match="not str"):
        describe("figure", "text")


def test_a_figure_of_several_axes_is_described_by_all_of_them():
    fig = Figure()
    for ax, words in zip(fig.subplots(1, 2), ("Left.", "Right.")):
        describe(ax, words)
    assert alt_text(fig) == "Left. Right."
    assert alt_text(describe(fig, "Both.")) == "Both."


def test_parts_of_subfigures_are_said_once():
    fig = Figure()
    for part, words in zip(fig.subfigures(2), ("Above.", "Below.")):
        describe(part.subplots(), words)
    assert alt_text(fig) == "Above. Below."


def test_an_undescribed_figure_is_known_by_its_labels():
    fig = Figure()
    fig.subplots().set(title="Heat", xlabel="hour", ylabel="degrees")
    assert 'Plot "Heat": degrees against hour.' in facts_of(fig)


def test_one_bundle_serves_every_reader():
    fig = describe(plot_history(HISTORY).figure, 'Loss < 1 & "falling".')
    data, metadata = mimebundle(png(fig), alt_text(fig))
    assert data["text/plain"] == metadata["alt"] == metadata["image/png"]["alt"] == 'Loss < 1 & "falling".'
    assert '<img alt="Loss &lt; 1 &amp; &quot;falling&quot;."' in data["text/html"]
    assert data["image/png"] in data["text/html"]
    assert re.search(r'<img [^>]*style="background: white;[^"]* max-width: 100%"', data["text/html"])  # on any page


def test_the_same_figure_gives_the_same_bytes_without_date_or_program():
    first, second = (png(plot_history(HISTORY).figure) for _ in range(2))
    assert first == second
    assert Image.open(io.BytesIO(first)).info.keys() <= {"transparency"}


def test_a_line_plot_is_small_and_in_a_palette():
    picture = png(plot_history(HISTORY).figure)
    assert len(picture) < 17_000
    assert Image.open(io.BytesIO(picture)).mode == "P"
    assert len(Image.open(io.BytesIO(picture)).getcolors()) <= 64


def test_colours_of_a_heat_map_stay_apart():
    weights = np.random.default_rng(0).dirichlet(np.full(20, 0.5), (2, 20))
    weights[0, 3], weights[1, 5] = 0.24 / 19, 0.38 / 19
    weights[0, 3, 4], weights[1, 5, 6] = 0.76, 0.62
    figure = plot_attention_map(weights, list("abcdefghijklmnopqrst")).figure
    picture = Image.open(io.BytesIO(png(figure))).convert("RGB")
    shown = np.unique(np.asarray(picture).reshape(-1, 3), axis=0).astype(float)
    for share in (0.76, 0.62):
        colour = 255 * np.array(matplotlib.colormaps["cividis"](share / 0.76)[:3])
        assert np.abs(shown - colour).max(axis=1).min() < 4


def test_many_runs_stay_in_budget():
    steps = np.arange(1, 21)
    runs = {f"run {n}": {"loss": 1 / steps**n, "val_loss": 1.1 / steps**n + 0.01 * steps} for n in (0.3, 0.5, 0.7, 1)}
    assert len(png(plot_history(runs).figure)) < 30_000


def test_a_photograph_keeps_its_colours():
    noise = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    assert Image.open(io.BytesIO(png(plot_images(noise)))).mode == "RGB"


def test_a_blank_figure_can_be_shown():
    assert png(Figure(figsize=(1, 1))).startswith(b"\x89PNG")
