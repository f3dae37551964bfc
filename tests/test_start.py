"""start.py: when it makes the environment, what it says meanwhile, and what it runs then."""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

from coursekit import course

VERSION = "{}.{}".format(*sys.version_info)
Version = namedtuple("Version", "major minor micro")  # as much of sys.version_info as is asked for


def load(folder: Path):
    """start.py in that folder, as a module."""
    spec = importlib.util.spec_from_file_location("start", folder / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fake_environment(folder: Path, version: str = VERSION) -> None:
    """An interpreter that says it has what is needed, keeps what it is given, and ends as a file ``code`` says."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(
        f"#!{sys.executable}\nimport json, os, pathlib, sys\n"
        f"if '-I' in sys.argv:\n    sys.exit(print({version!r}))\n"
        f"folder = pathlib.Path({str(folder)!r})\n"
        "with (folder / 'given').open('a') as given:\n    print(json.dumps(sys.argv[1:]), file=given)\n"
        "if os.environ.get('OPENBLAS_NUM_THREADS') == '1':\n    (folder / 'single').write_text(' '.join(sys.argv))\n"
        "if os.environ.get('OMP_WAIT_POLICY') == 'PASSIVE':\n"
        "    with (folder / 'patient').open('a') as patient:\n        print(json.dumps(sys.argv[1:]), file=patient)\n"
        "codes = json.loads((folder / 'codes').read_text()) if (folder / 'codes').exists() else {}\n"
        "sys.exit(next((code for word, code in codes.items() if word in sys.argv), 0))\n"
    )
    python.chmod(0o755)


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """A course with a finished environment, as far as start.py can tell."""
    monkeypatch.delenv("MAKELEVEL", raising=False)
    monkeypatch.delenv("NOTEBOOKS", raising=False)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_WAIT_POLICY", "OPENBLAS_THREAD_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("requirements.lock", "pyproject.toml", "start.py"):
        shutil.copy(course.root() / name, tmp_path)
    fake_environment(tmp_path)
    (tmp_path / ".venv" / ".installed").write_text(f"{tmp_path}\n")
    return tmp_path


@pytest.fixture
def start(clone, monkeypatch):
    """start.py there, whose set-up makes a fake environment; ``start.ran`` holds the commands."""
    module, module.ran = load(clone), []

    def run(step):
        module.ran.append(step.words)
        fake_environment(clone)

    monkeypatch.setattr(module.Step, "run", run)
    return module


def given(clone: Path) -> list[list[str]]:
    """What the environment's Python was given, call by call."""
    return [json.loads(line) for line in (clone / "given").read_text().splitlines()]


def test_it_imports_the_standard_library_alone():
    tree = ast.parse((course.root() / "start.py").read_text(encoding="utf-8"), feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
    assert names.isdisjoint({"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty"}), "there is none on Windows"


def test_a_finished_environment_is_left_alone(start, clone, capsys):
    assert start.do(["run", "02"]) == 0
    assert start.ran == []
    assert given(clone) == [["-m", "coursekit", "run", "02"]]
    assert capsys.readouterr().out == "Next: python3 start.py lab\n"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda clone: shutil.rmtree(clone / ".venv"),
        lambda clone: (clone / ".venv" / ".installed").unlink(),
        lambda clone: (clone / ".venv" / ".installed").write_text("/where/it/was/before\n"),
        lambda clone: (clone / ".venv" / "bin" / "python").unlink(),
        lambda clone: fake_environment(clone, version=""),
    ],
    ids=["missing", "half made", "moved", "without its Python", "without a package"],
)
def test_a_broken_environment_is_made_anew_and_then_used(start, clone, spoil, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (clone / ".venv" / "old").touch()
    spoil(clone)

    assert start.do(["lab", "03"]) == 0

    made, packages, installed = start.ran
    assert made == [sys._base_executable, "-m", "venv", str(clone / ".venv")]
    assert packages[-2:] == ["-r", str(clone / "requirements.lock")]
    assert "--require-hashes" in packages
    assert installed[-2:] == ["-e", str(clone)]
    assert not (clone / ".venv" / "old").exists()
    assert given(clone) == [["-m", "coursekit", "lab", "03"]]
    start.ran.clear()
    assert start.do(["lab"]) == 0
    assert start.ran == []


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_newer_pin_is_installed_into_the_environment_there_is(start, clone, name, capsys):
    later = (clone / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(clone / name, (later, later))

    assert start.do(["setup"]) == 0
    assert len(start.ran) == 2
    assert all("install" in words for words in start.ran)
    assert capsys.readouterr().out.startswith("Bringing .venv up to date")


def test_another_python_is_honoured_where_it_was_asked_for(start, clone):
    fake_environment(clone, version="3.9")

    assert start.needed() == ""
    assert start.needed(this_python=True) == "make"
    fake_environment(clone)
    assert start.needed(this_python=True) == ""
    assert start.needed(anew=True) == "make"


def test_uv_does_it_where_it_is(start, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")

    assert start.do(["--anew", "setup"]) == 0
    assert [words[0] for words in start.ran] == ["/bin/uv"] * 3
    assert ["--python", sys._base_executable] == start.ran[0][3:5]
    assert ["--compile-bytecode", "--python", str(start.PYTHON)] == start.ran[1][3:6]


def test_what_is_to_come_is_said_first_and_what_is_next_last(start, clone, capsys):
    assert start.do(["--anew", "setup"]) == 0
    first, second, last = capsys.readouterr().out.splitlines()

    assert re.search(r"about [\d.]+ GB to fetch and [\d.]+ GB on the disk\.$", first)
    assert "minutes" in second
    assert str(Path("build", "setup.log")) in second
    assert last == "Ready. Next: python3 start.py lab"


@pytest.mark.parametrize(
    ("version", "there", "advice"),
    [
        ((3, 14, 0), "", "Install one, then name it: python3.12 start.py lab"),
        ((3, 9, 19), "python3.11", "You have one that will do: python3.11 start.py lab"),
    ],
)
def test_a_python_that_will_not_do_is_named_before_anything_is_made(start, clone, monkeypatch, version, there, advice):
    shutil.rmtree(clone / ".venv")
    monkeypatch.setattr(shutil, "which", lambda name: name if name == there else None)
    monkeypatch.setattr(sys, "version_info", Version(*version))

    with pytest.raises(start.Refused, match=r"needs Python 3\.10 to 3\.13") as refused:
        start.do(["lab"])
    assert str(refused.value).endswith(advice)
    assert not (clone / ".venv").exists()


def test_a_full_disk_is_told_before_the_old_environment_goes(start, clone, monkeypatch):
    (clone / ".venv" / ".installed").unlink()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(1e9))

    with pytest.raises(start.Refused, match=r"needs 5 GB of disk, and 1\.0 GB are free"):
        start.do(["lab"])
    assert (clone / ".venv" / "bin" / "python").exists()


def test_what_it_cannot_do_is_refused_before_anything_is_made(start, clone):
    shutil.rmtree(clone / ".venv")

    with pytest.raises(start.Refused, match="no command 'lba'"):
        start.do(["lba"])
    assert start.do(["--help"]) == start.do([]) == 0
    assert not (clone / ".venv").exists()


def test_a_pipe_that_has_no_sign_for_it_is_written_to():
    command, environment = [sys.executable, str(course.root() / "start.py")], os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*command, "--help"], env=environment, capture_output=True)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"COMMAND ?" in done.stdout


