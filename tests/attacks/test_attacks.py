# ruff: noqa: E501 (each attack is one string)
"""Hostile notebooks: none earns a point that it should not, takes one that is earned, or leaves a trace."""

from __future__ import annotations

import re

import pytest

from coursekit.grading.results import PASSED

ENDLESS = {
    "an endless loop": "while True: pass",
    "a loop that swallows everything": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "a loop that ignores signals": (
        "import signal\nfor s in (signal.SIGINT, signal.SIGALRM, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)\n"
        "while True: pass"
    ),
    "a sleep": "import time, signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ntime.sleep(600)",
    "stopping itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "a fork storm": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "a thread storm": (
        "import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(600,), daemon=True)"
        ".start()\n    except RuntimeError: pass"
    ),
    "a storm of programs": (
        "import subprocess\nkept = []\nwhile True:\n    try: kept.append(subprocess.Popen(['sleep', '600']))\n"
        "    except OSError: pass"
    ),
    "endless output": "while True: print('x' * 10**6)",
    "endless output past Python": "import os\nwhile True: os.write(1, b'x' * 10**6)",
    "filling the scratch folder": (
        "import os\nn = 0\nwhile True:\n    n += 1\n    try:\n        with open(f'file{n}', 'wb') as f:\n"
        "            f.write(bytes(10**6))\n    except OSError: pass"
    ),
}
FATAL = {
    "os._exit": "import os\nos._exit(0)",
    "a segmentation fault": "import ctypes\nctypes.string_at(0)",
    "abort": "import os\nos.abort()",
    "killing everything": "import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(os.getpid(), signal.SIGKILL)",
    "a signal without a name": "import os\nos.kill(os.getpid(), 40)",
    "closing every descriptor": "import os\nos.closerange(0, 256)",
    "a recursion without bottom": (
        "import sys\nsys.setrecursionlimit(10**9)\nclass Deep:\n    def __repr__(self): return repr(self)\nrepr(Deep())\n"
        "import os; os._exit(0)"
    ),
    "much memory": (
        "kept = []\nwhile True:\n    try: kept.append(bytearray(b'x' * 2**26))\n    except MemoryError: raise SystemExit"
    ),
    "memory shared by processes": (
        "import mmap, time\nkept = []\nwhile True:\n    m = mmap.mmap(-1, 2**26); m.write(b'x' * 2**26); kept.append(m)"
    ),
    "memory in many processes": (
        "import os, time\nfor n in range(20):\n    if os.fork() == 0:\n        kept = b'x' * (400 * 2**20)\n"
        "        time.sleep(600)\ntime.sleep(600)"
    ),
}
HARMLESS = {
    "sys.exit": "import sys\nsys.exit(0)",
    "quit": "quit()",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "recursion": "def f(): return f()\nf()",
    "100 MB of output": "for _ in range(100): print('x' * 10**6)",
    "killing process 1": "import os, signal\nos.kill(1, signal.SIGKILL); os.kill(1, signal.SIGSTOP); os.kill(os.getppid(), 15)",
    "threads left running": (
        "import threading\ndef spin():\n    while True: pass\nfor _ in range(3): threading.Thread(target=spin).start()"
    ),
    "a daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(600)\n    os._exit(0)"
    ),
    "a program in a session of its own": "import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)",
    "an exception that cannot be shown": (
        "class Bad(BaseException):\n    def __str__(self): raise self\n    __repr__ = __format__ = __str__\nraise Bad"
    ),
    "an exception with a huge message": "raise ValueError('x' * 10**8)",
    "an exception that ends the process when shown": (
        "import os\nclass Bad(Exception):\n    def __del__(self): raise self\n    def __repr__(self): os._exit(0)\nraise Bad('x')"
    ),
    "a patched IPython": (
        "shell = get_ipython()\nshell.input_transformers_cleanup.append(lambda lines: lines)\n"
        "shell.showtraceback = None\nshell.user_ns['mean'] = mean"
    ),
    "source transformed": (
        "get_ipython().input_transformers_post.append(lambda lines: [l.replace('secret', 'twice') for l in lines])"
    ),
    "patched numpy": (
        "for name in ('allclose', 'isclose', 'array_equal', 'isfinite'): setattr(np, name, lambda *a, **k: True)\n"
        "np.testing.assert_allclose = np.testing.assert_equal = lambda *a, **k: None"
    ),
    "patched keras": (
        "import keras\nkeras.Model.predict = keras.Model.evaluate = lambda *a, **k: [[1.0]]\n"
        "keras.models.load_model = None"
    ),
    "patched checks of the course": (
        "from coursekit.grading import expect, questions, results, answers\n"
        "expect.Expect.equal = expect.Expect.close = lambda *a, **k: None\n"
        "questions.Question.run = lambda self, answers: results.QuestionResult('secret', '', '', 3, 3, 'passed')\n"
        "answers.Answers._ask = None"
    ),
    "a hidden check in its place": (
        "import sys, types\nsys.modules['coursekit.checks'] = types.ModuleType('coursekit.checks')\n"
        "check.passed = True\ncheck.points = 3"
    ),
}


