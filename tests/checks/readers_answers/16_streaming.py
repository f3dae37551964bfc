import hashlib
import heapq
import itertools
import random
import tarfile
from functools import partial
import keras
import numpy as np
import tensorflow as tf
from coursekit import probes

# %% index · right · the end of each file counted back from the next header
def label_of(name):
    return int("".join(itertools.takewhile(str.isdigit, name)))

def index_members(path):
    with tarfile.open(path) as tar:
        found = []
        while (member := tar.next()) is not None:
            if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
                blocks = -(-member.size // 512) * 512
                found.append((member.name, tar.offset - blocks, member.size))
    return found

indexed = partial(probes.pack, index_members)

# %% index · wrong · sizes in whole blocks
def label_of(name):
    return int(name.split("/")[0])

def index_members(path):
    with tarfile.open(path) as tar:
        return [(m.name, m.offset_data, -(-m.size // 512) * 512) for m in tar if m.isfile()]

indexed = partial(probes.pack, index_members)

# %% index · wrong · by name
def label_of(name):
    return int(name.split("/")[0])

def index_members(path):
    with tarfile.open(path) as tar:
        return sorted((m.name, m.offset_data, m.size) for m in tar if m.isfile())

indexed = partial(probes.pack, index_members)

# %% signature · right · bytes that TensorFlow decodes
def as_dataset(generator, height, width):
    def raw():
        for picture, label in generator():
            yield np.ascontiguousarray(picture).tobytes(), label

    data = tf.data.Dataset.from_generator(
        raw, output_signature=(tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.int64)))

    def decode(text, label):
        return tf.reshape(tf.io.decode_raw(text, tf.uint8), [height, width, 1]), label

    return data.map(decode, num_parallel_calls=2)

unrolled = partial(probes.unroll, as_dataset)

# %% signature · wrong · a generator, used up after one pass
def as_dataset(generator, height, width):
    running = generator()
    return tf.data.Dataset.from_generator(
        lambda: running,
        output_signature=(tf.TensorSpec((height, width, 1), tf.uint8), tf.TensorSpec((), tf.int64)))

unrolled = partial(probes.unroll, as_dataset)

# %% buffered · right · the last one takes the free place
def buffered(items, size, rng):
    held = list(itertools.islice(items, size))
    while held:
        place = int(rng.random() * len(held))
        held[place], held[-1] = held[-1], held[place]
        yield held.pop()
        held.extend(itertools.islice(items, 1))

watched = partial(probes.watch, buffered)

# %% buffered · right · fresh lots at every step
def buffered(items, size, rng):
    held, nothing = [], object()
    while True:
        while len(held) < size and (item := next(items, nothing)) is not nothing:
            held.append(item)
        if not held:
            return
        yield held.pop(np.argmin(rng.random(len(held))))

watched = partial(probes.watch, buffered)

# %% buffered · wrong · lots drawn once for each item
def buffered(items, size, rng):
    held = [(rng.random(), number, item) for number, item in zip(range(size), items)]
    heapq.heapify(held)
    for number, item in enumerate(items, size):
        yield heapq.heappop(held)[2]
        heapq.heappush(held, (rng.random(), number, item))
    while held:
        yield heapq.heappop(held)[2]

watched = partial(probes.watch, buffered)

# %% buffered · wrong · the rest merely turned
def buffered(items, size, rng):
    held = list(itertools.islice(items, size))
    for item in items:
        place = rng.integers(size)
        yield held[place]
        held[place] = item
    if held:
        start = rng.integers(len(held))
        yield from held[start:] + held[:start]

watched = partial(probes.watch, buffered)

# %% shard · right · by digest, then in turn
def shard(items, count, index):
    mixed = sorted(items, key=lambda name: hashlib.sha256(name.encode()).digest())
    return list(itertools.islice(mixed, index, None, count))

# %% shard · right · every other part is cut off first
def shard(items, count, index):
    if count == 1:
        return list(items)
    mine = -(-len(items) // count)
    return items[:mine] if index == 0 else shard(items[mine:], count - 1, index - 1)

# %% shard · wrong · as many workers as there are items
def shard(items, count, index):
    count = min(count, len(items))
    return items[index::count]

# %% shard · wrong · each draws with its own seed
def shard(items, count, index):
    order = np.random.default_rng(index).permutation(len(items))
    return [items[place] for place in order[index::count]]

# %% resumable · right · begins again and skips
class Batches:
    def __init__(self, count, batch, seed):
        self.arguments = count, batch, seed
        self.restore("")

    def run(self):
        count, batch, seed = self.arguments
        rng = random.Random(seed)
        while True:
            order = rng.sample(range(count), count)
            for start in range(0, count - batch + 1, batch):
                yield np.array(order[start:start + batch])

    def __iter__(self):
        return self

    def __next__(self):
        self.marks += "|"
        return next(self.running)

    def state(self):
        return self.marks

    def restore(self, state):
        self.marks, self.running = "", self.run()
        for _ in state:
            next(self)

followed = partial(probes.follow, Batches)

# %% resumable · right · an old generator with its long state
class Batches:
    def __init__(self, count, batch, seed):
        self.batch, self.rng = batch, np.random.RandomState(seed)
        self.order, self.start = np.arange(count), count

    def __iter__(self):
        return self

    def __next__(self):
        if self.start + self.batch > len(self.order):
            self.rng.shuffle(self.order)
            self.start = 0
        self.start += self.batch
        return self.order[self.start - self.batch:self.start].copy()

    def state(self):
        name, keys, *more = self.rng.get_state()
        return {"rng": [name, keys.tolist(), *more], "order": self.order.tolist(), "start": self.start}

    def restore(self, state):
        name, keys, *more = state["rng"]
        self.rng.set_state((name, np.array(keys, "uint32"), *more))
        self.order, self.start = np.array(state["order"]), state["start"]

followed = partial(probes.follow, Batches)

# %% resumable · wrong · the order of the old epoch stays
class Batches:
    def __init__(self, count, batch, seed):
        self.count, self.batch, self.seed, self.epoch, self.done = count, batch, seed, 0, 0
        self.draw()

    def draw(self):
        self.order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)

    def __iter__(self):
        return self

    def __next__(self):
        if (self.done + 1) * self.batch > self.count:
            self.epoch, self.done = self.epoch + 1, 0
            self.draw()
        self.done += 1
        return self.order[(self.done - 1) * self.batch:self.done * self.batch]

    def state(self):
        return {"epoch": self.epoch, "done": self.done}

    def restore(self, state):
        self.epoch, self.done = state["epoch"], state["done"]

followed = partial(probes.follow, Batches)

# %% resumable · wrong · batches mixed and not places
class Batches:
    def __init__(self, count, batch, seed):
        self.count, self.batch, self.seed, self.given = count, batch, seed, 0

    def __iter__(self):
        return self

    def __next__(self):
        epoch, place = divmod(self.given, self.count // self.batch)
        order = np.random.default_rng([self.seed, epoch]).permutation(self.count // self.batch)
        self.given += 1
        return np.arange(self.batch) + order[place] * self.batch

    def state(self):
        return self.given

    def restore(self, state):
        self.given = state

followed = partial(probes.follow, Batches)

# %% accumulated · right · halves of halves
def accumulated(model, loss, x, y, parts):
    most = int(np.ceil(len(x) / parts))

    def summed(some_x, some_y):
        if len(some_x) > most:
            half = len(some_x) // 2
            pairs = zip(summed(some_x[:half], some_y[:half]), summed(some_x[half:], some_y[half:]))
            return [a + b for a, b in pairs]
        with tf.GradientTape() as tape:
            value = loss(some_y, model(some_x)) * len(some_x)
        return tape.gradient(value, model.trainable_variables)

    return [gradient / len(x) for gradient in summed(x, y)]

pieced = partial(probes.accumulate, accumulated)

# %% accumulated · wrong · the rest is dropped
def accumulated(model, loss, x, y, parts):
    size, total = len(x) // parts, [0.0] * len(model.trainable_variables)
    for part in range(parts):
        rows = slice(part * size, (part + 1) * size)
        with tf.GradientTape() as tape:
            value = loss(y[rows], model(x[rows])) / parts
        total = [a + b for a, b in zip(total, tape.gradient(value, model.trainable_variables))]
    return total

pieced = partial(probes.accumulate, accumulated)

# %% train_step · right · one long vector, cut again
class ByHand(keras.Model):
    most = None

    def train_step(self, data):
        (x, y), variables = data, self.trainable_variables
        with tf.GradientTape() as tape:
            loss = keras.losses.get(self.loss)(y, self(x, training=True))
            loss = tf.add_n([loss, *self.losses])
        gradients = tape.gradient(loss, variables)
        if self.most is not None:
            vector = tf.concat([tf.reshape(g, [-1]) for g in gradients], 0)
            vector /= tf.maximum(1.0, tf.norm(vector) / self.most)
            pieces = tf.split(vector, [int(np.prod(v.shape)) for v in variables])
            gradients = [tf.reshape(p, v.shape) for p, v in zip(pieces, variables)]
        self.optimizer.apply(gradients, variables)
        tracker = next(metric for metric in self.metrics if metric.name == "loss")
        tracker.update_state(loss)
        return {"loss": tracker.result()}

trained = partial(probes.train, ByHand)

# %% train_step · wrong · short ones made longer
class ByHand(keras.Model):
    most = None

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        if self.most is not None:
            norm = tf.linalg.global_norm(gradients)
            gradients = [g * self.most / norm for g in gradients]
        self.optimizer.apply(gradients, self.trainable_variables)
        self.metrics[0].update_state(loss)
        return {"loss": self.metrics[0].result()}

trained = partial(probes.train, ByHand)

# %% stream · right · handfuls of the right make
def stream(files, sizes, most, rng):
    left = np.array(sizes)
    while left.any():
        counts = rng.multivariate_hypergeometric(left, min(most, int(left.sum())))
        handful = [next(file) for file, count in zip(files, counts) for _ in range(count)]
        left -= counts
        rng.shuffle(handful)
        yield from handful

streamed = partial(probes.read_files, stream)

# %% stream · right · evenly spread, no chance at all
def stream(files, sizes, most, rng):
    def times(number, size):
        return (((k + 0.5) / size, number) for k in range(size))

    for _, number in heapq.merge(*(times(n, s) for n, s in enumerate(sizes))):
        yield next(files[number])

streamed = partial(probes.read_files, stream)

# %% stream · wrong · any file that has something, alike
def stream(files, sizes, most, rng):
    left = list(sizes)
    while any(left):
        which = rng.choice([n for n, size in enumerate(left) if size])
        left[which] -= 1
        yield next(files[which])

streamed = partial(probes.read_files, stream)

# %% index · wrong · where the same bytes stand first
def label_of(name):
    return int(name.partition("/")[0])

def index_members(path):
    with open(path, "rb") as file:
        everything = file.read()
    with tarfile.open(path) as tar:
        files = [(member, tar.extractfile(member).read()) for member in tar if member.isfile()]
    return [(member.name, everything.find(content), member.size) for member, content in files]

indexed = partial(probes.pack, index_members)

# %% buffered · wrong · a buffer that is never full is left in order
def buffered(items, size, rng):
    held = list(itertools.islice(items, size))
    if len(held) < size:
        yield from held
        return
    for item in items:
        place = rng.integers(size)
        yield held[place]
        held[place] = item
    rng.shuffle(held)
    yield from held

watched = partial(probes.watch, buffered)

# %% resumable · wrong · seed and epoch added
class Batches:
    def __init__(self, count, batch, seed):
        self.count, self.batch, self.seed, self.place = count, batch, seed, 0

    def __iter__(self):
        return self

    def __next__(self):
        whole = self.count // self.batch
        epoch, step = divmod(self.place, whole)
        self.place += 1
        order = np.random.default_rng(self.seed + epoch).permutation(self.count)
        return order[step * self.batch : (step + 1) * self.batch]

    def state(self):
        return self.place

    def restore(self, state):
        self.place = state

followed = partial(probes.follow, Batches)
