"""The networks of exercise 5 are judged by what they read, in which order, and what they give."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import KERAS, AnswerTables, run

from coursekit.checks.shared import unseen_reviews
from coursekit.grading import NamespaceAnswers, find_exercise

EXERCISE = "05_rnn_lstm"
FUNCTIONS = ("padded", "count_parameters", "simple_rnn", "lstm_step", "gradients", "last_states")
MAXLEN = 200
AS_LOGITS = "keras.losses.BinaryCrossentropy(from_logits=True)"

OWN = (
    KERAS
    + """
class Memory(layers.LSTM):
    pass

class Words(layers.Layer):
    def build(self, shape):
        self.table = self.add_weight(shape=(10_000, 8), initializer="normal")
    def call(self, words):
        return keras.ops.take(self.table, keras.ops.cast(words, "int32"), axis=0)

class Recurrence(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 6), initializer="glorot_uniform")
        self.recurrent = self.add_weight(shape=(6, 6), initializer="orthogonal")
    def call(self, x):
        state = keras.ops.zeros((keras.ops.shape(x)[0], 6))
        for step in keras.ops.unstack(x, axis=1):
            state = keras.ops.tanh(step @ self.kernel + state @ self.recurrent)
        return state

class Gated(layers.Layer):
    def __init__(self):
        super().__init__()
        self.update, self.candidate = layers.Dense(6, "sigmoid"), layers.Dense(6, "tanh")
    def build(self, shape):
        for layer in (self.update, self.candidate):
            layer.build((None, shape[-1] + 6))
    def call(self, x):
        state = keras.ops.zeros((keras.ops.shape(x)[0], 6))
        for time in range(x.shape[1]):
            both = keras.ops.concatenate([x[:, time], state], axis=-1)
            share = self.update(both)
            state = share * state + (1 - share) * self.candidate(both)
        return state

class Cells(keras.Model):
    def __init__(self):
        super().__init__()
        self.words, self.cell, self.last = layers.Embedding(10_000, 8), layers.GRUCell(6), layers.Dense(1)
    def call(self, words):
        state = keras.ops.zeros((keras.ops.shape(words)[0], 6))
        for step in keras.ops.unstack(self.words(words), axis=1):
            _, (state,) = self.cell(step, [state])
        return self.last(state)

class Reader(keras.Model):
    def __init__(self, *middle):
        super().__init__()
        self.words, self.middle = layers.Embedding(10_000, 8), list(middle)
        self.last = layers.Dense(1, activation="sigmoid")
    def call(self, words):
        x = self.words(words)
        for layer in self.middle:
            x = layer(x)
        return self.last(x)

class Places(layers.Layer):
    def call(self, x):
        return x + keras.ops.expand_dims(keras.ops.arange(x.shape[1], dtype="float32"), (0, 2)) / 50

class Attending(layers.Layer):
    def __init__(self):
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 4)
    def call(self, x):
        return self.attention(x, x)
"""
)


def build(network: str, loss: str = '"binary_crossentropy"') -> str:
    """The source of `build_network` that makes this network, an expression."""
    return f"""
{OWN}
words = keras.Input((None,))
def build_network():
    network = {network}
    {f'network.compile("adam", {loss})' if loss else "pass"}
    return network
