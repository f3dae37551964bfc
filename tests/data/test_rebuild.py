"""The script that rebuilds the embedded files, and its parts.

Rebuilding needs the packages: from the folder ``COURSEKIT_PACKAGES`` (or ``build/packages``), or fetched into
it, once, with the packages' own clients. Where they cannot be had the test says so; in CI, where a client that is
installed must be able to fetch, it fails.
"""

from __future__ import annotations

import doctest
import hashlib
import io
import json
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import data_packages
import imdb_encoding
import numpy as np
import pytest
import rebuild_data
import torch_weights
import word_vectors

from coursekit.data import registry, store

PACKAGES = {name: getattr(rebuild_data, name.upper()) for name in rebuild_data.BUILDERS}


def package_folder(package: data_packages.Package) -> Path:
    folder = Path(os.environ.get("COURSEKIT_PACKAGES", Path(__file__).parents[2] / "build" / "packages"))
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / package.file).is_file():
        return folder
    if not package.can_be_fetched():
        pytest.skip(f"{package.file} is not in COURSEKIT_PACKAGES, and `{package.fetch[0]}` cannot fetch it here")
    try:
        package.open(folder)
    except SystemExit as error:
        if os.environ.get("CI"):
            raise AssertionError(str(error)) from error
        pytest.skip(f"not in COURSEKIT_PACKAGES, and no network: {error}")
    return folder


def test_every_data_set_with_embedded_files_can_be_rebuilt():
    assert set(PACKAGES) == {each.name for each in registry.DATA_SETS if all(file.packed for file in each.files)}


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKAGES)
def test_rebuilds_every_embedded_file_byte_for_byte(name):
    rebuilt = dict(rebuild_data.rebuild([name], package_folder(PACKAGES[name])))
    assert {file.name for file in rebuilt} == {file.name for file in registry.find(name).files}
    for file, packed in rebuilt.items():
        assert packed == (store.EMBEDDED / file.packed.name).read_bytes(), file.name


@pytest.mark.parametrize("module", [data_packages, imdb_encoding, rebuild_data, torch_weights, word_vectors])
def test_examples_in_the_docstrings(module):
    assert doctest.testmod(module).failed == 0


def test_a_package_with_other_bytes_is_refused(tmp_path):
    (tmp_path / rebuild_data.MNIST.file).write_bytes(b"something else")
    with pytest.raises(SystemExit) as caught:
        rebuild_data.MNIST.open(tmp_path)
    assert rebuild_data.MNIST.sha256 in str(caught.value)
    assert hashlib.sha256(b"something else").hexdigest() in str(caught.value)


def test_a_client_that_is_not_installed_is_named(tmp_path):
    package = data_packages.Package("x.tgz", "0" * 64, ("no-such-client", "get", "x"))
    assert not package.can_be_fetched()
    with pytest.raises(SystemExit, match="needs `no-such-client`"):
        package.open(tmp_path)


def test_a_client_that_fails_is_quoted(tmp_path):
    package = data_packages.Package("x.tgz", "0" * 64, ("sh", "-c", "echo no such package >&2; exit 3"))
    assert package.can_be_fetched()
    with pytest.raises(SystemExit, match="no such package"):
        package.open(tmp_path)


def test_a_file_that_changed_is_not_taken_for_the_registered_one(monkeypatch, tmp_path):
    monkeypatch.setitem(rebuild_data.BUILDERS, "mnist", lambda folder: iter([("mnist/y_test.npy", b"other")]))
    with pytest.raises(SystemExit, match="rebuilt with other bytes"):
        list(rebuild_data.rebuild(["mnist"], tmp_path))


def test_a_new_data_set_gets_the_rows_that_the_registry_needs(embedded, monkeypatch, tmp_path):
    file = registry.file("mnist/y_test.npy")
    content = store.embedded_content(file, file.packed)
    place = embedded / file.packed.name
    packed = place.read_bytes()
    place.unlink()
    monkeypatch.setitem(rebuild_data.BUILDERS, "new", lambda folder: iter([(file.name, content)]))
    row = json.loads(registry.TABLE.read_bytes())["files"][file.name]
    assert rebuild_data.embed("new", tmp_path) == {file.name: row}
    assert place.read_bytes() == packed


def test_python2_hash_and_dict_order():
    """Against CPython 2.7.18 itself: hash(), and list({...}) after putting the words in one by one."""
    assert imdb_encoding.python2_hash(b"") == 0
    assert imdb_encoding.python2_hash(b"hello") == 840651671246116861
    assert imdb_encoding.python2_hash("é".encode()) == 24960149699224354
    words = [f"word{i * i % 1013}" for i in range(400)]
    order = imdb_encoding.python2_dict_order(list(dict.fromkeys(words)))
    assert (
        hashlib.sha256(" ".join(order).encode()).hexdigest()
        == "3e5e90482df7bca8423574a6c7b74c6f14f5af5a267b55e393951ec60ab7b941"
    )


def test_splitting_keeps_apostrophes_and_lowers_ascii_only():
    assert imdb_encoding.split("Don't\tSTOP<br />É(now)!") == ["don't", "stop", "br", "É", "now"]


@pytest.mark.parametrize(
    "bad",
    [
        pickle.dumps(os.getcwd, protocol=2),
        pickle.dumps(np.float64(1), protocol=2),
        pickle.dumps({1, 2}, protocol=4),
        b"\x80\x02cos\nsystem\nX\x09\x00\x00\x00echo hello\x85R.",
    ],
)
def test_a_weights_file_that_wants_to_call_something(bad):
    if bad == pickle.dumps(os.getcwd, protocol=2):
        assert torch_weights.read_pickle(io.BytesIO(bad))[0] == "posix getcwd"  # a name is text and nothing more
        return
    with pytest.raises(ValueError, match="has no need"):
        torch_weights.read_pickle(io.BytesIO(bad))


def test_plain_data_is_read_as_pickle_would():
    value = OrderedDict(
        [("numbers", [1, 300, 70_000, True, None]), ("pair", ("a", "b")), ("more", {"x": (1, 2, 3, 4)})]
    )
    assert torch_weights.read_pickle(io.BytesIO(pickle.dumps(value, protocol=2)))[0] == value


def test_h5_does_not_depend_on_the_moment():
    random = np.random.default_rng(0)
    names = [name for number in range(19) for name in torch_weights._names(number)]
    torch = {}
    for convolution, norm, _, _, _ in names:
        torch[f"{convolution}.weight"] = random.normal(size=(4, 2, 3, 3)).astype(np.float32)
        for part in ("weight", "bias", "running_mean", "running_var"):
            torch[f"{norm}.{part}"] = random.normal(size=4).astype(np.float32)
    assert len(names) == 52
    assert torch_weights.keras_h5(torch) == torch_weights.keras_h5(dict(reversed(torch.items())))


def test_the_command_lists_and_refuses(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["rebuild_data.py", "nothing"])
    with pytest.raises(SystemExit):
        rebuild_data.main()
    assert "mobilenet_v2" in capsys.readouterr().err
