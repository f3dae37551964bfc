"""One worker process, with the rights of whoever starts it: started, and ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from coursekit.grading.channel import Worker, ending
from coursekit.grading.notebook import WORKER_VARIABLE


class WorkerProcess(Worker):
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
