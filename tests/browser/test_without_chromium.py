"""Without a browser the test says so where everybody sees it, and fails where it must have run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from coursekit import course

TEST = "tests/browser/test_jupyterlab.py::test_the_lab_opens_on_the_lesson"


@pytest.mark.parametrize(("environment", "code"), [({}, 0), ({"CI": "true"}, 1)], ids=["at home", "in CI"])
def test_without_chromium(environment, code):
    outside = {name: value for name, value in os.environ.items() if name != "CI"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", TEST]

    ended = subprocess.run(
        command,
        env=outside | environment | {"CHROMIUM": "no-such-browser"},
        cwd=course.root(),
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ended.returncode == code
    assert "no Chromium here. Install it" in ended.stdout
    assert ("BROWSER TEST NOT RUN:" in ended.stdout) == (code == 0)
