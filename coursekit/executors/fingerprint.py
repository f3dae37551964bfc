"""What must be the same on two machines for their results to be: Python, the libraries, the course and its data."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn", "matplotlib", "ipython", "ipykernel", "papermill")
PACKAGE = Path(__file__).resolve().parents[1]
EMBEDDED = PACKAGE / "data" / "embedded"


@cache
def fingerprint() -> dict[str, str]:
    """Versions and hashes of this process, by name.

    >>> sorted(fingerprint())[:3]
    ['Python', 'coursekit', 'data']
    """
    files = sorted(path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {
        "Python": platform.python_version(),
        "coursekit": _digest([path for path in files if EMBEDDED not in path.parents]),
        "data": _digest([path for path in files if EMBEDDED in path.parents]),
        **{name: metadata.version(name) for name in LIBRARIES},
    }


def differences(theirs: dict[str, str], ours: dict[str, str]) -> list[str]:
    """What differs, in words.

    >>> differences({"Python": "3.10.1"}, {"Python": "3.11.7"})
    ['Python is 3.10.1 there and 3.11.7 here']
    """
    return [
        f"{name} is {theirs.get(name, 'missing')} there and {wanted} here"
        for name, wanted in ours.items()
        if theirs.get(name) != wanted
    ]


def _digest(files: list[Path]) -> str:
    """One hash of the files' names and content; the first twelve digits tell two courses apart."""
    whole = hashlib.sha256()
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(PACKAGE).as_posix()}\0{content}\0".encode())
    return whole.hexdigest()[:12]
