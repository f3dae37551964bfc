"""Answers to exercise 16: what the wrong ones are made from, and the right ones."""

from __future__ import annotations

INDEX = """
import tarfile
from coursekit.probes import pack
def label_of(name):
    return int(name.split("/")[0])
def index_members(path):
    with tarfile.open(path) as tar:
        return [(member.name, member.offset_data, member.size) for member in tar if member.isfile()]
indexed = lambda contents: pack(index_members, contents)
"""
SIGNATURE = """
import tensorflow as tf
from coursekit.probes import unroll
def as_dataset(generator, height, width):
    return tf.data.Dataset.from_generator(
        generator,
        output_signature=(tf.TensorSpec((height, width, 1), tf.uint8), tf.TensorSpec((), tf.int64)),
    )
unrolled = lambda pictures, labels: unroll(as_dataset, pictures, labels)
"""
WATCHED = """
from coursekit.probes import watch
watched = lambda *asked: watch(buffered, *asked)
"""
BUFFERED = (
    WATCHED
    + """
def buffered(items, size, rng):
    held = []
    for item in items:
        if len(held) < size:
            held.append(item)
            continue
        place = rng.integers(size)
        yield held[place]
        held[place] = item
    rng.shuffle(held)
    yield from held
"""
)
SHARD = """
def shard(items, count, index):
    return items[index::count]
"""
FOLLOWED = """
from coursekit.probes import follow
followed = lambda *asked: follow(Batches, *asked)
"""
BATCHES = (
    FOLLOWED
    + """
class Batches:
    def __init__(self, count, batch, seed):
        self.count, self.batch, self.seed = count, batch, seed
        self.epoch = self.place = 0
    def order(self):
        return np.random.default_rng([self.seed, self.epoch]).permutation(self.count)
    def __iter__(self):
        return self
    def __next__(self):
        if self.place + self.batch > self.count:
            self.epoch, self.place = self.epoch + 1, 0
        chosen = self.order()[self.place : self.place + self.batch]
        self.place += self.batch
        return chosen
    def state(self):
        return {"epoch": self.epoch, "place": self.place}
    def restore(self, state):
        self.epoch, self.place = state["epoch"], state["place"]
"""
)
PIECED = """
import tensorflow as tf
from coursekit.probes import accumulate
pieced = lambda *asked: accumulate(accumulated, *asked)
"""
ACCUMULATED = (
    PIECED
    + """
def accumulated(model, loss, x, y, parts):
    total = [tf.zeros_like(weight) for weight in model.trainable_variables]
    for rows in np.array_split(np.arange(len(x)), parts):
        with tf.GradientTape() as tape:
            cost = loss(y[rows], model(x[rows], training=True)) * len(rows) / len(x)
        gradients = tape.gradient(cost, model.trainable_variables)
        total = [old + new for old, new in zip(total, gradients)]
    return total
"""
)
TRAINED = """
import keras
import tensorflow as tf
from coursekit.probes import train
trained = lambda *asked: train(ByHand, *asked)
"""
BY_HAND = (
    TRAINED
    + """
class ByHand(keras.Model):
    most = None
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        if self.most is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, self.most)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            metric.update_state(loss)
        return {metric.name: metric.result() for metric in self.metrics}
"""
)
STREAMED = """
from coursekit.probes import read_files
streamed = lambda *asked: read_files(stream, *asked)
"""
STREAM = (
    STREAMED
    + """
def stream(files, sizes, most, rng):
    left = np.array(sizes, float)
    while left.sum() > 0:
        chosen = rng.choice(len(files), p=left / left.sum())
        left[chosen] -= 1
        yield next(files[chosen])
"""
)
IN_TURN = (
    STREAMED
    + """
def stream(files, sizes, most, rng):
    files = list(files)
    while files:
        for file in list(files):
            for item in file:
                yield item
                break
            else:
                files.remove(file)
"""
)

