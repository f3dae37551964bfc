# ruff: noqa: E501 (each attack is one string)
"""What a worker can reach: nothing of others, nothing of the grader, no network."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from attacks.attack_exercise import submission
from attacks.marked_workers import assert_gone, contents, of_workers
from coursekit import course
from coursekit.grading.notebook_file import read_notebook
from coursekit.grading.remote import RemoteAnswers
from coursekit.worker.failures import AnswerFailure


@pytest.fixture
def loot(sealed, classroom):
    """Runs an attack's cell and gives what it left in its variable ``loot``."""

    def loot(code: str, **names: object):
        given = "\n".join(f"{name} = {value!r}" for name, value in names.items())
        path = submission(classroom / "submissions" / "hostile", f"loot = []\n{given}\n{code}")
        files, processes = contents(classroom), of_workers()
        with RemoteAnswers(read_notebook(path).work, path.parent, 10, start=sealed.start) as answers:
            try:
                return answers.value("loot")
            except AnswerFailure as failure:
                pytest.fail(f"the attack itself failed: {answers.cell_errors} {failure.message}")
            finally:
                answers.close()
                assert contents(classroom) == files
                assert_gone(processes)

    return loot


READ = "for path in paths:\n    try:\n        with open(path, 'rb') as f: loot.append((path, f.read(20).hex()))\n    except OSError: pass"


def test_solutions_checks_submissions_results_and_secrets_cannot_be_read(loot, classroom):
    checks = sorted((course.root() / "coursekit" / "checks").rglob("*.py"))
    solutions = sorted((course.root() / "solutions").glob("*.ipynb"))
    assert checks
    assert solutions
    paths = [
        *checks,
        *solutions,
        *contents(classroom),
        Path.home() / ".bashrc",
        Path("/etc/passwd"),
        Path("/etc/shadow"),
    ]
    assert loot(READ, paths=[str(path) for path in paths]) == []


def test_checks_cannot_be_imported(loot):
    code = (
        "import importlib, sys\nfor name in names:\n    try: importlib.import_module(name); loot.append(name)\n"
        "    except ImportError: pass\nloot += [n for n in sys.modules if n.startswith('coursekit.checks.')]"
    )
    lessons = [f"coursekit.checks.{lesson.slug}" for lesson in course.LESSONS]
    assert loot(code, names=lessons) == []


def test_nothing_outside_the_scratch_folder_can_be_written(loot, classroom):
    package = Path(course.__file__)
    places = [
        *contents(classroom),
        classroom / "new",
        package,
        package.parent / "new.py",
        Path("/usr/new"),
        Path("/new"),
    ]
    places += [Path("/dev/new"), Path("/proc/sys/kernel/hostname"), Path(os.__file__)]
    code = (
        "import os\nfor path in paths:\n"
        "    for act in (lambda: open(path, 'ab').write(b'x'), lambda: os.makedirs(path), lambda: os.unlink(path),\n"
        "                lambda: os.chmod(path, 0o777), lambda: os.symlink('/etc', path), lambda: os.rename(path, path + 'x')):\n"
        "        try: act(); loot.append(path)\n        except OSError: pass"
    )
    written = loot(code, paths=[str(path) for path in places])  # has compared the classroom before and after
    assert [path for path in written if not path.startswith("/tmp/")] == []  # a worker's /tmp is its scratch folder


def test_the_scratch_folder_can_be_written_and_is_new_each_time(loot):
    code = (
        "import os, tempfile\nloot = sorted(os.listdir('.'))\nopen('kept.txt', 'w').write('mine')\n"
        "tempfile.NamedTemporaryFile().write(b'x')\nloot.append(open('kept.txt').read())"
    )
    assert loot(code) == ["mine"]
    assert loot(code) == ["mine"]


