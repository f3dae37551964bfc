"""One worker process, with the rights of whoever starts it: started, and ended with all that it started."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import cast

import msgspec

from coursekit.errors import WHAT_HELPS
from coursekit.worker.bounds import Limits
from coursekit.worker.channel import Worker, WorkerEnded, WorkerLost, WorkerStuck, ending
from coursekit.worker.environment import VARIABLE
from coursekit.worker.failures import CannotStart


class UnsealedWorker(Worker):
    """A running ``python -m coursekit.worker.serving`` in an empty scratch folder.

    Args:
        folder: whose modules can be imported; its scratch folder's only if left out.
        limits: what it may use, where the system can hold it to that; all that its owner may if left out.
    """

    def __init__(self, folder: Path | None = None, limits: Limits | None = None) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="coursekit-check-", ignore_cleanup_errors=True)
        settings = {VARIABLE: "1", "MPLBACKEND": "Agg", "IPYTHONDIR": self._scratch.name}
        place = (folder or Path(self._scratch.name)).resolve()
        command = [sys.executable, "-m", "coursekit.worker.serving", str(place)]
        if limits:
            command.append(msgspec.json.encode(limits).decode())
        self._process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch.name,
            env=os.environ | settings,
            start_new_session=True,
        )
        super().__init__(cast(io.FileIO, self._process.stdin), cast(io.FileIO, self._process.stdout))

    def close(self) -> str:
        """End the process and every process of its group; tell how it ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)  # before wait(): until then the number is not used again
        code = self._process.wait()
        self._close_pipes()
        self._scratch.cleanup()
        return ending(code)


def start_unsealed(folder: Path | None = None) -> UnsealedWorker:
    """A new worker that answers, for one's own work.

    Raises:
        CannotStart: it does not.
    """
    worker = UnsealedWorker(folder)
    try:
        worker.greet()
    except (WorkerStuck, WorkerEnded, WorkerLost) as error:
        raise CannotStart(
            f"The process for the notebook did not start. {WHAT_HELPS} "
            "To see why, run: python -m coursekit.worker.serving ."
        ) from error
    return worker
