"""The gate in front of assertions that hold in a full run only, and the decimals of a table of results."""

from __future__ import annotations

import pytest

from coursekit.results import MIME, results_table, runs_in_full


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


@pytest.mark.parametrize(
    ("decimals", "shown"),
    [(None, ["1.2000", "3.3033", "–", "26.1", "–", "100"]), (2, ["1.20", "3.30", "–", "26.14", "–", "100.00"])],
)
def test_figures_are_shown_with_the_decimals_asked_for(decimals, shown):
    rows = [("few", 1.2, 3.30333), ("many", None, 26.14), ("all", None, 100.0)]
    bundle = results_table(rows, decimals=decimals)._repr_mimebundle_()

    assert [word for line in str(bundle["text/plain"]).splitlines()[1:] for word in line.split()[1:]] == shown
    assert all(f"{figure}<" in str(bundle["text/html"]) for figure in shown)
    assert bundle[MIME] == {"figures": [[name, here] for name, _, here in rows]}  # stored as they are
