"""The figures of the public lecture notes, trained as the notes train and as the lessons do: seconds and accuracy.

    python benchmarks/reference_figures.py [NAME …]

The notes' way is plain Keras: dense arrays of floats, one-hot labels, ``compile`` with names, all arrays handed to
``fit``. The clock runs from the loaded bytes and word indices to the end of the last epoch, so what either way does to
its data counts, and so does tracing. The accuracies are the best of the epochs, in validation.

Where a network computes long, there is little to save: nearly all of the time that a batch takes the convolutions is
TensorFlow's own arithmetic, and a recurrent layer takes its steps one by one either way.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

EPOCHS = {"mnist_dense": 5, "imdb_dense": 5, "imdb_small": 10, "imdb_l2": 10, "imdb_dropout": 10, "cnn": 2, "rnn": 3}
"""Those of the notes, or the first of them where a training is long; for both sides alike."""

HELD_OUT = 10_000  # reviews that validate the dense networks: the first ones
READ = 20_000  # reviews that the recurrent network reads; 5,000 validate it


def compare(names: list[str]) -> dict[str, dict[str, list[float]]]:
    """Seconds and accuracy of both sides by figure, each in a process of its own."""
    return {name: {side: _in_a_process(side, name) for side in ("notes", "lesson")} for name in names}


def _in_a_process(side: str, name: str) -> list[float]:
    command = [sys.executable, __file__, "--side", side, name]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run(side: str, name: str) -> list[float]:
    """Seconds and the best validation accuracy of one training, as the notes report it."""
    import keras

    data = _images() if name in ("mnist_dense", "cnn") else _reviews()
    keras.utils.set_random_seed(1)
    train = {"notes": NOTES, "lesson": LESSONS}[side][name]
    started = time.perf_counter()
    history = train(data, EPOCHS[name]).history
    return [time.perf_counter() - started, max(history["val_accuracy"])]


def _images() -> Any:
    from coursekit.data import load_mnist

    data = load_mnist()
    data.x_train.sum(), data.x_test.sum()  # every page is read before the clock runs
    return data


def _reviews() -> Any:
    from coursekit.data import load_imdb

    return load_imdb(num_words=10_000)


def notes_mnist(data: Any, epochs: int) -> Any:
    """512 units on 784 floats, ten numbers for each label."""
    from keras import Input, Sequential, layers, utils

    x_train, x_test = (x.reshape(-1, 784).astype("float32") / 255 for x in (data.x_train, data.x_test))
    y_train, y_test = utils.to_categorical(data.y_train), utils.to_categorical(data.y_test)
    model = Sequential([Input((784,)), layers.Dense(512, "relu"), layers.Dense(10, "softmax")])
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, epochs=epochs, batch_size=128, validation_data=(x_test, y_test), verbose=0)


def lesson_mnist(data: Any, epochs: int) -> Any:
    """Lesson 1: integer labels, ``compile_classifier``."""
    from keras import Input, Sequential, layers

    from coursekit.nn import compile_classifier

    x_train, x_test = (x.reshape(-1, 784).astype("float32") / 255 for x in (data.x_train, data.x_test))
    model = Sequential([Input((784,)), layers.Dense(512, "relu"), layers.Dense(10, "softmax")])
    compile_classifier(model, "rmsprop")
    valid = x_test, data.y_test
    return model.fit(x_train, data.y_train, epochs=epochs, batch_size=128, validation_data=valid, verbose=0)


def notes_cnn(data: Any, epochs: int) -> Any:
    """The convolutions of 32, 64 and 64 filters, on floats."""
    from keras import utils

    x_train, x_test = (x[..., None].astype("float32") / 255 for x in (data.x_train, data.x_test))
    y_train, y_test = utils.to_categorical(data.y_train), utils.to_categorical(data.y_test)
    model = _convolutions()
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, epochs=epochs, batch_size=64, validation_data=(x_test, y_test), verbose=0)


def lesson_cnn(data: Any, epochs: int) -> Any:
    """Lesson 4: ``compile_classifier``."""
    from coursekit.nn import compile_classifier

    x_train, x_test = (x[..., None].astype("float32") / 255 for x in (data.x_train, data.x_test))
    model = compile_classifier(_convolutions(), "rmsprop")
    valid = x_test, data.y_test
    return model.fit(x_train, data.y_train, epochs=epochs, batch_size=64, validation_data=valid, verbose=0)


def _convolutions() -> Any:
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )


def notes_imdb(units: int, regularizer: str | None = None, dropout: float = 0.0) -> Callable[[Any, int], Any]:
    """Two hidden layers on multi-hot vectors of floats that a loop has filled."""

    def train(data: Any, epochs: int) -> Any:
        from keras import Input, Sequential, layers

        x = np.zeros((len(data.x_train), 10_000))
        for row, review in enumerate(data.x_train):
            x[row, review] = 1
        y = data.y_train.astype("float32")
        model = Sequential([Input((10_000,))])
        for _ in range(2):
            model.add(layers.Dense(units, "relu", kernel_regularizer=_penalty(regularizer)))
            if dropout:
                model.add(layers.Dropout(dropout))
        model.add(layers.Dense(1, "sigmoid"))
        model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
        valid = x[:HELD_OUT], y[:HELD_OUT]
        return model.fit(x[HELD_OUT:], y[HELD_OUT:], epochs=epochs, batch_size=512, validation_data=valid, verbose=0)

    return train


def lesson_imdb(units: int, regularizer: str | None = None, dropout: float = 0.0) -> Callable[[Any, int], Any]:
    """Lessons 2 and 3: sums of rows, ``compile_classifier``."""

    def train(data: Any, epochs: int) -> Any:
        from keras import Input, Sequential, layers

        from coursekit.nn import SumOfRows, compile_classifier, ragged_batches

        rows, y = data.x_train.once(), data.y_train.astype("float32")[:, None]
        model = Sequential([Input((None,), dtype="int32", ragged=True)])
        model.add(SumOfRows(units, 10_000, activation="relu", kernel_regularizer=_penalty(regularizer)))
        model.add(layers.Dropout(dropout))
        model.add(layers.Dense(units, "relu", kernel_regularizer=_penalty(regularizer)))
        model.add(layers.Dropout(dropout))
        model.add(layers.Dense(1, "sigmoid"))
        compile_classifier(model, "rmsprop")
        valid = ragged_batches(rows[:HELD_OUT], y[:HELD_OUT], size=2_500).cache()
        batches = ragged_batches(rows[HELD_OUT:], y[HELD_OUT:], seed=1).cache()
        return model.fit(batches.shuffle(100, seed=1), epochs=epochs, validation_data=valid, verbose=0)

    return train


def _penalty(name: str | None) -> Any:
    from keras import regularizers

    return None if name is None else regularizers.L2(0.001)


def notes_rnn(data: Any, epochs: int) -> Any:
    """Two SimpleRNN(32) on reviews that are padded to 500."""
    from keras import utils

    x, y = utils.pad_sequences(list(data.x_train), maxlen=500), data.y_train
    model = _recurrent()
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    valid = x[READ:], y[READ:]
    return model.fit(x[:READ], y[:READ], epochs=epochs, batch_size=128, validation_data=valid, verbose=0)


def lesson_rnn(data: Any, epochs: int) -> Any:
    """Lesson 5: batches of reviews of about one length, padded to the longest of theirs, ``compile_classifier``."""
    import keras

    from coursekit.nn import compile_classifier

    class Buckets(keras.utils.PyDataset):
        def __init__(self, part: slice) -> None:
            super().__init__()
            reviews = data.x_train[part]
            self.rows, self.labels = reviews.padded(500), data.y_train[part, None].astype("float32")
            self.lengths = np.minimum(reviews.lengths, 500)
            self.batches = np.array_split(np.argsort(self.lengths, kind="stable"), -(-len(reviews) // 128))

        def __len__(self) -> int:
            return len(self.batches)

        def __getitem__(self, index: int) -> Any:
            chosen = self.batches[index]
            return self.rows[chosen, -self.lengths[chosen].max() :], self.labels[chosen]

    model = compile_classifier(_recurrent(), "rmsprop")
    train, valid = Buckets(slice(READ)), Buckets(slice(READ, None))
    return model.fit(train, epochs=epochs, validation_data=valid, verbose=0)


def _recurrent() -> Any:
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((None,)),
            layers.Embedding(10_000, 32),
            layers.SimpleRNN(32, return_sequences=True),
            layers.SimpleRNN(32),
            layers.Dense(1, "sigmoid"),
        ]
    )


IMDB = {
    "imdb_dense": {"units": 16},
    "imdb_small": {"units": 4},
    "imdb_l2": {"units": 16, "regularizer": "L2"},
    "imdb_dropout": {"units": 16, "dropout": 0.5},
}
NOTES = {"mnist_dense": notes_mnist, "cnn": notes_cnn, "rnn": notes_rnn}
NOTES |= {name: notes_imdb(**settings) for name, settings in IMDB.items()}
LESSONS = {"mnist_dense": lesson_mnist, "cnn": lesson_cnn, "rnn": lesson_rnn}
LESSONS |= {name: lesson_imdb(**settings) for name, settings in IMDB.items()}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        print(json.dumps(run(*sys.argv[2:])))
    else:
        print(json.dumps(compare(sys.argv[1:] or list(EPOCHS))))
