"""Questions of exercise 16: an index, a signature, a shuffle buffer, shards, resumed batches, pieces, a step, files."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from coursekit.checks.shared import or_above
from coursekit.grading import Answers, Exercise, Expect
from coursekit.probes import learn_in_order, sorted_digits

exercise = Exercise("16_streaming")

STEADY, RUNS, EPOCHS = 2_000, 6, 40  # places of a long shuffle, short ones that are all end, orders of places
EQUAL, LONG, SHORT, MOST = 432, 1_200, 240, 200  # digits of a file, and held
BAR = 0.6  # in files that are mixed 0.7 and more, else 0.45 and less


@exercise.question("index", points=2, title="Where each picture lies")
def index(answers: Answers, expect: Expect) -> None:
    """`label_of(name)` is a member's class; `index_members(path)` tells where files lie, asked through `indexed`."""
    rng = answers.draw("members")
    with expect.part(points=1, title="the label"):
        for label in (0, 7, int(rng.integers(10, 99)), int(rng.integers(100, 999))):
            name = f"{label}/{rng.integers(10**6):06d}.png"
            hint = "The folder stands before the slash. It may have several digits, and is to be a whole number."
            expect.equal(answers.call("label_of", name), label, hint=hint)
    for count in (4, 1, 9):
        contents = _members(rng, count)
        got, tar = answers.call("indexed", contents)
        files = [(name, content) for name, content in contents if content is not None]
        for each in got:
            expect.several(each, "name, offset, size", hint="A tuple (name, offset, size) for each file.")
        hint = "Every regular file in its order, no folder; an empty one is a file too."
        expect.equal([each[0] for each in got], [name for name, _ in files], hint=hint)
        for (name, offset, size), (_, content) in zip(got, files):
            hint = f"The size of {name[:40]!r}: its own bytes, without what fills up the last block."
            expect.equal(size, len(content), hint=hint)
            expect.true(
                isinstance(offset, int)
                and offset >= 512
                and offset % 512 == 0  # else any offset would do for an empty file
                and np.array_equal(tar[offset : offset + size], content),
                f"From byte {offset} of the tar on, the bytes are not those of {name[:40]!r}.",
                hint="A header stands before the bytes, one block of 512 or, for a long name, several. Which attribute "
                "of a member says where its bytes begin?",
            )


def _members(rng: np.random.Generator, count: int) -> list[tuple[str, np.ndarray | None]]:
    """A folder, also between the files; one of them is empty, another has a name that one header does not hold."""
    contents: list[tuple[str, np.ndarray | None]] = [("3", None)]
    for number in range(count):
        size = 0 if number == 1 else int(rng.integers(1, 3_000)) if rng.random() < 0.5 else 512
        name = f"{rng.integers(10)}/{rng.integers(10**6):06d}{'-long' * 30 if number == 2 else ''}-{number}.png"
        contents.append((name, rng.integers(256, size=size).astype(np.uint8)))
        contents += [("4", None)] * (number == 0)
    return contents


@exercise.question("signature", points=2, title="What a generator yields")
def signature(answers: Answers, expect: Expect) -> None:
    """`as_dataset(generator, height, width)`: a data set of pictures and labels; asked through `unrolled`."""
    rng = answers.draw("pictures")
    cases = []
    for count, height, width in ((3, 4, 6), (2, 5, 3), (1, 1, 1)):
        pictures = rng.integers(256, size=(count, height, width, 1)).astype(np.uint8)
        labels = rng.permutation(1_000)[: 6 * count].reshape(6, count)
        cases.append((pictures, labels, answers.call("unrolled", pictures, labels)))
    with expect.part(points=1, title="shapes and dtypes"):
        for pictures, _, (told, _) in cases:
            _, height, width, _ = pictures.shape
            hint = "A pair of tf.TensorSpec: a picture (height, width, 1) of uint8, and a label () of int64."
            expect.equal(told, [f"uint8 ({height}, {width}, 1)", "int64 ()"], hint=hint)
    for pictures, labels, (_, epochs) in cases:
        seen = []
        for epoch in epochs:
            hint = "One element for each pair that the generator yields: a picture and its label."
            expect.equal([len(element) for element in epoch], [2] * len(pictures), hint=hint)
            for (picture, _), want in zip(epoch, pictures):
                expect.equal(picture, want, hint="The pictures as the generator yields them, in their order.")
            seen.append([label for _, label in epoch])
            known = any(np.array_equal(seen[-1], row) for row in labels)
            expect.true(known, "The labels are not those that the generator yielded.", hint=hint)
        expect.true(
            seen[0] != seen[1],
            "The second epoch brings what the generator yielded in the first.",
            hint="Hand over the function itself, so that it is called anew for each epoch; nothing is to be kept.",
        )


