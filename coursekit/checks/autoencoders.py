"""Questions of exercise 7: compression, decibels, noise, tied weights, outsiders, a denoiser of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from coursekit.checks.shared import expect_learning, expect_normal, expect_own_noise, unseen_digits
from coursekit.grading import Answers, Exercise, Expect, Model

exercise = Exercise("07_autoencoders")

NOISE = 0.5
TEST_IMAGES = 2_000
SEED = (7, 1)  # of no learner's own noise, which their network may know by heart
BARS = (7, 8.3)  # decibels; a blur gains 3, with its contrast stretched about 6; the best linear map 8.1
CHANCE = 0.2  # decibels by which gains on two draws of noise never differ
UNHEARD_OF = 13  # decibels


@exercise.question("compression_ratio", points=2, title="What the bottleneck saves")
def compression_ratio(answers: Answers, expect: Expect) -> None:
    """`compression_ratio(pixels, code_length, bytes_per_pixel, bytes_per_number)`: bytes before over bytes after."""
    rng = answers.draw("counts")

    def compare(length: int, pixels: int, pixel_bytes: int, number_bytes: int, hint: str) -> None:
        expect.close(
            answers.call("compression_ratio", pixels, length, pixel_bytes, number_bytes),
            pixels * pixel_bytes / (length * number_bytes),
            rtol=1e-4,
            hint=hint,
        )

    hint = "Before over after, not rounded. A ratio above 1 means that something is saved; it may be below 1 as well."
    for least in (20, 200):
        length = int(rng.integers(least, 2 * least))
        pixels = length * int(rng.integers(1, 30)) + int(rng.integers(length // 4, 3 * length // 4))
        compare(length, pixels, 4, 4, hint)
    compare(pixels, length, 2, 2, hint)
    with expect.part(points=1, title="numbers of different size"):
        for pixel_bytes, number_bytes in ((1, 4), (8, 2), (2, 1)):
            length, pixels = int(rng.integers(20, 99)), int(rng.integers(500, 4_000))
            hint = "Count bytes: how many numbers, times the bytes of each, on both sides."
            compare(length, pixels, pixel_bytes, number_bytes, hint)


@exercise.question("psnr", points=3, title="Decibels")
def psnr(answers: Answers, expect: Expect) -> None:
    """`psnr(images, others, peak)`: 10 · log10(peak² / mean squared error) over all pixels, for floats and bytes."""
    rng = answers.draw("images")
    images = rng.uniform(0.1, 0.8, size=(3, 4, 5))  # the largest is never the peak
    others = np.clip(images + rng.normal(scale=[[[0.05]], [[0.1]], [[0.3]]], size=images.shape), 0, 0.9)

    def compare(first: np.ndarray, second: np.ndarray, peak: float, hint: str) -> None:
        expect.close(answers.call("psnr", first, second, peak), _psnr(first, second, peak), rtol=1e-4, hint=hint)

    hint = "First the mean of the squared differences over all pixels of all images, then one logarithm to base 10."
    compare(images, others, 1.0, hint)
    compare(others[1:2].astype(np.float32), images[1:2].astype(np.float32), 1.0, hint)
    with expect.part(points=1, title="another peak"):
        hint = "If all is so many times larger, the peak as well, nothing may change: the peak is squared as the error."
        compare(255 * images, 255 * others, 255.0, hint)
        peak = float(rng.integers(2, 5_000))
        compare(peak * images, peak * others, peak, hint)
    with expect.part(points=1, title="bytes"):
        hint = (
            "Small whole numbers wrap around: in uint8, 10 - 30 is 236; in int16, 200 * 200 is -25536. "
            "Which numbers have room for both?"
        )
        rng = answers.draw("bytes")
        dark, light = rng.integers(0, 60, size=(2, 1, 3, 4)), rng.integers(190, 256, size=(2, 1, 3, 4))
        for first, second in ((dark[0], dark[1]), (dark[0], light[0]), (light[1], dark[1])):
            compare(first.astype(np.uint8), second.astype(np.uint8), 255, hint)


@exercise.question("spoil", points=2, title="Noise that a camera could make")
def spoil(answers: Answers, expect: Expect) -> None:
    """`spoil(images, deviation, seed)`: normal noise on each pixel, clipped to [0, 1]; the seed repeats it."""
    rng = answers.draw("grey images")
    grey, deviation = rng.uniform(0.45, 0.55, size=(4, 4, 28, 28)), float(rng.uniform(0.04, 0.07))
    seed, another = rng.choice(9_999, size=2, replace=False).tolist()
    noisy = answers.call("spoil", grey, deviation, seed)
    expect.shape(noisy, grey.shape, hint="One noisy pixel for each pixel.")
    expect.finite(noisy)
    _expect_noise(expect, ((np.asarray(noisy) - grey) / deviation).reshape(16, 784))
    _expect_seeded(
        expect, *(np.asarray(answers.call("spoil", grey[:2], deviation, each)) for each in (seed, seed, another))
    )
    with expect.part(points=1, title="clipped"):
        _expect_clipped(answers, expect)


def _expect_clipped(answers: Answers, expect: Expect) -> None:
    from scipy.stats import norm

    rng = answers.draw("black and white images")
    images = rng.integers(0, 2, size=(20, 10, 12)).astype(np.float32)
    deviation, seed = float(rng.uniform(0.3, 0.6)), int(rng.integers(9_999))
    noisy = answers.call("spoil", images, deviation, seed)
    expect.shape(noisy, images.shape, hint="The shape of `images`, whatever it is.")
    noisy = np.asarray(noisy)
    _expect_from_0_to_1(expect, "pixels", noisy, "No pixel is blacker than black: clip after the noise was added.")
    hint = "Neither rescaled nor mirrored nor drawn again: what would leave the range stays at its nearer edge."
    for pixel in (0, 1):
        there = noisy[images == pixel]
        expect.share(there == pixel, 0.5, hint)
        expect.share(there == 1 - pixel, float(norm.sf(1 / deviation)), hint)


def _expect_noise(expect: Expect, noise: np.ndarray) -> None:
    """Noise over its deviation, `(image, pixel)`, is normal and each pixel's own."""
    expect_own_noise(expect, noise, "Draw one number for each pixel of each image: size=images.shape.")
    hint = (
        "The check looks at (spoiled - images) / deviation: with normal noise around zero of this standard deviation "
        "its mean is 0 and its variance 1, a third lies beyond ±1, a twentieth beyond ±2."
    )
    expect_normal(expect, noise, hint)


