"""Questions of exercise 6: the four cases, heads, preprocessing, frozen layers, fine-tuning, twenty-five digits."""

from __future__ import annotations

import math

import numpy as np

from coursekit.checks.shared import accuracy, compiled, dense_parameters, expect_loss_and_activation, unseen_digits
from coursekit.grading import Answers, Exercise, Expect, Model

exercise = Exercise("06_transfer_learning")

BASE_PARAMETERS, FOURTH_CONVOLUTION = 60_928, 36_928
BARS = (0.70, 0.75)
COUNT_HINT = "A dense layer has (inputs + 1) · units parameters, and its inputs are the units of the layer before."


@exercise.question("choose_recipe", points=2, title="Choose the case")
def choose_recipe(answers: Answers, expect: Expect) -> None:
    """`choose_recipe(images_per_class, similar)` names the recipe for one of the four cases."""

    def compare(amounts: tuple[int, int], similar: bool, recipe: str, hint: str) -> None:
        for amount in amounts:
            expect.equal(answers.call("choose_recipe", amount, similar), recipe, hint=hint)

    with expect.part(points=1, title="few images"):
        hint = "Few images train few weights, and on similar data the last features are good as they are."
        compare((5, 99), True, "new head", hint)
        hint = "Few images cannot train many weights; the last features do not suit different data, the first ones do."
        compare((5, 99), False, "low layers", hint)
    hint = "A hundred images a class or more count as many: they can adapt every layer, a little."
    compare((100, 5_000), True, "fine-tune all", hint)
    hint = "Many images of another kind: the borrowed weights are a start, and all of them train."
    compare((100, 5_000), False, "initialise and retrain", hint)


@exercise.question("head_parameters", points=2, title="Count a head")
def head_parameters(answers: Answers, expect: Expect) -> None:
    """`head_parameters(maps, units, pooled)` counts the parameters of dense layers on flattened or averaged maps."""
    with expect.part(points=1, title="on averaged maps"):
        expect.equal(
            answers.call("head_parameters", (3, 3, 1280), [10], True),
            dense_parameters([1280, 10]),
            hint="Averaging leaves one number for each map: `channels` inputs. " + COUNT_HINT,
        )
        head = answers.call("head_parameters", (5, 5, 512), [64, 2], True)
        expect.equal(head, dense_parameters([512, 64, 2]), hint=COUNT_HINT)
    for maps, units in (((5, 5, 512), [260, 100, 5]), ((2, 3, 8), [4]), ((1, 1, 64), [7, 3])):
        expect.equal(
            answers.call("head_parameters", maps, units),
            dense_parameters([math.prod(maps), *units]),
            hint="Flattened maps have rows · columns · channels numbers. " + COUNT_HINT,
        )


@exercise.question("preprocessed", points=2, title="Preprocess as the network was trained")
def preprocessed(answers: Answers, expect: Expect) -> None:
    """Bytes become what the embedded MobileNetV2 learnt on: scaled to [0, 1], centred, divided by the deviation."""
    photos = np.random.default_rng(0).integers(0, 256, size=(3, 4, 5, 3)).astype("uint8")
    got = answers.call("preprocessed", photos)
    expect.shape(got, photos.shape, hint="The shape stays the same: (image, row, column, 3).")
    expect.close(
        got,
        _standardised(photos),
        rtol=1e-4,
        atol=1e-4,
        hint="First bytes / 255, and once only; then less the mean of each colour, then over its deviation.",
    )
    black = np.zeros((1, 2, 2, 3), dtype="uint8")
    expect.close(
        answers.call("preprocessed", black),
        _standardised(black),
        rtol=1e-4,
        atol=1e-4,
        hint="Mean and deviation are the given ones, not those of the batch at hand: one black photo has none.",
    )


def _standardised(photos: np.ndarray) -> np.ndarray:
    return (photos.astype(float) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]


@exercise.question("frozen_norm", points=2, title="Batch normalisation that stands still")
def frozen_norm(answers: Answers, expect: Expect) -> None:
    """Batch normalisation with the stored mean and variance, whatever the batch."""
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.normal(2, 3, size=(6, 4)), rng.normal(size=4), rng.normal(size=4)
    mean, variance = rng.normal(size=4), rng.uniform(0.001, 2, size=4)
    want = gamma * (x - mean) / np.sqrt(variance + 0.001) + beta
    got = answers.call("frozen_norm", x, gamma, beta, mean, variance)
    expect.shape(got, x.shape, hint="One number for each image and channel, as in x.")
    expect.close(
        got,
        want,
        hint="Subtract the stored mean, divide by the root of (stored variance + epsilon), times gamma, plus beta. "
        "x.mean() and x.var() have no place here.",
    )
    expect.close(
        answers.call("frozen_norm", x[:1], gamma, beta, mean, variance),
        want[:1],
        hint="The answer to one image must not depend on the others in its batch.",
    )


