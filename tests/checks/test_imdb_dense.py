"""Every check of exercise 2 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import pytest
from answer_tables import AnswerTables

from coursekit.grading import find_exercise

EXERCISE = "02_imdb_dense"

NETWORK = """
import keras
from keras import layers

def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    network = keras.Sequential([keras.Input((10_000,))])
    for _ in range({hidden}):
        network.add(layers.Dense({units}, activation={activation}))
    network.add(layers.Dense({last}))
    network.compile("rmsprop", {loss})
    return network
"""
AS_ASKED = {"hidden": "hidden", "units": "units", "activation": "activation", "last": '1, "sigmoid"', "loss": "loss"}


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
    ],
    "build_network": [
        network(),
        """
        import keras
        from keras import layers

        def build_network(hidden, units, activation, loss):
            inputs = x = keras.Input((10_000,))
            for _ in range(hidden):
                x = layers.Activation(activation)(layers.Dense(units)(x))
            model = keras.Model(inputs, layers.Activation("sigmoid")(layers.Dense(1)(x)))
            model.compile(keras.optimizers.RMSprop(), keras.losses.get(loss), metrics=["accuracy"])
            return model
        """,
    ],
}

WRONG = {
    "encode": [
        ("offset forgotten", "def encode(t, ranks, n): return [1] + [ranks.get(w, 2) for w in t.split()]"),
        ("no start mark", "def encode(t, ranks, n): return [ranks.get(w, -1) + 3 for w in t.split()]"),
        ("letters", "def encode(t, ranks, n): return [1] + [ranks.get(w, -1) + 3 for w in t]"),
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
    ],
    "pairs": [
        ("every second word", "def pairs(tokens, offsets): return tokens[: len(tokens) // 2 * 2].reshape(-1, 2)"),
        ("right before left", "def pairs(tokens, offsets): return np.stack([tokens[1:], tokens[:-1]], axis=1)"),
        ("pair first", "def pairs(tokens, offsets): return np.stack([tokens[:-1], tokens[1:]])"),
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
    ],
    "build_network": [
        ("two outputs", network(last='2, "softmax"')),
        ("hidden layers not counted", network(hidden="2")),
        ("a fixed width", network(units="16")),
    ],
}

# Partly right: the question, the answer, and the points that its right parts earn.
PARTIAL = [
    ("encode", "def encode(text, ranks, n): return [1] + [ranks.get(word, -1) + 3 for word in text.split()]", 1),
    (
        "encode",  # num_words taken for a bound of the rank
        "def encode(text, ranks, n): return [1] + [ranks[w] + 3 if ranks.get(w, n) < n else 2 for w in text.split()]",
        1,
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
    ("build_network", network(last="1"), 1),
    ("build_network", network(last='1, "softmax"'), 1),
    ("build_network", network(loss='"binary_crossentropy"'), 1),
    ("build_network", network(activation='"relu"'), 1),
]
ACCURACIES = {
    name: [0.880, 0.884] for name in ("baseline", "1 layer", "3 layers", "32 units", "64 units", "MSE", "tanh")
}


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)


@pytest.fixture(scope="module")
def trained():
    """A model that passes the bar."""
    import keras
    import numpy as np

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
accuracies = {name: np.array([0.8712, 0.8840, 0.8799]) for name in accuracies}
"""


@pytest.mark.parametrize("source", ["", FUNCTIONAL])
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
        ("accuracies['tanh'] = [0.99, 0.98]", 2),  # validated on the training set
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
