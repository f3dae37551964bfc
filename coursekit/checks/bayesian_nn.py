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
COPIES, PASSES = 25, 20  # of each row that MC dropout is shown
SHOWN = 2_000
KNOWS_CLOTHES = 0.88  # an AUROC


@exercise.question("posterior", points=3, title="The posterior of a linear model")
def posterior(answers: Answers, expect: Expect) -> None:
    """Mean and covariance of the weights of a linear model with known noise and a normal prior.

    `posterior(design, targets, noise_std, prior_std)` returns the pair `(mean, covariance)`.
    """
    rng = answers.draw("examples")
    cases = []
    for examples in (12, 2, 1, 30):
        design = (rng.normal(size=(examples, 3)) + 0.5).astype(np.float32)
        noise_std, prior_std = float(rng.uniform(0.3, 0.8)), float(rng.uniform(1.3, 2))
        targets = (design @ rng.normal(size=3) + noise_std * rng.normal(size=examples)).astype(np.float32)
        got = answers.call("posterior", design, targets, noise_std, prior_std)
        expect.several(got, "mean, covariance")
        expect.shape(got[0], (3,), hint="One mean for each weight, a flat array.")
        expect.shape(got[1], (3, 3), hint="One row and one column for each weight.")
        cases.append((got, _posterior(design.astype(float), targets.astype(float), noise_std, prior_std)))
    with expect.part(points=2, title="covariance"):
        for got, (_, covariance) in cases:
            expect.close(
                got[1],
                covariance,
                rtol=1e-3,
                atol=1e-4,
                hint="Precisions add up: that of the prior and that of the examples, each of a *variance*. The "
                "covariance is the inverse of the whole.",
            )
    for got, (mean, _) in cases:
        expect.close(
            got[0],
            mean,
            rtol=1e-3,
            atol=1e-3,
            hint="The more noise, the less do the targets pull the mean away from 0; as the prior grows wide, it nears "
            "that of least squares.",
        )


