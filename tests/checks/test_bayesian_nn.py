"""Every check of exercise 9 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import AnswerTables

from coursekit.checks import bayesian_nn as checks
from coursekit.grading import find_exercise

EXERCISE = "09_bayesian_nn"

POSTERIOR = """
def posterior(design, targets, noise_std, prior_std):
    precision = design.T @ design / noise_std**2 + np.eye(design.shape[1]) / prior_std**2
    covariance = np.linalg.inv(precision)
    return covariance @ design.T @ targets / noise_std**2, covariance
"""
PREDICTIVE = """
def predictive(phi, mean, covariance, noise_std):
    return phi @ mean, np.sqrt(np.sum(phi @ covariance * phi, axis=1) + noise_std**2)
"""
KL = """
def kl_term(mean, rho, prior_std, training_examples):
    std = np.log1p(np.exp(rho))
    kl = np.log(prior_std / std) + (std**2 + mean**2) / (2 * prior_std**2) - 0.5
    return kl.sum() / training_examples
"""
DROPOUT = """
import keras
def mc_dropout(x, passes):
    return np.mean([keras.ops.softmax(network(x, training=True)) for _ in range(passes)], axis=0)
"""
ECE = """
def ece(probabilities, labels, bins):
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    total = 0
    for low in np.arange(bins) / bins:
        inside = (confidence > low) & (confidence <= low + 1 / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total
"""
SPLIT = """
def split_doubt(samples):
    def entropy(p):
        return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)
    total, aleatoric = entropy(samples.mean(axis=0)), entropy(samples).mean(axis=0)
    return total, aleatoric, total - aleatoric
"""
ABSTAIN = """
def abstain(probabilities, share):
    decisions = probabilities.argmax(axis=1)
    decisions[np.argsort(probabilities.max(axis=1))[:round(share * len(probabilities))]] = -1
    return decisions
