from .classes import plot_class_balance, plot_confusion_matrix
from .describing import alt_text, describe
from .display import show
from .history import plot_history
from .images import plot_images, plot_pixel_matrix, plot_weights
from .live import LiveHistory
from .optimizers import plot_optimizer_paths
from .style import COLORS, use_course_style

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
