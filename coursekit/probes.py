"""Probes put an answer to work that a check cannot ask for itself, since it takes or gives more than plain data.

A notebook binds a probe to the learner's work, ``followed = partial(follow, Batches)``. Probes know nothing that is
expected.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from coursekit.data import load_mnist

DIGITS, UNSEEN = 20_000, 2_000  # that files are made from, and that a network is tried on
BATCH, RATE = 32, 0.5


def pack(
    index_members: Callable[[Path], Iterable[Any]], contents: list[tuple[str, np.ndarray | None]]
) -> tuple[list[Any], np.ndarray]:
    """What ``index_members`` says of a tar with these members, which is gone afterwards.

    Args:
        index_members: takes the path of a tar.
        contents: for each member its name and its bytes, an array of ``uint8``; ``None`` for a folder.

    Returns:
        The answer as a list, and all bytes of the tar, an array of ``uint8``.

    >>> def names(path):
    ...     with tarfile.open(path) as tar:
    ...         return tar.getnames()
    >>> index, tar = pack(names, [("7", None), ("7/000001.png", np.arange(3, dtype=np.uint8))])
    >>> index, len(tar) % 512
    (['7', '7/000001.png'], 0)
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "members.tar"
        with tarfile.open(path, "w") as tar:
            for name, content in contents:
                member = tarfile.TarInfo(name)
                if content is None:
                    member.type = tarfile.DIRTYPE
                    tar.addfile(member)
                else:
                    member.size = content.size
                    tar.addfile(member, io.BytesIO(content.tobytes()))
        return list(_given(index_members(path))), np.frombuffer(path.read_bytes(), np.uint8)


def unroll(as_dataset: Callable[..., Any], pictures: np.ndarray, labels: np.ndarray) -> tuple[list[str], list[Any]]:
    """The signature of a data set that ``as_dataset`` makes from a generator, and two epochs of it.

    Args:
        as_dataset: takes a generator function, a height and a width.
        pictures: ``(n, height, width, 1)``, which the generator yields in each epoch.
        labels: ``(calls, n)``; those of the first row when the generator is called first, and so on.

    Returns:
        For each part of an element its dtype and shape as text, and two lists of elements.

    >>> import tensorflow as tf
    >>> def as_dataset(generator, height, width):
    ...     pictures, labels = zip(*generator())
    ...     return tf.data.Dataset.from_tensor_slices((np.array(pictures), list(labels)))
    >>> signature, epochs = unroll(as_dataset, np.zeros((2, 3, 4, 1)), np.arange(6).reshape(3, 2))
    >>> signature
    ['float64 (3, 4, 1)', 'int32 ()']
    >>> [[int(label) for _, label in epoch] for epoch in epochs]
    [[0, 1], [0, 1]]
    """
    import tensorflow as tf

    calls = iter(labels.tolist())

    def generator() -> Iterator[tuple[np.ndarray, int]]:
        yield from zip(pictures, next(calls, labels[-1].tolist()))

    data = as_dataset(generator, *pictures.shape[1:3])
    signature = [f"{each.dtype.name} {each.shape}" for each in tf.nest.flatten(data.element_spec)]
    return signature, [[tuple(element) for element in data.as_numpy_iterator()] for _ in range(2)]


def watch(
    buffered: Callable[..., Iterable[Any]], count: int, size: int, seed: int, most: int
) -> tuple[list[Any], list[int]]:
    """What comes of a shuffle buffer, and how much it had read when it came.

    Args:
        buffered: takes an iterator, a size and a generator of random numbers.
        count: it shuffles the whole numbers below.
        size: of the buffer.
        seed: of the random numbers.
        most: so many are asked for.

    Returns:
        The numbers in their order, and for each how many had been read.

    Raises:
        ValueError: a number came that had not been read.

    >>> watch(lambda items, size, rng: items, count=5, size=2, seed=0, most=3)
    ([0, 1, 2], [1, 2, 3])
    """
    read = set[int]()

    def items() -> Iterator[int]:
        for item in range(count):
            read.add(item)
            yield item

    mixed = islice(_given(buffered(items(), size, np.random.default_rng(seed))), most)
    came = [(_taken(item, read), len(read)) for item in mixed]
    return [item for item, _ in came], [so_far for _, so_far in came]


