"""Questions of exercise 8: log-likelihood, KL, reparameterisation, ELBO, importance weights, a VAE of one's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks.shared import expect_normal, expect_own_noise
from coursekit.data import load_mnist
from coursekit.grading import Answers, Exercise, Expect, Model

exercise = Exercise("08_vae")

TEST_DIGITS = 2_000
SEED = (8, 1)  # of no learner's own bits
LOW_BAR, HIGH_BAR = -125, -108  # nats; a VAE without hidden layers reaches -130
CHANCE = 2  # nats by which bounds on two draws of bits and z never differ
UNHEARD_OF = -75  # nats


@exercise.question("log_bernoulli", points=2, title="How probable are these bits?")
def log_bernoulli(answers: Answers, expect: Expect) -> None:
    """`log_bernoulli(x, logits)`: log p(x|z) of bits `(batch, pixel)`, summed over pixels: `(batch,)`, in nats."""
    rng = answers.draw("bits and logits")
    with expect.part(points=1, title="moderate logits"):
        for shape in ((4, 6), (1, 9), (5, 1)):
            x, logits = _bits(rng, *shape), _normal(rng, *shape, scale=2)
            got = answers.call("log_bernoulli", x, logits)
            expect.shape(got, shape[:1], hint="One number a digit: the sum goes over the pixels, axis=-1.")
            hint = "Of each pixel the logarithm of the probability of its bit, 0 or 1: a sum, so negative; no mean."
            expect.close(got, _log_bernoulli(x, logits), rtol=1e-4, atol=1e-5, hint=hint)
    rng = answers.draw("large logits")
    x = np.concatenate([np.eye(2, 8), 1 - np.eye(2, 8), _bits(rng, 2, 8)])
    signs = 2 * x - 1  # certain and right everywhere
    signs[[0, 1, 2, 3], [0, 1, 0, 5]] *= -1  # but for one wrong pixel in four of the digits
    logits = _single(signs * rng.uniform(720, 800, size=x.shape))
    got = answers.call("log_bernoulli", _single(x), logits)
    expect.finite(got, hint="e^800 is larger than any float: log(1 + e^logit) has a form in which it is never made.")
    hint = (
        "A pixel that is certain and right costs nothing, one that is certain and wrong its whole logit. No clipping."
    )
    expect.close(got, _log_bernoulli(x, logits), rtol=1e-4, atol=1e-3, hint=hint)


@exercise.question("gaussian_kl", points=3, title="The charge in closed form")
def gaussian_kl(answers: Answers, expect: Expect) -> None:
    """`gaussian_kl(mean, log_var)`: KL of `N(mean, exp(log_var))` from `N(0, 1)`, `(batch,)`, in nats."""
    rng = answers.draw("means and log-variances")
    mean, log_var = _normal(rng, 5, 3), _normal(rng, 5, 3)
    got = answers.call("gaussian_kl", mean, log_var)
    expect.shape(got, (5,), hint="One number a digit: sum over the latent numbers, axis=-1, and not over the batch.")
    with expect.part(points=1, title="zero for the prior itself"):
        got_prior = answers.call("gaussian_kl", _single(np.zeros((2, 4))), _single(np.zeros((2, 4))))
        hint = "Mean 0 and log-variance 0 are the prior: nothing is charged."
        expect.close(got_prior, np.zeros(2), atol=1e-5, hint=hint)
        hint = "It is 0 where both are equal, and positive otherwise: is the sign right?"
        expect.true(
            np.all(np.asarray(got) > 0), "The KL divergence of two different distributions is not positive.", hint
        )
    hint = (
        "Try one latent number by hand: μ = 1 with log_var = 0 costs ½ nat, μ = 0 with log_var = 1 costs 0.359. What "
        "several cost is added up, not averaged."
    )
    expect.close(got, _kl(mean, log_var), rtol=1e-4, hint=hint)
    for shape, scale, shift in (((1, 4), 3, 0), ((4, 1), 1, -8), ((3, 2), 1, 4)):
        mean, log_var = _normal(rng, *shape, scale=scale), _normal(rng, *shape) + _single(shift)
        expect.close(answers.call("gaussian_kl", mean, log_var), _kl(mean, log_var), rtol=1e-4, hint=hint)


@exercise.question("sample", points=3, title="Reparameterise")
def sample(answers: Answers, expect: Expect) -> None:
    """`sample(mean, log_var, seed)` draws one z for each digit: μ + σ ε, shape `(batch, latent)`."""
    rng = answers.draw("means and log-variances")
    mean, log_var = _normal(rng, 1_000, 4, scale=2), _single(rng.uniform(-3, 2, size=(1_000, 4)))
    seed, another = rng.choice(9_999, size=2, replace=False).tolist()
    z = answers.call("sample", mean, log_var, seed)
    expect.shape(z, (1_000, 4), hint="As many numbers as in the mean: (batch, latent).")
    expect.finite(z)
    z = np.asarray(z, dtype=float)
    prior = answers.call("sample", _single(np.zeros((1_000, 4))), _single(np.ones((1_000, 4))), seed)
    prior = np.asarray(prior, dtype=float)
    expect.true(
        prior.std(axis=0).min() > 1e-6,
        "Digits with the same distribution all got the same z.",
        hint="Noise is missing, or one ε serves the whole batch: draw noise of the shape of `mean`.",
    )
    hint = "Half of all z lie above their μ, wherever that is: noise lies above 0 as often as below."
    for there in (mean > 0, mean < 0):
        expect.share((z > mean)[there], 0.5, hint)
    few = mean[:6], log_var[:6]
    once, again, other = (np.asarray(answers.call("sample", *few, each)) for each in (seed, seed, another))
    hint = "A generator made from `seed` anew in each call, and nothing drawn from elsewhere."
    expect.true(np.array_equal(once, again), "The same seed gave two different z.", hint)
    expect.true(np.isclose(once, other).mean() < 0.5, "Two different seeds gave the same noise.", hint)
    with expect.part(points=1, title="an ε for each number"):
        hint = (
            "No two digits and no two latent numbers share their ε: draw noise of the shape of `mean`, (batch, latent)."
        )
        expect_own_noise(expect, prior, hint)
    with expect.part(points=1, title="the spread"):
        hint = (
            "The check looks at (z − μ) / σ: its mean is 0, its variance 1, a twentieth lies beyond ±2. Is the noise "
            "normal, and how does σ follow from log_var?"
        )
        expect_normal(expect, (z - mean) / np.exp(log_var / 2.0), hint)
    surer = answers.call("sample", few[0], few[1] - 40, seed)
    expect.close(surer, few[0], atol=1e-4, hint="With a variance near 0, z is μ.")


@exercise.question("negative_elbo", points=3, title="The loss")
def negative_elbo(answers: Answers, expect: Expect) -> None:
    """`negative_elbo(x, logits, mean, log_var, beta)`: one number in nats, the mean over the digits of the batch."""
    rng = answers.draw("batches")

    def compare(digits: int, beta: float, hint: str) -> None:
        x, logits = _bits(rng, digits, 20), _normal(rng, digits, 20)
        mean, log_var = _normal(rng, digits, 3), _normal(rng, digits, 3)
        want = np.mean(beta * _kl(mean, log_var) - _log_bernoulli(x, logits))
        expect.close(answers.call("negative_elbo", x, logits, mean, log_var, beta), want, rtol=1e-4, hint=hint)

    hint = (
        "KL minus log-likelihood, each summed over latent numbers or pixels for each digit; then the mean over digits."
    )
    for digits in (6, 11, 1):
        compare(digits, 1.0, hint)
    with expect.part(points=1, title="β"):
        for beta in (4.0, 0.0, float(rng.uniform(0.1, 0.5))):
            compare(6, beta, "β multiplies the KL and nothing else.")


@exercise.question("importance_bound", points=3, title="A tighter bound")
def importance_bound(answers: Answers, expect: Expect) -> None:
    """`importance_bound(log_weights)`: from `(k, batch)` the bound `log (1/k) Σ w` of each digit, `(batch,)`."""
    from scipy.special import logsumexp

    def compare(log_weights: np.ndarray, hint: str) -> None:
        k, digits = log_weights.shape
        got = answers.call("importance_bound", log_weights)
        expect.shape(got, (digits,), hint="The k samples of a digit lie along axis 0; that axis goes.")
        factor = "What becomes of the bound if all weights of a digit are multiplied by the same number?"
        expect.finite(got, hint=f"e^−900 is 0 in floating point, e^900 is inf. {factor}")
        want = logsumexp(log_weights.astype(np.float64), axis=0) - np.log(k)
        expect.close(got, want, rtol=1e-6, atol=2e-3, hint=hint)

    rng = answers.draw("moderate weights")
    with expect.part(points=1, title="weights of moderate size"):
        hint = "The logarithm of the mean of the weights, not the mean of their logarithms; and divide by k."
        for k, digits in ((5, 4), (int(rng.integers(8, 30)), 3), (1, 6)):
            compare(_normal(rng, k, digits, scale=2), hint)
    rng = answers.draw("small weights")
    for k, places in ((50, [[-900, -900, -900]]), (int(rng.integers(3, 9)), [[-1_000, -90, -850, -800]])):
        hint = (
            "Weights as small as these have a mean too. Its logarithm lies below the largest of theirs, by at most "
            f"log {k}."
        )
        compare(_normal(rng, k, len(places[0]), scale=5) + _single(places), hint)
    far_apart = _normal(rng, 9, 3, scale=5) - 900
    far_apart[rng.integers(1, 9, size=3), np.arange(3)] = _normal(rng, 3)
    compare(far_apart, "One of the weights may be e^900 times as large as the others.")


@exercise.question("active_units", points=2, title="Who is awake?")
def active_units(answers: Answers, expect: Expect) -> None:
    """`active_units(mean)`: how many latent numbers have a variance over the digits above 0.01, one whole number."""
    rng = answers.draw("means")

    def compare(digits: int, spreads: np.ndarray, hint: str) -> None:
        noise = np.sort(rng.normal(size=(digits, len(spreads))), axis=0)  # no few digits stand for all
        mean = rng.uniform(-3, 3, size=len(spreads)) + (noise - noise.mean(axis=0)) / noise.std(axis=0) * spreads
        expect.equal(answers.call("active_units", _single(mean)), int(np.sum(spreads > 0.1)), hint=hint)

    with expect.part(points=1, title="constant means"):
        hint = "A mean that is large but the same for all digits tells nothing about them: variance, not square."
        compare(100, np.zeros(4), hint)
        compare(100, rng.permutation([0, 0, 0, 0, 1.0]), hint)
    for units in (6, int(rng.integers(8, 15))):
        awake = rng.integers(1, units)
        clear = rng.uniform(0.15, 0.9, size=awake), rng.uniform(0.02, 0.07, size=units - awake)
        spreads = np.concatenate([*clear, [0.105, 0.095]])
        hint = f"The variance of each latent number over the digits, axis=0; of {len(spreads)} here, how many?"
        compare(int(rng.integers(200, 400)), rng.permutation(spreads), hint)


@exercise.question("training", points=4, title="A VAE of your own", seconds=240)
def training(answers: Answers, expect: Expect) -> None:
    """`encoder` (bits → mean, log-variance) and `decoder` (z → logits), trained (`history`), by their ELBO on tests."""
    with expect.part(points=1, title="validation data"):
        hint = "history = vae.fit(…, validation_data=(x_valid,)), with a `test_step` beside the `train_step`."
        curve = expect.validated(answers.value("history"), hint, "figures")
        expect.true(np.size(curve), "No epoch was trained.", hint)
    encoder, decoder = answers.model("encoder"), answers.model("decoder")
    bounds = [_elbo(expect, encoder, decoder, rng) for rng in (np.random.default_rng(SEED), answers.draw("bits and z"))]
    elbo = min(bounds[0], bounds[1] + CHANCE)
    expect.flag(elbo > UNHEARD_OF, f"An ELBO of {elbo:.1f} nats: was the VAE trained on the test digits?")
    with expect.part(points=2, title=f"{HIGH_BAR} nats"):
        hint = "Two hidden layers in each half, all digits and a falling rate get there in six epochs."
        expect.at_least(elbo, HIGH_BAR, hint=hint)
    hint = "Does the decoder end without an activation? Sums over pixels and latent numbers, no means?"
    expect.at_least(elbo, LOW_BAR, hint=hint)


def _elbo(expect: Expect, encoder: Model, decoder: Model, rng: np.random.Generator) -> float:
    """The bound of the test digits, in nats a digit, with bits and noise from ``rng``."""
    x = bits_of_test_digits(rng)
    output = encoder.predict(x)
    hint = "One vector a digit: the mean, and behind it as many numbers for the log-variance."
    expect.shape(output, (TEST_DIGITS, None), hint=hint)
    output = np.asarray(output, dtype=float)
    expect.true(output.shape[1] % 2 == 0, f"The encoder gives {output.shape[1]} numbers, which has no halves.", hint)
    order = rng.permutation(TEST_DIGITS)  # what the decoder knows of a digit, it knows from z
    x, (mean, log_var) = x[order], np.split(output[order], 2, axis=1)
    logits = decoder.predict(_single(mean + np.exp(log_var / 2) * rng.normal(size=mean.shape)))
    hint = "One logit a pixel, from z of half the width of the encoder's output."
    expect.shape(logits, (TEST_DIGITS, 784), hint=hint)
    expect.finite(logits, hint="Did the training diverge? A smaller learning rate helps, and exp(log_var / 2) for σ.")
    return float(np.mean(_log_bernoulli(x, np.asarray(logits, dtype=float)) - _kl(mean, log_var)))


def bits_of_test_digits(rng: np.random.Generator) -> np.ndarray:
    """The first 2,000 test digits, thrown into bits: float32 `(2000, 784)`."""
    grey = load_mnist().x_test[:TEST_DIGITS].reshape(-1, 784)
    return (255 * rng.random(grey.shape) < grey).astype("float32")


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
