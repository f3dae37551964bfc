"""An animation in the browser: its buttons and its slider change the picture."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from coursekit.plotting.animation import animation_page
from coursekit.plotting.style import new_figure

pytestmark = pytest.mark.browser


def test_buttons_and_slider_show_the_frames(page):
    figure = new_figure((4, 2))
    bar = figure.subplots().barh(["loss"], [1.0])[0]
    html = animation_page(figure, lambda epoch: bar.set_width(1 / (1 + epoch)), 5, "A bar that grows shorter.", 50)
    page.set_content(html)
    picture, slider = page.get_by_alt_text("A bar that grows shorter."), page.get_by_label("Frame", exact=True)
    expect(slider).to_have_js_property("max", "4")
    seen = [picture.get_attribute("src")]
    for _ in range(4):
        page.get_by_label("Next frame").click()
        seen.append(picture.get_attribute("src"))
    assert len(set(seen)) == 5
    slider.fill("0")
    assert picture.get_attribute("src") == seen[0]
    page.get_by_label("Play", exact=True).click()
    expect(slider).to_have_value("4")
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
