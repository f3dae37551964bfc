"""The progress file: replaced in one step, merged, set aside when damaged."""

from __future__ import annotations

import multiprocessing

import pytest

from coursekit.grading import QuestionResult, progress


def result(name, points=1.0, status="passed"):
    return QuestionResult(name, name.title(), "", points, 1, status)


def test_the_latest_check_counts_and_others_stay(progress_file):
    assert progress.load() == {}
    progress.record("01_a", [result("x"), result("y")])
    progress.record("01_a", [result("x", 0, "failed")])
    progress.record("02_b", [result("x", 0.5, "partial")])
    assert progress.load() == {
        "01_a": {"x": progress.Recorded(0, 1, "failed"), "y": progress.Recorded(1, 1, "passed")},
        "02_b": {"x": progress.Recorded(0.5, 1, "partial")},
    }
    assert {file.name for file in progress_file.parent.iterdir()} == {"progress.json", "progress.json.lock"}


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"format": 1}',
        b'{"format": 9, "exercises": {}}',
        b'{"format": 1, "exercises": {"a": 3}}',
        b'{"format": 1, "exercises": {"a": {"q": {"points": "1", "max_points": 1, "status": "passed"}}}}',
    ],
)
def test_a_damaged_file_is_set_aside(damage, progress_file):
    progress_file.parent.mkdir()
    progress_file.write_bytes(damage)
    progress_file.with_name("progress.json.damaged-1").write_bytes(b"an earlier one")
    with pytest.warns(UserWarning, match=r"progress\.json.* was kept as progress\.json\.damaged-2"):
        progress.record("01_a", [result("x")])
    assert progress_file.with_name("progress.json.damaged-2").read_bytes() == damage
    assert progress.load() == {"01_a": {"x": progress.Recorded(1, 1, "passed")}}


def write_many(start):
    for number in range(start, start + 10):
        progress.record("01_a", [result(f"q{number}")])


def test_writers_at_the_same_time_lose_nothing(progress_file):
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_many, args=(start,)) for start in (0, 10)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(progress.load()["01_a"]) == 20


def test_without_the_variable_the_users_data_folder_is_used(monkeypatch):
    monkeypatch.delenv("COURSEKIT_PROGRESS")
    assert progress.path().name == "progress.json"
    assert progress.path().is_absolute()
