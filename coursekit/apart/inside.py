"""What a program does in its own process, around the function of the notebook."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coursekit.quiet import hush_tensorflow

VALUE, TROUBLE = "value.json", "trouble.json"
MOST_TOLD = 2_000  # characters of an error's message


def warn_of_nothing() -> None:
    """Start without TensorFlow's messages."""
    hush_tensorflow()
    warnings.simplefilter("ignore")


def answer(function: Callable[..., Any], arguments: str, folder: str) -> None:
    """Call the function; leave what it returns, or what went wrong, in the folder, and end this process.

    The process ends at once as well when its standard input is closed, since the notebook is gone then.
    """
    threading.Thread(target=_end_with_the_notebook, daemon=True).start()
    try:
        value = json.dumps(function(**json.loads(arguments)))
    except BaseException as error:  # MemoryError among them: whatever it was, the notebook is told
        told = {"ended": f"{type(error).__name__}: {str(error)[:MOST_TOLD]}", "trace": traceback.format_exc()[-8000:]}
        _leave(Path(folder, TROUBLE), json.dumps(told))
        _end(1)
    _leave(Path(folder, VALUE), value)
    _end(0)


def _leave(place: Path, text: str) -> None:
    """Write in two steps, so that nobody reads half of it."""
    part = place.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(place)


def _end(code: int) -> None:
    """End without the clean-up of libraries, whose threads may wait for another process for ever."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_with_the_notebook() -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        return  # no standard input
    os._exit(70)
