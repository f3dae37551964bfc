"""Answers to the questions of exercise 12, as test_object_detection judges them."""

from __future__ import annotations

IOU = """
def iou(boxes, others):
    starts = np.maximum(boxes[:, np.newaxis, :2], others[np.newaxis, :, :2])
    ends = np.minimum(
        boxes[:, np.newaxis, :2] + boxes[:, np.newaxis, 2:], others[np.newaxis, :, :2] + others[np.newaxis, :, 2:])
    shared = np.clip(ends - starts, 0, None).prod(axis=-1)
    union = boxes[:, np.newaxis, 2:].prod(axis=-1) + others[np.newaxis, :, 2:].prod(axis=-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
"""
ENCODE = """
def encode(boxes, anchors):
    middles, others = (each[:, :2] + each[:, 2:] / 2 for each in (boxes, anchors))
    return np.hstack([(middles - others) / anchors[:, 2:], np.log(boxes[:, 2:] / anchors[:, 2:])])
"""
DECODE = """
def decode(codes, anchors):
    sizes = np.exp(codes[:, 2:]) * anchors[:, 2:]
    middles = codes[:, :2] * anchors[:, 2:] + anchors[:, :2] + anchors[:, 2:] / 2
    return np.hstack([middles - sizes / 2, sizes])
"""
CODES = ENCODE + DECODE
ANCHORS = """
def make_anchors(cells, shapes):
    rows = []
    for i in range(cells):
        for j in range(cells):
            for height, width in shapes:
                y, x = (i + 0.5) / cells, (j + 0.5) / cells
                rows.append([y - height / 2, x - width / 2, height, width])
    return rows
"""
MATCH = """
def match(anchors, boxes, threshold):
    none = np.full(len(anchors), -1)
    if len(boxes) == 0:
        return none
    overlaps = iou(anchors, boxes)
    found = np.where(overlaps.max(axis=1) >= threshold, overlaps.argmax(axis=1), none)
    for box in range(len(boxes)):
        found[overlaps[:, box].argmax()] = box
    return found
"""
NMS = """
def nms(boxes, scores, threshold, limit):
    kept, waiting = [], np.argsort(-scores)
    while len(waiting) and len(kept) < limit:
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        waiting = waiting[iou(boxes[[best]], boxes[waiting])[0] <= threshold]
    return kept
"""
JUDGE = """
def judge(boxes, scores, truths, threshold):
    free, right = list(range(len(truths))), [False] * len(boxes)
    for place in np.argsort(-scores):
        if not free:
            break
        overlaps = iou(boxes[[place]], truths[free])[0]
        if overlaps.max() >= threshold:
            right[place] = True
            free.pop(overlaps.argmax())
    return right
"""
CURVE = """
def precision_recall(scores, correct, count):
    found = np.cumsum(correct[np.argsort(-scores)])
    return found / np.arange(1, len(found) + 1), found / count
"""
AVERAGE = """
def average_precision(scores, correct, count):
    precision, recall = precision_recall(scores, correct, count)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, np.linspace(0, 1, 101))
    return np.mean(np.append(precision, 0)[places])
"""
CURVES = CURVE + AVERAGE

