"""What can go wrong with data, each with a name of its own so that callers can tell them apart."""

from __future__ import annotations

from coursekit.errors import CoursekitError


class DataError(CoursekitError):
    """Anything that keeps a data set from being used."""

    exit_code = 1


class UnknownData(DataError, LookupError):
    """A data set was asked for that the course does not have."""

    exit_code = 2


class DamagedFile(DataError):
    """A file is not the file it should be; it was not used.

    Args:
        name: which file, as the reader can find it.
        expected: its hash as the registry has it, ``sha256:…`` or ``md5:…``.
        found: its hash as it is, in the same form, or what was found in its place.
        remedy: what to do about it.

    >>> print(DamagedFile("mnist/x_train.npy", "sha256:aa", "sha256:bb", "Fetch it again."))
    Damaged file: mnist/x_train.npy
      expected sha256:aa
      found    sha256:bb
    It was not used. Fetch it again.
    """

    def __init__(self, name: object, expected: str, found: str, remedy: str) -> None:
        super().__init__(
            f"Damaged file: {name}\n  expected {expected}\n  found    {found}\nIt was not used. {remedy}".rstrip()
        )


class DownloadFailed(DataError):
    """A file could not be had from any of its sources."""


class DamagedFileWarning(UserWarning):
    """A damaged copy was found, left unused, and replaced."""


class CacheWarning(UserWarning):
    """The cache folder cannot be written, so data is unpacked anew in each process."""
