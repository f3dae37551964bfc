"""The two sides of each comparison of ``bench.py``; each runs alone in a process and prints one line of JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path


def main(side: str, folder: Path) -> None:
    """Run the named side and print its seconds and its peak memory in bytes."""
    work = SIDES[side](folder)
    before, start = peak_memory(), time.perf_counter()
    kept = work()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "memory": peak_memory() - before}))
    del kept


def peak_memory() -> int:
    """The most memory that this process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def prepare(folder: Path) -> Callable:
    """Write the files that ``keras.datasets`` reads, from the embedded data."""

    def work() -> None:
        import numpy as np

        from coursekit.data import load_imdb, load_mnist

        mnist, imdb = load_mnist(), load_imdb(num_words=None)
        parts = ("x_train", "y_train", "x_test", "y_test")
        np.savez_compressed(folder / "mnist.npz", **{part: getattr(mnist, part) for part in parts})
        random = np.random.RandomState(113)
        arrays = {}
        for half in ("train", "test"):
            reviews, order = getattr(imdb, f"x_{half}"), np.arange(25_000)
            random.shuffle(order)
            texts = np.empty(25_000, object)
            for place, review in zip(order, reviews):
                texts[place] = (review[1:] - 3).tolist()
            arrays |= {f"x_{half}": texts, f"y_{half}": getattr(imdb, f"y_{half}")[np.argsort(order)]}
        np.savez(folder / "imdb.npz", **arrays)

    return work


def import_coursekit(folder: Path) -> Callable:
    """``import coursekit``, and proof that it brings no TensorFlow."""

    def work() -> None:
        import coursekit  # noqa: F401

        assert not {"tensorflow", "keras"} & set(sys.modules)

    return work


def import_numpy(folder: Path) -> Callable:
    """``import numpy``."""

    def work() -> None:
        import numpy  # noqa: F401

    return work


def mnist_second(folder: Path) -> Callable:
    """The second ``load_mnist()`` of a process. The images are mapped; pages are read when they are used."""
    from coursekit.data import load_mnist

    load_mnist()
    return lambda: load_mnist().x_train.sum()  # reads every page, so that being lazy does not count


def imdb(folder: Path) -> Callable:
    """The first ``load_imdb()`` of a process."""
    from coursekit.data import load_imdb

    return load_imdb


def keras_mnist(folder: Path) -> Callable:
    """``keras.datasets.mnist.load_data()``."""
    data_set = _keras("mnist", folder)
    return lambda: data_set.load_data()[0][0].sum()


def keras_imdb(folder: Path) -> Callable:
    """``keras.datasets.imdb.load_data(num_words=10_000)``."""
    data_set = _keras("imdb", folder)
    return lambda: data_set.load_data(num_words=10_000)


def _keras(name: str, folder: Path):
    import keras

    data_set = getattr(keras.datasets, name)
    # The file has the published content in a zip of another day, so its hash is another one: it is handed over as is.
    sys.modules[data_set.load_data.__module__].get_file = lambda *_, **__: str(folder / f"{name}.npz")
    return data_set


def multi_hot(folder: Path) -> Callable:
    """From nothing to the multi-hot vectors of both splits, here."""

    def work() -> object:
        import numpy as np

        from coursekit.data import load_imdb

        data = load_imdb(num_words=10_000)
        return data.x_train.multi_hot(np.uint8), data.x_test.multi_hot(np.uint8)

    return work


def float64_loop(folder: Path) -> Callable:
    """The same in the way of many notes: Keras' lists, a loop, and float64."""
    data_set = _keras("imdb", folder)
    return lambda: _float64(data_set)


def _float64(data_set) -> tuple:
    import numpy as np

    def vectorize(sequences, dimension=10_000):
        results = np.zeros((len(sequences), dimension))
        for i, sequence in enumerate(sequences):
            results[i, sequence] = 1.0
        return results

    (x_train, y_train), (x_test, y_test) = data_set.load_data(num_words=10_000)
    return vectorize(x_train), y_train, vectorize(x_test), y_test


def script_in_batches(folder: Path) -> Callable:
    """Load, train for one epoch and evaluate, with the multi-hot vectors of one batch at a time."""
    model, keras = _model()

    class Batches(keras.utils.PyDataset):
        def __init__(self, reviews, labels):
            super().__init__()
            self.reviews, self.labels = reviews, labels

        def __len__(self):
            return -(-len(self.reviews) // 512)

        def __getitem__(self, batch):
            rows = slice(512 * batch, 512 * (batch + 1))
            return self.reviews[rows].multi_hot(), self.labels[rows]

    def work() -> None:
        from coursekit.data import load_imdb

        data = load_imdb(num_words=10_000)
        x, y = data.x_train, data.y_train
        valid = Batches(x[:10_000], y[:10_000])
        model.fit(Batches(x[10_000:], y[10_000:]), epochs=1, validation_data=valid, verbose=0)
        model.evaluate(Batches(data.x_test, data.y_test), verbose=0)

    return work


def script_in_float64(folder: Path) -> Callable:
    """The same in the way of many notes."""
    data_set = _keras("imdb", folder)
    model, _ = _model()

    def work() -> None:
        x, y, x_test, y_test = _float64(data_set)
        valid = (x[:10_000], y[:10_000])
        model.fit(x[10_000:], y[10_000:], batch_size=512, epochs=1, validation_data=valid, verbose=0)
        model.evaluate(x_test, y_test, batch_size=512, verbose=0)

    return work


def _model():
    import keras

    layers = [keras.layers.Dense(16, "relu"), keras.layers.Dense(16, "relu"), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential(layers)
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return model, keras


SIDES = {
    function.__name__: function
    for function in (
        prepare,
        import_coursekit,
        import_numpy,
        mnist_second,
        imdb,
        keras_mnist,
        keras_imdb,
        multi_hot,
        float64_loop,
        script_in_batches,
        script_in_float64,
    )
}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
