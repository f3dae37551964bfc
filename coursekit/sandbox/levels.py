"""How workers are sealed: the levels, from the best to none, and what a warm parent is told."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from coursekit.sandbox.view import View
from coursekit.worker.bounds import Limits

BUBBLEWRAP, NAMESPACES, FILTERS, LIMITS_ONLY = "bubblewrap", "user namespaces", "Landlock and seccomp", "limits only"
LEVELS = (BUBBLEWRAP, NAMESPACES, FILTERS, LIMITS_ONLY)
SEALED = (BUBBLEWRAP, NAMESPACES)
WARM = ("tensorflow", "keras", "matplotlib.pyplot", "scipy.special", "sklearn", "coursekit.plotting", "coursekit.data")


@dataclass(frozen=True)
class Settings:
    """What a warm parent needs to know.

    Attributes:
        level: one of :data:`LEVELS`.
        real_root: whether workers have to become nobody, because root has no limits.
        limits: bounds on each worker.
        view: what workers see of the file system, where they are sealed or Landlock holds them.
        warm: modules imported before the first fork.

    >>> settings = Settings(BUBBLEWRAP, False, Limits(), View((Path("/usr"),), ()))
    >>> Settings.from_text(settings.as_text()) == settings
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
        """The settings as text."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_text(cls, text: str) -> Settings:
        """The settings that :meth:`as_text` gave."""
        data = json.loads(text)
        view = View(*(tuple(map(Path, data["view"][name])) for name in ("shown", "hidden")))
        return cls(**data | {"limits": Limits(**data["limits"]), "view": view, "warm": tuple(data["warm"])})
