"""Questions of exercise 1: dense networks, softmax, cross-entropy, a first training."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from coursekit.checks.shared import (
    SEEN,
    accuracy,
    dense_parameters,
    drawn_digits,
    expect_accuracy,
    expect_learning,
    expect_loss_fits,
    expect_outputs,
    expect_parameters,
    flag_by_heart,
    is_linear,
    only_normalises,
    or_above,
    softmax_inside,
)
from coursekit.data import load_mnist
from coursekit.grading import Answers, Exercise, Expect, Model

exercise = Exercise("01_mnist_dense")


@exercise.question("as_vectors", points=2, title="Images become vectors")
def as_vectors(answers: Answers, expect: Expect) -> None:
    """`as_vectors(images)`: bytes `(image, 28, 28)` become `float32` in [0, 1] of shape `(image, 784)`, row by row."""
    images = answers.draw("three images").integers(0, 250, size=(3, 28, 28), dtype=np.uint8)
    images[0, 0, :2] = 0, 255
    for batch in (images, images[1:2]):  # the second has no full ink
        count = len(batch)
        vectors = answers.call("as_vectors", batch)
        expect.shape(
            vectors, (count, 784), hint="Keep the first axis, the image; lay the 28 rows one behind the other."
        )
        expect.close(
            vectors,
            batch.reshape(count, 784) / 255,
            hint="Full ink is 255: it must become 1, in every image alike. Rows stay in their order.",
        )
    with expect.part(points=1, title="float32"):
        expect.dtype(
            answers.call("as_vectors", images),
            "float32",
            hint="Dividing bytes gives float64, twice the memory for nothing: use .astype('float32').",
        )


@exercise.question("one_hot", points=2, title="One-hot labels")
def one_hot(answers: Answers, expect: Expect) -> None:
    """`one_hot(labels, classes)`: whole numbers become rows with a single 1, one column for every class."""
    rng = answers.draw("labels of digits")
    labels = rng.permutation([0, 9, *rng.integers(0, 10, size=10)])
    rows = answers.call("one_hot", labels, 10)
    expect.shape(rows, (12, 10), hint="One row a label, one column a class; the digits 0 to 9 are ten classes.")
    expect.equal(rows, np.eye(10)[labels], hint="The 1 of label k stands in column k, counted from 0.")
    with expect.part(points=1, title="another number of classes"):
        rng = answers.draw("labels of other classes")
        for classes in (5, 13):
            labels = rng.integers(0, classes - 1, size=6)  # the largest class does not occur
            expect.equal(
                answers.call("one_hot", labels, classes),
                np.eye(classes)[labels],
                hint="Use the argument `classes`, also where the largest label does not occur.",
            )


@exercise.question("softmax", points=3, title="Softmax by hand")
def softmax(answers: Answers, expect: Expect) -> None:
    """`softmax(logits)` gives probabilities that sum to one, for a vector, a batch, and large logits."""
    from scipy.special import softmax as reference

    def compare(logits: np.ndarray, hint: str) -> None:
        expect.close(
            answers.call("softmax", logits), reference(logits, axis=-1), rtol=1e-4, hint=or_above(expect, hint)
        )

    with expect.part(points=1, title="one vector"):
        rng = answers.draw("vectors")
        for classes in (3, 10):
            compare(rng.normal(scale=3, size=classes), "Each exponential, divided by the sum of all exponentials.")
    with expect.part(points=1, title="a batch, one row an image"):
        batch = answers.draw("a batch").normal(size=(4, 3))
        hint = "Every row must sum to one: sum along the last axis and keep it (axis=-1, keepdims=True)."
        compare(batch, hint)
        compare(batch.astype(np.float32), hint)
        compare(batch[:1], "One image is a batch as well: it keeps both axes.")
    with expect.part(points=1, title="large logits"):
        small = answers.draw("small logits").normal(size=(4, 4))
        hint = "exp(1000) overflows: subtract the largest logit first, wherever it stands. The result stays; why?"
        for row in small + 3000 * np.eye(4):
            compare(row, hint)
        compare(small[0] + [1000, 0, 1001, 999], hint)
        hint = "One row has logits near 1000, one near -1000: subtract from each row its own largest logit."
        compare(small + [[1000], [0], [-1000], [3]], hint)


@exercise.question("cross_entropy", points=3, title="Cross-entropy from logits")
def cross_entropy(answers: Answers, expect: Expect) -> None:
    """`cross_entropy(logits, labels)`: the mean over the batch of −log of the probability that the true class gets."""
    from scipy.special import log_softmax

    def compare(logits: np.ndarray, labels: np.ndarray, hint: str) -> None:
        want = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels].mean()
        expect.close(answers.call("cross_entropy", logits, labels), want, rtol=1e-4, hint=hint)

    rng = answers.draw("a batch")
    for images in (1, 6):
        logits, labels = rng.normal(scale=2, size=(images, 10)), rng.integers(0, 10, size=images)
        hint = "log_softmax, pick each row's true class with [np.arange(n), labels], take the mean, change the sign."
        compare(logits, labels, hint)
        compare(logits.astype(np.float32), labels, hint)
    with expect.part(points=1, title="hopelessly wrong"):
        rng = answers.draw("large logits")
        logits, labels = rng.normal(size=(4, 4)), rng.permutation(4)
        hint = "log(softmax(z)) takes the logarithm of 0. Use z − max − log(sum(exp(z − max)))."
        compare(logits + 3000 * np.eye(4), labels, hint)
        hint = "Each row has its own largest logit: take the maximum along the last axis and keep it."
        compare(logits + [[1000], [0], [-1000], [3]], labels, hint)


@exercise.question("count_parameters", points=2, title="How many parameters?")
def count_parameters(answers: Answers, expect: Expect) -> None:
    """`count_parameters(sizes)`: one weight for each input of every unit, and a bias."""
    rng = answers.draw("widths")
    once, twice = rng.choice(np.arange(2, 900), size=2, replace=False).tolist()
    drawn = [rng.integers(2, 900, size=layers).tolist() for layers in (2, 4, 5)]
    for sizes in ([784, 512, 10], [once, twice, twice, once], *drawn):
        expect.equal(
            answers.call("count_parameters", sizes),
            dense_parameters(sizes),
            hint="A layer from n inputs to m units has n·m weights and m biases. Do the widths chain up?",
        )


@exercise.question("gradients", points=3, title="A gradient by hand")
def gradients(answers: Answers, expect: Expect) -> None:
    """`gradients(x, labels, W, b)`: those of the mean cross-entropy of `x @ W + b` with respect to `W` and `b`."""
    from scipy.special import softmax as reference_softmax

    rng = answers.draw("networks")

    def asked(images: int, inputs: int, classes: int) -> tuple[Any, np.ndarray, np.ndarray]:
        """The learner's pair, and what was expected; the last class never occurs."""
        x, labels = rng.normal(size=(images, inputs)), rng.integers(0, classes - 1, size=images)
        W, b = rng.normal(size=(inputs, classes)), rng.normal(size=classes)
        blame = (reference_softmax(x @ W + b, axis=1) - np.eye(classes)[labels]) / images
        return answers.call("gradients", x, labels, W, b), x.T @ blame, blame.sum(axis=0)

    pairs = [asked(8, 5, 3), asked(1, 2, 4)]
    for pair, _, _ in pairs:
        expect.several(pair, "d_W, d_b")
    with expect.part(points=2, title="d_W"):
        for pair, d_W, _ in pairs:
            expect.shape(pair[0], d_W.shape, hint="A gradient has the shape of what it belongs to: here of W.")
            expect.close(
                pair[0],
                d_W,
                rtol=1e-4,
                hint="With respect to the logits: (softmax − one-hot) / images. With respect to W: xᵀ times that.",
            )
    with expect.part(points=1, title="d_b"):
        for pair, _, d_b in pairs:
            expect.shape(pair[1], d_b.shape, hint="A gradient has the shape of what it belongs to: here of b.")
            expect.close(pair[1], d_b, rtol=1e-4, hint="Sum (softmax − one-hot) / images over the batch axis.")


