"""Runs of notebooks, as `coursekit run` has them."""

from __future__ import annotations

import contextlib

from coursekit import regenerate
from coursekit.executors import LocalExecutor


def run(jobs, executor=None, archive=None, **options):
    """What each job gave; here, one at a time, and kept where it was planned, if nothing else is said."""
    archive = archive or regenerate.RunArchive(jobs[0].target.parents[1])
    with contextlib.nullcontext(executor) if executor else LocalExecutor() as chosen:
        return regenerate.run(jobs, chosen, archive, **options)
