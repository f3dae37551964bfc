"""What goes wrong in a process apart."""

from __future__ import annotations

from coursekit.errors import CoursekitError


class ChildFailed(CoursekitError):
    """A function that was run apart did not return.

    Attributes:
        ended: how its process ended, in words: ``signal 9`` or ``MemoryError: …``.
    """

    def __init__(self, name: str, ended: str, told: str = "") -> None:
        self.ended = ended
        super().__init__(f"{name} did not return: {ended}" + (f"\n{told}" if told else ""))
