from __future__ import annotations

import ast
import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import msgspec
import numpy as np
import pytest
from data_packing import pack

from coursekit.data import cache as caching
from coursekit.data import load_imdb, load_mnist, packing, registry, store

EMBEDDED_FILES = {file.packed.name: file for file in registry.files() if file.packed is not None}


@pytest.mark.parametrize("name", EMBEDDED_FILES)
def test_embedded_file_is_the_registered_one(name):
    packed = EMBEDDED_FILES[name].packed
    place = store.EMBEDDED / name
    assert caching.hash_file(place) == packed.hash
    assert place.stat().st_size == packed.size


def test_nothing_else_is_embedded_and_all_of_it_fits():
    places = list(store.EMBEDDED.iterdir())
    assert {place.name for place in places} == set(EMBEDDED_FILES)
    assert sum(place.stat().st_size for place in places) <= 60e6


@pytest.mark.parametrize("name", ["mobilenet_v2/mobilenet_v2_notop.h5", "cifar10/x_test.npy", "imdb/words.txt"])
def test_packing_again_gives_the_embedded_bytes(name):
    file = registry.file(name)
    content = store.embedded_content(file, file.packed)
    assert pack(content, file.packed.rearrangement) == (store.EMBEDDED / file.packed.name).read_bytes()


def test_registered_sizes_are_right():
    for file in EMBEDDED_FILES.values():
        if file.size < 1_000_000:
            assert len(store.embedded_content(file, file.packed)) == file.size, file.name


def test_names_are_unique_below_each_data_set():
    for data_set in registry.DATA_SETS:
        names = [file.name for file in data_set.files]
        assert len(set(names)) == len(names)
        assert registry.find(data_set.name) is data_set


def test_the_hash_is_taken_once_for_as_long_as_the_file_stays_the_same(cache, monkeypatch):
    file = registry.file("mnist/y_test.npy")
    hashed = []
    monkeypatch.setattr(caching, "hash_file", lambda place, algorithm: hashed.append(place) or file.hash)
    store.array(file)
    store.array(file)
    store.array(file)
    assert len(hashed) == 1
    (cache / file.name).touch()
    store.array(file)
    assert len(hashed) == 2


def test_unpacks_once(cache, monkeypatch):
    file = registry.file("mnist/y_test.npy")
    store.array(file)
    monkeypatch.setattr(packing, "unpack", lambda *_: pytest.fail("unpacked a second time"))
    assert store.array(file).shape == (10_000,)


def test_the_cache_folder_of_the_system_is_the_default(monkeypatch):
    monkeypatch.delenv("COURSEKIT_CACHE")
    assert caching.cache_folder().name == "coursekit"


def test_progress_appears_when_unpacking_takes_long(cache, monkeypatch, capsys):
    import tqdm

    class Now(tqdm.tqdm):
        def __init__(self, *arguments, delay, disable, **keywords):
            assert disable is None  # tqdm's word for: only in a terminal
            super().__init__(*arguments, delay=0, mininterval=0, **keywords)

    monkeypatch.setattr(tqdm, "tqdm", Now)
    store.array(registry.file("mnist/x_test.npy"))
    assert "Unpacking mnist/x_test.npy" in capsys.readouterr().err


def test_importing_is_light():
    heavy = "tensorflow keras scipy sklearn matplotlib pooch requests tqdm PIL h5py pandas platformdirs typer rich"
    code = f"import sys, coursekit.data; print([name for name in {heavy.split()} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_loading_maps_files_and_copies_nothing():
    data = load_mnist()
    assert isinstance(data.x_train.base, np.memmap)
    assert isinstance(load_imdb(num_words=None).x_train.tokens.base, np.memmap)


def imports(module: Path) -> set[str]:
    """Modules of ``coursekit.data`` that a module imports, also inside of its functions."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "coursekit.data":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.removeprefix("coursekit.data."))
    return found


def test_no_module_imports_one_that_imports_it():
    modules = {path.stem: imports(path) for path in store.EMBEDDED.parent.glob("[!_]*.py")}
    graph = {name: found & modules.keys() for name, found in modules.items()}
    assert graph["store"] >= {"cache", "downloads"}
    list(TopologicalSorter(graph).static_order())  # raises CycleError where there is a circle


def table(**changes: dict) -> bytes:
    content = json.loads(registry.TABLE.read_text(encoding="utf-8"))
    return json.dumps({part: content[part] | changes.get(part, {}) for part in content}).encode()


def test_a_data_set_takes_one_row_and_one_row_for_each_file():
    packed = {"name": "new_x.npy.bz2", "hash": "sha256:1", "size": 1}
    found = registry._read(
        table(
            data_sets={"new": {"like": "mnist", "title": "A new one", "files": ["new/x.npy", "mnist/y_test.npy"]}},
            files={"new/x.npy": {"hash": "sha256:0", "size": 2, "packed": packed}},
        )
    )
    assert found[:-1] == registry.DATA_SETS
    assert (found[-1].name, found[-1].title, found[-1].licence) == ("new", "A new one", registry.find("mnist").licence)
    assert [file.name for file in found[-1].files] == ["new/x.npy", "mnist/y_test.npy"]
    assert found[-1].files[0].packed.name == "new_x.npy.bz2"


@pytest.mark.parametrize("row", [{"hash": "sha256:0"}, {"hash": 0, "size": 1}, {"hash": "sha256:0", "size": "1"}])
def test_a_row_that_is_wrong_is_refused(row):
    with pytest.raises(msgspec.ValidationError):
        registry._read(table(files={"mnist/y_test.npy": row}))
