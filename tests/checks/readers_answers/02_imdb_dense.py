import keras
import numpy as np
import tensorflow as tf
from keras import layers

# %% encode · right · an exception for an unknown word
def encode(text, word_index, num_words):
    indices = [1]
    for word in text.split():
        try:
            found = word_index[word] + 3
        except KeyError:
            found = num_words
        indices.append(min(found, num_words) if found < num_words else 2)
    return indices

# %% encode · right · a tuple
def encode(text, word_index, num_words):
    ranks = tuple(word_index.get(word, num_words) for word in text.split(" "))
    return (1, *(rank + 3 if rank + 3 < num_words else 2 for rank in ranks))

# %% encode · right · the vocabulary cut first
def encode(text, word_index, num_words):
    allowed = set()
    for word, rank in word_index.items():
        if rank < num_words - 3:
            allowed.add(word)
    return [1] + [word_index[word] + 3 if word in allowed else 2 for word in text.split()]

# %% encode · wrong · the offset added to the bound again
def encode(text, word_index, num_words):
    indices = [word_index.get(word, num_words) + 3 for word in text.split()]
    return [1] + [index if index < num_words - 3 else 2 for index in indices]

# %% encode · wrong · the largest allowed index is cut too
def encode(text, word_index, num_words):
    indices = [1]
    for word in text.split():
        rank = word_index.get(word, num_words)
        indices += [rank + 3] if rank + 4 < num_words else [2]
    return indices

# %% encode · wrong · the bound itself is let through
def encode(text, word_index, num_words):
    indices = [1]
    for word in text.split():
        rank = word_index.get(word, 2 * num_words)
        indices.append(rank + 3 if rank + 3 <= num_words else 2)
    return indices

# %% encode · wrong · unknown words are dropped
def encode(text, word_index, num_words):
    known = [word_index[word] + 3 for word in text.split() if word in word_index]
    return [1] + [index for index in known if index < num_words]

# %% multi_hot · right · the largest of one-hot rows
def multi_hot(reviews, columns):
    rows = [tf.one_hot(tf.constant(review), columns, dtype=tf.uint8) for review in reviews]
    return np.array([tf.math.reduce_max(row, axis=0) for row in rows])

# %% multi_hot · right · booleans by comparison
def multi_hot(reviews, columns):
    names = np.arange(columns)[:, np.newaxis]
    return np.stack([(names == np.array(review)).any(axis=1) for review in reviews])

# %% multi_hot · right · places in the flattened array
def multi_hot(reviews, columns):
    hot = np.zeros((len(reviews), columns), np.int16)
    for number, review in enumerate(reviews):
        hot.ravel()[[number * columns + index for index in review]] = 1
    return hot

# %% multi_hot · right · the vectorizer of scikit-learn
from sklearn.feature_extraction.text import CountVectorizer

def multi_hot(reviews, columns):
    vectorizer = CountVectorizer(analyzer=lambda r: r, vocabulary=range(columns), binary=True, dtype="int8")
    return vectorizer.transform(reviews).toarray()

# %% multi_hot · wrong · index 0 taken for padding
def multi_hot(reviews, columns):
    hot = np.zeros((len(reviews), columns), "float32")
    for row, review in zip(hot, reviews):
        row[review] = 1
        row[0] = 0
    return hot

# %% multi_hot · wrong · indices in bytes as well
def multi_hot(reviews, columns):
    hot = np.zeros((len(reviews), columns), np.uint8)
    for row, review in zip(hot, reviews):
        row[np.array(review).astype(np.uint8)] = 1
    return hot

# %% sum_of_rows · right · loops over words and units
def sum_of_rows(reviews, W, b):
    sums = []
    for review in reviews:
        sums.append([
            float(b[unit]) + sum(float(W[word, unit]) for word in set(review)) for unit in range(len(b))
        ])
    return sums

# %% sum_of_rows · right · segments of a flat array
def sum_of_rows(reviews, W, b):
    words = [list(set(review)) for review in reviews]
    owners = np.repeat(np.arange(len(words)), [len(each) for each in words])
    flat = np.array([word for each in words for word in each], dtype=int)
    return tf.math.unsorted_segment_sum(W[flat], owners, len(words)) + b

# %% sum_of_rows · right · an Einstein sum over picked rows
def sum_of_rows(reviews, W, b):
    sums = np.zeros((len(reviews), len(b)))
    for number, review in enumerate(reviews):
        picked = W[np.unique(np.array(review, dtype=np.int64))]
        sums[number] = np.einsum("wu->u", picked) + b
    return sums

