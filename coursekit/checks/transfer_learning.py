"""Questions of exercise 6: the four cases, heads, preprocessing, frozen layers, fine-tuning, twenty-five digits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from coursekit.checks.shared import accuracy, compiled, dense_parameters, expect_loss_fits, unseen_digits
from coursekit.grading import Answers, Exercise, Expect, Model, Step, Weight

exercise = Exercise("06_transfer_learning")

BASE_LAYERS, BASE_PARAMETERS, FOURTH_CONVOLUTION = 8, 60_928, 36_928
BARS = (0.65, 0.72)  # a head on the frozen base reaches 68 to 75 %, by the seed of the network that lends it
TOO_GOOD = 0.92  # for 25 digits
NUDGES = 4  # of a network's weights: a head may start from zeros, and a unit of ReLU may be silent
COUNT_HINT = "A dense layer has (inputs + 1) · units parameters, and its inputs are the units of the layer before."


@exercise.question("choose_recipe", points=2, title="Choose the case")
def choose_recipe(answers: Answers, expect: Expect) -> None:
    """`choose_recipe(images_per_class, similar)` names the recipe for one of the four cases."""
    rng = answers.draw("images per class")
    few, many = [1, 99, *rng.integers(2, 99, size=2).tolist()], [100, 5_000, *rng.integers(101, 999, size=2).tolist()]

    def compare(amounts: Sequence[int], similar: bool, recipe: str, hint: str) -> None:
        for amount in amounts:
            expect.equal(answers.call("choose_recipe", amount, similar), recipe, hint=hint)

    with expect.part(points=1, title="few images"):
        hint = "By the rule of thumb, few images cannot pay for many weights; on similar data the base stays whole."
        compare(few, True, "new head", hint)
        hint = "By the rule of thumb, few images cannot pay for many weights; on different data the upper blocks go."
        compare(few, False, "low layers", hint)
    hint = "A hundred images a class or more count as many: by the rule of thumb they can adapt every layer, gently."
    compare(many, True, "fine-tune all", hint)
    hint = "Many images of another kind: by the rule of thumb the borrowed weights are a start, and all of them train."
    compare(many, False, "initialise and retrain", hint)


@exercise.question("head_parameters", points=2, title="Count a head")
def head_parameters(answers: Answers, expect: Expect) -> None:
    """`head_parameters(maps, units, pooled)` counts the parameters of dense layers on flattened or averaged maps."""
    rng = answers.draw("heads")
    drawn = [
        ((rows, rows + 1, int(rng.integers(60, 99))), rng.integers(2, 30, size=layers).tolist())
        for rows, layers in ((2, 1), (3, 2), (4, 5))
    ]
    with expect.part(points=1, title="on averaged maps"):
        for maps, units in drawn:
            expect.equal(
                answers.call("head_parameters", maps, units, True),
                dense_parameters([maps[2], *units]),
                hint="Averaging leaves one number for each map: `channels` inputs. " + COUNT_HINT,
            )
    for maps, units in (*drawn, ((1, 1, 64), [7, 3])):
        expect.equal(
            answers.call("head_parameters", maps, units),
            dense_parameters([math.prod(maps), *units]),
            hint="Flattened maps have rows · columns · channels numbers. " + COUNT_HINT,
        )


@exercise.question("preprocessed", points=2, title="Preprocess as the network was trained")
def preprocessed(answers: Answers, expect: Expect) -> None:
    """`preprocessed(photos)`: bytes scaled to [0, 1], centred, divided, as for MobileNetV2 in lesson 6."""
    rng = answers.draw("photos")

    def compare(photos: np.ndarray, hint: str) -> None:
        want = (photos / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        got = answers.call("preprocessed", photos)
        expect.shape(got, photos.shape, hint="The shape stays the same: (image, row, column, 3).")
        expect.close(got, want, rtol=1e-4, atol=1e-4, hint=hint)

    hint = "First bytes / 255, and once only; then less the mean of each colour, then over its deviation."
    compare(rng.integers(0, 250, size=(3, 4, 5, 3), dtype=np.uint8), hint)  # without full light
    compare(rng.integers(0, 256, size=(1, 2, 3, 3), dtype=np.uint8), hint)
    hint = "Mean and deviation are the given ones, not those of the batch at hand: a photo of one colour has none."
    for byte in (0, 255):
        compare(np.full((1, 2, 2, 3), byte, dtype=np.uint8), hint)


@exercise.question("frozen_norm", points=2, title="Batch normalisation that stands still")
def frozen_norm(answers: Answers, expect: Expect) -> None:
    """`frozen_norm(x, gamma, beta, mean, variance, epsilon)`: with what is stored, whatever the batch."""
    rng = answers.draw("a batch and what is stored")
    x, gamma, beta = rng.normal(2, 2, size=(6, 4)), rng.normal(size=4), rng.normal(size=4)
    mean, variance = rng.normal(size=4), np.append(rng.uniform(0.2, 2, size=3), 0.02)

    def compare(x: np.ndarray, hint: str, epsilon: float | None = None) -> None:
        want = gamma * (x - mean) / np.sqrt(variance + (0.001 if epsilon is None else epsilon)) + beta
        more = [] if epsilon is None else [epsilon]
        got = answers.call("frozen_norm", x, gamma, beta, mean, variance, *more)
        expect.shape(got, x.shape, hint="One number for each image and channel, as in x.")
        expect.close(got, want, rtol=1e-4, atol=1e-4, hint=hint)

    hint = (
        "Subtract the stored mean, divide by the root of (stored variance + epsilon), times gamma, plus beta. "
        "x.mean() and x.var() have no place here."
    )
    compare(x, hint)
    compare(x[:1], "The answer to one image must not depend on the others in its batch.")
    compare(x[2:4], "Use the argument `epsilon`, whose default is 0.001.", epsilon=0.25)


@exercise.question("new_head", points=3, title="A new head on a frozen base")
def new_head(answers: Answers, expect: Expect) -> None:
    """`new_head(classes)`: a compiled network of the pretrained base, frozen whole, and a head that trains."""
    images, few, many = _drawn(answers)
    model = answers.model("new_head", few).on(images)
    _expect_base(answers, expect, model, images)
    with expect.part(points=1, title="as many classes as asked for, and a loss that suits"):
        _expect_classes(expect, model, (16, few))
        _expect_classes(expect, answers.model("new_head", many).on(images[:8]), (8, many))
        expect_loss_fits(answers, expect, model, images, few)
    _expect_no_call_in_training(expect, model)
    rate = compiled(expect, model.optimizer).learning_rate
    expect.true(rate != 0, "The learning rate is 0.", hint="The head is to train: leave the rate to the optimizer.")
    _expect_still(expect, model, images, BASE_PARAMETERS, "those of the base", FREEZE_HINTS)


FREEZE_HINTS = (
    "base.trainable = False freezes every layer in it, batch normalisation included, whose moving mean and variance "
    "follow every batch while the layer is trainable.",
    "The head trains whole. Is a layer of an older head left in it?",
)
TUNE_HINTS = (
    "Set `trainable` layer by layer, for layer in base.layers. A trainable layer of batch normalisation learns gamma "
    "and beta, and moves its mean and variance with every batch; training=False in a call does not freeze it.",
    "The fourth convolution and the head are to train. Is `base.trainable` still True?",
)


@exercise.question("changed", points=3, title="What will change?")
def changed(answers: Answers, expect: Expect) -> None:
    """`changed` says for three fragments how many numbers the last `fit` changes."""
    head, norms = dense_parameters([256, 5]), 4 * (16 + 32 + 64 + 64)
    wanted = {
        "A": (head, "The base is frozen: only the Dense(5) on 2 · 2 · 64 numbers trains. " + COUNT_HINT),
        "B": (head, "The first fit after compile settles what trains; a later flag waits for the next compile."),
        "C": (
            head + norms,
            "Batch normalisation holds four numbers a channel: gamma and beta, which train, and the moving mean and "
            "variance, which follow every batch while the layer is trainable.",
        ),
    }
    for name, (number, hint) in wanted.items():
        with expect.part(points=1, title=f"fragment {name}"):
            table = answers.value("changed")
            expect.true(
                isinstance(table, dict) and name in table,
                f"`changed` holds no entry for {name!r}.",
                hint='changed = {"A": …, "B": …, "C": …}',
            )
            expect.equal(table[name], number, hint=hint)


@exercise.question("fine_tuner", points=3, title="Ready for fine-tuning")
def fine_tuner(answers: Answers, expect: Expect) -> None:
    """`fine_tuner(classes)`: compiled; the fourth convolution and the head train, slowly, and nothing else."""
    images, classes, _ = _drawn(answers)
    model = answers.model("fine_tuner", classes).on(images)
    _expect_base(answers, expect, model, images)
    with expect.part(points=1, title="a small learning rate"):
        rate = compiled(expect, model.optimizer).learning_rate
        expect.kind(rate, (int, float), hint="A number, such as keras.optimizers.Adam(0.0001), and no schedule here.")
        hint = "The name alone, as in compile('adam', …), means 0.001; a tenth of that is the most."
        expect.at_most(rate, 1.0001e-4, hint=hint)
        hint = "So small a rate leaves the fourth convolution where it was: at least 0.0000001."
        expect.at_least(rate, 1e-7, hint=hint)
    _expect_classes(expect, model, (16, classes))
    _expect_no_call_in_training(expect, model)
    frozen = "those of three convolutions and all batch normalisation"
    _expect_still(expect, model, images, BASE_PARAMETERS - FOURTH_CONVOLUTION, frozen, TUNE_HINTS)
    expect_loss_fits(answers, expect, model, images, classes)


def _expect_no_call_in_training(expect: Expect, model: Model) -> None:
    expect.true(
        not model.always_training,
        f"The network calls `{next(iter(model.always_training), '')}` with training=True.",
        hint="base(inputs), without a word of it: Keras says when the network trains.",
    )


def _drawn(answers: Answers) -> tuple[np.ndarray, int, int]:
    """Images, and two numbers of classes."""
    few, many = (answers.draw("numbers of classes").permutation([3, 4, 6, 7, 8, 9, 11, 12])[:2]).tolist()
    return answers.draw("images").random((16, 28, 28, 1), dtype=np.float32), few, many


def _expect_base(answers: Answers, expect: Expect, model: Model, images: np.ndarray) -> None:
    features = answers.model("pretrained_base").on(images).steps[-1]
    expect.true(
        any(_alike(step, features) for step in model.steps),
        "No layer of the network gives the maps that `pretrained_base()` gives for the same images.",
        hint="Put base = pretrained_base(), whole, into the network, and let nothing change the pixels before it: they "
        "come as the base knows them, from 0 to 1.",
    )


def _alike(step: Step, features: Step) -> bool:
    """Whether a layer gave the same for a batch as another."""
    return step.gave == features.gave and np.allclose(step.sample, features.sample, rtol=1e-3, atol=1e-4)


def _expect_classes(expect: Expect, model: Model, shape: tuple[int, int]) -> None:
    expect.equal(
        model.gave,
        shape,
        hint="One output for each of the NEW classes; what the base was trained for does not count any more.",
    )


def _expect_still(
    expect: Expect, model: Model, images: np.ndarray, count: int, frozen: str, hints: tuple[str, str]
) -> None:
    """Training leaves ``count`` numbers alone, and moves all others; a hint for fewer, and one for more."""
    steps = [model.training_step(images)]
    while (still := _still(steps)) > count and len(steps) <= NUDGES:
        steps.append(model.training_step(images, seed=len(steps)))
    expect.true(
        any(weight.gradient > 0 for step in steps for weight in step),
        "No weight of the network would move in training.",
        hint="Is the network frozen that holds base and head? Freeze the base, or layers of it, and no more.",
    )
    expect.true(
        still == count,
        f"A step of training leaves {still:,} numbers as they are, instead of {count:,}, {frozen}.",
        hint=hints[still > count],
        expected=f"{count:,}",
        got=f"{still:,}",
    )


def _still(steps: list[list[Weight]]) -> int:
    """How many numbers no step moves."""
    weights = [max(weight, key=lambda each: each.moves) for weight in zip(*steps)]
    return sum(math.prod(weight.shape) for weight in weights if not weight.moves)


@exercise.question("training", points=3, title="Twenty-five digits", seconds=120)
def training(answers: Answers, expect: Expect) -> None:
    """`model`, on the borrowed base, trained on 25 digits (`history`), is asked about all test digits from 5 to 9."""
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_data=(x_valid, y_valid))."
        expect.validated(answers.value("history"), hint=hint)
    x_test, y_test = unseen_digits(28, 28, 1)
    later = y_test >= 5
    model = answers.model("model")
    outputs = model.predict(x_test[later])
    expect.shape(outputs, (int(later.sum()), 5), hint="Five classes: output 0 stands for a five, output 4 for a nine.")
    images = x_test[later][:16]
    expect.true(
        _borrows(model.on(images), answers.model("pretrained_base").on(images)),
        "No layer of `model` gives maps like those that `pretrained_base()` gives for the same images.",
        hint="Build it on pretrained_base(), as in question 5 or 7, and let nothing change the pixels before it: they "
        "come from 0 to 1.",
    )
    right = accuracy(outputs, y_test[later] - 5)
    expect.flag(right > TOO_GOOD, f"{right:.1%} of the digits from 5 to 9: were more than 25 used to train?")
    with expect.part(points=1, title=f"{BARS[1]:.0%} of the test digits"):
        expect.at_least(
            right,
            BARS[1],
            hint="More epochs, as long as the validation accuracy rises? Lesson 4 moved its images in training; and "
            "question 7 lets a part of the base learn as well.",
        )
    hint = "Are the pixels in [0, 1], the labels 0 to 4? Is batch normalisation frozen? Enough epochs?"
    expect.at_least(right, BARS[0], hint=hint)


def _borrows(model: Model, base: Model) -> bool:
    """Whether the network holds the base, or layers of it; fine-tuned, its first four maps are still much the same."""
    found = []
    for layer in base.steps[:4]:
        maps = [step.sample for step in model.steps if step.gave == layer.gave]
        found.append(max((np.corrcoef(sample, layer.sample)[0, 1] for sample in maps), default=0))
    layers = base.steps[:BASE_LAYERS]  # no more, whatever the learner's own base is said to have
    return np.mean(found) > 0.5 or any(_alike(step, each) for step in model.steps for each in layers)
