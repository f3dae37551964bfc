"""Preloaded by the workers of a test's cluster: a course that also has the demo exercise."""

from __future__ import annotations

import demo_command


def dask_setup(worker: object) -> None:
    """Called by Dask in each worker that starts; to import this module changes nothing."""
    demo_command.add_demo_lesson()