def _expect_seeded(expect: Expect, once: np.ndarray, again: np.ndarray, another: np.ndarray) -> None:
    """The same seed gives the same, another seed gives something else."""
    hint = "np.random.default_rng(seed), made anew in each call, and nothing drawn from elsewhere."
    expect.true(np.array_equal(once, again), "The same seed gave two different results.", hint)
    expect.true(np.isclose(once, another).mean() < 0.5, "Two different seeds gave the same noise.", hint)


@exercise.question("training_pairs", points=2, title="What goes in, what must come out")
def training_pairs(answers: Answers, expect: Expect) -> None:
    """`training_pairs(images, deviation, seed)`: inputs and targets for a denoiser, `(image, 784)` from 0 to 1."""
    rng = answers.draw("bytes")
    images = rng.integers(0, 256, size=(6, 28, 28), dtype=np.uint8)
    grey = rng.integers(115, 141, size=(16, 28, 28), dtype=np.uint8)
    deviation, (seed, another) = float(rng.uniform(0.04, 0.07)), rng.choice(9_999, size=2, replace=False).tolist()

    def pair(images: np.ndarray, deviation: float, seed: int) -> Any:
        got = answers.call("training_pairs", images, deviation, seed)
        expect.several(got, "inputs, targets")
        return got

    with expect.part(points=1, title="targets"):
        for batch in (images, images[:1] // 2):  # the second is one image, and has no full ink
            targets = pair(batch, 0.3, seed)[1]
            hint = "The network works on vectors: lay the rows of each image behind each other."
            expect.shape(targets, (len(batch), 784), hint=hint)
            hint = "The target is the clean image, divided by 255. With the input's noise in it, noise is learnt."
            expect.close(targets, batch.reshape(-1, 784) / 255, atol=1e-3, hint=hint)
    with expect.part(points=1, title="inputs"):
        inputs = pair(grey, deviation, seed)[0]
        expect.shape(inputs, (16, 784), hint="The inputs have the shape of the targets.")
        _expect_noise(expect, (np.asarray(inputs) - grey.reshape(16, 784) / 255) / deviation)
        _expect_seeded(expect, *(np.asarray(pair(grey[:2], deviation, each)[0]) for each in (seed, seed, another)))
        loud = np.asarray(pair(images, 0.5, seed)[0])
        hint = "Divide by 255 first, then add the noise, then clip: `spoil` does the last two."
        _expect_from_0_to_1(expect, "inputs", loud, hint)
        for ink in (0, 1):
            flat = np.full((6, 28, 28), 255 * ink, dtype=np.uint8)
            expect.share(np.asarray(pair(flat, 0.5, seed)[0]) == ink, 0.5, hint)


@exercise.question("tied_gradient", points=3, title="One matrix, used twice")
def tied_gradient(answers: Answers, expect: Expect) -> None:
    """`tied_gradient(x, W)`: of the summed squared error of `x → (x W) Wᵀ` with respect to the shared `W`."""
    rng = answers.draw("x and W")
    x, W = rng.normal(size=(5, 4)), rng.normal(size=(4, 2))
    got = answers.call("tied_gradient", x, W)
    expect.shape(got, (4, 2), hint="A gradient has the shape of what it belongs to: W.")
    with expect.part(points=1, title="perfect reconstruction"):
        basis = np.linalg.qr(rng.normal(size=(4, 2)))[0]
        hint = "Where the reconstruction is perfect there is no error, so nothing to improve."
        perfect = answers.call("tied_gradient", rng.normal(size=(3, 2)) @ basis.T, basis)
        expect.close(perfect, np.zeros((4, 2)), atol=1e-4, hint=hint)
        hint = "Where the reconstruction is not perfect, some change of W would make it better."
        expect.true(np.any(got), "The gradient is zero for whatever W.", hint)
    encoder, decoder = _tied_gradients(x, W)
    expect.true(
        not _near(got, encoder) and not _near(got, decoder),
        "This is the gradient through one use of W only.",
        hint="You treat one use of W as a copy that is fixed. W is shared: what does a change of it do in its other "
        "place?",
    )
    hint = (
        "error = (x W) Wᵀ - x, and the loss is the SUM of its squares. Each use of W adds its part, with the factor 2."
    )
    _expect_near(expect, got, encoder + decoder, hint)
    for batch, inputs, length in ((1, 6, 3), (7, 3, 1)):
        x, W = rng.normal(size=(batch, inputs)), rng.normal(size=(inputs, length))
        _expect_near(expect, answers.call("tied_gradient", x, W), np.add(*_tied_gradients(x, W)), hint)


@exercise.question("find_outsiders", points=3, title="The alarm")
def find_outsiders(answers: Answers, expect: Expect) -> None:
    """`find_outsiders(valid_errors, test_errors, rate)`: True above what a share `rate` of the valid errors exceed."""
    rng = answers.draw("errors")

    def alarms(valid: np.ndarray, test: np.ndarray, rate: float) -> np.ndarray:
        flags = answers.call("find_outsiders", valid, test, rate)
        expect.shape(flags, test.shape, hint="One answer, True or False, for each test error.")
        return np.asarray(flags).astype(bool)

    for scale in (0.01, 50):
        valid = scale * rng.gamma(2, size=1_000)
        inside, outside = rng.choice(valid[valid < np.median(valid)], size=30), 3 * valid.max() + valid[:60]
        flags = alarms(valid, np.concatenate([inside, outside]), float(rng.uniform(0.05, 0.2)))
        hint = "The alarm takes for an outsider what is rebuilt badly: True where the error is above the threshold."
        expect.true(flags[30:].all(), "Errors three times larger than any of validation are not flagged.", hint)
        expect.true(not flags[:30].any(), "Errors smaller than most of validation are flagged.", hint)
    with expect.part(points=1, title="the promised rate of false alarms"):
        for count, rate in ((1_000, 0.01), (200, 0.1), (1_000, float(rng.uniform(0.02, 0.4)))):
            valid = rng.gamma(rng.uniform(0.5, 5), size=count)
            mixed = np.concatenate([valid, np.full(100, 100.0)]).astype(np.float32)
            expect.between(
                int(alarms(valid.astype(np.float32), mixed, rate)[:count].sum()),
                np.ceil(rate * count) - 2,
                np.floor(rate * count) + 2,
                hint="Of the validation errors themselves, a share of `rate` may lie above the threshold; which of "
                "them is the one to compare with?",
            )
    with expect.part(points=1, title="outsiders unknown"):
        rate = float(rng.uniform(0.1, 0.2))
        valid, few = rng.gamma(2, size=500), rng.gamma(3, size=50)
        alone = alarms(valid, few, rate)
        hint = (
            "The same errors were judged otherwise in other company: your threshold depends on the test errors, and so "
            "on outsiders that nobody knows in advance."
        )
        for company in (np.full(200, 100.0), np.zeros(300)):
            expect.equal(alarms(valid, np.concatenate([few, company]), rate)[:50], alone, hint=hint)
        expect.equal(np.array([alarms(valid, few[n : n + 1], rate)[0] for n in range(3)]), alone[:3], hint=hint)


@exercise.question("build_denoiser", points=2, title="Build a denoiser")
def build_denoiser(answers: Answers, expect: Expect) -> None:
    """`build_denoiser()`: a compiled network from 784 pixels to 784, each between 0 and 1; all layers learn."""
    images = answers.draw("images").random((8, 784), dtype=np.float32)
    twice = np.concatenate([images, images])
    model = answers.model("build_denoiser").on(twice)
    expect.equal(model.gave, (16, 784), hint="One output for each pixel of each image, as a vector.")
    expect.at_most(model.parameter_count, 2_000_000, hint="A few hundred units in the middle stay below that.")
    expect_learning(expect, model, twice)
    _expect_images_of_inputs(expect, model, twice)
    loss = model.loss
    expect.true(loss, "The model has no loss.", hint="network.compile(optimizer, loss) before you return it.")
    takes = _loss_takes(answers, model)
    expect.true(
        takes,
        f"The loss `{loss and loss.name}` takes no such images, or is not least where every pixel is right.",
        hint="784 pixels, each a number between 0 and 1 by itself: binary cross-entropy or mean squared error?",
    )
    with expect.part(points=1, title="the last activation"):
        outputs = np.stack(
            [model.rehearse(twice, training=True, seed=4), *(model.rehearse(twice, seed=n) for n in range(4))]
        )
        hint = "A pixel lies between 0 and 1, whatever the weights. Which activation keeps to that, and stands last?"
        _expect_from_0_to_1(expect, "outputs", outputs, hint)
        expect.true(
            not np.allclose(outputs.sum(axis=-1), 1, atol=1e-3),
            "The outputs of each image sum to 1.",
            hint="As with a softmax: one unit of ink for a whole digit. Each pixel is a question of its own.",
        )
        expect.true(
            takes == "pixels",
            "The loss takes logits, the outputs lie between 0 and 1.",
            hint="from_logits=True is for a last layer without activation.",
        )


def _expect_images_of_inputs(expect: Expect, model: Model, twice: np.ndarray) -> None:
    """The model gives pictures that depend on the image, and the same ones for the same image in any company."""
    outputs = [np.asarray(model.rehearse(twice, seed=seed)) for seed in (None, 0, 1, *range(2, 12))]
    expect.true(
        all(np.allclose(each[:8], each[8:], atol=1e-3) for each in outputs),
        "The same image came out in two different ways.",
        hint="Noise and dropout belong to training alone: when a network predicts, it is not random.",
    )
    expect.true(
        all(np.allclose(model.rehearse(twice[n : n + 1]), outputs[0][n], atol=1e-3) for n in (0, 1)),
        "An image came out differently when it was alone in its batch.",
        hint="What is computed over a whole batch belongs to training alone: each image is cleaned for itself.",
    )
    for axis, words in ((1, "All pixels of an image come out alike."), (0, "All images come out alike.")):
        expect.true(
            max(each.std(axis=axis).max() for each in outputs) > 1e-3,
            words,
            hint="Does each pixel have an output of its own, and does something lead to it from the input?",
        )


def _loss_takes(answers: Answers, model: Model) -> str:
    """``"pixels"`` or ``"logits"``, whichever the model's loss is least for where each pixel is right; empty if none
    of both."""
    rng = answers.draw("pixels for the loss")
    clean = rng.uniform(0.1, 0.9, size=(8, 784))
    light, dark = clean > rng.uniform(0.6, 0.7), clean < rng.uniform(0.3, 0.4)
    moved = [clean + step * where for step in (0.08, -0.08) for where in (light, dark)]
    mixed = [np.roll(clean, 1, axis=axis) for axis in (0, 1)]
    guesses = [clean, *moved, *mixed, clean / 2, np.full_like(clean, clean.mean())]
    logits = [np.log(each) - np.log1p(-each) for each in guesses]
    predictions = [each.astype(np.float32) for each in (*guesses, *logits)]
    for kind, (best, *others) in zip(
        ("pixels", "logits"), np.reshape(model.loss_values(clean.astype(np.float32), predictions), (2, -1))
    ):
        if np.min(others) - best > 1e-4 * np.ptp(others):
            return kind
    return ""


@exercise.question("training", points=3, title="Gain seven decibels", seconds=240)
def training(answers: Answers, expect: Expect) -> None:
    """`model`, trained with validation data (`history`), cleans test digits that the check spoils."""
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_split=0.1), or validation_data=(noisy, clean)."
        expect.true(np.size(expect.validated(answers.value("history"), hint=hint)), "No epoch was trained.", hint)
    model = answers.model("model")
    gains = [_gain(expect, model, rng) for rng in (np.random.default_rng(SEED), answers.draw("noise"))]
    gain = min(gains[0], gains[1] + CHANCE)
    expect.flag(gain > UNHEARD_OF, f"A gain of {gain:.1f} dB: was the network trained on the test digits?")
    hints = (
        "A gain of 7 dB leaves a fifth of the squared error. Spoiled input, clean target, both from 0 to 1? A few "
        "epochs on 20,000 images, and some hundred units?",
        "The best linear map of all pixels, clipped, gains 8.1 dB. More epochs, as long as the validation loss "
        "falls? More images, new noise in each epoch, more units, convolutions?",
    )
    for bar, hint in zip(BARS, hints):
        with expect.part(points=1, title=f"{bar:g} dB"):
            expect.at_least(gain, bar, hint=hint)


