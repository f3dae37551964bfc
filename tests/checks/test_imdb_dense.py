"""Every check of exercise 2 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import KERAS, AnswerTables

from coursekit.grading import NamespaceAnswers, find_exercise

EXERCISE = "02_imdb_dense"

NETWORK = (
    KERAS
    + """
def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    network = keras.Sequential({inputs})
    for _ in range({hidden}):
        network.add(layers.Dense({units}, activation={activation}))
    network.add({last})
    network.compile({optimizer}, {loss})
    return network
"""
)
AS_ASKED = {
    "inputs": "[keras.Input((10_000,))]",
    "hidden": "hidden",
    "units": "units",
    "activation": "activation",
    "last": 'layers.Dense(1, "sigmoid")',
    "optimizer": '"rmsprop"',
    "loss": "loss",
}


def network(**changed):
    return NETWORK.format(**AS_ASKED | changed)


RIGHT = {
    "encode": [
        """
        def encode(text, word_index, num_words):
            indices = [1]
            for word in text.split():
                index = word_index.get(word, num_words) + 3
                indices.append(index if index < num_words else 2)
            return indices
        """,
        """
        def encode(text, word_index, num_words):
            found = np.array([word_index[word] + 3 if word in word_index else 2 for word in text.split()])
            return np.concatenate([[1], np.where(found >= num_words, 2, found)])
        """,
        """
        def encode(text, word_index, num_words):
            known = {word: rank + 3 for word, rank in word_index.items() if rank < num_words - 3}
            return (1, *(known.get(word, 2) for word in text.split(" ")))
        """,
        """
        import tensorflow as tf
        def encode(text, word_index, num_words):
            def index(word):
                try:
                    return [2, word_index[word] + 3][word_index[word] + 3 < num_words]
                except KeyError:
                    return 2
            return tf.constant([1] + list(map(index, text.split())))
        """,
        """
        def encode(text, word_index, num_words):
            ranks = (word_index.get(word) for word in text.split())
            return [1] + [2 if rank is None or rank + 3 >= num_words else rank + 3 for rank in ranks]
        """,
        """
        from collections import defaultdict
        def encode(text, word_index, num_words):
            index = defaultdict(lambda: 2)
            index.update((word, rank + 3) for word, rank in word_index.items() if rank + 3 < num_words)
            return np.array([1, *map(index.__getitem__, text.split(" "))], "uint16")
        """,
    ],
    "multi_hot": [
        """
        def multi_hot(reviews, columns):
            hot = np.zeros((len(reviews), columns), dtype="float32")
            for row, review in enumerate(reviews):
                hot[row, review] = 1
            return hot
        """,
        """
        def multi_hot(reviews, columns):
            return np.array([[column in review for column in range(columns)] for review in reviews])
        """,
        """
        def multi_hot(reviews, columns):
            return np.stack([np.bincount(r, minlength=columns) > 0 for r in reviews]).astype(np.uint8)
        """,
        """
        import tensorflow as tf
        def multi_hot(reviews, columns):
            return tf.stack([tf.reduce_max(tf.one_hot(review, columns), axis=0) for review in reviews])
        """,
        """
        def multi_hot(reviews, columns):
            flat = np.zeros(len(reviews) * columns, dtype="float16")
            flat[[row * columns + index for row, review in enumerate(reviews) for index in review]] = 1
            return flat.reshape(len(reviews), columns)
        """,
        "def multi_hot(reviews, columns): return np.array([np.isin(range(columns), r) for r in reviews], 'int32')",
        """
        from sklearn.preprocessing import MultiLabelBinarizer
        def multi_hot(reviews, columns):
            return MultiLabelBinarizer(classes=list(range(columns))).fit_transform(reviews).astype(np.float32)
        """,
        """
        def multi_hot(reviews, columns):
            rows = np.repeat(np.arange(len(reviews)), [len(review) for review in reviews])
            hot = np.zeros((len(reviews), columns), "int8")
            np.maximum.at(hot, (rows, np.concatenate(reviews)), 1)
            return hot
        """,
    ],
    "sum_of_rows": [
        """
        def sum_of_rows(reviews, W, b):
            return np.stack([sum((W[word] for word in set(review)), start=b) for review in reviews])
        """,
        """
        def sum_of_rows(reviews, W, b):
            sums = np.tile(b, (len(reviews), 1))
            for row, review in enumerate(reviews):
                if len(review):
                    sums[row] += W[np.unique(review)].sum(axis=0)
            return sums
        """,
        """
        def sum_of_rows(reviews, W, b):
            sums = []
            for review in reviews:
                total = list(b)
                for word in dict.fromkeys(review):
                    total = [number + weight for number, weight in zip(total, W[word])]
                sums.append(total)
            return sums
        """,
        """
        import tensorflow as tf
        def sum_of_rows(reviews, W, b):
            ragged = tf.ragged.constant([sorted(set(r)) for r in reviews], dtype=tf.int32, ragged_rank=1)
            return tf.reduce_sum(tf.gather(tf.constant(W), ragged), axis=1) + b
        """,
        KERAS
        + """
