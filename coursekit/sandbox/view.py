"""What a worker can see of the file system: Python, the environment, the course's package and data, all read-only.

The rest is not there: no home folder, no submissions, no results, no solutions, and of the course's package neither
checks nor what marks a class.
"""

from __future__ import annotations

import site
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import coursekit

SCRATCH = Path("/scratch")
DEVICES = ("null", "full", "random", "urandom")  # memory that /dev/zero gives to share is counted by nobody
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime"),
)


@dataclass(frozen=True)
class View:
    """Absolute paths: those shown, read-only, and the folders among them that are shown empty."""

    shown: tuple[Path, ...]
    hidden: tuple[Path, ...]


def of_this_environment(hide: Iterable[Path] = ()) -> View:
    """The view that running a notebook in this environment needs.

    Args:
        hide: folders that must not be seen, even where they lie in something shown.

    >>> view = of_this_environment()
    >>> Path(coursekit.__file__).parent / "checks" in view.hidden
    True
    """
    package = Path(coursekit.__file__).parent
    shown = _topmost([*map(Path, SYSTEM), *_python_folders(), package, data_folder()])
    wanted = [package / "checks", package / "classroom", *(Path(path).resolve() for path in hide)]
    inside = {path for path in wanted if path.is_dir() and any(path.is_relative_to(each) for each in shown)}
    return View(shown, tuple(sorted(inside)))


def data_folder() -> Path:
    """Where the course's data is unpacked."""
    from coursekit.data.cache import cache_folder

    return cache_folder().absolute()


def _python_folders() -> list[Path]:
    folders = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return [Path(folder) for folder in folders]


def _topmost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The paths that exist, also as what they link to, without those that lie below another one."""
    existing = {each for path in paths if path.exists() for each in (path.absolute(), path.resolve())}
    return tuple(sorted(path for path in existing if not existing & set(path.parents)))