"""


def network(
    *middle: str,
    last: str = 'layers.Dense(1, activation="sigmoid")',
    first: str = "layers.Embedding(10_000, 8)",
    inputs: str = "keras.Input((None,)), ",
    loss: str = '"binary_crossentropy"',
) -> str:
    return build(f"keras.Sequential([{inputs}{first}, {', '.join((*middle, last))}])", loss)


POOLED = "layers.Conv1D(8, 5, activation='relu'), layers.MaxPooling1D(5)"
HEADS = (
    "keras.Model(words, layers.Average()([layers.Dense(1, 'sigmoid')(layers.GRU(4, go_backwards=back)("
    "layers.Embedding(10_000, 8)(words))) for back in (True, False)]))"
)
RESULT = "layers.Dense(1)(layers.GRU(4)(layers.Embedding(10_000, 8)(words)))"

RIGHT = {
    "build_network": [
        network("layers.LSTM(4)"),
        network(
            "layers.Conv1D(8, 5, activation='relu'), layers.MaxPooling1D(4), layers.Bidirectional(layers.GRU(4))",
            last="layers.Dense(1)",
            inputs="keras.Input((120,), dtype='int32'), ",
            loss=AS_LOGITS,
        ),
        network("layers.SimpleRNN(4)", inputs=""),  # not built
        network(POOLED, POOLED, "layers.LSTM(4)"),
        network(POOLED, POOLED, "layers.LSTM(4)", inputs=""),
        build(f"Reader({POOLED}, {POOLED}, Recurrence())"),
        network(
            "layers.GRU(4)",
            last="keras.Sequential([layers.Dense(8, 'relu'), layers.Dense(1), layers.Activation('sigmoid')])",
        ),
        network("layers.GRU(4)", last="layers.Dense(1, activation=keras.ops.sigmoid)"),
        network(
            "layers.RNN([layers.GRUCell(4), layers.LSTMCell(4)])", first="layers.Embedding(10_000, 8, mask_zero=True)"
        ),
        network("Memory(4)", "layers.Dropout(0.3)"),
        network("layers.LSTM(4, return_sequences=True)", "layers.GlobalMaxPooling1D()"),
        network("layers.Reshape((-1, 8, 1)), layers.ConvLSTM1D(2, 3)", "layers.Flatten()"),
        network("Recurrence()", inputs=""),
        network("Recurrence()", inputs="keras.Input((60,)), "),
        network("Gated()", last="layers.Dense(1)", inputs="", loss=AS_LOGITS),
        network("layers.LSTM(4)", first="Words()"),
        build("keras.Model(words, keras.ops.sigmoid(" + RESULT + "))"),
        build(HEADS),
        build("Reader(layers.LSTM(4))"),
        build("Reader(layers.Conv1D(8, 3, padding='same'), Recurrence())"),
        build("Cells()", AS_LOGITS),
        network("layers.LSTM(4)", loss='[keras.losses.BinaryCrossentropy(name="opinion")]'),
        network("layers.LSTM(4)", loss="keras.losses.binary_crossentropy"),
    ],
}

WRONG = {
    "build_network": [
        ("no embedding", network("layers.LSTM(4)", first="layers.Reshape((-1, 1))")),
        ("one-hot in its place", network("layers.LSTM(4)", first="layers.CategoryEncoding(10_000, 'one_hot')")),
        ("words as amounts of its own", network("layers.LSTM(4)", first="layers.Lambda(lambda w: w[..., None] / 1e4)")),
        ("nothing recurrent", network("layers.GlobalAveragePooling1D()")),
        ("convolutions only", network("layers.Conv1D(8, 5, activation='relu'), layers.GlobalMaxPooling1D()")),
        ("flattened", network("layers.Flatten()", inputs="keras.Input((60,)), ")),
        ("convolutions in a class of its own", build("Reader(layers.Conv1D(8, 5), layers.GlobalMaxPooling1D())")),
        ("flattened in a class of its own", build("Reader(layers.Flatten())")),
        ("attention in place of recurrence", network("Places()", "Attending()", "layers.GlobalAveragePooling1D()")),
        ("averaged before", network("layers.GlobalAveragePooling1D(keepdims=True)", "layers.LSTM(4)")),
        ("a cell for each word alone", network("layers.TimeDistributed(layers.Dense(4)), layers.GlobalMaxPooling1D()")),
        ("order lost", network("layers.Conv1D(8, 3), layers.GlobalMaxPooling1D(keepdims=True)", "layers.GRU(4)")),
        ("one output a word", network("layers.LSTM(4, return_sequences=True)")),
        ("two outputs", network("layers.LSTM(4)", last="layers.Dense(2, activation='softmax')")),
        ("too few words", network("layers.LSTM(4)", first="layers.Embedding(5_000, 8)")),
        ("too many numbers", network("layers.LSTM(4)", first="layers.Embedding(10_000, 256)")),
        ("a recurrent layer that does not learn", network("layers.LSTM(4, trainable=False)")),
        ("a convolution that does not learn", network("layers.Conv1D(8, 3, trainable=False)", "layers.LSTM(4)")),
        ("a last layer that does not learn", network("layers.LSTM(4)", last="layers.Dense(1, trainable=False)")),
        (
            "all frozen",
            network("layers.LSTM(4)").replace("network.compile", "network.trainable = False; network.compile"),
        ),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("build_network", network("layers.LSTM(4)", last="layers.Dense(1)"), 1),
    ("build_network", network("layers.LSTM(4)", last="layers.Dense(1, 'relu')"), 1),
    ("build_network", network("layers.LSTM(4)", last="layers.Dense(1, 'tanh')", loss=AS_LOGITS), 1),
    ("build_network", network("layers.LSTM(4)", loss=AS_LOGITS), 1),
    ("build_network", build(f"keras.Model(words, keras.ops.sigmoid({RESULT}))", AS_LOGITS), 1),
    ("build_network", network("layers.LSTM(4)", loss='"mse"'), 1),
    ("build_network", network("layers.LSTM(4)", loss='"sparse_categorical_crossentropy"'), 1),
    ("build_network", network("layers.LSTM(4)", loss=""), 1),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = (*FUNCTIONS, "training")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (network("layers.GlobalMaxPooling1D()"), "None of its 3 layers is recurrent and reads a sequence."),
        (
            network(POOLED, POOLED, "layers.MaxPooling1D(5), layers.GRU(4, name='reader')"),
            "Of a review of 240 words, the recurrent layer `reader` gets a single step.",
        ),
        (network("layers.LSTM(4)", inputs="keras.Input((10**8,)),"), "The network wants reviews of 100,000,000 words."),
    ],
)
def test_a_message_tells_what_the_network_lacks(source, message):
    [result] = find_exercise(EXERCISE).run(NamespaceAnswers(run(source, {})), ["build_network"]).questions
    assert result.points == 0
    assert result.message.startswith(message)


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


@pytest.fixture
def names(counting, request):
    """What the notebook holds, with the words' numbers that the test asks for."""
    import keras

    model, choices = counting
    one = np.ones((1, 1))
    numbers = np.concatenate([np.zeros(4), choices[request.param]])[:, None]
    model.set_weights([numbers, one, one, np.zeros(1), one, np.zeros(1)])
    return {"model": model, "history": {"val_loss": [0.3]}, "MAXLEN": MAXLEN, "keras": keras, "numbers": numbers}