@exercise.question("buffered", points=3, title="A shuffle buffer")
def buffered(answers: Answers, expect: Expect) -> None:
    """`buffered(items, size, rng)` yields the same items, shuffled with a buffer; asked through `watched`."""
    rng = answers.draw("sizes and seeds")

    def ask(count: int, size: int, most: int, seed: int | None = None) -> tuple[list[Any], list[int]]:
        came, read = answers.call("watched", count, size, int(rng.integers(2**31)) if seed is None else seed, most)
        return came, read

    with expect.part(points=1, title="each item once"):
        for count, size in ((20, 4), (7, 7), (5, 30), (1, 3), (0, 2), (9, 1)):
            came, _ = ask(count, size, count + 1)
            hint = "What is in the buffer when the items end comes too; where there are fewer than `size`, all of it."
            _expect_each_once(expect, came, list(range(count)), hint)
        expect.equal(ask(9, 1, 9)[0], list(range(9)), hint="A buffer of one item changes nothing.")
        hint = "All that is random comes from `rng`: the same seed, the same order; another seed, another order."
        (one, _), (again, _), (other, _) = (ask(60, 12, 60, seed) for seed in (5, 5, 6))
        expect.true(again == one != other, "The order does not follow from the seed.", hint=hint)
    with expect.part(points=1, title="no more than the buffer holds"):
        for size in (1, 6, int(rng.integers(20, 60))):
            came, read = ask(10_000, size, 40)
            ahead = [so_far - place for place, so_far in enumerate(read, 1)]
            expect.true(
                max(ahead, default=0) <= size,
                f"With a size of {size} it had read {max(ahead, default=0):,} items that had not come yet.",
                hint="Fill the buffer, then read one item for each that you yield: the items may have no end.",
                expected=f"at most {size}",
            )
            expect.equal(len(came), 40, hint="It is to go on as long as there are items.")
            expect.true(
                all(item < place + size for place, item in enumerate(came)),
                f"With a size of {size}, items come before they can be in the buffer.",
                hint="The buffer holds `size` items: the first to come is one of the first `size`.",
            )
    ranks, left = _ranks(ask(STEADY, 4, STEADY)[0], STEADY, 4)
    hint = or_above(expect, "Once the buffer is full, each item in it is as likely to come next as any other.")
    expect.true(len(ranks) == STEADY, "Not all items come, or not all of them out of the buffer.", hint=hint)
    for rank in range(4):
        expect.share(np.array(ranks[:-4]) == rank, 1 / 4, hint=hint)
    for run in range(RUNS):
        size = 60 + 30 * (run % 2)  # a buffer that never gets full is shuffled too
        more, still = _ranks(ask(60, size, 60)[0], 60, size)
        ranks, left = ranks + more, left + still
    middles = (np.array(ranks[STEADY:]) + 0.5) / np.array(left[STEADY:])
    hint = or_above(expect, "When the items end, what is left comes in an order that is random too.")
    expect.true(len(middles) == 60 * RUNS, "Not all items come, or not all of them out of the buffer.", hint=hint)
    expect.mean(middles, 0.5, np.sqrt(1 / 12), hint=hint)


