"""Questions of exercise 13: losses, transposed convolution, modes, Fréchet distance, steps of diffusion, a ring."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from coursekit.checks.shared import or_above
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("13_gan")

CLASSES = 10
CENTRES = 8  # on the unit circle
NEAR = 0.15  # of a centre: three standard deviations of the data
LATENT, POINTS = 8, 4_000
MODE = 0.01  # of all points, for a centre to be found
LOW_BAR, HIGH_BAR = 0.5, 0.7  # of the points near a centre


@exercise.question("losses", points=3, title="Two losses")
def losses(answers: Answers, expect: Expect) -> None:
    """`discriminator_loss(real_logits, fake_logits)` and `generator_loss(fake_logits)`, the non-saturating one."""
    rng = answers.draw("logits")

    def compare_generator(fake: np.ndarray, hint: str) -> None:
        expect.close(answers.call("generator_loss", fake), _softplus(-fake), rtol=1e-4, atol=1e-5, hint=hint)

    def compare_discriminator(real: np.ndarray, fake: np.ndarray, hint: str) -> None:
        got = answers.call("discriminator_loss", real, fake)
        expect.close(got, _softplus(-real) + _softplus(fake), rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="the generator's"):
        hint = (
            "The generator wants its pictures to be taken for real: −log σ(logit), the mean over the batch, is small "
            "where the logit is large. The minimax loss, log(1 − σ(logit)), is another one."
        )
        for count, dtype in ((6, np.float32), (1, np.float64), (9, np.float64)):
            compare_generator(_logits(rng, count, 2, dtype), hint)
    hint = (
        "The mean of −log σ(logit) over the real batch plus the mean of −log(1 − σ(logit)) over the fake one: a sum of "
        "two means, whatever the sizes of the batches."
    )
    for count, other, dtype in ((7, 3, np.float32), (2, 8, np.float64), (1, 1, np.float64), (5, 5, np.float32)):
        compare_discriminator(_logits(rng, count, 2, dtype), _logits(rng, other, 2, dtype), or_above(expect, hint))
    with expect.part(points=1, title="logits of a thousand"):
        hint = (
            "σ(−1000) is rounded to 0, whose logarithm is infinite; where σ is clipped, the loss stops growing "
            "instead. Which function gives −log σ without σ?"
        )
        for count, other in ((5, 4), (1, 1)):
            for dtype in (np.float32, np.float64):
                real, fake = (_large_logits(rng, number, dtype) for number in (count, other))
                compare_discriminator(real, fake, or_above(expect, hint))
                compare_generator(fake, or_above(expect, hint))


def _logits(rng: np.random.Generator, count: int, scale: float, dtype: type) -> np.ndarray:
    return rng.normal(scale=scale, size=(count, 1)).astype(dtype)


def _large_logits(rng: np.random.Generator, count: int, dtype: type) -> np.ndarray:
    signs = rng.permutation([(-1) ** number for number in range(count)])  # of both signs, where there are two
    return np.asarray(signs[:, np.newaxis] * rng.uniform(800, 1_000, size=(count, 1)), dtype=dtype)


def _softplus(z: np.ndarray) -> float:
    """The mean of log(1 + exp(z))."""
    return float(np.logaddexp(0, z.astype(np.float64)).mean())


@exercise.question("transposed_size", points=1, title="How long it becomes")
def transposed_size(answers: Answers, expect: Expect) -> None:
    """`transposed_size(size, kernel_size, stride, padding)`: the length that Keras' transposed convolution gives."""
    rng = answers.draw("sizes")
    cases = list(product((1, 7), (1, 4, 5), (1, 2, 3), ("valid", "same")))
    for padding in 6 * ("valid", "same"):
        size, kernel_size, stride = rng.integers((2, 1, 1), (40, 8, 8)).tolist()
        cases.append((size, kernel_size, stride, padding))
    for case in cases:
        hint = (
            'With "same" the kernel does not matter. With "valid" the first kernel begins at 0, each further one '
            "`stride` places behind: where does the last one begin, and does it end with its kernel even where the "
            "stride is longer?"
        )
        expect.equal(answers.call("transposed_size", *case), _transposed_size(*case), hint=hint)


def _transposed_size(size: int, kernel_size: int, stride: int, padding: str) -> int:
    return size * stride if padding == "same" else (size - 1) * stride + max(kernel_size, stride)


