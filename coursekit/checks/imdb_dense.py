"""Questions of exercise 2: reviews as vectors, sums of rows, word pairs, naive Bayes, fair comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, permutations, product
from typing import Any

import numpy as np

from coursekit.checks.shared import compiled, dense_parameters, expect_learning, or_above, outputs_are, unseen_reviews
from coursekit.grading import Answers, Exercise, Expect, Model
from coursekit.worker.observing import drawn_weights

exercise = Exercise("02_imdb_dense")

VARIANTS = ("baseline", "1 layer", "3 layers", "32 units", "64 units", "MSE", "tanh")
RISE = 0.015  # of accuracies, in the mean of all variants: 0.02 or more within three epochs, 0.001 between two seeds
WORDS = ("the", "a", "and", "plot", "acting", "film", "awful", "superb", "dull", "one", "story", "music")


@exercise.question("encode", points=2, title="Words become indices")
def encode(answers: Answers, expect: Expect) -> None:
    """`encode(text, word_index, num_words)` gives the indices of a text as Keras does, with a start mark."""
    rng = answers.draw("words and ranks")
    words, numbers = rng.permutation(WORDS).tolist(), (rng.permutation(60)[: len(WORDS)] + 1).tolist()
    ranks = dict(zip(words, numbers))

    def compare(text: list[str], num_words: int, hint: str) -> None:
        indices = [ranks.get(word, num_words) + 3 for word in text]
        want = [1, *(index if index < num_words else 2 for index in indices)]
        expect.equal(answers.call("encode", " ".join(text), ranks, num_words), want, hint=hint)

    hint = "1 opens every review; each word follows with its rank plus 3, since 0 to 3 are taken."
    for text in (words, words[:1], [*words[4:8], *words[5:7]]):
        compare(text, 100, hint)
    with expect.part(points=1, title="unknown and rare words"):
        hint = "A word without a rank becomes 2; it keeps its place in the review."
        for text in ([words[0], "zyzzyva", words[1]], ["zyzzyva"]):
            compare(text, 100, hint)
        hint = "num_words bounds the index, not the rank: whatever would be num_words or more becomes 2."
        for num_words in range(5, 8):
            compare(words, sorted(numbers)[5] + num_words - 3, hint)


@exercise.question("multi_hot", points=2, title="Multi-hot vectors")
def multi_hot(answers: Answers, expect: Expect) -> None:
    """`multi_hot(reviews, columns)` has one row a review, and a 1 in the column of every index that occurs in it."""
    rng = answers.draw("reviews")
    columns = int(rng.integers(8, 20))
    reviews = [rng.integers(0, columns - 1, size=length).tolist() for length in (5, 1, 9, 3)]
    reviews.append([0, 4, 0, 0, 2])
    last = int(rng.integers(300, 400))  # of more columns than a byte can count
    often = "A word that occurs twice still gives a 1: present, not counted."
    batches = (
        (reviews, columns, often),
        ([[columns - 1, 0, columns - 1]], columns, often),  # the largest index, which occurs here alone
        ([[last, 7], [last - 1]], last + 1, "The array may hold bytes; an index needs more, since a byte ends at 255."),
    )
    for batch, width, told in batches:
        want = np.zeros((len(batch), width))
        for row, review in enumerate(batch):
            want[row, review] = 1
        hot = answers.call("multi_hot", batch, width)
        hint = "One row a review, one column an index, also where no review holds the largest one."
        expect.shape(hot, want.shape, hint=hint)
        expect.equal(hot, want, hint=told)
    with expect.part(points=1, title="memory"):
        size = np.asarray(answers.call("multi_hot", reviews, columns)).itemsize
        expect.true(
            size <= 4,
            f"One number of the array takes {size} bytes.",
            hint="np.zeros, and np.array of whole numbers, take 8 bytes a number unless you give a dtype.",
            expected="at most 4 bytes",
            got=f"{size} bytes",
        )


@exercise.question("sum_of_rows", points=3, title="A product without the vector")
def sum_of_rows(answers: Answers, expect: Expect) -> None:
    """`sum_of_rows(reviews, W, b)` equals `multi_hot(reviews, len(W)) @ W + b` and never makes the vector."""
    rng = answers.draw("weights and reviews")
    W, b = rng.normal(size=(12, 5)), rng.normal(size=5)
    words = rng.permutation(12).tolist()

    def compare(reviews: list[list[int]], hint: str, W: np.ndarray = W) -> None:
        want = [W[np.unique(np.array(review, dtype=int))].sum(axis=0) + b for review in reviews]
        for dtype in (np.float64, np.float32):
            got = answers.call("sum_of_rows", reviews, W.astype(dtype), b.astype(dtype))
            expect.shape(got, (len(reviews), 5), hint="One row a review, one column a unit.")
            expect.close(got, want, rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="each word once"):
        reviews = [words[:3], words[3:5], words[5:6]]
        hint = "Pick the rows W[review], add them up, add the bias once."
        compare(reviews, hint)
        compare([words[2:9]], hint)
        hint = (
            "W holds nan in rows that no review names. Pick rows, and you never meet it; in a product, 0 · nan is nan."
        )
        named = np.isin(np.arange(12), words[:6])[:, np.newaxis]
        compare(reviews, hint, np.where(named, W, np.nan))
        named[words[1]] = False
        hint = "A row counts for the reviews that name it alone: pick each review's rows, and its nan goes no further."
        rows = answers.call("sum_of_rows", [words[2:5], words[:3]], np.where(named, W, np.nan), b)
        expect.close(rows[0], W[words[2:5]].sum(axis=0) + b, rtol=1e-4, atol=1e-5, hint=hint)
        sums = answers.call("sum_of_rows", [words[:3]], np.where(named, W, np.nan), b)
        expect.true(
            np.isnan(sums).all(),
            "A row of W that the review names holds nan, and the sum of its rows does not.",
            hint="W stays as it is. Where its nan became 0 before a product, a row that counts has lost it too.",
        )
    with expect.part(points=1, title="a word that occurs twice"):
        first, second, third, *_ = words
        hint = "A multi-hot vector says present, not how often: each row counts once, wherever the word comes again."
        compare([[first, second, first, third], [second, second]], hint)
        compare([[third, second, second, first, third]], hint)
    with expect.part(points=1, title="an empty review"):
        hint = "No word, no row: what is left is the bias. An empty list makes a float array; indices must be whole."
        compare([[], words[:1]], hint)
        compare([words[1:4], [], words[4:6]], hint)


@exercise.question("binary_cross_entropy", points=2, title="Binary cross-entropy from logits")
def binary_cross_entropy(answers: Answers, expect: Expect) -> None:
    """`binary_cross_entropy(logits, labels)` is the mean of −log of the probability given to the truth."""
    from scipy.special import log_expit

    def compare(logits: np.ndarray, labels: np.ndarray, hint: str) -> None:
        want = float(-np.where(labels == 1, log_expit(logits), log_expit(-logits)).mean())
        for dtype in (np.float64, np.float32):
            got = answers.call("binary_cross_entropy", logits.astype(dtype), labels)
            expect.close(got, want, rtol=1e-4, atol=1e-5, hint=hint)

    rng = answers.draw("logits")
    for labels in (np.array([1]), np.array([0]), rng.permutation([0, 0, 0, 0, 1, 1, 1])):
        compare(
            rng.uniform(-4, 4, size=len(labels)),
            labels,
            "p = sigmoid(z); −log p where the label is 1, −log(1 − p) where it is 0; then the mean.",
        )
    with expect.part(points=1, title="hopelessly wrong"):
        hint = "The logarithm of a rounded 0 is infinite. −log sigmoid(z) = log(1 + exp(−z)) = np.logaddexp(0, −z)."
        labels = rng.permutation([0, 0, 1, 1])
        size = rng.uniform(800, 1000, size=4)
        compare(np.where(labels == 1, -size, size), labels, hint)
        compare(np.array([float(size[0])]), np.array([0]), hint)
        hint = "Where a large logit points to the truth, −log p is 0: neither infinite nor nan."
        compare(np.append(np.where(labels == 1, size, -size), rng.uniform(-2, 2)), np.append(labels, 1), hint)


@exercise.question("pairs", points=3, title="Word pairs that stay in their review")
def pairs(answers: Answers, expect: Expect) -> None:
    """`pairs(tokens, offsets)` gives all neighbours `(pair, 2)` of a flat array, none across a border."""

    def reference(tokens: np.ndarray, offsets: Sequence[int]) -> np.ndarray:
        found = [pair for start, stop in pairwise(offsets) for pair in pairwise(tokens[start:stop].tolist())]
        return np.array(found, dtype=int).reshape(-1, 2)

    rng = answers.draw("tokens")
    cases = (
        ("one review", [[6], [2], [9]], "tokens[:-1] are the left words, tokens[1:] the right ones: stack them."),
        (
            "borders",
            [[3, 4, 5], [2, 2], [7, 3, 2, 4]],
            "The last word of a review and the first of the next are no pair: leave those out.",
        ),
        (
            "short reviews",
            [[1, 3, 0, 1, 3], [0, 4, 2], [3, 5, 0], [2, 0, 0, 1, 1, 4], [1, 1, 2], [1, 0, 1], [0, 1]],
            "A review of one word has no pair, an empty one neither, be it the first, the last or all of them.",
        ),
    )
    for title, batches, hint in cases:
        with expect.part(points=1, title=title):
            for lengths in batches:
                offsets = np.cumsum([0, *lengths])
                tokens = rng.integers(1, 7, size=offsets[-1])  # so few words that pairs occur again
                want = reference(tokens, offsets.tolist())
                got = answers.call("pairs", tokens, offsets)
                if len(want) or np.size(got):  # no pairs at all may come as an empty list
                    expect.shape(got, want.shape, hint=hint)
                    expect.equal(got, want, hint=hint)


@exercise.question("log_count_ratio", points=3, title="What naive Bayes knows about a word")
def log_count_ratio(answers: Answers, expect: Expect) -> None:
    """`log_count_ratio(x, y)`: log of a column's share in positive reviews over its share in negative ones."""
    from sklearn.naive_bayes import MultinomialNB

    def compare(x: np.ndarray, y: np.ndarray, hint: str) -> None:
        log_shares = MultinomialNB(alpha=1.0).fit(x, y).feature_log_prob_
        for dtype in (np.uint8, np.float32):
            got = answers.call("log_count_ratio", x.astype(dtype), y)
            expect.shape(got, x.shape[1:], hint="One number a column: sum over the reviews (axis 0).")
            expect.close(got, log_shares[1] - log_shares[0], rtol=1e-4, atol=1e-5, hint=hint)

    rng = answers.draw("reviews")

    def drawn(positive: int, negative: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Reviews in which every column occurs on both sides."""
        y = rng.permutation([1] * positive + [0] * negative)
        x = rng.integers(0, 2, size=(len(y), columns))
        x[[np.argmax(y), np.argmin(y)]] = 1
        return x, y

    hint = (
        "Count each column in the positive and in the negative reviews, add 1 to every count, divide each set by "
        "its own sum, then log(positive share / negative share)."
    )
    for sizes in ((4, 9, 5), (12, 5, 7)):
        compare(*drawn(*sizes), hint)
    with expect.part(points=1, title="words of one side only"):
        for positive, negative in ((3, 6), (1, 4)):
            x, y = drawn(positive, negative, 6)
            x[y == 1, 1] = x[y == 0, 3] = x[:, 4] = 0
            compare(x, y, "A count of 0 gives log 0 or 0/0: that is what the added 1 is for, in both counts.")
    with expect.part(points=1, title="more reviews than a byte can count"):
        compare(*drawn(900, 700, 4), or_above(expect, "A uint8 goes no further than 255: add up in a wider type."))


@exercise.question("build_network", points=2, title="One function for all variants")
def build_network(answers: Answers, expect: Expect) -> None:
    """`build_network(hidden, units, activation, loss)` returns a compiled network for 10,000 columns."""
    rng = answers.draw("reviews and widths")
    for hidden, units in zip((3, 1), (rng.permutation(30)[:2] + 17).tolist()):
        x = _reviews(rng)
        model = answers.model("build_network", hidden, units, "relu", "binary_crossentropy").on(x)
        expect.equal(model.gave, (16, 1), hint="One question, good or bad, needs one output.")
        expect.equal(
            model.parameter_count,
            dense_parameters([10_000, *[units] * hidden, 1]),
            hint="`hidden` layers of `units` units each, then the output: nothing else that learns.",
        )
        if np.ptp(model.rehearse(x, seed=0)) > 0:  # else the part below tells why nothing can learn
            expect_learning(expect, model, x)
    with expect.part(points=1, title="activations and loss"):
        units = int(rng.integers(10, 20))
        for hidden, activation, loss in ((2, "relu", "binary_crossentropy"), (3, "tanh", "mse")):
            x = _reviews(rng)
            model = answers.model("build_network", hidden, units, activation, loss).on(x)
            _expect_sigmoid_last(expect, model, x)
            expect_learning(expect, model, x)
            expect.true(
                _computes(model, x, hidden, units, activation),
                f"With activation={activation!r} the network does not compute what it should.",
                hint="Hand `activation` to every hidden layer, and to no other; the last one has the sigmoid.",
            )
            expect.true(
                _is_loss(model, rng, loss),
                f"With loss={loss!r} the loss of the network is not that of its probabilities.",
                hint="Hand `loss` to compile as it comes. It is computed from probabilities: from_logits stays False.",
            )
            optimizer = compiled(expect, model.optimizer)
            expect.true(
                "centered" in optimizer.config,  # a setting of RMSprop alone, also of classes made from it
                f"The optimizer is {optimizer.name}, not RMSprop.",
                hint='network.compile("rmsprop", …)',
            )


def _reviews(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 2, size=(16, 10_000)).astype(np.float32)


def _expect_sigmoid_last(expect: Expect, model: Model, x: np.ndarray) -> None:
    hint = "A probability between 0 and 1 needs a sigmoid last; softmax over one unit always gives 1."
    drawn = [model.rehearse(x, seed=seed) for seed in range(3)]
    expect.true(outputs_are(model, x) == "probabilities", "The outputs are no probabilities.", hint=hint)
    expect.true(np.ptp(drawn) > 0, "The outputs are all the same, whatever the weights.", hint=hint)
    last = [layer.config.get("activation") for layer in model.find("Dense") if layer.config.get("units") == 1]
    behind = [step.layer for step in model.steps if step.took == (len(x), 1)]
    expect.true(
        not behind or (len(behind) == 1 and last in ([], ["linear"])),
        f"Behind the output stands more than its sigmoid: {', '.join(behind)}.",
        hint="The sigmoid comes last, once, and nothing behind it.",
    )


def _computes(model: Model, x: np.ndarray, hidden: int, units: int, activation: str) -> bool:
    """Whether a network gives what its hidden layers compute with the same weights, drawn anew."""
    from scipy.special import expit

    bend: Callable[[Any], Any] = np.tanh if activation == "tanh" else lambda z: np.maximum(z, 0)
    shapes = [weight.shape for weight in model.training_step(x)]
    kernels = [(10_000, units), *[(units, units)] * (hidden - 1), (units, 1)]
    if sorted(shapes) != sorted([*kernels, *[(units,)] * hidden, (1,)]):
        return False

    def answers(first: Any, inner: Sequence[Any], last: Any, biases: Sequence[Any], bias: Any) -> Any:
        z = bend(x @ first + biases[0])
        for kernel, each in zip(inner, biases[1:]):
            z = bend(z @ kernel + each)
        return expit(z @ last + bias)

    for seed in range(3):
        weights = drawn_weights(seed, shapes)
        first, *inner, last = sorted((each for each in weights if each.ndim == 2), key=lambda kernel: -kernel.size)
        bias = next(each for each in weights if each.shape == (1,))
        orders = product(permutations(inner), permutations([each for each in weights if each.shape == (units,)]))
        wanted = [answers(first, between, last, biases, bias) for between, biases in orders]
        got = model.rehearse(x, seed=seed)
        if not any(np.allclose(got, want, atol=1e-3) for want in wanted):
            return False
    return True


def _is_loss(model: Model, rng: np.random.Generator, loss: str) -> bool:
    """Whether the model's loss is this one of probabilities, up to a factor."""
    labels = rng.integers(0, 2, size=(16, 1))
    trust = [rng.uniform(low, high, size=(16, 1)) for low, high in ((0.1, 0.3), (0.3, 0.6), (0.6, 0.9), (0.1, 0.9))]
    wanted = [float((-np.log(each) if loss == "binary_crossentropy" else (1 - each) ** 2).mean()) for each in trust]
    predictions = [np.where(labels == 1, each, 1 - each).astype(np.float32) for each in trust]
    factors = np.array(model.loss_values(labels, predictions)) / wanted
    return bool(factors[0] > 0 and np.allclose(factors, factors[0], rtol=1e-3))


@exercise.question("training", points=3, title="Compare, then choose")
def training(answers: Answers, expect: Expect) -> None:
    """`accuracies` compares variants over two seeds or more; `model`, with its `history`, reads unseen reviews."""
    with expect.part(points=1, title="every variant, several seeds"):
        accuracies = answers.value("accuracies")
        expect.kind(accuracies, dict, hint='accuracies["tanh"] = [0.88, 0.87]: one number a seed.')
        missing = [name for name in VARIANTS if name not in accuracies]
        told = f"There are no accuracies for {', '.join(missing)}."
        expect.true(not missing, told, hint="The keys are given in the question.")
        _expect_runs(expect, {name: _believable(expect, name, accuracies[name]) for name in VARIANTS})
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_data=(x_valid, y_valid))."
        expect.validated(answers.value("history"), hint=hint)
    with expect.part(points=1, title="86 % of unseen reviews"):
        reached = _test_accuracy(answers.model("model"), expect)
        expect.true(
            reached >= 0.86,
            f"The network judges {reached:.2%} of unseen reviews rightly.",
            hint="Look at val_loss: did it turn long before the end, or had it hardly begun to fall?",
            expected="at least 86%",
            got=f"{reached:.2%}",
        )


