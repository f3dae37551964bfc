"""The questions of exercise 5 that step and go back through time by hand."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import AnswerTables

from coursekit.checks import rnn_lstm as checks

EXERCISE = "05_rnn_lstm"

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
RIGHT = {
    "simple_rnn": [
        """
        import keras
        def simple_rnn(x, W, U, b):
            layer = keras.layers.SimpleRNN(len(b), return_sequences=True)
            layer.build((1, len(x), x.shape[1]))
            layer.set_weights([W, U, b])
            return layer(x[np.newaxis].astype("float32"))[0]
        """,
        """
        import math
        def simple_rnn(x, W, U, b):
            states = [[0.0] * len(b)]
            for step in x:
                mixed = [
                    bias
                    + sum(value * weight for value, weight in zip(step, W[:, unit]))
                    + sum(value * weight for value, weight in zip(states[-1], U[:, unit]))
                    for unit, bias in enumerate(b)
                ]
                states.append([math.tanh(each) for each in mixed])
            return states[1:]
        """,
        """
        import tensorflow as tf
        def simple_rnn(x, W, U, b):
            first = tf.zeros(b.shape, tf.float64)
            return tf.scan(lambda h, z: tf.tanh(z + tf.linalg.matvec(U, h, transpose_a=True)), x @ W + b, first)
        """,
        """
        from itertools import accumulate
        def simple_rnn(x, W, U, b):
            steps = accumulate(x @ W + b, lambda h, z: np.tanh(z + h @ U), initial=np.zeros(len(b)))
            return list(steps)[1:]
        """,
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
        """
        import tensorflow as tf
        def lstm_step(x, h, c, W, U, b):
            mixed = tf.linalg.matvec(W, x, transpose_a=True) + tf.linalg.matvec(U, h, transpose_a=True)
            i, f, g, o = tf.split(mixed + b, 4)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            return tf.sigmoid(o) * tf.tanh(c), c
        """,
        """
        import typing
        class State(typing.NamedTuple):
            h: np.ndarray
            c: np.ndarray
        def lstm_step(x, h, c, W, U, b):
            i, f, g, o = (x @ W + h @ U + b).reshape(4, -1)
            open_ = lambda z: 0.5 * (1 + np.tanh(z / 2))
            c = open_(f) * c + open_(i) * np.tanh(g)
            return State(open_(o) * np.tanh(c), c)
        """,
        """
        import keras
        def lstm_step(x, h, c, W, U, b):
            cell = keras.layers.LSTMCell(len(h))
            cell.build((None, len(x)))
            cell.set_weights([W, U, b])
            h, (_, c) = cell(x[None].astype("float32"), [h[None].astype("float32"), c[None].astype("float32")])
            return h[0], c[0]
        """,
        SIGMOID
        + """
def lstm_step(x, h, c, W, U, b):
    n, new_h, new_c = len(h), [], []
    for unit in range(n):
        i, f, g, o = (x @ W[:, k] + h @ U[:, k] + b[k] for k in range(unit, 4 * n, n))
        new_c.append(sigmoid(f) * c[unit] + sigmoid(i) * np.tanh(g))
        new_h.append(sigmoid(o) * np.tanh(new_c[-1]))
    return np.array([new_h, new_c])
