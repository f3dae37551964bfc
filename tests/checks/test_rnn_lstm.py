"""Every check of exercise 5 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import KERAS, AnswerTables

from coursekit.checks import rnn_lstm as checks

EXERCISE = "05_rnn_lstm"

MAXLEN = 200
SIGMOID = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""
BACKWARD = """
def gradients(x, W, U, b, d_last):
    states = [np.zeros(len(b))]
    for step in x:
        states.append(np.tanh(step @ W + states[-1] @ U + b))
    d_W, d_U, d_b, d_state = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), d_last
    for t in reversed(range(len(x))):
        d_before = d_state * (1 - states[t + 1] ** 2)
        d_W += np.outer(x[t], d_before)
        d_U += np.outer(states[t], d_before)
        d_b += d_before
        d_state = U @ d_before
    return d_W, d_U, d_b
"""
NETWORK = (
    KERAS
    + """
def build_network():
    network = keras.Sequential([
        keras.Input((None,)), layers.Embedding(10_000, 8), layers.LSTM(4), layers.Dense(1, activation="sigmoid")])
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return network
"""
)

LOGITS = """
linear = keras.layers.Dense(1)
model = keras.Sequential([*model.layers[:-1], linear])
model.build((None, None))
linear.set_weights([np.ones((1, 1)), np.zeros(1)])
model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
"""

RIGHT = {
    "padded": [
        """
        def padded(reviews, maxlen):
            rows = np.zeros((len(reviews), maxlen), dtype=int)
            for row, review in zip(rows, reviews):
                kept = review[-maxlen:]
                row[maxlen - len(kept):] = kept
            return rows
        """,
        "def padded(reviews, maxlen): return [([0] * maxlen + list(review))[-maxlen:] for review in reviews]",
        "from keras.utils import pad_sequences\ndef padded(reviews, maxlen): return pad_sequences(reviews, maxlen)",
    ],
    "count_parameters": [
        """
        def count_parameters(kind, inputs, units):
            one = units * (inputs + units + 1)
            return {"SimpleRNN": one, "LSTM": 4 * one, "GRU": 3 * (one + units)}[kind]
        """,
        """
        import keras
        def count_parameters(kind, inputs, units):
            layer = getattr(keras.layers, kind)(units)
            layer.build((None, None, inputs))
            return layer.count_params()
        """,
    ],
    "simple_rnn": [
        """
        def simple_rnn(x, W, U, b):
            h, states = np.zeros(len(b)), []
            for step in x:
                h = np.tanh(step @ W + h @ U + b)
                states.append(h)
            return np.array(states)
        """,
        """
        def simple_rnn(x, W, U, b):
            states = x @ W + b
            states[0] = np.tanh(states[0])
            for t in range(1, len(x)):
                states[t] = np.tanh(states[t] + U.T @ states[t - 1])
            return states
        """,
    ],
    "lstm_step": [
        SIGMOID
        + """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c
""",
        """
        from scipy.special import expit
        def lstm_step(x, h, c, W, U, b):
            n = len(h)
            z = np.concatenate([x, h]) @ np.vstack([W, U]) + b
            gates, candidate = expit(z), np.tanh(z[2 * n:3 * n])
            new_c = gates[n:2 * n] * c + gates[:n] * candidate
            return [gates[3 * n:] * np.tanh(new_c), new_c]
        """,
    ],
    "gradients": [
        BACKWARD,
        """
        import tensorflow as tf
        def gradients(x, W, U, b, d_last):
            W, U, b = tf.Variable(W), tf.Variable(U), tf.Variable(b)
            with tf.GradientTape() as tape:
                h = tf.zeros((1, len(d_last)), tf.float64)
                for step in x:
                    h = tf.tanh(step[None] @ W + h @ U + b)
                loss = tf.reduce_sum(h[0] * d_last)
            return tape.gradient(loss, [W, U, b])
        """,
    ],
    "last_states": [
        "def last_states(states, lengths): return states[np.arange(len(states)), lengths - 1]",
        "def last_states(states, lengths): return np.array([s[n - 1] for s, n in zip(states, lengths)])",
    ],
    "build_network": [
        NETWORK,
        KERAS
        + """
