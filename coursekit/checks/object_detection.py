"""Questions of exercise 12: overlaps, codes, anchors, matching, suppression, judging, average precision, two heads."""

from __future__ import annotations

from typing import Any

import numpy as np

from coursekit.checks.shared import accuracy, or_above
from coursekit.data import load_cifar10, load_mnist
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("12_object_detection")

TRUTHS = (7, 11, 13)  # numbers of objects whose recalls meet none of the 101 points but 0 and 1
CLEAR = 0.003  # how far overlaps lie from thresholds, and from each other
HUGE = 2.0**20  # a side so long that an overlap of a half stays one, however it is rounded, whatever guards a divisor
SHOWN, SEED, SIDE = 1_000, 12, 32  # scenes, and pixels of a side
BARS = 0.8, 0.7
BY_HEART = 0.06  # four deviations of the difference


@exercise.question("iou", points=3, title="Intersection over union")
def iou(answers: Answers, expect: Expect) -> None:
    """`iou(boxes, others)`: how much each of the boxes overlaps each of the others, `(n, m)`."""
    rng = answers.draw("boxes")

    def compare(boxes: np.ndarray, others: np.ndarray, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            got = answers.call("iou", boxes.astype(dtype), others.astype(dtype))
            expect.shape(got, (len(boxes), len(others)), hint="A row for each of boxes, a column for each of others.")
            expect.close(got, _iou(boxes, others), rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="two boxes that overlap"):
        hint = (
            "From the larger of two tops to the smaller of two bottoms, and likewise sideways: that is shared. The "
            "union is both areas less what is shared, which they count twice."
        )
        for _ in range(4):
            compare(*_pair(rng), hint)
    with expect.part(points=1, title="boxes that share nothing"):
        compare(*_pair(rng), or_above(expect, hint))
        hint = "Apart in one direction, or in both: a negative height or width is none. Two negative ones make no area."
        for step in ((1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1)):
            box = _crossing(rng, 1)
            other = box.copy()
            other[:, :2] += np.array(step) * box[:, 2:] * rng.uniform(1.2, 3)
            compare(box, other, hint)
        hint = "Where neither has an area, 0 is divided by 0: the answer is to be 0."
        for empty in (box * [1, 1, 0, 0], np.zeros((1, 4))):
            compare(empty, empty, hint)
    hint = "Each with each: arrays of the shapes (n, 1) and (1, m) make one of (n, m)."
    for n, m in ((3, 5), (4, 1), (1, 6), (4, 4)):
        others = np.concatenate([_crossing(rng, m - 1), _anywhere(rng, 1)])
        compare(_crossing(rng, n), others, or_above(expect, hint))


def _pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two boxes, neither of them within the other."""
    while True:
        box, other = _crossing(rng, 1), _crossing(rng, 1)
        starts, ends = np.sign(box - other)[0, :2], np.sign((box - other) @ [[1, 0], [0, 1], [1, 0], [0, 1]])[0]
        if (starts == ends).any():
            return box, other


def _crossing(rng: np.random.Generator, count: int) -> np.ndarray:
    """Boxes that all hold the middle of the picture, none of them square."""
    height = rng.uniform(0.2, 0.6, size=count)
    sizes = np.column_stack([height, height * rng.choice([0.5, 0.7, 1.5, 2], size=count)])
    return np.column_stack([0.5 - sizes * rng.uniform(0.2, 0.8, size=(count, 2)), sizes])


def _anywhere(rng: np.random.Generator, count: int) -> np.ndarray:
    """Boxes so small that hardly two meet."""
    return np.column_stack([rng.uniform(0, 0.8, size=(count, 2)), rng.uniform(0.05, 0.2, size=(count, 2))])


def _iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    boxes, others = boxes[:, np.newaxis].astype(np.float64), others.astype(np.float64)
    ends = np.minimum(boxes[..., :2] + boxes[..., 2:], others[:, :2] + others[:, 2:])
    shared = (ends - np.maximum(boxes[..., :2], others[:, :2])).clip(0).prod(axis=-1)
    union = boxes[..., 2:].prod(axis=-1) + others[:, 2:].prod(axis=-1) - shared
    return np.asarray(shared / np.where(union > 0, union, 1))


@exercise.question("codes", points=2, title="From a box to a code, and back")
def codes(answers: Answers, expect: Expect) -> None:
    """`encode(boxes, anchors)` says how boxes differ from anchors; `decode(codes, anchors)` makes boxes of that."""
    rng = answers.draw("boxes and anchors")
    cases = [(_crossing(rng, n), np.concatenate([_anywhere(rng, n - 1), _crossing(rng, 1)])) for n in (1, 4, 7)]
    with expect.part(points=1, title="encode"):
        hint = (
            "How far the middle of the box lies from the middle of the anchor, in heights and in widths of the anchor; "
            "then the logarithm of how many times as high, and as wide, the box is."
        )
        for boxes, anchors in cases:
            for dtype in (np.float64, np.float32):
                got = answers.call("encode", boxes.astype(dtype), anchors.astype(dtype))
                expect.close(got, _encode(boxes, anchors), rtol=1e-4, atol=1e-4, hint=hint)
            hint_same = "A box that is its anchor does not differ from it: four zeros."
            expect.close(answers.call("encode", boxes, boxes), np.zeros_like(boxes), atol=1e-5, hint=hint_same)
    hint = (
        "Undo what `encode` does: the middle is the anchor's, moved by the code in heights and widths of the anchor; "
        "exp undoes the logarithm. From the middle half the new height up, and half the new width to the left."
    )
    for _, anchors in cases:
        for dtype in (np.float64, np.float32):
            drawn = rng.normal(scale=0.7, size=anchors.shape)
            got = answers.call("decode", drawn.astype(dtype), anchors.astype(dtype))
            expect.close(got, _decode(drawn, anchors), rtol=1e-4, atol=1e-5, hint=hint)
        got = answers.call("decode", np.zeros_like(anchors), anchors)
        expect.close(got, anchors, rtol=1e-5, hint="Four zeros say that the box is the anchor.")


def _encode(boxes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """See Girshick et al. (2014), appendix C."""
    away = (boxes[:, :2] + boxes[:, 2:] / 2 - anchors[:, :2] - anchors[:, 2:] / 2) / anchors[:, 2:]
    return np.column_stack([away, np.log(boxes[:, 2:] / anchors[:, 2:])])


def _decode(codes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    sizes = anchors[:, 2:] * np.exp(codes[:, 2:])
    return np.column_stack([anchors[:, :2] + anchors[:, 2:] * (0.5 + codes[:, :2]) - sizes / 2, sizes])


@exercise.question("make_anchors", points=2, title="Anchors on a grid")
def make_anchors(answers: Answers, expect: Expect) -> None:
    """`make_anchors(cells, shapes)`: around the middle of each cell of a map a box of each shape."""
    rng = answers.draw("maps and shapes")

    def compare(cells: int, count: int, hint: str) -> None:
        shapes = [tuple(shape) for shape in rng.uniform(0.1, 0.5, size=(count, 2)).tolist()]
        want = _anchors(cells, shapes)
        got = answers.call("make_anchors", cells, shapes)
        expect.shape(got, want.shape, hint="A row for each cell and shape.")
        expect.close(got, want, rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="one shape"):
        hint = (
            "Cell i of n has its middle at (i + 1/2) / n; an anchor begins half its height above, and half its width "
            "to the left. The columns of the first row come first."
        )
        for cells in (4, 1, 7):
            compare(cells, 1, hint)
    hint = "All shapes of the first cell, then all of the second: as a map (cells, cells, shapes, 4) is reshaped."
    for cells, count in ((1, 3), (3, 2), (5, 4)):
        compare(cells, count, or_above(expect, hint))


def _anchors(cells: int, shapes: list[tuple[float, float]]) -> np.ndarray:
    middles = (np.arange(cells) + 0.5) / cells
    boxes = [(y - h / 2, x - w / 2, h, w) for y in middles for x in middles for h, w in shapes]
    return np.array(boxes)


@exercise.question("match", points=3, title="Which anchor finds which box?")
def match(answers: Answers, expect: Expect) -> None:
    """`match(anchors, boxes, threshold)`: for each anchor the place of the box that it is to find, or −1."""
    rng = answers.draw("anchors and boxes")

    def ask(anchors: np.ndarray, boxes: np.ndarray, threshold: float, hint: str) -> None:
        want = _match(anchors, boxes, threshold)
        for dtype in (np.float64, np.float32):
            got = answers.call("match", anchors.astype(dtype), boxes.astype(dtype), threshold)
            expect.shape(got, want.shape, hint="One whole number for each anchor.")
            expect.close(got, want, hint=hint)

    def compare(far: bool, hint: str) -> None:
        for count in (3, 1, 4, 2):
            threshold = float(rng.uniform(0.4, 0.6))
            ask(*_matching(rng, count, threshold, far), threshold, hint)

    with expect.part(points=1, title="boxes that some anchor meets well"):
        hint = "For each anchor the box that it overlaps most; but where even that is less than `threshold`, −1."
        compare(False, hint)
        anchors, boxes = _rows(rng, (0, 0.2, 0.06, 0.14), (0, 0.2))  # each anchor overlaps both boxes enough
        for order in ([0, 1], [1, 0]):
            ask(rng.permutation(anchors), boxes[order], float(rng.uniform(0.4, 0.6)), hint)
    with expect.part(points=1, title="no boxes"):
        anchors = _anywhere(rng, 6)
        got = answers.call("match", anchors, np.zeros((0, 4)), 0.5)
        expect.equal(got, np.full(6, -1), hint="A picture may hold nothing; there is no largest of no numbers.")
    hint = (
        "In the end every box has an anchor: the one that overlaps it most is to find it, even if it overlaps it less "
        "than `threshold`, and even if it overlaps another box more."
    )
    compare(True, or_above(expect, hint))
    anchors, boxes = _rows(rng, (0.97, -1.2), (0,))  # the first just touches the box
    ask(anchors, boxes, float(rng.uniform(0.4, 0.6)), or_above(expect, hint))
    hint = "The anchor that overlaps a box most is to find it, even if other anchors find that box already."
    for _ in range(2):  # the first anchor is the best of the first box, but overlaps the second one more
        anchors, boxes = (rng.permutation(row) for row in _rows(rng, (0.12, 0.23, -0.15), (0, 0.2)))
        ask(anchors, boxes, float(rng.uniform(0.4, 0.6)), or_above(expect, hint))
    whole, parts = _halved()
    hint = "An overlap that is just `threshold` is enough: here two anchors are halves of the box."
    ask(rng.permutation(np.concatenate([whole, parts])), whole, 0.5, or_above(expect, hint))


def _matching(rng: np.random.Generator, count: int, threshold: float, far: bool) -> tuple[np.ndarray, np.ndarray]:
    """Anchors and boxes, with no overlap near the threshold and no two near each other; whether some box is so ``far``
    from all anchors, or so near another box, that its best anchor has to be told."""
    while True:
        boxes = np.column_stack([rng.uniform(0.1, 0.5, size=(count, 2)), rng.uniform(0.2, 0.4, size=(count, 2))])
        near = boxes[rng.permutation(np.arange(2 * count) % count)]
        anchors = np.concatenate([_moved(rng, near, 0.1), _moved(rng, near, 0.4), _anywhere(rng, 3)])
        if far:
            anchors = anchors[_iou(anchors, boxes)[:, rng.integers(count)] < threshold]
        anchors = rng.permutation(anchors)
        overlaps = _iou(anchors, boxes)
        own = np.where(overlaps.max(axis=1) >= threshold, overlaps.argmax(axis=1), -1)
        if (
            np.abs(overlaps - threshold).min() > CLEAR
            and (np.diff(np.sort(overlaps, axis=0)[-2:], axis=0) > CLEAR).all()
            and (count == 1 or _clear_rows(overlaps, threshold))
            and len(set(overlaps.argmax(axis=0).tolist())) == count
            and (told := _match(anchors, boxes, threshold) - own).any() == far
            and (far or (own >= 0).any())
            and (not far or count == 1 or told[own >= 0].min(initial=0) < 0)
        ):
            return anchors, boxes


def _rows(rng: np.random.Generator, *starts: tuple[float, ...]) -> list[np.ndarray]:
    """Boxes of one size in a row, down or to the right, that start after so many heights or widths."""
    place, size, along = rng.uniform(0.1, 0.3, size=2), rng.uniform(0.2, 0.5, size=2), int(rng.integers(2))
    rows = [np.tile([*place, *size], (len(each), 1)) for each in starts]
    for row, each in zip(rows, starts):
        row[:, along] += size[along] * (np.array(each) + rng.uniform(-0.005, 0.005, size=len(each)))
    return rows


def _halved() -> tuple[np.ndarray, np.ndarray]:
    """A box, and three within it: two overlap it by exactly a half, the third by a quarter."""
    whole = np.array([[0, 0, HUGE, HUGE]])
    return whole, whole * [[1, 1, 1, 0.5], [1, 1, 0.5, 1], [1, 1, 0.5, 0.5]]


def _moved(rng: np.random.Generator, boxes: np.ndarray, scale: float) -> np.ndarray:
    """Boxes of about the same places and sizes."""
    return _decode(rng.normal(scale=scale, size=boxes.shape), boxes)


def _clear_rows(overlaps: np.ndarray, threshold: float) -> bool:
    second, first = np.sort(overlaps, axis=1)[:, -2:].T
    return bool((first - second)[first >= threshold].min(initial=1) > CLEAR)


def _match(anchors: np.ndarray, boxes: np.ndarray, threshold: float) -> np.ndarray:
    """See Liu et al. (2016), section 2.2."""
    overlaps = _iou(anchors, boxes)
    found = np.where(overlaps.max(axis=1) >= threshold, overlaps.argmax(axis=1), -1)
    found[overlaps.argmax(axis=0)] = np.arange(len(boxes))
    return found


@exercise.question("nms", points=2, title="One box for each object")
def nms(answers: Answers, expect: Expect) -> None:
    """`nms(boxes, scores, threshold, limit)`: the places of the boxes that are kept, the highest score first."""
    rng = answers.draw("boxes and scores")

    def ask(boxes: np.ndarray, scores: np.ndarray, threshold: float, limit: int, hint: str) -> None:
        want = _kept(boxes, scores, threshold)[:limit]
        for dtype in (np.float64, np.float32):
            got = answers.call("nms", boxes.astype(dtype), scores.astype(dtype), threshold, limit)
            expect.shape(got, (len(want),), hint=hint)
            expect.equal(got, want, hint=hint)

    def compare(count: int, chain: bool, limit: int, hint: str) -> None:
        ask(*_crowd(rng, count, chain, limit), limit, hint)

    with expect.part(points=1, title="crowds that lie apart"):
        hint = "The box with the highest score is kept, and those that overlap it more than `threshold` go. Then again."
        for count in (6, 9, 1):
            compare(count, False, count, hint)
        expect.equal(np.size(answers.call("nms", np.zeros((0, 4)), np.zeros(0), 0.5, 9)), 0, hint="No box, none kept.")
    hint = "A box that went removes nobody: compare with boxes that were kept, and with no others."
    for count in (6, 9, 12):
        compare(count, True, count, or_above(expect, hint))
    hint = "When `limit` boxes are kept, no more are; a box that goes is not one of them."
    for count, limit in ((6, 1), (12, 2)):
        compare(count, True, limit, or_above(expect, hint))
    whole, parts = _halved()
    boxes = rng.permutation(np.concatenate([whole, parts]))
    hint = "A box that overlaps a kept one by just `threshold`, and not by more, stays: here halves of boxes do."
    ask(boxes, rng.permutation(len(boxes)) + 0.5, 0.5, len(boxes), or_above(expect, hint))


def _crowd(rng: np.random.Generator, count: int, chain: bool, limit: int = 1) -> tuple[np.ndarray, np.ndarray, float]:
    """Boxes around a few places, their scores, and a threshold that no overlap is near; whether some kept box overlaps
    one that went, for its better score, before. A ``limit`` between 1 and ``count`` keeps a box beyond the best."""
    while True:
        places = rng.uniform(0, 0.7, size=(3, 2))[rng.integers(3, size=count)]
        spread = rng.normal(scale=0.06, size=(count, 2))
        boxes = np.column_stack([places + spread, rng.uniform(0.2, 0.35, size=(count, 2))])
        scores = (rng.permutation(count) + rng.uniform(0.2, 0.8)) / count
        threshold = float(rng.uniform(0.3, 0.6))
        overlaps, kept = _iou(boxes, boxes), _kept(boxes, scores, threshold)
        before = (overlaps > threshold) & (scores[:, np.newaxis] < scores)
        several = (3 if chain else 2) <= len(kept) < count
        clear = np.abs(overlaps - threshold).min() > CLEAR
        beyond = limit in (1, count) or kept[:limit] != np.argsort(-scores)[:limit].tolist()
        if clear and beyond and before[kept].any() == chain and (several or count == 1):
            return boxes, scores, threshold


def _kept(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    overlaps, kept = _iou(boxes, boxes), list[int]()
    for place in np.argsort(-scores).tolist():
        if (overlaps[place, kept] <= threshold).all():
            kept.append(place)
    return kept


@exercise.question("judge", points=2, title="Right or wrong?")
def judge(answers: Answers, expect: Expect) -> None:
    """`judge(boxes, scores, truths, threshold)`: for each of the boxes whether it finds a truth that is still free."""
    rng = answers.draw("boxes, scores and truths")

    def ask(boxes: np.ndarray, scores: np.ndarray, truths: np.ndarray, threshold: float, hint: str) -> None:
        want = _finds(boxes, scores, truths, threshold)
        for dtype in (np.float64, np.float32):
            arrays = [each.astype(dtype) for each in (boxes, scores, truths)]
            got = answers.call("judge", *arrays, threshold)
            expect.shape(got, want.shape, hint="True or False for each of `boxes`, in their order.")
            expect.close(got, want, hint=hint)

    def compare(count: int, free: bool, hint: str) -> None:
        ask(*_judged(rng, count, free), hint)

    with expect.part(points=1, title="one object, and none"):
        hint = "Of all boxes that overlap the object by `threshold` or more, the one with the highest score is right."
        for _ in range(3):
            compare(1, False, hint)
        boxes, scores, _, threshold = _judged(rng, 1, False)
        got = answers.call("judge", boxes, scores, np.zeros((0, 4)), threshold)
        expect.equal(got, np.zeros(len(boxes), dtype=bool), hint="Where there is nothing, nothing can be found.")
    hint = (
        "From the highest score down: of the objects that are still free, each box takes the one that it overlaps "
        "most, if by `threshold` or more. An object that is taken stays taken."
    )
    for count in (2, 3, 3, 4):
        compare(count, True, or_above(expect, hint))
    boxes, truths = _rows(rng, (0.12, -0.15), (0, 0.2))  # the second box fits only what the first must leave
    for order in ([0, 1], [1, 0]):
        ask(boxes, np.array([0.8, 0.3]), truths[order], float(rng.uniform(0.52, 0.6)), or_above(expect, hint))
    whole, parts = _halved()
    hint = "An overlap that is just `threshold` is enough: here the boxes are halves of an object, and a quarter."
    ask(parts, np.array([0.25, 0.5, 0.75]), whole, 0.5, or_above(expect, hint))


def _judged(rng: np.random.Generator, count: int, free: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Boxes, scores, ``count`` truths and a threshold that no overlap is near; whether a box finds a ``free`` truth
    where the one that it overlaps most is taken. Another order, or another threshold, gives something else."""
    while True:
        truths = np.column_stack([rng.uniform(0.2, 0.45, size=(count, 2)), rng.uniform(0.3, 0.5, size=(count, 2))])
        near = truths[rng.permutation(np.arange(3 * count) % count)]
        boxes = rng.permutation(np.concatenate([_moved(rng, near, 0.12), _anywhere(rng, 2)]))
        scores = (rng.permutation(len(boxes)) + rng.uniform(0.2, 0.8)) / len(boxes)
        threshold, overlaps = float(rng.uniform(0.4, 0.6)), _iou(boxes, truths)
        clear = np.abs(overlaps - threshold).min() > CLEAR and (count == 1 or _clear_rows(overlaps, 0.3))
        found = _finds(boxes, scores, truths, threshold)
        others = [
            _finds(boxes, -np.arange(len(boxes)), truths, threshold),
            _finds(boxes, overlaps.max(axis=1), truths, threshold),
            _finds(boxes, scores, truths, 1e-9),
            overlaps.max(axis=1) >= threshold,
            found[np.argsort(-scores)],
        ]
        if free:
            others.append(_finds(boxes, scores, truths, threshold, nearest=True))
        if clear and found.any() and not any(np.array_equal(found, other) for other in others):
            return boxes, scores, truths, threshold


def _finds(
    boxes: np.ndarray, scores: np.ndarray, truths: np.ndarray, threshold: float, nearest: bool = False
) -> np.ndarray:
    """As COCO judges; or, as for Pascal VOC, by the ``nearest`` truth alone, be it free or not."""
    overlaps, found = _iou(boxes, truths), np.zeros(len(boxes), dtype=bool)
    free = np.ones(len(truths), dtype=bool)
    for place in np.argsort(-scores):
        chosen = np.where(free | nearest, overlaps[place], -1)
        best = int(chosen.argmax())
        found[place] = chosen[best] >= threshold and free[best]
        free[best] &= not found[place]
    return found


@exercise.question("average_precision", points=3, title="Average precision")
def average_precision(answers: Answers, expect: Expect) -> None:
    """`precision_recall(scores, correct, count)` after each detection; `average_precision(scores, correct, count)` of
    the whole curve."""
    rng = answers.draw("detections")
    cases = [_detections(rng, count) for count in (*TRUTHS, *TRUTHS)]
    with expect.part(points=1, title="precision and recall"):
        hint = (
            "From the highest score down, after each detection: which share of those so far is correct, and which "
            "share of all `count` objects is found?"
        )
        for scores, correct, count in cases:
            got = answers.call("precision_recall", scores, correct, count)
            expect.several(got, "precision, recall")
            for curve, want in zip(got, _curve(scores, correct, count)):
                expect.close(curve, want, rtol=1e-4, atol=1e-5, hint=hint)

    def compare(scores: np.ndarray, correct: np.ndarray, count: int, hint: str) -> None:
        want = _average_precision(scores, correct, count)
        got = answers.call("average_precision", scores, correct, count)
        expect.close(got, want, rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="all correct, or none"):
        hint = (
            "Recalls from 0 to 1 in steps of 0.01 are 101. Where all are correct the precision is 1 up to the recall "
            "that is reached, beyond it 0. Where all are wrong it is 0 everywhere, at recall 0 too."
        )
        for count in TRUTHS:
            found = int(rng.integers(2, count))
            for correct in (np.ones(found, dtype=bool), np.ones(count, dtype=bool), np.zeros(found, dtype=bool)):
                compare(rng.permutation(len(correct)) / count, correct, count, hint)
        compare(np.zeros(0), np.zeros(0, dtype=bool), 5, "Who detects nothing has the precision 0 at every recall.")
    hint = (
        "At each of the 101 recalls read the best precision that is reached there or at a higher recall, 0 where none "
        "is; then take the mean."
    )
    for case in cases:
        compare(*case, or_above(expect, hint))


def _detections(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores, whether each is correct, and the number of objects, where the precision rises again after a fall."""
    while True:
        total, found = int(rng.integers(count + 2, 2 * count + 4)), int(rng.integers(count // 2, count))
        correct = rng.permutation(np.arange(total) < found)
        scores = (rng.permutation(total) + rng.uniform(0.2, 0.8)) / total
        precision, _ = _curve(scores, correct, count)
        rises = (precision < np.maximum.accumulate(precision[::-1])[::-1])[correct[np.argsort(-scores)]]
        if rises.sum() > 1:
            return scores, correct, count


def _curve(scores: np.ndarray, correct: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    found = np.cumsum(correct[np.argsort(-scores)])
    return found / np.arange(1, len(found) + 1), found / count


def _average_precision(scores: np.ndarray, correct: np.ndarray, count: int) -> float:
    """As for COCO."""
    precision, recall = _curve(scores, correct, count)
    points = np.linspace(0, 1, 101)[:, np.newaxis]
    return float(np.where(recall >= points, precision, 0).max(axis=1, initial=0).mean())


@exercise.question("training", points=3, title="Two heads", seconds=120)
def training(answers: Answers, expect: Expect) -> None:
    """`detect(pictures)` says which digit each scene holds, and where; `history` is of its network's training."""
    with expect.part(points=1, title="validation data"):
        hint = "history = network.fit(…, validation_data=(…, …)): keep what `fit` returns."
        expect.validated(answers.value("history"), hint=hint)
    mnist, photos = load_mnist(), load_cifar10()
    pictures, labels, boxes = _composed(mnist.x_test, mnist.y_test, photos.x_test, SHOWN, SEED)
    label, box = _heads(expect, answers.call("detect", pictures))
    expect.shape(label, (SHOWN, 10), hint="First a row of ten numbers for each picture.")
    expect.shape(box, (SHOWN, 4), hint="Then a row (y, x, height, width) for each picture.")
    for output in (label, box):
        expect.finite(output, hint="Did the training diverge? A smaller rate, and inputs from 0 to 1.")
    right, box = accuracy(np.asarray(label), labels), np.asarray(box)
    known, digits, _ = _composed(mnist.x_train, mnist.y_train, photos.x_train, SHOWN, SEED)
    of_training = accuracy(np.asarray(_heads(expect, answers.call("detect", known))[0]), digits)
    words = f"It reads {right:.1%} of scenes of test digits and {of_training:.1%} of training digits: learnt by heart?"
    expect.flag(right > of_training + BY_HEART, words)
    overlap = float(np.mean([_iou(box[[each]], boxes[[each]])[0, 0] for each in range(SHOWN)]))
    with expect.part(points=1, title=f"which digit it is, in {BARS[0]:.0%} of the scenes"):
        hint = (
            "More scenes, more epochs, a rate that falls in the end, wider layers? Do the labels belong to the scenes?"
        )
        expect.at_least(right, BARS[0], hint=hint)
    with expect.part(points=1, title=f"where it is, with a mean IoU of {BARS[1]:g}"):
        hint = (
            "Divided by the side, and in the order (y, x, height, width)? For the box it matters where: does pooling "
            "keep the places? And its squared error, a thousandth, weighs little without `loss_weights`."
        )
        expect.at_least(overlap, BARS[1], hint=hint)


def _heads(expect: Expect, outputs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Numbers for the labels, and boxes: of a dict by name, else in this order."""
    if isinstance(outputs, dict) and {"label", "box"} <= outputs.keys():
        return outputs["label"], outputs["box"]
    expect.several(outputs, "labels, boxes")
    return outputs[0], outputs[1]


def _composed(
    digits: np.ndarray, labels: np.ndarray, photos: np.ndarray, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scenes of one digit as the notebook composes them: pictures ``(count, 32, 32, 1)``, labels, boxes."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(len(digits), size=count)
    pictures = 0.6 * photos[rng.integers(len(photos), size=count)].mean(axis=3) / 255
    boxes = np.zeros((count, 4))
    for picture, box, number in zip(pictures, boxes, chosen):
        rows, columns = (np.flatnonzero(digits[number].max(axis) > 99) for axis in (1, 0))
        height = rng.integers(12, 25)
        width = int(np.clip(height * len(columns) / len(rows), 4, 28))
        rows = rows[np.arange(height) * len(rows) // height]
        columns = columns[np.arange(width) * len(columns) // width]
        y, x = rng.integers(SIDE + 1 - height), rng.integers(SIDE + 1 - width)
        under = picture[y : y + height, x : x + width]
        under[:] = np.maximum(under, digits[number][rows][:, columns] / 255)
        box[:] = y, x, height, width
    return pictures[..., np.newaxis].astype(np.float32), labels[chosen], boxes / SIDE