""",
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
        """
        def gradients(x, W, U, b, blame):
            before = [np.zeros(len(b))]
            for step in x:
                before.append(np.tanh(step @ W + before[-1] @ U + b))
            after, before = np.array(before[1:]), np.array(before[:-1])
            deltas = []
            for state in after[::-1]:
                deltas.insert(0, (1 - state * state) * blame)
                blame = deltas[0] @ U.T
            deltas = np.array(deltas)
            return x.T @ deltas, before.T @ deltas, deltas.sum(axis=0)
        """,
        """
        def gradients(x, W, U, b, blame):
            def back(t, h):
                if t == len(x):
                    return np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), blame
                new = np.tanh(x[t] @ W + h @ U + b)
                d_W, d_U, d_b, d_h = back(t + 1, new)
                d = d_h * (1 - new**2)
                return d_W + np.outer(x[t], d), d_U + np.outer(h, d), d_b + d, U @ d
            return list(back(0, np.zeros(len(b))))[:3]
        """,
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
}

WRONG = {
    "simple_rnn": [
        (
            "the zeros too",
            """
            def simple_rnn(x, W, U, b):
                states = [np.zeros(len(b))]
                for step in x:
                    states.append(np.tanh(step @ W + states[-1] @ U + b))
                return np.array(states)
            """,
        ),
        (
            "no bias",
            """
            def simple_rnn(x, W, U, b):
                h, states = 0 * b, []
                for step in x:
                    h = np.tanh(step @ W + h @ U)
                    states.append(h)
                return states
            """,
        ),
        (
            "relu",
            """
            def simple_rnn(x, W, U, b):
                h, states = 0 * b, []
                for step in x:
                    h = np.maximum(step @ W + h @ U + b, 0)
                    states.append(h)
                return states
            """,
        ),
        (
            "U outside of the tanh",
            """
            def simple_rnn(x, W, U, b):
                h, states = 0 * b, []
                for step in x:
                    h = np.tanh(step @ W) + h @ U + b
                    states.append(h)
                return states
            """,
        ),
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
            "forgets by the forget gate",
            SIGMOID
            + """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4)
    c = (1 - sigmoid(f)) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c
""",
        ),
        (
            "no state before",
            SIGMOID
            + """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c
""",
        ),
        (
            "the cell only",
            SIGMOID
            + """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4)
    return sigmoid(f) * c + sigmoid(i) * np.tanh(g)
""",
        ),
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
            "the cell within ±1",
            SIGMOID
            + """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4)
    c = np.clip(sigmoid(f) * c + sigmoid(i) * np.tanh(g), -1, 1)
    return sigmoid(o) * np.tanh(c), c
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
        ("averaged over the steps", BACKWARD.replace("d_W, d_U, d_b\n", "d_W / len(x), d_U / len(x), d_b / len(x)\n")),
        ("the slope one step too early", BACKWARD.replace("1 - states[t + 1] ** 2", "1 - states[t] ** 2")),
        ("the slope of a sigmoid", BACKWARD.replace("1 - states[t + 1] ** 2", "states[t + 1] * (1 - states[t + 1])")),
        ("two steps back at most", BACKWARD.replace("reversed(range(len(x)))", "list(range(len(x)))[-1:-3:-1]")),
        ("five steps back at most", BACKWARD.replace("reversed(range(len(x)))", "list(range(len(x)))[:-6:-1]")),
        ("in a dict", BACKWARD.replace("return d_W, d_U, d_b", "return {'W': d_W, 'U': d_U, 'b': d_b}")),
        ("slope of tanh forgotten", BACKWARD.replace(" * (1 - states[t + 1] ** 2)", "")),
        ("only the last step", BACKWARD.replace("reversed(range(len(x)))", "[len(x) - 1]")),
        ("U not transposed on the way back", BACKWARD.replace("U @ d_before", "d_before @ U")),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    (
        "lstm_step",  # shows the old cell
        SIGMOID
        + """
def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4)
    return sigmoid(o) * np.tanh(c), sigmoid(f) * c + sigmoid(i) * np.tanh(g)
""",
        2,
    ),
    ("gradients", BACKWARD.replace("d_b += d_before", "d_b = d_before"), 2),
    ("gradients", BACKWARD.replace("return d_W, d_U, d_b", "return d_W.T, d_U, d_b"), 2),
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
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("padded", "count_parameters", "last_states", "build_network", "training")


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
    x, W, U, b = checks._sequence(np.random.default_rng(0), time=5, inputs=3, units=4)
    blame, tiny = np.arange(4.0), 1e-6
    d_W, d_U, d_b = checks._gradients(x, W, U, b, blame)
    for weights, gradient, place in ((W, d_W, (1, 2)), (U, d_U, (2, 1)), (b, d_b, (3,))):
        before = checks._states(x, W, U, b)[-1] @ blame
        weights[place] += tiny
        assert (checks._states(x, W, U, b)[-1] @ blame - before) / tiny == pytest.approx(gradient[place], rel=1e-3)
        weights[place] -= tiny
