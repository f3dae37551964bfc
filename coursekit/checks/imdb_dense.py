"""Questions of exercise 2: reviews as vectors, sums of rows, word pairs, naive Bayes, fair comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from coursekit.checks.shared import compiled, dense_parameters, unseen_reviews
from coursekit.grading import Answers, Exercise, Expect, Model

exercise = Exercise("02_imdb_dense")

VARIANTS = ("baseline", "1 layer", "3 layers", "32 units", "64 units", "MSE", "tanh")


@exercise.question("encode", points=2, title="Words become indices")
def encode(answers: Answers, expect: Expect) -> None:
    """`encode(text, word_index, num_words)` gives the indices as Keras does: 1, then rank plus 3, or 2 if unknown."""
    ranks = {"the": 1, "a": 2, "plot": 3, "acting": 4, "superb": 96}

    def compare(text: str, num_words: int, indices: list[int], hint: str) -> None:
        expect.equal(list(answers.call("encode", text, ranks, num_words)), indices, hint=hint)

    hint = "1 opens every review; each word follows with its rank plus 3, since 0 to 3 are taken."
    compare("the acting a plot", 100, [1, 4, 7, 5, 6], hint)
    with expect.part(points=1, title="unknown and rare words"):
        hint = "A word without a rank becomes 2; it keeps its place in the review."
        compare("the zyzzyva acting", 100, [1, 4, 2, 7], hint)
        hint = "num_words bounds the index, not the rank: whatever would be num_words or more becomes 2."
        compare("superb plot", 99, [1, 2, 6], hint)


@exercise.question("multi_hot", points=2, title="Multi-hot vectors")
def multi_hot(answers: Answers, expect: Expect) -> None:
    """`multi_hot(reviews, columns)` has one row a review, and a 1 in the column of every index that occurs in it."""
    reviews = [[1, 4, 4, 2], [0], [5, 1]]
    expected = np.zeros((3, 7))
    for row, review in enumerate(reviews):
        expected[row, review] = 1
    hot = answers.call("multi_hot", reviews, 7)
    expect.shape(hot, (3, 7), hint="One row a review, one column an index, also where no review holds the largest one.")
    expect.equal(
        np.asarray(hot, float), expected, hint="A word that occurs twice still gives a 1: present, not counted."
    )
    with expect.part(points=1, title="memory"):
        expect.at_most(
            np.asarray(hot).itemsize,
            4,
            hint="np.zeros makes float64, 8 bytes for every 0 and 1: give it a dtype.",
        )


@exercise.question("sum_of_rows", points=3, title="A product without the vector")
def sum_of_rows(answers: Answers, expect: Expect) -> None:
    """`sum_of_rows(reviews, W, b)` equals `multi_hot(reviews, len(W)) @ W + b` and never makes the vector."""
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(9, 4)), rng.normal(size=4)

    def compare(reviews: list[list[int]], hint: str) -> None:
        want = [W[np.unique(np.array(review, dtype=int))].sum(axis=0) + b for review in reviews]
        got = answers.call("sum_of_rows", reviews, W, b)
        expect.shape(got, (2, 4), hint="One row a review, one column a unit.")
        expect.close(got, want, hint=hint)

    with expect.part(points=1, title="each word once"):
        compare([[1, 3, 8], [2, 7]], "Pick the rows W[review], add them up, add the bias once.")
    with expect.part(points=1, title="a word that occurs twice"):
        hint = "A multi-hot vector says present, not how often: each row counts once. np.unique helps."
        compare([[1, 3, 3, 3], [2, 2]], hint)
    with expect.part(points=1, title="an empty review"):
        hint = "No word, no row: what is left is the bias. An empty list makes a float array; indices must be whole."
        compare([[], [4]], hint)


@exercise.question("binary_cross_entropy", points=2, title="Binary cross-entropy from logits")
def binary_cross_entropy(answers: Answers, expect: Expect) -> None:
    """`binary_cross_entropy(logits, labels)` is the mean of −log of the probability given to the truth."""
    from scipy.special import log_expit

    def reference(logits: np.ndarray, labels: np.ndarray) -> float:
        return float(-np.where(labels == 1, log_expit(logits), log_expit(-logits)).mean())

    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=6), np.array([1, 0, 0, 1, 0, 0])
    expect.close(
        answers.call("binary_cross_entropy", logits, labels),
        reference(logits, labels),
        hint="p = sigmoid(z); −log p where the label is 1, −log(1 − p) where it is 0; then the mean.",
    )
    with expect.part(points=1, title="hopelessly wrong"):
        logits, labels = np.array([800.0, -800.0, 2.0]), np.array([0, 1, 1])
        expect.close(
            answers.call("binary_cross_entropy", logits, labels),
            reference(logits, labels),
            hint="The logarithm of a rounded 0 is infinite. −log sigmoid(z) = log(1 + exp(−z)) = np.logaddexp(0, −z).",
        )


@exercise.question("pairs", points=3, title="Word pairs that stay in their review")
def pairs(answers: Answers, expect: Expect) -> None:
    """`pairs(tokens, offsets)` gives all neighbours `(pair, 2)` of a flat array, none across a border."""

    def reference(tokens: np.ndarray, offsets: Sequence[int]) -> np.ndarray:
        found = [pair for start, stop in pairwise(offsets) for pair in pairwise(tokens[start:stop].tolist())]
        return np.array(found, dtype=int).reshape(-1, 2)

    rng = np.random.default_rng(0)
    cases = (
        ("one review", [0, 6], "tokens[:-1] are the left words, tokens[1:] the right ones: stack them."),
        ("borders", [0, 3, 7, 12], "The last word of a review and the first of the next are no pair: leave those out."),
        ("short reviews", [0, 1, 4, 4, 5, 8], "A review of one word has no pair, an empty one neither."),
    )
    for title, offsets, hint in cases:
        with expect.part(points=1, title=title):
            tokens = rng.integers(1, 50, size=offsets[-1])
            want = reference(tokens, offsets)
            got = answers.call("pairs", tokens, np.array(offsets))
            expect.shape(got, want.shape, hint=hint)
            expect.equal(got, want, hint=hint)


@exercise.question("log_count_ratio", points=3, title="What naive Bayes knows about a word")
def log_count_ratio(answers: Answers, expect: Expect) -> None:
    """`log_count_ratio(x, y)`: log of a column's share in positive reviews over its share in negative ones."""
    from sklearn.naive_bayes import MultinomialNB

    def reference(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        log_shares = MultinomialNB(alpha=1.0).fit(x, y).feature_log_prob_
        return np.asarray(log_shares[1] - log_shares[0])

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 2, size=(12, 5)), np.array([0, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0])
    x[:, 2] = 1
    got = answers.call("log_count_ratio", x, y)
    expect.shape(got, (5,), hint="One number a column: sum over the reviews (axis 0).")
    expect.close(
        got,
        reference(x, y),
        hint="Count each column in the positive and in the negative reviews, add 1 to every count, divide each set by "
        "its own sum, then log(positive share / negative share).",
    )
    with expect.part(points=1, title="words of one side only"):
        x = np.array([[1, 0, 1, 0], [1, 0, 0, 0], [0, 1, 1, 0]])
        expect.close(
            answers.call("log_count_ratio", x, np.array([1, 1, 0])),
            reference(x, np.array([1, 1, 0])),
            hint="A count of 0 gives log 0 or 0/0: that is what the added 1 is for, in both counts.",
        )


