"""One worker process, with the rights of whoever starts it: started, and ended with all that it started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from coursekit.grading.in_notebook import WORKER_VARIABLE
from coursekit.worker.channel import Worker, ending

if TYPE_CHECKING:
    from coursekit.worker.bounds import Limits


class WorkerProcess(Worker):
    """A running ``python -m coursekit.worker.serving`` in an empty scratch folder.

    Args:
        folder: where the notebook lies; its modules can be imported.
        limits: what it may use, where the system can hold it to that; all that its owner may if left out.
    """

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="coursekit-check-", ignore_cleanup_errors=True)
        settings = {WORKER_VARIABLE: "1", "MPLBACKEND": "Agg", "IPYTHONDIR": self._scratch.name}
        command = [sys.executable, "-m", "coursekit.worker.serving", str(folder.resolve())]
        self._process = subprocess.Popen(
            command if limits is None else [*command, json.dumps(asdict(limits))],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch.name,
            env=os.environ | settings,
            start_new_session=True,
        )
        super().__init__(self._process.stdin, self._process.stdout)

    def close(self) -> str:
        """End the process and every process of its group; tell how it ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)  # before wait(): until then the number is not used again
            else:
                self._process.kill()
        code = self._process.wait()
        self._close_pipes()
        self._scratch.cleanup()
        return ending(code)
