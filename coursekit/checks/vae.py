"""Questions of exercise 8: log-likelihood, KL, reparameterisation, ELBO, importance weights, a VAE of one's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from coursekit.data import load_mnist
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("08_vae")

TEST_DIGITS = 2_000
LOW_BAR, HIGH_BAR = -125, -108


@exercise.question("log_bernoulli", points=2, title="How probable are these bits?")
def log_bernoulli(answers: Answers, expect: Expect) -> None:
    """`log p(x|z)` of bits `(batch, pixel)` from logits, summed over pixels: `(batch,)`, in nats."""
    rng = np.random.default_rng(0)
    x, logits = _bits(rng, 4, 6), _normal(rng, 4, 6, scale=2)
    with expect.part(points=1, title="moderate logits"):
        got = answers.call("log_bernoulli", x, logits)
        expect.shape(got, (4,), hint="One number a digit: the sum goes over the pixels, axis=-1.")
        expect.close(
            got,
            _log_bernoulli(x, logits),
            rtol=1e-4,
            hint="x · logit − log(1 + e^logit) for each pixel: a sum of log-probabilities, so negative; no mean.",
        )
    got = answers.call("log_bernoulli", _single([[1, 0, 1]]), _single([[800, -800, -800]]))
    expect.finite(got, hint="e^800 is larger than any float. np.logaddexp(0, logits) never forms it.")
    expect.close(
        got,
        np.array([-800.0]),
        rtol=1e-4,
        hint="Two of these pixels are certain and right, the third is wrong by 800 nats. No clipping.",
    )


@exercise.question("gaussian_kl", points=3, title="The charge in closed form")
def gaussian_kl(answers: Answers, expect: Expect) -> None:
    """KL of `N(mean, exp(log_var))` from `N(0, 1)`: `(batch, latent)` twice → `(batch,)`, in nats."""
    rng = np.random.default_rng(1)
    mean, log_var = _normal(rng, 5, 3), _normal(rng, 5, 3)
    got = answers.call("gaussian_kl", mean, log_var)
    expect.shape(got, (5,), hint="One number a digit: sum over the latent numbers, axis=-1, and not over the batch.")
    want = _kl(mean, log_var)
    with expect.part(points=1, title="zero for the prior itself"):
        got_prior = answers.call("gaussian_kl", _single(np.zeros((2, 4))), _single(np.zeros((2, 4))))
        expect.close(got_prior, np.zeros(2), hint="Mean 0 and log-variance 0 are the prior: nothing is charged.")
        expect.true(
            bool(np.all(np.asarray(got) > 0)),
            "A KL divergence is never negative.",
            hint="Check the sign: ½ (μ² + σ² − log σ² − 1).",
        )
    expect.close(
        got,
        want,
        rtol=1e-4,
        hint="½ Σ (μ² + σ² − log σ² − 1) with σ² = exp(log_var): summed over the latent numbers, not averaged.",
    )


@exercise.question("sample", points=3, title="Reparameterise")
def sample(answers: Answers, expect: Expect) -> None:
    """`sample(mean, log_var, seed)` draws one z for each digit: μ + σ ε, shape `(batch, latent)`."""
    mean = _single(np.tile([2.0, -1.0], (4_000, 1)))
    log_var = _single(np.tile([np.log(0.25), np.log(9.0)], (4_000, 1)))
    z = answers.call("sample", mean, log_var, 3)
    expect.shape(z, (4_000, 2), hint="As many numbers as in the mean: (batch, latent).")
    z = np.asarray(z, dtype=float)
    expect.true(
        z.std(axis=0).min() > 0,
        "Digits with the same distribution all got the same z.",
        hint="Noise is missing, or one ε serves the whole batch: draw noise of the shape of `mean`.",
    )
    with expect.part(points=1, title="an ε for each number"):
        expect.at_least(
            len(np.unique(np.round((z[:, 0] - 2), 7))),
            3_000,
            hint="Digits share their ε: draw noise of the shape of `mean`, not of (latent,).",
        )
        expect.at_most(
            abs(np.corrcoef(z.T)[0, 1]),
            0.1,
            hint="Latent numbers of one digit share their ε: draw noise of the shape of `mean`, not of (batch, 1).",
        )
    with expect.part(points=1, title="the spread"):
        expect.close(
            z.std(axis=0),
            np.array([0.5, 3.0]),
            rtol=0.1,
            hint="ε is multiplied by the standard deviation, and that is exp(log_var / 2).",
        )
    expect.close(z.mean(axis=0), np.array([2.0, -1.0]), atol=0.25, rtol=0, hint="z = μ + σ · ε with a mean of 0 for ε.")
    surer = np.asarray(answers.call("sample", mean, log_var - 40, 3), dtype=float)
    expect.close(surer, mean, atol=1e-4, hint="With a variance near 0, z is μ.")


@exercise.question("negative_elbo", points=3, title="The loss")
def negative_elbo(answers: Answers, expect: Expect) -> None:
    """`negative_elbo(x, logits, mean, log_var, beta)`: one number in nats, the mean over the digits of the batch."""
    rng = np.random.default_rng(2)
    x, logits = _bits(rng, 6, 20), _normal(rng, 6, 20)
    mean, log_var = _normal(rng, 6, 3), _normal(rng, 6, 3)
    reconstruction, kl = _log_bernoulli(x, logits), _kl(mean, log_var)
    got = answers.call("negative_elbo", x, logits, mean, log_var, 1.0)
    expect.shape(got, (), hint="A loss is one number: the mean over the batch.")
    expect.close(
        got,
        np.mean(kl - reconstruction),
        rtol=1e-4,
        hint="KL minus log-likelihood. Both are sums (over latent numbers, over pixels) for each digit, and then the "
        "mean over the digits.",
    )
    with expect.part(points=1, title="β"):
        expect.close(
            answers.call("negative_elbo", x, logits, mean, log_var, 4.0),
            np.mean(4 * kl - reconstruction),
            rtol=1e-4,
            hint="β multiplies the KL and nothing else.",
        )


@exercise.question("importance_bound", points=3, title="A tighter bound")
def importance_bound(answers: Answers, expect: Expect) -> None:
    """From log-weights `(k, batch)` the bound `log (1/k) Σ w` of each digit, `(batch,)`."""
    from scipy.special import logsumexp

    rng = np.random.default_rng(3)
    small = _normal(rng, 5, 4, scale=2)
    with expect.part(points=1, title="weights of moderate size"):
        got = answers.call("importance_bound", small)
        expect.shape(got, (4,), hint="The k samples of a digit lie along axis 0; that axis goes.")
        expect.close(
            got,
            logsumexp(small, axis=0) - np.log(5),
            rtol=1e-4,
            hint="The logarithm of the mean of the weights, not the mean of their logarithms; and divide by k.",
        )
    far = _normal(rng, 50, 3, scale=5) - 900
    got = answers.call("importance_bound", far)
    expect.finite(got, hint="e^−900 is 0 in floating point. Take out the largest first: scipy.special.logsumexp.")
    expect.close(
        got, logsumexp(far, axis=0) - np.log(50), rtol=1e-5, hint="logsumexp(log_weights, axis=0) − log k, k = 50 here."
    )


@exercise.question("active_units", points=2, title="Who is awake?")
def active_units(answers: Answers, expect: Expect) -> None:
    """From the means `(digit, latent)`, how many latent numbers have a variance over the digits above 0.01."""
    rng = np.random.default_rng(4)
    mean = _normal(rng, 500, 6) * _single([1, 0.05, 0.5, 0, 0.15, 0.06])
    with expect.part(points=1, title="constant means"):
        expect.equal(
            int(answers.call("active_units", _single(np.full((100, 4), 3)))),
            0,
            hint="A mean that is large but the same for all digits tells nothing about them: variance, not square.",
        )
    got = answers.call("active_units", mean)
    expect.shape(got, (), hint="One number for the whole network.")
    expect.equal(int(got), 3, hint="The variance over the digits, axis=0; 0.05² = 0.0025 is below 0.01.")


@exercise.question("training", points=4, title="A VAE of your own", seconds=240)
def training(answers: Answers, expect: Expect) -> None:
    """`encoder` (bits → mean and log-variance) and `decoder` (z → logits), judged by the ELBO on test bits."""
    with expect.part(points=1, title="validation data"):
        hint = "history = vae.fit(…, validation_data=(x_valid,)), with a `test_step` beside the `train_step`."
        expect.validated(answers.value("history"), hint, "figures")
    x = bits_of_test_digits()
    output = answers.model("encoder").predict(x)
    expect.shape(output, (TEST_DIGITS, None), hint="One vector a digit: the mean, and behind it the log-variance.")
    mean, log_var = np.split(np.asarray(output, dtype=float), 2, axis=1)
    z = mean + np.exp(log_var / 2) * np.random.default_rng(6).normal(size=mean.shape)
    logits = answers.model("decoder").predict(z.astype("float32"))
    expect.shape(
        logits, (TEST_DIGITS, 784), hint="One logit a pixel, from z of half the width of the encoder's output."
    )
    expect.finite(logits, hint="Did the training diverge? A smaller learning rate helps, and exp(log_var / 2) for σ.")
    elbo = float(np.mean(_log_bernoulli(x, np.asarray(logits, dtype=float)) - _kl(mean, log_var)))
    with expect.part(points=2, title=f"{HIGH_BAR} nats"):
        expect.at_least(
            elbo, HIGH_BAR, hint="Two hidden layers in each half, all digits, a KL warm-up, a falling rate."
        )
    expect.at_least(
        elbo,
        LOW_BAR,
        hint="Does the decoder end without an activation? Sums over pixels and latent numbers, no means?",
    )


def bits_of_test_digits() -> np.ndarray:
    """The first 2,000 test digits, thrown into bits once and for all: float32 `(2000, 784)`."""
    grey = load_mnist().x_test[:TEST_DIGITS].reshape(-1, 784)
    return (255 * np.random.default_rng(5).random(grey.shape) < grey).astype("float32")


def _single(values: ArrayLike) -> np.ndarray:
    """float32, as Keras computes: an answer may mix these with tensors of its own."""
    return np.asarray(values, dtype="float32")


def _normal(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> np.ndarray:
    return _single(rng.normal(scale=scale, size=shape))


def _bits(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return _single(rng.integers(0, 2, size=shape))


def _log_bernoulli(x: np.ndarray, logits: np.ndarray) -> np.ndarray:
    return np.asarray(np.sum(x * logits - np.logaddexp(0, logits), axis=-1))


def _kl(mean: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """Kingma & Welling (2013), appendix B."""
    return np.asarray(0.5 * np.sum(mean**2 + np.exp(log_var) - log_var - 1, axis=-1))
