"""The gate in front of assertions that hold in a full run only."""

from __future__ import annotations

import pytest

from coursekit.results import runs_in_full


@pytest.fixture(params=["0", None])
def a_learners_run(request, monkeypatch):
    if request.param is None:
        monkeypatch.delenv("COURSEKIT_FULL", raising=False)
    else:
        monkeypatch.setenv("COURSEKIT_FULL", request.param)


@pytest.fixture
def the_courses_full_run(monkeypatch):
    monkeypatch.setenv("COURSEKIT_FULL", "1")


@pytest.mark.usefixtures("a_learners_run")
@pytest.mark.parametrize("enough", [(True,), (True, True)])
def test_all_conditions_hold(enough):
    assert runs_in_full(*enough) is True


@pytest.mark.usefixtures("a_learners_run")
@pytest.mark.parametrize("enough", [(False,), (True, False), (False, True)])
def test_too_small_a_run_passes_over_without_a_word(enough, capsys):
    assert runs_in_full(*enough) is False
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("the_courses_full_run")
def test_conditions_that_hold_in_the_full_run():
    assert runs_in_full(True, True) is True


@pytest.mark.usefixtures("the_courses_full_run")
@pytest.mark.parametrize("enough", [(False,), (True, False), (False, True)])
def test_too_small_a_full_run_is_an_error(enough):
    with pytest.raises(RuntimeError, match="default sizes are too small"):
        runs_in_full(*enough)
