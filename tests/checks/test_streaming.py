"""Every check of exercise 16 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from answer_tables import AnswerTables
from streaming_answers import (
    ACCUMULATED,
    BATCHES,
    BUFFERED,
    BY_HAND,
    IN_TURN,
    INDEX,
    PIECED,
    RIGHT,
    SIGNATURE,
    STREAM,
    STREAMED,
    WATCHED,
)

from coursekit import course
from coursekit.checks import streaming as checks
from coursekit.grading import NamespaceAnswers, find_exercise
from coursekit.probes import UNSEEN, learn_in_order, read_files, sorted_digits

EXERCISE = "16_streaming"

ONE_AFTER_THE_OTHER = STREAMED + "def stream(files, sizes, most, rng):\n    for file in files: yield from file"
CHAINED = (
    BUFFERED
    + STREAMED
    + "def stream(files, sizes, most, rng):\n    return buffered((i for f in files for i in f), most, rng)"
)
WHOLE = STREAMED + "def stream(files, sizes, most, rng):\n    return rng.permutation([i for f in files for i in f])"
SILENT = """
honest = streamed
streamed = lambda *asked: (honest(*asked)[0], 0)
"""

WRONG = {
    "index": [
        (
            "where the header begins",
            INDEX.replace("offset_data", "offset").replace('split("/")[0]', 'split("/")[1][:6]'),
        ),
        (
            "text, and only names",
            INDEX.replace("int(name", "(name").replace("(member.name, member.offset_data, member.size)", "member.name"),
        ),
        (
            "the first digit, and one block for each header",
            INDEX.replace('name.split("/")[0]', "name[0]").replace("offset_data", "offset + 512"),
        ),
        ("nothing is returned", INDEX.replace("return", "")),
    ],
    "signature": [
        (
            "one scalar for each pixel, read once",
            """
            import tensorflow as tf
            from coursekit.probes import unroll
            def as_dataset(generator, height, width):
                columns = list(zip(*[(*picture.ravel(), label) for picture, label in generator()]))
                return tf.data.Dataset.from_tensor_slices(tuple(np.array(each) for each in columns))
            unrolled = lambda *asked: unroll(as_dataset, *asked)
            """,
        ),
        (
            "pictures without labels",
            """
            import tensorflow as tf
            from coursekit.probes import unroll
            def as_dataset(generator, height, width):
                signature = tf.TensorSpec((height, width, 1), tf.uint8)
                pictures = lambda: (picture for picture, _ in generator())
                return tf.data.Dataset.from_generator(pictures, output_signature=signature)
            unrolled = lambda *asked: unroll(as_dataset, *asked)
            """,
        ),
        ("height and width exchanged", SIGNATURE.replace("height, width, 1)", "width, height, 1)")),
        ("the third axis is missing", SIGNATURE.replace("height, width, 1)", "height, width)")),
        (
            "all pictures at once",
            """
            import tensorflow as tf
            from coursekit.probes import unroll
            def as_dataset(generator, height, width):
                pictures, labels = zip(*generator())
                return tf.data.Dataset.from_tensor_slices((np.array(pictures, "float32"), np.array(labels)))
            unrolled = lambda *asked: unroll(as_dataset, *asked)
            """,
        ),
    ],
    "buffered": [
        (
            "all are read, and those at the end are lost",
            BUFFERED.replace("in items", "in [*items]").replace("yield from ", ""),
        ),
        (
            "with replacement",
            WATCHED
            + """
def buffered(items, size, rng):
    items = list(items)
    for _ in items:
        yield items[rng.integers(len(items))]
