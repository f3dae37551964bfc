"""Control groups: where one can be had, and what is written into it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit.sandbox import WorkerPool, cgroups
from coursekit.sandbox.cgroups import ControlGroup, bounds, parent
from coursekit.worker.bounds import MB, Limits


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A tree of groups, made of ordinary files: ``session`` bounds its groups, ``session/shell`` holds this process."""
    kept = Path.read_text
    own = "0::/session/shell\n"
    monkeypatch.setattr(
        Path, "read_text", lambda path, *given: own if str(path) == "/proc/self/cgroup" else kept(path, *given)
    )
    monkeypatch.setattr(cgroups, "MOUNT", tmp_path)
    parent.cache_clear()
    (tmp_path / "session" / "shell").mkdir(parents=True)
    for folder, controllers in ((".", ""), ("session", "cpu memory pids"), ("session/shell", "")):
        (tmp_path / folder / "cgroup.subtree_control").write_text(controllers)
        (tmp_path / folder / "cgroup.procs").write_text("")
    yield tmp_path
    parent.cache_clear()


def test_the_nearest_group_that_bounds_is_taken(tree, monkeypatch):
    made = []
    monkeypatch.setattr(cgroups, "ControlGroup", lambda folder, bounds: made.append(folder) or ControlGroupOfFiles())
    assert parent() == tree / "session"
    assert made == [tree / "session"]
    parent.cache_clear()
    (tree / "session" / "cgroup.subtree_control").write_text("cpu pids")
    assert parent() is None


class ControlGroupOfFiles:
    def __init__(self) -> None:
        self.join = os.open(os.devnull, os.O_WRONLY)

    def close(self) -> None:
        os.close(self.join)


def test_the_bounds_hold_what_a_worker_may_have_and_its_scratch_folder():
    written = bounds(Limits(memory=1000 * MB, tasks=60, scratch=100 * MB))
    assert written == {"memory.max": 1189 * MB, "memory.swap.max": 0, "pids.max": 62, "cpu.weight": 50}


def groups_can_be_made() -> Path | None:
    """A mount of control groups, version 2, in which this process may make one, with whatever controllers."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2" and os.access(place, os.W_OK):
            return Path(place)
    return None


def test_a_process_joins_and_ends_with_the_group():
    mount = groups_can_be_made()
    before = set(mount.iterdir()) if mount else set()
    if mount is None:
        assert parent() is None
        return
    group = ControlGroup(mount, {"no.such.file": 1})
    (folder,) = set(mount.iterdir()) - before
    code = f"import os, time; os.write({group.join}, b'0'); print('in', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], pass_fds=[group.join], stdout=subprocess.PIPE)
    with process:
        assert process.stdout.readline() == b"in\n"
        assert (folder / "cgroup.procs").read_text().split() == [str(process.pid)]
        group.close()
        assert process.wait(5) == -9
    assert not folder.exists()


def test_a_level_names_the_control_group_where_there_is_one_and_each_worker_is_in_its_own(monkeypatch):
    mount = groups_can_be_made()
    monkeypatch.setattr("coursekit.sandbox.forkclient.cgroups.parent", lambda: mount)
    with WorkerPool(warm=(), limits=Limits(memory=1000 * MB, scratch=16 * MB)) as workers:
        assert ("control group" in workers.level) == (mount is not None)
        before = set(mount.glob("coursekit-*")) if mount else set()
        worker = workers.start()
        groups = set(mount.glob("coursekit-*")) - before if mount else set()
        assert [len((each / "cgroup.procs").read_text().split()) for each in groups] == [2] * (mount is not None)
        worker.close()
        assert not any(each.exists() for each in groups)