LOGITS = """
linear = keras.layers.Dense(1)
model = keras.Sequential([*model.layers[:-1], linear])
model.build((None, None))
linear.set_weights([np.ones((1, 1)), np.zeros(1)])
"""
COMPILED = "model.compile('adam', lambda labels, z: keras.losses.binary_crossentropy(labels, z, from_logits=True))"
BAG = """
layers = keras.layers
class Sum(layers.Layer):
    def call(self, x):
        return keras.ops.sum(x, axis=1)
model = keras.Sequential([layers.Embedding(10_000, 1), Sum(), layers.Dense(1, "sigmoid")])
model.build((None, MAXLEN))
model.set_weights([numbers, np.ones((1, 1)), np.zeros(1)])
"""
DECORATED = """
layers = keras.layers
words = keras.Input((None,))
summed = layers.Lambda(lambda x: keras.ops.sum(x, axis=1, keepdims=True))(layers.Embedding(10_000, 1)(words))
model = keras.Model(words, layers.Dense(1, "sigmoid")(layers.SimpleRNN(1, "linear")(summed)))
model.set_weights([numbers, np.ones((1, 1)), np.ones((1, 1)), np.zeros(1), np.ones((1, 1)), np.zeros(1)])
"""


POOLED_FAR = """
words, first, *others = [keras.Input((None,)), *model.layers]
pooled = [first, keras.layers.AveragePooling1D(40), keras.layers.Rescaling(40), *others]
model = keras.Sequential([words, *pooled])
"""


@pytest.mark.parametrize(
    ("names", "source", "want"),
    [
        ("regression", "", 3),
        ("regression", POOLED_FAR, 3),
        ("regression", LOGITS, 3),
        ("regression", LOGITS + COMPILED, 3),
        ("regression", "history = {'loss': [0.1]}", 2),  # no validation data
        ("bayes", "", 2),  # between the bars
        ("untrained", "", 1),
        ("regression", BAG, 1),
        ("regression", DECORATED, 1),
        ("regression", "del MAXLEN", 1),
        ("regression", "MAXLEN = 200.5", 1),
        ("regression", "model = keras.Sequential([keras.Input((None,)), model.layers[0]])", 1),
        ("regression", "del model, history, MAXLEN", 0),
    ],
    indirect=["names"],
)
def test_training_is_judged_by_validation_data_order_and_bars(earned, names, source, want):
    assert earned(EXERCISE, "training", source, **names) == want


@pytest.mark.parametrize("names", ["regression"], indirect=True)
@pytest.mark.parametrize("source", [BAG, DECORATED])
def test_a_rival_that_counts_words_passes_the_higher_bar(names, source):
    """A sum of one number a word judges 86 % rightly as well: so the bars stand on a network that reads the order."""
    exec(source, names | {"np": np}, names)
    reviews, labels = unseen_reviews(5_000)
    right = np.mean((names["model"].predict(reviews.padded(MAXLEN), verbose=0)[:, 0] > 0.5) == labels)
    assert right > 0.86
