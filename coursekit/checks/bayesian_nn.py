"""Questions of exercise 9: an exact posterior, the KL of a layer, MC dropout, calibration, abstaining."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from coursekit.data import load_fashion_mnist, load_mnist
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("09_bayesian_nn")

KERNEL = np.array([[3.0, 0.0], [0.0, 1.0], [-1.0, 1.0]])
DROPOUT = 0.5
PASSES = 600
SHOWN = 2_000


@exercise.question("posterior", points=3, title="The posterior of a linear model")
def posterior(answers: Answers, expect: Expect) -> None:
    """Mean and covariance of the weights of a linear model with known noise and a normal prior."""
    rng = np.random.default_rng(0)
    design, noise_std, prior_std = rng.normal(size=(12, 3)) + 1, 0.4, 1.5
    targets = design @ [1.0, -2.0, 0.5] + noise_std * rng.normal(size=12)
    mean, covariance = _posterior(design, targets, noise_std, prior_std)
    got = answers.call("posterior", design, targets, noise_std, prior_std)
    expect.several(got, "mean, covariance")
    expect.shape(got[0], (3,), hint="One mean for each weight, a flat array.")
    expect.shape(got[1], (3, 3), hint="One row and one column for each weight.")
    with expect.part(points=2, title="covariance"):
        expect.close(
            got[1],
            covariance,
            hint="The precision is designᵀ design / noise *variance* + I / prior *variance*; the covariance is its "
            "inverse.",
        )
    expect.close(
        got[0],
        mean,
        hint="mean = covariance @ designᵀ @ targets / noise_std²: the noise divides, more noise pulls less.",
    )


def _posterior(
    design: np.ndarray, targets: np.ndarray, noise_std: float, prior_std: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance, see Bishop (2006), equations 3.53 and 3.54."""
    precision = design.T @ design / noise_std**2 + np.eye(design.shape[1]) / prior_std**2
    return np.linalg.solve(precision, design.T @ targets / noise_std**2), np.linalg.inv(precision)