""",
        ),
        (
            "another seed each time",
            BUFFERED.replace("held = []", "held, rng, size = [], np.random.default_rng(), 2 * size"),
        ),
        ("the new item comes at once", BUFFERED.replace("yield held[place]\n        held[place] = item", "yield item")),
    ],
    "shard": [
        (
            "the rest is lost",
            "def shard(items, count, index): return items[index * (len(items) // count):][: len(items) // count]",
        ),
        ("the same for all", "def shard(items, count, index): return items"),
        ("shards overlap", "def shard(items, count, index): return items[index:: max(1, count - 1)]"),
        ("one item", "def shard(items, count, index): return items[index]"),
        (
            "drawn at random",
            "def shard(items, count, index): return [i for i in items if np.random.randint(count) == index]",
        ),
    ],
    "resumable": [
        (
            "the same order in each epoch",
            BATCHES.replace("[self.seed, self.epoch]", "self.seed").replace('state["place"]', "0"),
        ),
        (
            "no order at all, and no state",
            BATCHES.replace(
                "np.random.default_rng([self.seed, self.epoch]).permutation(self.count)", "np.arange(self.count)"
            )
            .replace('return {"epoch": self.epoch, "place": self.place}', "return {}")
            .replace('self.epoch, self.place = state["epoch"], state["place"]', "pass"),
        ),
        ("a state of arrays", BATCHES.replace('"place": self.place}', '"place": self.order()}')),
        ("a step of one", BATCHES.replace("self.place += self.batch", "self.place += 1")),
        (
            "with replacement, from a generator that nobody saved",
            BATCHES.replace("[self.seed, self.epoch]", "").replace(
                "permutation(self.count)", "integers(self.count, size=self.count)"
            ),
        ),
    ],
    "accumulated": [
        (
            "the whole batch at once",
            ACCUMULATED.replace("np.array_split(np.arange(len(x)), parts)", "[np.arange(len(x))]"),
        ),
        ("the last piece alone", ACCUMULATED.replace("old + new", "new")),
        ("a sum of means", ACCUMULATED.replace(" * len(rows) / len(x)", "").replace("old + new", "old + new + new")),
        ("one piece too many", ACCUMULATED.replace("len(x)), parts)", "len(x)), parts)[:-1]")),
        ("uphill", ACCUMULATED.replace("old + new", "old - new")),
        (
            "the whole batch at once, in a graph for any number of rows",
            PIECED
            + """
def accumulated(model, loss, x, y, parts):
    @tf.function(input_signature=[tf.TensorSpec((None, 3)), tf.TensorSpec((None, 2))])
    def gradients(xs, ys):
        with tf.GradientTape() as tape:
            cost = loss(ys, model(xs))
        return tape.gradient(cost, model.trainable_variables)
    return gradients(x, y)
""",
        ),
        (
            "the whole batch past the model, through its layers",
            PIECED
            + """
def accumulated(model, loss, x, y, parts):
    with tf.GradientTape() as tape:
        cost = loss(y, model.layers[-1](model.layers[-2](x)))
    return tape.gradient(cost, model.trainable_variables)
""",
        ),
        (
            "target and answer exchanged",
            ACCUMULATED.replace("y[rows], model(x[rows], training=True)", "model(x[rows]), y[rows]"),
        ),
    ],
    "train_step": [
        (
            "not in training, and the last loss",
            BY_HAND.replace("training=True", "training=False").replace(
                "return {metric.name: metric.result() for metric in self.metrics}", 'return {"loss": loss}'
            ),
        ),
        (
            "no penalty",
            BY_HAND.replace(
                "self.compute_loss(x=x, y=y, y_pred=self(x, training=True))",
                "tf.reduce_mean(keras.losses.binary_crossentropy(y, self(x, training=True), from_logits=True))",
            ),
        ),
        (
            "squared errors, whatever compile was given",
            BY_HAND.replace(
                "self.compute_loss(x=x, y=y, y_pred=self(x, training=True))",
                "tf.reduce_mean((y - self(x, training=True)) ** 2) + sum(self.losses)",
            ),
        ),
        (
            "a descent of its own, and no loss told",
            BY_HAND.replace(
                "self.optimizer.apply(gradients, self.trainable_variables)",
                "[w.assign_sub(0.01 * g) for w, g in zip(self.trainable_variables, gradients)]",
            ).replace("return {metric.name: metric.result() for metric in self.metrics}", "return {}"),
        ),
        ("compute_loss of what is not known", BY_HAND.replace("y_pred=self", "predicted=self")),
    ],
    "stream": [
        (
            "each file twice",
            STREAMED + "def stream(files, sizes, most, rng):\n    yield from [*range(sum(sizes)), *range(sum(sizes))]",
        ),
        (
            "the first of each file",
            STREAMED + "def stream(files, sizes, most, rng):\n    for file in files: yield next(file)",
        ),
        ("everything is held", WHOLE),
        ("everything is held, and nothing told of it", WHOLE + SILENT),
        (
            "numbers that were not read",
            STREAMED + "def stream(files, sizes, most, rng):\n    return rng.permutation(sum(sizes)).tolist()",
        ),
        ("the last of each file is left", STREAM.replace("left.sum() > 0", "left.sum() > len(files)")),
    ],
}

# Answers with a mistake that the part beside it does not show: the question, the source, the points that are left.
PARTIAL = [
    ("index", INDEX.replace("offset_data", "offset"), 1),
    ("index", INDEX.replace("offset_data", "offset + 512"), 1),
    ("index", INDEX.replace(" if member.isfile()", ""), 1),
    ("index", INDEX.replace('int(name.split("/")[0])', "int(name[0])"), 1),
    ("signature", SIGNATURE.replace("tf.int64", "tf.int32"), 1),
    ("signature", SIGNATURE.replace("(height, width, 1)", "(None, None, 1)"), 1),
    ("signature", SIGNATURE.replace("(height, width, 1)", "None"), 1),
    ("signature", SIGNATURE.replace("uint8", "float32"), 1),
    ("signature", SIGNATURE.replace("    )\n", "    ).cache()\n"), 1),
    ("signature", SIGNATURE.replace("        generator,", "        [*generator()].__iter__,"), 1),
    (
        "buffered",
        WATCHED + "def buffered(items, size, rng):\n    return rng.permutation(list(items)) if size > 1 else items",
        1,
    ),
    (
        "buffered",
        WATCHED
        + """