@exercise.question("build_network", points=2, title="One function for all variants")
def build_network(answers: Answers, expect: Expect) -> None:
    """`build_network(hidden, units, activation, loss)` returns a compiled network for 10,000 columns."""
    for hidden, units, activation, loss in ((2, 16, "relu", "binary_crossentropy"), (3, 8, "tanh", "mse")):
        model = answers.model("build_network", hidden, units, activation, loss)
        sizes = [10_000, *[units] * hidden, 1]
        expect.equal(model.input_shape, (None, 10_000), hint="keras.Input((10_000,)): the batch axis is not counted.")
        expect.equal(model.output_shape, (None, 1), hint="One question, good or bad, needs one output.")
        expect.equal(
            model.parameter_count,
            dense_parameters(sizes),
            hint="`hidden` layers of `units` units each, then the output: nothing else that learns.",
        )
    with expect.part(points=1, title="activations and loss"):
        for activation, loss, name in (
            ("relu", "binary_crossentropy", "binary_crossentropy"),
            ("tanh", "mse", "mean_squared_error"),
        ):
            model = answers.model("build_network", 1, 4, activation, loss)
            used = [layer.config.get("activation") for layer in model.layers]
            expect.true(
                activation in used, f"no layer uses {activation}", hint="Hand `activation` to the hidden layers."
            )
            expect.true(
                "sigmoid" in used,
                "no layer uses a sigmoid",
                hint="A probability between 0 and 1 needs a sigmoid last; softmax over one unit always gives 1.",
            )
            used_loss = compiled(expect, model.loss).name
            same = {"mse": "mean_squared_error"}.get(used_loss, used_loss)
            expect.equal(same, name, hint="Hand `loss` to compile.")


@exercise.question("training", points=3, title="Compare, then choose")
def training(answers: Answers, expect: Expect) -> None:
    """`accuracies` compares the variants over two seeds or more; `model` reads reviews that it has never seen."""
    with expect.part(points=1, title="every variant, several seeds"):
        accuracies = answers.value("accuracies")
        expect.kind(accuracies, dict, hint='accuracies["tanh"] = [0.88, 0.87]: one number a seed.')
        missing = [name for name in VARIANTS if name not in accuracies]
        expect.true(not missing, f"no accuracies for {', '.join(missing)}", hint="The keys are given in the question.")
        for name in VARIANTS:
            _believable(expect, name, accuracies[name])
        unmoved = [name for name in VARIANTS if np.ptp(np.ravel(accuracies[name])) == 0]
        expect.true(
            len(unmoved) < len(VARIANTS) / 2,
            f"all seeds gave the same accuracy for {', '.join(unmoved)}",
            hint="Once is chance. So often, the seed was the same: call keras.utils.set_random_seed(seed) with another "
            "seed before each network is built.",
        )
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_data=(x_valid, y_valid))."
        expect.validated(answers.value("history"), hint=hint)
    with expect.part(points=1, title="86 % of unseen reviews"):
        expect.at_least(
            _test_accuracy(answers.model("model"), expect),
            0.86,
            hint="Too many epochs? Look where val_loss turns, and stop there.",
        )


def _believable(expect: Expect, name: str, values: Any) -> None:
    got = np.asarray(values, dtype=float).ravel()
    expect.at_least(got.size, 2, hint=f"{name}: one run says nothing about noise; use two seeds or more.")
    expect.true(
        got.min() >= 0.75 and got.max() <= 0.93,
        f"{name}: validation accuracies from {got.min():.3f} to {got.max():.3f} are hard to believe",
        hint="Below 0.75 it has hardly learnt; above 0.93 it was validated on reviews that it had trained on.",
    )


def _test_accuracy(model: Model, expect: Expect) -> float:
    reviews, labels = unseen_reviews(5_000)
    outputs = model.predict(reviews.multi_hot(np.uint8))
    expect.shape(outputs, (5_000, 1), hint="One probability a review.")
    return float(np.mean((outputs[:, 0] > 0.5) == labels))
