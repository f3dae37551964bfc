"""One worker process, seen from the checker: started, asked within a time, ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from coursekit.grading import wire
from coursekit.grading.notebook import WORKER_VARIABLE


class WorkerEnded(Exception):
    """The process ended, or sent what is not a reply. The message tells how."""


class WorkerStuck(Exception):
    """The process gave no reply in time."""


class WorkerProcess:
    """A running ``python -m coursekit.grading.worker`` in an empty scratch folder.

    Args:
        folder: where the notebook lies; its modules can be imported.
    """

    def __init__(self, folder: Path) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="coursekit-check-", ignore_cleanup_errors=True)
        settings = {WORKER_VARIABLE: "1", "MPLBACKEND": "Agg", "IPYTHONDIR": self._scratch.name}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "coursekit.grading.worker", str(folder.resolve())],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch.name,
            env=os.environ | settings,
            start_new_session=True,
        )

    def exchange(self, request: bytes, seconds: float) -> object:
        """Send a request and return the reply, decoded. After an exception the process is gone.

        Raises:
            WorkerStuck: no reply within ``seconds``.
            WorkerEnded: the process ended, or what it sent is not a reply.
        """
        replies: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
        threading.Thread(target=self._send_and_receive, args=(request, replies), daemon=True).start()
        try:
            reply = replies.get(timeout=seconds)
            if isinstance(reply, bytes):
                return wire.decode(reply)
        except queue.Empty:
            self.close()
            raise WorkerStuck from None
        except wire.ProtocolError as error:
            reply = error
        except BaseException:
            self.close()
            raise
        how = self.close()
        raise WorkerEnded(f"after it sent what is no reply ({reply})" if isinstance(reply, wire.ProtocolError) else how)

    def close(self) -> str:
        """End the process and every process of its group; tell how it ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)  # before wait(): until then the number is not used again
            else:
                self._process.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()
        self._scratch.cleanup()
        return f"with exit code {code}" if code >= 0 else f"by signal {signal.Signals(-code).name}"

    def _send_and_receive(self, request: bytes, replies: queue.SimpleQueue) -> None:
        try:
            wire.write_frame(self._process.stdin, request)
            replies.put(wire.read_frame(self._process.stdout))
        except (OSError, ValueError) as error:  # the pipe broke, or was closed here; or no frame came
            replies.put(error)
