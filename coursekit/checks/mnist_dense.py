"""Questions of exercise 1: dense networks, softmax, cross-entropy, a first training."""

from __future__ import annotations

import numpy as np

from coursekit.checks.shared import accuracy, dense_parameters, expect_loss_for_digits, expect_several, unseen_digits
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("01_mnist_dense")


@exercise.question("as_vectors", points=2, title="Images become vectors")
def as_vectors(answers: Answers, expect: Expect) -> None:
    """Bytes `(image, 28, 28)` become `float32` in [0, 1] of shape `(image, 784)`, row behind row."""
    images = np.random.default_rng(0).integers(0, 256, size=(3, 28, 28), dtype=np.uint8)
    images[0, 0, :2] = 0, 255
    vectors = answers.call("as_vectors", images)
    expect.shape(vectors, (3, 784), hint="Keep the first axis, the image; lay the 28 rows one behind the other.")
    expect.close(
        vectors,
        images.reshape(3, 784) / 255,
        hint="Full ink is 255: it must become 1. Rows stay in their order.",
    )
    with expect.part(points=1, title="float32"):
        expect.equal(
            str(np.asarray(vectors).dtype),
            "float32",
            hint="Dividing bytes gives float64, twice the memory for nothing: use .astype('float32').",
        )


@exercise.question("one_hot", points=2, title="One-hot labels")
def one_hot(answers: Answers, expect: Expect) -> None:
    """Whole numbers become rows with a single 1, one column for every class."""
    labels = np.array([3, 0, 9, 3])
    rows = answers.call("one_hot", labels, 10)
    expect.shape(rows, (4, 10), hint="One row a label, one column a class; the digits 0 to 9 are ten classes.")
    expect.equal(rows, np.eye(10)[labels], hint="The 1 of label k stands in column k, counted from 0.")
    with expect.part(points=1, title="another number of classes"):
        expect.equal(
            answers.call("one_hot", np.array([1, 2]), 5),
            np.eye(5)[[1, 2]],
            hint="Use the argument `classes`, also where the largest label does not occur.",
        )


@exercise.question("softmax", points=3, title="Softmax by hand")
def softmax(answers: Answers, expect: Expect) -> None:
    """`softmax(logits)` gives probabilities that sum to one, for a vector, a batch, and large logits."""
    from scipy.special import softmax as reference

    with expect.part(points=1, title="one vector"):
        for logits in ([1.0, 2.0, 3.0], [-4.0, 0.0, 4.0, 0.5]):
            expect.close(
                answers.call("softmax", np.array(logits)),
                reference(logits),
                hint="Each exponential, divided by the sum of all exponentials.",
            )
    with expect.part(points=1, title="a batch, one row an image"):
        batch = np.random.default_rng(0).normal(size=(4, 3))
        expect.close(
            answers.call("softmax", batch),
            reference(batch, axis=-1),
            hint="Every row must sum to one: sum along the last axis and keep it (axis=-1, keepdims=True).",
        )
    with expect.part(points=1, title="large logits"):
        large = np.array([1000.0, 0.0, 1001.0])
        expect.close(
            answers.call("softmax", large),
            reference(large),
            hint="exp(1000) overflows: subtract the largest logit first. The result does not change; why?",
        )


@exercise.question("cross_entropy", points=3, title="Cross-entropy from logits")
def cross_entropy(answers: Answers, expect: Expect) -> None:
    """The mean over the batch of −log of the probability that the true class gets, from logits."""
    from scipy.special import log_softmax

    def reference(logits: np.ndarray, labels: np.ndarray) -> float:
        return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())

    rng = np.random.default_rng(0)
    for images in (1, 6):
        logits, labels = rng.normal(size=(images, 10)), rng.integers(0, 10, size=images)
        expect.close(
            answers.call("cross_entropy", logits, labels),
            reference(logits, labels),
            hint="log_softmax, pick each row's true class with [np.arange(n), labels], take the mean, change the sign.",
        )
    with expect.part(points=1, title="hopelessly wrong"):
        logits, labels = np.array([[1000.0, 0.0], [0.0, 1000.0]]), np.array([1, 1])
        expect.close(
            answers.call("cross_entropy", logits, labels),
            reference(logits, labels),
            hint="log(softmax(z)) takes the logarithm of 0. Use z − max − log(sum(exp(z − max))).",
        )


@exercise.question("count_parameters", points=2, title="How many parameters?")
def count_parameters(answers: Answers, expect: Expect) -> None:
    """Every unit has one weight for each of its inputs, and a bias."""
    for sizes in ([784, 512, 10], [3, 2], [784, 64, 32, 10]):
        expect.equal(
            answers.call("count_parameters", sizes),
            dense_parameters(sizes),
            hint="A layer from n inputs to m units has n·m weights and m biases. Do the widths chain up?",
        )


@exercise.question("gradients", points=3, title="A gradient by hand")
def gradients(answers: Answers, expect: Expect) -> None:
    """Gradients of the mean cross-entropy of `x @ W + b` with respect to `W` and `b`."""
    from scipy.special import softmax as reference_softmax

    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(8, 5)), rng.integers(0, 3, size=8)
    W, b = rng.normal(size=(5, 3)), rng.normal(size=3)
    blame = (reference_softmax(x @ W + b, axis=1) - np.eye(3)[labels]) / len(x)
    pair = answers.call("gradients", x, labels, W, b)
    expect_several(expect, pair, "d_W, d_b")
    with expect.part(points=2, title="d_W"):
        expect.shape(pair[0], (5, 3), hint="A gradient has the shape of what it belongs to: here of W.")
        expect.close(
            pair[0],
            x.T @ blame,
            hint="With respect to the logits: (softmax − one-hot) / images. With respect to W: xᵀ times that.",
        )
    with expect.part(points=1, title="d_b"):
        expect.shape(pair[1], (3,), hint="A gradient has the shape of what it belongs to: here of b.")
        expect.close(pair[1], blame.sum(axis=0), hint="Every image adds its part: sum over the batch axis.")


@exercise.question("build_network", points=2, title="Build a network")
def build_network(answers: Answers, expect: Expect) -> None:
    """A compiled dense network from 784 numbers to ten classes, with a loss that suits labels and activation."""
    model = answers.model("build_network")
    dense = model.find("Dense")
    expect.equal(model.input_shape, (None, 784), hint="keras.Input((784,)): the batch axis is not counted.")
    expect.equal(model.output_shape, (None, 10), hint="The last layer has one unit for every class.")
    expect.true(
        len(dense) >= 2, f"at least two Dense layers were expected, {len(dense)} came", hint="Add a hidden one."
    )
    expect.at_most(model.parameter_count, 1_000_000, hint="Make the hidden layers narrower.")
    with expect.part(points=1, title="last activation and loss"):
        expect_loss_for_digits(expect, model)


@exercise.question("training", points=3, title="Train it past the bar")
def training(answers: Answers, expect: Expect) -> None:
    """`model`, trained with validation data, reads digits that it has never seen."""
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_split=0.1), or validation_data=(x_valid, y_valid)."
        expect.validated(answers.value("history"), hint=hint)
    x_test, y_test = unseen_digits(784)
    for bar in (0.95, 0.975):
        with expect.part(points=1, title=f"{bar:.1%} of the test digits"):
            outputs = answers.model("model").predict(x_test)
            expect.shape(outputs, (10_000, 10), hint="Ten outputs for each image.")
            expect.at_least(
                accuracy(outputs, y_test),
                bar,
                hint="Rescaled inputs? More epochs, as long as val_loss falls? A wider hidden layer, dropout?",
            )
