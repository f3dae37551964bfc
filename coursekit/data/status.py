"""Which files are here, and whether they are what they should be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from coursekit.data import store
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

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def findings(data_set: DataSet) -> list[Finding]:
    """Every place of every file of a data set, with its hash taken now."""
    found = []
    for file in data_set.files:
        if file.packed is not None:
            place = store.EMBEDDED / file.packed.name
            found.append(_look(file, "embedded", place, file.packed.hash))
        found.append(_look(file, "cache", store.cache_folder() / file.name, file.hash))
    return found


def state(data_set: DataSet) -> str:
    """One word for a whole data set: whether it can be used now, without a network.

    ``damaged`` if any copy is, ``intact`` if every file has an intact copy, else ``not here``.
    """
    found = findings(data_set)
    if any(finding.state == DAMAGED for finding in found):
        return DAMAGED
    here = {finding.file for finding in found if finding.state == INTACT}
    return INTACT if here == {file.name for file in data_set.files} else ABSENT


def _look(file: File, place: str, path: Path, expected: str) -> Finding:
    if not path.is_file():
        return Finding(file.name, place, str(path), ABSENT, expected, "")
    found = store.hash_file(path, expected.partition(":")[0])
    return Finding(file.name, place, str(path), INTACT if found == expected else DAMAGED, expected, found)