def build_network():
    words = keras.Input((120,), dtype="int32")
    x = layers.MaxPooling1D(4)(layers.Conv1D(8, 5, activation="relu")(layers.Embedding(10_000, 8)(words)))
    network = keras.Model(words, layers.Dense(1)(layers.Bidirectional(layers.GRU(4))(x)))
    network.compile("rmsprop", keras.losses.BinaryCrossentropy(from_logits=True))
    return network
""",
    ],
}

WRONG = {
    "padded": [
        (
            "zeros behind",
            "def padded(reviews, maxlen): return [(list(r)[-maxlen:] + [0] * maxlen)[:maxlen] for r in reviews]",
        ),
        ("not filled up", "def padded(reviews, maxlen): return [r[-maxlen:] for r in reviews]"),
        ("as long as the longest", "def padded(reviews, maxlen): return [[0] * (9 - len(r)) + r for r in reviews]"),
    ],
    "count_parameters": [
        (
            "once for each time step",
            "def count_parameters(kind, inputs, units): return 500 * units * (inputs + units + 1)",
        ),
        ("recurrent weights forgotten", "def count_parameters(kind, inputs, units): return units * (inputs + 1)"),
        (
            "three gates",
            """
            def count_parameters(kind, inputs, units):
                return {"SimpleRNN": 1, "LSTM": 3, "GRU": 2}[kind] * units * (inputs + units + 1)
            """,
        ),
    ],
    "simple_rnn": [
        (
            "only the last state",
            """
            def simple_rnn(x, W, U, b):
                h = np.zeros(len(b))
                for step in x:
                    h = np.tanh(step @ W + h @ U + b)
                return h
            """,
        ),
        (
            "starts from ones",
            """
            def simple_rnn(x, W, U, b):
                h, states = np.ones(len(b)), []
                for step in x:
                    h = np.tanh(step @ W + h @ U + b)
                    states.append(h)
                return np.array(states)
            """,
        ),
    ],
    "lstm_step": [
        (
            "candidate last",
            SIGMOID
            + """