def _expect_each_once(expect: Expect, came: list[Any], items: list[Any], hint: str) -> None:
    ordered = sorted(came)  # no set of them: a learner could choose numbers that have one hash
    missing, again = len(set(items).difference(came)), sum(map(operator.eq, ordered, ordered[1:]))
    message = f"Of {len(items):,} items {missing:,} do not come, and {again:,} come again."
    expect.true(ordered == sorted(items), message, hint=hint)


def _ranks(came: list[Any], count: int, size: int) -> tuple[list[int], list[int]]:
    """For each of the whole numbers that came of a buffer, how many older ones were in it, and how many in all; up to
    the first that could not come."""
    ranks, left, buffer, entered = [], [], list[int](), 0
    for item in came:
        entering = min(count, entered + size - len(buffer))
        buffer, entered = [*buffer, *range(entered, entering)], entering
        if item not in buffer:
            break
        ranks.append(buffer.index(item))
        left.append(len(buffer))
        buffer.remove(item)
    return ranks, left


@exercise.question("shard", points=2, title="Sharding without overlap")
def shard(answers: Answers, expect: Expect) -> None:
    """`shard(items, count, index)`: the part of a list that worker `index` of `count` gets."""
    rng = answers.draw("items")
    cases = []
    for items, count in ((12, 4), (13, 4), (10, 4), (7, 1), (3, 5), (0, 2), (23, 6), (1, 1)):
        names = [f"{rng.integers(10)}/{number:06d}.png" for number in rng.choice(10**6, size=items, replace=False)]
        cases.append((names, [answers.call("shard", names, count, worker) for worker in range(count)]))

    def expect_each_once() -> None:
        hint = "No two workers may get the same item, and none may be left out, also where the division has a rest."
        for names, shards in cases:
            for each in shards:
                expect.shape(each, (None,), hint="A list of items, which may be empty.")
            _expect_each_once(expect, [item for each in shards for item in each], names, or_above(expect, hint))

    with expect.part(points=1, title="each item once"):
        expect_each_once()
    expect_each_once()
    for names, shards in cases:
        lengths = [len(each) for each in shards]
        expect.true(
            max(lengths) - min(lengths) <= 1,
            f"Of {len(names)} items {len(shards)} workers get {', '.join(map(str, lengths))}.",
            hint=or_above(expect, "No worker may get two items more than another: who has less waits for the others."),
        )