@pytest.mark.parametrize("attack", ENDLESS)
def test_what_never_ends_is_ended(attack, grade):
    report = grade(ENDLESS[attack])
    assert statuses(report) == [True, False, True]
    message = {cell.number: cell.message for cell in report.cells}[3]  # others may be late on a busy machine
    assert "did not end within 1.5 seconds" in message or "ended the whole Python process" in message


@pytest.mark.parametrize("attack", FATAL)
def test_what_ends_the_process_costs_what_depends_on_it(attack, grade):
    report = grade(FATAL[attack], cell_seconds=8)
    assert statuses(report) == [True, False, True]
    assert report.points == 2


@pytest.mark.parametrize("attack", HARMLESS)
def test_what_only_makes_noise_costs_nothing(attack, grade):
    report = grade(HARMLESS[attack], cell_seconds=8)
    assert statuses(report) == [True, False, True]
    assert report.points == 2


HIDDEN = {
    "tables of pages": (
        "import ctypes, mmap\nlibc = ctypes.CDLL(None)\nlibc.mmap.restype = ctypes.c_void_p\nsize = 2**40\n"
        "start = libc.mmap(None, ctypes.c_size_t(size), mmap.PROT_READ, 0x4022, -1, ctypes.c_long(0))\n"
        "for at in range(0, size, 2**21): ctypes.c_char.from_address(start + at).value"
    ),
    "buffers of sockets": (
        "import os, socket, time\nkept = []\nfor _ in range(40):\n    if os.fork() == 0:\n        while True:\n"
        "            try: kept += socket.socketpair()\n            except OSError: time.sleep(60)\ntime.sleep(60)"
    ),
    "shared memory without a file": "import mmap\nkept = mmap.mmap(-1, 2**20)",
    "shared memory of a device": "import mmap, os\nkept = mmap.mmap(os.open('/dev/zero', os.O_RDWR), 2**20)",
}


@pytest.mark.parametrize("attack", HIDDEN)
def test_hidden_memory_is_counted_or_refused(attack, grade):
    report = grade(HIDDEN[attack], cell_seconds=30)
    assert statuses(report) == [True, False, True]
    (error,) = report.cells
    assert re.search("used more than 1000 MB of memory|PermissionError|FileNotFoundError", error.message)


IN_ANSWERS = (
    *("a loop that swallows everything", "a fork storm", "stopping itself", "filling the scratch folder"),
    *("os._exit", "a segmentation fault", "much memory", "closing every descriptor"),
)


@pytest.mark.parametrize("attack", IN_ANSWERS)
def test_the_same_in_an_answer_costs_its_question(attack, grade):
    body = "\n".join(f"    {line}" for line in (ENDLESS | FATAL)[attack].split("\n"))
    report = grade(f"guess = 1\ndef secret(x):\n{body}")
    assert statuses(report) == [True, False, True]
    assert report.points == 2


def test_processes_that_a_failed_cell_left_take_no_room_from_what_follows(grade):
    storm = "import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(600)\n        os._exit(0)"
    threads = (
        "import threading\nmany = [threading.Thread(target=time.sleep, args=(0.1,)) for _ in range(16)]\n"
        "for each in many: each.start()"
    )
    report = grade(storm, threads, cell_seconds=8)
    assert statuses(report) == [True, False, True]
    (error,) = report.cells
    assert (error.number, "Resource temporarily unavailable" in error.message) == (3, True)


def test_an_ordinary_error_ends_nothing_that_an_earlier_cell_started(grade):
    program = "import subprocess\nprogram = subprocess.Popen(['sleep', '20'])"
    report = grade(program, "1 / 0", "assert program.poll() is None", cell_seconds=8)
    assert [error.number for error in report.cells] == [4]


def test_an_attack_on_the_builtins_earns_nothing(grade):
    attack = (
        "import builtins\nbuiltins.isinstance = builtins.callable = lambda *a: True\n"
        "builtins.len = lambda x: 0\nbuiltins.type = lambda *a: dict\nbuiltins.open = builtins.print = None"
    )
    report = grade(attack)
    assert report.questions[1].points == 0
    assert report.points <= 2


def test_a_shell_that_runs_nothing_earns_nothing(grade):
    assert grade("get_ipython().run_cell = lambda *a, **k: None").points == 1


def statuses(report) -> list[bool]:
    """Whether each question passed; the secret one must not have earned a part either."""
    assert report.questions[1].points == 0
    return [result.status == PASSED for result in report.questions]