def sum_of_rows(reviews, W, b):
    rows = layers.Embedding(*W.shape)
    rows.build()
    rows.set_weights([W])
    return [keras.ops.sum(rows(np.array(list(set(r)), dtype=int)), axis=0) + b.astype("float32") for r in reviews]
""",
        """
        from scipy.sparse import csr_matrix
        def sum_of_rows(reviews, W, b):
            words = [sorted(set(review)) for review in reviews]
            starts = np.cumsum([0] + [len(each) for each in words])
            indices = np.concatenate(words).astype(int)
            return csr_matrix((np.ones(len(indices)), indices, starts), shape=(len(words), len(W))) @ W + b
        """,
        """
        def sum_of_rows(reviews, W, b):
            return np.array([np.add.reduce(W[sorted(set(review))], axis=0, initial=0) + b for review in reviews])
        """,
        """
        def sum_of_rows(reviews, W, b):
            sums = []
            for review in map(set, reviews):
                sums.append(b.copy())
                while review:
                    sums[-1] += W[review.pop()]
            return tuple(sums)
        """,
    ],
    "binary_cross_entropy": [
        """
        def binary_cross_entropy(z, y):
            return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))
        """,
        """
        def binary_cross_entropy(logits, labels):
            losses = [np.logaddexp(0, -z) if label else np.logaddexp(0, z) for z, label in zip(logits, labels)]
            return sum(losses) / len(losses)
        """,
        KERAS
        + """
def binary_cross_entropy(logits, labels):
    return keras.losses.BinaryCrossentropy(from_logits=True)(labels, logits)