def buffered(items, size, rng):
    held = []
    for item in items:
        held.append(item)
        if len(held) == size:
            yield from rng.permutation(held)
            held = []
    yield from rng.permutation(held).astype(int)
""",
        2,
    ),
    ("buffered", BUFFERED.replace("    rng.shuffle(held)\n", ""), 2),
    ("buffered", BUFFERED.replace("rng.integers(size)", "min(rng.integers(size), rng.integers(size))"), 2),
    ("buffered", BUFFERED.replace("    rng.shuffle(held)\n    yield from held", ""), 1),
    ("buffered", BUFFERED.replace("< size", "< 2 * size").replace("integers(size)", "integers(len(held))"), 0),
    (
        "shard",
        "def shard(items, count, index): return items[index * -(-len(items) // count):][: -(-len(items) // count)]",
        1,
    ),
    ("shard", "def shard(items, count, index): return items if index == 0 else []", 1),
    (
        "shard",
        """
        import zlib
        def shard(items, count, index):
            return [item for item in items if zlib.crc32(item.encode()) % count == index]
        """,
        1,
    ),
    ("resumable", BATCHES.replace('state["place"]', "0"), 1),
    ("resumable", BATCHES.replace("self.place + self.batch > self.count", "self.place + self.batch == self.count"), 0),
    ("resumable", BATCHES.replace('return {"epoch": self.epoch, "place": self.place}', "return self.__dict__"), 1),
    ("resumable", BATCHES.replace("permutation(self.count)", "permutation(self.count // self.batch * self.batch)"), 2),
    (
        "resumable",
        BATCHES.replace('{"epoch": self.epoch,', '{"epoch": self.epoch + (self.place + self.batch > self.count),'),
        2,
    ),
    ("accumulated", ACCUMULATED.replace("len(rows) / len(x)", "1 / parts"), 1),
    ("accumulated", ACCUMULATED.replace("len(rows) / len(x)", "(len(x) // parts) / len(x)"), 1),
    ("train_step", BY_HAND.replace("if self.most is not None:", "if False:"), 2),
    (
        "train_step",
        BY_HAND.replace(
            "tf.clip_by_global_norm(gradients, self.most)", "[tf.clip_by_norm(g, self.most) for g in gradients], 0"
        ),
        2,
    ),
    (
        "train_step",
        BY_HAND.replace(
            "tf.clip_by_global_norm(gradients, self.most)",
            "[tf.clip_by_value(g, -self.most, self.most) for g in gradients], 0",
        ),
        2,
    ),
    ("train_step", BY_HAND.replace("metric.update_state(loss)", "pass"), 2),
    ("train_step", BY_HAND.replace("metric.update_state", "metric.reset_state() or metric.update_state"), 2),
    ("train_step", BY_HAND.replace("training=True", "training=False"), 0),
    ("stream", IN_TURN, 2),
    ("stream", IN_TURN.replace("files.remove(file)", "return"), 1),
    ("stream", ONE_AFTER_THE_OTHER, 1),
    ("stream", CHAINED, 1),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL


def test_the_points_add_up():
    assert find_exercise(EXERCISE).points == 20


ONE_HASH = [number * (2**61 - 1) for number in range(1, 40_001)]  # all have the hash 0 in CPython


@pytest.mark.parametrize(
    ("question", "hostile"),
    [
        ("shard", {"shard": lambda items, count, index: ONE_HASH}),
        ("resumable", {"followed": lambda *asked: (np.reshape(ONE_HASH, (-1, 5)).tolist() * 3, [])}),
    ],
)
def test_numbers_of_one_hash_do_not_hold_the_check_up(question, hostile, costs_at_most):
    with costs_at_most(150):  # a set of these numbers alone takes some 300
        assert find_exercise(EXERCISE).find(question).run(NamespaceAnswers(hostile)).points == 0


def test_a_network_without_weights_has_not_learnt():
    answers = NamespaceAnswers({"trained": lambda *asked: ([], [0.0, 0.0])})
    result = find_exercise(EXERCISE).find("train_step").run(answers)
    assert (result.points, result.flags) == (0, ())


def test_a_buffer_is_followed():
    assert checks._ranks([2, 0, 1, 3], count=4, size=3) == ([2, 0, 0, 0], [3, 3, 2, 1])
    assert checks._ranks([3, 0, 1, 2], count=4, size=3) == ([], [])


def test_an_order_tells_how_much_was_held():
    assert checks._held([0, 1, 2, 3, 4], [3, 0, 2]) == 0
    assert checks._held([2, 1, 0, 4, 3], [3, 0, 2]) == 2
    assert checks._held([4, 2, 3, 1, 0], [0, 3, 2]) == 3
    for sizes in ([5, 0, 3], [40, 3, 8, 60], [30] * 4):
        for source in RIGHT["stream"]:
            names = {"np": np}
            exec(source, names)
            came, held = read_files(names["stream"], sizes, 2 * len(sizes), seed=0)
            assert checks._held(came, sizes) <= held


SIZES = [checks.EQUAL] * 10, [checks.LONG, checks.SHORT, checks.SHORT, checks.LONG] + [checks.SHORT] * 6


def reached(source: str, sizes: list[int], seed: int) -> float:
    names = {"np": np}
    exec(source, names)
    pictures, labels = sorted_digits(sizes, seed)
    order, _ = read_files(names["stream"], sizes, checks.MOST, seed)
    return learn_in_order(pictures[order], labels[order])


@pytest.mark.parametrize("seed", range(200, 206))
def test_the_bars_stand_between_mixed_and_sorted(seed):
    equal, unequal = SIZES
    assert reached(CHAINED, equal, seed) < checks.BAR - 0.2
    assert reached(IN_TURN, unequal, seed) < checks.BAR - 0.05
    for source in RIGHT["stream"]:
        assert reached(source, equal, seed) > checks.BAR + 0.1
        assert reached(source, unequal, seed) > checks.BAR + 0.05


def test_the_gradients_are_slopes():
    rng = np.random.default_rng(0)
    weights, x, y = checks._network(rng, 5)
    for factor, penalty in ((1.0, 0.0), (2.0, 0.3)):
        _, gradients = checks._gradients(weights, x, y, factor, penalty)
        for place, gradient in enumerate(gradients):
            direction = rng.normal(size=gradient.shape)
            up, down = ([*weights] for _ in range(2))
            up[place], down[place] = (weights[place].astype(float) + step * direction for step in (1e-5, -1e-5))
            slope = (
                checks._gradients(up, x, y, factor, penalty)[0] - checks._gradients(down, x, y, factor, penalty)[0]
            ) / 2e-5
            assert slope == pytest.approx(np.sum(gradient * direction), rel=1e-5)


def test_the_statement_tells_the_bars():
    cells = json.loads(course.find(EXERCISE).solution.read_text("utf-8"))["cells"]
    (told,) = (
        "".join(cell["source"]) for cell in cells if "The check asks it through `streamed`" in "".join(cell["source"])
    )
    for number in (checks.EQUAL, checks.LONG, checks.SHORT, checks.MOST, UNSEEN):
        assert re.search(rf"\b{number:,}\b", told), number
    assert f"{100 * checks.BAR:.0f} %" in told
