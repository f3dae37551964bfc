"""The command line: instant, helpful, and clean about what it cannot do."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest
import typer

from coursekit import cli

HEAVY = ("tensorflow", "keras", "numpy", "matplotlib", "scipy", "sklearn", "jupyterlab", "jupyter_client")
HEAVY += ("papermill", "nbformat", "jinja2", "requests", "psutil", "distributed")


def coursekit(*arguments, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "coursekit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


@pytest.fixture
def called(capsys):
    """Calls the command in this process and returns its exit code, its output and its errors."""

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main(list(map(str, arguments)))
        shown = capsys.readouterr()
        return end.value.code or 0, shown.out, shown.err

    return call


def loaded_of_heavy(code: str) -> str:
    """Which of the heavy modules a fresh interpreter has loaded after ``code``."""
    code = f"import sys, contextlib\nwith contextlib.suppress(SystemExit):\n    {code}\n"
    code += f"print(*(name for name in {HEAVY!r} if name in sys.modules), sep=', ', file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stderr.splitlines()[-1]


def test_importing_the_command_line_loads_nothing_heavy():
    assert loaded_of_heavy("import coursekit.cli") == ""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["no-such-command"], ["lab", "--help"], ["lab", "99"], ["run", "--no-such-option"], ["run", "99"]],
    ids=" ".join,
)
def test_help_and_what_was_mistyped_load_nothing_heavy(arguments):
    assert loaded_of_heavy(f"from coursekit import cli; cli.main({arguments!r})") == ""


@pytest.mark.parametrize("arguments", [["--help"], ["progress"]], ids=" ".join)
def test_a_full_disk_behind_what_is_printed_is_one_sentence(arguments):
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "coursekit", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert ended.returncode == 2
    told = "what it prints cannot be written: No space left on device. Make room, or let it print elsewhere."
    assert ended.stderr == f"coursekit: {told}\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_line_of_a_command_is_the_first_of_its_own_help(name):
    line, place = cli.COMMANDS[name]
    module, _, attribute = place.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    own = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)

    assert line == own.split("\n\n")[0].replace("\n", " ")


@pytest.mark.parametrize("command", ["run", "claims", "lab", "data", "check", "progress", "release"])
def test_each_command_is_offered_and_explains_itself(called, command):
    assert command in called("--help")[1]
    code, out, _ = called(command, "--help")
    assert code == 0
    assert "Usage: coursekit" in out


@pytest.mark.parametrize("command", ["run", "claims", "lab", "check"])
def test_help_shows_examples(called, command):
    assert f"coursekit {command} " in called(command, "--help")[1].partition("Examples")[2]


def test_version(called):
    from coursekit import __version__

    assert called("--version") == (0, f"coursekit {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "99"], "No lesson '99'. Did you mean"),
        (["run", "mnist_dens"], "Did you mean '01_mnist_dense'?"),
        (["run", "none.ipynb"], "none.ipynb is not there"),
        (["run", "--jobs", "0"], "--jobs"),
        (["run", "--no-such-option"], "No such option"),
        (["run", "-p"], "requires an argument"),
        (["run", "-p", "EPOCHS"], "write -p NAME VALUE"),
        (["run", "--quick", "--update"], "full run"),
        (["run", "-p", "EPOCH", "2"], "no parameter 'EPOCH'. It has: "),
        (["run", "-f", "none.yaml"], "none.yaml"),
        (["run", "--tls-ca", __file__], "name its --scheduler as well"),
        (["run", "--scheduler", "x:1", "--tls-ca", __file__], "TLS needs --tls-ca and --tls-cert"),
        (["run", "--scheduler", "x:1", "--tls-ca", "ca.pem"], "'ca.pem' does not exist"),
        (["lab", "99"], "No lesson '99'"),
        (["lab", "--port", "0"], "--port"),
        (["no-such-command"], "No such command"),
    ],
)
def test_bad_input_is_explained_and_exits_with_2(called, arguments, told):
    code, out, err = called(*arguments)

    assert code == 2
    assert told in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err
    assert out == ""


def test_a_folder_that_is_a_file_is_explained(called, tmp_path):
    (tmp_path / "work").write_text("a file")

    code, _, err = called("lab", "--dir", tmp_path / "work")

    assert (code, "Traceback" in err) == (2, False)
    assert "is in the way" in err


def test_an_interrupt_exits_with_130_and_one_line(called, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("coursekit.regenerate.plan", interrupt)

    assert called("run") == (130, "", "Interrupted.\n")


def test_a_failed_notebook_exits_with_1(called, monkeypatch, tmp_path):
    from coursekit.regenerate import Execution, NotebookJob

    job = NotebookJob(tmp_path / "a" / "x.ipynb", tmp_path / "x.ipynb")
    failed = Execution(job, 1.0, {}, "code cell 1 of 1 did not …")
    monkeypatch.setattr("coursekit.regenerate.plan", lambda *_, **__: [job])
    monkeypatch.setattr("coursekit.regenerate.run", lambda *_, **__: [failed])
    monkeypatch.setattr("coursekit.regenerate.update", lambda *_: pytest.fail("stored the outputs of a failed run"))

    code, out, err = called("run", "--update", "--out", tmp_path)

    assert code == 1
    assert "a/x FAILED in 1 s" in out
    assert f"summary: {tmp_path / 'summary.html'}" in out
    assert "code cell 1 of 1" in err


def test_a_parameter_is_a_name_and_a_value(called, monkeypatch):
    seen = {}
    monkeypatch.setattr("coursekit.regenerate.plan", lambda names, **options: seen.update(options) or [])

    assert called("run", "01", "-p", "RATE", "-0.5", "--parameter", "EPOCHS=2", "-p", "NAME", "a=b")[0] == 0
    assert seen["parameters"] == {"RATE": "-0.5", "EPOCHS": "2", "NAME": "a=b"}


def test_it_runs_as_a_module():
    ended = coursekit("--version")

    assert (ended.returncode, ended.stderr) == (0, "")
