"""Why there is no answer yet: a stub of the exercise still stands, or the cell that should define it is no Python."""

from __future__ import annotations

import ast
import keyword
import re
import traceback
import warnings
from collections.abc import MutableMapping
from typing import Any

from coursekit.worker.failures import STUB_WORDS, NotParsed
from coursekit.worker.text import shorten

OTHER_KEYWORDS = "|".join(set(keyword.kwlist) - {"async", "def", "class"})


def stub_of(error: BaseException, namespace: MutableMapping[str, Any]) -> list[str]:
    """The learner's functions that were running when the last of them met its stub.

    Args:
        error: what the learner's code raised.
        namespace: the learner's names; code that has them as its globals is theirs.

    Returns:
        Names of functions, empty where something else was raised. A stub outside of functions is called ``"<module>"``.
    """
    if type(error) is not NotImplementedError or [*map(type, error.args)] != [str] or error.args[0] != STUB_WORDS:
        return []
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if frames[-1].f_globals is not namespace:
        return []
    theirs = [frame for frame in frames if frame.f_globals is namespace and frame.f_locals is not namespace]
    return [frame.f_code.co_name for frame in theirs] or ["<module>"]


def not_parsed(name: str, namespace: MutableMapping[str, Any]) -> NotParsed | None:
    """The failure to tell where the last cell that was to define ``name`` could not be parsed.

    Args:
        name: a name in the notebook.
        namespace: the learner's names, with the executed cells that IPython keeps in ``In``.

    >>> not_parsed("double", {"In": ["", "def double(x):\\n    return (2 * x"]}).message
    "The cell that defines `double` stopped with a SyntaxError, line 2: '(' was never closed."
    """
    defining = re.compile(
        rf"^[ \t]*(?:(?!(?:{OTHER_KEYWORDS})\b)\w+[ \t]+)+{name}\b"  # def, class, and what was meant to be one
        rf"|^[^#=(\[\n]*(?<![.\w]){name}\b[^=(\[\n]*=(?!=)",
        re.MULTILINE,
    )
    executed = namespace.get("In")
    cells = executed if type(executed) is list else []
    source = next((cell for cell in reversed(cells) if type(cell) is str and defining.search(cell)), "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return NotParsed.of(name, error, shorten((error.text or "").strip()))
    except (ValueError, OverflowError, RecursionError, MemoryError):  # of null bytes, of what is too deep to parse
        return None
    return None