def follow(
    Batches: Callable[..., Any], count: int, batch: int, seed: int, steps: int, state: str | None = None
) -> tuple[list[Any], list[str]]:
    """The next batches of an iterator that can be resumed, and its states.

    Args:
        Batches: the class, which takes ``count``, ``batch`` and ``seed``.
        count: how many places there are.
        batch: how many are in a batch.
        seed: of their order.
        steps: so many batches are asked for.
        state: one that was returned earlier, which is restored before; ``None`` to begin.

    Returns:
        The batches, and the states before the first, the second, … and behind the last, each as JSON that was written
        only in the end.

    >>> class Counting:
    ...     def __init__(self, count, batch, seed):
    ...         self.place = 0
    ...     def __next__(self):
    ...         self.place += 1
    ...         return [self.place - 1]
    ...     def state(self):
    ...         return {"place": self.place}
    ...     def restore(self, state):
    ...         self.place = state["place"]
    >>> follow(Counting, 9, 1, 0, steps=2)
    ([[0], [1]], ['{"place": 0}', '{"place": 1}', '{"place": 2}'])
    >>> follow(Counting, 9, 1, 0, steps=1, state='{"place": 7}')[0]
    [[7]]
    """
    batches = Batches(count, batch, seed)
    if state is not None:
        batches.restore(json.loads(state))
    found, states = [], [batches.state()]
    for _ in range(steps):
        found.append(np.array(next(batches)).tolist())
        states.append(batches.state())
    try:
        return found, [json.dumps(each) for each in states]
    except TypeError as error:
        raise ValueError(f"json cannot write the state: {error}") from error