def _posterior(
    design: np.ndarray, targets: np.ndarray, noise_std: float, prior_std: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance, see Bishop (2006), equations 3.53 and 3.54."""
    precision = design.T @ design / noise_std**2 + np.eye(design.shape[1]) / prior_std**2
    return np.linalg.solve(precision, design.T @ targets / noise_std**2), np.linalg.inv(precision)


@exercise.question("predictive", points=2, title="What it predicts")
def predictive(answers: Answers, expect: Expect) -> None:
    """Mean and standard deviation of new observations, noise included.

    `predictive(phi, mean, covariance, noise_std)` returns the pair `(mean, std)`, two flat arrays.
    """
    rng = answers.draw("new rows")
    cases = []
    for rows in (5, 3, 1):
        root = rng.normal(size=(3, 3)) + np.eye(3)
        arrays = rng.normal(size=(rows, 3)), rng.normal(size=3), root @ root.T
        phi, mean, covariance = (each.astype(np.float32) for each in arrays)
        noise_std = float(rng.uniform(0.3, 0.7))
        got = answers.call("predictive", phi, mean, covariance, noise_std)
        expect.several(got, "mean, std")
        doubt = np.einsum("ri,ij,rj->r", phi, covariance, phi, dtype=float) + noise_std**2
        cases.append((got, phi.astype(float) @ mean, np.sqrt(doubt)))
    with expect.part(points=1, title="mean"):
        for got, mean, _ in cases:
            expect.close(got[0], mean, rtol=1e-4, atol=1e-5, hint="The mean prediction is that of the mean weights.")
    for got, mean, std in cases:
        expect.shape(got[1], mean.shape, hint="One standard deviation a row: how two rows vary together is not asked.")
        expect.close(
            got[1],
            std,
            rtol=1e-4,
            atol=1e-5,
            hint="Variances add, standard deviations do not: that of the weights, as each row sees it, and that of the "
            "noise. All of the covariance plays a part.",
        )


@exercise.question("kl_term", points=3, title="The divergence of a variational layer")
def kl_term(answers: Answers, expect: Expect) -> None:
    """What a variational layer adds to a loss that is a mean over examples, made of its KL from the prior.

    `kl_term(mean, rho, prior_std, training_examples)` returns one number.
    """
    rng = answers.draw("layers")
    layers = []
    for shape in ((4, 3), (1, 1), (2, 6)):
        mean, rho = rng.normal(size=shape).astype(np.float32), rng.uniform(-3, 1, size=shape).astype(np.float32)
        layers.append((mean, rho, float(rng.uniform(0.3, 0.7))))
    for layer in layers:
        whole = answers.call("kl_term", *layer, 1)
        expect.close(
            whole,
            _kl(*layer),
            rtol=1e-4,
            hint="One number: the sum over *all* weights, both axes, with std = log(1 + e^rho), which is neither rho "
            "nor e^rho.",
        )
    with expect.part(points=1, title="more than one example"):
        for layer, examples in zip(layers, (50_000, *rng.integers(2, 1000, size=2).tolist())):
            expect.close(
                answers.call("kl_term", *layer, examples),
                _kl(*layer) / examples,
                rtol=1e-4,
                atol=1e-9,
                hint="The loss is a mean over examples, and the divergence belongs to all of them together, "
                "once: which part of it falls to one?",
            )


def _kl(mean: np.ndarray, rho: np.ndarray, prior_std: float) -> float:
    std = np.logaddexp(0, rho.astype(float))
    return float(np.sum(np.log(prior_std / std) + (std**2 + mean**2) / (2 * prior_std**2) - 0.5))


@exercise.question("mc_dropout", points=3, title="MC dropout")
def mc_dropout(answers: Answers, expect: Expect) -> None:
    """`mc_dropout(x, passes)`: predictive probabilities of `network` under masks that are new for each row and pass."""
    rows = _telling_rows(answers.draw("rows"))
    batch = np.tile(rows, (COPIES, 1))
    once = np.asarray(answers.call("mc_dropout", batch, 1))
    expect.shape(once, (len(batch), 2), hint="Two probabilities for each row of x; the passes are averaged away.")
    with expect.part(points=1, title="passes that differ"):
        again = np.asarray(answers.call("mc_dropout", batch[:-2], 1))
        expect.true(
            not np.array_equal(once[:-2], again),
            "Two single passes gave the same.",
            hint="Dropout is off outside of training, and in `predict`. How is a network called as in training?",
        )
    expect.true(
        bool(np.allclose(once.sum(axis=1), 1, atol=1e-3)),
        "The rows do not add up to 1.",
        hint="The network gives logits; each pass needs a softmax.",
    )
    kept, distance = _masks_behind(once[:, 0], batch)
    expect.true(
        distance < 1e-3,
        "With passes=1 there are probabilities that the network has under none of its masks.",
        hint="One pass is one call of the network as in training, and a softmax. Dropout also scales what it keeps. "
        "How often is the network asked when `passes` is 1? Is it the network of the cell above?",
    )
    for row, number in np.ndindex(rows.shape):
        hint = "Each row of x has a mask of its own in each pass, and keeps each number in half of them."
        expect.share(kept[row :: len(rows), number], 1 - DROPOUT, hint=hint)
    many = np.asarray(answers.call("mc_dropout", batch, PASSES))
    expect.shape(many, (len(batch), 2), hint="Two probabilities for each row of x; the passes are averaged away.")
    for row, under_masks in enumerate(_under_masks(rows)[..., 0].T):
        got, std = many[row :: len(rows), 0], under_masks.std() / np.sqrt(PASSES)
        hint = "Average *probabilities* over the passes: softmax first, then the mean. Averaged logits differ."
        expect.mean(got, under_masks.mean(), std, hint=hint)
        expect.true(
            got.var() < 4 * std**2,
            f"After {PASSES} passes, equal rows have probabilities that differ as after few.",
            hint="Ask the network `passes` times, each time with new masks, and average over all of them.",
        )


MASKS = np.array(list(product([0.0, 1 / (1 - DROPOUT)], repeat=3)))  # all eight, which are equally likely


def _under_masks(x: np.ndarray) -> np.ndarray:
    """The network's probabilities, ``(mask, row, class)``."""
    from scipy.special import softmax

    return np.asarray(softmax((x * MASKS[:, np.newaxis]) @ KERNEL, axis=-1))


def _telling_rows(rng: np.random.Generator) -> np.ndarray:
    """Two rows; each has eight different probabilities under the eight masks."""
    logits = np.array([[1], [-1]]) * rng.permuted([[0.8, 1.6, 3.2]] * 2, axis=1) * rng.uniform(0.95, 1.05, size=(2, 3))
    return np.asarray(logits * (1 - DROPOUT) / (KERNEL[:, 0] - KERNEL[:, 1]), dtype=np.float32)


def _masks_behind(probabilities: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, float]:
    """Which numbers of each row were kept, and how far the row's probability is from that at most."""
    distance = np.abs(_under_masks(x)[..., 0] - probabilities)
    return MASKS[distance.argmin(axis=0)] > 0, float(distance.min(axis=0).max())


@exercise.question("ece", points=2, title="Calibration")
def ece(answers: Answers, expect: Expect) -> None:
    """`ece(probabilities, labels, bins)`: bins by confidence, each weighted by its share of the answers."""
    rng = answers.draw("answers")
    for rows, bins in ((200, 10), (300, 15), (40, 1), (1, 5)):
        probabilities, labels = _rated(rng, rows, bins)
        expect.close(
            answers.call("ece", probabilities, labels, bins),
            _ece(probabilities, labels, bins),
            rtol=1e-4,
            atol=1e-5,
            hint="Confidence is the largest probability of a row; an answer is right if its argmax is the label. A bin "
            "with 30 of 40 answers has a weight of ¾; empty bins are left out.",
        )
    with expect.part(points=1, title="a confidence of exactly 1"):
        probabilities, labels = _rated(rng, 100, 10)
        last = np.flatnonzero(probabilities.max(axis=1) > 0.9)
        labels[last] = probabilities[last].argmax(axis=1)
        certain = last[::2]  # and wrong
        probabilities[certain] = np.eye(4)[labels[certain]]
        labels[certain] = (labels[certain] + 1) % 4
        expect.close(
            answers.call("ece", probabilities, labels, 10),
            _ece(probabilities, labels, 10),
            rtol=1e-4,
            atol=1e-5,
            hint="A confidence of 1 belongs to the last bin: no bin begins there, and none may leave it out.",
        )


def _rated(rng: np.random.Generator, rows: int, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of four classes, with confidences that are clear of the edges of bins, and labels: bins take turns
    at being too sure and not sure enough."""
    confidence = rng.uniform(0.3, 0.98, size=rows)
    confidence -= np.where(np.abs(confidence * bins - np.round(confidence * bins)) < 0.05, 0.1 / bins, 0)
    top = rng.integers(0, 4, size=rows)
    probabilities = np.repeat((1 - confidence[:, np.newaxis]) / 3, 4, axis=1)
    probabilities[np.arange(rows), top] = confidence
    right = (confidence * bins).astype(int) % 2 == rng.integers(2)
    right ^= (rng.random(rows) < 0.2) & (confidence < 0.7)
    return probabilities.astype(np.float32), np.where(right, top, (top + rng.integers(1, 4, size=rows)) % 4)


def _ece(probabilities: np.ndarray, labels: np.ndarray, bins: int) -> float:
    """See Guo et al. (2017), equation 3."""
    confidence, right = probabilities.max(axis=1).astype(float), probabilities.argmax(axis=1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for number in np.unique(index):
        within = index == number
        total += within.mean() * abs(right[within].mean() - confidence[within].mean())
    return float(total)


@exercise.question("split_doubt", points=2, title="Noise and ignorance")
def split_doubt(answers: Answers, expect: Expect) -> None:
    """`split_doubt(samples)`: total, aleatoric and epistemic doubt, in nats, from the probabilities of random
    networks."""
    rng = answers.draw("random networks")
    cases = []
    for draws, rows, classes in ((6, 5, 3), (1, 2, 4), (9, 1, 2)):
        samples = rng.dirichlet(rng.uniform(0.5, 2, size=classes), size=(draws, rows))
        if rows > 2:
            samples[:, 0] = np.eye(classes)[np.arange(draws) % classes]  # certain, and contradicting each other
            samples[:, 1] = [0.5, 0.5, 0.0]  # of one mind that nobody can know
            samples[:, 2] = [0.0, 1.0, 0.0]
        samples = samples.astype(np.float32)
        got = answers.call("split_doubt", samples)
        expect.several(got, "total, aleatoric, epistemic")
        expect.shape(got[0], (rows,), hint="One number a row: draws are averaged away, classes summed away.")
        expect.finite(got[0], hint="0 · log 0 is nan in NumPy: keep zeros, and nothing else, from the logarithm.")
        total, aleatoric = _entropy(samples.astype(float).mean(axis=0)), _entropy(samples.astype(float)).mean(axis=0)
        cases.append((got, (total, aleatoric, total - aleatoric)))
    hints = (
        "The entropy of the *mean* probabilities, with the natural logarithm.",
        "The mean over draws of each network's own entropy.",
        "The total minus the aleatoric part.",
    )

    def compare(number: int) -> None:
        for got, want in cases:
            expect.close(got[number], want[number], rtol=1e-4, atol=1e-4, hint=hints[number])

    with expect.part(points=1, title="total"):
        compare(0)
    for got, _ in cases:
        expect.finite(got[1], hint="0 · log 0 is nan in NumPy: keep zeros, and nothing else, from the logarithm.")
    compare(1)
    compare(2)


def _entropy(p: np.ndarray) -> np.ndarray:
    from scipy.special import entr

    return np.asarray(entr(p).sum(axis=-1))


@exercise.question("abstain", points=2, title="May I abstain?")
def abstain(answers: Answers, expect: Expect) -> None:
    """`abstain(probabilities, share)`: the most probable class of each row, or −1 for the share of rows that are least
    certain."""
    rng = answers.draw("rows")
    for rows, share in ((10, 0.3), (40, 0.05), (6, 0.0), (10, 0.37), (25, 0.51), (3, 0.4), (1, 0.2)):
        probabilities = _differently_certain(rng, rows)
        want = probabilities.argmax(axis=1)
        want[np.argsort(probabilities.max(axis=1))[: round(share * rows)]] = -1
        got = answers.call("abstain", probabilities, share)
        expect.shape(got, (rows,), hint="One decision for each row, in the order of the rows, also where you abstain.")
        expect.equal(
            got,
            want,
            hint="Which rows have the smallest of the largest probabilities? Round their number, neither up nor down. "
            "With a share of 0 nobody abstains: of an array, [-0:] is everything.",
        )


def _differently_certain(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Probabilities of five classes: the largest differ from row to row, and have one close rival or four distant
    ones, so that neither margin nor entropy puts the rows in the same order."""
    largest = 0.51 + 0.4 * (rng.permutation(rows) + rng.uniform(0.2, 0.8, size=rows)) / rows
    rivals = rng.integers(0, 2, size=(rows, 1)) * np.array([1, 0, 0, 0]) + 0.01
    ordered = np.column_stack([largest, (1 - largest[:, np.newaxis]) * rivals / rivals.sum(axis=1, keepdims=True)])
    return np.asarray(rng.permuted(ordered, axis=1), dtype=np.float32)


@exercise.question("uncertain", points=3, title="A network that knows digits from clothes", seconds=120)
def uncertain(answers: Answers, expect: Expect) -> None:
    """`uncertain(images)`: predictive probabilities that are right on digits and in doubt about clothes."""
    mnist = load_mnist()
    digits, labels = mnist.x_test[:SHOWN], mnist.y_test[:SHOWN]
    order = np.random.default_rng(9).permutation(2 * SHOWN)  # digits and clothes, mixed
    got = answers.call("uncertain", np.concatenate([digits, _clothes(digits)])[order])
    probabilities = _probabilities(got, expect)[np.argsort(order)]
    right = probabilities[:SHOWN].argmax(axis=1) == labels
    doubt = _entropy(probabilities)
    with expect.part(points=1, title="98.5 % right when a tenth is rejected"):
        kept = np.argsort(doubt[:SHOWN])[: int(0.9 * SHOWN)]
        expect.at_least(float(right[kept].mean()), 0.985, hint="Train a little longer; average more passes.")
    with expect.part(points=1, title=f"AUROC of {KNOWS_CLOTHES} against clothes"):
        expect.at_least(
            _auroc(doubt[:SHOWN], doubt[SHOWN:]),
            KNOWS_CLOTHES,
            hint="A plain network is sure of clothes too. Train with dropout or with variational layers; of several "
            "passes average the probabilities, not the logits.",
        )
    expect.at_most(1 - float(right.mean()), 0.05, hint="Pixels from 0 to 1? Enough epochs? Softmax over the classes?")


def _clothes(digits: np.ndarray) -> np.ndarray:
    """A garment for each digit. Every second one is shrunk to the 20 × 20 pixels that digits lie in, and has the very
    pixels of the digit: the brightest where the garment is brightest, and so on."""
    from scipy.ndimage import zoom

    clothes = load_fashion_mnist().x_test[: len(digits)].copy()
    small = zoom(clothes[::2].astype(float), (1, 20 / 28, 20 / 28), order=1).reshape(-1, 400)
    ranks = np.argsort(np.argsort(-small, axis=1, kind="stable"), axis=1)
    brightest = np.sort(digits[::2].reshape(-1, 784), axis=1)[:, :-401:-1]
    clothes[::2] = 0
    clothes[::2, 4:24, 4:24] = np.take_along_axis(brightest, ranks, axis=1).reshape(-1, 20, 20)
    return clothes


def _probabilities(got: Any, expect: Expect) -> np.ndarray:
    expect.shape(got, (2 * SHOWN, 10), hint="One row of ten probabilities for each picture.")
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