def _believable(expect: Expect, name: str, values: Any) -> list[float]:
    got = np.atleast_1d(np.asarray(values, dtype=float))
    expect.true(
        got.size >= 2,
        f"{name}: {got.size or 'no'} validation accuracy came.",
        hint="One run says nothing about noise; use two seeds or more.",
    )
    last = "Of each run keep its accuracy after the last epoch: history.history['val_accuracy'][-1]."
    expect.true(got.size == len(got), f"{name}: several numbers a seed came.", hint=last)
    expect.finite(got, hint=last)
    expect.true(
        got.max() <= 1,
        f"{name}: accuracies up to {got.max():.3g} are no shares.",
        hint="Keras gives an accuracy as a share from 0 to 1: 0.87, say, where 87 % are right. Keep it as it comes.",
    )
    expect.true(
        got.min() >= 0.75 and got.max() <= 0.93,
        f"{name}: validation accuracies from {got.min():.3f} to {got.max():.3f} are hard to believe.",
        hint="Below 0.75 it has hardly learnt; above 0.93 it was probably validated on reviews that it had trained on.",
    )
    return list(got.ravel().tolist())


def _expect_runs(expect: Expect, accuracies: dict[str, list[float]]) -> None:
    unmoved = [name for name, values in accuracies.items() if min(values) == max(values)]
    expect.true(
        len(unmoved) < len(VARIANTS) / 2,
        f"All seeds gave the same accuracy for {', '.join(unmoved)}.",
        hint="Once is chance. So often, the seed was the same: call keras.utils.set_random_seed(seed) with another "
        "seed before each network is built.",
    )
    rises = [values[-1] - values[0] for values in accuracies.values()]
    expect.true(
        np.mean(rises) < RISE or np.mean(np.sign(rises)) < 0.7,  # one variant may fall
        f"From the first to the last, the accuracies of a variant rise by {np.mean(rises):.3f} in the mean.",
        hint="Epochs of one run rise like this, seeds hardly ever. Keep one number a seed, that of its last epoch.",
    )
    expect.true(
        len({tuple(values) for values in accuracies.values()}) > len(VARIANTS) / 2,
        "Several variants have exactly the same accuracies.",
        hint="Once is chance. So often, it was the same network: hand each variant's settings to build_network.",
    )


def _test_accuracy(model: Model, expect: Expect) -> float:
    """The share of 5,000 test reviews that the model is right about; logits are recognised by those below 0."""
    reviews, labels = unseen_reviews(5_000)
    outputs = model.predict(reviews.multi_hot(np.uint8))
    expect.shape(outputs, (5_000, 1), hint="One probability a review.")
    middle = 0.0 if np.min(outputs) < 0 else 0.5
    return float(np.mean((outputs[:, 0] > middle) == labels))
