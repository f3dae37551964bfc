"""A comparison: its interval is SciPy's, its verdict follows from it, and what cannot be compared is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from coursekit.claims import Contradicted, compare
from coursekit.claims.comparison import CONTRADICTED, HOLDS, NOISE, Arm, Comparison, rounded

EARLY, LATE = [0.291, 0.288, 0.296], [0.541, 0.529, 0.550]
WORDS = {"measure": "test loss", "better": "lower"}

values = st.floats(-1e6, 1e6)
pairs = st.lists(st.tuples(values, values), min_size=3, max_size=8)


def comparison(treatment, control, better="lower") -> Comparison:
    arms = Arm("treated", tuple(treatment)), Arm("control", tuple(control))
    return Comparison("It helps", "loss", better, *arms, tuple(range(len(control))))


def varying(pairs) -> bool:
    """Whether the differences vary by more than rounding."""
    differences = [a - b for a, b in pairs]
    return np.ptp(differences) > 1e-6 * max(1, *map(abs, sum(pairs, ())))


@settings(deadline=None)
@given(pairs)
def test_the_interval_is_that_of_scipys_paired_t_test(pairs):
    assume(varying(pairs))
    treatment, control = zip(*pairs)
    expected = stats.ttest_rel(treatment, control).confidence_interval(0.95)

    low, high = comparison(treatment, control).interval

    np.testing.assert_allclose([low, high], expected, rtol=1e-6, atol=1e-6 * (high - low))


@settings(deadline=None)
@given(pairs)
def test_another_direction_or_other_arms_turn_the_verdict_round(pairs):
    assume(varying(pairs))
    treatment, control = zip(*pairs)
    turned = {HOLDS: CONTRADICTED, NOISE: NOISE, CONTRADICTED: HOLDS}

    verdict = comparison(treatment, control).verdict

    assert comparison(treatment, control, "higher").verdict == turned[verdict]
    assert comparison(control, treatment).verdict == turned[verdict]


@pytest.mark.parametrize(
    ("treatment", "verdict"),
    [
        ([0.29, 0.31, 0.30], HOLDS),
        ([0.71, 0.69, 0.70], CONTRADICTED),
        ([0.49, 0.52, 0.50], NOISE),
        ([0.10, 0.49, 0.49], NOISE),  # the mean is far below, but two of three runs show nothing
        ([0.50, 0.51, 0.49], NOISE),  # the very same values
    ],
)
def test_the_verdict(treatment, verdict):
    assert comparison(treatment, [0.50, 0.51, 0.49]).verdict == verdict


def test_pairs_count_not_arms():
    """Seeds that differ much, and a treatment that is a little better with each of them."""
    control = np.array([0.2, 0.5, 0.9])

    assert comparison(control - [0.010, 0.011, 0.012], control).verdict == HOLDS
    assert comparison(control[[1, 2, 0]] - [0.010, 0.011, 0.012], control).verdict == NOISE


def test_the_line_of_text(capsys):
    compare("Stopping early lowers the test loss", {"stopped early": EARLY, "20 epochs": LATE}, **WORDS)

    assert capsys.readouterr().out == (
        "Stopping early lowers the test loss: holds. Test loss, stopped early − 20 epochs: −0.248, "
        "95 % interval from −0.265 to −0.232, 3 seeds.\n"
    )


def test_the_line_names_what_the_pairs_are(capsys):
    compare("It helps", {"treated": EARLY, "control": LATE}, **WORDS, each="split")

    assert capsys.readouterr().out.endswith("from −0.265 to −0.232, 3 splits.\n")


def test_values_may_be_arrays(capsys):
    arms = {"stopped early": np.array(EARLY, "float32"), "20 epochs": (value for value in LATE)}

    compare("It helps", arms, **WORDS, seeds=range(1, 4))

    assert "It helps: holds." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"arms": {"early": EARLY}}, "two arms, the treatment and then its control; got \\['early'\\]"),
        ({"arms": {"a": EARLY, "b": LATE, "c": LATE}}, "two arms"),
        ({"arms": {"early": EARLY[:1], "late": LATE[:1]}}, "1 of at least 2 seeds: .* what is noise"),
        ({"arms": {"early": [], "late": []}}, "0 of at least 2 seeds"),
        ({"arms": {"early": EARLY[:2], "late": LATE}}, "early: 2 values for 3 seeds"),
        ({"arms": {"early": EARLY, "late": [0.5, math.nan, 0.5]}}, "late, seed 1: nan is no number .* diverge"),
        ({"arms": {"early": [0.5, 0.5, math.inf], "late": LATE}}, "early, seed 2: inf is no number"),
        ({"arms": {"early": [1e200, 0, 0], "late": LATE}}, "early, seed 0: 1e\\+200 is no number"),
        ({"arms": {"early": [0.1] * 3, "late": [0.2] * 3}}, "does the seed reach the training"),
        ({"arms": {" ": EARLY, "late": LATE}}, "need a name"),
        ({"measure": ""}, "need a name"),
        ({"measure": "test\nloss"}, "on one line"),
        ({"better": "smaller"}, "better='smaller': .* 'lower' or 'higher'"),
        ({"seeds": [0, 1]}, "early: 3 values for 2 seeds"),
        ({"seeds": [0, 1, 1]}, "\\[0, 1, 1\\] repeat"),
        ({"each": "split", "seeds": [0, 1]}, "early: 3 values for 2 splits; each arm needs one value a split"),
        ({"each": "random split"}, "each='random split': write what the pairs are in one word"),
        ({"each": ""}, "each='': write what the pairs are in one word"),
        ({"sentence": " "}, "a sentence without a full stop"),
        ({"sentence": "It helps."}, "a sentence without a full stop"),
    ],
)
@pytest.mark.parametrize("enough", [True, False])
def test_what_cannot_be_compared_is_refused(change, told, enough):
    given = {"sentence": "It helps", "arms": {"early": EARLY, "late": LATE}, **WORDS, "enough": enough}

    with pytest.raises(ValueError, match=told):
        compare(**given | change)


def test_a_contradicted_claim_is_an_error_after_its_line(capsys):
    with pytest.raises(Contradicted, match=r"It helps: contradicted\.") as caught:
        compare("It helps", {"treated": LATE, "control": EARLY}, **WORDS)

    assert isinstance(caught.value, AssertionError)
    assert capsys.readouterr().out == f"{caught.value}\n"


def test_a_claim_contradicted_at_95_percent_only_is_told_and_no_error(capsys):
    control = np.array([0.502, 0.500, 0.498, 0.501, 0.499])
    treated = control + [0.010, 0.020, 0.005, 0.030, 0.015]  # the mean is 3.7 of its standard errors

    compare("It helps", {"treated": treated, "control": control}, **WORDS)

    assert "It helps: contradicted." in capsys.readouterr().out


@settings(deadline=None)
@given(pairs)
def test_what_is_beyond_doubt_is_so_by_scipys_paired_t_test(pairs):
    assume(varying(pairs))
    treatment, control = zip(*pairs)
    low, _ = stats.ttest_rel(treatment, control).confidence_interval(0.999)

    assert comparison(treatment, control).contradicted_beyond_doubt == (low > 0)


def test_no_error_in_a_run_that_is_not_large_enough(capsys, monkeypatch):
    monkeypatch.delenv("COURSEKIT_FULL", raising=False)

    compare("It helps", {"treated": LATE, "control": EARLY}, **WORDS, enough=False)

    assert "It helps: contradicted." in capsys.readouterr().out


def test_no_error_within_the_noise(capsys):
    compare("It helps", {"treated": [0.49, 0.52, 0.50], "control": [0.50, 0.51, 0.49]}, **WORDS)

    assert "It helps: within the noise." in capsys.readouterr().out


@pytest.mark.parametrize("treatment", [EARLY, LATE[::-1]])
def test_the_courses_own_full_run_is_large_enough_or_fails(treatment, monkeypatch):
    monkeypatch.setenv("COURSEKIT_FULL", "1")

    with pytest.raises(RuntimeError, match="default sizes are too small"):
        compare("It helps", {"treated": treatment, "control": LATE}, **WORDS, enough=False)


@settings(deadline=None)
@given(st.floats(-1e9, 1e9), st.floats(0, 1e6))
def test_rounding_changes_less_than_a_twentieth_of_the_uncertainty(value, uncertainty):
    (text,) = rounded([value], uncertainty)
    read = float(text.replace("−", "-"))

    assert abs(read - value) <= max(uncertainty / 20, 1e-5 * abs(value))
    assert len(text.strip("+−0.").replace(".", "")) <= max(6, len(f"{abs(value):.0f}"))


def test_an_end_beside_zero_is_told_from_it():
    control = np.array([4.0, 5.0, 4.5, 5.5])
    treatment = control - [3.514, 0.598, 2.326, 1.516]  # the interval ends at −0.0186

    line = str(comparison(treatment, control))

    assert line == "It helps: holds. Loss, treated − control: −1.99, 95 % interval from −3.96 to −0.02, 4 seeds."


@settings(deadline=None)
@given(pairs)
def test_an_end_is_printed_as_zero_only_if_it_is(pairs):
    assume(varying(pairs))
    compared = comparison(*zip(*pairs))
    shown = [float(text.replace("−", "-")) for text in compared.rounded()[1:]]

    assert [np.sign(end) for end in shown] == [np.sign(end) for end in compared.interval]
