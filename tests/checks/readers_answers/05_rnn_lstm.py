import keras
import numpy as np
import tensorflow as tf
from keras import layers

# %% padded · right · zeros put in front by NumPy
def padded(reviews, maxlen):
    rows = []
    for review in reviews:
        tail = np.array(review, dtype=np.int64)[-maxlen:]
        rows.append(np.pad(tail, (maxlen - tail.size, 0)))
    return np.vstack(rows)

# %% padded · right · zeros inserted one by one
def padded(reviews, maxlen):
    table = []
    for review in reviews:
        row = list(review)
        while len(row) > maxlen:
            row.pop(0)
        while len(row) < maxlen:
            row.insert(0, 0)
        table.append(row)
    return table

# %% padded · wrong · only as wide as the longest review
def padded(reviews, maxlen):
    width = min(maxlen, max(map(len, reviews)))
    return keras.utils.pad_sequences(reviews, maxlen=width)

# %% padded · wrong · bytes, which large indices do not fit
def padded(reviews, maxlen):
    return keras.utils.pad_sequences([np.array(review) % 256 for review in reviews], maxlen, dtype="uint8")

# %% padded · wrong · a slice that turns negative
def padded(reviews, maxlen):
    rows = []
    for review in reviews:
        cut = len(review) - maxlen
        rows.append([0] * max(0, -cut) + list(review[cut:]))
    return rows

# %% count_parameters · right · the weights of a layer that was called
def count_parameters(kind, inputs, units):
    layer = getattr(layers, kind)(units)
    layer(keras.ops.zeros((1, 2, inputs)))
    return int(sum(np.prod(weight.shape) for weight in layer.trainable_weights))

# %% count_parameters · wrong · the state has as many numbers as the input
def count_parameters(kind, inputs, units):
    blocks = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}[kind]
    return blocks * units * (inputs + inputs + 1)

# %% count_parameters · wrong · one more bias in all for a GRU
def count_parameters(kind, inputs, units):
    blocks = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}[kind]
    total = blocks * units * (inputs + units + 1)
    return total + units if kind == "GRU" else total

# %% count_parameters · wrong · an LSTM with two biases as well
def count_parameters(kind, inputs, units):
    blocks, biases = {"SimpleRNN": (1, 1), "GRU": (3, 2), "LSTM": (4, 2)}[kind]
    return blocks * units * (inputs + units + biases)

# %% simple_rnn · right · the layer of Keras
def simple_rnn(x, W, U, b):
    cell = layers.SimpleRNN(W.shape[1], return_sequences=True)
    cell.build((1, *x.shape))
    cell.set_weights([W, U, b])
    return np.asarray(cell(np.float32(x)[np.newaxis]))[0]

# %% simple_rnn · right · sums written out
import math

def simple_rnn(x, W, U, b):
    state, states = [0.0 for _ in b], []
    for step in x:
        raw = list(b)
        for unit in range(len(b)):
            raw[unit] += sum(number * W[place][unit] for place, number in enumerate(step))
            raw[unit] += sum(number * U[place][unit] for place, number in enumerate(state))
        state = [math.tanh(number) for number in raw]
        states.append(state)
    return states

# %% simple_rnn · right · a scan of TensorFlow
def simple_rnn(x, W, U, b):
    driven = tf.constant(x @ W + b)

    def step(state, drive):
        return tf.tanh(drive + tf.linalg.matvec(U, state, transpose_a=True))

    return tf.scan(step, driven, initializer=tf.zeros_like(driven[0]))

# %% simple_rnn · wrong · the state before the first step is returned too
def simple_rnn(x, W, U, b):
    states = np.zeros((len(x) + 1, len(b)))
    for time, step in enumerate(x):
        states[time + 1] = np.tanh(step @ W + states[time] @ U + b)
    return states

# %% simple_rnn · wrong · without the bias
def simple_rnn(x, W, U, b):
    states = np.zeros((len(x), len(b)))
    state = states[0]
    for time, drive in enumerate(x @ W):
        states[time] = state = np.tanh(drive + state @ U)
    return states

# %% lstm_step · right · operations of TensorFlow
def lstm_step(x, h, c, W, U, b):
    raw = tf.tensordot(x, W, 1) + tf.tensordot(h, U, 1) + b
    write, keep, candidate, show = tf.unstack(tf.reshape(raw, (4, -1)))
    cell = tf.nn.sigmoid(keep) * c + tf.nn.sigmoid(write) * tf.nn.tanh(candidate)
    return tf.nn.sigmoid(show) * tf.nn.tanh(cell), cell