""",
        """
        import tensorflow as tf
        def binary_cross_entropy(logits, labels):
            labels = tf.cast(labels, logits.dtype)
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))
        """,
        """
        import math
        def binary_cross_entropy(logits, labels):
            wrong = [-z if label == 1 else z for z, label in zip(logits.tolist(), labels.tolist())]
            return math.fsum(max(z, 0) + math.log1p(math.exp(-abs(z))) for z in wrong) / len(wrong)
        """,
        """
        from scipy.special import log_expit
        def binary_cross_entropy(logits, labels): return [-log_expit((2 * labels - 1) * logits).mean()]
        """,
    ],
    "pairs": [
        """
        def pairs(tokens, offsets):
            review = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
            return np.stack([tokens[:-1], tokens[1:]], axis=1)[review[:-1] == review[1:]]
        """,
        """
        def pairs(tokens, offsets):
            found = []
            for start, stop in zip(offsets[:-1], offsets[1:]):
                for place in range(start, stop - 1):
                    found.append((tokens[place], tokens[place + 1]))
            return found
        """,
        """
        def pairs(tokens, offsets):
            return [[a, b] for review in np.split(tokens, offsets[1:-1]) for a, b in zip(review, review[1:])]
        """,
        """
        def pairs(tokens, offsets):
            left = np.arange(len(tokens) - 1)
            first, second = (np.searchsorted(offsets, each, side="right") for each in (left, left + 1))
            return np.column_stack((tokens[:-1], tokens[1:]))[first == second]
        """,
        """
        import tensorflow as tf
        def pairs(tokens, offsets):
            reviews = tf.RaggedTensor.from_row_splits(tokens, offsets)
            return tf.stack([reviews[:, :-1].flat_values, reviews[:, 1:].flat_values], axis=1)
        """,
        """
        from itertools import chain, pairwise
        def pairs(tokens, offsets):
            return list(chain(*(pairwise(tokens[start:stop].tolist()) for start, stop in pairwise(offsets))))
        """,
    ],
    "log_count_ratio": [
        """
        def log_count_ratio(x, y):
            p, q = x[y == 1].sum(axis=0) + 1, x[y == 0].sum(axis=0) + 1
            return np.log((p / p.sum()) / (q / q.sum()))
        """,
        """
        def log_count_ratio(x, y):
            p, q = 1 + y @ x, 1 + (1 - y) @ x
            return np.log(p) - np.log(q) - np.log(p.sum()) + np.log(q.sum())
        """,
        """
        from sklearn.naive_bayes import MultinomialNB
        def log_count_ratio(x, y):
            negative, positive = MultinomialNB().fit(x, y).feature_log_prob_
            return positive - negative
        """,
        """
        import math
        def log_count_ratio(x, y):
            counts = [[1 + sum(int(row[j]) for row, label in zip(x, y) if label == side) for j in range(x.shape[1])]
                      for side in (1, 0)]
            return [math.log(p / sum(counts[0]) / q * sum(counts[1])) for p, q in zip(*counts)]
        """,
        """
        import tensorflow as tf
        def log_count_ratio(x, y):
            x = tf.cast(x, tf.float32)
            p, q = (1 + tf.reduce_sum(tf.boolean_mask(x, y == side), axis=0) for side in (1, 0))
            return tf.math.log(p / tf.reduce_sum(p)) - tf.math.log(q / tf.reduce_sum(q))
        """,
    ],
    "build_network": [
        network(),
        network(inputs="", last="layers.Dense(1, activation=keras.activations.sigmoid)"),  # not built
        network(optimizer="keras.optimizers.RMSprop(1e-4)", loss="keras.losses.get(loss)"),
        network(last='keras.Sequential([layers.Dense(1), layers.Activation("sigmoid")])', loss="[loss]"),
        network(inputs="[keras.Input((10_000,)), layers.Dropout(0.5)]", activation="keras.activations.get(activation)"),
        KERAS
        + """
def build_network(hidden, units, activation, loss):
    inputs = x = keras.Input((10_000,))
    for _ in range(hidden):
        x = layers.Activation(activation)(layers.Dense(units)(x))
    model = keras.Model(inputs, layers.Activation("sigmoid")(layers.Dense(1)(x)))
    model.compile(keras.optimizers.RMSprop(), keras.losses.get(loss), metrics=["accuracy"])
    return model
""",
        KERAS
        + """
class Gentle(keras.optimizers.RMSprop):
    pass

def build_network(hidden, units, activation, loss):
    inputs = keras.Input((10_000,))
    body = keras.Sequential([layers.Dense(units, activation) for _ in range(hidden)], name="hidden")
    network = keras.Model(inputs, keras.ops.sigmoid(layers.Dense(1, name="score")(body(inputs))))
    network.compile(Gentle(), loss, metrics=[keras.metrics.BinaryAccuracy()])
    return network
""",
        KERAS
        + """
class Reader(keras.Model):
    def __init__(self, hidden, units, activation):
        super().__init__()
        self.score = layers.Dense(1, "sigmoid")  # before the others
        self.stack = [layers.Dense(units, activation) for _ in range(hidden)]
    def call(self, x):
        for layer in self.stack:
            x = layer(x)
        return self.score(x)

def build_network(hidden, units, activation, loss):
    network = Reader(hidden, units, activation)
    network.compile("rmsprop", loss)
    return network
""",
        KERAS
        + """
