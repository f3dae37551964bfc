"""Chromium and a running JupyterLab for the tests in this folder."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from coursekit import course

NAMES = ("chromium", "chromium-browser", "google-chrome")
LAUNCH = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 90_000  # milliseconds; importing TensorFlow takes long where the tests share two cores
NOT_RUN = pytest.StashKey[str]()


def find_chromium() -> str | None:
    """The browser that CHROMIUM names, or the first one on the path."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if reason := config.stash.get(NOT_RUN, None):
        terminalreporter.section("browser", sep="!", red=True, bold=True)
        terminalreporter.write_line(f"BROWSER TEST NOT RUN: {reason}", red=True, bold=True)


@pytest.fixture(scope="session")
def chromium(request) -> str:
    """Path of the browser; without one the test is not run, loudly, and in CI it fails."""
    if path := find_chromium():
        return path
    reason = "no Chromium here. Install it (Debian: apt-get install chromium) or name it in CHROMIUM."
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    request.config.stash[NOT_RUN] = reason
    pytest.skip(reason)


@pytest.fixture(scope="module")
def only_page(chromium):
    """The browser page of a file of tests; the last of them fails when it asked anybody but this machine for anything.

    Playwright keeps an event loop running as long as it lives, beside which no other test can run one of its own.
    """
    from playwright.sync_api import expect, sync_playwright

    asked = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=LAUNCH)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("request", lambda request: asked.append(request.url))
        yield page
        page.screenshot(path=course.root() / "build" / "screenshots" / "last_seen.png")
        browser.close()
    strangers = [url for url in asked if not re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:", url)]
    assert strangers == [], "the course works without a network"


@pytest.fixture
def page(only_page):
    """The browser page, as large as on a laptop, whatever size the test before gave it."""
    only_page.set_viewport_size({"width": 1280, "height": 900})
    return only_page


@dataclass(frozen=True)
class Lab:
    """A running `coursekit lab`.

    Attributes:
        address: where it listens, without a slash at the end.
        token: what it asks for.
        folder: the learner's copy that it shows.
    """

    address: str
    token: str
    folder: Path

    def url(self, path: str = "") -> str:
        return f"{self.address}/{path}?token={self.token}"


@pytest.fixture(scope="session")
def lab(chromium, tmp_path_factory) -> Iterator[Lab]:
    """The command of `make lab`, in a home of its own, on a free port."""
    home = tmp_path_factory.mktemp("home")
    settings = home / "config" / "lab" / "user-settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')  # cells out of sight exist too
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Lab(f"http://127.0.0.1:{port}", "for-this-test-only", home / "work")
    environment = os.environ | {
        "JUPYTER_TOKEN": running.token,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "COURSEKIT_PROGRESS": str(home / "progress.json"),
    }
    command = [sys.executable, "-m", "coursekit", "lab", "--no-browser", "--port", str(port), "--dir", running.folder]
    with open(home / "lab.log", "w") as log:
        process = subprocess.Popen(command, env=environment, cwd=course.root(), stdout=log, stderr=log)
        try:
            wait_for(running, process, home / "lab.log")
            yield running
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_for(lab: Lab, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(lab.url("api/status"), timeout=10):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not answer in two minutes:\n{log.read_text()}", pytrace=False)
