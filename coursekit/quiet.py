"""TensorFlow without its start-up messages.

TensorFlow's C++ code writes about oneDNN, CUDA and CPU features on file descriptor 2 while it is being
imported, before any log level is in force. So descriptor 2 is read aside during that one import, and
every line that is not such a message is handed on.

Whatever starts TensorFlow for the course asks for this silence: the parts of ``coursekit`` that import Keras
themselves, and in a notebook the import of ``coursekit.data`` or ``coursekit.plotting``, which stands before that of
Keras in every lesson and exercise. Elsewhere an import of ``coursekit`` changes nothing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType

from coursekit.kernel import notebook_shell

NOISE = re.compile(
    rb"(?:[IWE]\d{4} [\d:.]+ +\d+ "  # absl's prefix: severity, date, time, thread
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "  # the prefix before TensorFlow 2.20
    rb"|WARNING: All log messages before absl::InitializeLog"
    rb"|To enable the following instructions:)"
)


def hush_tensorflow() -> None:
    """Let the first ``import tensorflow`` of this process start without its messages.

    Warnings after the start, errors, and whatever Python itself writes stay visible.
    A ``TF_CPP_MIN_LOG_LEVEL`` that the user has set stays in force.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # after the start: fatal errors only
    if "tensorflow" not in sys.modules and not any(isinstance(f, _Finder) for f in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def hush_in_notebook() -> None:
    """:func:`hush_tensorflow` in the kernel of a notebook; nothing in any other process."""
    if notebook_shell() is not None:
        hush_tensorflow()


class _Finder:
    """Finds TensorFlow as Python would, and has its module executed without the noise."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                with _without_noise():
                    load(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # of this one module's loader only
        return spec


@contextlib.contextmanager
def _without_noise() -> Iterator[None]:
    try:
        saved = os.dup(2)
    except OSError:  # no descriptor 2 at all, as under pythonw: nothing can be printed either
        yield
        return
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            aside.seek(0)
            wanted = b"".join(line for line in aside if not NOISE.match(line))
            if wanted.strip():
                os.write(2, wanted)
