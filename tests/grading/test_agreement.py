"""A notebook checked here and checked through the pipe gives the same results, whatever the learner wrote."""

from __future__ import annotations

import time
from pathlib import Path

import grading_demo as demo
import psutil
import pytest

from coursekit.grading.release import STUB
from coursekit.grading.results import FAILED, NOT_YET, PARTIAL, PASSED
from coursekit.worker import bounds

NAMES = ("softmax", "count", "double")


def notebook(path: Path, softmax=demo.SOFTMAX, count=demo.COUNT, double=demo.DOUBLE, *more):
    """A demo notebook with some of its answers replaced."""
    checks = [f'check("{name}")' for name in NAMES]
    answers = [demo.SETUP, softmax, checks[0], count, checks[1], double, *more, checks[2], "check.all()"]
    return demo.read_notebook(demo.write_notebook(path / "answers.ipynb", *answers))


CASES = {
    "right": ({}, (PASSED, PASSED, PASSED), ""),
    "another right one": ({"count": "count = np.float32(10)"}, (PASSED, PASSED, PASSED), ""),
    "partly right": (
        {
            "softmax": "def softmax(z):\n    return np.exp(z) / np.exp(z).sum()",
            "double": "def double(x):\n    return 8",
        },
        (PARTIAL, PASSED, PARTIAL),
        "large logits: `softmax([1000. 0.])` is not finite at 1 of 2 places.",
    ),
    "wrong": ({"softmax": "def softmax(z):\n    return z"}, (FAILED, PASSED, PASSED), "differs at 3 of 3 places"),
    "nothing returned": (
        {"softmax": "def softmax(z):\n    z.sum()"},
        (FAILED, PASSED, PASSED),
        "Does the function end with",
    ),
    "missing": ({"softmax": "softmaks = 3", "count": ""}, (NOT_YET, NOT_YET, PASSED), "There is no `softmax` in your"),
    "stub": (
        {"softmax": f"def softmax(z):\n    {STUB}", "count": STUB},
        (NOT_YET, NOT_YET, PASSED),
        "`softmax` is not written yet.",
    ),
    "stub after a call": (
        {"softmax": f"def helper():\n    {STUB}\ndef softmax(z):\n    return helper()"},
        (FAILED, PASSED, PASSED),
        "`softmax` calls `helper`, which is not written yet.",
    ),
    "no stub": (
        {"softmax": "def softmax(z):\n    raise NotImplementedError('later')"},
        (FAILED, PASSED, PASSED),
        "`softmax` stopped with NotImplementedError: later",
    ),
    "no stub in a call": (
        {"softmax": "class Base:\n    def run(self): raise NotImplementedError\ndef softmax(z): return Base().run()"},
        (FAILED, PASSED, PASSED),
        "`softmax` stopped with NotImplementedError, in your line",
    ),
    "exception": (
        {"softmax": "def softmax(z):\n    half = 2\n    return half / (1 - 1)"},
        (FAILED, PASSED, PASSED),
        "`softmax` stopped with ZeroDivisionError: division by zero",
    ),
    "wrong arguments": (
        {"softmax": "def softmax():\n    return 1"},
        (FAILED, PASSED, PASSED),
        "TypeError: softmax() takes 0",
    ),
    "not a function": ({"softmax": "softmax = [1, 2]"}, (FAILED, PASSED, PASSED), "should be a function; it is a list"),
    "not plain data": ({"count": "count = iter([])"}, (PASSED, FAILED, PASSED), "something that a check cannot read"),
    "endless loop": (
        {"softmax": "def softmax(z):\n    while True: pass"},
        (FAILED, PASSED, PASSED),
        "did not end within 1.5 sec",
    ),
    "loop that catches all": (
        {
            "softmax": "def softmax(z):\n    while True:\n        try:\n            while True: pass\n"
            "        except Exception: pass"
        },
        (FAILED, PASSED, PASSED),
        "did not end within 1.5 seconds",
    ),
    "huge output": (
        {"double": "def double(x):\n    for _ in range(200):\n        print('ha' * 5000)\n    return 2 * x"},
        (PASSED, PASSED, PASSED),
        "",
    ),
    "sys.exit in a function": (
        {"softmax": "def softmax(z):\n    import sys\n    sys.exit(3)"},
        (FAILED, PASSED, PASSED),
        "`softmax` ends at a call of `exit` or `quit`",
    ),
    "sys.exit in a cell": ({"count": "import sys; sys.exit(1); count = 10"}, (PASSED, NOT_YET, PASSED), "no `count`"),
    "cell after a failing cell": ({"count": "count = 1 / 0"}, (PASSED, NOT_YET, PASSED), "There is no `count`"),
    "syntax error": (
        {"count": "ten = 10\ncount = = ten"},
        (PASSED, FAILED, PASSED),
        "The cell that defines `count` stopped with a SyntaxError, line 2: invalid syntax.",
    ),
    "syntax error behind the stub": (
        {
            "softmax": f"def softmax(z):\n    {STUB}",
            "double": "def softmax(z):\n    return (z\ndef double(x): return 2 * x",
        },
        (FAILED, PASSED, FAILED),
        "The cell that defines `softmax` stopped with a SyntaxError, line 2: '(' was never closed.",
    ),
    "indentation error": (
        {"softmax": "def softmax(z):\nreturn z"},
        (FAILED, PASSED, PASSED),
        "The cell that defines `softmax` stopped with an IndentationError, line 2:",
    ),
    "hostile exception": (
        {"softmax": "class Bad(Exception):\n    def __str__(self): raise ValueError\ndef softmax(z):\n    raise Bad"},
        (FAILED, PASSED, PASSED),
        "stopped with Bad: (its message cannot be read)",
    ),
    "exception whose text exits": (
        {"softmax": "class Bad(Exception):\n    def __str__(self): raise SystemExit\ndef softmax(z):\n    raise Bad"},
        (FAILED, PASSED, PASSED),
        "stopped with Bad: (its message cannot be read)",
    ),
    "text for a number": (
        {"double": "def double(x):\n    return 'xx'"},
        (PASSED, PASSED, FAILED),
        "a number: `double(4)` is not what was expected",
    ),
    "lists for arrays": ({"softmax": demo.SOFTMAX + ".tolist()"}, (PASSED, PASSED, PASSED), ""),
    "rows of several lengths": (
        {"softmax": "def softmax(z):\n    return [[1], [1, 2]]"},
        (FAILED, PASSED, PASSED),
        "no regular",
    ),
    "text": ({"softmax": "def softmax(z):\n    return 'high'"}, (FAILED, PASSED, PASSED), "is text, not numbers"),
    "magics and await": (
        {"count": "%matplotlib inline\nimport asyncio\nawait asyncio.sleep(0)\ncount = 10"},
        (PASSED, PASSED, PASSED),
        "",
    ),
}


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@pytest.mark.parametrize("case", CASES)
def test_both_ways_agree(case, tmp_path):
    replaced, statuses, message = CASES[case]
    answers = notebook(tmp_path, **replaced)
    there = demo.check_remotely(answers)
    assert tuple(result.status for result in there.questions) == statuses
    first = next((result for result in there.questions if result.status != PASSED), None)
    assert message in (first.message if first else "")
    assert first is None or first.hint
    assert demo.check_here(answers).questions == there.questions


