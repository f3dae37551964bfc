"""Diagrams: true numbers, a description each, and letters that can be read on a phone."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy.signal import correlate2d

from coursekit import plotting
from coursekit.plotting import alt_text
from coursekit.plotting.display import figure_of
from coursekit.plotting.style import contrast

PHONE = 360  # pixels across
NUMBERS = np.arange(49.0).reshape(7, 7) * 7 % 23 - 5
WORDS = ["the", "film", "was", "boring"]
DIAGRAMS = {
    "neuron": lambda: plotting.plot_neuron(),
    "neuron with five inputs": lambda: plotting.plot_neuron(["x₁", "x₂", "x₃", "x₄", "x₅"], "tanh"),
    "neuron with one input": lambda: plotting.plot_neuron(["x"]),
    "dense network": lambda: plotting.plot_dense_network([784, 512, 10]),
    "small dense network": lambda: plotting.plot_dense_network([2, 3, 6, 7, 1]),
    "autoencoder": lambda: plotting.plot_encoder_decoder(),
    "smallest autoencoder": lambda: plotting.plot_encoder_decoder([784, 2, 784]),
    "deep autoencoder": lambda: plotting.plot_encoder_decoder([784, 500, 250, 2, 250, 500, 784]),
    "reparameterisation": lambda: plotting.plot_reparameterization(),
    "Boltzmann machine": lambda: plotting.plot_boltzmann_machine(),
    "largest Boltzmann machine": lambda: plotting.plot_boltzmann_machine(6, 6),
    "belief network": lambda: plotting.plot_belief_network(),
    "deep belief network": lambda: plotting.plot_belief_network((784, 500, 500, 2000, 10)),
    "adversaries": lambda: plotting.plot_adversaries(),
    "U-Net": lambda: plotting.plot_u_net(),
    "shallow U-Net": lambda: plotting.plot_u_net((28, 14)),
    "transfer": lambda: plotting.plot_transfer_cases(),
    "convolution": lambda: plotting.plot_convolution_window(NUMBERS[:5, :5], NUMBERS[:3, :3], 1, 2),
    "widest convolution": lambda: plotting.plot_convolution_window(NUMBERS[:7, :5], NUMBERS[:2, :2], 5, 3),
    "max pooling": lambda: plotting.plot_pooling_window(NUMBERS, 3),
    "average pooling": lambda: plotting.plot_pooling_window(NUMBERS[:4, :4], 2, "average"),
    "recurrence": lambda: plotting.plot_unrolled_recurrence(),
    "long recurrence": lambda: plotting.plot_unrolled_recurrence([*WORDS, "really"]),
    "LSTM": lambda: plotting.plot_lstm_cell(),
    "GRU": lambda: plotting.plot_gru_cell(),
    "attention": lambda: plotting.plot_attention(WORDS, [0.05, 0.3, 0.05, 0.6], "it"),
    "transformer block": lambda: plotting.plot_transformer_block(),
    "transformer block, normalisation after": lambda: plotting.plot_transformer_block(norm_first=False),
}


@pytest.fixture(params=DIAGRAMS.values(), ids=DIAGRAMS.keys())
def diagram(request):
    return request.param()


def written(ax):
    """The texts that a diagram shows, each with the pixels that it covers."""
    figure = figure_of(ax)
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [(text, text.get_window_extent(renderer)) for text in ax.texts if text.get_text()]


def test_each_is_described(diagram):
    assert alt_text(diagram).startswith("Diagram of ")


def test_letters_can_be_read_on_a_phone(diagram):
    figure = figure_of(diagram)
    shrunk = PHONE / (figure.get_figwidth() * figure.dpi)
    assert min(text.get_size() / 72 * figure.dpi * shrunk for text, _ in written(diagram)) >= 8


def test_lines_arrows_and_frames_are_seen_on_the_white_card(diagram):
    drawn = [*(line.get_color() for line in diagram.lines), *(patch.get_edgecolor() for patch in diagram.patches)]
    assert min(contrast(color, "white") for color in drawn) >= 3


def test_no_text_runs_into_another_or_off_the_page(diagram):
    page, texts = figure_of(diagram).bbox.padded(1), written(diagram)
    for text, extent in texts:
        assert page.contains(*extent.min), text.get_text()
        assert page.contains(*extent.max), text.get_text()
    for (first, one), (second, other) in combinations(texts, 2):
        assert not one.padded(-1).overlaps(other), f"{first.get_text()!r} and {second.get_text()!r}"


def numbers_of(ax):
    return [float(text.get_text()) for text in ax.texts if text.get_text().lstrip("-").replace(".", "", 1).isdigit()]


def test_a_convolution_has_its_numbers():
    image, kernel = NUMBERS[:5, :5], NUMBERS[:3, :3]
    ax = plotting.plot_convolution_window(image, kernel, 1, 2)
    outputs = correlate2d(image, kernel, mode="valid")
    assert numbers_of(ax) == [*image.ravel(), *kernel.ravel(), *outputs.ravel()[:6]]
    assert alt_text(ax).endswith(f" = {outputs[1, 2]:.4g}.")


@pytest.mark.parametrize(("kind", "pooled"), [("max", np.max), ("average", np.mean)])
def test_pooling_has_its_numbers(kind, pooled):
    ax = plotting.plot_pooling_window(NUMBERS[:5, :4], 2, kind)
    outputs = pooled(NUMBERS[:4, :4].reshape(2, 2, 2, 2), axis=(1, 3))
    np.testing.assert_allclose(numbers_of(ax)[20:], outputs.ravel())
    assert alt_text(ax).endswith(f"becomes {outputs[0, 0]:.4g}.")


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plotting.plot_neuron([]), "one to five"),
        (lambda: plotting.plot_dense_network([3]), "two layers"),
        (lambda: plotting.plot_dense_network([3, 0]), "a unit or more"),
        (lambda: plotting.plot_dense_network([3, 1], ["only one"]), "2 names"),
        (lambda: plotting.plot_encoder_decoder([4, 4]), "odd number"),
        (lambda: plotting.plot_u_net((28,)), "two or three levels, not 1"),
        (lambda: plotting.plot_boltzmann_machine(7, 3), "not 7 and 3"),
        (lambda: plotting.plot_boltzmann_machine(2, 0), "not 2 and 0"),
        (lambda: plotting.plot_belief_network((784, 500, 10)), "hidden layers, not 1"),
        (lambda: plotting.plot_convolution_window(NUMBERS[:2, :2], NUMBERS[:3, :3]), "does not fit"),
        (lambda: plotting.plot_convolution_window(NUMBERS[:4, :4], NUMBERS[:3, :3], 2), "rows 0 to 1"),
        (lambda: plotting.plot_convolution_window(np.zeros(3), NUMBERS[:3, :3]), r"shape is \(3,\)"),
        (lambda: plotting.plot_convolution_window(np.zeros((8, 8)), NUMBERS[:3, :3]), "at most 7 by 7"),
        (lambda: plotting.plot_convolution_window(NUMBERS, NUMBERS[:3, :3]), "15 columns"),
        (lambda: plotting.plot_pooling_window(NUMBERS, 8), "no block of 8 by 8"),
        (lambda: plotting.plot_pooling_window(NUMBERS, 2, "sum"), "'sum'"),
        (lambda: plotting.plot_unrolled_recurrence(["one"]), "not 1"),
        (lambda: plotting.plot_attention(WORDS, [0.5, 0.5], "it"), "a weight each"),
        (lambda: plotting.plot_attention(WORDS, [0.5, 0.5, 0.5, 0.5], "it"), "sum to one"),
        (lambda: plotting.plot_attention(WORDS, [1.5, -0.5, 0, 0], "it"), "not negative"),
    ],
)
def test_what_cannot_be_drawn_is_told(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()
