from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from coursekit.data import registry, status
from coursekit.data.cache import hash_file
from coursekit.data.commands import app
from coursekit.data.errors import DataError, DownloadFailed, UnknownData


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("COURSEKIT_OFFLINE", "1")
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def refusal(done) -> DataError:
    """What the command leaves to ``coursekit.cli.main``, which prints it and ends with its exit code."""
    assert isinstance(done.exception, DataError)
    return done.exception


def test_list_tells_what_there_is(run, cache):
    done = run("list")
    assert done.exit_code == 0
    for data_set in registry.DATA_SETS:
        assert data_set.name in done.output
    assert "CC BY-SA 3.0" in done.output
    assert f"{megabytes(registry.find('cifar10_full').download_size)} to fetch" in done.output
    assert str(cache) in done.output.replace("\n", "")


@pytest.mark.parametrize("width", [50, 80])
def test_list_breaks_between_words_on_a_narrow_terminal(run, cache, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    listed = run("list").output.partition("Cache folder")[0]
    words = listed.split()
    for data_set in registry.DATA_SETS:
        assert data_set.name in words
        assert data_set.title in " ".join(words)
        assert data_set.origin in " ".join(words)
    assert max(map(len, listed.splitlines())) <= width


def test_list_as_json(run, cache):
    rows = {row["name"]: row for row in json.loads(run("list", "--json").output)}
    assert rows["mnist"]["state"] == status.INTACT
    assert rows["mnist"]["download_bytes"] == 0
    assert rows["vgg16"]["state"] == status.ABSENT
    assert rows["imdb"]["citation"].startswith("A. L. Maas")


def test_fetch_unpacks(run, cache):
    done = run("fetch", "fashion_mnist")
    assert done.exit_code == 0
    assert megabytes(registry.find("fashion_mnist").size) in done.output
    assert (cache / "fashion_mnist/x_test.npy").is_file()


def test_fetch_of_an_unknown_name(run):
    error = refusal(run("fetch", "mnits"))
    assert type(error) is UnknownData
    assert error.exit_code == 2
    assert "Did you mean 'mnist'" in str(error)


def test_fetch_without_a_network(run, cache):
    error = refusal(run("fetch", "cifar10_full"))
    assert type(error) is DownloadFailed
    assert error.exit_code == 1
    assert "COURSEKIT_MIRROR" in str(error)


def test_fetch_into_a_folder_that_cannot_be_written(run, cache):
    cache.write_text("in the way")
    error = refusal(run("fetch", "fashion_mnist"))
    assert error.exit_code == 1
    assert "COURSEKIT_CACHE" in str(error)


def test_verify_of_what_is_intact(run, cache):
    done = run("verify", "fashion_mnist")
    assert done.exit_code == 0
    assert f"{len(registry.find('fashion_mnist').files)} copies intact, 0 damaged or missing" in done.output


def test_verify_names_what_is_damaged_and_both_hashes(run, cache):
    run("fetch", "fashion_mnist")
    place = cache / "fashion_mnist/y_test.npy"
    stat = place.stat()
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.write_bytes(data)
    os.utime(place, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # verify reads the bytes; a date proves nothing
    done = run("verify", "fashion_mnist")
    assert done.exit_code == 1
    text = done.output.replace("\n", "")
    assert str(place) in text
    assert registry.file("fashion_mnist/y_test.npy").hash in text
    assert hash_file(place) in text
    assert "1 damaged or missing" in text
    assert "damaged" in run("list").output


def test_verify_of_an_embedded_file_that_is_gone(run, cache, embedded):
    (embedded / "mnist_y_test.npy.bz2").unlink()
    done = run("verify", "mnist", "--json")
    assert done.exit_code == 1
    wrong = [row for row in json.loads(done.output) if row["place"] == "embedded" and row["state"] == status.ABSENT]
    assert {"mnist/y_test.npy"} <= {row["file"] for row in wrong}


def test_a_data_set_is_here_when_each_file_has_one_intact_copy(cache, embedded):
    mnist = registry.find("mnist")
    assert status.state(mnist) == status.ABSENT  # the copied folder holds the small files only


@pytest.mark.parametrize("command", [(), ("list",), ("fetch",), ("verify",)])
def test_help_has_an_example(run, command):
    done = run(*command, "--help")
    assert done.exit_code == 0
    assert not command or "coursekit data" in done.output
