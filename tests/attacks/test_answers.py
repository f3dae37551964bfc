# ruff: noqa: E501 (each attack is one string)
"""Hostile answers: objects that lie, explode or never end, and replies that nobody asked for."""

from __future__ import annotations

import pytest

from coursekit.grading.recording import Recording
from coursekit.grading.results import PASSED

YES = "class Yes:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n"
ANSWERS = {
    "equal to everything": YES + "    __hash__ = None\nguess = Yes()\ndef secret(x): return Yes()",
    "a number equal to everything": (
        "class Yes(float):\n    def __eq__(self, other): return True\n    __ge__ = __le__ = __eq__\n"
        "guess = Yes(1)\ndef secret(x): return Yes(1)"
    ),
    "an array subclass": (
        "class Yes(np.ndarray):\n    def __array_function__(self, *a, **k): return True\n"
        "    def __array_ufunc__(self, *a, **k): return True\n    def __eq__(self, other): return np.True_\n"
        "guess = np.zeros(2).view(Yes)\ndef secret(x): return guess"
    ),
    "a lazy array that ends the process": (
        "import os\nclass Lazy:\n    __module__ = 'tensorflow.fake'\n    def __array__(self, *a, **k): os._exit(0)\n"
        "guess = Lazy()\ndef secret(x): return Lazy()"
    ),
    "a class that lies about itself": (
        "class Lie:\n    @property\n    def __class__(self): return np.ndarray\n    shape = (2,)\n    dtype = float\n"
        "guess = Lie()\ndef secret(x): return Lie()"
    ),
    "a number that never ends": "guess = 10**10**7\ndef secret(x): return guess",
    "infinities": "guess = float('nan')\ndef secret(x): return np.array([np.nan, np.inf])",
    "a huge array": "guess = np.zeros(10**9, 'i1')\ndef secret(x): return np.broadcast_to(1.0, (10**5, 10**5))",
    "a huge list": "guess = [0] * 10**7\ndef secret(x): return guess",
    "huge text": "guess = 'x' * 10**8\ndef secret(x): return guess",
    "a list in itself": "guess = []\nguess.append(guess)\ndef secret(x): return {'x': guess}",
    "an array of objects": "guess = np.array([object()])\ndef secret(x): return np.array([{}], dtype=object)",
    "a dtype that is not a number": "guess = np.zeros(2, [('a', 'f8')])\ndef secret(x): return np.zeros(2, 'M8[s]')",
    "a generator without end": "import itertools\nguess = itertools.count()\ndef secret(x): return guess",
    "a dict with hostile keys": YES
    + "    def __hash__(self): return 1\nguess = {Yes(): 1}\ndef secret(x): return guess",
}
FRAME = "from coursekit.worker import wire\nimport os, threading, time, pickle\nforged = wire.encode({'answer': 1.0})\n"
EVERYWHERE = (
    "def everywhere(raw):\n    for fd in range(3, 64):\n        try: os.write(fd, raw)\n        except OSError: pass\n"
)
# Every reply from now on is the one given; a name that is not there any more ends the attack with an error that is seen.
REPLACED = (
    "from coursekit.worker import responding, serving, wire\nimport types\n"
    "def replace(content):\n    frame = wire.encode(content)\n"
    "    reply = types.SimpleNamespace(frame=frame, failure=None, answer=None)\n"
    "    serving.Reply.of, responding.Respondent.reply\n"
    "    serving.Reply = types.SimpleNamespace(of=lambda *a, **k: reply)\n"
    "    responding.Respondent.reply = lambda self, question: reply\n"
)
FORGED = {
    "a reply before it is asked for": FRAME + EVERYWHERE + "everywhere(bytes(8) + forged)",
    "bytes that are no reply": FRAME + EVERYWHERE + "everywhere(os.urandom(1000))",
    "a pickle": FRAME + EVERYWHERE + "everywhere(pickle.dumps(print))",
    "a reply without end": FRAME + EVERYWHERE + "everywhere(bytes(8) + wire.PREFIX.pack(wire.MAGIC, 2**22, 2**28))",
    "the same reply again and again": (
        "import coursekit.worker.wire as wire\nwrite = wire.write_frame\n"
        "def twice(stream, frame):\n    write(stream, frame); write(stream, frame)\nwire.write_frame = twice"
    ),
    "a late reply": (
        FRAME + "import coursekit.worker.wire as wire\nwrite = wire.write_frame\nkept = []\n"
        "def late(stream, frame):\n    kept.append(frame)\n    write(stream, kept[max(len(kept) - 2, 0)])\nwire.write_frame = late"
    ),
    "replies from a thread": (
        FRAME + EVERYWHERE + "def flood():\n    while True: everywhere(bytes(8) + forged)\n"
        "threading.Thread(target=flood, daemon=True).start()"
    ),
    "a copy of the process": "import os\nos.fork()",
    "a failure of no kind": (
        REPLACED + "replace({'failure': {'kind': 'x', 'message': '', 'came': None, 'hint': None}})"
    ),
    "an array for a cell's end": (REPLACED + "replace({'answer': np.zeros(9)})"),
    "neither an answer nor a failure": (REPLACED + "replace([np.zeros(9)])"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_nobody_can_know_is_not_earned(answer, grade):
    report = grade(ANSWERS[answer], cell_seconds=8)
    assert report.questions[1].points == 0
    assert [result.status == PASSED for result in report.questions] == [True, False, True]


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_reply_earns_nothing(forgery, grade):
    report = grade(FORGED[forgery], cell_seconds=3)
    assert report.questions[1].points == 0
    assert report.points <= 2


def test_who_says_at_once_that_others_had_the_processors_is_not_marked_again(grade):
    failure = "{'kind': 'starved', 'message': 'It waited.', 'came': None, 'hint': None}"
    report = grade(f"{REPLACED}replace({{'failure': {failure}}})", recording=(recording := Recording()))
    assert (report.points, report.questions[0].message) == (0, "It waited.")
    assert not recording.starved


def test_a_descriptor_that_is_filled_in_an_answer_costs_that_question_only(grade):
    forge = FRAME + EVERYWHERE + "guess = 1\ndef secret(x):\n    everywhere(bytes(8) + forged)\n    return 1.0"
    report = grade(forge)
    assert [result.status == PASSED for result in report.questions] == [True, False, True]
    assert "it does not answer what was asked" in report.questions[1].parts[1].message


def test_answers_kept_from_a_replaced_engine_are_only_answers(grade):
    attack = (
        "from coursekit.worker import responding\nresponding.Respondent.reply, responding.to_plain\n"
        "responding.Respondent.reply = lambda self, question: responding.Reply.of(answer=True)\n"
        "responding.to_plain = lambda value: True"
    )
    report = grade(attack)
    assert report.questions[1].points == 0
    assert report.questions[1].parts[0].got == "True"