def test_the_commands_of_the_course_are_offered_all(start):
    from coursekit.cli import COMMANDS

    assert start.OF_THE_COURSE.keys() - {"setup"} == COMMANDS.keys()


@pytest.fixture
def step(clone):
    """Makes a step of the real start.py from Python code that stands in for an installer."""
    module = load(clone)

    def make(code: str):
        return module.Step([sys.executable, "-c", code], io.StringIO()), module

    return make


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "The disk is full.",
        ),
        ("error: Failed to fetch: dns error", "The package index cannot be reached."),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "Something else was fetched"),
        ("ERROR: No matching distribution found for tensorflow==2.21.0", "TensorFlow has no package for this machine"),
        ("ERROR: something new", ""),
    ],
)
def test_a_step_that_fails_is_told_with_its_cause(step, line, cause):
    failing, module = step(f"import sys; print('Collecting x'); print({line!r}); sys.exit(1)")

    with pytest.raises(module.Refused) as refused:
        failing.run()
    first, *shown, last = str(refused.value).splitlines()
    assert first.startswith(f"The set-up stopped. {cause}".rstrip())
    assert shown == [f"  {line}"]
    assert re.match(r"All of it is in build.setup\.log\. What helps: docs/when_it_fails\.md\.", last)
    assert line in failing.log.getvalue()