def _gain(expect: Expect, model: Model, rng: np.random.Generator) -> float:
    """By how many decibels the model cleans the first test digits, spoiled with noise from ``rng``."""
    clean = unseen_digits(784)[0][:TEST_IMAGES]
    spoiled = np.clip(clean + rng.normal(scale=NOISE, size=clean.shape), 0, 1).astype("float32")
    cleaned = model.predict(spoiled)
    expect.shape(cleaned, clean.shape, hint="One output for each pixel, as a vector.")
    return _psnr(clean, np.asarray(cleaned), 1.0) - _psnr(clean, spoiled, 1.0)


def _expect_from_0_to_1(expect: Expect, what: str, values: np.ndarray, hint: str) -> None:
    low, high = values.min(), values.max()
    expect.true(
        low >= 0 and high <= 1,
        f"There are {what} below 0 or above 1.",
        hint,
        expected=f"{what} from 0 to 1",
        got=f"{what} from {low:.2f} to {high:.2f}",
    )


def _psnr(images: np.ndarray, others: np.ndarray, peak: float) -> float:
    """Peak signal-to-noise ratio in decibels."""
    difference = np.asarray(images, float) - np.asarray(others, float)
    return float(10 * np.log10(peak**2 / np.mean(difference**2)))


def _tied_gradients(x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of ``sum((x W Wᵀ - x)²)`` through the first and through the second use of W."""
    error = x @ W @ W.T - x
    return 2 * x.T @ (error @ W), 2 * error.T @ (x @ W)


def _expect_near(expect: Expect, got: Any, want: np.ndarray, hint: str) -> None:
    expect.close(got, want, rtol=1e-3, atol=1e-4 * float(np.abs(want).max()), hint=hint)


def _near(got: Any, want: np.ndarray) -> bool:
    got = np.asarray(got)
    return got.shape == want.shape and got.dtype.kind in "biuf" and np.allclose(got, want, rtol=1e-3)