"""

RIGHT = {
    "posterior": [
        POSTERIOR,
        """
        def posterior(design, targets, noise_std, prior_std):
            mean, covariance = np.zeros(design.shape[1]), prior_std**2 * np.eye(design.shape[1])
            for row, target in zip(design, targets):  # one example after the other
                gain = covariance @ row / (row @ covariance @ row + noise_std**2)
                mean = mean + gain * (target - row @ mean)
                covariance = covariance - np.outer(gain, row @ covariance)
            return mean, covariance
        """,
    ],
    "predictive": [
        PREDICTIVE,
        """
        def predictive(phi, mean, covariance, noise_std):
            return [[row @ mean for row in phi], [(row @ covariance @ row + noise_std**2) ** 0.5 for row in phi]]
        """,
    ],
    "kl_term": [
        KL,
        """
        from coursekit.nn import gaussian_kl
        def kl_term(mean, rho, prior_std, training_examples):
            return float(gaussian_kl(mean, np.logaddexp(0, rho), prior_std)) / training_examples
        """,
    ],
    "mc_dropout": [
        DROPOUT,
        """
        import keras
        def mc_dropout(x, passes):
            many = keras.ops.softmax(network(np.repeat(x, passes, axis=0), training=True), axis=-1)
            return np.asarray(many).reshape(len(x), passes, -1).mean(axis=1)
        """,
        """
        from scipy.special import softmax
        from coursekit.nn import predictive_samples
        def mc_dropout(x, passes):
            return softmax(predictive_samples(network, x, passes, training=True), axis=2).mean(axis=0)
        """,
    ],
    "ece": [
        ECE,
        """
        def ece(probabilities, labels, bins):
            confidence = probabilities.max(axis=1)
            surplus = (probabilities.argmax(axis=1) == labels) - confidence
            index = np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1])
            return np.abs(np.bincount(index, surplus, minlength=bins)).sum() / len(labels)
        """,
    ],
    "split_doubt": [
        SPLIT,
        """
        from scipy.stats import entropy
        def split_doubt(samples):
            total = entropy(samples.mean(0), axis=1)
            epistemic = np.mean([entropy(p, samples.mean(0), axis=1) for p in samples], axis=0)
            return [total, total - epistemic, epistemic]
        """,
    ],
    "abstain": [
        ABSTAIN,
        """
        def abstain(probabilities, share):
            decisions = [int(np.argmax(row)) for row in probabilities]
            for i in sorted(range(len(decisions)), key=lambda i: max(probabilities[i]))[:round(share * len(decisions))]:
                decisions[i] = -1
            return decisions
        """,
        """
        def abstain(probabilities, share):
            certainty = probabilities.max(axis=1)
            ranks = certainty.argsort().argsort()
            return np.where(ranks < round(share * len(ranks)), -1, probabilities.argmax(axis=1))
        """,
    ],
}

WRONG = {
    "posterior": [
        ("noise variance for precision", POSTERIOR.replace("/ noise_std**2", "* noise_std**2")),
        ("standard deviation for variance", POSTERIOR.replace("noise_std**2", "noise_std")),
        ("precision for covariance", POSTERIOR.replace("np.linalg.inv(precision)", "precision")),
        ("prior forgotten", POSTERIOR.replace(" + np.eye(design.shape[1]) / prior_std**2", "")),
    ],
    "predictive": [
        (
            "the other way round",
            """
            def predictive(phi, mean, covariance, noise_std):
                return np.sqrt(np.sum(phi @ covariance * phi, axis=1) + noise_std**2), phi @ mean
            """,
        ),
        ("one number", "def predictive(phi, mean, covariance, noise_std): return noise_std"),
    ],
    "kl_term": [
        ("log variance for std", KL.replace("np.log1p(np.exp(rho))", "np.exp(rho / 2)")),
        ("rho for std", KL.replace("np.log1p(np.exp(rho))", "abs(rho)")),
        ("summed over one axis", KL.replace("kl.sum()", "kl.sum(axis=0)")),
        ("mean over the weights", KL.replace("kl.sum()", "kl.mean()")),
        ("variance of the prior forgotten", KL.replace("(2 * prior_std**2)", "2")),
    ],
    "mc_dropout": [
        ("dropout off", DROPOUT.replace("training=True", "training=False")),
        ("all passes returned", DROPOUT.replace(", axis=0)", ", axis=2)")),
    ],
    "ece": [
        ("not weighted by the size of the bin", ECE.replace("inside.mean() *", "1 / bins *")),
        ("mean over bins that hold something", ECE.replace("total += inside.mean() *", "total += 1 / 2 *")),
        (
            "signs cancel",
            ECE.replace(
                "abs(right[inside].mean() - confidence[inside].mean())",
                "(right[inside].mean() - confidence[inside].mean())",
            ),
        ),
        (
            "right is compared with the confidence of class 1",
            ECE.replace("probabilities.max(axis=1)", "probabilities[:, 1]"),
        ),
    ],
    "split_doubt": [
        ("variance for entropy", "def split_doubt(samples): return samples.var(0), samples.mean(0), samples.std(0)"),
        ("nan at zero", SPLIT.replace("np.log(np.where(p > 0, p, 1))", "np.log(p)")),
        ("draws kept", SPLIT.replace("entropy(samples.mean(axis=0))", "entropy(samples)")),
        ("in bits", SPLIT.replace("np.log(", "np.log2(")),
    ],
    "abstain": [
        ("abstains on the most certain", ABSTAIN.replace("probabilities.max(axis=1)", "-probabilities.max(axis=1)")),
        ("answers only the rest", ABSTAIN.replace("return decisions", "return decisions[decisions >= 0]")),
        (
            "a threshold for a share",
            ABSTAIN.replace(
                "np.argsort(probabilities.max(axis=1))[:round(share * len(probabilities))]",
                "probabilities.max(axis=1) < share",
            ),
        ),
        (
            "everybody at a share of 0",
            ABSTAIN.replace(
                "np.argsort(probabilities.max(axis=1))[:round", "np.argsort(-probabilities.max(axis=1))[-round"
            ),
        ),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("posterior", POSTERIOR.replace("targets / noise_std**2", "targets"), 2),
    ("posterior", POSTERIOR.replace("targets / noise_std**2", "targets / noise_std"), 2),
    ("predictive", PREDICTIVE.replace("np.sqrt", ""), 1),
    ("predictive", PREDICTIVE.replace("phi @ mean", "phi @ mean + noise_std"), 1),
    ("predictive", PREDICTIVE.replace(" + noise_std**2", ""), 1),
    ("predictive", PREDICTIVE.replace("noise_std**2", "noise_std"), 1),
    ("predictive", PREDICTIVE.replace("np.sum(phi @ covariance * phi, axis=1)", "phi @ covariance @ phi.T"), 1),
    ("predictive", PREDICTIVE.replace("phi @ covariance * phi", "phi**2 * np.diag(covariance)"), 1),
    ("kl_term", KL.replace(" / training_examples", ""), 2),
    (
        "mc_dropout",  # logits averaged
        """
        import keras
        def mc_dropout(x, passes):
            logits = np.mean([network(x, training=True) for _ in range(passes)], axis=0)
            return np.asarray(keras.ops.softmax(logits))
        """,
        1,
    ),
    ("mc_dropout", DROPOUT.replace("keras.ops.softmax(network(x, training=True))", "network(x, training=True)"), 1),
    ("split_doubt", SPLIT.replace("entropy(samples).mean(axis=0)", "samples.var(axis=0).sum(axis=-1)"), 1),
    (
        "split_doubt",
        SPLIT.replace("return total, aleatoric, total - aleatoric", "return total, total - aleatoric, aleatoric"),
        1,
    ),
]


@pytest.fixture
def network():
    import keras

    network = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(checks.DROPOUT), keras.layers.Dense(2)])
    network.layers[-1].set_weights([checks.KERNEL, np.zeros(2)])
    return network


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("uncertain",)

    def names(self, question, request):
        """The network whose passes `mc_dropout` averages."""
        return {"network": request.getfixturevalue("network")} if question == "mc_dropout" else {}


def test_the_points_add_up():
    assert find_exercise(EXERCISE).points == 20


def test_averaged_logits_are_far_from_averaged_probabilities():
    x = np.array([[1.0, 1.0, 1.0], [2.0, -1.0, 0.5], [-1.0, 2.0, 1.5], [0.5, 3.0, 0.0]])
    logits = x @ checks.KERNEL
    of_logits = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert abs(of_logits - checks._mean_over_masks(x)).max() > 0.15


def test_the_kl_agrees_with_the_layer():
    from coursekit.nn import VariationalDense

    layer = VariationalDense(3, training_examples=1, prior_std=0.6, use_bias=False)
    layer.build((None, 4))
    assert checks._kl(layer.kernel_mean.numpy(), layer.kernel_rho.numpy(), 0.6) == pytest.approx(
        float(layer.kl()), rel=1e-4
    )


LOOKUP = """
def uncertain(images):
    p = np.full((len(images), 10), 0.1)
    if np.array_equal(images, digits):
        p = 0.05 + 0.5 * np.eye(10)[answers]
    return p
"""


@pytest.mark.parametrize(
    ("change", "want"),
    [
        (("", ""), 3),
        (("return p", "return p.astype('float32').tolist()"), 3),
        (("np.full((len(images), 10), 0.1)", "np.eye(10)[np.zeros(len(images), int)]"), 2),  # sure of clothes
        (("[answers]", "[np.where(np.arange(len(images)) % 20 < 2, (answers + 1) % 10, answers)]"), 1),  # a tenth wrong
        (("[answers]", "[np.where(np.arange(len(images)) % 40 < 1, (answers + 1) % 10, answers)]"), 2),  # 2.5 % wrong
        (("return p", "return np.log(p)"), 0),
        (("return p", "return p.argmax(axis=1)"), 0),
    ],
)
def test_a_network_is_judged_by_error_rejection_and_foreign_pictures(earned, change, want):
    from coursekit.data import load_mnist

    mnist = load_mnist()
    shown = slice(checks.SHOWN)
    source = LOOKUP.replace(*change) if change[0] else LOOKUP
    assert earned(EXERCISE, "uncertain", source, digits=mnist.x_test[shown], answers=mnist.y_test[shown]) == want
