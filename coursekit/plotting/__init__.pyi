from .animation import show_animation
from .boxes import plot_boxes
from .classes import plot_class_balance, plot_confusion_matrix
from .describing import alt_text, describe
from .display import show
from .history import plot_history
from .images import plot_images, plot_pixel_matrix, plot_weights
from .live import LiveHistory
from .machines import plot_belief_network, plot_boltzmann_machine
from .networks import (
    plot_adversaries,
    plot_dense_network,
    plot_encoder_decoder,
    plot_neuron,
    plot_reparameterization,
    plot_transfer_cases,
    plot_u_net,
)
from .optimizers import plot_optimizer_paths
from .photographs import plot_photographs
from .sequences import plot_attention, plot_gru_cell, plot_lstm_cell, plot_unrolled_recurrence
from .style import COLORS, use_course_style
from .transformers import plot_attention_map, plot_transformer_block
from .windows import plot_convolution_window, plot_pooling_window

__all__ = [
    "COLORS",
    "LiveHistory",
    "alt_text",
    "describe",
    "plot_adversaries",
    "plot_attention",
    "plot_attention_map",
    "plot_belief_network",
    "plot_boltzmann_machine",
    "plot_boxes",
    "plot_class_balance",
    "plot_confusion_matrix",
    "plot_convolution_window",
    "plot_dense_network",
    "plot_encoder_decoder",
    "plot_gru_cell",
    "plot_history",
    "plot_images",
    "plot_lstm_cell",
    "plot_neuron",
    "plot_optimizer_paths",
    "plot_photographs",
    "plot_pixel_matrix",
    "plot_pooling_window",
    "plot_reparameterization",
    "plot_transfer_cases",
    "plot_transformer_block",
    "plot_u_net",
    "plot_unrolled_recurrence",
    "plot_weights",
    "show",
    "show_animation",
    "use_course_style",
]
