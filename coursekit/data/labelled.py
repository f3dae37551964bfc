"""What every loader returns: examples with labels, and what there is to say about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class LabelledData:
    """Examples with labels, for training and for test.

    Attributes:
        x_train: the examples to learn from.
        y_train: their labels.
        x_test: as ``x_train``.
        y_test: as ``y_train``.
        class_names: one name a class; empty where there are none.
        name: as in ``coursekit data list``, or of the generator.
        title: what it holds, for people.
        licence: of the data.
        citation: of its source.
    """

    x_train: Any
    y_train: np.ndarray
    x_test: Any
    y_test: np.ndarray
    class_names: tuple[str, ...]
    name: str
    title: str
    licence: str
    citation: str

    def __repr__(self) -> str:
        """Title, shapes, dtypes, classes and licence in a few lines; never the values."""
        lines = [f"{self.title} ({self.licence})"]
        for part in ("x_train", "y_train", "x_test", "y_test"):
            value = getattr(self, part)
            text = f"{value.shape!s:20} {value.dtype}" if isinstance(value, np.ndarray) else repr(value)
            lines.append(f"  {part:8} {text}")
        if self.class_names:
            lines.append(f"  classes  {', '.join(self.class_names)}")
        return "\n".join(lines)
