"""The one table of data: what there is, where it comes from, which bytes it must be, and under which licence.

It is kept in ``registry.json``: data sets, their files, and the archives that files can be made from, each by its
name. The keys are the attributes in :mod:`coursekit.data.records`; a data set that is ``like`` another one takes from
it what it does not say itself. Every hash is a SHA-256 but one: for VGG16's weights only the MD5 that Keras publishes
is known, so that one file is checked by MD5.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from coursekit.data.errors import UnknownData
from coursekit.data.records import DataSet, File
from coursekit.names import did_you_mean

TABLE = Path(__file__).with_name("registry.json")


def _read(text: bytes) -> tuple[DataSet, ...]:
    """The data sets of the table, with the names in them resolved.

    Raises:
        msgspec.ValidationError: an attribute is missing or of another type.
        KeyError: a name that is nowhere in the table.
    """
    table = msgspec.json.decode(text, type=dict[str, dict[str, dict[str, Any]]])
    for row in table["files"].values():
        if "archive" in row:
            row["archive"] = {"name": row["archive"], **table["archives"][row["archive"]]}
    data_sets = []
    for name, row in table["data_sets"].items():
        row = (table["data_sets"][row["like"]] if "like" in row else {}) | row
        data_sets.append(
            row | {"name": name, "files": [{"name": file, **table["files"][file]} for file in row["files"]]}
        )
    return msgspec.convert(data_sets, tuple[DataSet, ...])


DATA_SETS = _read(TABLE.read_bytes())


def find(name: str) -> DataSet:
    """The data set of that name.

    Raises:
        UnknownData: there is none; the message offers the nearest names.

    >>> find("mnist").licence
    'CC BY-SA 3.0'
    """
    names = [data_set.name for data_set in DATA_SETS]
    if name in names:
        return DATA_SETS[names.index(name)]
    offer = did_you_mean(name.lower().replace("-", "_"), names, cutoff=0.4, offered=len(names))
    raise UnknownData(f"No data set {name!r}. {offer} See: coursekit data list")


def files() -> Iterator[File]:
    """Every file of every data set; one that belongs to two data sets comes twice."""
    return (file for data_set in DATA_SETS for file in data_set.files)


def file(name: str) -> File:
    """The registered file of that name.

    >>> file("mnist/x_train.npy").packed.name
    'mnist_x_train.npy.bz2'
    """
    for candidate in files():
        if candidate.name == name:
            return candidate
    raise UnknownData(f"No file {name!r} in the registry.")
