"""Questions of exercise 1: dense networks, softmax, cross-entropy, a first training."""

from __future__ import annotations

import numpy as np

from coursekit.checks.shared import (
    accuracy,
    dense_parameters,
    expect_learning,
    expect_loss_fits,
    is_linear,
    softmax_inside,
    unseen_digits,
)
from coursekit.data import load_mnist
from coursekit.grading import Answers, Exercise, Expect, Model

exercise = Exercise("01_mnist_dense")


@exercise.question("as_vectors", points=2, title="Images become vectors")
def as_vectors(answers: Answers, expect: Expect) -> None:
    """Bytes `(image, 28, 28)` become `float32` in [0, 1] of shape `(image, 784)`, row behind row."""
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
    """Whole numbers become rows with a single 1, one column for every class."""
    labels = answers.draw("labels of digits").integers(0, 9, size=12)
    rows = answers.call("one_hot", labels, 10)
    expect.shape(rows, (12, 10), hint="One row a label, one column a class; the digits 0 to 9 are ten classes.")
    expect.equal(rows, np.eye(10)[labels], hint="The 1 of label k stands in column k, counted from 0.")
    with expect.part(points=1, title="another number of classes"):
        few = answers.draw("labels of five classes").integers(0, 4, size=6)  # the largest class does not occur
        expect.equal(
            answers.call("one_hot", few, 5),
            np.eye(5)[few],
            hint="Use the argument `classes`, also where the largest label does not occur.",
        )


@exercise.question("softmax", points=3, title="Softmax by hand")
def softmax(answers: Answers, expect: Expect) -> None:
    """`softmax(logits)` gives probabilities that sum to one, for a vector, a batch, and large logits."""
    from scipy.special import softmax as reference

    def compare(logits: np.ndarray, hint: str) -> None:
        expect.close(answers.call("softmax", logits), reference(logits, axis=-1), rtol=1e-4, hint=hint)

    with expect.part(points=1, title="one vector"):
        rng = answers.draw("vectors")
        for classes in (3, 10):
            compare(rng.normal(scale=3, size=classes), "Each exponential, divided by the sum of all exponentials.")
    with expect.part(points=1, title="a batch, one row an image"):
        batch = answers.draw("a batch").normal(size=(4, 3))
        hint = "Every row must sum to one: sum along the last axis and keep it (axis=-1, keepdims=True)."
        compare(batch, hint)
        compare(batch.astype(np.float32), hint)
    with expect.part(points=1, title="large logits"):
        small = answers.draw("small logits").normal(size=(3, 4))
        hint = "exp(1000) overflows: subtract the largest logit first. The result does not change; why?"
        compare(small[0] + [1000, 0, 1001, 999], hint)
        hint = "exp(-1000) is 0, and 0 / 0 is no number: subtract from each row its own largest logit."
        compare(small + [[1000], [0], [-1000]], hint)


@exercise.question("cross_entropy", points=3, title="Cross-entropy from logits")
def cross_entropy(answers: Answers, expect: Expect) -> None:
    """The mean over the batch of −log of the probability that the true class gets, from logits."""
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
        logits, labels = rng.normal(size=(3, 4)), rng.integers(0, 3, size=3)
        compare(
            logits + 1000 * np.eye(4)[labels + 1],
            labels,
            "log(softmax(z)) takes the logarithm of 0. Use z − max − log(sum(exp(z − max))).",
        )
        hint = "Each row has its own largest logit: take the maximum along the last axis and keep it."
        compare(logits + [[1000], [0], [-1000]], labels, hint)


@exercise.question("count_parameters", points=2, title="How many parameters?")
def count_parameters(answers: Answers, expect: Expect) -> None:
    """Every unit has one weight for each of its inputs, and a bias."""
    rng = answers.draw("widths")
    for sizes in ([784, 512, 10], *(rng.integers(2, 900, size=layers).tolist() for layers in (2, 4, 5))):
        expect.equal(
            answers.call("count_parameters", sizes),
            dense_parameters(sizes),
            hint="A layer from n inputs to m units has n·m weights and m biases. Do the widths chain up?",
        )


@exercise.question("gradients", points=3, title="A gradient by hand")
def gradients(answers: Answers, expect: Expect) -> None:
    """Gradients of the mean cross-entropy of `x @ W + b` with respect to `W` and `b`."""
    from scipy.special import softmax as reference_softmax

    rng = answers.draw("a network")
    x, labels = rng.normal(size=(8, 5)), rng.integers(0, 3, size=8)
    W, b = rng.normal(size=(5, 3)), rng.normal(size=3)
    blame = (reference_softmax(x @ W + b, axis=1) - np.eye(3)[labels]) / len(x)
    pair = answers.call("gradients", x, labels, W, b)
    expect.several(pair, "d_W, d_b")
    with expect.part(points=2, title="d_W"):
        expect.shape(pair[0], (5, 3), hint="A gradient has the shape of what it belongs to: here of W.")
        expect.close(
            pair[0],
            x.T @ blame,
            rtol=1e-4,
            hint="With respect to the logits: (softmax − one-hot) / images. With respect to W: xᵀ times that.",
        )
    with expect.part(points=1, title="d_b"):
        expect.shape(pair[1], (3,), hint="A gradient has the shape of what it belongs to: here of b.")
        expect.close(pair[1], blame.sum(axis=0), rtol=1e-4, hint="Every image adds its part: sum over the batch axis.")


@exercise.question("build_network", points=2, title="Build a network")
def build_network(answers: Answers, expect: Expect) -> None:
    """A compiled dense network from 784 numbers to ten classes, with a loss that suits labels and activation."""
    vectors = answers.draw("vectors").random((16, 784), dtype=np.float32)
    model = answers.model("build_network").on(vectors)
    expect.equal(model.gave, (16, 10), hint="The last layer has one unit for every class.")
    expect.at_most(model.parameter_count, 1_000_000, hint="Make the hidden layers narrower.")
    kernels = [weight for weight in expect_learning(expect, model, vectors) if len(weight.shape) == 2]
    expect.true(
        len(kernels) >= 2,
        f"At least two dense layers that learn were expected, {len(kernels)} came.",
        hint="A hidden layer comes before the one with ten units.",
    )
    expect.true(
        not is_linear(model, vectors),
        "The network is linear: it can do no more than one layer without a hidden one.",
        hint="Give the hidden layers an activation, such as relu.",
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
    """`model`, trained with validation data, reads digits that it has never seen."""
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_split=0.1), or validation_data=(x_valid, y_valid)."
        expect.validated(answers.value("history"), hint=hint)
    _, labels = unseen_digits(784)
    for bar in (0.95, 0.975):
        with expect.part(points=1, title=f"{bar:.1%} of the test digits"):
            model = answers.model("model")
            outputs = model.predict(_test_digits(model))
            expect.shape(outputs, (10_000, 10), hint="Ten outputs for each image.")
            expect.at_least(
                accuracy(outputs, labels),
                bar,
                hint="More epochs, as long as val_loss falls? A wider hidden layer, dropout? The check feeds vectors "
                "from 0 to 1; to a model with a Rescaling layer, bytes.",
            )


def _test_digits(model: Model) -> np.ndarray:
    """The test digits as the model takes them: vectors or images, from 0 to 1 or, where it rescales them, as bytes."""
    images = load_mnist().x_test if model.find("Rescaling") else unseen_digits(28, 28)[0]
    return images if model.input_shape == (None, 28, 28) else images.reshape(-1, 784)