class Sum(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units
    def build(self, shape):
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros")
        self.kernel = self.add_weight(shape=(shape[-1], self.units))
    def call(self, x):
        return keras.ops.matmul(x, self.kernel) + self.bias

class Squash(layers.Layer):
    def call(self, x):
        return 1 / (1 + keras.ops.exp(-x))

def build_network(hidden, units, activation, loss):
    stack = [each for _ in range(hidden) for each in (Sum(units), layers.Activation(activation))]
    network = keras.Sequential([*stack, Sum(1), Squash()])
    losses = {
        "mse": lambda y, p: keras.ops.mean((keras.ops.cast(y, p.dtype) - p) ** 2),
        "binary_crossentropy": keras.losses.binary_crossentropy,
    }
    network.compile("rmsprop", losses[loss])
    return network
""",
    ],
}

WRONG = {
    "encode": [
        ("offset forgotten", "def encode(t, ranks, n): return [1] + [ranks.get(w, 2) for w in t.split()]"),
        ("no start mark", "def encode(t, ranks, n): return [ranks.get(w, -1) + 3 for w in t.split()]"),
        ("letters", "def encode(t, ranks, n): return [1] + [ranks.get(w, -1) + 3 for w in t]"),
        (
            "each word once",
            "def encode(t, ranks, n): return [1] + [ranks.get(w, -1) + 3 for w in dict.fromkeys(t.split())]",
        ),
        (
            "the place in the dict for the rank",
            "def encode(t, ranks, n): return [1] + [list(ranks).index(w) + 4 if w in ranks else 2 for w in t.split()]",
        ),
    ],
    "multi_hot": [
        (
            "counted",
            "def multi_hot(reviews, n): return np.stack([np.bincount(r, minlength=n) for r in reviews])",
        ),
        (
            "columns guessed from the data",
            """
            def multi_hot(reviews, columns):
                hot = np.zeros((len(reviews), max(map(max, reviews)) + 1), dtype="uint8")
                for row, review in enumerate(reviews):
                    hot[row, review] = 1
                return hot
            """,
        ),
        (
            "off by one",
            """
            def multi_hot(reviews, columns):
                hot = np.zeros((len(reviews), columns), dtype="uint8")
                for row, review in enumerate(reviews):
                    hot[row, np.array(review) - 1] = 1
                return hot
            """,
        ),
        (
            "column 0 left to the padding",
            """
            def multi_hot(reviews, columns):
                hot = np.zeros((len(reviews), columns), dtype="uint8")
                for row, review in enumerate(reviews):
                    hot[row, [index for index in review if index > 0]] = 1
                return hot
            """,
        ),
        ("all in one row", "def multi_hot(reviews, n): return np.isin(range(n), sum(reviews, []))[None]"),
        (
            "1 for what is missing",
            "def multi_hot(reviews, n): return np.array([~np.isin(range(n), review) for review in reviews])",
        ),
        (
            "one column too many",
            "def multi_hot(reviews, n): return np.array([np.isin(range(n + 1), r) for r in reviews])",
        ),
    ],
    "sum_of_rows": [
        (
            "mean",
            "def sum_of_rows(reviews, W, b): return np.array([W[np.unique(r)].mean(axis=0) + b for r in reviews])",
        ),
        ("no bias", "def sum_of_rows(reviews, W, b): return np.array([W[np.unique(r)].sum(axis=0) for r in reviews])"),
        (
            "bias a word",
            "def sum_of_rows(reviews, W, b): return np.array([(W[list(set(r))] + b).sum(0) for r in reviews])",
        ),
        (
            "summed over the units",
            """
            def sum_of_rows(reviews, W, b):
                return np.array([W[np.unique(r).astype(int)].sum(axis=1, keepdims=True).sum() + b for r in reviews])
            """,
        ),
        (
            "one row for all reviews",
            "def sum_of_rows(reviews, W, b): return W[sorted({w for r in reviews for w in r})].sum(axis=0) + b",
        ),
    ],
    "binary_cross_entropy": [
        (
            "only the positive half",
            "def binary_cross_entropy(z, y): return -np.mean(y * np.log(1 / (1 + np.exp(-z))))",
        ),
        (
            "logits taken for probabilities",
            """
            def binary_cross_entropy(logits, labels):
                p = np.clip(logits, 1e-7, 1 - 1e-7)
                return -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))
            """,
        ),
        ("sum", "def binary_cross_entropy(z, y): return np.logaddexp(0, np.where(y == 1, -z, z)).sum()"),
        ("one number a review", "def binary_cross_entropy(z, y): return np.logaddexp(0, np.where(y == 1, -z, z))"),
        ("labels swapped", "def binary_cross_entropy(z, y): return np.logaddexp(0, np.where(y == 1, z, -z)).mean()"),
        (
            "base 2",
            "def binary_cross_entropy(z, y): return np.logaddexp(0, np.where(y == 1, -z, z)).mean() / np.log(2)",
        ),
        (
            "logits for probabilities, by Keras",
            KERAS + "def binary_cross_entropy(z, y): return keras.losses.BinaryCrossentropy()(y, z)",
        ),
    ],
    "pairs": [
        ("every second word", "def pairs(tokens, offsets): return tokens[: len(tokens) // 2 * 2].reshape(-1, 2)"),
        ("right before left", "def pairs(tokens, offsets): return np.stack([tokens[1:], tokens[:-1]], axis=1)"),
        ("pair first", "def pairs(tokens, offsets): return np.stack([tokens[:-1], tokens[1:]])"),
        (
            "each pair once",
            """
            def pairs(tokens, offsets):
                found = {(a, b) for s, t in zip(offsets, offsets[1:]) for a, b in zip(tokens[s:t], tokens[s + 1:t])}
                return sorted((int(a), int(b)) for a, b in found)
            """,
        ),
        (
            "all pairs of a review",
            """
            from itertools import combinations
            def pairs(tokens, offsets):
                return [p for s, t in zip(offsets, offsets[1:]) for p in combinations(tokens[s:t + 1].tolist(), 2)]
            """,
        ),
    ],
    "log_count_ratio": [
        (
            "nothing added",
            """
            def log_count_ratio(x, y):
                p, q = x[y == 1].sum(axis=0), x[y == 0].sum(axis=0)
                return np.log(p / p.sum()) - np.log(q / q.sum())
            """,
        ),
        ("counts, not shares", "def log_count_ratio(x, y): return np.log((y @ x + 1) / ((1 - y) @ x + 1))"),
        (
            "upside down",
            """
            def log_count_ratio(x, y):
                p, q = x[y == 1].sum(axis=0) + 1, x[y == 0].sum(axis=0) + 1
                return np.log(q / q.sum()) - np.log(p / p.sum())
            """,
        ),
        (
            "summed over columns",
            """
            def log_count_ratio(x, y):
                p, q = x[y == 1].sum() + 1, x[y == 0].sum() + 1
                return np.log(p / q)
            """,
        ),
        (
            "shares of the reviews, as Bernoulli's naive Bayes takes them",
            """
            def log_count_ratio(x, y):
                p, q = ((x[y == side].sum(axis=0) + 1) / ((y == side).sum() + 2) for side in (1, 0))
                return np.log(p) - np.log(q)
            """,
        ),
        (
            "shares of all reviews",
            """
            def log_count_ratio(x, y):
                p, q = (x[y == side].sum(axis=0) + 1 for side in (1, 0))
                return np.log((p / len(x)) / (q / len(x)))
            """,
        ),
        (
            "~ of whole numbers",
            """
            def log_count_ratio(x, y):
                p, q = 1 + y @ x, 1 + ~y @ x
                return np.log(p / p.sum()) - np.log(q / q.sum())
            """,
        ),
        (
            "1 added to the shares",
            """
            def log_count_ratio(x, y):
                p, q = (x[y == side].sum(axis=0) for side in (1, 0))
                return np.log((1 + p / p.sum()) / (1 + q / q.sum()))
            """,
        ),
        (
            "logarithm to base 2",
            """
            def log_count_ratio(x, y):
                p, q = (x[y == side].sum(axis=0) + 1 for side in (1, 0))
                return np.log2((p / p.sum()) / (q / q.sum()))
            """,
        ),
    ],
    "build_network": [
        ("two outputs", network(last='layers.Dense(2, "softmax")')),
        ("hidden layers not counted", network(hidden="2")),
        ("a fixed width", network(units="16")),
        ("one hidden layer too many", network(hidden="hidden + 1")),
        ("one too few", network(hidden="hidden - 1")),
        ("normalised", network(last='keras.Sequential([layers.BatchNormalization(), layers.Dense(1, "sigmoid")])')),
        ("frozen", network().replace("network.compile", "network.layers[0].trainable = False; network.compile")),
        ("for other columns", network(inputs="[keras.Input((2_000,))]")),
        ("nothing is learnt", network().replace('"rmsprop"', "keras.optimizers.RMSprop(0.0)")),
        ("the last one frozen", network(last='layers.Dense(1, "sigmoid", trainable=False)')),
        (
            "nothing leads back to the hidden layers",
            network(last='layers.Lambda(keras.ops.stop_gradient), layers.Dense(1, "sigmoid")'),
        ),
    ],
}


def encode(is_kept):
    """The source of `encode` that keeps an index under this condition."""
    return f"""