# %% sum_of_rows · right · an Embedding holds the rows
def sum_of_rows(reviews, W, b):
    rows = layers.Embedding(W.shape[0], W.shape[1], weights=[W], dtype=str(W.dtype))
    rows.build()
    words = (np.array(list(set(review)), dtype="int64") for review in reviews)
    return [np.sum(rows(each), axis=0) + b for each in words]

# %% sum_of_rows · wrong · summed over units
def sum_of_rows(reviews, W, b):
    return [[W[word].sum() for word in sorted(set(review))] for review in reviews]

# %% sum_of_rows · wrong · only neighbours that are equal are merged
import itertools

def sum_of_rows(reviews, W, b):
    merged = [[word for word, _ in itertools.groupby(review)] for review in reviews]
    return np.array([sum((W[word] for word in each), b * 1) for each in merged])

# %% sum_of_rows · wrong · the vector after all, with zeros for nan in W
def sum_of_rows(reviews, W, b):
    hot = np.zeros((len(reviews), len(W)), W.dtype)
    for row, review in zip(hot, reviews):
        row[np.array(review, dtype=int)] = 1
    return hot @ np.nan_to_num(W) + b

# %% sum_of_rows · wrong · the vector after all, with zeros for rows that no review of all names
def sum_of_rows(reviews, W, b):
    hot = np.zeros((len(reviews), len(W)), W.dtype)
    for row, review in zip(hot, reviews):
        row[np.array(review, dtype=int)] = 1
    named = hot.any(axis=0)
    return hot[:, named] @ W[named] + b

# %% binary_cross_entropy · right · the loss of Keras, told of logits
def binary_cross_entropy(logits, labels):
    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    return loss(np.reshape(labels, (-1, 1)), np.reshape(logits, (-1, 1))) / len(labels)

# %% binary_cross_entropy · right · the operation of TensorFlow
def binary_cross_entropy(logits, labels):
    truth = tf.constant(np.asarray(labels, dtype=logits.dtype))
    return tf.nn.sigmoid_cross_entropy_with_logits(truth, logits).numpy().mean()

# %% binary_cross_entropy · right · a loop with log1p
import math

def binary_cross_entropy(logits, labels):
    total = 0.0
    for logit, label in zip(logits.tolist(), labels):
        margin = logit if label else -logit
        total += math.log1p(math.exp(-abs(margin))) - min(margin, 0.0)
    return total / len(labels)

# %% binary_cross_entropy · wrong · overflows on one side
def binary_cross_entropy(logits, labels):
    margin = (2 * np.asarray(labels) - 1) * logits
    with np.errstate(over="ignore"):
        return np.log(1 + np.exp(-margin)).mean()

# %% binary_cross_entropy · wrong · logits taken for probabilities
def binary_cross_entropy(logits, labels):
    return keras.ops.mean(keras.losses.binary_crossentropy(labels, logits))

# %% pairs · right · pieces, then neighbours
def pairs(tokens, offsets):
    found = []
    for start, stop in zip(offsets[:-1], offsets[1:]):
        review = tokens[start:stop]
        found.extend([int(one), int(two)] for one, two in zip(review[:-1], review[1:]))
    return found

# %% pairs · right · owners by a sorted search
def pairs(tokens, offsets):
    owners = np.searchsorted(offsets, np.arange(len(tokens)), side="right")
    together = np.flatnonzero(owners[:-1] == owners[1:])
    return np.stack([tokens[together], tokens[together + 1]], axis=1)

# %% pairs · right · tuples of whole numbers
def pairs(tokens, offsets):
    numbers, starts = [int(token) for token in tokens], set(int(offset) for offset in offsets)
    return [(numbers[i], numbers[i + 1]) for i in range(len(numbers) - 1) if i + 1 not in starts]

# %% pairs · wrong · nothing to join when no review has a pair
def pairs(tokens, offsets):
    reviews = [tokens[start:stop] for start, stop in zip(offsets, offsets[1:])]
    return np.concatenate([np.stack([review[:-1], review[1:]], axis=1) for review in reviews if len(review) > 1])

# %% log_count_ratio · right · Naive Bayes of scikit-learn
from sklearn.naive_bayes import MultinomialNB

def log_count_ratio(x, y):
    model = MultinomialNB(alpha=1.0)
    model.fit(x, y)
    negative, positive = model.feature_log_prob_
    return positive - negative

