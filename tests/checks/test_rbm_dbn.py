"""Every check of exercise 14 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import itertools
import json
import tracemalloc

import numpy as np
import pytest
from answer_tables import AnswerTables
from rbm_dbn_answers import (
    CONDITIONALS,
    DIVERGENCE,
    ENERGY,
    FILL,
    FREE,
    MACHINE,
    NATS,
    PATH,
    READ,
    RIGHT,
    TENSORS,
    TRAINED,
)

from coursekit import course
from coursekit.checks import boltzmann
from coursekit.checks import rbm_dbn as checks
from coursekit.data import load_mnist
from coursekit.grading import find_exercise
from coursekit.worker.bounds import MACHINE_UNITS

EXERCISE = "14_rbm_dbn"

WRONG = {
    "energy": [
        ("the sign left", ENERGY.replace("return -(v @ visible_bias) - h", "return v @ visible_bias + h")),
        ("links added", ENERGY.replace("- links", "+ links")),
        ("no visible biases", ENERGY.replace("-(v @ visible_bias) ", "")),
        ("no hidden biases", ENERGY.replace(" - h @ hidden_bias", "")),
        ("links twice", ENERGY.replace("- links", "- 2 * links")),
        ("no links", ENERGY.replace(" - links", "")),
        ("probabilities", ENERGY.replace("return ", "return np.exp(-(").replace("- links", "- links))")),
        ("a number for each hidden unit", ENERGY.replace("np.sum(v @ weights * h, axis=-1)", "v @ weights * h")),
        ("biases of all units", ENERGY.replace("v @ visible_bias", "np.sum(visible_bias)")),
    ],
    "conditionals": [
        ("no biases", CONDITIONALS.replace(" + hidden_bias", "").replace(" + visible_bias", "")),
        ("the sign turned", CONDITIONALS.replace("expit(", "1 - expit(")),
        ("tanh", CONDITIONALS.replace("expit(", "np.tanh(")),
        ("inputs", CONDITIONALS.replace("expit(", "(")),
        ("rounded", CONDITIONALS.replace("expit(", "np.round(expit(").replace("bias)\n", "bias))\n")),
        ("softmax", CONDITIONALS.replace("import expit", "import softmax as expit")),
        (
            "exp over exp",
            CONDITIONALS.replace("from scipy.special import expit", "def expit(x): return f(np.exp(x))")
            + "\ndef f(e): return e / (1 + e)",
        ),
        (
            "thrown",
            CONDITIONALS.replace("return expit", "return np.random.default_rng(0).random() < expit"),
        ),
        (
            "biases exchanged",
            CONDITIONALS.replace("+ hidden", "+ _").replace("+ visible", "+ hidden").replace("+ _", "+ visible"),
        ),
    ],
    "free_energy": [
        ("the sign turned", FREE.replace("-(v", "(v").replace("- softplus", "+ softplus")),
        ("visible biases added", FREE.replace("-(v", "(v")),
        ("no visible biases", FREE.replace("-(v @ visible_bias) ", "")),
        ("no hidden biases", FREE.replace(" + hidden_bias", "")),
        ("a number for each unit", FREE.replace(".sum(axis=-1)", "")),
        ("a number for all rows", FREE.replace(".sum(axis=-1)", ".sum()")),
        ("means", FREE.replace(".sum(axis=-1)", ".mean(axis=-1)")),
        ("the energy of the likeliest h", FREE.replace("np.logaddexp(", "np.maximum(")),
        (
            "the energy of the mean h",
            FREE.replace(
                "np.logaddexp(0, v @ weights + hidden_bias)",
                "(v @ weights + hidden_bias) / (1 + np.exp(-(v @ weights + hidden_bias)))",
            ),
        ),
        ("to base 2", FREE.replace("np.logaddexp", "np.logaddexp2")),
        ("exp(-F)", FREE.replace("return ", "return np.exp(-(").replace("axis=-1)\n", "axis=-1)))\n")),
    ],
    "log_likelihood": [
        ("not normalised", NATS.replace(" - logsumexp(terms)", "")),
        (
            "the batch for all states",
            NATS.replace("logsumexp(terms)", "logsumexp(minus_free(v, weights, visible_bias, hidden_bias))"),
        ),
        ("the mean for the sum", NATS.replace("logsumexp(terms)", "logsumexp(terms) + np.log(len(terms))")),
        ("log Z added", NATS.replace("- logsumexp", "+ logsumexp")),
        (
            "the sign turned",
            NATS.replace(
                "return minus_free(v, weights, visible_bias, hidden_bias) -",
                "return -minus_free(v, weights, visible_bias, hidden_bias) +",
            ),
        ),
        (
            "probabilities",
            NATS.replace(
                "return minus_free(v, weights, visible_bias, hidden_bias) - logsumexp(terms)",
                "return np.exp(minus_free(v, weights, visible_bias, hidden_bias) - logsumexp(terms))",
            ),
        ),
        (
            "the mean of the rows",
            NATS.replace(
                "return minus_free(v, weights, visible_bias, hidden_bias)",
                "return np.mean(minus_free(v, weights, visible_bias, hidden_bias))",
            ),
        ),
        ("bits", NATS.replace("- logsumexp(terms)", "- logsumexp(terms) / np.log(2)")),
        ("without the empty state", NATS.replace("logsumexp(terms)", "logsumexp(terms[1:])")),
        ("the largest term for all", NATS.replace("logsumexp(terms)", "terms.max()")),
    ],
    "fill_in": [
        ("v itself", "def fill_in(v, known, weights, visible_bias, hidden_bias, steps, seed): return v"),
        ("one step whatever is asked", FILL.replace("range(steps)", "range(1)")),
        ("a step more", FILL.replace("range(steps)", "range(steps + 1)")),
        (
            "probabilities returned",
            FILL.replace("v = throw(", "v = (").replace(" + visible_bias), rng)", " + visible_bias))"),
        ),
        (
            "probabilities handed on",
            FILL.replace("h = throw(expit(v @ weights + hidden_bias), rng)", "h = expit(v @ weights + hidden_bias)"),
        ),
        ("rounded", FILL.replace("rng.random(p.shape) < p", "0.5 < p")),
        ("one throw for all chains", FILL.replace("rng.random(p.shape)", "rng.random(p.shape[1])")),
        ("one throw for all units", FILL.replace("rng.random(p.shape)", "rng.random((len(p), 1))")),
        ("more than the probability", FILL.replace("rng.random(p.shape) < p", "rng.random(p.shape) > p")),
        (
            "the same numbers for both layers",
            FILL.replace("rng = np.random.default_rng(seed)", "rng = seed").replace(
                "rng.random", "np.random.default_rng(rng).random"
            ),
        ),
        (
            "the same numbers in each step",
            FILL.replace("steps):\n", "steps):\n        rng = np.random.default_rng(seed)\n"),
        ),
        ("the seed ignored", FILL.replace("default_rng(seed)", "default_rng(0)")),
        ("never the same", FILL.replace("default_rng(seed)", "default_rng()")),
        ("the others stay", FILL.replace("np.where(known,", "np.where(~known,")),
        ("from the start each time", FILL.replace("expit(v @", "expit(given @")),
        ("no visible biases", FILL.replace(" + visible_bias", "")),
        ("no hidden biases", FILL.replace(" + hidden_bias", "")),
    ],
    "contrastive_divergence": [
        ("downhill", DIVERGENCE.replace("n = len(v)", "n = len(v)\n    v, w, seen, felt = w, v, felt, seen")),
        (
            "the data's side alone",
            DIVERGENCE.replace(" - w.T @ felt", "")
            .replace(" - w.mean(axis=0)", "")
            .replace(" - felt.mean(axis=0)", ""),
        ),
        ("sums", DIVERGENCE.replace("n = len(v)", "n = 1").replace("mean", "sum")),
        ("one step whatever is asked", DIVERGENCE.replace("range(steps)", "range(1)")),
        ("a step more", DIVERGENCE.replace("range(steps)", "range(steps + 1)")),
        ("the chain begins at noise", DIVERGENCE.replace("w, felt = v, seen", "w, felt = v, rng.random(seen.shape)")),
        ("the chain begins at v in each step", DIVERGENCE.replace("h = throw(felt, rng)", "h = throw(seen, rng)")),
        ("v of the data with h of the dream", DIVERGENCE.replace("w.T @ felt", "v.T @ felt")),
        ("turned round", DIVERGENCE.replace("(v.T @ seen - w.T @ felt) / n", "(seen.T @ v - felt.T @ w) / n")),
        ("the weights alone", DIVERGENCE.replace("/ n, v.mean", "/ n\n    v.mean")),
        (
            "biases exchanged",
            DIVERGENCE.replace(
                "v.mean(axis=0) - w.mean(axis=0), seen.mean(axis=0) - felt.mean(axis=0)",
                "seen.mean(axis=0) - felt.mean(axis=0), v.mean(axis=0) - w.mean(axis=0)",
            ),
        ),
    ],
    "path_weights": [
        (
            "no known log Z",
            PATH.replace("np.logaddexp(0, base_bias).sum() + len(hidden_bias) * np.log(2)", "np.zeros(path.shape[1])"),
        ),
        ("the hidden units of the base forgotten", PATH.replace(" + len(hidden_bias) * np.log(2)", "")),
        ("the visible units of the base forgotten", PATH.replace("np.logaddexp(0, base_bias).sum() + ", "")),
        (
            "the weight of the way back",
            PATH.replace(
                "+ log_p(v, betas[k + 1]) - log_p(v, betas[k])", "- log_p(v, betas[k + 1]) + log_p(v, betas[k])"
            ),
        ),
        ("not logarithms", PATH.replace("return total", "return np.exp(total)")),
        ("the mean of all chains", PATH.replace("return total", "return total.mean()")),
        ("the base's biases stay", PATH.replace("(1 - beta) * base_bias", "base_bias")),
        ("the base's biases forgotten", PATH.replace("(1 - beta) * base_bias + ", "")),
        (
            "hidden biases not cooled",
            PATH.replace("beta * (v @ weights + hidden_bias)", "beta * (v @ weights) + hidden_bias"),
        ),
        ("the log-likelihood of the last state", PATH.replace("- log_p(v, betas[k])", "")),
    ],
    "read": [
        ("the sign turned", READ.replace("v @ visible_bias + np", "-v @ visible_bias - np")),
        ("no biases of labels", READ.replace("v @ visible_bias", "images @ visible_bias[:-10]")),
        ("no visible biases", READ.replace("v @ visible_bias + ", "")),
        ("no hidden biases", READ.replace(" + hidden_bias", "")),
        ("free energies", READ.replace("return shares / shares.sum(axis=1, keepdims=True)", "return minus")),
        ("not divided", READ.replace("return shares / shares.sum(axis=1, keepdims=True)", "return shares")),
        ("the likeliest alone", READ.replace("return shares /", "return (shares == 1) /")),
        ("divided over the images", READ.replace("shares.sum(axis=1", "shares.sum(axis=0")),
        (
            "classes in rows",
            READ.replace(
                "return shares / shares.sum(axis=1, keepdims=True)",
                "return (shares / shares.sum(axis=1, keepdims=True)).T",
            ),
        ),
        (
            "label units in front",
            READ.replace("[images, np.tile(label, (len(images), 1))]", "[np.tile(label, (len(images), 1)), images]"),
        ),
        ("all label units on", READ.replace("np.tile(label", "np.ones((len(images), 10)) + 0 * np.tile(label")),
        ("rounded to bits", READ.replace("[images,", "[images > 0.5,")),
        (
            "up and down once",
            """
            from scipy.special import expit
            def read(images, weights, visible_bias, hidden_bias):
                v = np.hstack([images, np.full((len(images), 10), 0.1)])
                p = expit(expit(v @ weights + hidden_bias) @ weights.T + visible_bias)[:, -10:]
                return p / p.sum(axis=1, keepdims=True)
            """,
        ),
        ("the mean of all images taken off", READ.replace("minus.max(axis=1, keepdims=True)", "minus.mean()")),
        ("an exp that overflows", READ.replace("minus - minus.max(axis=1, keepdims=True)", "minus")),
        ("the highest of all images taken off", READ.replace("minus.max(axis=1, keepdims=True)", "minus.max()")),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    (
        "energy",
        "def energy(v, h, weights, visible_bias, hidden_bias): "
        "return -v @ visible_bias - h @ hidden_bias - v @ weights @ h.T",
        1,
    ),
    ("energy", ENERGY.replace(", axis=-1", ""), 1),
    ("energy", ENERGY.replace(", axis=-1", ", axis=-1, keepdims=True"), 1),
    ("energy", ENERGY.replace("return -(", "return np.mean(-(").replace("- links", "- links)"), 1),
    ("conditionals", CONDITIONALS.replace("weights.T", "weights"), 1),
    ("conditionals", CONDITIONALS.replace(" + visible_bias", ""), 1),
    ("conditionals", CONDITIONALS.replace(" + hidden_bias", ""), 1),
    ("conditionals", CONDITIONALS.split("def visible")[0], 1),
    (
        "free_energy",
        FREE.replace("np.logaddexp(0, v @ weights + hidden_bias)", "np.log(1 + np.exp(v @ weights + hidden_bias))"),
        1,
    ),
    (
        "free_energy",
        FREE.replace(
            "np.logaddexp(0, v @ weights + hidden_bias)",
            "np.log1p(np.exp(np.clip(v @ weights + hidden_bias, -50, 50)))",
        ),
        1,
    ),
    ("log_likelihood", NATS.replace("len(visible_bias) < len(hidden_bias)", "False"), 2),
    ("log_likelihood", NATS.replace("len(visible_bias) < len(hidden_bias)", "True"), 2),
    ("log_likelihood", NATS.replace("len(visible_bias) < len(hidden_bias)", "len(visible_bias) > len(hidden_bias)"), 2),
    ("log_likelihood", NATS.replace("logsumexp(terms)", "np.log(np.exp(terms).sum())"), 2),
    (
        "log_likelihood",
        NATS.replace("logsumexp(terms)", "np.log(np.exp(terms).sum())").replace(
            "len(visible_bias) < len(hidden_bias)", "True"
        ),
        1,
    ),
    ("fill_in", FILL.replace("        v = np.where(known, given, v)\n", ""), 1),
    (
        "fill_in",
        FILL.replace("        v = np.where(known, given, v)\n    return v", "    return np.where(known, given, v)"),
        1,
    ),
    ("fill_in", FILL.replace("np.where(known, given, v)", "np.where(known, 1, v)"), 1),
    # Bits where the statement wants probabilities, and probabilities where it wants bits.
    (
        "contrastive_divergence",
        DIVERGENCE.replace(
            "w = throw(expit(h @ weights.T + visible_bias), rng)", "w = expit(h @ weights.T + visible_bias)"
        ),
        2,
    ),
    ("contrastive_divergence", DIVERGENCE.replace("h = throw(felt, rng)", "h = felt"), 2),
    ("contrastive_divergence", DIVERGENCE.replace("n = len(v)", "n, felt = len(v), throw(felt, rng)"), 2),
    ("contrastive_divergence", DIVERGENCE.replace("n = len(v)", "n, seen = len(v), throw(seen, rng)"), 2),
    ("contrastive_divergence", DIVERGENCE.replace("rng.random(p.shape) < p", "0.5 < p"), 2),
    (
        "contrastive_divergence",
        DIVERGENCE.replace("rng = np.random.default_rng(seed)", "rng = seed").replace(
            "rng.random", "np.random.default_rng(rng).random"
        ),
        2,
    ),
    ("contrastive_divergence", DIVERGENCE.replace("default_rng(seed)", "default_rng(0)"), 2),
    ("contrastive_divergence", DIVERGENCE.replace("default_rng(seed)", "default_rng()"), 2),
    ("fill_in", FILL.replace("np.where(known, given, v)", "np.where(known.any(), given, v)"), 1),
    (
        "contrastive_divergence",
        DIVERGENCE.replace("steps):\n", "steps):\n        rng = np.random.default_rng(seed)\n"),
        2,
    ),
    (  # another way from one machine to the other
        "path_weights",
        PATH.replace(
            "np.logaddexp(0, beta * (v @ weights + hidden_bias))", "beta * np.logaddexp(0, v @ weights + hidden_bias)"
        ).replace("* np.log(2)", "* 0"),
        1,
    ),
    ("path_weights", PATH.replace("enumerate(path)", "enumerate(path[::-1])"), 1),
    ("path_weights", PATH.replace("enumerate(path)", "enumerate(path[:1])"), 1),
    (
        "path_weights",
        PATH.replace("for k, v in enumerate(path):", "for k in range(len(path)):\n        v = path[0]"),
        1,
    ),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("machine",)


@pytest.mark.parametrize("question", TENSORS)
def test_answers_in_tensors_earn_all_points(earned, question):
    assert earned(EXERCISE, question, TENSORS[question]) == find_exercise(EXERCISE).find(question).points


def test_the_points_add_up():
    assert find_exercise(EXERCISE).points == 20


def drawn(seed, visible, hidden):
    """A machine, all pairs of states of its layers, and the probability of each by the energy alone."""
    rbm = boltzmann.drawn(np.random.default_rng(seed), visible, hidden)
    v, h = boltzmann.states(visible), boltzmann.states(hidden)
    minus = np.array([[one @ rbm[1] + two @ rbm[2] + one @ rbm[0] @ two for two in h] for one in v])
    joint = np.exp(minus)
    return rbm, v, h, joint / joint.sum()


def test_states_are_listed_once_each():
    for units in (1, 2, 5):
        states = boltzmann.states(units)
        assert sorted(map(tuple, states)) == list(itertools.product((0, 1), repeat=units))
        assert boltzmann.number(states).tolist() == list(range(2**units))


@pytest.mark.parametrize(("visible", "hidden"), [(3, 2), (2, 4), (4, 4)])
def test_the_references_are_those_of_the_table_of_all_states(visible, hidden):
    for seed in range(5):
        rbm, v, h, joint = drawn(seed, visible, hidden)
        marginal = joint.sum(axis=1)
        energies = boltzmann.energy(v[:, np.newaxis], h, *rbm)
        assert np.exp(-energies) / np.exp(-energies).sum() == pytest.approx(joint)
        assert boltzmann.log_likelihood(v, *rbm) == pytest.approx(np.log(marginal))
        assert -boltzmann.free_energy(v, *rbm) == pytest.approx(np.log(np.exp(-energies).sum(axis=1)))
        assert boltzmann.up(v, *rbm) == pytest.approx(joint @ h / marginal[:, np.newaxis])
        assert boltzmann.down(h, *rbm) == pytest.approx(joint.T @ v / joint.sum(axis=0)[:, np.newaxis])


def test_a_step_keeps_the_machines_own_distribution():
    for seed in range(5):
        rbm, _, _, joint = drawn(seed, 3, 4)
        step = boltzmann.transition(np.zeros(3, bool), *rbm)
        assert joint.sum(axis=1) @ step == pytest.approx(joint.sum(axis=1))


def test_a_step_with_known_pixels_keeps_the_distribution_given_them():
    known = np.array([True, False, True])
    for seed in range(5):
        rbm, v, _, joint = drawn(seed, 3, 4)
        step = boltzmann.transition(known, *rbm)
        for bits in itertools.product((0, 1), repeat=2):
            given = joint.sum(axis=1) * (v[:, known] == bits).all(axis=1)
            assert given @ step == pytest.approx(given)


def test_many_steps_of_contrastive_divergence_are_the_gradient():
    for seed in range(5):
        rbm, v, h, joint = drawn(seed, 3, 2)
        batch = v[[1, 3, 6]]
        (mean, _, _), strays = boltzmann.expected(batch, 500, rbm)
        assert mean == pytest.approx(batch.T @ boltzmann.up(batch, *rbm) / 3 - v.T @ joint @ h, abs=1e-6)
        for part, stray in zip(rbm, strays):
            assert stray.shape == part.shape
            assert (stray > 0).all()


def test_the_spread_of_contrastive_divergence_is_that_of_throws():
    rng = np.random.default_rng(0)
    rbm, v = boltzmann.telling(rng)
    batch = np.tile(v, (10, 1))
    step = boltzmann.transition(np.zeros(3, bool), *rbm)[boltzmann.number(v)]
    ends = boltzmann.states(3)[rng.choice(8, p=step, size=(4_000, 10))]
    thrown = [boltzmann.difference(batch, end, rbm) for end in ends]
    for got, mean, stray in zip(zip(*thrown), *boltzmann.expected(batch, 1, rbm)):
        assert np.std(got, axis=0) == pytest.approx(stray, rel=0.1)
        assert np.mean(got, axis=0) == pytest.approx(mean, abs=0.01)


def test_weights_along_a_path_are_unbiased():
    rbm, v, _, _ = drawn(3, 2, 2)
    base, betas = np.array([0.5, -0.3]), np.array([0, 0.4, 1])
    first = np.exp(v @ base) / np.exp(v @ base).sum()
    bias = 0.6 * base + 0.4 * rbm[1]
    step = boltzmann.transition(np.zeros(2, bool), 0.4 * rbm[0], bias, 0.4 * rbm[2])
    mean = 0.0
    for one, two in itertools.product(range(4), repeat=2):
        path = v[[one, two]][:, np.newaxis]
        mean += first[one] * step[one, two] * np.exp(boltzmann.path_weights(path, betas, rbm, base)[0])
    assert np.log(mean) == pytest.approx(np.log(np.exp(-boltzmann.free_energy(v, *rbm)).sum()))


def test_ink_spreads_in_a_row_and_stops_at_a_known_pixel():
    for seed in range(20):
        rbm = boltzmann.spreading(np.random.default_rng(seed), 7)
        one_end = np.argmin(np.sum(rbm[0] > 0, axis=1))  # beside one hidden unit, not two
        v = np.eye(7)[[one_end]]
        there = np.concatenate([boltzmann.led(v, rbm, steps) for steps in range(8)])
        assert there.sum(axis=1).tolist() == [1, 2, 3, 4, 5, 6, 7, 7]
        arrival = np.argmax(there, axis=0)
        for pixel in np.flatnonzero(arrival):
            assert boltzmann.led(v, rbm, 7, np.arange(7) == pixel).sum() == arrival[pixel]
        sure = boltzmann.up(boltzmann.states(7), *rbm)
        assert np.minimum(sure, 1 - sure).max() < 1e-15


def test_the_same_throws_in_each_step_lead_elsewhere():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rbm, first = boltzmann.flipping(rng)
        up, down = rng.random((2, 20_000, 3))
        v = np.tile(first, (20_000, 1))
        for _ in range(4):
            v = down < boltzmann.down(up < boltzmann.up(v, *rbm), *rbm)
        shares = np.bincount(boltzmann.number(v), minlength=8) / len(v)
        want = np.linalg.matrix_power(boltzmann.transition(np.zeros(3, bool), *rbm), 4)[boltzmann.number(first)]
        assert np.abs(shares - want).max() > 0.1


def test_chains_tell_when_known_pixels_are_put_back():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        v, known, want, *rbm = boltzmann.chains(rng, 10, 2, some=True)
        free = boltzmann.led(v, rbm, 2)
        assert (want[:, known] == v[:, known]).all()
        assert (want != free).any()
        assert (want != np.where(known, v, free)).any()


@pytest.fixture
def bars(monkeypatch):
    """Bars between what machines reach that counted pixels of 60, of 300, and of 3,000 digits."""
    monkeypatch.setattr(checks, "BARS", (0.70, 0.78))
    monkeypatch.setattr(checks, "NATS", 30)


STORED = [  # digits that a machine counted, the scale of its weights, and the points
    (3_000, 1.0, 3),
    (300, 1.0, 2),
    (60, 1.0, 1),
    (3_000, 0.1, 2),
    (3_000, 0.0, 0),
    (3_000, -1.0, 0),
]


@pytest.mark.usefixtures("bars")
@pytest.mark.parametrize(("count", "scale", "want"), STORED)
def test_a_machine_is_judged_by_what_it_reads_and_by_its_free_energies(earned, count, scale, want):
    assert earned(EXERCISE, "machine", MACHINE.replace("COUNT", str(count)).replace("SCALE", str(scale))) == want


OTHER = [  # a line behind such an answer, and the points
    ("machine = [part.tolist() for part in machine]", 3),
    ("machine = tuple(part.astype('float32') for part in machine)", 3),
    ("machine = tuple(__import__('tensorflow').constant(part) for part in machine)", 3),
    ("machine = machine[0].T, machine[1], machine[2]", 0),
    ("machine = machine[0], machine[2], machine[1]", 0),
    ("machine = machine[0]", 0),
    ("machine = np.nan * machine[0], machine[1], machine[2]", 0),
    ("machine = machine[0][:784], machine[1][:784], machine[2]", 0),
    ("machine = np.roll(machine[0], 10, axis=0), np.roll(machine[1], 10), machine[2]", 1),
    ("machine = np.roll(machine[0], 1, axis=1), machine[1], machine[2]", 1),
    ("machine[0][784:] = np.roll(machine[0][784:], 1, axis=0)", 0),
    ("machine[0][784:] = 0", 1),
    ("w, a, b = machine\nmore = 0, 2_001 - len(b)\nmachine = np.pad(w, ((0, 0), more)), a, np.pad(b, more)", 0),
    ("del machine", 0),
]


@pytest.mark.usefixtures("bars")
@pytest.mark.parametrize(("line", "want"), OTHER)
def test_a_machine_may_come_in_several_forms(earned, line, want):
    source = MACHINE.replace("COUNT", "3_000").replace("SCALE", "1.0") + line
    assert earned(EXERCISE, "machine", source) == want


def test_a_wide_machine_reads_within_little_memory():
    rng = np.random.default_rng(0)
    images, machine = rng.random((3_000, 20)), boltzmann.drawn(rng, 30, MACHINE_UNITS)
    tracemalloc.start()
    together = boltzmann.read(images, *machine)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * MACHINE_UNITS * 3_000
    assert together[[0, 499, 500, 2_999]] == pytest.approx(boltzmann.read(images[[0, 499, 500, 2_999]], *machine))


def test_biases_alone_tell_no_digits_from_mixed_pixels():
    images, labels = checks.unseen_digits(784)
    biases = np.random.default_rng(0).normal(size=794)
    machine = np.zeros((794, 5)), biases, np.ones(5)
    assert checks.told_apart(machine, images, labels) == pytest.approx(0, abs=1e-6)


def given(marker: str) -> str:
    """The source of the cell of the exercise that holds ``marker``, as it stands there."""
    cells = json.loads(course.find(EXERCISE).solution.read_text("utf-8"))["cells"]
    (source,) = (
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and marker in "".join(cell["source"])
    )
    return source


@pytest.mark.slow
@pytest.mark.parametrize(
    ("passes", "rate", "mixed", "want"), [(5, 0.1, False, 3), (2, 0.1, True, 1), (1, 0.02, False, 0)]
)
def test_a_training_that_is_written_differently_reaches_the_bars_where_labels_belong_to_digits(
    earned, passes, rate, mixed, want
):
    names = {"np": np, "load_mnist": load_mnist}
    exec(given("def with_labels"), names)
    exec(given("digits = "), names)
    source = TRAINED.replace("SEED", "5").replace("PASSES", str(passes)).replace("RATE", str(rate))
    source = source.replace("UNITS", "200").replace("MIXED", str(mixed))
    assert earned(EXERCISE, "machine", source, **names) == want


def test_the_statement_names_the_bars():
    cells = json.loads(course.find(EXERCISE).solution.read_text("utf-8"))["cells"]
    text = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    low, high = (f"{100 * bar:.0f} %" for bar in checks.BARS)
    assert f"One point is for {low} of them read rightly, one more for {high}." in text
    assert f"at least {checks.NATS} nats, as" in text
    assert f"with up to {MACHINE_UNITS:,} hidden units" in text
