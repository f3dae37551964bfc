from __future__ import annotations

import itertools
import subprocess
import sys

import matplotlib as mpl
import pytest

from coursekit.plotting.style import COLORS, DIVERGING, MARKERS, QUIET, contrast, ink, luminance


def lightness(color) -> float:
    """CIE L*, 0 to 100: equal steps look equally far apart in grey."""
    y = luminance(color)
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


@pytest.mark.parametrize("page", ["white", "#111111"])  # the second is JupyterLab's in its dark theme
@pytest.mark.parametrize("color", [*COLORS, QUIET])
def test_each_colour_is_seen_on_light_and_dark_pages(color, page):
    assert contrast(color, page) >= 3


def test_any_two_lines_that_look_alike_in_grey_differ_in_style_or_marker():
    styles = mpl.rcParams["axes.prop_cycle"].by_key()["linestyle"]
    for (a, one), (b, two) in itertools.combinations(enumerate(COLORS), 2):
        if abs(lightness(one) - lightness(two)) < 10:
            assert (styles[a], MARKERS[a]) != (styles[b], MARKERS[b])
    assert len(set(MARKERS)) == len(MARKERS) >= len(COLORS)


def simulate(color, kind: str):
    """A colour as a red-, green- or blue-blind reader sees it: Machado, Oliveira and Fernandes (2009), severity 1."""
    import numpy as np
    from matplotlib.colors import to_rgb

    matrix = {
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    }[kind]
    return np.clip(np.array(matrix) @ np.array(to_rgb(color)) ** 2.2, 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("kind", ["protan", "deutan", "tritan"])
def test_all_colours_stay_apart_for_colour_blind_readers(kind):
    seen = [simulate(color, kind) for color in COLORS]
    assert min(abs(a - b).max() for a, b in itertools.combinations(seen, 2)) > 0.08


@pytest.mark.parametrize("color", COLORS)
def test_text_in_a_course_colour_can_be_read_on_white(color):
    assert contrast(ink(color), "white") >= 4.5


def test_the_sign_of_a_weight_can_be_read_in_grey():
    lightnesses = [lightness(DIVERGING(place)[:3]) for place in (0.0, 0.25, 0.5, 0.75, 1.0)]

    assert all(above - below > 8 for below, above in itertools.pairwise(lightnesses)), lightnesses


def test_figures_fit_a_notebook():
    width, height = mpl.rcParams["figure.figsize"]
    assert 600 <= width * mpl.rcParams["figure.dpi"] <= 900
    assert height < width
    assert mpl.rcParams["font.size"] >= 10


def test_importing_the_plots_imports_neither_keras_nor_pyplot():
    code = (
        "import sys, coursekit.plotting as p; "
        "heavy = {'keras', 'tensorflow', 'scipy', 'sklearn', 'matplotlib.pyplot', 'IPython'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_unknown_name_is_an_attribute_error():
    import coursekit.plotting

    with pytest.raises(AttributeError, match="plot_everything"):
        coursekit.plotting.plot_everything  # noqa: B018