# %% lstm_step · right · a tuple with names
from typing import NamedTuple

class Memory(NamedTuple):
    state: np.ndarray
    cell: np.ndarray

def lstm_step(x, h, c, W, U, b):
    raw = (x @ W + h @ U + b).reshape(4, len(h))
    write, keep, show = 1 / (1 + np.exp(-raw[[0, 1, 3]]))
    cell = keep * c + write * np.tanh(raw[2])
    return Memory(state=show * np.tanh(cell), cell=cell)

# %% lstm_step · wrong · the old cell is shown
def lstm_step(x, h, c, W, U, b):
    raw = (x @ W + h @ U + b).reshape(4, len(h))
    write, keep, show = 1 / (1 + np.exp(-raw[[0, 1, 3]]))
    return show * np.tanh(c), keep * c + write * np.tanh(raw[2])

# %% lstm_step · wrong · the forget gate taken by its name
def lstm_step(x, h, c, W, U, b):
    raw = (x @ W + h @ U + b).reshape(4, len(h))
    write, forget, show = 1 / (1 + np.exp(-raw[[0, 1, 3]]))
    cell = (1 - forget) * c + write * np.tanh(raw[2])
    return show * np.tanh(cell), cell

# %% gradients · right · all blame first, then three products
def gradients(x, W, U, b, blame):
    states = [np.zeros_like(b)]
    for step in x:
        states.append(np.tanh(step @ W + states[-1] @ U + b))
    states, back = np.array(states), np.empty((len(x), len(b)))
    for time in reversed(range(len(x))):
        back[time] = blame * (1 - states[time + 1] ** 2)
        blame = U @ back[time]
    return np.einsum("ti,tu->iu", x, back), np.einsum("th,tu->hu", states[:-1], back), back.sum(axis=0)

# %% gradients · wrong · averaged over time
def gradients(x, W, U, b, blame):
    states = [np.zeros_like(b)]
    for step in x:
        states.append(np.tanh(step @ W + states[-1] @ U + b))
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for time in reversed(range(len(x))):
        here = blame * (1 - states[time + 1] ** 2)
        dW, dU, db = dW + np.outer(x[time], here), dU + np.outer(states[time], here), db + here
        blame = U @ here
    return dW / len(x), dU / len(x), db / len(x)

# %% gradients · wrong · the slope at the state before
def gradients(x, W, U, b, blame):
    states = [np.zeros_like(b)]
    for step in x:
        states.append(np.tanh(step @ W + states[-1] @ U + b))
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for time in reversed(range(len(x))):
        here = blame * (1 - states[time] ** 2)
        dW, dU, db = dW + np.outer(x[time], here), dU + np.outer(states[time], here), db + here
        blame = U @ here
    return dW, dU, db

# %% last_states · right · gathered by TensorFlow
def last_states(states, lengths):
    places = np.stack([np.arange(len(lengths)), np.asarray(lengths) - 1], axis=1)
    return tf.gather_nd(states, places)

# %% last_states · right · a product with one-hot times
def last_states(states, lengths):
    last = np.arange(1, states.shape[1] + 1) == np.reshape(lengths, (-1, 1))
    return np.matmul(last[:, np.newaxis].astype(states.dtype), states)[:, 0]

# %% last_states · right · chosen by a mask of booleans
def last_states(states, lengths):
    mask = np.zeros(states.shape[:2], dtype=bool)
    mask[range(len(lengths)), lengths - 1] = True
    return states[mask]

# %% last_states · right · operations of Keras in single precision
def last_states(states, lengths):
    places = keras.ops.reshape(lengths - 1, (-1, 1, 1))
    return keras.ops.take_along_axis(np.float32(states), places, axis=1)[:, 0]

# %% last_states · wrong · the mean over the words
def last_states(states, lengths):
    sums = np.cumsum(states, axis=1)[np.arange(len(lengths)), lengths - 1]
    return sums / np.reshape(lengths, (-1, 1))

# %% last_states · wrong · counted from the end
def last_states(states, lengths):
    return np.array([review[len(review) - length] for review, length in zip(states, lengths)])

# %% last_states · wrong · the times of all reviews for each review
def last_states(states, lengths):
    return np.take(states, np.asarray(lengths) - 1, axis=1)

# %% build_network · right · a class, called once
class Follower(keras.Model):
    def __init__(self):
        super().__init__()
        self.parts = [layers.Embedding(10_000, 12), layers.GRU(10), layers.Dense(1, "sigmoid")]

    def call(self, words):
        for part in self.parts:
            words = part(words)
        return words