RIGHT = {
    "iou": [
        IOU,
        """
        def iou(boxes, others):  # pair by pair, in Python's numbers
            def overlap(a, b):
                (top, left, height, width), (other_top, other_left, other_height, other_width) = a, b
                down = min(top + height, other_top + other_height) - max(top, other_top)
                right = min(left + width, other_left + other_width) - max(left, other_left)
                if down <= 0 or right <= 0:
                    return 0.0
                return down * right / (height * width + other_height * other_width - down * right)
            return [[overlap(a, b) for b in others.tolist()] for a in boxes.tolist()]
        """,
        """
        import tensorflow as tf
        def iou(boxes, others):
            boxes, others = tf.constant(boxes)[:, None], tf.constant(others)[None]
            sides = tf.minimum(boxes[..., :2] + boxes[..., 2:], others[..., :2] + others[..., 2:])
            sides = tf.nn.relu(sides - tf.maximum(boxes[..., :2], others[..., :2]))
            shared = tf.reduce_prod(sides, axis=-1)
            areas = tf.reduce_prod(boxes[..., 2:], axis=-1) + tf.reduce_prod(others[..., 2:], axis=-1)
            return tf.math.divide_no_nan(shared, areas - shared)
        """,
        """
        def iou(boxes, others):  # how far the middles lie apart, against half the sum of the sizes
            shared = np.ones((len(boxes), len(others)))
            for axis in (0, 1):
                size, other = boxes[:, 2 + axis, None], others[:, 2 + axis]
                apart = abs(boxes[:, axis, None] + size / 2 - others[:, axis] - other / 2)
                shared *= np.clip((size + other) / 2 - apart, 0, np.minimum(size, other))
            areas = np.add.outer(boxes[:, 2] * boxes[:, 3], others[:, 2] * others[:, 3])
            return shared / np.maximum(areas - shared, 1e-9)
        """,
        """
        def iou(boxes, others):  # one column for each of the others
            columns = []
            for y, x, height, width in others:
                bottom = np.minimum(boxes[:, 0] + boxes[:, 2], y + height)
                right = np.minimum(boxes[:, 1] + boxes[:, 3], x + width)
                shared = (bottom - np.maximum(boxes[:, 0], y)).clip(0) * (right - np.maximum(boxes[:, 1], x)).clip(0)
                columns.append(shared / (boxes[:, 2] * boxes[:, 3] + height * width - shared + 1e-12))
            return np.stack(columns, axis=1)
        """,
    ],
    "codes": [
        CODES,
        """
        def encode(boxes, anchors):  # column by column
            code = np.empty_like(boxes)
            for axis in (0, 1):
                away = boxes[:, axis] - anchors[:, axis] + (boxes[:, 2 + axis] - anchors[:, 2 + axis]) / 2
                code[:, axis] = away / anchors[:, 2 + axis]
                code[:, 2 + axis] = np.log(boxes[:, 2 + axis]) - np.log(anchors[:, 2 + axis])
            return code
        def decode(codes, anchors):
            y, x, h, w = anchors.T
            a, b, c, d = codes.T
            height, width = h * np.exp(c), w * np.exp(d)
            return np.stack([y + h * (a + 0.5) - height / 2, x + w * (b + 0.5) - width / 2, height, width], axis=1)
        """,
        """
        import math
        def encode(boxes, anchors):  # row by row
            rows = []
            for (y, x, h, w), (v, u, k, l) in zip(boxes.tolist(), anchors.tolist()):
                down, right = (y + h / 2 - v - k / 2) / k, (x + w / 2 - u - l / 2) / l
                rows.append([down, right, math.log(h / k), math.log(w / l)])
            return rows
        def decode(codes, anchors):
            rows = []
            for (a, b, c, d), (v, u, k, l) in zip(codes.tolist(), anchors.tolist()):
                h, w = k * math.exp(c), l * math.exp(d)
                rows.append([v + k / 2 + a * k - h / 2, u + l / 2 + b * l - w / 2, h, w])
            return rows
        """,
        """
        import tensorflow as tf
        def centred(boxes):
            start, size = tf.split(tf.convert_to_tensor(boxes), 2, axis=1)
            return start + size / 2, size
        def encode(boxes, anchors):
            (middle, size), (anchor_middle, anchor_size) = centred(boxes), centred(anchors)
            return tf.concat([(middle - anchor_middle) / anchor_size, tf.math.log(size / anchor_size)], axis=1)
        def decode(codes, anchors):
            middle, size = centred(anchors)
            away, growth = tf.split(tf.convert_to_tensor(codes), 2, axis=1)
            return tf.concat([middle + size * (away - tf.exp(growth) / 2), size * tf.exp(growth)], axis=1)
        """,
    ],
    "make_anchors": [
        ANCHORS,
        """
        def make_anchors(cells, shapes):
            shapes = np.asarray(shapes)
            middles = (np.arange(cells) + 0.5) / cells
            y, x = np.meshgrid(middles, middles, indexing="ij")
            middles = np.repeat(np.stack([y, x], axis=-1).reshape(-1, 2), len(shapes), axis=0)
            sizes = np.tile(shapes, (cells**2, 1))
            return np.concatenate([middles - sizes / 2, sizes], axis=1)
        """,
        """
        from itertools import product
        def make_anchors(cells, shapes):
            places = [(2 * place + 1) / (2 * cells) for place in range(cells)]
            return [(y - h / 2, x - w / 2, h, w) for y, x, (h, w) in product(places, places, shapes)]
        """,
        """
        import tensorflow as tf
        def make_anchors(cells, shapes):
            middles = tf.linspace(0.5 / cells, 1 - 0.5 / cells, cells)
            y, x = tf.meshgrid(middles, middles, indexing="ij")
            sizes = tf.broadcast_to(tf.constant(shapes, y.dtype), (cells, cells, len(shapes), 2))
            starts = tf.stack([y, x], axis=-1)[:, :, tf.newaxis] - sizes / 2
            return tf.reshape(tf.concat([starts, sizes], axis=-1), (-1, 4))
        """,
        """
        def make_anchors(cells, shapes):  # written into a map
            boxes = np.zeros((cells, cells, len(shapes), 4))
            boxes[..., 2:] = shapes
            boxes[..., 0] = np.arange(cells)[:, None, None]
            boxes[..., 1] = np.arange(cells)[None, :, None]
            boxes[..., :2] = (boxes[..., :2] + 0.5) / cells - boxes[..., 2:] / 2
            return boxes.reshape(-1, 4)
        """,
    ],
    "match": [
        MATCH,
        """
        def match(anchors, boxes, threshold):  # number by number
            table = np.asarray(iou(anchors, boxes)).tolist()
            found = []
            for row in table:
                place = max(range(len(row)), key=row.__getitem__, default=None)
                found.append(place if place is not None and row[place] >= threshold else -1)
            for box in range(len(boxes)):
                column = [row[box] for row in table]
                found[column.index(max(column))] = box
            return found
        """,
        """
        def match(anchors, boxes, threshold):  # overlaps of the best anchors made larger than any
            found = np.full(len(anchors), -1)
            if len(boxes):
                overlaps = iou(anchors, boxes)
                overlaps[np.argmax(overlaps, axis=0), np.arange(len(boxes))] = 2
                enough = overlaps.max(axis=1) >= threshold
                found[enough] = overlaps.argmax(axis=1)[enough]
            return found
        """,
        """
        import tensorflow as tf
        def match(anchors, boxes, threshold):
            if not len(boxes):
                return tf.fill([len(anchors)], -1)
            overlaps = tf.constant(iou(anchors, boxes))
            found = tf.where(
                tf.reduce_max(overlaps, axis=1) >= tf.cast(threshold, overlaps.dtype), tf.argmax(overlaps, axis=1), -1)
            best = tf.argmax(overlaps, axis=0)[:, tf.newaxis]
            return tf.tensor_scatter_nd_update(found, best, tf.range(len(boxes), dtype=tf.int64))
        """,
        """
        def match(anchors, boxes, threshold):  # a column of its own for no box
            table = np.column_stack([iou(anchors, boxes), np.full(len(anchors), threshold - 1e-9)])
            found = table.argmax(axis=1)
            if len(boxes):
                found[table[:, :-1].argmax(axis=0)] = range(len(boxes))
            found[found == len(boxes)] = -1
            return found.astype("int8")
        """,
    ],
    "nms": [
        NMS,
        """
        def nms(boxes, scores, threshold, limit):  # all overlaps at once
            overlaps, kept = np.asarray(iou(boxes, boxes)), []
            for place in sorted(range(len(scores)), key=lambda place: scores[place], reverse=True):
                if all(overlaps[place, other] <= threshold for other in kept):
                    kept.append(place)
            return np.array(kept[:limit], dtype=int)
        """,
        """
        import tensorflow as tf
        def nms(boxes, scores, threshold, limit):  # TensorFlow's
            corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1).astype("float32")
            return tf.image.non_max_suppression(corners, scores.astype("float32"), limit, threshold)
        """,
        """
        def nms(boxes, scores, threshold, limit):  # the rest by calling itself
            def keep(waiting):
                if not waiting:
                    return []
                best = max(waiting, key=lambda place: scores[place])
                near = iou(boxes[[best]], boxes[waiting])[0] > threshold
                return [best, *keep([place for place, gone in zip(waiting, near) if not gone and place != best])]
            return keep(list(range(len(boxes))))[:limit]
        """,
        """
        def nms(boxes, scores, threshold, limit):  # scores of what goes are taken away
            scores, kept = np.array(scores, dtype=float), []
            while np.isfinite(scores).any() and len(kept) < limit:
                kept.append(int(np.argmax(scores)))
                scores[iou(boxes[kept[-1:]], boxes)[0] > threshold] = -np.inf
                scores[kept] = -np.inf
            return tuple(kept)
        """,
    ],
    "judge": [
        JUDGE,
        """
        def judge(boxes, scores, truths, threshold):  # overlaps of what is taken are taken away
            right, overlaps = np.zeros(len(boxes), int), np.array(iou(boxes, truths))
            if len(truths):
                for place in sorted(range(len(boxes)), key=lambda place: -scores[place]):
                    truth = int(np.argmax(overlaps[place]))
                    if overlaps[place, truth] >= threshold:
                        right[place], overlaps[:, truth] = 1, -1
            return right
        """,
        """
        def judge(boxes, scores, truths, threshold):  # a set of what is taken
            taken, right = set(), {}
            for score, place in sorted(zip(scores.tolist(), range(len(boxes))), reverse=True):
                pairs = [(overlap, truth) for truth, overlap in enumerate(iou(boxes[place : place + 1], truths)[0])
                         if truth not in taken and overlap >= threshold]
                right[place] = bool(pairs)
                taken |= {max(pairs)[1]} if pairs else set()
            return [right[place] for place in range(len(boxes))]
        """,
        """
        import tensorflow as tf
        def judge(boxes, scores, truths, threshold):
            order = tf.argsort(tf.constant(scores), direction="DESCENDING").numpy()
            right = []
            for place in order:
                overlaps = np.append(iou(boxes[[place]], truths)[0], 0)
                right.append(overlaps.max() >= threshold)
                if right[-1]:
                    truths = np.delete(truths, overlaps.argmax(), axis=0)
            return tf.gather(tf.constant(right), np.argsort(order))
        """,
    ],
    "average_precision": [
        CURVES,
        """
        def precision_recall(scores, correct, count):  # one detection after the other
            precision, recall, found = [], [], 0
            for seen, place in enumerate(sorted(range(len(scores)), key=lambda place: -scores[place]), 1):
                found += bool(correct[place])
                precision.append(found / seen)
                recall.append(found / count)
            return precision, recall
        def average_precision(scores, correct, count):
            pairs = list(zip(*precision_recall(scores, correct, count)))
            return sum(max((p for p, r in pairs if r >= level / 100), default=0) for level in range(101)) / 101
        """,
        """
        def precision_recall(scores, correct, count):
            order = np.flip(np.argsort(scores))
            tp, fp = np.cumsum(correct[order]), np.cumsum(~correct[order])
            return [tp / (tp + fp), tp / count]
        def average_precision(scores, correct, count):  # from the right, the best so far
            precision, recall = (curve.tolist() for curve in precision_recall(scores, correct, count))
            total, best, place = 0.0, 0.0, len(recall) - 1
            for level in np.arange(100, -1, -1) / 100:
                while place >= 0 and recall[place] >= level:
                    best, place = max(best, precision[place]), place - 1
                total += best
            return np.float32(total / 101)
        """,
        """
        import tensorflow as tf
        def precision_recall(scores, correct, count):
            order = tf.argsort(tf.constant(scores), direction="DESCENDING")
            found = tf.cumsum(tf.cast(tf.gather(tf.constant(correct), order), tf.float64))
            return found / tf.range(1, len(scores) + 1, dtype=tf.float64), found / count
        def average_precision(scores, correct, count):
            if not len(scores):
                return tf.constant(0.0)
            precision, recall = precision_recall(scores, correct, count)
            there = recall >= tf.linspace(tf.constant(0.0, tf.float64), 1, 101)[:, None]
            return tf.reduce_mean(tf.reduce_max(tf.where(there, precision, 0), axis=1))
        """,
    ],
}

