"""Executing the course's notebooks: with parameters, in parallel or on a cluster, and back into the repository.

:mod:`.planning` turns what was typed into jobs, :mod:`.running` has an executor do them, :mod:`.executing` runs one
notebook and :mod:`.completion` judges it, :mod:`.archive` keeps the copies and what was measured, :mod:`.summary` sets
them out for people, and :mod:`.notebooks` reads notebooks and puts outputs into them.
"""

from __future__ import annotations

from coursekit.regenerate.archive import RunArchive
from coursekit.regenerate.jobs import CannotRun, Execution, NotebookJob
from coursekit.regenerate.notebooks import update
from coursekit.regenerate.planning import plan
from coursekit.regenerate.running import from_here, report, run

__all__ = ["CannotRun", "Execution", "NotebookJob", "RunArchive", "from_here", "plan", "report", "run", "update"]