@exercise.question("resumable", points=3, title="Batches that go on where they stopped")
def resumable(answers: Answers, expect: Expect) -> None:
    """`Batches(count, batch, seed)`, an iterator with `state()` and `restore(state)`; asked through `followed`."""
    rng = answers.draw("seeds")

    def ask(count: int, batch: int, steps: int, seed: int, state: str | None = None) -> tuple[list[Any], list[str]]:
        found, states = answers.call("followed", count, batch, seed, steps, state)
        return found, states

    with expect.part(points=1, title="epochs"):
        for count, batch in ((23, 5), (12, 4), (11, 11), (14, 1)):
            seed = int(rng.integers(2**31))
            found, again, others = (ask(count, batch, 3 * (count // batch), each)[0] for each in (seed, seed, seed + 1))
            _expect_epochs(expect, found, count, batch)
            hint = "The same seed, the same batches; another seed, others, and not those of a later epoch."
            later, whole = found[count // batch :], count // batch
            is_new = found != others and later[:whole] != others[:whole]
            expect.true(again == found and is_new, "The batches do not follow from the seed.", hint=hint)
        _expect_shuffled(
            expect, *(ask(*sizes, 5 * EPOCHS, int(rng.integers(2**31)))[0] for sizes in ((50, 10), (5, 4)))
        )
    runs, resumed = [], []
    for count, batch in ((23, 5), (12, 4), (11, 11), (14, 1)):
        whole, seed = count // batch, int(rng.integers(2**31))
        found, states = ask(count, batch, 3 * whole, seed)
        runs.append((found, count, batch))
        places = {0, 1, whole - 1, whole, whole + 1, 2 * whole, int(rng.integers(3 * whole))}
        for place in sorted(places):
            again, later = ask(count, batch, 3 * whole - place, seed, states[place])
            resumed.append((place % whole > 0, place, again, found[place:]))
            further = place + int(rng.integers(len(later)))
            twice, _ = ask(count, batch, 3 * whole - further, seed, later[further - place])
            resumed.append((0 not in (place % whole, further % whole), further, twice, found[further:]))

    def expect_the_same(everywhere: bool, hint: str) -> None:
        for run in runs:
            _expect_epochs(expect, *run)
        for within, place, got, want in resumed:
            if within or everywhere:
                message = f"From the state behind batch {place}, other batches come than without a stop."
                expect.true(
                    got == want, message, or_above(expect, hint), expected=f"{want[:1]}, …", got=f"{got[:1]}, …"
                )

    with expect.part(points=1, title="stopped within an epoch"):
        hint = (
            "A state says in which epoch the iterator is, and how far. It is written down later: did it change since?"
        )
        expect_the_same(False, hint)
    hint = "Before the first batch, and exactly between two epochs: is the next order that of the right epoch?"
    expect_the_same(True, hint)


def _expect_epochs(expect: Expect, found: list[Any], count: int, batch: int) -> None:
    """Three epochs of whole batches, none with a place twice, no two in the same order."""
    for each in found:
        expect.shape(each, (batch,), hint="Each batch holds `batch` places; what is left of an epoch is dropped.")
    epochs = np.reshape(found, (3, -1)).tolist()
    for epoch in epochs:
        hint = f"Places are the whole numbers from 0 to {count - 1}. Shuffle all of them, then cut them into batches."
        places = range(count)
        expect.true(all(place in places for place in epoch), "A batch holds what is no place.", hint=hint)
        expect.true(len(set(epoch)) == len(epoch), "A place comes twice in one epoch.", hint=hint)
    hint = "Each epoch has an order of its own, which follows from the seed and from the number of the epoch."
    expect.true(epochs[0] != epochs[1] != epochs[2] != epochs[0], "Two epochs have the same order.", hint=hint)


def _expect_shuffled(expect: Expect, whole: list[Any], dropped: list[Any]) -> None:
    """Neighbours are torn apart, and each place is left out as often as any other."""
    epochs = np.reshape(whole, (EPOCHS, 50))
    hint = "All orders of the places are to be as likely: neither turned around nor cut at one place."
    expect.share(np.diff(epochs, axis=1) == 1, 1 / 50, hint=hint)
    hint = "Shuffle all places, and drop the rest of the shuffled ones, so that it is not always the same that miss."
    missing = 10 - np.sum(dropped, axis=1)
    for place in range(5):
        expect.share(missing == place, 1 / 5, hint=hint)


@exercise.question("accumulated", points=2, title="A gradient in pieces")
def accumulated(answers: Answers, expect: Expect) -> None:
    """`accumulated(model, loss, x, y, parts)`: a gradient of the mean loss, in pieces; asked through `pieced`."""
    rng = answers.draw("batches")

    def compare(rows: int, parts: int, hint: str) -> None:
        weights, x, y = _network(rng, rows)
        got, largest = answers.call("pieced", weights, x, y, parts)
        most = -(-rows // parts)
        expect.true(
            largest > 0,
            f"Not all of the {rows} rows went through the network.",
            hint="Call `model` itself, once with each piece: together the pieces hold each row.",
        )
        expect.true(
            largest <= most,
            f"The network got {largest} rows at a time.",
            hint=f"{rows} rows in {parts} pieces, as alike as can be: none has more than {most}.",
        )
        expect.several(got, "d_W, d_b, d_W2, d_b2", hint="A list with a gradient for each weight that can be trained.")
        _, want = _gradients(weights, x, y)
        for each, right in zip(got, want):
            expect.close(each, right, rtol=2e-3, atol=2e-4 * float(np.abs(right).max()), hint=hint)

    with expect.part(points=1, title="equal pieces"):
        hint = "The gradient of the mean over all rows: pieces of equal size count alike, and their shares add up to 1."
        for rows, parts in ((6, 3), (8, 2), (5, 1), (3, 3)):
            compare(rows, parts, hint)
    hint = "Each row is in one piece, and a larger piece counts for more: its share is its rows by all rows."
    for rows, parts in ((5, 2), (7, 3), (3, 2), (11, 4)):
        compare(rows, parts, or_above(expect, hint))


@exercise.question("train_step", points=3, title="A step of training", seconds=120)
def train_step(answers: Answers, expect: Expect) -> None:
    """`ByHand`, a Keras model with a `train_step(data)` in which `most` bounds gradients; asked through `trained`."""
    rng = answers.draw("networks")

    def ask(share: float | None) -> tuple[Any, Any, list[np.ndarray], list[float]]:
        """With a bound of this share of the median gradient: weights and losses that came, and the right ones."""
        weights, x, y = _network(rng, 12)
        settings = {"rate": 0.5, "momentum": 0.5, "penalty": 0.05, "most": None, "eager": share not in (None, 1.0)}
        settings["most"] = share and share * float(np.median(_trained(weights, x, y, 4, settings)[2]))
        got, told = answers.call("trained", weights, x, y, 4, settings)
        want, losses, _ = _trained(weights, x, y, 4, settings)
        return got, told, want, losses

    def expect_weights(got: Any, want: list[np.ndarray], hint: str) -> None:
        expect.several(got, "W, b, W2, b2", hint="A list with each weight of the network.")
        for each, right in zip(got, want):
            expect.close(each, right, rtol=1e-3, atol=1e-4, hint=hint)

    got, told, want, losses = ask(None)
    with expect.part(points=1, title="as fit trains"):
        hint = (
            "With most=None as Keras does it: call the network with training=True, take compute_loss, which adds the "
            "penalties of layers, and apply the gradients with the optimizer that compile was given."
        )
        expect_weights(got, want, hint)
    with expect.part(points=1, title="the loss that it tells"):
        hint = (
            'train_step returns a dict with "loss": the mean, penalties included, over the steps of this epoch so far. '
            "A Mean that the model has as an attribute, or one of model.metrics, is set back by fit before each epoch."
        )
        expect.shape(told, (2,), hint=hint)
        expect.close(told, losses, rtol=1e-3, atol=1e-4, hint=hint)
    hint = "All gradients together are one long vector. If it is longer than self.most, shorten it, each by one factor."
    for share in (0.3, 1.0, 50.0):
        got, _, want, _ = ask(share)
        expect_weights(got, want, or_above(expect, hint))


def _network(rng: np.random.Generator, rows: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """The weights of two layers, and a batch whose rows differ much: inputs, and targets from 0 to 1."""
    shapes = ((3, 4), (4,), (4, 2), (2,))
    weights = [rng.normal(scale=0.7, size=shape).astype(np.float32) for shape in shapes]
    x = rng.normal(size=(rows, 3)).astype(np.float32)
    return weights, x, rng.uniform(size=(rows, 2)).astype(np.float32)


def _gradients(
    weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, factor: float = 1.0, penalty: float = 0.0
) -> tuple[float, list[np.ndarray]]:
    """Binary cross-entropy of logits, with the penalty on ``W``, and its gradients; ``factor`` is on what is hidden."""
    W, b, last_W, last_b = (each.astype(np.float64) for each in weights)
    hidden = np.tanh(x @ W + b)
    logits = factor * hidden @ last_W + last_b
    blame = (1 / (1 + np.exp(-logits)) - y) / logits.size
    inner = factor * blame @ last_W.T * (1 - hidden**2)
    loss = float(np.mean(np.logaddexp(0, logits) - y * logits) + penalty * np.sum(W**2))
    gradients = [x.T @ inner + 2 * penalty * W, inner.sum(axis=0), factor * hidden.T @ blame, blame.sum(axis=0)]
    return loss, gradients


def _trained(
    weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, batch: int, settings: dict[str, Any]
) -> tuple[list[np.ndarray], list[float], list[float]]:
    """The weights after two epochs, the mean loss of each, and the lengths of all gradients."""
    velocities: list[Any] = [0.0] * len(weights)
    losses, norms = [], []
    for start in 2 * [*range(0, len(x), batch)]:
        rows = slice(start, start + batch)
        loss, gradients = _gradients(weights, x[rows], y[rows], 2.0, settings["penalty"])
        losses.append(loss)
        norms.append(float(np.sqrt(sum(np.sum(each**2) for each in gradients))))
        rate = settings["rate"] * min(1.0, (settings["most"] or np.inf) / norms[-1])
        velocities = [settings["momentum"] * v - rate * g for v, g in zip(velocities, gradients)]
        weights = [w + v for w, v in zip(weights, velocities)]
    return weights, np.reshape(losses, (2, -1)).mean(axis=1).tolist(), norms


@exercise.question("stream", points=3, title="A network learns from sorted files", seconds=120)
def stream(answers: Answers, expect: Expect) -> None:
    """`stream(files, sizes, most, rng)` yields what several files hold, mixed; asked through `streamed`."""
    rng = answers.draw("files")

    def ask(sizes: list[int], most: int) -> list[int]:
        came, held = answers.call("streamed", sizes, most, int(rng.integers(2**31)))
        hint = "Each item of each file comes once, also where a file is empty or much longer than the others."
        _expect_each_once(expect, came, list(range(sum(sizes))), hint)
        held = max(held, _held(came, sizes))
        expect.true(
            held <= most,
            f"It had read {held:,} items that had not come yet.",
            hint="Read an item when its turn comes. Whole files do not fit into the memory.",
            expected=f"at most {most}",
        )
        return list(came)

    def learn(sizes: list[int], hint: str) -> None:
        pictures, labels = sorted_digits(sizes, int(rng.integers(2**31)))
        order = ask(sizes, MOST)
        reached = learn_in_order(pictures[order], labels[order])
        message = f"What learns in this order reads {reached:.1%} of the test digits."
        expect.true(reached >= BAR, message, or_above(expect, hint), expected=f"{BAR:.0%}", got=f"{reached:.1%}")

    with expect.part(points=1, title="each item once, few at a time"):
        for sizes in ([5, 0, 3], [1], [40, 3, 8, 60], [0, 0], [30] * 4):
            ask(sizes, 2 * len(sizes))
    with expect.part(points=1, title="files of the same length"):
        hint = "Each file holds one class: no buffer of 200 digits mixes them if one file is read after the other."
        learn([EQUAL] * 10, hint)
    hint = (
        "Who takes one digit of each file in turn has the short ones behind it long before the end, and learns the two "
        "long ones by heart. How often should a file have its turn?"
    )
    learn(rng.permutation([LONG] * 2 + [SHORT] * 8).tolist(), hint)


def _held(came: list[Any], sizes: list[int]) -> int:
    """How many items were read and had not come yet, at the least, in files that can be read only from the front."""
    ends = np.cumsum(sizes)
    files = np.searchsorted(ends, came, side="right")
    read, most = ends - sizes, 0  # where the next item of each file lies
    for place, (item, file) in enumerate(zip(came, files), 1):
        read[file] = max(read[file], item + 1)
        most = max(most, int((read - ends + sizes).sum()) - place)
    return most
