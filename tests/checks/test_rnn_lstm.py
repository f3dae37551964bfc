"""The questions of exercise 5 that pad, count and pick states; the others are tested beside this page."""

from __future__ import annotations

import pytest
from answer_tables import AnswerTables

from coursekit.checks import rnn_lstm as checks

EXERCISE = "05_rnn_lstm"

RIGHT = {
    "padded": [
        """
        def padded(reviews, maxlen):
            rows = []
            for review in reviews:
                del review[:-maxlen]
                while len(review) < maxlen:
                    review.insert(0, 0)
                rows.append(review)
            return rows
        """,
        """
        def padded(reviews, maxlen):
            kept = [np.asarray(review[-maxlen:], dtype="int32") for review in reviews]
            return np.vstack([np.pad(words, (maxlen - len(words), 0)) for words in kept])
        """,
        """
        import tensorflow as tf
        def padded(reviews, maxlen):
            backwards = tf.ragged.constant([review[::-1][:maxlen] for review in reviews])
            return backwards.to_tensor(shape=(None, maxlen))[:, ::-1]
        """,
        "def padded(reviews, maxlen): return tuple((maxlen - len(r)) * (0,) + tuple(r[-maxlen:]) for r in reviews)",
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
            blocks = 1 + 3 * (kind == "LSTM") + 2 * (kind == "GRU")
            biases = 2 if kind == "GRU" else 1
            return blocks * (inputs * units + units * units + biases * units)
        """,
        """
        def count_parameters(kind, inputs, units):
            match kind:
                case "SimpleRNN": return np.float64(units * (inputs + units + 1))
                case "LSTM": return 4.0 * count_parameters("SimpleRNN", inputs, units)
                case "GRU": return 3.0 * count_parameters("SimpleRNN", inputs + 1, units)
        """,
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
    "last_states": [
        """
        import tensorflow as tf
        def last_states(states, lengths): return tf.gather(states, lengths - 1, axis=1, batch_dims=1)
        """,
        "def last_states(s, n): return (s * np.eye(s.shape[1])[n - 1][:, :, None]).sum(axis=1)",
        "def last_states(s, n): return s[(np.arange(s.shape[1]) + 1)[None, :] == n[:, None]]",
        "def last_states(s, n): return np.take_along_axis(s, (n - 1)[:, None, None], axis=1).squeeze(1)",
        """
        import keras
        def last_states(states, lengths):
            chosen = keras.ops.one_hot(lengths - 1, states.shape[1], dtype="float32")
            return keras.ops.einsum("rt,rtu->ru", chosen, states.astype("float32"))
        """,
        "def last_states(states, lengths): return states[np.arange(len(states)), lengths - 1]",
        "def last_states(states, lengths): return np.array([s[n - 1] for s, n in zip(states, lengths)])",
        """
        def last_states(states, lengths):
            picked = np.empty_like(states[:, 0])
            for row, length in enumerate(lengths):
                picked[row] = states[row, :length][-1]
            return picked
        """,
    ],
}

WRONG = {
    "padded": [
        (
            "as wide as the longest here",
            """
            def padded(reviews, maxlen):
                width = min(maxlen, max(map(len, reviews)))
                return [([0] * width + review)[-width:] for review in reviews]
            """,
        ),
        (
            "bytes",
            """
            def padded(reviews, maxlen):
                return np.array([([0] * maxlen + review)[-maxlen:] for review in reviews]).astype("uint8")
            """,
        ),
        (
            "a start that counts from the end",
            "def padded(reviews, maxlen): return [[0] * (maxlen - len(r)) + r[len(r) - maxlen :] for r in reviews]",
        ),
        ("filled with ones", "def padded(reviews, maxlen): return [([1] * maxlen + r)[-maxlen:] for r in reviews]"),
        (
            "time first",
            "def padded(reviews, maxlen): return np.array([([0] * maxlen + r)[-maxlen:] for r in reviews]).T",
        ),
        (
            "zeros behind",
            "def padded(reviews, maxlen): return [(list(r)[-maxlen:] + [0] * maxlen)[:maxlen] for r in reviews]",
        ),
        ("not filled up", "def padded(reviews, maxlen): return [r[-maxlen:] for r in reviews]"),
        ("as long as the longest", "def padded(reviews, maxlen): return [[0] * (9 - len(r)) + r for r in reviews]"),
    ],
    "count_parameters": [
        (
            "U as large as W",
            """
            def count_parameters(kind, inputs, units):
                return {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[kind] * units * (2 * inputs + 1)
            """,
        ),
        (
            "two biases everywhere",
            """
            def count_parameters(kind, inputs, units):
                return {"SimpleRNN": 1, "LSTM": 4, "GRU": 0}[kind] * units * (inputs + units + 2)
            """,
        ),
        (
            "inputs and units mixed up, one bias a layer",
            """
            def count_parameters(kind, inputs, units):
                return {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[kind] * (units * (inputs + units) + 1)
            """,
        ),
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
    "last_states": [
        (
            "the mean of the words",
            "def last_states(states, lengths): return [each[:n].mean(axis=0) for each, n in zip(states, lengths)]",
        ),
        ("counted from the end", "def last_states(s, n): return s[np.arange(len(s)), s.shape[1] - n]"),
        ("every pair", "def last_states(states, lengths): return states[:, lengths - 1]"),
        ("counted from 1", "def last_states(s, n): return s[np.arange(len(s)), n % s.shape[1]]"),
        ("the state before", "def last_states(s, n): return s[np.arange(len(s)), n - 2]"),
        ("the mask forgotten", "def last_states(states, lengths): return states[:, -1]"),
        (
            "one step too late",
            "def last_states(states, lengths): return states[np.arange(len(states)), np.minimum(lengths, 5)]",
        ),
        ("averaged", "def last_states(states, lengths): return states.mean(axis=1)"),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    (
        "count_parameters",  # one more bias for all blocks together
        """
        def count_parameters(kind, inputs, units):
            one = units * (inputs + units + 1)
            return {"SimpleRNN": one, "LSTM": 4 * one, "GRU": 3 * one + units}[kind]
        """,
        1,
    ),
    ("padded", "def padded(reviews, maxlen): return [([0] * maxlen + r[:maxlen])[-maxlen:] for r in reviews]", 1),
    (
        "count_parameters",
        """
        def count_parameters(kind, inputs, units):
            return {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[kind] * units * (inputs + units + 1)
        """,
        1,
    ),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("simple_rnn", "lstm_step", "gradients", "build_network", "training")


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_the_reference_counts_as_keras_does(kind):
    import keras

    layer = getattr(keras.layers, kind)(7)
    layer.build((None, None, 3))
    assert checks._parameters(kind, 3, 7) == layer.count_params()