SIDES = "starts = np.maximum(boxes[:, np.newaxis, :2], others[np.newaxis, :, :2])"
WRONG = {
    "iou": [
        (
            "what is shared",
            IOU.replace("np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)", "shared"),
        ),
        ("shared over both areas", IOU.replace("axis=-1) - shared\n", "axis=-1)\n")),
        (
            "shared over the first",
            IOU.replace("np.divide(shared, union,", "np.divide(shared, boxes[:, [2]] * boxes[:, [3]] + 0 * shared,"),
        ),
        (
            "corners taken for sizes",
            IOU.replace(" + boxes[:, np.newaxis, 2:]", "")
            .replace(" + others[np.newaxis, :, 2:]", "")
            .replace("[:, np.newaxis, :2], others", "[:, np.newaxis, 2:], others"),
        ),
        (
            "middles taken for corners",
            """
            def iou(boxes, others):
                (start, end), (other_start, other_end) = (
                    (each[:, :2] - each[:, 2:] / 2, each[:, :2] + each[:, 2:] / 2) for each in (boxes, others))
                sides = np.minimum(end[:, None], other_end) - np.maximum(start[:, None], other_start)
                shared = sides.clip(0).prod(axis=2)
                areas = boxes[:, 2:].prod(axis=1)[:, None] + others[:, 2:].prod(axis=1)
                return shared / np.maximum(areas - shared, 1e-9)
            """,
        ),
        ("none", "def iou(boxes, others): return np.zeros((len(boxes), len(others)))"),
        ("each with its own", "def iou(boxes, others): return np.ones(min(len(boxes), len(others)))"),
        (
            "the smaller area",
            """
            def iou(boxes, others):
                ends = np.minimum((boxes[:, :2] + boxes[:, 2:])[:, None], others[:, :2] + others[:, 2:])
                shared = (ends - np.maximum(boxes[:, None, :2], others[:, :2])).clip(0).prod(axis=2)
                smaller = np.minimum(boxes[:, 2:].prod(axis=1)[:, None], others[:, 2:].prod(axis=1))
                return shared / np.maximum(smaller, 1e-9)
            """,
        ),
    ],
    "codes": [
        (
            "differences",
            "def encode(boxes, anchors): return boxes - anchors\ndef decode(codes, anchors): return codes + anchors",
        ),
        (
            "edges for middles",
            CODES.replace("each[:, :2] + each[:, 2:] / 2", "each[:, :2]")
            .replace("anchors[:, :2] + anchors[:, 2:] / 2", "anchors[:, :2]")
            .replace("middles - sizes / 2", "middles"),
        ),
        (
            "ratios without a logarithm",
            CODES.replace("np.log(boxes[:, 2:] / anchors[:, 2:])", "boxes[:, 2:] / anchors[:, 2:]").replace(
                "np.exp(codes[:, 2:])", "codes[:, 2:]"
            ),
        ),
        (
            "in pictures",
            CODES.replace("(middles - others) / anchors[:, 2:]", "middles - others").replace(
                "codes[:, :2] * anchors[:, 2:]", "codes[:, :2]"
            ),
        ),
        (
            "in boxes",
            CODES.replace("(middles - others) / anchors[:, 2:]", "(middles - others) / boxes[:, 2:]").replace(
                "codes[:, :2] * anchors[:, 2:]", "codes[:, :2] * sizes"
            ),
        ),
        (
            "anchors from boxes",
            CODES.replace("(middles - others)", "(others - middles)")
            .replace("boxes[:, 2:] / anchors[:, 2:]", "anchors[:, 2:] / boxes[:, 2:]")
            .replace("np.exp(codes", "np.exp(-codes")
            .replace("= codes", "= -codes"),
        ),
        (
            "with variances",
            CODES.replace("[(middles - others)", "[10 * (middles - others)")
            .replace("np.log", "5 * np.log")
            .replace("codes[:, :2] *", "codes[:, :2] / 10 *")
            .replace("codes[:, 2:])", "codes[:, 2:] / 5)"),
        ),
        ("binary logarithms", CODES.replace("np.log", "np.log2").replace("np.exp(", "np.exp2(")),
    ],
    "make_anchors": [
        ("corners of cells", ANCHORS.replace(" + 0.5", "")),
        ("middles of boxes", ANCHORS.replace("y - height / 2, x - width / 2", "y, x")),
        ("columns first", ANCHORS.replace("[y - height / 2, x - width / 2", "[x - height / 2, y - width / 2")),
        (
            "to the last edge",
            ANCHORS.replace("(i + 0.5) / cells, (j + 0.5) / cells", "i / max(cells - 1, 1), j / max(cells - 1, 1)"),
        ),
        ("sizes in cells", ANCHORS.replace("in shapes:", "in np.array(shapes) / cells * 2:")),
        ("height and width exchanged", ANCHORS.replace("for height, width", "for width, height")),
        ("clipped", ANCHORS.replace("return rows", "return np.clip(rows, 0, None)").replace("(i + 0.5)", "(i + 0.2)")),
        ("a map", ANCHORS.replace("return rows", "return np.reshape(rows, (cells, cells, -1, 4))")),
    ],
    "match": [
        ("the overlap itself", "def match(anchors, boxes, threshold): return iou(anchors, boxes).max(axis=1)"),
        ("for each box its anchor", "def match(anchors, boxes, threshold): return iou(anchors, boxes).argmax(axis=0)"),
        ("no threshold", "def match(anchors, boxes, threshold): return iou(anchors, boxes).argmax(axis=1)"),
        (
            "the best anchors alone",
            MATCH.replace("overlaps.max(axis=1) >= threshold", "False").replace("return none", "return []"),
        ),
        (
            "whether it finds one",
            MATCH.replace("return found", "return found >= 0").replace("return none", "return []"),
        ),
        ("0 for none", MATCH.replace(", -1)", ", 0)")),
        (
            "counted from 1",
            MATCH.replace("overlaps.argmax(axis=1),", "overlaps.argmax(axis=1) + 1,")
            .replace("] = box", "] = box + 1")
            .replace("return none", "return []"),
        ),
        (
            "the first box of enough overlap",
            MATCH.replace("overlaps.argmax(axis=1),", "(overlaps >= threshold).argmax(axis=1) + 9,").replace(
                "return none", "return []"
            ),
        ),
    ],
    "nms": [
        ("all of them", "def nms(boxes, scores, threshold, limit): return np.argsort(-scores)"),
        (
            "only the best",
            "def nms(boxes, scores, threshold, limit): return [int(np.argmax(scores))] if len(scores) else []",
        ),
        ("the worst first", NMS.replace("-scores", "scores")),
        ("the other way round", NMS.replace("<= threshold", "> threshold")),
        ("as they came", NMS.replace("np.argsort(-scores)", "np.arange(len(scores))")),
        ("in the order of places", NMS.replace("return kept", "return sorted(kept)")),
        ("the boxes themselves", NMS.replace("return kept", "return boxes[kept]")),
        ("a threshold of its own", NMS.replace("<= threshold", "<= 0.8")),
        ("marks for all", NMS.replace("return kept", "return np.isin(np.arange(len(scores)), kept)")),
    ],
    "judge": [
        (
            "an object for many",
            """
            def judge(boxes, scores, truths, threshold):
                return iou(boxes, truths).max(axis=1, initial=0) >= threshold
            """,
        ),
        (
            "the best of all",
            JUDGE.replace("        free.pop", "        return right\n        free.pop")
            .replace("            right[place] = True\n", "            right[np.argmax(scores)] = True\n")
            .replace("np.argsort(-scores)", "range(len(boxes))"),
        ),
        ("from the lowest score", JUDGE.replace("-scores", "scores")),
        ("as they came", JUDGE.replace("np.argsort(-scores)", "range(len(boxes))")),
        ("in the order of scores", JUDGE.replace("return right", "return np.array(right)[np.argsort(-scores)]")),
        ("any overlap", JUDGE.replace(">= threshold", "> 0")),
        (
            "which object",
            JUDGE.replace("= [False] * len(boxes)", "= [-1] * len(boxes)").replace(
                "right[place] = True", "right[place] = free[overlaps.argmax()]"
            ),
        ),
        ("how many", JUDGE.replace("return right", "return sum(right)")),
        (
            "by overlap, not by score",
            """
            def judge(boxes, scores, truths, threshold):
                overlaps, right = np.array(iou(boxes, truths)), np.zeros(len(boxes), bool)
                while overlaps.max(initial=0) >= threshold:
                    place, truth = np.unravel_index(overlaps.argmax(), overlaps.shape)
                    right[place], overlaps[place], overlaps[:, truth] = True, 0, 0
                return right
            """,
        ),
    ],
    "average_precision": [
        (
            "all in one",
            """
            def precision_recall(scores, correct, count): return correct.mean(), correct.sum() / count
            def average_precision(scores, correct, count): return correct.mean() if len(correct) else 0
            """,
        ),
        (
            "unsorted",
            CURVES.replace("correct[np.argsort(-scores)]", "correct").replace(
                "np.append(precision, 0)[places]", "precision"
            ),
        ),
        (
            "exchanged",
            CURVES.replace(
                "return found / np.arange(1, len(found) + 1), found / count",
                "return found / count, found / np.arange(1, len(found) + 1)",
            ),
        ),
        ("of those found", CURVES.replace("found / count", "found / found[-1]")),
        (
            "scores for precision",
            CURVES.replace(
                "return found / np.arange(1, len(found) + 1), found / count",
                "return np.sort(scores)[::-1], found / count",
            ),
        ),
        ("one behind", CURVES.replace("np.arange(1, len(found) + 1)", "np.arange(2, len(found) + 2)")),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("iou", IOU.replace("np.clip(ends - starts, 0, None)", "(ends - starts)"), 1),  # two negative sides make an area
    ("iou", IOU.replace("np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)", "shared / union"), 2),
    (
        "iou",
        IOU.replace("    return", "    shared[(ends < starts).all(axis=-1)] = 0\n    return").replace(
            "np.clip(ends - starts, 0, None)", "(ends - starts)"
        ),
        1,
    ),
    (
        "iou",
        IOU.replace("return np", "return np.diag(np").replace("union > 0)", "union > 0))[:, np.newaxis]"),
        2,
    ),  # pairs
    ("iou", IOU.replace("    return np", "    return np.transpose(np").replace("union > 0)", "union > 0))"), 2),
    ("codes", ENCODE, 1),
    ("codes", DECODE, 1),
    ("codes", ENCODE + DECODE.replace("middles - sizes / 2", "middles - anchors[:, 2:] / 2"), 1),
    ("codes", ENCODE + DECODE.replace("codes[:, :2] * anchors[:, 2:]", "codes[:, :2] * sizes"), 1),
    ("codes", ENCODE.replace("np.log(boxes[:, 2:] / anchors[:, 2:])", "boxes[:, 2:] / anchors[:, 2:] - 1") + DECODE, 1),
    ("make_anchors", ANCHORS.replace("for height, width in shapes:", "for height, width in shapes[:1]:"), 1),
    (
        "make_anchors",
        """
        def make_anchors(cells, shapes):  # shape by shape
            return np.concatenate([
                [((i + 0.5) / cells - h / 2, (j + 0.5) / cells - w / 2, h, w)
                 for i in range(cells) for j in range(cells)]
                for h, w in shapes])
        """,
        1,
    ),
    ("match", MATCH.replace("    for box", "    return found\n    for box"), 2),  # a far box has nobody
    ("match", MATCH.replace("    if len(boxes) == 0:\n        return none\n", ""), 2),
    ("match", MATCH.replace("= box\n", "= box if overlaps[:, box].max() >= threshold else -1\n"), 2),
    ("match", MATCH.replace(".argmax()] = box", ".argmax()] = max(found[overlaps[:, box].argmax()], box)"), 2),
    ("match", MATCH.replace("in range(len(boxes)):", "in set(range(len(boxes))) - set(found.tolist()):"), 2),
    ("match", MATCH.replace(">= threshold", "> threshold"), 2),
    (
        "match",
        MATCH.replace("        found[over", "        if overlaps[:, box].max() > 0.1:\n            found[over"),
        2,
    ),
    (
        "nms",
        """
        def nms(boxes, scores, threshold, limit):  # whatever a better one overlaps goes
            worse = (iou(boxes, boxes) > threshold) & (scores[:, np.newaxis] < scores)
            order = np.argsort(-scores)
            return order[~worse.any(axis=1)[order]][:limit]
        """,
        1,
    ),
    ("nms", NMS.replace(" and len(kept) < limit", ""), 1),
    ("nms", NMS.replace("kept) < limit", "kept) <= limit"), 1),
    ("nms", NMS.replace("np.argsort(-scores)", "np.argsort(-scores)[:limit]"), 1),
    ("nms", NMS.replace("<= threshold", "< threshold"), 1),
    (
        "judge",
        """
        def judge(boxes, scores, truths, threshold):  # by the nearest object alone, free or not
            taken, right = set(), [False] * len(boxes)
            for place in np.argsort(-scores) if len(truths) else ():
                overlaps = iou(boxes[[place]], truths)[0]
                best = int(overlaps.argmax())
                if overlaps[best] >= threshold and best not in taken:
                    right[place] = True
                    taken.add(best)
            return right
        """,
        1,
    ),
    ("judge", JUDGE.replace("            free.pop(overlaps.argmax())", "            break"), 1),
    ("judge", JUDGE.replace("free.pop(overlaps.argmax())", "free.pop(0)"), 1),
    ("judge", JUDGE.replace("free.pop(overlaps.argmax())", "free.pop((overlaps >= threshold).argmax())"), 1),
    ("judge", JUDGE.replace("free.pop(overlaps.argmax())", "free.pop(np.flatnonzero(overlaps >= threshold)[-1])"), 1),
    ("judge", JUDGE.replace(">= threshold", "> threshold"), 1),
    ("average_precision", CURVE, 1),
    ("average_precision", CURVES.replace("    precision = np.maximum.accumulate(precision[::-1])[::-1]\n", ""), 2),
    ("average_precision", CURVES.replace("-scores", "scores"), 1),
    (
        "average_precision",  # the area below the curve
        CURVE
        + """
def average_precision(scores, correct, count):
    precision, recall = precision_recall(scores, correct, count)
    return float(np.sum(np.diff(recall, prepend=0) * precision))
""",
        1,
    ),
    (
        "average_precision",  # Pascal VOC's eleven recalls
        CURVES.replace("101", "11"),
        1,
    ),
    ("average_precision", CURVES.replace("[::-1])[::-1]", ")"), 2),
    (
        "average_precision",
        CURVES.replace("np.append(precision, 0)[places]", "precision[np.minimum(places, len(precision) - 1)]"),
        1,
    ),
]