def build_network():
    follower = Follower()
    follower.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    follower(keras.ops.ones((2, 7), dtype="int32"))
    return follower

# %% build_network · right · the head as a network of its own
def build_network():
    inputs = keras.Input((None,))
    head = keras.Sequential([layers.Dense(6, "tanh"), layers.Dense(1, "sigmoid")], name="head")
    network = keras.Model(inputs, head(layers.LSTM(10)(layers.Embedding(10_000, 12)(inputs))))
    network.compile("rmsprop", "binary_crossentropy")
    return network

# %% build_network · right · a nested encoder, the activation as a layer
def build_network():
    encoder = keras.Sequential([layers.Embedding(10_000, 12)], name="encoder")
    encoder.add(layers.Bidirectional(layers.GRU(6)))
    network = keras.Sequential([keras.Input((None,), dtype="int32"), encoder, layers.Dense(1)])
    network.add(layers.Activation("sigmoid"))
    network.compile("rmsprop", "binary_crossentropy")
    return network

# %% build_network · right · the sigmoid of TensorFlow
def build_network():
    inputs = keras.Input((None,))
    last = layers.LSTM(10)(layers.Embedding(10_000, 12)(inputs))
    network = keras.Model(inputs, layers.Dense(1, activation=tf.nn.sigmoid)(last))
    network.compile("rmsprop", keras.losses.BinaryCrossentropy())
    return network

# %% build_network · right · sigmoid as an operation
def build_network():
    words = keras.Input((None,), name="words")
    logits = layers.Dense(1, name="logit")(layers.LSTM(6)(layers.Embedding(10_000, 6)(words)))
    network = keras.Model(words, keras.ops.sigmoid(logits))
    network.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return network

# %% build_network · right · two readers, whose answers are averaged
def build_network():
    words = keras.Input((None,))
    vectors = layers.Embedding(10_000, 6)(words)
    readers = [layers.LSTM(6), layers.LSTM(6, go_backwards=True)]
    answers = [layers.Dense(1, "sigmoid")(reader(vectors)) for reader in readers]
    network = keras.Model(words, (answers[0] + answers[1]) / 2)
    network.compile("adam", "binary_crossentropy")
    return network

# %% build_network · right · two cells in one recurrence
def build_network():
    cells = [layers.GRUCell(8), layers.SimpleRNNCell(8)]
    network = keras.Sequential([keras.Input((None,)), layers.Embedding(10_000, 12, mask_zero=True)])
    for layer in (layers.RNN(cells), layers.Dropout(0.1), layers.Dense(1, "sigmoid")):
        network.add(layer)
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return network

# %% build_network · right · an LSTM under a name of its own
class Rememberer(layers.LSTM):
    """A cell with a friendlier name."""

def build_network():
    words = keras.Input((None,))
    vectors = layers.Embedding(10_000, 6)(words)
    network = keras.Model(words, layers.Dense(1, "sigmoid")(Rememberer(6)(vectors)))
    network.compile("adam", "binary_crossentropy")
    return network

# %% build_network · right · built by its method
def build_network():
    network = keras.Sequential()
    network.add(layers.Embedding(10_000, 6))
    network.add(layers.LSTM(6))
    network.add(layers.Dense(1, activation="sigmoid"))
    network.compile("adam", "binary_crossentropy")
    network.build((None, None))
    return network

# %% build_network · wrong · relu at the end
def build_network():
    words = keras.Input((None,))
    last = layers.GRU(10)(layers.Embedding(10_000, 12)(words))
    network = keras.Model(words, layers.ReLU()(layers.Dense(1)(last)))
    network.compile("adam", "binary_crossentropy")
    return network

# %% build_network · wrong · probabilities where logits are expected
def build_network():
    words = keras.Input((None,))
    last = layers.GRU(10)(layers.Embedding(10_000, 12)(words))
    network = keras.Model(words, layers.Dense(1, "sigmoid")(last))
    network.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    return network

# %% build_network · wrong · sigmoid as an operation, logits expected
def build_network():
    words = keras.Input((None,))
    logits = layers.Dense(1)(layers.LSTM(6)(layers.Embedding(10_000, 6)(words)))
    network = keras.Model(words, keras.ops.sigmoid(logits))
    network.compile("adam", loss=[keras.losses.BinaryCrossentropy(from_logits=True)])
    return network

# %% padded · wrong · rows of floats
def padded(reviews, maxlen):
    rows = np.zeros((len(reviews), maxlen))
    for row, review in zip(rows, reviews):
        if kept := review[-maxlen:]:
            row[-len(kept):] = kept
    return rows
