"""In a real kernel: an interrupted check, a wrong question, a cell that is no Python. Nothing shows any source."""

from __future__ import annotations

import os
import time
from pathlib import Path

import grading_demo as demo
import pytest
from jupyter_client.manager import start_new_kernel

from coursekit import course
from coursekit.grading.release import STUB

SETUP = """
from dataclasses import replace
import numpy as np
from coursekit.grading import open_exercise
from grading_demo import exercise
exercise.questions["softmax"] = replace(exercise.find("softmax"), seconds=60.0)
check = open_exercise(exercise)
"""
ENDLESS = "import time\ndef softmax(z):\n    print('asked', flush=True)\n    while True: time.sleep(0.01)"


@pytest.fixture(scope="module")
def kernel():
    """A kernel in which the demo exercise is open."""
    path = os.pathsep.join([str(course.root()), str(Path(demo.__file__).parent), os.environ.get("PYTHONPATH", "")])
    manager, client = start_new_kernel(env=os.environ | {"PYTHONPATH": path})
    kernel = Kernel(manager, client)
    assert kernel.run(SETUP) == []
    yield kernel
    client.stop_channels()
    manager.shutdown_kernel(now=True)


class Kernel:
    def __init__(self, manager, client):
        self._manager, self._client = manager, client

    def run(self, source: str, interrupted_at: str = "") -> list[dict]:
        """What a cell gives, as contents of messages; it is interrupted once it has printed ``interrupted_at``."""
        asked, shown = self._client.execute(source), []
        while True:
            message = self._client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            if content.get("execution_state") == "idle":
                return shown
            if message["msg_type"] in ("stream", "display_data", "error"):
                shown.append(content)
            if interrupted_at and interrupted_at in content.get("text", ""):
                time.sleep(0.1)
                self._manager.interrupt_kernel()


@pytest.mark.parametrize("call", ["check('softmax')", "check.all()"])
def test_an_interrupted_check_is_a_card_without_any_source(kernel, call):
    kernel.run(ENDLESS)
    printed, card, error = kernel.run(call, interrupted_at="asked")
    assert printed["text"] == "asked\n"
    assert "`softmax` was running when the check was interrupted." in card["data"]["text/plain"]
    assert card["data"]["text/plain"].startswith("■ Interrupted: Softmax by hand (0 of 2 points)")
    assert "<code>softmax</code> was running when the check was interrupted." in card["data"]["text/html"]
    assert error["traceback"] == ["KeyboardInterrupt"]


def test_an_unknown_question_is_one_sentence(kernel):
    [error] = kernel.run("check('duoble')")
    assert error["traceback"] == ["UnknownQuestion: No question 'duoble' in 99_demo. Did you mean 'double'?"]


def test_a_function_for_a_name_is_one_sentence(kernel):
    [error] = kernel.run("def double(x): pass\ncheck(double)")
    assert len(error["traceback"]) == 1
    assert error["traceback"][0].endswith("Did you mean 'double'?")


def test_a_syntax_error_is_told_until_it_is_mended(kernel):
    kernel.run(f"def double(x):\n    {STUB}")
    [card] = kernel.run("check('double')")
    assert "○ Not written yet" in card["data"]["text/plain"]
    kernel.run("def double(x):\n    return (2 * x")
    [card] = kernel.run("check('double')")
    assert card["data"]["text/plain"].startswith("✘ Not right yet")
    assert "The cell that defines `double` stopped with a SyntaxError, line 2" in card["data"]["text/plain"]
    kernel.run(demo.DOUBLE)
    [card] = kernel.run("check('double')")
    assert "✔ Passed" in card["data"]["text/plain"]