@exercise.question("build_network", points=2, title="Build a network")
def build_network(answers: Answers, expect: Expect) -> None:
    """`build_network()`: a compiled dense network from 784 numbers to ten classes, with a loss that suits both ends."""
    vectors = drawn_digits(answers, 784)
    model = answers.model("build_network").on(vectors)
    expect_outputs(expect, model, 10, hint="The last layer has one unit for every class.")
    expect_parameters(expect, model, 1_000_000, hint="Make the hidden layers narrower.")
    expect.true(
        not any(
            kind == "RNN" or any(word in kind for word in ("Conv", "Pool", "Attention"))
            for step in model.steps
            for kind in step.kinds
        ),
        "There is a layer in the network that is not dense.",
        hint="This one is built of Dense layers; others have their own lessons.",
    )
    kernels = [weight for weight in expect_learning(expect, model, vectors) if len(weight.shape) > 1]
    expect.true(
        len(kernels) >= 2,
        f"At least two dense layers that learn were expected, {len(kernels)} came.",
        hint="A hidden layer that learns comes before the one with ten units.",
    )
    expect.true(
        not is_linear(model, vectors),
        "The network is linear: it can do no more than one layer without a hidden one.",
        hint="Give the hidden layers an activation, such as relu.",
    )
    expect.true(
        not only_normalises(model, vectors),
        "The network has no activation within: between its dense layers it only normalises.",
        hint="Give the hidden layers an activation, such as relu; a normalisation may stand beside it.",
    )
    expect.true(
        not softmax_inside(model),
        "A hidden layer gives probabilities: its units compete to sum to one.",
        hint="Softmax belongs at the end; use relu, for example, in hidden layers.",
    )
    with expect.part(points=1, title="last activation and loss"):
        expect_loss_fits(answers, expect, model, vectors)