RIGHT = {
    "index": [
        INDEX,
        """
        import tarfile
        from functools import partial
        from pathlib import PurePosixPath
        from coursekit.probes import pack
        def label_of(name):
            return np.int64(PurePosixPath(name).parent.name)
        def index_members(path):
            found = []
            with open(path, "rb") as file, tarfile.open(fileobj=file) as tar:
                while (member := tar.next()) is not None:
                    if not member.isdir():
                        found.append([member.name, member.offset_data, member.size])
            return found
        indexed = partial(pack, index_members)
        """,
        """
        import re, tarfile
        from coursekit.probes import pack
        def label_of(name):
            return float(re.match(r"\\d+", name)[0])
        def index_members(path):
            with tarfile.open(str(path), "r:") as tar:
                for member in filter(tarfile.TarInfo.isreg, tar.getmembers()):
                    yield np.str_(member.name), np.int64(member.offset_data), member.size
        def indexed(contents):
            return pack(index_members, contents)
        """,
    ],
    "signature": [
        SIGNATURE,
        """
        import tensorflow as tf
        from functools import partial
        from coursekit.probes import unroll
        def as_dataset(generator, height, width):
            return tf.data.Dataset.from_generator(
                generator, output_types=("uint8", "int64"), output_shapes=((height, width, 1), ())
            )
        unrolled = partial(unroll, as_dataset)
        """,
        """
        import tensorflow as tf
        from coursekit.probes import unroll
        def as_dataset(generator, height, width):
            def pairs():
                for picture, label in generator():
                    yield np.asarray(picture), np.int64(label)
            signature = tf.TensorSpec([height, width, 1], "uint8"), tf.TensorSpec([], "int64")
            return tf.data.Dataset.from_generator(pairs, output_signature=signature).prefetch(1)
        def unrolled(pictures, labels):
            return unroll(as_dataset, pictures, labels)
        """,
        """
        import tensorflow as tf
        from coursekit.probes import unroll
        def as_dataset(generator, height, width):
            flat = tf.TensorSpec((height * width,), tf.uint8), tf.TensorSpec((), tf.int32)
            data = tf.data.Dataset.from_generator(
                lambda: ((picture.ravel(), label) for picture, label in generator()), output_signature=flat
            )
            return data.map(lambda x, y: (tf.reshape(x, (height, width, 1)), tf.cast(y, tf.int64)))
        unrolled = lambda pictures, labels: unroll(as_dataset, pictures, labels)
        """,
    ],
    "buffered": [
        BUFFERED,
        WATCHED
        + """
from itertools import islice
def buffered(items, size, rng):
    items = iter(items)
    held = list(islice(items, size))
    while held:
        place = int(rng.integers(len(held)))
        held[place], held[-1] = held[-1], held[place]
        yield held.pop()
        held.extend(islice(items, 1))
""",
        WATCHED
        + """
def buffered(items, size, rng):
    held = {}
    for item in items:
        if len(held) == size:
            key = list(held)[int(rng.random() * size)]
            out = held.pop(key)
            held[key] = item
            yield out
        else:
            held[len(held)] = item
    for key in rng.permutation(list(held)) if held else []:
        yield held[key]
""",
        WATCHED
        + """
class buffered:
    def __init__(self, items, size, rng):
        self.items, self.size, self.rng, self.held = iter(items), size, rng, []
    def __iter__(self):
        return self
    def __next__(self):
        nothing = object()
        while len(self.held) < self.size and (item := next(self.items, nothing)) is not nothing:
            self.held.append(item)
        if not self.held:
            raise StopIteration
        return self.held.pop(self.rng.choice(len(self.held)))
""",
    ],
    "shard": [
        SHARD,
        "def shard(items, count, index): return np.array_split(np.array(items, dtype=str), count)[index].tolist()",
        """
        def shard(items, count, index):
            start, stop = (len(items) * edge // count for edge in (index, index + 1))
            return items[start:stop]
        """,
        """
        def shard(items, count, index):
            return tuple(sorted(item for place, item in enumerate(items) if (place + 1) % count == index))
        """,
    ],
    "resumable": [
        BATCHES,
        FOLLOWED
        + """
class Batches:
    def __init__(self, count, batch, seed):
        self.count, self.batch, self.seed, self.drawn = count, batch, seed, 0
    def __iter__(self):
        return self
    def __next__(self):
        epoch, number = divmod(self.drawn, self.count // self.batch)
        order = np.random.default_rng((self.seed, epoch)).permutation(self.count)
        self.drawn += 1
        return order[number * self.batch :][: self.batch].tolist()
    def state(self):
        return self.drawn
    def restore(self, state):
        self.drawn = state
""",
        FOLLOWED
        + """
class Batches:
    def __init__(self, count, batch, seed):
        self.count, self.batch = count, batch
        self.rng, self.rest = np.random.default_rng(seed), []
    def __iter__(self):
        return self
    def __next__(self):
        if len(self.rest) < self.batch:
            self.rest = self.rng.permutation(self.count).tolist()
        chosen, self.rest = self.rest[: self.batch], self.rest[self.batch :]
        return np.array(chosen)
    def state(self):
        return {"rng": self.rng.bit_generator.state, "rest": list(self.rest)}
    def restore(self, state):
        self.rng.bit_generator.state, self.rest = state["rng"], list(state["rest"])
""",
        FOLLOWED
        + """
import random
class Batches:
    def __init__(self, count, batch, seed):
        self.asked, self.taken = (count, batch, seed), 0
        self.batches = self.all()
    def all(self):
        count, batch, seed = self.asked
        epoch = 0
        while True:
            places = list(range(count))
            random.Random(f"{seed} {epoch}").shuffle(places)
            for start in range(0, count - batch + 1, batch):
                yield places[start : start + batch]
            epoch += 1
    def __iter__(self):
        return self
    def __next__(self):
        self.taken += 1
        return next(self.batches)
    def state(self):
        return [self.taken]
    def restore(self, state):
        self.taken, self.batches = 0, self.all()
        for _ in range(state[0]):
            next(self)
""",
    ],
    "accumulated": [
        ACCUMULATED,
        PIECED
        + """
def accumulated(model, loss, x, y, parts):
    size = int(np.ceil(len(x) / parts))
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(size)
    sums = None
    for xs, ys in data:
        with tf.GradientTape() as tape:
            cost = loss(ys, model(xs)) * xs.shape[0]
        new = tape.gradient(cost, model.trainable_weights)
        sums = new if sums is None else [a + b for a, b in zip(sums, new)]
    return [each.numpy() / len(x) for each in sums]
""",
        PIECED
        + """
def accumulated(model, loss, x, y, parts):
    @tf.function(input_signature=[tf.TensorSpec((None, 3)), tf.TensorSpec((None, 2))])
    def gradients(xs, ys):
        with tf.GradientTape() as tape:
            cost = loss(ys, model(xs)) * tf.cast(tf.shape(xs)[0], tf.float32) / len(x)
        return tape.gradient(cost, model.trainable_variables)
    rows = np.array_split(np.arange(len(x)), parts)
    return [sum(each) for each in zip(*(gradients(x[some], y[some]) for some in rows))]
""",
        PIECED
        + """
def accumulated(model, loss, x, y, parts):
    @tf.function(reduce_retracing=False)
    def gradients(xs, ys):
        with tf.GradientTape() as tape:
            cost = loss(ys, model(xs, training=True))
        return tape.gradient(cost, model.trainable_variables)
    starts = [number * len(x) // parts for number in range(parts + 1)]
    found = [gradients(tf.constant(x[a:b]), tf.constant(y[a:b])) for a, b in zip(starts, starts[1:])]
    shares = np.diff(starts) / len(x)
    return tuple(sum(float(s) * each for s, each in zip(shares, same)) for same in zip(*found))
""",
    ],
    "train_step": [
        BY_HAND,
        TRAINED
        + """
from keras import ops
class ByHand(keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.most = None
        self.cost = keras.metrics.Mean("loss")
    @property
    def metrics(self):
        return [self.cost]
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            cost = ops.mean(keras.losses.binary_crossentropy(y, y_pred, from_logits=True)) + sum(self.losses)
        gradients = tape.gradient(cost, self.trainable_weights)
        length = ops.sqrt(sum(ops.sum(each**2) for each in gradients))
        scale = 1.0 if self.most is None else ops.minimum(1.0, self.most / length)
        self.optimizer.apply_gradients(
            [(each * scale, weight) for each, weight in zip(gradients, self.trainable_weights)]
        )
        self.cost.update_state(cost)
        return {"loss": self.cost.result()}
    def test_step(self, data):
        x, y = data
        self.cost.update_state(self.compute_loss(x=x, y=y, y_pred=self(x, training=False)))
        return {"loss": self.cost.result()}
""",
        TRAINED
        + """
class ByHand(keras.Model):
    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True), sample_weight, training=True)
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(x)[0])
        gradients = tape.gradient(loss, self.trainable_weights)
        if self.most:
            together = tf.concat([tf.reshape(each, [-1]) for each in gradients], axis=0)
            norm = tf.norm(together)
            gradients = [tf.where(norm > self.most, each * self.most / norm, each) for each in gradients]
        self.optimizer.apply(gradients, self.trainable_weights)
        return self.get_metrics_result()
""",
    ],
    "stream": [
        STREAM,
        STREAMED
        + """
def stream(files, sizes, most, rng):
    for number in rng.permutation(np.repeat(np.arange(len(sizes)), sizes)):
        yield next(files[number])
""",
        STREAMED
        + """
def stream(files, sizes, most, rng):
    turns = [((place + rng.random()) / size, number) for number, size in enumerate(sizes) for place in range(size)]
    for _, number in sorted(turns):
        yield next(files[number])
""",
        STREAMED
        + """
def merged(files, sizes):
    given = [0] * len(files)
    for _ in range(sum(sizes)):
        behind = min((g / s, n) for n, (g, s) in enumerate(zip(given, sizes)) if s)[1]
        given[behind] += 1
        yield next(files[behind])
def stream(files, sizes, most, rng):
    held = []
    for item in merged(files, sizes):
        held.append(item)
        if len(held) == most:
            yield held.pop(rng.integers(most))
    rng.shuffle(held)
    yield from held
""",
    ],
}
