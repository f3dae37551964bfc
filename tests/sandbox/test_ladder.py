"""The table of SECURITY.md that says what each level promises, line by line, as root and as an ordinary user."""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import ordinary_user
import pytest

import coursekit
from coursekit.sandbox.levels import LEVELS

ROOT = Path(coursekit.__file__).parents[1]
USERS = ("root", "ordinary user") if os.geteuid() == 0 else ("ordinary user",)
ATTACKS = {  # what a notebook tries, and where it succeeds if the expression is true or raises nothing
    "read your files": "open(given['private']).read()",
    "read the course's checks": "open(given['checks']).read()",
    "write outside its scratch folder": "open(given['place'], 'w')",
    "connect to a network": "socket.create_connection(('127.0.0.1', given['port']), 5)",
    "connect to a named socket of the machine": "socket.socket(socket.AF_UNIX).connect(given['socket'])",
    "see other processes": "os.stat(f'/proc/{given[\"process\"]}')",
    "read what the machine counts, such as open files": "open('/proc/sys/fs/file-nr').read()",
    "leave a file for the next submission": "open('/dev/shm/' + given['name'], 'r' if given['again'] else 'w')",
    "hold a capability": "capabilities()",
    "make namespaces, mounts or filters of its own": "libc.unshare(0x10000000) == 0",
    "ask the kernel what is in its page cache": "fadvise() == 0",
    "lock files that others see": "fcntl.flock(os.open(os.__file__, os.O_RDONLY), fcntl.LOCK_SH)",
    "hold memory that nobody counts": "mmap.mmap(-1, 4096)",
    "start more processes than its bound": "crowd() > 40",
    "use more memory than its bound": "bytearray(2**30)",
    "write a larger file than its bound": "open('large', 'wb', 0).write(bytes(2**25)) == 2**25",
    "open more files than its bound": "len([open('/dev/null') for _ in range(200)]) == 200",
}
CELL = """\
import ctypes, fcntl, json, mmap, os, socket, time
libc = ctypes.CDLL(None, use_errno=True)
given, attacks = json.loads(GIVEN), json.loads(ATTACKS)
def status(name): return dict(l.split(":", 1) for l in open("/proc/self/status"))[name].strip()
def capabilities(): return int(status("CapEff"), 16)
def fadvise(): return os.posix_fadvise(os.open(os.__file__, os.O_RDONLY), 0, 0, 4) or 0
def crowd():
    children = []
    try:
        while len(children) <= 40:
            if (child := os.fork()) == 0: time.sleep(60); os._exit(0)
            children.append(child)
    finally:
        for child in children: os.kill(child, 9); os.waitpid(child, 0)
    return len(children)
def succeeds(attack):
    try: return eval(attack) not in (False, 0)
    except (OSError, MemoryError): return False
loot = {name: succeeds(attack) for name, attack in attacks.items()}
"""
SCRIPT = """\
import json, os, sys
from coursekit.sandbox import WorkerPool, pool
from coursekit.worker.bounds import Limits
from coursekit.worker.requests import RunCell, Value
levels, cell, given, attacks = json.loads(sys.stdin.read())
pool.prepare_data = lambda: None  # no notebook here needs any
given["process"] = os.getpid()
limits = Limits(memory=600 * 2**20, tasks=24, scratch=2**24, files=128)
found = {}
for level in levels:
    with WorkerPool(levels=[level], unsafe=True, warm=(), limits=limits) as workers:
        for again in (False, True):
            worker = workers.start()
            names = f"GIVEN, ATTACKS = {json.dumps(given | {'again': again})!r}, {json.dumps(attacks)!r}\\n"
            reply = worker.exchange(RunCell(1, names + cell, 60).as_frame(), 60)
            assert reply.failure is None, reply.failure.message
            found[level] = worker.exchange(Value("loot", seconds=60).as_frame(), 60).answer
            worker.close()
print(json.dumps([os.getuid(), found]))
"""


def promised() -> dict[str, list[str]]:
    """The cells of the table in SECURITY.md, by the first one of each row."""
    text = (ROOT / "SECURITY.md").read_text().split("| A submission cannot |", 1)[1].split("\n\n", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    return {first: cells for first, *cells in rows}


@functools.cache
def attacked(user: str) -> dict[str, dict[str, bool]]:
    """For each level, which attacks of this user's notebook succeed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as named,
    ):
        place = Path(folder)
        place.chmod(0o777)
        (place / "private").write_text("private")
        named.bind(str(place / "socket"))
        (place / "socket").chmod(0o777)
        named.listen()
        checks = ROOT / "coursekit" / "checks" / "shared.py"
        given = {"checks": str(checks), "private": str(place / "private"), "place": str(place / "new")}
        given |= {"port": tcp.getsockname()[1], "socket": str(place / "socket"), "name": place.name}
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder, "PYTHONPATH": str(ROOT)}
        script = [sys.executable, "-c", SCRIPT]
        found = subprocess.run(
            script if user == "root" else ordinary_user.command(script),
            input=json.dumps([LEVELS, CELL, given, ATTACKS]),
            env=environment | {"COURSEKIT_CACHE": f"{folder}/cache"},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=300,
        )
    for left in Path("/dev/shm").glob(place.name):
        left.unlink()
    assert found.returncode == 0, found.stderr
    number, result = json.loads(found.stdout)
    assert (number == 0) == (user == "root")
    return result


def test_the_table_has_a_line_for_each_attack_and_an_attack_for_each_line():
    assert list(promised()) == list(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("user", USERS)
def test_each_level_keeps_what_it_promises_and_no_more(user, attack):
    meaning = {"held": True, "**not held**": False, "**not as root**": user != "root"}
    held = [not attacked(user)[level][attack] for level in LEVELS]
    assert held == [meaning[cell] for cell in promised()[attack]]
