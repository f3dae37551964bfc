"""A process that has imported what each lesson imports, and forks itself into one kernel after another.

``python kernel_server.py`` reads one request a line on standard input, a JSON object with the ``arguments`` of the
kernel, its ``environment`` and its ``folder``, and answers with the kernel's process number. It ends when its input
does. It has no threads of its own but those of OpenBLAS, which survives a fork.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # as lessons have it

import ipykernel.kernelapp
import keras  # noqa: F401  and with it TensorFlow, scikit-learn's base, SciPy and pyplot

RARELY = 100_000, 20, 20  # objects after which a kernel looks for garbage: traced graphs are many, and stay


def become_kernel(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
    """Be a kernel of its own session until it is shut down, with the null device as standard streams."""
    os.setsid()
    print(os.getpid(), flush=True)  # not before: who asked takes down the group of its process
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with open(os.devnull, "r+b", buffering=0) as null:
        for descriptor in range(3):
            os.dup2(null.fileno(), descriptor)
    sys.argv = [*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"]  # with which it ends
    ipykernel.kernelapp.launch_new_instance()


def main() -> None:
    """Serve until nobody asks any more."""
    del sys.path[0]  # this folder
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # kernels that end leave no zombies
    gc.collect()
    gc.freeze()  # no kernel looks for garbage in what is here
    gc.set_threshold(*RARELY)
    for line in iter(sys.stdin.readline, ""):
        if not os.fork():
            become_kernel(**json.loads(line))
            os._exit(0)


if __name__ == "__main__":
    main()