@exercise.question("predictive", points=2, title="What it predicts")
def predictive(answers: Answers, expect: Expect) -> None:
    """Mean and standard deviation of new observations, noise included."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(3, 3))
    phi, mean, covariance, noise_std = rng.normal(size=(5, 3)), rng.normal(size=3), root @ root.T, 0.7
    got = answers.call("predictive", phi, mean, covariance, noise_std)
    expect.several(got, "mean, std")
    with expect.part(points=1, title="mean"):
        expect.close(got[0], phi @ mean, hint="The mean prediction is that of the mean weights: phi @ mean.")
    expect.shape(got[1], (5,), hint="One standard deviation a row: the diagonal of phi @ covariance @ phiᵀ is enough.")
    expect.close(
        got[1],
        np.sqrt(np.diag(phi @ covariance @ phi.T) + noise_std**2),
        hint="Variances add, standard deviations do not: phiᵀ covariance phi + noise_std², and the root at the end.",
    )


@exercise.question("kl_term", points=3, title="The divergence of a variational layer")
def kl_term(answers: Answers, expect: Expect) -> None:
    """What a variational layer adds to a mean loss: its KL from the prior, divided by the number of examples."""
    rng = np.random.default_rng(2)
    mean, rho, prior_std = rng.normal(size=(4, 3)), rng.normal(-1, 1, size=(4, 3)), 0.6
    want = _kl(mean, rho, prior_std)
    whole = answers.call("kl_term", mean, rho, prior_std, 1)
    expect.shape(whole, (), hint="One number: add up over all weights, both axes.")
    expect.close(
        whole,
        want,
        hint="std = log(1 + e^rho), not rho and not e^rho. Sum log(s/σ) + (σ² + μ²)/(2s²) − ½ over *all* weights.",
    )
    with expect.part(points=1, title="for one example"):
        expect.close(
            answers.call("kl_term", mean, rho, prior_std, 50_000),
            want / 50_000,
            atol=1e-10,
            hint="The loss is a mean over examples, and the divergence belongs to all of them together: divide it by "
            "their number.",
        )


def _kl(mean: np.ndarray, rho: np.ndarray, prior_std: float) -> float:
    std = np.logaddexp(0, rho)
    return float(np.sum(np.log(prior_std / std) + (std**2 + mean**2) / (2 * prior_std**2) - 0.5))


@exercise.question("mc_dropout", points=3, title="MC dropout")
def mc_dropout(answers: Answers, expect: Expect) -> None:
    """Predictive probabilities of the small network under random dropout masks."""
    x = np.array([[1.0, 1.0, 1.0], [2.0, -1.0, 0.5], [-1.0, 2.0, 1.5], [0.5, 3.0, 0.0]], dtype="float32")
    got = answers.call("mc_dropout", x, PASSES)
    expect.shape(got, (4, 2), hint="One row of probabilities for each row of x; the passes are averaged away.")
    with expect.part(points=1, title="passes that differ"):
        once, again = (np.asarray(answers.call("mc_dropout", np.repeat(x, 10, axis=0), 1)) for _ in range(2))
        expect.true(
            not np.array_equal(once, again),
            "Two single passes gave the same.",
            hint="Dropout is off outside of training, and in `predict`. Call the network: network(x, training=True).",
        )
    expect.true(
        bool(np.allclose(np.sum(got, axis=1), 1, atol=1e-3)),
        "The rows do not add up to 1.",
        hint="The network gives logits; each pass needs a softmax.",
    )
    expect.close(
        got,
        _mean_over_masks(x),
        rtol=0,
        atol=0.1,
        hint="Average *probabilities* over many passes: softmax first, then the mean. Averaged logits differ.",
    )


def _mean_over_masks(x: np.ndarray) -> np.ndarray:
    """The exact predictive probabilities: a mean over all eight masks, which are equally likely."""
    from scipy.special import softmax

    masks = np.array(list(product([0.0, 1 / (1 - DROPOUT)], repeat=3)))
    logits = (x[None] * masks[:, None]) @ KERNEL  # (mask, row, class)
    return np.asarray(softmax(logits, axis=-1).mean(axis=0))


@exercise.question("ece", points=2, title="Calibration")
def ece(answers: Answers, expect: Expect) -> None:
    """The expected calibration error: bins by confidence, each weighted by its share of the answers."""
    tiny = np.array([[0.91, 0.09], [0.92, 0.08], [0.93, 0.07], [0.35, 0.65]])
    expect.close(
        answers.call("ece", tiny, np.array([0, 0, 1, 1]), 10),
        0.75 * abs(2 / 3 - 0.92) + 0.25 * 0.35,
        hint="Three answers lie in the bin from 0.9 to 1 and one in that from 0.6 to 0.7: weights ¾ and ¼, not ½ each.",
    )
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.full(4, 0.4), size=500)
    labels = rng.integers(0, 4, size=500)
    for bins in (5, 15):
        expect.close(
            answers.call("ece", probabilities, labels, bins),
            _ece(probabilities, labels, bins),
            hint="Confidence is the largest probability of a row; an answer is right if its argmax is the label; "
            "empty bins are left out.",
        )


def _ece(probabilities: np.ndarray, labels: np.ndarray, bins: int) -> float:
    """See Guo et al. (2017), equation 3."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for number in np.unique(index):
        within = index == number
        total += within.mean() * abs(right[within].mean() - confidence[within].mean())
    return float(total)


