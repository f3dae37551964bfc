"""Damaged files, unknown names, networks that fail, folders that cannot be written, processes that collide."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from data_packing import pack

from coursekit.data import (
    CacheWarning,
    DamagedFile,
    DamagedFileWarning,
    DownloadFailed,
    UnknownData,
    downloads,
    load_cifar10,
    load_fashion_mnist,
    load_weights,
    packing,
    registry,
    store,
)
from coursekit.data.records import Archive, DataSet, File

SMALL = "mnist/y_test.npy"


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def damaged(data: bytes, how: str) -> bytes:
    if how == "one bit":
        return data[:200] + bytes([data[200] ^ 1]) + data[201:]
    if how == "truncated":
        return data[: len(data) // 2]
    return b""


HOW = pytest.mark.parametrize("how", ["one bit", "truncated", "empty"])


class TestDamagedEmbedded:
    @HOW
    def test_is_named_with_both_hashes_and_not_used(self, cache, embedded, how):
        file = registry.file(SMALL)
        place = embedded / file.packed.name
        place.write_bytes(damaged(place.read_bytes(), how))
        with pytest.raises(DamagedFile) as caught:
            store.array(file)
        message = str(caught.value)
        assert str(place) in message
        assert file.packed.hash in message
        assert sha256(place.read_bytes()) in message
        assert "git checkout" in message
        assert not (cache / SMALL).exists()

    def test_missing(self, cache, embedded):
        (embedded / registry.file(SMALL).packed.name).unlink()
        with pytest.raises(DamagedFile, match="no file"):
            store.array(registry.file(SMALL))

    def test_does_not_matter_once_unpacked(self, cache, embedded):
        expected = store.array(registry.file(SMALL)).tolist()
        (embedded / registry.file(SMALL).packed.name).write_bytes(b"")
        assert store.array(registry.file(SMALL)).tolist() == expected

    def test_is_fetched_from_a_mirror_that_has_it(self, cache, embedded, server):
        file = registry.file(SMALL)
        content = store.embedded_content(file, file.packed)
        (embedded / file.packed.name).write_bytes(b"")
        server.put(SMALL, content)
        with pytest.warns(DamagedFileWarning, match=re.escape(file.packed.name)):
            labels = store.array(file)
        assert labels[:3].tolist() == [7, 2, 1]

    def test_unpacks_to_something_else(self, cache, embedded):
        file = registry.file(SMALL)
        other = pack(b"something else")
        (embedded / file.packed.name).write_bytes(other)
        wrong = File(file.name, file.hash, file.size, packed=type(file.packed)(file.packed.name, sha256(other), 0))
        with pytest.raises(DamagedFile, match="unpacked"):
            store.array(wrong)


class TestDamagedCache:
    @HOW
    def test_is_named_with_both_hashes_and_replaced(self, cache, how):
        file = registry.file(SMALL)
        expected = store.array(file).tolist()
        bad = damaged((cache / SMALL).read_bytes(), how)
        (cache / SMALL).write_bytes(bad)
        with pytest.warns(DamagedFileWarning) as caught:
            assert store.array(file).tolist() == expected
        message = str(caught[0].message)
        assert str(cache / SMALL) in message
        assert file.hash in message
        assert sha256(bad) in message
        assert sha256((cache / SMALL).read_bytes()) == file.hash

    def test_a_pickle_in_its_place_is_not_opened(self, cache, tmp_path):
        class Bomb:
            def __reduce__(self):
                return os.mkdir, (str(tmp_path / "exploded"),)

        (cache / "mnist").mkdir(parents=True)
        np.save(cache / SMALL, np.array([Bomb()], object), allow_pickle=True)
        with pytest.warns(DamagedFileWarning):
            assert store.array(registry.file(SMALL)).size == 10_000
        assert not (tmp_path / "exploded").exists()

    def test_a_pickle_with_the_right_hash_is_not_opened_either(self, cache):
        (cache / "x").mkdir(parents=True)
        np.save(cache / "x/pickle.npy", np.array([{}], object), allow_pickle=True)
        content = (cache / "x/pickle.npy").read_bytes()
        with pytest.raises(ValueError, match="objects"):
            store.array(File("x/pickle.npy", sha256(content), len(content)))

    def test_what_is_fetched_is_fetched_again(self, cache, server):
        content = packing.npy_bytes(np.arange(5))
        file = File("x/numbers.npy", sha256(content), len(content))
        server.put(file.name, content)
        store.array(file)
        (cache / file.name).write_bytes(b"rubbish")
        with pytest.warns(DamagedFileWarning, match="numbers"):
            assert store.array(file).tolist() == [0, 1, 2, 3, 4]
        assert server.asked == ["/x/numbers.npy"] * 2


def test_no_code_opens_a_pickle():
    for source in Path(store.__file__).parent.glob("*.py"):
        text = source.read_text(encoding="utf-8")
        assert not re.search(r"import (pickle|dill|joblib|marshal|shelve)|allow_pickle=True", text), source


class TestUnknownName:
    def test_offers_the_nearest(self):
        with pytest.raises(UnknownData, match="Did you mean 'mnist'"):
            registry.find("minst")
        with pytest.raises(UnknownData, match="cifar10"):
            registry.find("CIFAR-10")

    def test_offers_all_when_nothing_is_near(self):
        with pytest.raises(UnknownData, match="vgg16"):
            registry.find("xyzzy")

    def test_weights(self):
        with pytest.raises(UnknownData, match="mobilenet_v2 and vgg16"):
            load_weights("resnet50")

    def test_file(self):
        with pytest.raises(UnknownData):
            registry.file("mnist/nothing.npy")


def web_file(url: str, content: bytes) -> File:
    archive = Archive("x/official.npy", url, sha256(content), len(content))
    return File("x/numbers.npy", sha256(content), len(content), archive=archive)


CONTENT = packing.npy_bytes(np.arange(5))
NOBODY_LISTENS = "http://127.0.0.1:9/numbers.npy"


class TestNetwork:
    def test_none(self, cache, no_waiting):
        with pytest.raises(DownloadFailed) as caught:
            store.array(web_file(NOBODY_LISTENS, CONTENT))
        message = str(caught.value)
        assert f"{NOBODY_LISTENS}: no answer" in message
        assert "COURSEKIT_MIRROR" in message
        assert no_waiting == [1, 2]

    @pytest.mark.parametrize(
        "load", [lambda: load_cifar10(full=True), lambda: load_fashion_mnist(full=True), lambda: load_weights("vgg16")]
    )
    def test_offline_refuses_and_says_what_to_do(self, cache, monkeypatch, load):
        monkeypatch.setenv("COURSEKIT_OFFLINE", "1")
        with pytest.raises(
            DownloadFailed,
            match=r"(?s)COURSEKIT_OFFLINE is set.*COURSEKIT_MIRROR.*coursekit data list.*docs/when_it_fails",
        ):
            load()

    def test_offline_does_not_ask_a_mirror_on_the_web(self, cache, monkeypatch, server):
        monkeypatch.setenv("COURSEKIT_OFFLINE", "1")
        server.put("x/numbers.npy", CONTENT)
        with pytest.raises(DownloadFailed):
            store.array(web_file(NOBODY_LISTENS, CONTENT))
        assert server.asked == []

    def test_offline_may_use_a_folder(self, cache, monkeypatch, tmp_path):
        monkeypatch.setenv("COURSEKIT_OFFLINE", "1")
        monkeypatch.setenv("COURSEKIT_MIRROR", str(tmp_path / "mirror"))
        (tmp_path / "mirror/x").mkdir(parents=True)
        (tmp_path / "mirror/x/numbers.npy").write_bytes(CONTENT)
        assert store.array(web_file(NOBODY_LISTENS, CONTENT)).size == 5

    def test_comes_back_at_the_second_attempt(self, cache, server, no_waiting):
        def cut_short_once(request):
            request.send_response(200)
            request.send_header("Content-Length", str(len(CONTENT)))
            request.end_headers()
            first = len(server.asked) == 1
            request.wfile.write(CONTENT[:50] if first else CONTENT)

        server.answers["/x/numbers.npy"] = cut_short_once
        assert store.array(web_file(NOBODY_LISTENS, CONTENT)).size == 5
        assert no_waiting == [1]


class TestMirror:
    def test_is_asked_before_the_official_address(self, cache, server):
        server.put("x/numbers.npy", CONTENT)
        assert store.array(web_file(f"{server.address}/official", CONTENT)).size == 5
        assert server.asked == ["/x/numbers.npy"]

    def test_that_lacks_the_file_is_passed_over(self, cache, server):
        server.put("official", CONTENT)
        assert store.array(web_file(f"{server.address}/official", CONTENT)).size == 5
        assert server.asked == ["/x/numbers.npy", "/x/official.npy", "/official"]

    def test_that_answers_with_a_page(self, cache, server):
        page = b"\n<!DOCTYPE html><title>Log in</title>"
        server.put("x/numbers.npy", page, kind="text/html")
        server.put("x/official.npy", b"<HTML>Not found", kind="text/html")
        with pytest.raises(DownloadFailed) as caught:
            store.array(File("x/numbers.npy", sha256(CONTENT), len(CONTENT)))
        assert "HTML page" in str(caught.value)
        assert not (cache / "x/numbers.npy").exists()
        assert server.asked == ["/x/numbers.npy"]

    def test_that_has_other_bytes(self, cache, server, no_waiting):
        server.put("x/numbers.npy", b"other bytes")
        with pytest.raises(DownloadFailed) as caught:
            store.array(File("x/numbers.npy", sha256(CONTENT), len(CONTENT)))
        assert sha256(CONTENT).removeprefix("sha256:") in str(caught.value)
        assert hashlib.sha256(b"other bytes").hexdigest() in str(caught.value)
        assert len(server.asked) == 1 + downloads.RETRIES

    def test_that_sends_without_end_is_left_at_the_files_size(self, cache, server):
        def flood(request):
            request.send_response(200)
            request.end_headers()
            with contextlib.suppress(OSError):
                while len(sent) < 4096:  # 256 MB, if nobody hangs up
                    sent.append(request.wfile.write(bytes(65536)))

        sent: list[int] = []
        server.answers["/x/numbers.npy"] = flood
        with pytest.raises(DownloadFailed, match=f"more than the {len(CONTENT)} bytes"):
            store.array(File("x/numbers.npy", sha256(CONTENT), len(CONTENT)))
        assert len(sent) < 4096
        assert len(server.asked) == 1

    @pytest.mark.parametrize("part", ["head", "body"])
    def test_that_sends_a_byte_now_and_then_is_left_in_time(self, part, cache, server, monkeypatch):
        def drip(request):
            if part == "body":
                request.send_response(200)
                request.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(100):
                    request.wfile.write(b"x")
                    time.sleep(0.1)

        monkeypatch.setattr(downloads, "TIMEOUT", 1)
        server.answers["/x/numbers.npy"] = drip
        began = time.monotonic()
        with pytest.raises(DownloadFailed, match="less than 20 kB a second"):
            store.array(File("x/numbers.npy", sha256(CONTENT), len(CONTENT)))
        assert time.monotonic() - began < 5

    def test_that_is_a_folder_without_the_file(self, cache, monkeypatch, tmp_path):
        monkeypatch.setenv("COURSEKIT_MIRROR", str(tmp_path))
        with pytest.raises(DownloadFailed, match="no such file"):
            store.array(File("x/numbers.npy", sha256(CONTENT), len(CONTENT)))

    def test_with_a_scheme_that_is_no_web(self, cache, monkeypatch):
        monkeypatch.setenv("COURSEKIT_MIRROR", "ftp://127.0.0.1")
        with pytest.raises(DownloadFailed, match="only http"):
            store.array(File("x/numbers.npy", sha256(CONTENT), len(CONTENT)))

    def test_may_hold_the_official_archive(self, cache, server, monkeypatch):
        numbers = np.arange(6, dtype=np.uint8)
        packed = gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 6]) + numbers.tobytes())
        archive = Archive("x/numbers.gz", NOBODY_LISTENS, sha256(packed), len(packed), "read_idx_gz")
        content = packing.npy_bytes(numbers)
        file = File("x/numbers.npy", sha256(content), len(content), archive=archive)
        monkeypatch.setattr(registry, "DATA_SETS", (DataSet("x", "", (file,), "", "", ""),))
        server.put("x/numbers.gz", packed)
        assert store.array(file).tolist() == [0, 1, 2, 3, 4, 5]
        assert [path.name for path in cache.rglob("*") if path.is_file()] == ["numbers.npy"]

    def test_md5_is_checked_where_there_is_no_sha256(self, cache, server, no_waiting):
        file = File("x/weights.h5", f"md5:{hashlib.md5(b'weights').hexdigest()}", 7)
        server.put("x/weights.h5", b"weights")
        assert store.path(file).read_bytes() == b"weights"
        (cache / file.name).write_bytes(b"Weights")
        server.put("x/weights.h5", b"other")
        with pytest.warns(DamagedFileWarning), pytest.raises(DownloadFailed):
            store.path(file)


def full_disk(*_arguments, **_keywords):
    raise OSError(errno.ENOSPC, "No space left on device")


def read_only(*_arguments, **_keywords):
    raise OSError(errno.EROFS, "Read-only file system")


class TestCacheFolder:
    @pytest.fixture(params=["a file", "read-only", "full"])
    def broken(self, request, cache, monkeypatch) -> Path:
        if request.param == "a file":
            cache.write_text("in the way")
        elif request.param == "read-only":
            monkeypatch.setattr(tempfile, "mkdtemp", read_only)
        else:
            monkeypatch.setattr(Path, "write_bytes", full_disk)
            monkeypatch.setattr("shutil.copyfile", full_disk)
        return cache

    def test_that_cannot_be_written_costs_only_a_warning(self, broken):
        with pytest.warns(CacheWarning, match="COURSEKIT_CACHE") as caught:
            labels = store.array(registry.file(SMALL))
        assert len(caught) == 1
        assert labels[:3].tolist() == [7, 2, 1]
        labels[0] = 0
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it was said once
            assert store.array(registry.file(SMALL))[0] == 7

    def test_that_cannot_be_written_stops_a_download(self, broken, monkeypatch, tmp_path):
        (tmp_path / "x").mkdir()
        with open(tmp_path / "x/numbers.npy", "wb") as stream:
            stream.write(CONTENT)
        monkeypatch.setenv("COURSEKIT_MIRROR", str(tmp_path))
        with pytest.raises(
            DownloadFailed, match=r"(?s)x/numbers.npy cannot be kept in the cache folder.*COURSEKIT_CACHE"
        ):
            store.array(File("x/numbers.npy", sha256(CONTENT), len(CONTENT)))

    def test_a_path_can_be_had_without_a_cache(self, cache):
        cache.write_text("in the way")
        with pytest.warns(CacheWarning):
            place = store.path(registry.file(SMALL))
        assert sha256(place.read_bytes()) == registry.file(SMALL).hash

    def test_nothing_is_left_behind_by_a_full_disk(self, cache, monkeypatch):
        monkeypatch.setattr(Path, "write_bytes", full_disk)
        with pytest.warns(CacheWarning, match="the disk is full"):
            store.array(registry.file(SMALL))
        assert list(cache.iterdir()) == []

    def test_what_a_killed_process_left_is_swept_away(self, cache):
        old, fresh = cache / ".part-old", cache / ".part-fresh"
        for folder in (old, fresh):
            folder.mkdir(parents=True)
        os.utime(old, (0, 0))
        store.array(registry.file(SMALL))
        assert not old.exists()
        assert fresh.exists()


def test_a_notebook_hears_nothing_of_widgets_that_nobody_needs(cache, server):
    server.put("x/numbers.npy", CONTENT)
    fetch = (
        "import ipykernel.zmqshell\nfrom coursekit.data import store\nfrom coursekit.data.records import File\n"
        f"store.array(File('x/numbers.npy', {sha256(CONTENT)!r}, {len(CONTENT)}))"
    )
    ended = subprocess.run([sys.executable, "-c", fetch], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


LOADER = """
import hashlib, sys, time
from coursekit.data import registry, store
from coursekit.data.records import File
start, fetched = float(sys.argv[1]), File(*sys.argv[2:4], int(sys.argv[4]))
time.sleep(max(0, start - time.time()))
images = store.array(registry.file("mnist/x_test.npy"))
print(hashlib.sha256(images.tobytes()).hexdigest(), store.array(fetched).sum())
"""


def test_processes_that_unpack_and_fetch_at_once(cache, server):
    content = packing.npy_bytes(np.ones(300_000, np.uint8))

    def slowly(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        for start in range(0, len(content), 100_000):
            request.wfile.write(content[start : start + 100_000])
            time.sleep(0.1)

    server.answers["/x/ones.npy"] = slowly
    arguments = [str(time.time() + 1), "x/ones.npy", sha256(content), str(len(content))]
    command = [sys.executable, "-c", LOADER, *arguments]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    expected = hashlib.sha256(store.array(registry.file("mnist/x_test.npy")).tobytes()).hexdigest()
    for answer, messages, code in ended:
        assert (answer, code) == (f"{expected} 300000\n", 0), messages
        assert "Warning" not in messages
    assert not list(cache.glob(".part-*"))
