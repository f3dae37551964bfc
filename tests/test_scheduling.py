"""In which order two workers get the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

FILES = {  # how many tests each has, and what it says
    "tests/attacks/test_a.py": (6, ""),
    "tests/sandbox/test_sandbox.py": (6, ""),
    "tests/browser/test_b.py": (30, ""),
    "tests/executors/test_e.py": (6, ""),
    "tests/test_dear.py": (6, '@pytest.fixture(scope="module")'),
    "tests/test_plain.py": (60, ""),
    "lesson.ipynb": (6, "{}"),
}
NOTEBOOKS = {  # as above; the seconds of a solution are stored in it
    "a.ipynb": (6, '{"metadata": {"coursekit": {"quick": {}, "record": {"seconds": 900}}}}'),
    "short.ipynb": (20, '{"metadata": {"coursekit": {"record": {"seconds": 20}}}}'),
    "long.ipynb": (9, '{"metadata": {"coursekit": {"record": {"seconds": 60}}}}'),
    "new.ipynb": (30, '{"metadata": {}}'),
}
CLOCKED, CROWDED = ("tests/attacks/", "tests/sandbox/test_sandbox.py"), ("tests/browser/", "tests/executors/")
WHOLE = (*CROWDED, "tests/test_dear.py", "lesson.ipynb")


@dataclass
class Worker:
    """Takes what a scheduler sends, and has it done when it is told to."""

    name: str
    waiting: list[int] = field(default_factory=list)
    shutting_down: bool = False
    send_runtest_some = property(lambda worker: worker.waiting.extend)
    gateway = property(lambda worker: SimpleNamespace(id=worker.name))

    def __hash__(self) -> int:
        return hash(self.name)

    def shutdown(self) -> None:
        self.shutting_down = True


@pytest.fixture
def run(pytestconfig, tmp_path):
    """What two workers did: for each test its node id, who had it, when it began and when it ended."""
    rules = pytestconfig.pluginmanager.get_plugin(str(pytestconfig.rootpath / "conftest.py"))
    for file, (_, text) in (FILES | NOTEBOOKS).items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)

    def run(seconds: dict[str, float], files: dict = FILES) -> list[tuple[str, str, float, float]]:
        tests = [f"{file}::test_{n}[a.ipynb]" for file in files for n in range(files[file][0])]
        options = SimpleNamespace(loadscopereorder=True, tx=["popen", "popen"], px=None, quick=True)
        config = SimpleNamespace(rootpath=tmp_path, option=options, getvalue=lambda name: getattr(options, name))
        scheduler = rules.Groups(config, SimpleNamespace(loadscopesched=lambda *words: None))
        workers, free, done = [Worker("a"), Worker("b")], {"a": 0.0, "b": 0.0}, []
        for worker in workers:
            scheduler.add_node(worker)
            scheduler.add_node_collection(worker, tests)
        scheduler.schedule()
        while busy := [worker for worker in workers if worker.waiting]:
            worker = min(busy, key=lambda each: free[each.name] + seconds.get(tests[each.waiting[0]].split("::")[0], 1))
            test = worker.waiting.pop(0)
            begin = free[worker.name]
            free[worker.name] += seconds.get(tests[test].split("::")[0], 1)
            done.append((tests[test], worker.name, begin, free[worker.name]))
            scheduler.mark_test_complete(worker, test)
        assert sorted(name for name, *_ in done) == sorted(tests)
        return done

    return run


@pytest.mark.parametrize("seconds", [{}, {"tests/test_dear.py": 0.1}, {"tests/test_plain.py": 9}])
def test_what_keeps_to_a_clock_is_first_with_one_worker_and_beside_no_crowd(run, seconds):
    done = run(seconds)
    clocked = [each for each in done if each[0].startswith(CLOCKED)]
    (clock,) = {worker for _, worker, *_ in clocked}
    end = max(end for *_, end in clocked)

    assert [name for name, worker, *_ in done if worker == clock][: len(clocked)] == [name for name, *_ in clocked]
    assert min(begin for name, _, begin, _ in done if name.startswith(CROWDED)) >= end


def test_where_nothing_else_is_left_a_crowd_does_not_wait(run):
    done = run({"tests/attacks/test_a.py": 1000})

    assert max(begin for name, _, begin, _ in done if name.startswith(CROWDED)) < 1000


@pytest.mark.parametrize("long", WHOLE)
def test_files_whose_tests_share_something_stay_whole_and_others_are_shared_out(run, long):
    done = run({file: 0.01 for file in FILES if file != "tests/test_plain.py" and not file.startswith(long)})
    users = {file: {worker for name, worker, *_ in done if name.startswith(file)} for file in FILES}

    assert all(len(users[file]) == 1 for file in FILES if file.startswith(WHOLE))
    assert users["tests/test_plain.py"] == {"a", "b"}
    assert done[-1][0].startswith("tests/test_plain.py")


@pytest.mark.parametrize("seconds", [{}, {"a.ipynb": 100}, {"long.ipynb": 50}])
def test_of_notebooks_the_longest_begin_each_as_a_whole(run, seconds):
    users, begins = {}, {}
    for name, worker, begin, _ in run(seconds, NOTEBOOKS):
        file = name.partition("::")[0]
        users.setdefault(file, set()).add(worker)
        begins.setdefault(file, begin)

    assert begins["long.ipynb"] == begins["a.ipynb"] == 0
    assert begins["a.ipynb"] < begins["short.ipynb"] < begins["new.ipynb"]
    assert all(len(each) == 1 for each in users.values())
