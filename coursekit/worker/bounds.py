"""Every bound on what comes from a learner, in one table: time, memory, processes, sizes. What else there is derives
from it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

KB, MB, GB = 2**10, 2**20, 2**30
DAY = 86_400.0

# Time, in seconds.
ANSWER_SECONDS = 60.0  # one answer to a check, where its question says nothing else
CELL_SECONDS = 600.0  # one cell
SUBMISSION_SECONDS = 1800.0  # all cells and answers of a submission
TASK_SECONDS = 5.0  # behind a cell, for the asyncio tasks that it began and did not wait for
GRACE_SECONDS = 5.0  # between the end of a time and the end of a process that did not heed it
START_SECONDS = 120.0  # until a new worker says its first word
TRY_SECONDS = 60.0  # until a warm parent has tried to seal a worker
IMPORT_SECONDS = 600.0  # until a warm parent has imported what notebooks import
DYING_SECONDS = 5.0  # until killed processes are gone
END_SECONDS = 20.0  # until what was told to end has ended
MAX_STARTS = 6  # processes, one after another, for a notebook that ends them

# One worker; see Limits.
MEMORY = 4 * GB
TASKS = 128
FEW_PROCESSES = 4  # that a notebook may start with its own priority
SCRATCH = 512 * MB
OPEN_FILES = 512
COMPANION_FILES, COMPANION_BYTES = 200, 64 * MB  # files beside a notebook that it gets copies of
MODULE_BYTES = MB  # one of them that it imports

# What passes between a worker and the grader.
FRAME_HEADER_BYTES = 4 * MB  # everything outside of arrays
FRAME_ARRAY_BYTES = 512 * MB
FRAME_DEPTH = 32
ARRAY_DIMENSIONS = 32
TEXT_ARRAY_WIDTH = 10_000  # characters of an item in an array of text
INTEGER_BITS = 2**16
SEQUENCE_ITEMS = 1_000_000  # of a list, tuple or dict
INTEGER_KEYS = 1_000  # of a dict: whoever chooses them can have all of them collide, which text never does
MODEL_LAYERS, MODEL_WEIGHTS = 2_000, 10_000  # that are described
MODELS_HELD = 64
SETTING_ITEMS, SETTING_DEPTH = 100, 8  # of a layer's setting; a larger one is left out of the model's description
RECREATED_LAYERS, RECREATED_DEPTH = 200, 60  # of a model that is made again; how deep its configuration is nested
RECREATED_WEIGHTS, RECREATED_BYTES, CONFIG_BYTES = 50_000_000, 256 * MB, 4 * MB
SETTING_INTEGER = 1_000_000  # the largest number of units, filters, words, …
MACHINE_UNITS = 2_000  # hidden ones of a Boltzmann machine, with which a check reads 10,000 digits
CLEAN_ROOM_SUBMISSIONS, CLEAN_ROOM_BYTES = 50, GB  # after so many, or so many bytes of weights, its worker is replaced
PRINTED_CHARACTERS = 5_000  # while one answer is made
FAILURE_CHARACTERS = 600  # of each text of a failure
RECORDING_BYTES = 64 * MB  # all replies of a submission
ANSWER_BYTES = 64 * MB  # of arrays in one answer, each number counted as at least 8 bytes: as such it is judged
QUESTION_BYTES = 160 * MB  # of all answers to one question
CHANGED_NAMES, NAMES_OF_ONE, NAME_TOLD = 300, 5, 100  # that are told to be bound otherwise than at a check
CELL_ERRORS = 20  # that are told; of the others, how many they are

# What is handed in.
NOTEBOOK_BYTES = 50 * MB
NAME_CHARACTERS = 1_000  # of a name that a platform is to be told from
ODD_JSON_BYTES = 10 * MB  # of a notebook that only Python's own parser reads, which takes five times as much memory
JSON_VALUES = 1_500_000  # of a notebook, in its outputs as well
CELLS, CODE_CHARACTERS = 5_000, 2_000_000
COMPARED_CHARACTERS, COMPARED_TOKENS = 200_000, 10_000  # of a submission, in the search for similar ones
SIMILARITY_SECONDS = 120.0  # of that search
BATCH_FILES, BATCH_DEPTH = 100_000, 20  # of a folder or an archive
LEARNER_FILES, LEARNER_BYTES = 5_000, GB  # of one learner in it; bytes of what can be read, unpacked
PACKING_RATIO, PACKING_COUNTS_FROM = 200, MB  # a file that is packed smaller is a bomb, from this size on


@dataclass(frozen=True)
class Limits:
    """Bounds on one worker: one run of one notebook.

    Attributes:
        seconds: wall time of the whole run.
        cpu_seconds: processor time of each of its processes.
        memory: bytes of data of each process, and of all of them together, beyond what the warm parent has.
        tasks: processes and threads at a time.
        scratch: bytes in its scratch folder, and in its largest file.
        files: open files of each process.

    >>> Limits.of_submission(60, memory=GB).memory // MB
    1024
    """

    seconds: float = SUBMISSION_SECONDS
    cpu_seconds: int = int(2 * SUBMISSION_SECONDS)
    memory: int = MEMORY
    tasks: int = TASKS
    scratch: int = SCRATCH
    files: int = OPEN_FILES

    @classmethod
    def of_submission(cls, seconds: float = SUBMISSION_SECONDS, memory: int = MEMORY) -> Limits:
        """Bounds for a submission that may take ``seconds``: its worker outlives that a little, so that what is said
        of it in the end is said by the grader."""
        longest = seconds + 2 * GRACE_SECONDS
        return cls(longest, math.ceil(longest) * (os.cpu_count() or 1), memory)

    @classmethod
    def generous(cls) -> Limits:
        """Bounds for one's own work, which does not attack: what runs without a sandbox runs within them, too."""
        return cls(7 * DAY, int(7 * DAY), memory=1024 * GB, tasks=4096, scratch=4 * GB, files=4096)
