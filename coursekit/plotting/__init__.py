"""What every lesson draws. Functions return Matplotlib objects and describe them in words; :func:`show` shows both.

>>> from coursekit.plotting import plot_class_balance, show, use_course_style
>>> use_course_style()
>>> show(plot_class_balance([0, 1, 1, 2, 1], class_names=["cat", "dog", "owl"]))
Bar chart of the class balance of 5 labels in 3 classes. Most frequent: dog, 3 (60.0 %).
Least frequent: cat, 1 (20.0 %).

``LiveHistory``, a Keras callback, is loaded when it is first asked for: Keras takes seconds to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursekit.plotting.classes import plot_class_balance, plot_confusion_matrix
from coursekit.plotting.describing import alt_text, describe
from coursekit.plotting.display import show
from coursekit.plotting.history import plot_history
from coursekit.plotting.images import plot_images, plot_pixel_matrix, plot_weights
from coursekit.plotting.optimizers import plot_optimizer_paths
from coursekit.plotting.style import COLORS, use_course_style
from coursekit.quiet import hush_in_notebook, hush_tensorflow

if TYPE_CHECKING:
    from coursekit.plotting.live import LiveHistory

__all__ = [
    "COLORS",
    "LiveHistory",
    "alt_text",
    "describe",
    "plot_class_balance",
    "plot_confusion_matrix",
    "plot_history",
    "plot_images",
    "plot_optimizer_paths",
    "plot_pixel_matrix",
    "plot_weights",
    "show",
    "use_course_style",
]


hush_in_notebook()


def __getattr__(name: str) -> type[LiveHistory]:
    if name == "LiveHistory":
        hush_tensorflow()
        from coursekit.plotting.live import LiveHistory

        return LiveHistory
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
