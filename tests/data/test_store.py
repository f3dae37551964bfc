from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from coursekit.data import load_imdb, load_mnist, packing, registry, store

EMBEDDED_FILES = {
    file.packed.name: file for data_set in registry.DATA_SETS for file in data_set.files if file.packed is not None
}


@pytest.mark.parametrize("name", EMBEDDED_FILES)
def test_embedded_file_is_the_registered_one(name):
    packed = EMBEDDED_FILES[name].packed
    place = store.EMBEDDED / name
    assert store.hash_file(place) == packed.hash
    assert place.stat().st_size == packed.size


def test_nothing_else_is_embedded_and_all_of_it_fits():
    places = list(store.EMBEDDED.iterdir())
    assert {place.name for place in places} == set(EMBEDDED_FILES)
    assert sum(place.stat().st_size for place in places) <= 60e6


@pytest.mark.parametrize("name", ["mobilenet_v2/mobilenet_v2_notop.h5", "cifar10/x_test.npy", "imdb/words.txt"])
def test_packing_again_gives_the_embedded_bytes(name):
    file = registry.file(name)
    content = store.embedded_content(file)
    assert packing.pack(content, file.packed.rearrangement) == (store.EMBEDDED / file.packed.name).read_bytes()


def test_registered_sizes_are_right():
    for data_set in registry.DATA_SETS:
        for file in data_set.files:
            if file.packed is not None and file.size < 1_000_000:
                assert len(store.embedded_content(file)) == file.size, file.name


def test_names_are_unique_below_each_data_set():
    for data_set in registry.DATA_SETS:
        names = [file.name for file in data_set.files]
        assert len(set(names)) == len(names)
        assert registry.find(data_set.name) is data_set


def test_the_hash_is_taken_once_for_as_long_as_the_file_stays_the_same(cache, monkeypatch):
    file = registry.file("mnist/y_test.npy")
    hashed = []
    monkeypatch.setattr(store, "hash_file", lambda place, algorithm: hashed.append(place) or file.hash)
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
    assert store.cache_folder().name == "coursekit"


def test_progress_appears_when_unpacking_takes_long(cache, monkeypatch, capsys):
    import tqdm

    def now(*arguments, delay, disable, **keywords):
        assert disable is None  # tqdm's word for: only in a terminal
        return tqdm.std.tqdm(*arguments, delay=0, mininterval=0, **keywords)

    monkeypatch.setattr(tqdm, "tqdm", now)
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
