"""Questions of exercise 4: sliding sums, output sizes, convolution and pooling by hand, a convolutional network."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from coursekit.checks.shared import (
    SEEN,
    accuracy,
    drawn_digits,
    expect_accuracy,
    expect_learning,
    expect_loss_fits,
    expect_outputs,
    expect_parameters,
    flag_by_heart,
    or_above,
    unseen_digits,
)
from coursekit.data import load_mnist
from coursekit.grading import Answers, Exercise, Expect, Layer, Model, Step, Weight

exercise = Exercise("04_cnn")

OWN = {"Layer", "Model"}  # the nearest class of Keras to one that computes by the learner's code
WITHIN = {"pointwise_kernel", "recurrent_kernel"}  # what a layer has beside the kernel by which it counts
CUTTING = {"Reshape", "Cropping2D", "CenterCrop", "RandomCrop"}


@exercise.question("slide", points=2, title="A kernel slides over a list")
def slide(answers: Answers, expect: Expect) -> None:
    """`slide(signal, kernel)` returns the sums of products at every place where the kernel fits, unflipped."""
    rng = answers.draw("lists")
    for places, f in ((4, 3), (3, 2), (1, 3), (5, 1), (6, 4)):
        signal = rng.integers(-99, 100, size=places + f - 1) / (10 if f % 2 else 1)
        kernel = (rng.permutation(8)[:f] - 3) / 2  # never the same when turned round
        kernel[1:-1] = kernel[0]
        signal, kernel = signal.tolist(), kernel.tolist()
        sums = answers.call("slide", signal, kernel)
        expect.shape(
            sums,
            (places,),
            hint="The kernel must fit in whole: len(signal) − len(kernel) + 1 places, the last included.",
        )
        expect.close(
            sums,
            np.correlate(signal, kernel, mode="valid"),
            hint="At each place: signal[place] times kernel[0], plus signal[place + 1] times kernel[1], … "
            "The kernel is not turned round (np.convolve does that).",
        )


def _places(n: int, f: int, padding: int = 0, stride: int = 1) -> int:
    """How many places a kernel finds, counted one by one."""
    return len(range(0, n + 2 * padding - f + 1, stride))


@exercise.question("output_size", points=2, title="How large is the result?")
def output_size(answers: Answers, expect: Expect) -> None:
    """`output_size(n, f, padding, stride)` counts the places of a kernel along one axis."""
    rng = answers.draw("sizes")
    drawn = [(int(rng.integers(f, 100)), f, int(rng.integers(0, f))) for f in rng.integers(2, 8, size=4).tolist()]
    for n, f, padding in ((28, 3, 0), (5, 5, 0), *drawn):
        expect.equal(
            answers.call("output_size", n, f, padding, 1),
            _places(n, f, padding),
            hint="There are `padding` zeros on both sides, and the last place is where the kernel touches the end: "
            "count the places of a 3 on a 5 with your fingers.",
        )
    with expect.part(points=1, title="with a stride"):
        rng = answers.draw("strides")
        steps = [(n, 3, int(rng.integers(0, 3)), int(rng.integers(2, 6))) for n in rng.integers(8, 90, size=4).tolist()]
        for n, f, padding, stride in ((28, 5, 0, 2), (28, 3, 0, 2), (10, 3, 0, 4), *steps):
            expect.equal(
                answers.call("output_size", n, f, padding, stride),
                _places(n, f, padding, stride),
                hint="How often can the kernel move on from its first place? Divide, round DOWN, add the first place.",
            )


PUZZLE = {"first": (16, 2, 2, "valid"), "second": (32, 3, 1, "same"), "third": (64, 2, 1, "valid")}
PUZZLE_HINTS = {
    "first": "Windows of 2 with a stride of 2 do not overlap. A filter has 2·2·1 weights and a bias.",
    "second": "`same` with stride 1 keeps the size. A filter is as deep as its input: 3·3·16 weights and a bias.",
    "third": "`valid` padding and a kernel of 2 cost one row and one column. How many channels does its input have?",
}


def _puzzle_solution() -> dict[str, tuple[tuple[int, int, int], int]]:
    size, channels, solution = 200, 1, {}
    for name, (filters, f, stride, padding) in PUZZLE.items():
        size = _places(size, f, (f - 1) // 2 if padding == "same" else 0, stride)
        solution[name] = (size, size, filters), (f * f * channels + 1) * filters
        channels = filters
    return solution


@exercise.question("puzzle", points=3, title="Three layers on paper")
def puzzle(answers: Answers, expect: Expect) -> None:
    """`puzzle` maps each layer's name to the shape of its output and the number of its parameters."""
    for name, (shape, parameters) in _puzzle_solution().items():
        with expect.part(points=1, title=f"the {name} layer"):
            pair = _puzzle_entry(answers.value("puzzle"), name, expect)
            expect.equal(pair[0], shape, hint=PUZZLE_HINTS[name])
            expect.equal(pair[1], parameters, hint=PUZZLE_HINTS[name])