def test_no_socket_reaches_out(loot, tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        name = f"\0coursekit-attack-test-{os.getpid()}"
        named.bind(str(tmp_path / "socket"))
        abstract.bind(name)
        for listener in (named, abstract):
            listener.listen()
        code = (
            "import socket\n"
            "for kind, address in ((socket.AF_INET, ('127.0.0.1', port)), (socket.AF_UNIX, path),\n"
            "                      (socket.AF_UNIX, name), (socket.AF_INET6, ('::1', port))):\n"
            "    try:\n"
            "        with socket.socket(kind) as s: s.settimeout(2); s.connect(address); loot.append(str(address))\n"
            "    except OSError: pass"
        )
        assert loot(code, port=tcp.getsockname()[1], path=str(tmp_path / "socket"), name=name) == []


def test_no_process_but_its_own_is_seen_or_touched(loot):
    code = (
        "import os, signal, ctypes\nseen = [int(n) for n in os.listdir('/proc') if n.isdecimal()]\n"
        "loot += [n for n in seen if n not in (1, os.getpid())]\n"
        "for pid in {1, os.getppid(), grader}:\n"
        "    for name in ('mem', 'environ', 'maps', 'fd/0'):\n"
        "        try: open(f'/proc/{pid}/{name}', 'rb').read(10); loot.append((pid, name))\n        except OSError: pass\n"
        "    if ctypes.CDLL(None).ptrace(16, pid, 0, 0) == 0: loot.append((pid, 'ptrace'))\n"
        "try: os.kill(grader, 0); loot.append('signal')\nexcept OSError: pass"
    )
    assert loot(code, grader=os.getpid()) == []


def test_no_descriptor_is_inherited_but_the_two_pipes(loot):
    code = (
        "import asyncio, os, stat\nloop = asyncio.get_running_loop()\n"
        "made = [str(each.fileno()) for each in (loop._selector, loop._ssock, loop._csock)]  # by the worker itself\n"
        "for n in set(os.listdir('/proc/self/fd')) - set(made):\n"
        "    try: mode = os.fstat(int(n)).st_mode\n    except OSError: continue\n"
        "    loot.append('pipe' if stat.S_ISFIFO(mode) else 'socket' if stat.S_ISSOCK(mode) else os.readlink(f'/proc/self/fd/{n}'))\n"
        "loot = sorted(x for x in loot if not x.startswith('/dev/null') and 'history' not in x)"
    )
    assert [kind for kind in loot(code) if not kind.startswith(("/usr/", "/scratch"))] == ["pipe", "pipe"]


def test_no_privilege_can_be_regained(loot):
    code = (
        "import ctypes, os, subprocess\nlibc = ctypes.CDLL(None)\nstatus = open('/proc/self/status').read()\n"
        "loot += [l for l in status.splitlines() if l.startswith(('CapEff', 'CapPrm', 'CapAmb')) and int(l.split()[1], 16)]\n"
        "for name, act in {'root': lambda: os.setuid(0), 'chroot': lambda: os.chroot('/scratch')}.items():\n"
        "    try: act(); loot.append(name)\n    except OSError: pass\n"
        "for flag in (0x10000000, 0x20000, 0x40000000):\n    if libc.unshare(flag) == 0: loot.append(hex(flag))\n"
        "if libc.mount(b'none', b'/scratch', b'tmpfs', 0, None) == 0: loot.append('mount')\n"
        "loot += [l for l in status.splitlines() if l.startswith('NoNewPrivs') and l.split()[1] != '1']\n"
        "loot += [n for n in ('COURSEKIT_PROGRESS', 'SECRET_OF_THE_GRADER') if n in os.environ]\n"
        "loot += [e for e in open('/proc/self/environ').read().split('\\0') if e.startswith('SECRET')]"
    )
    assert loot(code) == []


def test_links_beside_a_notebook_are_not_followed(loot, classroom):
    hostile = classroom / "submissions" / "hostile"
    hostile.mkdir()
    (hostile / "link.txt").symlink_to("/etc/shadow")
    (hostile / "folder").symlink_to(classroom / "results")
    os.mkfifo(hostile / "fifo")
    (hostile / "helper.py").write_text("value = 3")
    code = "import os, helper\nloot = [sorted(os.listdir('.')), helper.value]"
    try:
        assert loot(code) == [["__pycache__", "helper.py"], 3] or loot(code) == [["helper.py"], 3]
    finally:
        os.unlink(hostile / "fifo")


def test_beside_other_notebooks_no_file_is_given(sealed, classroom):
    folder = classroom / "flat"
    path = submission(folder, "import os\nloot = os.listdir('.')")
    (folder / "other.ipynb").write_text(json.dumps({}))
    (folder / "other_helper.py").write_text("")
    with RemoteAnswers(read_notebook(path).work, folder, 10, start=sealed.start) as answers:
        assert answers.value("loot") == []


def test_one_submission_leaves_nothing_for_the_next(loot):
    leave = "import numpy, builtins, os\nnumpy.left = builtins.left = 1\nopen('/scratch/left', 'w').close()\nloot = 0"
    assert loot(leave) == 0
    assert loot(
        "import os, builtins\nloot = [hasattr(np, 'left'), hasattr(builtins, 'left'), os.path.exists('/scratch/left')]"
    ) == [
        False,
        False,
        False,
    ]
