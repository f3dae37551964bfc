"""How workers are sealed: the levels, from the best to none, and what a warm parent is told of it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from coursekit.sandbox.view import View
from coursekit.worker.bounds import Limits

BUBBLEWRAP, NAMESPACES, FILTERS, LIMITS_ONLY = "bubblewrap", "user namespaces", "Landlock and seccomp", "limits only"
LEVELS = (BUBBLEWRAP, NAMESPACES, FILTERS, LIMITS_ONLY)
SEALED = (BUBBLEWRAP, NAMESPACES)
SWEEP = b"sweep"  # what the grader asks of a worker's keeper: see coursekit.sandbox.keeper
WARM = ("tensorflow", "keras", "matplotlib.pyplot", "scipy.special", "sklearn", "coursekit.plotting", "coursekit.data")


@dataclass(frozen=True)
class Sealing:
    """How a warm parent seals its workers.

    Attributes:
        level: one of :data:`LEVELS`.
        real_root: whether workers have to become nobody, because root has no limits.
        limits: bounds on each worker.
        view: what workers see of the file system, where they are sealed or Landlock holds them.
        warm: modules imported before the first fork.

    >>> from pathlib import Path
    >>> sealing = Sealing(BUBBLEWRAP, False, Limits.of_submission(), View((Path("/usr"),), ()))
    >>> Sealing.from_text(sealing.as_text()) == sealing
    True
    """

    level: str
    real_root: bool
    limits: Limits
    view: View
    warm: tuple[str, ...] = WARM

    @property
    def sealed(self) -> bool:
        """Whether workers have namespaces of their own."""
        return self.level in SEALED

    def as_text(self) -> str:
        """The same as text."""
        return msgspec.json.encode(self, enc_hook=str).decode()

    @classmethod
    def from_text(cls, text: str) -> Sealing:
        """What :meth:`as_text` gave."""
        return msgspec.json.decode(text, type=cls, dec_hook=lambda kind, value: kind(value))
