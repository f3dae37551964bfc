# ruff: noqa: E501 (each attack is one string)
"""What one submission does is not seen by another, and what private checks ask is not told, but by time."""

from __future__ import annotations

import fcntl
import json
import struct
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from attacks.attack_exercise import SETUP, submission
from coursekit.classroom.marking.markers import mark
from coursekit.grading import Exercise
from coursekit.grading.checking import check_notebook
from coursekit.grading.cleanroom import CleanRooms
from coursekit.grading.notebook_file import read_notebook
from coursekit.grading.remote import RemoteAnswers
from coursekit.worker.channel import WorkerLost
from coursekit.worker.failures import Lost

exercise = Exercise("97_private", "With a private check")
SECRET = 7


@exercise.question("open", points=1, title="A question of the course")
def open_question(answers, expect):
    """`count` is 10."""
    expect.equal(answers.value("count"), 10, hint="Ten.")


@exercise.question("first", points=1, title="A private question")
def first(answers, expect):
    """Hidden."""
    expect.equal(answers.call("reply", SECRET), SECRET, hint="Hidden.")


@exercise.question("second", points=1, title="Another private question")
def second(answers, expect):
    """Hidden."""
    expect.equal(answers.value("count"), 10, hint="Hidden.")


for name in ("first", "second"):
    exercise.questions[name] = replace(exercise.questions[name], private=True)


@pytest.fixture
def started(sealed, tmp_path):
    """Starts a notebook with these cells, beside those that run already."""
    with ExitStack() as stack:

        def start(name: str, *cells: str) -> RemoteAnswers:
            path = submission(tmp_path / name, *cells)
            work = read_notebook(path).work
            answers = stack.enter_context(RemoteAnswers(work, path.parent, 20, start=sealed.start))
            answers.run_cells()
            assert answers.cell_errors == ()
            return answers

        yield start


CALLS = """\
import ctypes, fcntl, mmap, os, socket, struct, tempfile
libc = ctypes.CDLL(None, use_errno=True)
shared = os.open(os.__file__, os.O_RDONLY)
loot = []
def attempt(name, act):
    try:
        result = act()
    except OSError:
        return
    if not isinstance(result, int) or result >= 0: loot.append(name)
seen = mmap.mmap(shared, 4096, prot=mmap.PROT_READ)
buffer = ctypes.create_string_buffer(4096)
lock = struct.pack("hhqqi", fcntl.F_RDLCK, 0, SECRET, 1, 0)
attempt("fadvise", lambda: os.posix_fadvise(shared, 0, 0, os.POSIX_FADV_DONTNEED))
attempt("preadv2", lambda: os.preadv(shared, [bytearray(9)], 0, 8))
attempt("mincore", lambda: libc.mincore(ctypes.c_void_p(ctypes.addressof(buffer) & -4096), 4096, buffer))
attempt("cachestat", lambda: libc.syscall(451, shared, buffer, buffer, 0))
attempt("readahead", lambda: libc.readahead(shared, ctypes.c_long(0), 4096))
attempt("page out", lambda: seen.madvise(21))
attempt("inotify", lambda: libc.inotify_init1(0))
attempt("inotify watch", lambda: libc.inotify_add_watch(0, b"/usr", 1))
attempt("flock", lambda: fcntl.flock(shared, fcntl.LOCK_SH | fcntl.LOCK_NB))
attempt("whose lock of an open file", lambda: fcntl.fcntl(shared, 36, lock))
attempt("lease", lambda: fcntl.fcntl(shared, fcntl.F_SETLEASE, fcntl.F_RDLCK))
attempt("notify", lambda: fcntl.fcntl(os.open("/usr", os.O_RDONLY), fcntl.F_NOTIFY, 1))
attempt("a hint that stays with a file", lambda: fcntl.fcntl(tempfile.TemporaryFile(), 1036, struct.pack("Q", 4)))
attempt("large pipe", lambda: fcntl.fcntl(os.pipe()[0], 1031, 2**20))
attempt("io_setup", lambda: libc.syscall({"x86_64": 206}.get(os.uname().machine, 0), 9, ctypes.byref(ctypes.c_long(0))))
attempt("sysinfo", lambda: libc.sysinfo(buffer))
attempt("vmsplice", lambda: libc.vmsplice(os.pipe()[1], ctypes.byref((ctypes.c_void_p * 2)(ctypes.addressof(buffer), 4096)), 1, 0))
attempt("memory to share", lambda: mmap.mmap(-1, 4096))
attempt("/dev/zero to share", lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 4096))
attempt("other pairs of sockets", lambda: socket.socketpair(socket.AF_TIPC, socket.SOCK_STREAM))
attempt("a terminal", os.openpty)
attempt("a file in /dev", lambda: os.open("/dev/left", os.O_CREAT | os.O_WRONLY))
attempt("a file in /proc", lambda: os.open("/proc/sys/left", os.O_CREAT | os.O_WRONLY))
loot += [name for name in os.listdir("/dev") if name in ("pts", "ptmx", "mqueue", "zero")]
loot += [] if os.statvfs("/dev").f_flag & os.ST_RDONLY else ["/dev can be written"]
"""


def test_no_call_tells_one_submission_of_another(started):
    assert started("hostile", CALLS.replace("SECRET", str(SECRET))).value("loot") == []


