"""Notebook cells as tests: nbval runs them, and here each is held to its end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from functools import cache, partial
from pathlib import Path

import psutil
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile
from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

from coursekit import course

# Tests that fail where others slow them down: what they attack or end has seconds. One worker has them all.
CLOCK = "what keeps to a clock"
CLOCKED = (
    "tests/attacks/",
    "tests/grading/test_agreement.py",
    "tests/sandbox/test_sandbox.py",
    "tests/worker/test_interrupting.py",
)
# Tests that start several busy processes, and wait for them with patience: they never run beside what keeps to a clock.
CROWDED = (
    "tests/browser/",
    "tests/classroom/test_marking.py",
    "tests/classroom/test_on_cluster.py",
    "tests/executors/",
    "tests/regenerate/test_running.py",
    "tests/sandbox/",
)
QUICK_SECONDS = 40
# What pays over hundreds of steps and costs where quick sizes take a few: TensorFlow's rewriting of each graph before
# its first step, and a loop of 16 steps in the graph.
FEW_STEPS = """
if "tensorflow" in __import__("sys").modules:
    __import__("tensorflow").config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    __import__("coursekit.nn").nn.compile_network.__defaults__ = None, None, 1
"""
# Each figure is refused whose lines are told apart by colour alone. Nobody looks at them: they are drawn, but not
# arranged first nor made pictures of, which takes most of the time.
FIGURES = f"""
def _watch_figures():
    from coursekit.plotting import display, live
    rule = {{}}
    exec({(course.root() / "tests/notebooks/without_colour.py").read_text("utf-8")!r}, rule)
    show = display._show
    def watched(figure, alt):
        assert not (faults := rule["told_by_colour_alone"](figure)), faults
        show(figure, alt)
    def drawn(figure):
        figure.set_layout_engine("none")
        figure.draw_without_rendering()
        return b""
    display._show = watched
    display.png = live.png = drawn