@exercise.question("transposed_convolution", points=2, title="Each input writes a kernel")
def transposed_convolution(answers: Answers, expect: Expect) -> None:
    """`transposed_convolution(x, kernel, stride)` in one dimension, without padding."""
    rng = answers.draw("inputs and kernels")

    def compare(size: int, kernel_size: int, stride: int, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            x, kernel = (rng.normal(size=length).astype(dtype) for length in (size, kernel_size))
            got = answers.call("transposed_convolution", x, kernel, stride)
            expect.shape(got, ((size - 1) * stride + kernel_size,), hint="(inputs − 1) · stride + kernel numbers.")
            expect.close(got, _transposed_convolution(x, kernel, stride), rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="kernels side by side"):
        hint = "Input i writes its multiple of the kernel, first number first, from place i · stride on."
        for size, kernel_size, stride in ((3, 2, 2), (5, 3, 3), (4, 1, 1), (1, 4, 4)):
            compare(size, kernel_size, stride, hint)
    hint = "Where kernels overlap, their numbers are added."
    for size, kernel_size, stride in ((4, 3, 2), (5, 5, 1), (6, 4, 2), (3, 7, 3), (1, 5, 2), (2, 3, 1)):
        compare(size, kernel_size, stride, or_above(expect, hint))


def _transposed_convolution(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """A convolution, over the inputs with zeros between them (Dumoulin & Visin 2016, chapter 4)."""
    spread = np.zeros((len(x) - 1) * stride + 1)
    spread[::stride] = x
    return np.convolve(spread, kernel.astype(np.float64))


@exercise.question("count_modes", points=2, title="How many kinds it makes")
def count_modes(answers: Answers, expect: Expect) -> None:
    """`count_modes(probabilities, certainty, least)`: the classes that a large enough share of all images is read as,
    each image with enough certainty."""
    rng = answers.draw("probabilities")

    def compare(sure: ArrayLike, unsure: ArrayLike, certainty: float, least: float, hint: str) -> None:
        probabilities = _readings(rng, np.asarray(sure), np.asarray(unsure), certainty)
        want = int(np.sum(np.asarray(sure) >= least * len(probabilities)))
        for dtype in (np.float64, np.float32):
            got = answers.call("count_modes", probabilities.astype(dtype), certainty, least)
            expect.equal(got, want, hint=hint)

    nobody = np.zeros(CLASSES, int)
    with expect.part(points=1, title="all images are certain"):
        hint = (
            "Each image counts for its most probable class, and a class counts if at least the share `least` of the "
            "images are read as it."
        )
        compare(rng.permutation([200, *[0] * 9]), nobody, 0.0, 0.01, hint)
        compare(np.full(CLASSES, 20), nobody, 0.0, 0.05, hint)
        compare(np.full(CLASSES + 3, 20), np.zeros(CLASSES + 3, int), 0.0, 0.05, hint)
        compare(rng.permutation([32, 16, 8, 7, 1, *[0] * 5]), nobody, 0.0, 0.125, hint)  # 8 are an eighth of 64
        for least in (0.02, 0.11):
            compare(_telling(rng, least)[0], nobody, 0.0, least, hint)
    hint = (
        "An image whose largest probability is below `certainty` counts for no class, but it is one of all images, so "
        "the shares of the classes add up to less than 1."
    )
    for certainty, least in product((0.9, 0.75, 0.25), (0.02, 0.05, 0.09)):
        compare(*_telling(rng, least), certainty, least, or_above(expect, hint))
    sure, unsure = rng.permutation([12, 8, 8, 7, *[0] * 6]), rng.permutation([10, 10, 9, *[0] * 7])
    for certainty in (0.75, 0.25):
        compare(sure, unsure, certainty, 0.125, or_above(expect, hint))  # of 64
    compare(nobody, unsure, 0.9, 0.01, or_above(expect, hint))


def _telling(rng: np.random.Generator, least: float) -> tuple[np.ndarray, np.ndarray]:
    """How many images of each class are read surely and unsurely: all shares clearly above or below ``least``, where
    other numbers of classes come out for all images, or for shares of the sure ones."""
    while True:
        sure, unsure = np.ceil(200 * least * rng.choice([0, 0.3, 0.7, 1.5, 3], size=(2, CLASSES))).astype(int)
        shares = sure / (sure + unsure).sum()
        of_all, of_sure = (sure + unsure) / (sure + unsure).sum(), sure / max(sure.sum(), 1)
        want = np.sum(shares >= least)
        if (
            np.abs(np.stack([shares, of_sure]) - least).min() > 0.1 * least
            and want not in (0, np.sum(of_all >= least), np.sum(of_sure >= least))
            and np.sum(of_sure >= least) < CLASSES
        ):
            return sure, unsure


def _readings(rng: np.random.Generator, sure: np.ndarray, unsure: np.ndarray, certainty: float) -> np.ndarray:
    """Probabilities ``(image, class)`` of so many images of each class that are read surely, every second one with
    ``certainty`` itself where float32 holds it, and so many that are not."""
    count = len(sure)
    classes = np.repeat(np.arange(count), sure + unsure)
    is_sure = np.concatenate([np.arange(a + b) < a for a, b in zip(sure, unsure)])
    largest = rng.uniform(max(certainty + 0.02, 0.3), 1, size=len(classes))
    if certainty and certainty == float(np.float32(certainty)):
        largest[::2] = certainty
    largest = np.where(is_sure, largest, rng.uniform(0.18, certainty - 0.02, size=len(classes)) if certainty else 1)
    probabilities = rng.dirichlet(np.full(count, 100), size=len(classes))
    probabilities[np.arange(len(classes)), classes] = 0
    probabilities *= ((1 - largest) / probabilities.sum(axis=1))[:, np.newaxis]
    second = (classes + rng.integers(1, count, size=len(classes))) % count
    doubtful = is_sure & (largest > 0.5)  # two classes share what there is
    rest = 0.95 * (1 - largest[doubtful])
    probabilities[doubtful] *= 0.05
    probabilities[doubtful, second[doubtful]] += rest
    probabilities[np.arange(len(classes)), classes] = largest
    return np.asarray(rng.permutation(probabilities))


@exercise.question("frechet_distance", points=3, title="How far apart two sets of pictures are")
def frechet_distance(answers: Answers, expect: Expect) -> None:
    """`frechet_distance(a, b)`: of the normal distributions that have the means and covariances of two sets of
    features."""
    rng = answers.draw("features")

    def compare(a: np.ndarray, b: np.ndarray, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            x, y = a.astype(dtype), b.astype(dtype)
            got = answers.call("frechet_distance", x, y)
            of_root = "A root of a product of covariances may come out with nan, or as complex numbers."
            expect.finite(got, hint=of_root)
            expect.true(not np.iscomplexobj(got), "The distance is a complex number.", hint=of_root)
            x, y = x.astype(np.float64), y.astype(np.float64)
            spread = x.var(axis=0).sum() + y.var(axis=0).sum()
            expect.close(got, _frechet_distance(x, y), rtol=2e-3, atol=1e-3 * float(spread), hint=hint)

    with expect.part(points=1, title="equal covariances"):
        hint = "Where both covariances are C, C + C − 2 √(C C) is 0: the square of the way between the means is left."
        for count, size in ((30, 4), (12, 2)):
            a = _features(rng, count, size)
            compare(a, rng.permutation(a) + rng.normal(scale=3, size=size), hint)
            compare(a, a[::-1], hint)
    hint = (
        "|mean a − mean b|² + trace(A + B − 2 √(A B)): covariances of the features, divided by n − 1, and the root of "
        "a matrix, the one that multiplied by itself gives A B, not the roots of its numbers."
    )
    for count, other, size in ((30, 40, 3), (50, 20, 6), (12, 14, 2)):
        compare(_features(rng, count, size), _features(rng, other, size), or_above(expect, hint))
    with expect.part(points=1, title="fewer pictures than features"):
        hint = (
            "With fewer pictures than features a covariance has eigenvalues of 0, which come out a little below: no "
            "root of a negative number. The root of A B has the trace of the root of √A B √A, which is symmetric."
        )
        for count, other, size in ((4, 5, 8), (3, 40, 6), (30, 2, 5)):
            compare(_features(rng, count, size), _features(rng, other, size), or_above(expect, hint))


def _features(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Of ``count`` pictures, with a mean, spreads and correlations of their own."""
    mixed = rng.normal(size=(count, size)) @ (rng.normal(size=(size, size)) * rng.uniform(0.3, 3, size=size))
    return np.asarray(mixed + rng.normal(scale=1.5, size=size))


def _frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """See Dowson & Landau (1982). Where A = X'X and B = Y'Y, trace √(A B) is the sum of the singular values of X Y'."""
    x, y = ((each - each.mean(axis=0)) / np.sqrt(len(each) - 1) for each in (a, b))
    apart = a.mean(axis=0) - b.mean(axis=0)
    common = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return float(apart @ apart + (x**2).sum() + (y**2).sum() - 2 * common)


@exercise.question("add_noise", points=2, title="Noise in one step")
def add_noise(answers: Answers, expect: Expect) -> None:
    """`add_noise(x, noise, kept)`: what becomes of `x` when the share `kept`, ᾱ, of its variance is kept."""
    rng = answers.draw("pictures and noise")

    def compare(shape: tuple[int, ...], kept: float | np.ndarray, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            x, noise = rng.normal(size=(2, *shape)).astype(dtype)
            share = kept.astype(dtype) if isinstance(kept, np.ndarray) else kept
            got = answers.call("add_noise", x, noise, share)
            expect.shape(got, shape, hint="As many numbers as in x.")
            expect.close(got, _add_noise(x, noise, kept), rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="one share for all"):
        hint = "√ᾱ times the picture plus √(1 − ᾱ) times the noise: the variances, not the sizes, add up to 1."
        for shape in ((3, 4), (2, 5, 5, 1), (6,)):
            for kept in (*rng.uniform(0.05, 0.95, size=2).tolist(), 1.0, 0.0):
                compare(shape, kept, hint)
    hint = "One share for each picture of the batch, the first axis: give `kept` as many axes as x has, of length 1."
    shapes: tuple[tuple[int, ...], ...] = ((4, 3), (3, 3), (5, 4, 4, 1), (3, 3, 3, 3), (1, 2, 2), (6,))
    for each in shapes:
        compare(each, rng.uniform(0.05, 0.95, size=each[0]), or_above(expect, hint))


def _add_noise(x: np.ndarray, noise: np.ndarray, kept: float | np.ndarray) -> np.ndarray:
    """See Ho, Jain & Abbeel (2020), equation 4."""
    share = np.reshape(np.asarray(kept, dtype=np.float64), (-1,) + (1,) * (x.ndim - 1))
    return np.asarray(np.sqrt(share) * x + np.sqrt(1 - share) * noise)


@exercise.question("ddim_step", points=2, title="A step back")
def ddim_step(answers: Answers, expect: Expect) -> None:
    """`ddim_step(x, noise, kept, kept_next)`: from a noisy picture and the noise that is thought to be in it to a less
    noisy one."""
    rng = answers.draw("pictures and noise")

    def compare(kept: float, kept_next: float, hint: str) -> None:
        for shape, dtype in (((2, 3, 3, 1), np.float32), ((4, 2), np.float64), ((5,), np.float64)):
            x, noise = rng.normal(size=(2, *shape)).astype(dtype)
            got = answers.call("ddim_step", x, noise, kept, kept_next)
            expect.shape(got, shape, hint="As many numbers as in x.")
            expect.close(got, _ddim_step(x, noise, kept, kept_next), rtol=1e-4, atol=1e-4, hint=hint)

    with expect.part(points=1, title="the last step"):
        hint = "With kept_next = 1 no noise is left: solve x = √ᾱ · clean + √(1 − ᾱ) · noise for the clean picture."
        for kept in rng.uniform(0.1, 0.95, size=4).tolist():
            compare(kept, 1.0, hint)
    hint = "Guess the clean picture from x, then give it as much of the same noise as the next step has."
    for kept, further in rng.uniform((0.05, 0.1), (0.6, 0.8), size=(5, 2)).tolist():
        compare(kept, kept + further * (1 - kept), or_above(expect, hint))


def _ddim_step(x: np.ndarray, noise: np.ndarray, kept: float, kept_next: float) -> np.ndarray:
    """See Song, Meng & Ermon (2021), equation 12 with σ = 0; here x itself, which keeps its direction, is scaled."""
    scale = np.sqrt(kept_next / kept)
    return np.asarray(scale * x + (np.sqrt(1 - kept_next) - scale * np.sqrt(1 - kept)) * noise)


@exercise.question("ring", points=5, title="A ring of eight", seconds=120)
def ring(answers: Answers, expect: Expect) -> None:
    """`generator`, a Keras model that turns z into points of the ring, near its centres and at all eight of them."""
    generator = answers.model("generator")
    z = answers.draw("z").normal(size=(POINTS, LATENT)).astype(np.float32)
    points = generator.predict(z)
    expect.shape(points, (POINTS, 2), hint="One point, two numbers, for each row of z.")
    expect.finite(points, hint="Did the training diverge? A smaller learning rate helps.")
    found, near = judged(np.asarray(points, dtype=np.float64))
    hint = (
        "Even a generator that knows one centre alone puts most of its points near it. Were there enough steps, and "
        "did the rate fall towards 0?"
    )
    expect.at_least(near, LOW_BAR, hint=hint)
    for points_each, bar in ((2, LOW_BAR), (2, HIGH_BAR)):
        with expect.part(points=points_each, title=f"all eight, {bar:.0%} near a centre"):
            expect.true(
                found == CENTRES,
                f"The generator finds {found} of the {CENTRES} centres.",
                hint="Let the generator answer each step of the discriminator, and blur all that the discriminator "
                "sees at first. Which networks, and which seed, would find more?",
                expected=f"at least {MODE:.0%} of all points near each of the {CENTRES}",
            )
            expect.at_least(
                near, bar, hint="Between two centres lies nothing real. More steps, a rate that falls to 0?"
            )


def judged(points: np.ndarray) -> tuple[int, float]:
    """How many centres have at least 1 % of the points ``(n, 2)`` near them, and the share of points near any."""
    angles = 2 * np.pi * np.arange(CENTRES) / CENTRES
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    near = np.linalg.norm(points[:, np.newaxis] - centres, axis=2) <= NEAR  # the circles do not meet
    return int(np.sum(near.mean(axis=0) >= MODE)), float(near.any(axis=1).mean())