def _puzzle_entry(table: Any, name: str, expect: Expect) -> Any:
    found = table.get(name) if isinstance(table, dict) else None
    expect.true(
        isinstance(found, tuple | list | np.ndarray) and len(found) == 2,
        f"`puzzle` holds no pair (shape, parameters) for {name!r}.",
        hint='puzzle = {"first": ((rows, columns, channels), parameters), "second": …, "third": …}',
    )
    return found


def _convolved(image: np.ndarray, kernels: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    from scipy.signal import correlate

    maps = [correlate(image, kernels[..., n], mode="valid")[::stride, ::stride, 0] for n in range(kernels.shape[-1])]
    return np.asarray(np.stack(maps, axis=-1) + bias)


@exercise.question("conv2d", points=4, title="A convolution in NumPy")
def conv2d(answers: Answers, expect: Expect) -> None:
    """`conv2d(image, kernels, bias, stride)` computes what a Conv2D layer without padding and activation does."""
    rng = answers.draw("an image and kernels")

    def compare(
        size: tuple[int, int], f: int, channels: int, filters: int, stride: int, with_bias: bool, hint: str
    ) -> None:
        image, kernels = rng.normal(size=(*size, channels)), rng.normal(size=(f, f, channels, filters))
        bias = rng.normal(size=filters) if with_bias else np.zeros(filters)
        want = _convolved(image, kernels, bias, stride)
        arrays = [each.astype(np.float32) for each in (image, kernels, bias)]
        expect.close(answers.call("conv2d", *arrays, stride), want, rtol=1e-4, atol=1e-5, hint=or_above(expect, hint))

    with expect.part(points=1, title="one channel, one filter"):
        hint = "Lay the kernel over every window, row and column, multiply, add up. The kernel is not turned round."
        compare((5, 7), 3, 1, 1, 1, False, hint)
        compare((4, 4), 2, 1, 1, 1, False, hint)
    with expect.part(points=1, title="channels and filters"):
        hint = "Sum over the channels as well: each filter makes ONE map. The maps of all filters are the last axis."
        compare((6, 5), 3, 3, 4, 1, False, hint)
    with expect.part(points=1, title="bias"):
        compare(
            (5, 5), 3, 2, 3, 1, True, "One bias for each filter, added once at every place, not once for each channel."
        )
    with expect.part(points=1, title="stride"):
        hint = "Move on by `stride` pixels in rows and columns; the size follows from question 2."
        compare((9, 8), 3, 1, 2, 2, False, hint)
        compare((10, 10), 3, 2, 1, 3, False, hint)


@exercise.question("max_pool", points=2, title="Max pooling in NumPy")
def max_pool(answers: Answers, expect: Expect) -> None:
    """`max_pool(maps, size)` keeps the largest value of each window, channel by channel."""
    rng = answers.draw("maps")

    def compare(shape: tuple[int, int, int], size: int, hint: str) -> None:
        maps = rng.normal(size=shape) - rng.choice([3, 1000])  # nearly all below zero
        rows, columns = shape[0] // size, shape[1] // size
        want = np.full((rows, columns, shape[2]), -np.inf)
        for row, column in np.ndindex(rows * size, columns * size):
            place = row // size, column // size
            want[place] = np.maximum(want[place], maps[row, column])
        expect.close(answers.call("max_pool", maps, size), want, hint=hint)

    compare((4, 6, 2), 2, "The largest value of each window, in each channel on its own; also when all are below zero.")
    compare((6, 3, 1), 3, "Windows do not overlap: the stride is `size`.")
    compare((2, 3, 2), 1, "Windows of one pixel change nothing.")
    with expect.part(points=1, title="a size that does not divide"):
        hint = "Rows and columns that fill no whole window are left out at the end, as Keras does."
        compare((5, 7, 3), 2, hint)
        compare((8, 11, 2), 3, hint)


@exercise.question("count_parameters", points=2, title="How many parameters?")
def count_parameters(answers: Answers, expect: Expect) -> None:
    """`count_parameters(channels, blocks)` counts the weights and biases of a stack of convolutions."""
    rng = answers.draw("blocks")
    drawn = [
        (channels, list(zip(rng.integers(2, 99, size=layers).tolist(), rng.integers(1, 8, size=layers).tolist())))
        for channels, layers in ((1, 1), (3, 2), (2, 4))
    ]
    for channels, blocks in ((1, [(32, 3), (64, 3), (64, 3)]), *drawn):
        depths = [channels, *(filters for filters, _ in blocks)]
        expect.equal(
            answers.call("count_parameters", channels, blocks),
            sum((f * f * depth + 1) * filters for depth, (filters, f) in zip(depths, blocks)),
            hint="A filter has kernel_size · kernel_size weights for EACH channel of its input, and one bias. "
            "The input of the second convolution has as many channels as the first has filters.",
        )


@exercise.question("build_network", points=2, title="Build a network")
def build_network(answers: Answers, expect: Expect) -> None:
    """`build_network()`: a compiled convolutional network from (28, 28, 1) to ten classes, with a loss that suits."""
    images = drawn_digits(answers, 28, 28, 1)
    model = answers.model("build_network").on(images)
    expect_outputs(expect, model, 10, hint="Flatten (or pool globally), then one unit for every class.")
    convolutions = [weight for weight in expect_learning(expect, model, images) if _convolves(model, weight)]
    expect.true(
        len(convolutions) >= 2,
        f"At least two convolutions that learn were expected, {len(convolutions)} came.",
        hint="layers.Conv2D(filters, kernel_size, activation='relu'), between input and output, and not frozen.",
    )
    expect.true(
        _halves(model),
        "No layer halves the maps.",
        hint="Put layers.MaxPooling2D(2) behind a convolution, or give one strides=2.",
    )
    expect_parameters(
        expect,
        model,
        100_000,
        hint="Do most sit in the first Dense layer? Shrink the maps further before you flatten, or use fewer units.",
    )
    with expect.part(points=1, title="last activation and loss"):
        expect_loss_fits(answers, expect, model, images)


def _convolves(model: Model, weight: Weight) -> bool:
    """Whether a weight is the kernel of a convolution, or one of its shape in a class of the learner's own."""
    *holders, name = weight.path.split("/")
    kinds = next((layer.kinds for layer in model.find("Layer") if layer.name in holders[-1:]), ())
    other = kinds and kinds[0] not in OWN and not any("Conv" in kind for kind in kinds)
    return len(weight.shape) in (3, 4) and name not in WITHIN and not other


def _halves(model: Model) -> bool:
    """Whether a layer makes maps at most 0.6 as long, in rows or in columns, and neither merely cuts them nor is
    ignored; or as few numbers reach a dense layer as if one had."""
    layers = {layer.name: layer for layer in model.find("Layer")}
    sides, channels = [28, 28], 1
    for index, step in enumerate(model.steps):
        layer = layers.get(step.layer)
        came = [] if layer and layer.layers else [(step.took, True)]  # what a model takes, a layer in it has taken
        gives = not _cuts(step, layer) and _is_used(step, model.steps[index + 1 :])
        for shape, halving in (*came, (step.gave, gives)):
            if isinstance(shape, tuple) and len(shape) in (3, 4):
                before, sides, channels = sides, [*shape[1:-1], shape[1]][:2], shape[-1]
                if halving and any(side <= 0.6 * longer for side, longer in zip(sides, before)):
                    return True
        if "Dense" in step.kinds and isinstance(step.took, tuple) and len(step.took) == 2:
            return step.took[1] <= 0.36 * math.prod(sides) * channels
    return False


def _cuts(step: Step, layer: Layer | None) -> bool:
    """Whether a layer shortens maps by leaving pixels out at their edges, or by another order of the same numbers."""
    moves_on = np.ravel(layer.config.get("strides", 2) if layer else 2)
    return bool(CUTTING & set(step.kinds)) or bool((moves_on == 1).all())


def _is_used(step: Step, later: tuple[Step, ...]) -> bool:
    """Whether a later layer takes what the step gave, or at least none takes what it took in its place."""
    taken = [shape for each in later for shape in (each.took if isinstance(each.took, list) else [each.took])]
    return step.gave in taken or step.took not in taken


def _moved(images: np.ndarray, pixels: int) -> np.ndarray:
    """Every fourth image right, left, down, up; zeros enter."""
    moved = np.zeros_like(images)
    moved[0::4, :, pixels:] = images[0::4, :, :-pixels]
    moved[1::4, :, :-pixels] = images[1::4, :, pixels:]
    moved[2::4, pixels:] = images[2::4, :-pixels]
    moved[3::4, :-pixels] = images[3::4, pixels:]
    return moved


@exercise.question("training", points=3, title="Train it past two bars")
def training(answers: Answers, expect: Expect) -> None:
    """`model` reads digits that it has never seen, also moved ones; its curve ends no lower than a dense network's."""
    x_test, y_test = unseen_digits(28, 28, 1)
    x_train = load_mnist().x_train[:SEEN, :, :, np.newaxis].astype(np.float32) / 255
    model = cache(lambda: answers.model("model"))  # one model for both bars

    def read(images: np.ndarray, bar: float, title: str, hint: str) -> None:
        with expect.part(points=1, title=title):
            outputs = model().predict(images)
            expect_accuracy(expect, outputs, y_test, bar, hint)
            seen = model().predict(x_train)
            flag_by_heart(expect, accuracy(seen, load_mnist().y_train[:SEEN]), outputs)

    hint = "Values from 0 to 1? More epochs, as long as val_loss falls? More filters?"
    read(x_test, 0.985, "98.5 % of the test digits", hint)
    hint = "Train on digits that move too: layers.RandomTranslation(0.1, 0.1, fill_mode='constant') comes first."
    read(_moved(x_test, 2), 0.95, "95 % when moved by two pixels", hint)
    with expect.part(points=1, title="compared with a dense network"):
        hint = "compile(…, metrics=['accuracy']), then history = model.fit(…, validation_split=0.1)."
        histories = (answers.value(name) for name in ("history", "dense_history"))
        curve, dense_curve = (expect.validated(history, hint, "accuracy") for history in histories)
        expect.true(curve != dense_curve, "Both histories are the same.", hint="Keep what each `fit` returns.")
        expect.equal(len(curve), len(dense_curve), hint="Train both for the same number of epochs.")
        expect.at_least(
            curve[-1], dense_curve[-1], hint="The convolutional one is to end no lower; was the dense one meant?"
        )