_watch_figures()
"""


class ForkedKernel(psutil.Process):
    """A kernel that a server has forked, as jupyter_client handles a process that it started itself."""

    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        return None if self.is_running() else 0


@cache
def kernel_server() -> subprocess.Popen[str]:
    """The server of this process, which ends with it."""
    command = [sys.executable, str(course.root() / "tests/notebooks/kernel_server.py")]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)


def fork_kernel(command: list[str], *, cwd: str, env: dict[str, str], **_: object) -> ForkedKernel:
    """Start the kernel of ``python -m ipykernel_launcher``, with TensorFlow and Keras already imported."""
    request = {"arguments": command[2:], "environment": env, "folder": cwd}
    server = kernel_server()
    with contextlib.suppress(BrokenPipeError):  # the server has ended, as is found below
        print(json.dumps(request), file=server.stdin, flush=True)
    if not (number := server.stdout.readline()):
        again = shlex.join(map(str, server.args))
        raise RuntimeError(f"No kernel: its server ended with code {server.wait()}. Why, says: {again} < /dev/null")
    return ForkedKernel(int(number))


class WholeNotebook(IPyNbFile):
    """A notebook whose kernel's verdict on each cell is kept; nbval reads the outputs and drops the verdict.

    Attributes:
        quick: whether its own quick parameters are set behind its cell of parameters.
    """

    def __init__(self, *args, quick: bool, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.quick = quick

    def collect(self):
        for cell in super().collect():
            if self.quick and "parameters" in cell.cell.metadata.get("tags", []):
                quick = self.nb.metadata.get("coursekit", {}).get("quick", {})
                sizes = "".join(f"\n{name} = {value!r}" for name, value in quick.items())
                cell.cell.source += sizes + FEW_STEPS + FIGURES
            yield WholeCell.from_parent(
                self, name=cell.name, cell_num=cell.cell_num, cell=cell.cell, options=cell.options
            )

    def setup(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("PYTEST_CURRENT_TEST", raising=False)  # ipykernel would not watch descriptors 1 and 2
            patch.setenv("COURSEKIT_FULL", "" if self.quick else "1")
            if self.quick and sys.platform == "linux":
                patch.setattr("jupyter_client.provisioning.local_provisioner.launch_kernel", fork_kernel)
            super().setup()
        self.verdicts: list[str] = []
        receive = self.kernel.get_message

        def get_message(stream, timeout=None):
            message = receive(stream, timeout)
            if message["msg_type"] == "execute_reply":
                self.verdicts.append(message["content"]["status"])
            return message

        self.kernel.get_message = get_message


PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]*")  # compared by its description, which stands beside it

FULL_POINTS = re.compile(r": (\d+) of \1 points; (\d+) of \2 questions? passed\.")  # as a panel says it


class WholeCell(IPyNbCell):
    """A cell that passes only when the kernel ran it to its end, nothing came on standard error and, where it
    checks all questions, each is answered in full.

    Left alone, nbval passes a cell that stops at an unknown magic or outlives an interrupt, and expects
    the cells after a timeout to fail, so that they count as passed whatever they do.
    """

    def sanitize(self, text):
        """Without pictures: another build of Matplotlib draws other bytes."""
        text = super().sanitize(text)
        return PICTURE.sub("", text) if isinstance(text, str) else text

    def setup(self) -> None:
        if self.parent.timed_out:
            pytest.fail("not run: an earlier cell ran out of time", pytrace=False)

    def runtest(self) -> None:
        if self.options["skip"] or self.options["check_exception"]:
            self.raise_cell_error("tagged or commented so that it need not run to its end")
        self.parent.verdicts.clear()
        super().runtest()
        errors = "".join(out.text for out in self.test_outputs if out.output_type == "stream" and out.name == "stderr")
        if self.parent.verdicts != ["ok"]:
            self.raise_cell_error(f"did not run to its end: {self.parent.verdicts or 'no reply in time'}", errors)
        if errors:
            self.raise_cell_error("wrote to standard error", errors)
        if self.cell.source.strip() == "check.all()":
            told = "\n".join(out.get("text") or out.data["text/plain"] for out in self.test_outputs)
            if not FULL_POINTS.search(told):
                self.raise_cell_error("the solution does not end with full points", told)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="run lessons with their own quick parameters")
    parser.addoption("--every-seed", action="store_true", help="draw checks' inputs from all seeds, not today's part")


def pytest_configure(config: pytest.Config) -> None:
    """Executed solutions record their points beside the tests, not in the progress of who runs them."""
    folder = tempfile.TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    os.environ["COURSEKIT_PROGRESS"] = str(Path(folder.name) / "progress.json")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    collected = yield
    if file_path.name == "conftest.py":
        return []  # doctests would import it once more, under a name that several have
    whole = partial(WholeNotebook.from_parent, parent, path=file_path, quick=parent.config.option.quick)
    return [whole() if isinstance(node, IPyNbFile) else node for node in collected]


def is_notebook(scope: str) -> bool:
    return Path(scope).suffix == ".ipynb"


@cache
def seconds_of(notebook: Path, quick: bool) -> float:
    """How long it may take: as long as it took when its outputs were stored, or as a lesson in quick sizes takes."""
    stored = json.loads(notebook.read_text("utf-8"))["metadata"].get("coursekit", {})
    return QUICK_SECONDS if quick and "quick" in stored else stored.get("record", {}).get("seconds", 0)


class Groups(LoadScopeScheduling):
    """Hands out tests one by one, but as a whole: all that keeps to a clock, a notebook, a file whose tests share what
    is dear to make.

    The largest whole comes first, so that single tests fill up both workers' time at the end; of notebooks the longest.
    But what keeps to a clock comes before all else, and while it runs the other worker gets no crowd, as long as there
    is anything else.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(CLOCKED):
            return CLOCK
        file = nodeid.partition("::")[0]
        return file if nodeid.startswith(CROWDED) or self._is_whole(self.config.rootpath / file) else nodeid

    @staticmethod
    @cache
    def _is_whole(file: Path) -> bool:
        return is_notebook(file.name) or 'scope="module"' in file.read_text("utf-8")

    def _assign_work_unit(self, node: WorkerController) -> None:
        first = next(iter(self.workqueue))
        if is_notebook(first):
            root, quick = self.config.rootpath, self.config.option.quick
            first = max(filter(is_notebook, self.workqueue), key=lambda scope: seconds_of(root / scope, quick))
        if CLOCK in self.workqueue:
            first = CLOCK
        elif any(False in units.get(CLOCK, {}).values() for units in self.assigned_work.values()):
            first = next((scope for scope in self.workqueue if not scope.startswith(CROWDED)), first)
        self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> Groups:
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first, then the notebooks, the browser last."""
    items.sort(key=lambda item: 2 if item.get_closest_marker("browser") else int(isinstance(item, WholeCell)))
