"""Animations with a slider that nothing has to be fetched for, beside a described still for viewers that run no
scripts: JupyterLab runs none in stored outputs that it does not trust."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re
from collections.abc import Callable

from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure
from PIL import Image

from coursekit.kernel import notebook_shell
from coursekit.plotting.describing import describe, plural
from coursekit.plotting.display import publish, show

MOST_FRAMES, DPI = 20, 60
FRAME = re.compile(r'"data:image/png;base64,([^"]+)"')
SIGNS = {  # in place of the icons of a font that Matplotlib's page would fetch
    "fa-minus": "−",
    "fa-fast-backward": "«",
    "fa-step-backward": "‹",
    "fa-play fa-flip-horizontal": "◀",
    "fa-pause": "‖",
    "fa-play": "▶",
    "fa-step-forward": "›",
    "fa-fast-forward": "»",
    "fa-plus": "+",
}


def show_animation(
    figure: Figure, draw: Callable[[int], object], frames: int, alt: str, frames_a_second: int = 4
) -> None:
    """Show the last frame as a still, and below it all frames with a slider and buttons. In a terminal, print ``alt``.

    Args:
        figure: what is drawn on; as small as can be read, since its frames are stored in the notebook.
        draw: ``draw(i)`` changes the figure into frame ``i``, from 0 on; it may be called several times.
        frames: how many there are, 2 to 20.
        alt: what is seen to happen, in words.
        frames_a_second: while it plays.

    Raises:
        ValueError: too few frames, or too many.

    >>> figure = Figure()
    >>> ax = figure.subplots()
    >>> bar = ax.barh(["loss"], [1.0])[0]
    >>> show_animation(figure, lambda epoch: bar.set_width(1 / (1 + epoch)), 10, alt="The loss falls with each epoch.")
    The loss falls with each epoch.
    """
    if not 2 <= frames <= MOST_FRAMES:
        raise ValueError(f"An animation has 2 to {MOST_FRAMES} frames, not {frames}: draw fewer steps.")
    page = "" if notebook_shell() is None else animation_page(figure, draw, frames, alt, frames_a_second)
    draw(frames - 1)
    show(describe(figure, alt))
    if page:
        publish({"text/html": page, "text/plain": f"Animation of {plural(frames, 'frame')}: {alt}"}, {})


def animation_page(
    figure: Figure, draw: Callable[[int], object], frames: int, alt: str, frames_a_second: int = 4
) -> str:
    """The animation as HTML with its script and frames inside: the same frames give the same page.

    The page is Matplotlib's, without its link to a font of icons, which would be fetched; with a description.
    """

    def step(frame: int) -> None:
        draw(frame)

    dpi = figure.dpi
    figure.set_dpi(DPI)
    try:
        page = FuncAnimation(figure, step, frames).to_jshtml(frames_a_second, default_mode="once")
    finally:
        figure.set_dpi(dpi)
    page = re.sub(r"<link[^<>]*>", "", page)
    for icon, sign in SIGNS.items():
        page = page.replace(f'<i class="fa {icon}"></i>', sign)
    page = FRAME.sub(_smaller, page)
    own = re.search(r"_anim_img([0-9a-f]{32})", page)
    assert own is not None, "Matplotlib names its picture otherwise"
    page = page.replace(own[1], hashlib.sha256("".join(FRAME.findall(page)).encode()).hexdigest()[:32])
    page = page.replace("<img id=", f'<img alt="{html.escape(alt)}" style="max-width: 100%" id=')
    return page.replace('class="anim-slider"', 'class="anim-slider" aria-label="Frame" style="width: 100%"')


def _smaller(frame: re.Match[str]) -> str:
    """A frame with a palette of 256 colours, and without what Matplotlib writes about itself."""
    picture = Image.open(io.BytesIO(base64.b64decode(frame[1].replace("\\\n", ""))))
    small = io.BytesIO()
    palette = picture.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette.save(small, format="png", optimize=True)
    return f'"data:image/png;base64,{base64.b64encode(small.getvalue()).decode("ascii")}"'
