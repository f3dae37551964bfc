"""Animations: all frames in the page, nothing fetched, the same each time, a described still beside them."""

from __future__ import annotations

import base64
import io
import re

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from coursekit.plotting import animation, show_animation, use_course_style
from coursekit.plotting.animation import FRAME, animation_page
from coursekit.plotting.style import new_figure

ALT = "A wave & its <motion> to the left."


def wave():
    """A figure, and what draws each of its frames."""
    figure = new_figure((6, 3.4))
    ax, x = figure.subplots(), np.linspace(0, 6, 200)
    (line,) = ax.plot(x, np.sin(x))
    ax.set(xlabel="x", ylabel="sin(x + t)")
    return figure, lambda frame: line.set_ydata(np.sin(x + frame / 3))


@pytest.fixture(scope="module")
def page() -> str:
    with mpl.rc_context():
        use_course_style()
        return animation_page(*wave(), 20, ALT)


def test_nothing_is_fetched(page):
    assert re.findall(r"<link|https?:|src=|@import|url\(", page) == []


def test_twenty_frames_are_small(page):
    pictures = [Image.open(io.BytesIO(base64.b64decode(frame))) for frame in FRAME.findall(page)]
    assert len(pictures) == 20
    assert {picture.size for picture in pictures} == {(360, 204)}
    assert len(page) < 200_000


def test_the_same_frames_give_the_same_page(page):
    assert animation_page(*wave(), 20, ALT) == page
    assert animation_page(*wave(), 19, ALT) != page


def test_picture_slider_and_buttons_are_named(page):
    assert '<img alt="A wave &amp; its &lt;motion&gt; to the left."' in page
    assert 'aria-label="Frame"' in page
    buttons = re.findall(r"<button [^>]*>(.*?)</button>", page, re.DOTALL)
    assert [button.strip() for button in buttons] == list("−«‹◀‖▶›»+")


def test_the_still_comes_first_and_is_the_last_frame(monkeypatch):
    shown = []
    monkeypatch.setattr(animation, "notebook_shell", lambda: object())
    monkeypatch.setattr(animation, "show", lambda figure: shown.append(figure.axes[0].lines[0].get_ydata()[0]))
    monkeypatch.setattr(animation, "publish", lambda data, metadata: shown.append(data))
    figure, draw = wave()
    show_animation(figure, draw, 4, ALT)
    still, data = shown
    assert still == np.sin(1)
    assert data["text/plain"] == f"Animation of 4 frames: {ALT}"
    assert len(FRAME.findall(data["text/html"])) == 4
    assert figure.dpi == 100


@pytest.mark.parametrize("frames", [0, 1, 21])
def test_too_many_frames_are_refused(frames):
    with pytest.raises(ValueError, match=f"not {frames}"):
        show_animation(*wave(), frames, ALT)
