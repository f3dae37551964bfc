"""The gate in front of what holds in a full run only."""

from __future__ import annotations

import os

FULL_RUN = "COURSEKIT_FULL"  # set to 1 where the course itself is run at its default sizes


def runs_in_full(*enough: bool) -> bool:
    """Whether this run is large enough for assertions that a smaller one would not pass.

    Args:
        enough: what the parameters must fulfil for the assertions below to hold.

    Returns:
        True if every condition holds. Where one does not, the assertions are passed over without a word.

    Raises:
        RuntimeError: a condition fails in the course's own run at the default sizes (``COURSEKIT_FULL=1``).

    >>> EPOCHS, test_accuracy = 1, 0.93
    >>> if runs_in_full(EPOCHS >= 5):
    ...     assert test_accuracy > 0.98
    """
    if all(enough):
        return True
    if os.environ.get(FULL_RUN) == "1":
        raise RuntimeError(
            "The notebook's default sizes are too small for what is asserted below, so it would never be held: "
            "raise the sizes, or ask for less in runs_in_full(…)."
        )
    return False