def test_a_syntax_error_costs_nothing_where_an_answer_is_there(tmp_path):
    assert demo.check_remotely(notebook(tmp_path, demo.SOFTMAX, demo.COUNT, demo.DOUBLE, "count = = 11")).passed


def test_the_last_line_of_the_learners_own_code_is_shown(tmp_path):
    code = "def softmax(z):\n    return np.reshape(z, (7, 7))"
    result = demo.check_remotely(notebook(tmp_path, softmax=code)).questions[0]
    assert result.message.startswith("`softmax` stopped with ValueError: cannot reshape")
    assert result.message.endswith(", in your line `return np.reshape(z, (7, 7))`")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "import os\ndef softmax(z):\n    os._exit(3)",
            "`softmax` ended the whole Python process, with exit code 3.",
        ),
        (
            "import os, signal\ndef softmax(z):\n    os.kill(os.getpid(), signal.SIGSEGV)",
            "`softmax` ended the whole Python process, by signal SIGSEGV.",
        ),
        (
            "import signal\ndef softmax(z):\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True: pass",
            "`softmax` did not end within 1.5 seconds.",
        ),
        (
            "import os\ndef softmax(z):\n    for fd in range(3, 20):\n        try: os.write(fd, b'x' * 100)\n"
            "        except OSError: pass",
            "`softmax` ended the whole Python process, after it sent what is no reply "
            "(it does not answer what was asked).",
        ),
    ],
    ids=["os._exit", "segfault", "ignores the alarm", "forged reply"],
)
def test_the_end_of_the_process_costs_one_question(code, message, tmp_path):
    report = demo.check_remotely(notebook(tmp_path, softmax=code))
    assert [result.status for result in report.questions] == [FAILED, PASSED, PASSED]
    assert report.questions[0].message == message


