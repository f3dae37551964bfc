"""Which files are here, and whether they are what they should be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from coursekit.data import store
from coursekit.data.cache import cached, hash_file
from coursekit.data.records import DataSet, File

INTACT, DAMAGED, ABSENT = "intact", "damaged", "not here"


@dataclass(frozen=True)
class Finding:
    """What was found at one place of one file.

    Attributes:
        file: its registered name.
        place: ``embedded`` or ``cache``.
        path: where it lies, or would lie.
        state: ``intact``, ``damaged`` or ``not here``.
        expected: the registered hash.
        found: the hash of what is there; empty if nothing is.
    """

    file: str
    place: str
    path: str
    state: str
    expected: str
    found: str

    @property
    def is_wrong(self) -> bool:
        """Whether it needs attention: damage anywhere, or an embedded file that is gone."""
        return self.state == DAMAGED or (self.state == ABSENT and self.place == "embedded")


def findings(data_set: DataSet) -> list[Finding]:
    """Every place of every file of a data set, with its hash taken now."""
    found = []
    for file in data_set.files:
        if file.packed is not None:
            found.append(_look(file, "embedded", store.EMBEDDED / file.packed.name, file.packed.hash))
        found.append(_look(file, "cache", cached(file), file.hash))
    return found


def state(data_set: DataSet) -> str:
    """One word for a whole data set: whether it can be used now, without a network.

    ``damaged`` if any copy is, ``intact`` if every file has an intact copy, else ``not here``.
    """
    found = findings(data_set)
    if DAMAGED in {finding.state for finding in found}:
        return DAMAGED
    here = {finding.file for finding in found if finding.state == INTACT}
    return INTACT if here == {file.name for file in data_set.files} else ABSENT


def _look(file: File, place: str, path: Path, expected: str) -> Finding:
    found = hash_file(path, expected.partition(":")[0]) if path.is_file() else ""
    state = ABSENT if not found else INTACT if found == expected else DAMAGED
    return Finding(file.name, place, str(path), state, expected, found)
