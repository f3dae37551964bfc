"""Checking a notebook: run its cells in another process, ask, report."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from coursekit.grading.cleanroom import CleanRoom, CleanRoomAnswers
from coursekit.grading.notebook_file import Notebook
from coursekit.grading.questions import Exercise, find_exercise
from coursekit.grading.recording import RecordedAnswers, Recording
from coursekit.grading.remote import RemoteAnswers
from coursekit.grading.results import Report
from coursekit.sandbox.unsealed import start_unsealed
from coursekit.worker.bounds import CELL_SECONDS
from coursekit.worker.channel import Worker


def check_notebook(
    notebook: Notebook,
    exercise: Exercise | None = None,
    cell_seconds: float = CELL_SECONDS,
    on_step: Callable[[str], None] = lambda words: None,
    start: Callable[[Path | None], Worker] = start_unsealed,
    seconds_in_all: float = math.inf,
    recording: Recording | None = None,
    folder: Path | None = None,
    seed: str | None = None,
    random_state: int | None = None,
    room: CleanRoom | None = None,
) -> Report:
    """The report on a notebook, whose cells are run in another process.

    Args:
        notebook: as :func:`coursekit.grading.notebook_file.read_notebook` gives it.
        exercise: the exercise that it answers; found in the notebook if left out.
        cell_seconds: how long each cell may take.
        on_step: called with a few words before each step.
        start: what starts the process, given the folder; for the work of others, the ``start`` of a
            :class:`coursekit.sandbox.WorkerPool`.
        seconds_in_all: how long everything may take together.
        recording: where every answer is kept as well.
        folder: whose files the process gets as well, such as modules beside the notebook.
        seed: of what is drawn for this notebook alone, beside what is drawn in every one; see
            :meth:`coursekit.grading.answers.Answers.draw`. ``None`` to do without.
        random_state: 32 bits from which the random numbers of the learner's own code follow, if they are to repeat.
        room: where models are made again, for the work of others.

    Raises:
        coursekit.grading.notebook_file.UnusableNotebook: it is of no known exercise.
    """
    exercise = exercise or find_exercise(notebook.exercise_name())
    work = {cell.number for cell in notebook.work}
    cells = [cell for cell in notebook.cells if cell.number in work or cell.checks_question in exercise.questions]
    with RemoteAnswers(
        cells, folder, cell_seconds, on_step, start, seconds_in_all, random_state=random_state
    ) as answers:
        answers.private_seed = seed
        checked = answers if room is None else CleanRoomAnswers(answers, room)
        report = exercise.run(checked if recording is None else RecordedAnswers(checked, recording))
        if recording is not None:
            recording.starved = answers.starved or checked.starved
        unverified = checked.unverified if isinstance(checked, CleanRoomAnswers) else ()
        return replace(report, cells=answers.cell_errors, unverified=unverified, notes=answers.notes(report))