@exercise.question("split_doubt", points=2, title="Noise and ignorance")
def split_doubt(answers: Answers, expect: Expect) -> None:
    """Total, aleatoric and epistemic doubt, in nats, from the probabilities of random networks."""
    samples = np.random.default_rng(4).dirichlet([0.5, 1.0, 2.0], size=(6, 4))  # (draw, row, class)
    samples[:, 0] = np.eye(3)[[0, 1, 2, 0, 1, 2]]  # certain, and contradicting each other
    samples[:, 1] = [0.5, 0.5, 0.0]  # of one mind that nobody can know
    total, aleatoric = _entropy(samples.mean(axis=0)), _entropy(samples).mean(axis=0)
    got = answers.call("split_doubt", samples)
    expect.several(got, "total, aleatoric, epistemic")
    expect.shape(got[0], (4,), hint="One number a row: draws are averaged away, classes summed away.")
    expect.finite(got[0], hint="0 · log 0 is nan in NumPy; take the logarithm of np.where(p > 0, p, 1).")
    with expect.part(points=1, title="total"):
        expect.close(
            got[0], total, atol=1e-5, hint="The entropy of the *mean* probabilities, with the natural logarithm."
        )
    expect.close(got[1], aleatoric, atol=1e-5, hint="The mean over draws of each network's own entropy.")
    expect.close(got[2], total - aleatoric, atol=1e-5, hint="The total minus the aleatoric part.")


def _entropy(p: np.ndarray) -> np.ndarray:
    from scipy.special import entr

    return np.asarray(entr(p).sum(axis=-1))


@exercise.question("abstain", points=2, title="May I abstain?")
def abstain(answers: Answers, expect: Expect) -> None:
    """The most probable class of each row, or −1 for the share of rows that are least certain."""
    rng = np.random.default_rng(5)
    for rows, share in ((10, 0.3), (40, 0.05), (6, 0.0)):
        probabilities = rng.dirichlet(np.ones(4), size=rows)
        want = probabilities.argmax(axis=1)
        want[np.argsort(probabilities.max(axis=1))[: round(share * rows)]] = -1
        got = answers.call("abstain", probabilities, share)
        expect.shape(got, (rows,), hint="One decision for each row, in the order of the rows, also where you abstain.")
        expect.equal(
            np.asarray(got),
            want,
            hint="np.argsort sorts upwards: the first round(share · rows) indices of the largest probabilities are the "
            "*least* certain rows. With a share of 0 nobody abstains: [:0] is empty, [-0:] is everything.",
        )


@exercise.question("uncertain", points=3, title="A network that knows digits from clothes", seconds=120)
def uncertain(answers: Answers, expect: Expect) -> None:
    """Predictive probabilities that are right on digits and in doubt about clothes."""
    mnist, fashion = load_mnist(), load_fashion_mnist()
    labels = mnist.y_test[:SHOWN]
    digits = _probabilities(answers.call("uncertain", mnist.x_test[:SHOWN]), expect)
    clothes = _probabilities(answers.call("uncertain", fashion.x_test[:SHOWN]), expect)
    right = digits.argmax(axis=1) == labels
    doubt, doubt_of_clothes = _entropy(digits), _entropy(clothes)
    with expect.part(points=1, title="98.5 % right when a tenth is rejected"):
        kept = np.argsort(doubt)[: int(0.9 * SHOWN)]
        expect.at_least(float(right[kept].mean()), 0.985, hint="Train a little longer; average more passes.")
    with expect.part(points=1, title="AUROC of 0.85 against clothes"):
        expect.at_least(
            _auroc(doubt, doubt_of_clothes),
            0.85,
            hint="A plain network is sure of clothes too. Average 20 passes with dropout on, or train variational "
            "layers; average probabilities, not logits.",
        )
    expect.at_most(1 - float(right.mean()), 0.05, hint="Pixels from 0 to 1? Enough epochs? Softmax over the classes?")


def _probabilities(got: Any, expect: Expect) -> np.ndarray:
    expect.shape(got, (SHOWN, 10), hint="One row of ten probabilities for each picture.")
    expect.finite(got)
    probabilities = np.asarray(got, dtype=float)
    expect.true(
        bool((probabilities > -1e-6).all() and np.allclose(probabilities.sum(axis=1), 1, atol=1e-3)),
        "The rows are no probabilities: not negative, with the sum 1.",
        hint="A softmax over the logits of each pass, then the mean over passes.",
    )
    return probabilities.clip(0, 1)


def _auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    """The chance that a value of ``outside`` exceeds one of ``inside``; ties count half (Mann and Whitney 1947)."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([inside, outside]))[len(inside) :]
    return float((ranks.sum() - len(outside) * (len(outside) + 1) / 2) / (len(inside) * len(outside)))
