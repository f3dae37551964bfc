"""Every check of exercise 8 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import AnswerTables

from coursekit.checks import vae as checks

EXERCISE = "08_vae"

PARTS = """
def log_bernoulli(x, logits):
    return np.sum(x * logits - np.logaddexp(0, logits), axis=-1)
def gaussian_kl(mean, log_var):
    return 0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)
"""
KL = "def gaussian_kl(mean, log_var): return {}"
SAMPLE = """
def sample(mean, log_var, seed):
    rng = np.random.default_rng(seed)
    return {}
"""
LOSS = PARTS + "\ndef negative_elbo(x, logits, mean, log_var, beta=1.0): return {}\n"
BOUND = "def importance_bound(log_weights): return {}"

RIGHT = {
    "log_bernoulli": [
        "def log_bernoulli(x, logits): return np.sum(x * logits - np.logaddexp(0, logits), axis=-1)",
        """
        def log_bernoulli(x, logits):
            sign = 2 * x - 1  # log sigmoid(±logit)
            return -np.logaddexp(0, -sign * logits).sum(axis=1)
        """,
        """
        from keras import ops
        def log_bernoulli(x, logits):
            return ops.sum(x * logits - ops.softplus(logits), axis=-1)
        """,
    ],
    "gaussian_kl": [
        KL.format("0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)"),
        """
        from keras import ops
        def gaussian_kl(mean, log_var):
            return -0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=1)
        """,
        """
        def gaussian_kl(mean, log_var):
            sigma = np.exp(log_var / 2)
            return [float((-np.log(s) + (s**2 + m**2) / 2 - 0.5).sum()) for m, s in zip(mean, sigma)]
        """,
    ],
    "sample": [
        SAMPLE.format("mean + np.exp(log_var / 2) * rng.normal(size=mean.shape)"),
        SAMPLE.format("rng.normal(mean, np.sqrt(np.exp(log_var)))"),
        """
        import keras
        from keras import ops
        def sample(mean, log_var, seed):
            return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=seed)
        """,
    ],
    "negative_elbo": [
        LOSS.format("np.mean(beta * gaussian_kl(mean, log_var) - log_bernoulli(x, logits))"),
        LOSS.format("-float(np.mean(log_bernoulli(x, logits)) - beta * np.mean(gaussian_kl(mean, log_var)))"),
    ],
    "importance_bound": [
        "from scipy.special import logsumexp\n"
        + BOUND.format("logsumexp(log_weights, axis=0) - np.log(len(log_weights))"),
        """
        def importance_bound(log_weights):
            top = log_weights.max(axis=0)
            return top + np.log(np.exp(log_weights - top).mean(axis=0))
        """,
        """
        from keras import ops
        def importance_bound(log_weights):
            return ops.logsumexp(log_weights, axis=0) - np.log(log_weights.shape[0])
        """,
    ],
    "active_units": [
        "def active_units(mean): return int(np.sum(np.var(mean, axis=0) > 0.01))",
        "def active_units(mean): return sum(1 for column in mean.T if column.std() > 0.1)",
        "def active_units(mean): return (np.cov(mean.T).diagonal() > 0.01).sum()",
    ],
}

WRONG = {
    "log_bernoulli": [
        ("averaged over pixels", "def log_bernoulli(x, l): return np.mean(x * l - np.logaddexp(0, l), axis=-1)"),
        ("summed over the batch", "def log_bernoulli(x, l): return np.sum(x * l - np.logaddexp(0, l), axis=0)"),
        ("a loss, not a log-likelihood", "def log_bernoulli(x, l): return np.sum(np.logaddexp(0, l) - x * l, axis=-1)"),
    ],
    "gaussian_kl": [
        ("summed over the batch", KL.format("0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=0)")),
        ("one number for all", KL.format("0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1)")),
    ],
    "sample": [
        ("one noise for the whole batch", SAMPLE.format("mean + np.exp(log_var) * rng.normal(size=mean.shape[1])")),
        ("the mean itself", SAMPLE.format("mean")),
        ("the prior", SAMPLE.format("rng.normal(size=mean.shape[1])")),
    ],
    "negative_elbo": [
        ("one loss for each digit", LOSS.format("beta * gaussian_kl(mean, log_var) - log_bernoulli(x, logits)")),
        (
            "the ELBO itself",
            LOSS.format("np.mean(log_bernoulli(x, logits) - beta * gaussian_kl(mean, log_var))"),
        ),
        (
            "reconstruction averaged over pixels",
            LOSS.format("np.mean(beta * gaussian_kl(mean, log_var) - log_bernoulli(x, logits) / x.shape[1])"),
        ),
        (
            "KL not divided by the batch",
            LOSS.format("np.sum(beta * gaussian_kl(mean, log_var)) - np.mean(log_bernoulli(x, logits))"),
        ),
    ],
    "importance_bound": [
        ("mean of the bounds", BOUND.format("log_weights.mean(axis=0)")),
        ("not divided by k", "from scipy.special import logsumexp\n" + BOUND.format("logsumexp(log_weights, axis=0)")),
        ("over the digits", BOUND.format("np.log(np.exp(log_weights).mean(axis=1))")),
    ],
    "active_units": [
        ("which, not how many", "def active_units(mean): return np.var(mean, axis=0) > 0.01"),
        ("how many digits", "def active_units(mean): return int(np.sum(np.abs(mean).max(axis=1) > 0.01))"),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    (
        "log_bernoulli",
        """
        def log_bernoulli(x, logits):
            with np.errstate(over="ignore"):
                return np.sum(x * logits - np.log(1 + np.exp(logits)), axis=-1)
        """,
        1,
    ),
    ("gaussian_kl", KL.format("0.5 * np.mean(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)"), 1),
    ("gaussian_kl", KL.format("np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)"), 1),
    ("gaussian_kl", KL.format("-0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1)"), 0),
    # a log-variance taken for the variance: log of what may be negative
    ("gaussian_kl", KL.format("0.5 * np.sum(mean**2 + log_var - np.log(abs(log_var) + 1e-9) - 1, axis=-1)"), 0),
    # a log-variance taken for the logarithm of the standard deviation
    ("gaussian_kl", KL.format("0.5 * np.sum(mean**2 + np.exp(2 * log_var) - 2 * log_var - 1, axis=-1)"), 1),
    # noise of one digit for the whole batch, of the right spread otherwise
    ("sample", SAMPLE.format("mean + np.exp(log_var / 2) * rng.normal(size=(1, mean.shape[1]))"), 0),
    # one noise for all latent numbers of a digit
    ("sample", SAMPLE.format("mean + np.exp(log_var / 2) * rng.normal(size=(len(mean), 1))"), 2),
    # the variance, or the log-variance itself, in place of the standard deviation
    ("sample", SAMPLE.format("mean + np.exp(log_var) * rng.normal(size=mean.shape)"), 2),
    ("sample", SAMPLE.format("mean + log_var * rng.normal(size=mean.shape)"), 1),
    # β forgotten, or on the wrong term
    ("negative_elbo", LOSS.format("np.mean(gaussian_kl(mean, log_var) - log_bernoulli(x, logits))"), 2),
    ("negative_elbo", LOSS.format("np.mean(gaussian_kl(mean, log_var) - beta * log_bernoulli(x, logits))"), 2),
    # right where exponentials do not vanish
    ("importance_bound", BOUND.format("np.log(np.exp(log_weights).mean(axis=0))"), 1),
    ("active_units", "def active_units(mean): return int(np.sum(np.mean(mean**2, axis=0) > 0.01))", 1),
    ("active_units", "def active_units(mean): return int(np.sum(np.var(mean, axis=1) > 0.01))", 1),
    ("active_units", "def active_units(mean): return int(np.sum(np.std(mean, axis=0) > 0.01))", 1),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)


def test_the_references_agree_with_the_definition():
    rng = np.random.default_rng(0)
    mean, log_var = np.array([[0.7, -0.2]]), np.array([[-0.5, 0.4]])
    z = mean + np.exp(log_var / 2) * rng.normal(size=(400_000, 2))
    log_q = -0.5 * np.sum((z - mean) ** 2 / np.exp(log_var) + log_var, axis=1)
    log_p = -0.5 * np.sum(z**2, axis=1)
    assert checks._kl(mean, log_var)[0] == pytest.approx((log_q - log_p).mean(), abs=0.01)

    probability = 1 / (1 + np.exp(-np.array([0.3, -2.0])))
    want = np.log(probability[0]) + np.log(1 - probability[1])
    assert checks._log_bernoulli(np.array([1.0, 0.0]), np.array([0.3, -2.0])) == pytest.approx(want)


@pytest.fixture(scope="module")
def silent():
    """An encoder that answers with the prior, and a decoder that draws the mean image: KL 0, about −207 nats."""
    import keras
    from keras import layers

    from coursekit.data import load_mnist

    ink = 0.01 + 0.98 * load_mnist().x_train.reshape(-1, 784).mean(axis=0) / 255
    encoder = keras.Sequential([keras.Input((784,)), layers.Dense(4, kernel_initializer="zeros")])
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(784, kernel_initializer="zeros")])
    decoder.layers[-1].bias.assign(np.log(ink / (1 - ink)))
    return {"encoder": encoder, "decoder": decoder, "history": {"elbo": [-208.0], "val_elbo": [-207.0]}}


@pytest.mark.parametrize(
    ("low", "high", "source", "want"),
    [
        (-250, -215, "", 4),
        (-250, -215, "history = {'loss': [200.0]}", 3),  # no validation data
        (-250, -215, "del history", 3),
        (-215, -190, "", 2),  # between the bars
        (checks.LOW_BAR, checks.HIGH_BAR, "", 1),
        (-250, -215, "decoder = encoder", 1),
        (-250, -215, "del encoder, decoder, history", 0),
    ],
)
def test_training_is_judged_by_validation_data_and_bars(earned, silent, monkeypatch, low, high, source, want):
    monkeypatch.setattr(checks, "LOW_BAR", low)
    monkeypatch.setattr(checks, "HIGH_BAR", high)
    assert earned(EXERCISE, "training", source, **silent) == want


def test_probabilities_in_place_of_logits_cost_the_bars(earned, silent, monkeypatch):
    import keras

    monkeypatch.setattr(checks, "LOW_BAR", -250)
    monkeypatch.setattr(checks, "HIGH_BAR", -215)
    squashed = keras.Sequential([*silent["decoder"].layers, keras.layers.Activation("sigmoid")])
    assert earned(EXERCISE, "training", "", **silent | {"decoder": squashed}) == 1