@exercise.question("training", points=3, title="Train it past the bar")
def training(answers: Answers, expect: Expect) -> None:
    """`model`, trained with validation data (`history`), reads digits that it has never seen."""
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_split=0.1), or validation_data=(x_valid, y_valid)."
        expect.validated(answers.value("history"), hint=hint)
    mnist, model = load_mnist(), cache(lambda: answers.model("model"))
    for bar in (0.95, 0.975):
        with expect.part(points=1, title=f"{bar:.1%} of the test digits"):
            hint = "More epochs, as long as val_loss falls? A wider hidden layer, or a second one?"
            outputs = _read_by(model(), mnist.x_test, mnist.y_test, bar)
            expect_accuracy(expect, outputs, mnist.y_test, bar, hint)
            seen = mnist.y_train[:SEEN]
            flag_by_heart(expect, accuracy(_read_by(model(), mnist.x_train[:SEEN], seen, bar), seen), outputs)


def _read_by(model: Model, digits: np.ndarray, labels: np.ndarray, bar: float) -> np.ndarray:
    """What the model gives for digits in the form that it takes: vectors or images; from 0 to 1 or as bytes, whichever
    it reads better."""
    declared = model.input_shape[1:] if isinstance(model.input_shape, tuple) else ()
    shape = declared if declared in ((28, 28), (28, 28, 1)) else (784,)
    images = digits.reshape(-1, *shape).astype(np.float32)
    outputs = model.predict(images / 255)
    if np.shape(outputs) == (len(labels), 10) and accuracy(outputs, labels) < bar:
        outputs = max(outputs, model.predict(images), key=lambda each: accuracy(each, labels))
    return np.asarray(outputs)