def lstm_step(x, h, c, W, U, b):
    i, f, o, g = np.split(x @ W + h @ U + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c
""",
        ),
        (
            "sigmoid for the candidate",
            SIGMOID
            + """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(sigmoid(x @ W + h @ U + b), 4)
    c = f * c + i * g
    return o * np.tanh(c), c
""",
        ),
        (
            "cell first",
            SIGMOID
            + """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return c, sigmoid(o) * np.tanh(c)
""",
        ),
    ],
    "gradients": [
        ("slope of tanh forgotten", BACKWARD.replace(" * (1 - states[t + 1] ** 2)", "")),
        ("only the last step", BACKWARD.replace("reversed(range(len(x)))", "[len(x) - 1]")),
        ("U not transposed on the way back", BACKWARD.replace("U @ d_before", "d_before @ U")),
    ],
    "last_states": [
        ("the mask forgotten", "def last_states(states, lengths): return states[:, -1]"),
        (
            "one step too late",
            "def last_states(states, lengths): return states[np.arange(len(states)), np.minimum(lengths, 5)]",
        ),
        ("averaged", "def last_states(states, lengths): return states.mean(axis=1)"),
    ],
    "build_network": [
        ("no embedding", NETWORK.replace("(None,)), layers.Embedding(10_000, 8)", "(None, 1))")),
        ("nothing recurrent", NETWORK.replace("LSTM(4)", "GlobalAveragePooling1D()")),
        ("one output a word", NETWORK.replace("LSTM(4)", "LSTM(4, return_sequences=True)")),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("padded", "def padded(reviews, maxlen): return [([0] * maxlen + r[:maxlen])[-maxlen:] for r in reviews]", 1),
    (
        "count_parameters",
        """
        def count_parameters(kind, inputs, units):
            return {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[kind] * units * (inputs + units + 1)
        """,
        1,
    ),
    ("simple_rnn", "def simple_rnn(x, W, U, b): return np.tanh(x @ W + b)", 1),
    (
        "simple_rnn",
        """
        def simple_rnn(x, W, U, b):
            h, states = np.zeros(len(b)), []
            for step in x:
                h = np.tanh(step @ W + U @ h + b)
                states.append(h)
            return np.array(states)
        """,
        1,
    ),
    (
        "lstm_step",
        SIGMOID
        + """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * c, c
""",
        2,
    ),
    ("gradients", BACKWARD.replace("np.outer(states[t], d_before)", "np.outer(states[t + 1], d_before)"), 2),
    ("build_network", NETWORK.replace(', activation="sigmoid"', ""), 1),
    ("build_network", NETWORK.replace("binary_crossentropy", "mse"), 1),
    (
        "build_network",
        NETWORK.replace('    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])\n', ""),
        1,
    ),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_the_reference_counts_as_keras_does(kind):
    import keras

    layer = getattr(keras.layers, kind)(7)
    layer.build((None, None, 3))
    assert checks._parameters(kind, 3, 7) == layer.count_params()


def test_the_references_step_as_keras_does():
    import keras

    rng = np.random.default_rng(0)
    x, state, cell = rng.normal(size=(4, 3)), rng.normal(size=5), rng.normal(size=5)
    layer = keras.layers.LSTM(5)
    layer.build((None, None, 3))
    wanted = layer(x[None, :1].astype("float32"), initial_state=[state[None], cell[None]])
    got, _ = checks._lstm_step(x[0], state, cell, *map(np.asarray, layer.get_weights()))
    np.testing.assert_allclose(got, wanted[0], atol=1e-5)


def test_the_gradients_agree_with_finite_differences():
    x, W, U, b = checks._sequence(time=5, inputs=3, units=4)
    blame, tiny = np.arange(4.0), 1e-6
    d_W, d_U, d_b = checks._gradients(x, W, U, b, blame)
    for weights, gradient, place in ((W, d_W, (1, 2)), (U, d_U, (2, 1)), (b, d_b, (3,))):
        before = checks._states(x, W, U, b)[-1] @ blame
        weights[place] += tiny
        assert (checks._states(x, W, U, b)[-1] @ blame - before) / tiny == pytest.approx(gradient[place], rel=1e-3)
        weights[place] -= tiny


@pytest.fixture(scope="module")
def counting():
    """A recurrent network that adds up one number a word; and the words' numbers, from poor to good."""
    import keras
    from keras import layers
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    from coursekit.data import load_imdb

    words = [keras.Input((None,)), layers.Embedding(10_000, 1)]
    model = keras.Sequential([*words, layers.SimpleRNN(1, "linear"), layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    imdb = load_imdb()
    rows = imdb.x_train[:10_000].padded(MAXLEN)
    labels = imdb.y_train[:10_000]
    where = (np.repeat(np.arange(len(rows)), MAXLEN), rows.ravel())
    counts = csr_matrix((np.ones(rows.size), where), shape=(len(rows), 10_000))[:, 4:]
    often = [counts[labels == label].sum(axis=0).A1 + 1 for label in (0, 1)]
    bayes = np.log(often[1] / often[1].sum()) - np.log(often[0] / often[0].sum())
    regression = LogisticRegression(C=0.1, solver="liblinear").fit(counts, labels)
    return model, {"untrained": 0 * bayes, "bayes": bayes, "regression": regression.coef_[0]}


@pytest.mark.parametrize(
    ("numbers", "source", "want"),
    [
        ("regression", "", 3),
        ("regression", LOGITS, 3),
        ("regression", "history = {'loss': [0.1]}", 2),  # no validation data
        ("bayes", "", 2),  # between the bars
        ("untrained", "", 1),
        ("regression", "del MAXLEN", 1),
        ("regression", "model = keras.Sequential([keras.Input((None,)), model.layers[0]])", 1),
        ("regression", "del model, history, MAXLEN", 0),
    ],
)
def test_training_is_judged_by_validation_data_and_bars(earned, counting, numbers, source, want):
    import keras

    model, choices = counting
    one = np.ones((1, 1))
    embedding = np.concatenate([np.zeros(4), choices[numbers]])[:, None]
    model.set_weights([embedding, one, one, np.zeros(1), one, np.zeros(1)])
    names = {"model": model, "history": {"val_loss": [0.3]}, "MAXLEN": MAXLEN, "keras": keras}
    assert earned(EXERCISE, "training", source, **names) == want
