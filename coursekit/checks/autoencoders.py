"""Questions of exercise 7: compression, decibels, noise, tied weights, outsiders, a denoiser of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from coursekit.checks.shared import compiled, unseen_digits
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("07_autoencoders")

NOISE = 0.5
TEST_IMAGES = 2_000


@exercise.question("compression_ratio", points=2, title="What the bottleneck saves")
def compression_ratio(answers: Answers, expect: Expect) -> None:
    """Bytes before over bytes after, from counts and from the bytes of one number on each side."""
    expect.close(
        answers.call("compression_ratio", 1000, 100, 4, 4),
        10.0,
        hint="Before over after: a ratio above 1 means that something is saved.",
    )
    with expect.part(points=1, title="numbers of different size"):
        for pixels, code_length, pixel_bytes, code_bytes in ((784, 30, 1, 4), (3072, 128, 1, 2)):
            expect.close(
                answers.call("compression_ratio", pixels, code_length, pixel_bytes, code_bytes),
                pixels * pixel_bytes / (code_length * code_bytes),
                rtol=1e-3,
                hint="Count bytes: how many numbers, times the bytes of each, on both sides.",
            )


@exercise.question("psnr", points=3, title="Decibels")
def psnr(answers: Answers, expect: Expect) -> None:
    """10 · log10(peak² / mean squared error), over all pixels of all images, for floats and for bytes."""
    rng = np.random.default_rng(0)
    images = rng.random((3, 4, 4))
    others = np.clip(images + rng.normal(scale=[[[0.05]], [[0.1]], [[0.3]]], size=images.shape), 0, 1)

    def compare(first: np.ndarray, second: np.ndarray, peak: float, hint: str) -> None:
        expect.close(answers.call("psnr", first, second, peak), _psnr(first, second, peak), rtol=1e-4, hint=hint)

    hint = "First the mean of the squared differences over all pixels of all images, then one logarithm to base 10."
    compare(images, others, 1.0, hint)
    with expect.part(points=1, title="another peak"):
        hint = "Everything is 255 times larger, so nothing may change: the peak is squared, as the error is."
        compare(255 * images, 255 * others, 255.0, hint)
    with expect.part(points=1, title="bytes"):
        hint = "In uint8, 10 - 30 is 236, and 20 * 20 is 144: turn the images into floats before you subtract."
        compare(np.full((1, 2, 2), 10, np.uint8), np.full((1, 2, 2), 30, np.uint8), 255, hint)


@exercise.question("spoil", points=2, title="Noise that a camera could make")
def spoil(answers: Answers, expect: Expect) -> None:
    """Normal noise on each pixel, clipped to [0, 1]; the original untouched."""
    grey = np.full((40, 784), 0.5, "float32")
    noisy = np.asarray(answers.call("spoil", grey, 0.05, 3))
    expect.shape(noisy, (40, 784), hint="One noisy pixel for each pixel.")
    expect.finite(noisy)
    expect.between(
        float(noisy.std()),
        0.045,
        0.055,
        hint="Each pixel gets its own draw from a normal distribution of this standard deviation.",
    )
    expect.true(
        float(noisy.std(axis=0).min()) > 0.01 and float(noisy.std(axis=1).min()) > 0.01,
        "Whole rows or columns got the same noise.",
        hint="size=images.shape: one draw for each pixel of each image.",
    )
    expect.between(float(noisy.mean()), 0.49, 0.51, hint="Noise around zero brightens as often as it darkens.")
    with expect.part(points=1, title="clipped"):
        loud = np.asarray(answers.call("spoil", np.tile([0.0, 1.0], (20, 50)), 0.5, 4))
        hint = "No pixel is blacker than black: np.clip(…, 0, 1), after the noise was added."
        _expect_from_0_to_1(expect, "pixels", loud, hint)
        expect.between(
            float(np.mean(np.isin(loud, (0, 1)))),
            0.4,
            0.7,
            hint="Clip, do not rescale: what would leave the range stays at its edge.",
        )


@exercise.question("training_pairs", points=2, title="What goes in, what must come out")
def training_pairs(answers: Answers, expect: Expect) -> None:
    """From bytes `(image, 28, 28)`: spoiled inputs and clean targets, both `(image, 784)` from 0 to 1."""
    images = np.random.default_rng(0).integers(0, 256, size=(30, 28, 28)).astype(np.uint8)
    pair = answers.call("training_pairs", images, 0.3, 5)
    expect.several(pair, "inputs, targets")
    inputs, targets = np.asarray(pair[0]), np.asarray(pair[1])
    clean = images.reshape(30, 784) / 255
    with expect.part(points=1, title="targets"):
        expect.shape(
            pair[1], (30, 784), hint="The network works on vectors: lay the rows of each image behind each other."
        )
        expect.close(
            targets,
            clean,
            atol=1e-3,
            hint="The target is the clean image, divided by 255. Noise in the target teaches to draw noise.",
        )
    with expect.part(points=1, title="inputs"):
        expect.shape(pair[0], (30, 784), hint="The inputs have the shape of the targets.")
        hint = "Divide by 255 first, then add the noise, then clip: `spoil` does the last two."
        _expect_from_0_to_1(expect, "inputs", inputs, hint)
        expect.between(
            float(np.sqrt(np.mean((inputs - clean) ** 2))),
            0.15,
            0.3,
            hint="The inputs are the clean images, spoiled with the deviation that was asked for.",
        )


@exercise.question("tied_gradient", points=3, title="One matrix, used twice")
def tied_gradient(answers: Answers, expect: Expect) -> None:
    """Gradient of the summed squared error of `x → (x W) Wᵀ` with respect to the shared `W`."""
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(5, 4)), rng.normal(size=(4, 2))
    got = answers.call("tied_gradient", x, W)
    expect.shape(got, (4, 2), hint="A gradient has the shape of what it belongs to: W.")
    with expect.part(points=1, title="perfect reconstruction"):
        basis = np.linalg.qr(rng.normal(size=(4, 2)))[0]
        expect.close(
            answers.call("tied_gradient", rng.normal(size=(3, 2)) @ basis.T, basis),
            np.zeros((4, 2)),
            hint="Where the reconstruction is perfect there is no error, so nothing to improve.",
        )
    encoder, decoder = _tied_gradients(x, W)
    expect.true(
        not _near(got, encoder) and not _near(got, decoder),
        "This is the gradient through one use of W only.",
        hint="You treat one use of W as a copy that is fixed. W is shared: its gradient is the sum over both uses.",
    )
    expect.close(
        got,
        encoder + decoder,
        hint="With error = (x W) Wᵀ - x: the decoder's use gives 2 · errorᵀ (x W), the encoder's use 2 · xᵀ (error W). "
        "The loss is the sum, not the mean.",
    )


@exercise.question("find_outsiders", points=3, title="The alarm")
def find_outsiders(answers: Answers, expect: Expect) -> None:
    """True where a test error lies above the threshold that so many validation errors exceed."""
    rng = np.random.default_rng(0)
    valid_errors = rng.exponential(size=1_000)
    test_errors = np.concatenate([rng.exponential(size=50), 20 + rng.exponential(size=50)])
    flags = answers.call("find_outsiders", valid_errors, test_errors, 0.05)
    expect.shape(flags, (100,), hint="One answer for each test error.")
    flags = np.asarray(flags)
    expect.true(
        flags.astype(bool)[50:].all() and not flags.astype(bool)[:50].all(),
        "Errors ten times larger than any of validation are not flagged, or all are.",
        hint="An outsider is what the network can *not* rebuild: alarm where the error is above the threshold.",
    )
    with expect.part(points=1, title="the promised rate of false alarms"):
        for rate in (0.01, 0.1, 0.3):
            among = np.concatenate([valid_errors, np.full(500, 100.0)])
            alarms = np.asarray(answers.call("find_outsiders", valid_errors, among, rate))[:1_000].mean()
            expect.between(
                float(alarms),
                rate - 0.003,
                rate + 0.003,
                hint="A share of `rate` of the validation errors may lie above the limit: np.quantile(…, 1 - rate).",
            )
    with expect.part(points=1, title="outsiders unknown"):
        among_few = np.asarray(answers.call("find_outsiders", valid_errors, test_errors[:50], 0.05)).astype(bool)
        expect.equal(
            among_few,
            test_errors[:50] > np.quantile(valid_errors, 0.95),
            hint="The threshold comes from the validation errors alone.",
        )
        expect.equal(
            flags.astype(bool)[:50],
            among_few,
            hint="The same errors were judged otherwise in other company: your threshold depends on the test errors, "
            "and so on outsiders that nobody knows in advance.",
        )


@exercise.question("build_denoiser", points=2, title="Build a denoiser")
def build_denoiser(answers: Answers, expect: Expect) -> None:
    """A compiled network from 784 pixels to 784 pixels, each between 0 and 1, with a loss that suits."""
    model = answers.model("build_denoiser")
    expect.equal(model.input_shape, (None, 784), hint="Images come as vectors: keras.Input((784,)).")
    expect.equal(model.output_shape, (None, 784), hint="One output for each pixel, as a vector.")
    expect.at_most(model.parameter_count, 2_000_000, hint="A few hundred units in the middle are enough.")
    loss = compiled(expect, model.loss)
    expect.true(
        loss.name in _LOSSES,
        f"The loss is {loss.name}.",
        hint="784 pixels, each a number between 0 and 1: binary cross-entropy or mean squared error.",
    )
    with expect.part(points=1, title="the last activation"):
        rebuilt = np.asarray(model.predict(10 * np.random.default_rng(0).normal(size=(8, 784)).astype("float32")))
        hint = "A pixel lies between 0 and 1. Which activation keeps to that, for each pixel by itself?"
        _expect_from_0_to_1(expect, "outputs", rebuilt, hint)
        expect.true(
            not np.allclose(rebuilt.sum(axis=1), 1, atol=1e-3),
            "The outputs of each image sum to 1.",
            hint="That is a softmax: one unit of ink for a whole digit. Each pixel is a question of its own.",
        )
        expect.true(
            not loss.from_logits,
            "The loss takes logits, the outputs are probabilities.",
            hint="from_logits=True is for a last layer without activation.",
        )


_LOSSES = ("binary_crossentropy", "mean_squared_error", "mse", "mean_absolute_error", "mae", "huber")


@exercise.question("training", points=3, title="Gain six decibels", seconds=240)
def training(answers: Answers, expect: Expect) -> None:
    """`model`, trained with validation data, cleans test digits that the check spoils."""
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_split=0.1), or validation_data=(noisy, clean)."
        expect.validated(answers.value("history"), hint=hint)
    clean = unseen_digits(784)[0][:TEST_IMAGES]
    noise = np.random.default_rng(7).normal(scale=NOISE, size=clean.shape)
    spoiled = np.clip(clean + noise, 0, 1).astype("float32")
    model = answers.model("model")
    expect.equal(model.input_shape, (None, 784), hint="Images come as vectors: keras.Input((784,)).")
    cleaned = model.predict(spoiled)
    expect.shape(cleaned, (TEST_IMAGES, 784), hint="One output for each pixel, as a vector.")
    gain = _psnr(clean, np.asarray(cleaned), 1.0) - _psnr(clean, spoiled, 1.0)
    with expect.part(points=1, title="6 dB"):
        expect.at_least(
            gain,
            6,
            hint="6 dB are a quarter of the squared error. Spoiled input, clean target, both from 0 to 1? "
            "A few epochs on 20,000 images?",
        )
    with expect.part(points=1, title="8 dB"):
        expect.at_least(
            gain,
            8,
            hint="The best linear filter gains 7.6 dB. Convolutions, more units, new noise in each epoch, more images "
            "or more epochs go further.",
        )


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


def _near(got: Any, want: np.ndarray) -> bool:
    got = np.asarray(got)
    return got.shape == want.shape and got.dtype.kind in "biuf" and np.allclose(got, want, rtol=1e-4)