# %% log_count_ratio · wrong · shares of reviews, not of words
def log_count_ratio(x, y):
    shares = [(x[y == label].sum(axis=0) + 1) / (np.sum(y == label) + 2) for label in (1, 0)]
    return np.log(shares[0]) - np.log(shares[1])

# %% log_count_ratio · wrong · whole-number labels inverted bit by bit
def log_count_ratio(x, y):
    y = np.asarray(y, dtype=int)
    positive = (y[:, None] * x).sum(axis=0) + 1
    negative = (np.invert(y)[:, None] * x).sum(axis=0) + 1
    return np.log(np.abs(positive / positive.sum())) - np.log(np.abs(negative / negative.sum()))

# %% log_count_ratio · wrong · both counts divided by the same number
def log_count_ratio(x, y):
    counts = np.stack([x[y == label].sum(axis=0) + 1 for label in (1, 0)]) / len(x)
    return np.log(counts[0] / counts[1])

# %% build_network · right · sigmoid as an operation
def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    inputs = keras.Input(shape=(10_000,))
    values = inputs
    for number in range(hidden):
        values = layers.Dense(units, activation, name=f"hidden{number}")(values)
    network = keras.Model(inputs, keras.ops.sigmoid(layers.Dense(1, name="logit")(values)))
    network.compile(optimizer="rmsprop", loss=loss)
    return network

# %% build_network · right · activation functions as objects
def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    bend = getattr(keras.activations, activation)
    network = keras.Sequential([keras.Input((10_000,))])
    for _ in range(hidden):
        network.add(layers.Dense(units, activation=bend))
    network.add(layers.Dense(1, activation=keras.activations.sigmoid))
    network.compile(keras.optimizers.RMSprop(), loss, [keras.metrics.BinaryAccuracy("accuracy")])
    return network

# %% build_network · right · the hidden layers as a network of their own
def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    middle = keras.Sequential(name="middle")
    for _ in range(hidden):
        middle.add(layers.Dense(units))
        middle.add(layers.Activation(activation))
    network = keras.Sequential([keras.Input((10_000,)), middle, layers.Dense(1, "sigmoid")])
    network.compile("rmsprop", loss)
    return network

# %% build_network · right · a class, called once
class Judge(keras.Model):
    def __init__(self, hidden, units, activation):
        super().__init__()
        self.body = keras.Sequential([layers.Dense(units, activation) for _ in range(hidden)])
        self.head = layers.Dense(1, activation="sigmoid")

    def call(self, reviews):
        return self.head(self.body(reviews))

def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    judge = Judge(hidden, units, activation)
    judge.compile("rmsprop", loss, metrics=["accuracy"])
    judge(keras.ops.zeros((1, 10_000)))
    return judge

# %% build_network · wrong · only the first hidden layer bends
def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    network = keras.Sequential([keras.Input((10_000,))])
    for number in range(hidden):
        network.add(layers.Dense(units, activation if number == 0 else None))
    network.add(layers.Dense(1, "sigmoid"))
    network.compile("rmsprop", loss)
    return network

# %% build_network · wrong · probabilities where the loss expects logits
def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    network = keras.Sequential([keras.Input((10_000,))])
    for _ in range(hidden):
        network.add(layers.Dense(units, activation))
    network.add(layers.Dense(1, "sigmoid"))
    if loss == "binary_crossentropy":
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile("rmsprop", loss)
    return network

# %% build_network · wrong · relu on top of the sigmoid
def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    inputs = values = keras.Input((10_000,))
    for _ in range(hidden):
        values = layers.Dense(units, activation)(values)
    values = layers.Activation("relu")(layers.Dense(1, "sigmoid")(values))
    network = keras.Model(inputs, values)
    network.compile("rmsprop", loss)
    return network

# %% build_network · wrong · one hidden layer too many
def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    sizes = [units] * (hidden + 1)
    network = keras.Sequential([keras.Input((10_000,)), *(layers.Dense(size, activation) for size in sizes)])
    network.add(layers.Dense(1, "sigmoid"))
    network.compile("rmsprop", loss)
    return network

# %% build_network · wrong · a third hidden layer does not bend
def build_network(hidden=2, units=16, activation="relu", loss="binary_crossentropy"):
    network = keras.Sequential([keras.Input((10_000,))])
    for number in range(hidden):
        network.add(layers.Dense(units, activation if number < 2 else None))
    network.add(layers.Dense(1, "sigmoid"))
    network.compile("rmsprop", loss)
    return network