def test_each_cause_is_on_the_page_that_is_named(clone):
    module = load(clone)
    (name,) = re.findall(r"docs/\w+\.md", module.HELP)
    page = (course.root() / name).read_text(encoding="utf-8").lower()

    assert [words for words in module.CAUSES.values() if words.partition(".")[0].lower() not in page] == []


def test_after_a_step_that_failed_the_environment_is_made_anew(clone, monkeypatch):
    module = load(clone)
    monkeypatch.setattr(module, "steps", lambda todo, uv: [[sys.executable, "-c", "raise SystemExit(1)"]])

    with pytest.raises(module.Refused, match=r"The set-up stopped\."):
        module.do(["--anew", "lab"])
    assert module.needed() == "make"


def test_how_far_it_is(step):
    module_step, _ = step("")
    for line in (
        "Collecting a==1",
        "  Downloading a.whl (600.5 MB)",
        "Ignoring b: markers",
        "Processing ./d.whl",
        "  Downloading c (500 kB)",
    ):
        module_step.understand(line)
    assert module_step.phase == f"601 MB fetched, package 3 of {module_step.total}"
    module_step.understand("Installing collected packages: a")
    assert module_step.phase == "unpacking"


def test_a_terminal_sees_one_line_and_a_file_a_line_each(step, capsys):
    module_step, _ = step("")
    for live in (True, False):
        for text in ("  600 MB fetched, 9 s", "  unpacking, 10 s", ""):
            module_step.show(text, live)
    out = capsys.readouterr().out
    assert out.count("\n") == 2
    assert out.endswith("  600 MB fetched, 9 s\n  unpacking, 10 s\n")


def test_an_interrupted_set_up_says_so_in_one_line(clone):
    (clone / ".venv" / ".installed").unlink()
    installer = "import time; print('begun'); time.sleep(60)"
    code = f"import start, sys; start.steps = lambda *_: [[sys.executable, '-c', {installer!r}]]; "
    process = subprocess.Popen(
        [sys.executable, "-c", code + "sys.exit(start.main(['setup']))"], cwd=clone, stderr=subprocess.PIPE
    )
    log, end = clone / "build" / "setup.log", time.monotonic() + 30
    while not (log.is_file() and "\nbegun" in log.read_text()):
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert err.decode() == "Interrupted. Give the same command again: it makes .venv anew.\n"
    assert process.returncode == 130
    assert load(clone).needed() == "make"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({}, 0),
        ({"mypy": 1}, 1),
        ({"--fail-under": 2, "check": 1}, 2),
        ({"--json": 5}, 0),
        ({"--quick": 3}, 3),
    ],
)
def test_the_tests_run_to_their_end_and_fail_with_the_worst_code(start, clone, codes, expected):
    (clone / "codes").write_text(json.dumps(codes))

    assert start.do(["test"]) == expected

    calls = given(clone)
    assert [words[1] for words in calls[:3]] == ["ruff", "ruff", "mypy"]
    unit, coverage, lessons = calls[3:]
    assert {"slipcover", "pytest", "coursekit", "tests"} <= set(unit)
    assert coverage[coverage.index("--fail-under") + 1] == "95"
    assert unit[unit.index("--out") + 1] == coverage[coverage.index("--merge") + 1]
    assert "--json" in (clone / "single").read_text()  # and no notebook, which were the later calls
    assert lessons[lessons.index("--quick") :] == ["--quick", "notebooks", "solutions"]
    patient = map(json.loads, (clone / "patient").read_text().splitlines())
    assert list(patient) == [unit, lessons]  # two at a time, whose threads would wait for each other


def test_some_of_the_tests(start, clone, monkeypatch):
    monkeypatch.setenv("NOTEBOOKS", "")
    (clone / "codes").write_text('{"-k": 5}')

    assert start.do(["test", "-k", "softmax"]) == 0
    assert given(clone)[-1][-4:] == ["coursekit", "tests", "-k", "softmax"]
    assert "slipcover" not in given(clone)[-1]
    assert start.do(["unit", "-k", "softmax"]) == 5


def test_the_web_site(start, clone):
    assert start.do(["site", "--without-solutions"]) == 0
    assert given(clone) == [["docs/build_site.py", "--without-solutions"]]


def test_a_lesson_in_full(start, clone, monkeypatch):
    monkeypatch.setenv("NOTEBOOKS", "notebooks/02.ipynb solutions/02.ipynb")

    assert start.do(["test-full"]) == 0
    assert given(clone)[0][-2:] == ["notebooks/02.ipynb", "solutions/02.ipynb"]
