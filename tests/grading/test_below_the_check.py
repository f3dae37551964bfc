"""What a notebook does that ends cells, or changes answers after their check: told in words."""

from __future__ import annotations

import time

import grading_demo as demo
import pytest

from coursekit.classroom.marking.private import redacted
from coursekit.grading.checking import check_notebook
from coursekit.worker.bounds import CELL_ERRORS
from coursekit.worker.responding import learner_error


def checked(tmp_path, *sources):
    """The report on a notebook with these cells after its first."""
    path = demo.write_notebook(tmp_path / "99_demo.ipynb", demo.SETUP, *sources)
    return check_notebook(demo.read_notebook(path), demo.exercise)


def test_a_name_that_is_used_again_below_its_check_is_told(tmp_path):
    cells = [demo.SOFTMAX, 'check("softmax")', demo.COUNT, 'check("count")', demo.DOUBLE, 'check("double")']
    report = checked(tmp_path, *cells, "np = None\ncount = 10\nother = double")
    assert [result.points for result in report.questions] == [0, 1, 2]
    assert [note.question for note in report.notes] == ["softmax"], "the count is another object and right"
    assert report.notes[0].message.startswith('`np` was changed or deleted after check("softmax").')
    assert report.messages == [report.notes[0].message]
    assert redacted(report, ["softmax"]).notes == ()
    assert redacted(report, ["count"]).notes == report.notes


def test_only_what_follows_the_last_check_of_a_question_is_told(tmp_path):
    report = checked(tmp_path, demo.COUNT, 'check("count")', "count = 11", 'check("count")')
    assert report.notes == ()


def test_ends_and_deep_errors_are_told_in_words_and_soon(tmp_path):
    start = time.monotonic()
    report = checked(
        tmp_path,
        "exit()",
        "quit()",
        "import IPython\nIPython.get_ipython().kernel.do_shutdown(True)",
        "IPython.Application.instance().kernel.do_shutdown(restart=True)",
        "import sys\nsys.exit(1)",
        "def f(n): return f(n + 1)\nf(0)",
        "def g(n): return g(n - 1) if n else 1 / 0\ng(300)",
        demo.COUNT,
    )
    assert time.monotonic() - start < 30
    told = {error.number: error.message for error in report.cells}
    for number in range(2, 7):
        assert told[number].startswith(f"Cell {number} ends at a call of `exit` or `quit`, or at a restart")
    assert "RecursionError" in told[7]
    assert "ZeroDivisionError" in told[8]
    assert [result.points for result in report.questions] == [0, 1, 0]


def test_an_exit_that_keeps_the_kernel_ends_nothing(tmp_path):
    report = checked(tmp_path, "exit(keep_kernel=True)\ncount = 10", "quit(keep_kernel=False)\ncount = 11")
    assert [error.number for error in report.cells] == [3]
    assert report.questions[1].points == 1


TASK = """\
import asyncio
async def later(x):
    await asyncio.sleep(0.2)
    return x
task = asyncio.create_task(later(10))
"""


def test_a_task_goes_on_behind_its_cell(tmp_path):
    waited = checked(tmp_path, TASK, "count = await task")
    assert (waited.cells, waited.questions[1].points) == ((), 1)
    looked_at = checked(tmp_path, TASK, "count = task.result()")
    assert (looked_at.cells, looked_at.questions[1].points) == ((), 1)


def test_a_task_that_does_not_end_is_told_and_keeps_no_cell(tmp_path):
    endless = "async def tick():\n    while True: await asyncio.sleep(0.1)\nticking = asyncio.create_task(tick())"
    report = checked(tmp_path, "import asyncio", f"{endless}\ncount = 9", "count += 1", "ticking.cancel()")
    (told,) = report.cells
    assert told.message == (
        "Cell 3 began asyncio tasks, of which 1 had not ended 5 seconds after it: what they give may be missing. "
        "Let a cell `await` them."
    )
    assert report.questions[1].points == 1


def test_what_is_interrupted_or_stops_the_loop_leaves_one_that_works(tmp_path):
    path = demo.write_notebook(
        tmp_path / "99_demo.ipynb",
        demo.SETUP,
        "import asyncio\nwhile True:\n    try: await asyncio.sleep(9)\n    except BaseException: pass",
        "asyncio.get_running_loop().stop()\nawait asyncio.sleep(9)",
        "count = await asyncio.sleep(0.01, 10)",
    )
    report = check_notebook(demo.read_notebook(path), demo.exercise, cell_seconds=1)
    assert [error.message for error in report.cells] == [
        "Cell 2 did not end within 1 seconds.",
        "Cell 3 stopped with RuntimeError: Event loop stopped before Future completed.",
    ]
    assert report.questions[1].points == 1


def test_of_many_errors_some_are_told_and_the_rest_counted(tmp_path):
    report = checked(tmp_path, *["1 / 0"] * (CELL_ERRORS + 30), demo.COUNT)
    assert len(report.cells) == CELL_ERRORS + 1
    assert report.cells[-1].message == "30 more cells did not run to their end."
    assert report.questions[1].points == 1


def test_a_question_that_nobody_answers_is_told_in_words(tmp_path):
    report = checked(tmp_path, "count = int(input('How many? '))", "def double(x):\n    return x * float(input())")
    told = "asks a question with `input`, and nobody answers while a notebook is marked. Write the value there."
    assert [error.message for error in report.cells] == [f"Cell 2 {told}"]
    assert report.questions[2].message == f"a number: `double` {told}"
    message = learner_error("`f`", EOFError("Ran out of input"), {}).message
    assert message == "`f` stopped with EOFError: Ran out of input"


def test_half_a_character_in_an_error_leaves_a_report_that_can_be_written():
    error = learner_error("`f`", ValueError("a\ud800b"), {})
    assert error.message == "`f` stopped with ValueError: a?b"


def test_an_answer_that_exits_is_told_in_words():
    assert "`f` ends at a call of `exit`" in learner_error("`f`", SystemExit(0), {}).message


@pytest.mark.parametrize(
    "forged", [None, [], {"softmax": 1}, {"softmax": {"a": ["x" * 1000]}}, {"s": {"a": ["x"] * 99}}]
)
def test_a_forged_reply_tells_nothing(forged, tmp_path):
    forge = f"from coursekit.worker import serving\nserving.changed_since = lambda before, now: {forged!r}\n"
    report = checked(tmp_path, forge, 'check("softmax")')
    assert report.notes == ()