def test_a_cell_that_ends_the_process_is_left_out_and_named(tmp_path):
    report = demo.check_remotely(notebook(tmp_path, count="import os\nos._exit(5)"))
    assert [result.status for result in report.questions] == [PASSED, NOT_YET, PASSED]
    assert [(error.number, error.message) for error in report.cells] == [
        (4, "Cell 4 ended the whole Python process, with exit code 5.")
    ]


def test_cells_that_stop_are_named_and_stubs_are_not(tmp_path):
    answers = notebook(tmp_path, STUB, "count = 1 / 0", "while True: pass", "total = 1\ncount = = 10")
    report = demo.check_remotely(answers, cell_seconds=2)
    assert [error.number for error in report.cells] == [4, 6, 7]
    assert (
        report.cells[0].message
        == "Cell 4 stopped with ZeroDivisionError: division by zero, in your line `count = 1 / 0`"
    )
    assert report.cells[1].message == "Cell 6 did not end within 2 seconds."
    assert report.cells[2].message == "Cell 7 stopped with SyntaxError: invalid syntax, line 2"


def test_a_notebook_that_always_ends_its_process_gives_a_report(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "MAX_STARTS", 3)
    deaths = [f"import os; os._exit({number})" for number in range(4)]
    report = demo.check_remotely(notebook(tmp_path, demo.SOFTMAX, demo.COUNT, demo.DOUBLE, *deaths))
    assert [result.points for result in report.questions] == [0, 0, 0]
    assert "it is not run again" in report.questions[0].message


def test_nothing_is_left_running(tmp_path):
    file = tmp_path / "pid"
    code = (
        "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(file)!r}, 'w').write(str(child.pid))"
    )
    assert demo.check_remotely(notebook(tmp_path, demo.SOFTMAX, demo.COUNT, demo.DOUBLE, code)).passed
    pid = int(file.read_text())
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    pytest.fail("a process that a cell started is still running")


def test_the_worker_knows_no_check_and_writes_nothing_beside_the_notebook(tmp_path):
    (tmp_path / "helper.py").write_text("ten = 10")
    count = (
        "import sys, os, helper\nopen('scratch.txt', 'w').write('x')\n"
        "known = [name for name in sys.modules if name.startswith('coursekit.checks')]\n"
        'count = helper.ten if not known and repr(type(check)).endswith("SilentCheck\'>") else 0'
    )
    assert demo.check_remotely(notebook(tmp_path, count=count)).passed
    assert {file.name for file in tmp_path.iterdir()} - {"__pycache__"} == {"answers.ipynb", "helper.py"}


def test_a_sleeping_cell_is_ended_in_time(tmp_path):
    started = time.monotonic()
    code = "import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ntime.sleep(60)"
    report = demo.check_remotely(notebook(tmp_path, count=code), cell_seconds=2)
    assert [result.status for result in report.questions] == [PASSED, NOT_YET, PASSED]
    assert time.monotonic() - started < 20
