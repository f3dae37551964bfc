from __future__ import annotations

import http.server
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coursekit.data import registry, store

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path_factory) -> None:
    """No test reads or fills the user's own cache, or asks the user's mirror."""
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path_factory.getbasetemp() / "shared-cache"))
    for name in ("COURSEKIT_MIRROR", "COURSEKIT_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    store._warn_unwritable.cache_clear()


@pytest.fixture
def cache(monkeypatch, tmp_path) -> Path:
    """An empty cache folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("COURSEKIT_CACHE", str(folder))
    return folder


@pytest.fixture
def embedded(monkeypatch, tmp_path) -> Path:
    """A copy of the small embedded files, to be damaged."""
    folder = tmp_path / "embedded"
    folder.mkdir()
    for file in registry.files():
        if file.packed is not None and file.packed.size < 100_000:
            shutil.copy(store.EMBEDDED / file.packed.name, folder)
    monkeypatch.setattr(store, "EMBEDDED", folder)
    return folder


class Server:
    """A web server on this machine whose answers a test writes: path → function of the request handler."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []

    def put(self, name: str, body: bytes, status: int = 200, kind: str = "application/octet-stream") -> None:
        """Answer ``/name`` with ``body``."""
        self.answers[f"/{name}"] = lambda request: _answer(request, body, status, kind)


def _answer(request: http.server.BaseHTTPRequestHandler, body: bytes, status: int, kind: str) -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    """A mirror on this machine; COURSEKIT_MIRROR names it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked.append(self.path)
            if self.path in answers.answers:
                answers.answers[self.path](self)
            else:
                _answer(self, b"", 404, "text/plain")

        def log_message(self, *_arguments) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        answers = Server(f"http://127.0.0.1:{running.server_port}")
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("COURSEKIT_MIRROR", answers.address)
        yield answers
        running.shutdown()
        thread.join()


@pytest.fixture
def no_waiting(monkeypatch) -> list[float]:
    """pooch waits between attempts; here it only notes for how long it would."""
    waits: list[float] = []
    monkeypatch.setattr("pooch.core.time.sleep", waits.append)
    return waits