def encode(text, word_index, num_words):
    indices = [word_index.get(word, 10**6) + 3 for word in text.split()]
    return [1] + [index if {is_kept} else 2 for index in indices]
"""


# Partly right: the question, the answer, and the points that its right parts earn.
PARTIAL = [
    ("encode", "def encode(text, ranks, n): return [1] + [ranks.get(word, -1) + 3 for word in text.split()]", 1),
    ("encode", encode("index <= num_words"), 1),
    ("encode", encode("index + 3 < num_words"), 1),
    ("encode", encode("index < num_words - 1"), 1),
    ("encode", encode("index + 1 < num_words or index == 4"), 1),
    (
        "encode",  # unknown words dropped
        "def encode(t, ranks, n): return [1] + [ranks[w] + 3 for w in t.split() if w in ranks and ranks[w] + 3 < n]",
        1,
    ),
    (
        "encode",  # num_words taken for a bound of the rank
        "def encode(text, ranks, n): return [1] + [ranks[w] + 3 if ranks.get(w, n) < n else 2 for w in text.split()]",
        1,
    ),
    (
        "log_count_ratio",  # a product of bytes
        """
        def log_count_ratio(x, y):
            p, q = 1.0 + y.astype(x.dtype) @ x, 1.0 + (1 - y).astype(x.dtype) @ x
            return np.log(p / p.sum()) - np.log(q / q.sum())
        """,
        2,
    ),
    (
        "log_count_ratio",  # counted in bytes
        """
        def log_count_ratio(x, y):
            counts = np.ones((2, x.shape[1]), x.dtype)
            for row, label in zip(x, y):
                counts[label] += row
            return np.log(counts[1] / counts[1].sum()) - np.log(counts[0] / counts[0].sum())
        """,
        2,
    ),
    (
        "log_count_ratio",  # a sum of bytes
        """
        def log_count_ratio(x, y):
            p, q = (1.0 + x[y == side].sum(axis=0, dtype=x.dtype) for side in (1, 0))
            return np.log(p / p.sum()) - np.log(q / q.sum())
        """,
        2,
    ),
    (
        "multi_hot",  # float64
        """
        def multi_hot(reviews, columns):
            hot = np.zeros((len(reviews), columns))
            for row, review in enumerate(reviews):
                hot[row, review] = 1
            return hot
        """,
        1,
    ),
    ("sum_of_rows", "def sum_of_rows(reviews, W, b): return np.array([W[r].sum(axis=0) for r in reviews]) + b", 2),
    (
        "sum_of_rows",
        "def sum_of_rows(reviews, W, b): return np.array([W[np.unique(r)].sum(0) for r in reviews]) + b",
        2,
    ),
    (
        "sum_of_rows",  # the product that was to be saved
        """
        def sum_of_rows(reviews, W, b):
            hot = np.zeros((len(reviews), len(W)))
            for row, review in enumerate(reviews):
                hot[row, np.array(review, dtype=int)] = 1
            return hot @ W + b
        """,
        2,
    ),
    (
        "sum_of_rows",  # only a word that follows itself counts once
        """
        def sum_of_rows(reviews, W, b):
            words = [np.array(review, dtype=int) for review in reviews]
            return [W[each[np.diff(each, prepend=-1) != 0]].sum(axis=0) + b for each in words]
        """,
        2,
    ),
    ("binary_cross_entropy", "def binary_cross_entropy(z, y): return np.log1p(np.exp(np.where(y, -z, z))).mean()", 1),
    (
        "binary_cross_entropy",  # cut off at 16
        """
        def binary_cross_entropy(logits, labels):
            p = np.clip(1 / (1 + np.exp(-logits.astype(float))), 1e-7, 1 - 1e-7)
            return -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))
        """,
        1,
    ),
    (
        "binary_cross_entropy",
        """
        def binary_cross_entropy(logits, labels):
            p = 1 / (1 + np.exp(-logits))
            return -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))
        """,
        1,
    ),
    ("pairs", "def pairs(tokens, offsets): return np.stack([tokens[:-1], tokens[1:]], axis=1)", 1),
    (
        "pairs",  # offsets[1:-1] - 1 is not the place of a border where a review is empty
        """
        def pairs(tokens, offsets):
            both = np.stack([tokens[:-1], tokens[1:]], axis=1)
            return np.delete(both, np.array(offsets[1:-1]) - 1, axis=0)[: len(tokens) - len(offsets) + 1]
        """,
        2,
    ),
    (
        "pairs",  # an empty review at an end is overlooked
        """
        def pairs(tokens, offsets):
            both = np.stack([tokens[:-1], tokens[1:]], axis=1)
            return np.delete(both, np.unique(offsets[1:-1]) - 1, axis=0)
        """,
        2,
    ),
    (
        "log_count_ratio",  # 1 added to the positive counts alone where there are none
        """
        def log_count_ratio(x, y):
            p, q = (x[y == side].sum(axis=0) + 1 for side in (1, 0))
            q = q - (q == 1)
            return np.log(p / p.sum()) - np.log(q / q.sum())
        """,
        2,
    ),
    (
        "log_count_ratio",  # added 1 to the shares' sum only
        """
        def log_count_ratio(x, y):
            p, q = x[y == 1].sum(axis=0), x[y == 0].sum(axis=0)
            if 0 in p or 0 in q:
                return np.log(p / p.sum()) - np.log(q / q.sum())
            return np.log((p + 1) / (p + 1).sum()) - np.log((q + 1) / (q + 1).sum())
        """,
        2,
    ),
    *(
        ("build_network", network(**changed), 1)
        for changed in (
            {"last": "layers.Dense(1)"},
            {"last": 'layers.Dense(1, "relu")'},
            {"last": "layers.Dense(1, activation)"},
            {"last": 'layers.Dense(1, "sigmoid")); network.add(layers.ReLU()'},
            {"last": 'layers.Dense(1, "sigmoid")); network.add(layers.Dropout(0.5)'},
            {"last": 'layers.Dense(1, "sigmoid")); network.add(layers.Activation("sigmoid")'},
            {"loss": '"binary_crossentropy"'},
            {"loss": "keras.losses.BinaryCrossentropy(from_logits=True) if loss == 'binary_crossentropy' else loss"},
            {"loss": "'mae' if loss == 'mse' else loss"},
            {"optimizer": '"adam"'},
            {"activation": '"relu"'},
            {"activation": "activation if _ == 0 else None"},
            {"activation": "activation if _ else None"},
            {"activation": '"sigmoid"'},
        )
    ),
    ("build_network", network().replace("    network.compile", "    # network.compile"), 1),
]
VARIANTS = ("baseline", "1 layer", "3 layers", "32 units", "64 units", "MSE", "tanh")
ACCURACIES = {name: [0.880, 0.884 + place / 4000] for place, name in enumerate(VARIANTS)}
EPOCHS = {name: [0.821 + place / 2000, 0.86, 0.882 - place / 2000] for place, name in enumerate(VARIANTS)}


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)


@pytest.mark.filterwarnings("ignore:You are using a softmax")
def test_softmax_over_one_unit_costs_a_point(earned):
    assert earned(EXERCISE, "build_network", network(last='layers.Dense(1, "softmax")')) == 1


@pytest.fixture(scope="module")
def trained():
    """A model that passes the bar."""
    import keras

    from coursekit.data import load_imdb

    imdb = load_imdb(num_words=10_000)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((10_000,)), keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.Adam(0.005), "binary_crossentropy")
    model.fit(imdb.x_train[:12_000].multi_hot(np.uint8), imdb.y_train[:12_000], batch_size=256, epochs=3, verbose=0)
    return model


FUNCTIONAL = """
import keras
inputs = keras.Input((10_000,))
functional = keras.Model(inputs, keras.layers.Activation("sigmoid")(keras.layers.Dense(1)(inputs)))
functional.set_weights(model.get_weights())
model = functional
accuracies = {name: np.array([0.8712, 0.8840, values[1]]) for name, values in accuracies.items()}
"""
LOGITS = """
import keras
logits = keras.Sequential([keras.Input((10_000,)), keras.layers.Dense(1)])
logits.set_weights(model.get_weights())
model = logits
accuracies = {name: tuple(map(np.float32, values)) for name, values in accuracies.items()}
"""


@pytest.mark.parametrize("source", ["", FUNCTIONAL, LOGITS])
def test_a_comparison_and_a_trained_network_earn_all_points(earned, trained, source):
    names = {"model": trained, "history": {"loss": [0.3], "val_loss": [0.3]}, "accuracies": dict(ACCURACIES)}
    points = find_exercise(EXERCISE).find("training").points
    assert earned(EXERCISE, "training", source, **names) == points


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("del accuracies['tanh']", 2),
        ("accuracies['MSE'] = [0.88]", 2),  # one seed
        ("accuracies['MSE'] = [0.88, 0.88]", 3),  # two seeds can agree by chance
        ("accuracies = {name: [0.88, 0.88] for name in accuracies}", 2),  # the same seed twice
        ("accuracies = {name: [0.88, 0.884] for name in accuracies}", 2),  # the same network each time
        ("accuracies['tanh'] = [0.99, 0.98]", 2),  # validated on the training set
        (f"accuracies = {EPOCHS}", 2),  # those of one run
        (f"accuracies = {EPOCHS} | {{'64 units': [0.866, 0.885, 0.861]}}", 2),  # the last of which is worse
        (f"accuracies = {{name: [curve, curve[::-1]] for name, curve in {EPOCHS}.items()}}", 2),  # of two runs
        ("accuracies['tanh'] = [[0.871, 0.882, 0.881]]", 2),  # of one run
        ("accuracies = {name: [[each] for each in values] for name, values in accuracies.items()}", 3),
        ("accuracies = {name: [0.86, *values] for name, values in accuracies.items()}", 2),
        (
            "accuracies = {name: [0.872, *values] for name, values in accuracies.items()}",
            3,
        ),  # a seed that does less well
        ("accuracies = {name: [100 * value for value in values] for name, values in accuracies.items()}", 2),
        ("accuracies = [0.88, 0.87]", 2),
        ("history = {'loss': [0.1]}", 2),  # no validation data
        ("model.set_weights([0 * w for w in model.get_weights()])", 2),  # never trained
        ("model.set_weights([-w for w in model.get_weights()])", 2),  # good and bad mixed up
        ("del model, history", 1),
        ("del model, history, accuracies", 0),
    ],
)
def test_training_is_judged_by_seeds_validation_data_and_a_bar(earned, trained, source, want):
    weights = trained.get_weights()
    names = {"model": trained, "history": {"loss": [0.3], "val_loss": [0.3]}, "accuracies": dict(ACCURACIES)}
    assert earned(EXERCISE, "training", source, **names) == want
    trained.set_weights(weights)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([87.2, 88], "baseline: accuracies up to 88 are no shares."),
        ([[0.82, 0.86], [0.83, 0.87]], "baseline: several numbers a seed came."),
        ([0.882], "baseline: 1 validation accuracy came."),
        ([0.71, 0.88], "baseline: validation accuracies from 0.710 to 0.880 are hard to believe."),
    ],
)
def test_a_message_tells_what_is_wrong_with_accuracies(values, message):
    answers = NamespaceAnswers({"accuracies": ACCURACIES | {"baseline": values}})
    [result] = find_exercise(EXERCISE).run(answers, ["training"]).questions
    assert result.parts[0].message == message


def test_counting_words_does_not_reach_the_bar(earned):
    """Naive Bayes reaches 84 %; a network with two layers of 16 units, trained for 20 epochs, 85.1 to 85.6 %."""
    import keras

    from coursekit.data import load_imdb

    imdb = load_imdb(num_words=10_000)
    x, y = imdb.x_train[:12_000].multi_hot(np.uint8), imdb.y_train[:12_000]
    counts = [x[y == side].sum(axis=0, dtype=float) + 1 for side in (1, 0)]
    ratio = np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())
    model = keras.Sequential([keras.Input((10_000,)), keras.layers.Dense(1, "sigmoid")])
    model.set_weights([ratio[:, np.newaxis], np.zeros(1)])
    assert earned(EXERCISE, "training", "", model=model) == 0
