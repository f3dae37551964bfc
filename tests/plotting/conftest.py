from __future__ import annotations

import sys

import matplotlib as mpl
import pytest

from coursekit.plotting import use_course_style


@pytest.fixture(autouse=True)
def _course_style_and_no_figure_left():
    """Every test draws in the style of the course, and may leave nothing that pyplot keeps open."""
    with mpl.rc_context():
        use_course_style()
        yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