@exercise.question("new_head", points=3, title="A new head on a frozen base")
def new_head(answers: Answers, expect: Expect) -> None:
    """A compiled network: the pretrained base, frozen whole, and a head for `classes` classes that trains."""
    model = answers.model("new_head", 5)
    _expect_base(model, expect)
    head = model.parameter_count - BASE_PARAMETERS
    with expect.part(points=1, title="as many classes as asked for"):
        for classes in (5, 7):
            _expect_classes(answers.model("new_head", classes), classes, expect)
    expect.true(
        model.trainable_parameter_count > 0,
        "Nothing may train: the head is frozen as well.",
        hint="Freeze the base, base.trainable = False, and not the network that holds base and head.",
    )
    expect.equal(
        model.trainable_parameter_count,
        head,
        hint="base.trainable = False freezes every layer in it, batch normalisation included; do it before compile.",
    )


@exercise.question("changed", points=3, title="What will change?")
def changed(answers: Answers, expect: Expect) -> None:
    """`changed` says for three fragments how many numbers the last `fit` changes."""
    head, norms = dense_parameters([256, 5]), 4 * (16 + 32 + 64 + 64)
    wanted = {
        "A": (head, "The base is frozen: only the Dense(5) on 2 · 2 · 64 numbers trains. " + COUNT_HINT),
        "B": (head, "compile fixes what trains; a flag that is set afterwards waits for the next compile."),
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
    """A compiled network in which the fourth convolution and the head train, slowly, and nothing else."""
    model = answers.model("fine_tuner", 5)
    _expect_base(model, expect)
    with expect.part(points=1, title="a small learning rate"):
        rate = compiled(expect, model.optimizer).learning_rate
        expect.kind(rate, (int, float), hint="A number, such as keras.optimizers.Adam(0.0001), and no schedule here.")
        expect.between(
            rate,
            1e-7,
            1.0001e-4,
            hint="The name alone, as in compile('adam', …), means 0.001, which overwrites what was learnt.",
        )
    _expect_classes(model, 5, expect)
    expect.equal(
        [layer.trainable for layer in model.find("Conv2D")][:4],
        [False, False, False, True],
        hint="Set `trainable` layer by layer: for layer in base.layers. The base itself must stay trainable.",
    )
    expect.true(
        not any(layer.trainable for layer in model.find("BatchNormalization")),
        "Batch normalisation may train.",
        hint="A trainable layer of batch normalisation updates its moving mean and variance with every batch.",
    )
    expect.equal(
        model.trainable_parameter_count,
        model.parameter_count - BASE_PARAMETERS + FOURTH_CONVOLUTION,
        hint="What trains is the head and the fourth convolution. Is `base.trainable` still True?",
    )


def _expect_base(model: Model, expect: Expect) -> None:
    expect.true(
        len(model.find("Conv2D")) >= 4 and model.parameter_count > BASE_PARAMETERS,
        "The base of four convolutions is not in it, or there is no head.",
        hint="keras.Sequential([base, layers.Flatten(), layers.Dense(…)]) with base = pretrained_base().",
    )


def _expect_classes(model: Model, classes: int, expect: Expect) -> None:
    expect.equal(
        model.output_shape,
        (None, classes),
        hint="One output for each of the NEW classes; what the base was trained for does not count any more.",
    )
    hint = "Several classes, labels as integers."
    expect_loss_and_activation(expect, model, "sparse_categorical_crossentropy", "softmax", hint)


@exercise.question("training", points=3, title="Twenty-five digits", seconds=120)
def training(answers: Answers, expect: Expect) -> None:
    """`model`, trained on 25 digits from 5 to 9, reads all test digits from 5 to 9."""
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_data=(x_valid, y_valid))."
        expect.validated(answers.value("history"), hint=hint)
    x_test, y_test = unseen_digits(28, 28, 1)
    later = y_test >= 5
    outputs = answers.model("model").predict(x_test[later])
    expect.shape(outputs, (int(later.sum()), 5), hint="Five classes: output 0 stands for a five, output 4 for a nine.")
    right = accuracy(outputs, y_test[later] - 5)
    with expect.part(points=1, title=f"{BARS[1]:.0%} of the test digits"):
        expect.at_least(
            right,
            BARS[1],
            hint="Only the head trains, so it may learn fast: 0.003 rather than 0.001, and more epochs.",
        )
    expect.at_least(right, BARS[0], hint="Is the base pretrained and frozen? Are the pixels in [0, 1]? Enough epochs?")