def accumulate(
    accumulated: Callable[..., Iterable[Any]], weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, parts: int
) -> tuple[list[Any], int]:
    """The gradients of a small network's binary cross-entropy, and how many rows the network saw at a time.

    Args:
        accumulated: takes a model, a loss, inputs, targets and a number of parts.
        weights: of a dense layer with tanh and of one without, ``W, b, W, b``.
        x: inputs ``(n, inputs)``.
        y: targets from 0 to 1 ``(n, outputs)``, for logits.
        parts: into how many the batch is cut.

    Returns:
        A gradient for each of ``weights``, and the most rows in one call of the network; 0 if it saw fewer in all than
        there are.

    >>> weights = [np.zeros((3, 2)), np.zeros(2), np.zeros((2, 1)), np.zeros(1)]
    >>> def of_all(model, loss, x, y, parts):
    ...     return [np.exp(loss(y, model(x)))]
    >>> accumulate(of_all, weights, np.ones((4, 3)), np.ones((4, 1)), parts=2)
    ([array(2., dtype=float32)], 4)
    """
    import keras
    import tensorflow as tf

    largest, seen = tf.Variable(0), tf.Variable(0)  # so that they count when a graph runs, not when it is made

    class Seen(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            rows = tf.shape(x)[0]
            largest.assign(tf.maximum(largest, rows))
            seen.assign_add(rows)
            return x

    W, _, last_W, _ = weights
    hidden = keras.layers.Dense(W.shape[1], activation="tanh")
    model = keras.Sequential([keras.Input(W.shape[:1]), Seen(), hidden, keras.layers.Dense(last_W.shape[1])])
    model.set_weights(weights)
    gradients = accumulated(model, keras.losses.BinaryCrossentropy(from_logits=True), x, y, parts)
    made = [None if each is None else np.array(each) for each in _given(gradients)]
    return made, int(largest) if int(seen) >= len(x) else 0


def train(
    ByHand: Callable[..., Any],
    weights: list[np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    batch: int,
    settings: dict[str, Any],
) -> tuple[list[np.ndarray], list[Any]]:
    """The weights of a small network after two epochs of ``fit``, and the losses that it told.

    What its hidden layer gives is doubled in training. The hidden weights have an L2 penalty.

    Args:
        ByHand: a class of models, which is called with inputs and outputs.
        weights: of a dense layer with tanh and of one without, ``W, b, W, b``.
        x: inputs ``(n, inputs)``.
        y: targets from 0 to 1 ``(n, outputs)``, for logits.
        batch: how many rows a step has, in their order.
        settings: ``rate`` and ``momentum`` of the descent, ``penalty``, and ``most``, which the model gets as
            attribute; ``eager`` where each step runs as it is written, which is quicker for a few.

    Returns:
        The weights, and the loss of each epoch.

    >>> import keras
    >>> weights = [np.zeros((3, 2)), np.zeros(2), np.zeros((2, 1)), np.zeros(1)]
    >>> settings = {"rate": 2.0, "momentum": 0.0, "penalty": 0.0, "most": None, "eager": True}
    >>> trained, losses = train(keras.Model, weights, np.zeros((1, 3)), np.ones((1, 1)), 1, settings)
    >>> trained[3].astype(float).round(3).tolist(), np.round(losses, 3).tolist()
    ([1.538], [0.693, 0.313])
    """
    import keras

    class Doubled(keras.layers.Layer):
        def call(self, x: Any, training: bool = False) -> Any:
            return 2 * x if training else x

    W, _, last_W, _ = weights
    penalty = keras.regularizers.L2(settings["penalty"])
    inputs = keras.Input(W.shape[:1])
    hidden = keras.layers.Dense(W.shape[1], activation="tanh", kernel_regularizer=penalty)(inputs)
    model = ByHand(inputs, keras.layers.Dense(last_W.shape[1])(Doubled()(hidden)))
    model.most = settings["most"]
    model.set_weights(weights)
    descent = keras.optimizers.SGD(settings["rate"], momentum=settings["momentum"])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(descent, loss, jit_compile=False, run_eagerly=settings["eager"])
    history = model.fit(x, y, batch_size=batch, epochs=2, shuffle=False, verbose=0, validation_data=(x, y))
    return model.get_weights(), history.history.get("loss", [])


def read_files(stream: Callable[..., Iterable[Any]], sizes: list[int], most: int, seed: int) -> tuple[list[Any], int]:
    """In which order a stream gives what several files hold, and how much of it was held at a time.

    Args:
        stream: takes iterators, their sizes, how much may be held, and a generator of random numbers.
        sizes: how many items each file holds; they are numbered from 0 through all files.
        most: how many may be held.
        seed: of the random numbers.

    Returns:
        The numbers as they came, one more than there are at most; and the most that were read and had not come yet.

    Raises:
        ValueError: an item came that had not been read.

    >>> from itertools import chain
    >>> read_files(lambda files, sizes, most, rng: chain(*files), [2, 1], most=2, seed=0)
    ([0, 1, 2], 0)
    """
    read = set[int]()

    def file(start: int, size: int) -> Iterator[int]:
        for item in range(start, start + size):
            read.add(item)
            yield item

    starts = np.cumsum([0, *sizes]).tolist()
    files = [file(start, size) for start, size in zip(starts, sizes)]
    came: list[Any] = []
    held = 0
    mixed = _given(stream(files, list(sizes), most, np.random.default_rng(seed)))
    for item in islice(mixed, starts[-1] + 1):
        came.append(_taken(item, read))
        held = max(held, len(read) - len(came))
    return came, held


def sorted_digits(sizes: list[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """MNIST digits as they lie in files that hold one class each, file after file.

    Args:
        sizes: how many digits each file holds, for ten files or fewer, 1,800 at most in each.
        seed: of which class each file holds, and which of its digits.

    Returns:
        Pictures of 14 × 14 pixels from 0 to 1 ``(n, 196)``, and labels ``(n,)``.

    >>> pictures, labels = sorted_digits([2, 0, 3], seed=1)
    >>> pictures.shape, len(set(labels[:2].tolist())), len(set(labels[2:].tolist()))
    ((5, 196), 1, 1)
    """
    mnist, rng = load_mnist(), np.random.default_rng(seed)
    labels = mnist.y_train[:DIGITS]
    classes = rng.permutation(10)
    places = [rng.permutation(np.flatnonzero(labels == each))[:size] for each, size in zip(classes, sizes)]
    chosen = np.concatenate(places)
    return _small(mnist.x_train[chosen]), labels[chosen]


def learn_in_order(pictures: np.ndarray, labels: np.ndarray) -> float:
    """The accuracy on 2,000 test digits of a softmax layer that went through these once, in their order.

    Gradient descent from zeros, 32 pictures a step.

    Args:
        pictures: as of :func:`sorted_digits`.
        labels: ``(n,)``.

    >>> learn_in_order(*sorted_digits([500] + [0] * 9, seed=0)) < 0.2
    True
    """
    mnist = load_mnist()
    W, b = np.zeros((pictures.shape[1], 10), np.float32), np.zeros(10, np.float32)
    for start in range(0, len(pictures), BATCH):
        x = pictures[start : start + BATCH]
        blame = _softmax(x @ W + b) - np.eye(10, dtype=np.float32)[labels[start : start + BATCH]]
        W, b = W - RATE * x.T @ blame / len(x), b - RATE * blame.mean(axis=0)
    told = (_small(mnist.x_test[:UNSEEN]) @ W + b).argmax(axis=1)
    return float(np.mean(told == mnist.y_test[:UNSEEN]))


def _small(images: np.ndarray) -> np.ndarray:
    means = images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4), dtype=np.float32)
    return np.asarray(means.reshape(-1, 196) / 255, dtype=np.float32)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _taken(item: Any, read: set[int]) -> Any:
    if item not in read:
        raise ValueError(f"item {item} comes, and was not read")
    return item


def _given(answer: Iterable[Any] | None) -> Iterable[Any]:
    if answer is None:
        raise ValueError("None was returned. Does the function end with `return`, or has it a `yield`?")
    return answer
