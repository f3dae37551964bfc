"""What the tests run without coverage, and what they do not."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from coursekit import course


@dataclass
class Item:
    """A collected test, as far as it matters here."""

    nodeid: str
    callspec: SimpleNamespace | None = None
    marks: list[str] = field(default_factory=list)

    def add_marker(self, name: str) -> None:
        self.marks.append(name)


@pytest.mark.untraced
def test_what_is_marked_so_runs_without_coverage():
    assert sys.gettrace() is None


def test_what_is_not_marked_runs_with_coverage_where_there_is_one(pytestconfig):
    assert (sys.gettrace() is not None) == bool(pytestconfig.getoption("cov_source", None))


def test_of_cases_alike_the_first_has_coverage_and_so_has_each_question(pytestconfig):
    rules = pytestconfig.pluginmanager.get_plugin(str(course.root() / "tests" / "conftest.py"))
    ece, kl = (SimpleNamespace(params={"question": name}) for name in ("ece", "kl_term"))
    right, asked = (
        "tests/checks/test_bayesian_nn.py::TestAnswers::test_right",
        "tests/grading/test_expect.py::test_asked",
    )
    items = [
        Item(f"{right}[ece0]", ece),
        Item(f"{right}[ece1]", ece),
        Item(f"{right}[kl_term0]", kl),
        Item(f"{right}_elsewhere[ece0]", ece),
        Item("tests/nn/test_compiling.py::test_history[mse]", SimpleNamespace(params={})),
        Item("tests/nn/test_compiling.py::test_history[mae]", SimpleNamespace(params={})),
        Item("tests/nn/test_compiling.py::test_alone"),
        Item(f"{asked}[a]", SimpleNamespace(params={})),
        Item(f"{asked}[b]", SimpleNamespace(params={})),
    ]

    rules.pytest_collection_modifyitems(items)

    assert [item.nodeid for item in items if item.marks] == [items[1].nodeid, items[5].nodeid]