LOCKS = """\
import fcntl, os, struct
held = [os.open("/dev/null", os.O_RDWR), os.open(os.__file__, os.O_RDONLY)]
def lock(kind): return struct.pack("hhqqi", kind, 0, SECRET, 1, 0)
def take():
    for command in (fcntl.F_SETLK, fcntl.F_SETLKW, 37, 38):
        for file, kind in zip(held, (fcntl.F_WRLCK, fcntl.F_RDLCK)): fcntl.fcntl(file, command, lock(kind))
    return [struct.unpack("hhqqi", fcntl.fcntl(file, fcntl.F_GETLK, lock(fcntl.F_WRLCK)))[0] for file in held]
"""


def test_a_lock_seems_to_be_taken_and_nobody_sees_one(started):
    """Not even on the devices, the only files that two workers both can write to, and so lock for themselves."""
    cell = LOCKS.replace("SECRET", str(SECRET))
    first, second = started("first", cell), started("second", cell)
    assert first.call("take") == [fcntl.F_UNLCK] * 2
    assert second.call("take") == [fcntl.F_UNLCK] * 2
    with open("/dev/null", "r+b") as device:
        wanted = struct.pack("hhqqi", fcntl.F_WRLCK, 0, SECRET, 1, 0)
        assert struct.unpack("hhqqi", fcntl.fcntl(device, fcntl.F_GETLK, wanted))[0] == fcntl.F_UNLCK


def test_what_the_machine_counts_does_not_move(started):
    look = (
        "import os\ndef look():\n    found = {}\n"
        "    for name in sorted(os.listdir('/proc')):\n        if name.isdecimal() or name in ('self', 'thread-self', 'net', 'mounts'): continue\n"
        "        if os.path.isdir(f'/proc/{name}'): found[name] = os.listdir(f'/proc/{name}'); continue\n"
        "        try: found[name] = open(f'/proc/{name}').read()\n        except OSError: pass\n    found.pop('cpuinfo'); return found"
    )
    crowd = (
        "import os, threading, time\ndef crowd():\n    global kept\n"
        "    kept = [open('/dev/null') for _ in range(100)] + [threading.Thread(target=time.sleep, args=(9,), daemon=True) for _ in range(20)]\n"
        "    [each.start() for each in kept[100:]]\n    open('/scratch/full', 'wb').write(bytes(2**24)); return len(kept)"
    )
    watching, hostile = started("watching", look), started("hostile", crowd)
    before = watching.call("look")
    assert hostile.call("crowd") == 120
    assert watching.call("look") == before
    assert started("later", look).call("look") == before
    assert {"loadavg", "meminfo", "stat"} <= before.keys()


def write(folder: Path, *cells: str) -> Path:
    listed = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate((SETUP, *cells))
    ]
    path = folder / "97_private.ipynb"
    path.write_text(json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


HONEST = "count = 10\ndef reply(n): return n"
TELLS = "import time\ndef reply(n):\n    {act}\ncount = 10"


def test_what_ends_in_a_private_check_is_not_run_again(sealed, tmp_path):
    steps: list[str] = []
    path = write(tmp_path, TELLS.format(act="import os; os._exit(0)"), "raise RuntimeError(f'it is {time.time()}')")
    report = check_notebook(read_notebook(path), exercise, 20, steps.append, sealed.start)
    assert [each.status for each in report.questions] == ["passed", "failed", "failed"]
    assert sum(words.startswith("running cell") for words in steps) == 3
    (told,) = report.cells
    assert told.number == 3


def test_what_ended_before_is_run_again_before_the_first_private_check_and_not_after(sealed, tmp_path):
    ends = "import os\nclass Count:\n    def __array__(self, *a, **k): os._exit(0)\n    __module__ = 'tensorflow.x'\ncount = Count()"
    report = check_notebook(
        read_notebook(write(tmp_path, ends, "def reply(n): return n")), exercise, 20, start=sealed.start
    )
    assert [each.status for each in report.questions] == ["failed", "passed", "failed"]


def test_how_long_a_private_check_takes_is_not_told(sealed, tmp_path):
    class Task:
        halted = staticmethod(lambda: False)

    def seconds(source: str) -> float:
        work = {
            "cells": read_notebook(write(tmp_path, source)).cells,
            "modules": {},
            "cell_seconds": 20,
            "seconds": 60,
            "seed": None,
            "random_state": None,
        }
        made = mark(work, Task(), exercise, sealed, CleanRooms())
        assert made["report"].points >= 2
        return made["seconds"]

    assert seconds(TELLS.format(act="time.sleep(5); return n")) < 5
    assert seconds("import time; time.sleep(1)\n" + HONEST) > 1


def test_what_is_said_when_all_is_lost_names_no_private_question(sealed, tmp_path):
    with RemoteAnswers(read_notebook(write(tmp_path, HONEST)).work, None, 20, start=sealed.start) as answers:
        answers.freeze()
        worker, closed = answers._worker, []
        worker.exchange = lambda *given: closed.append(worker.close()) or _lose()
        with pytest.raises(Lost, match=r"^A private check was running"):
            answers.call("reply", SECRET)


def _lose():
    raise WorkerLost
