import itertools

import numpy as np
from keras import ops

def overlaps_of(boxes, others):
    a, b = np.asarray(boxes, float)[:, None], np.asarray(others, float)[None]
    ends = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    sides = np.maximum(ends - np.maximum(a[..., :2], b[..., :2]), 0)
    shared = sides[..., 0] * sides[..., 1]
    union = a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3] - shared
    return np.where(union > 0, shared / np.where(union > 0, union, 1), 0)

# %% iou · right · the length of each side, and nan turned to 0
def iou(boxes, others):
    def along(axis):
        start, size = boxes[:, axis], boxes[:, axis + 2]
        span = np.maximum.outer(start + size, others[:, axis] + others[:, axis + 2])
        span = span - np.minimum.outer(start, others[:, axis])
        return np.maximum(np.add.outer(size, others[:, axis + 2]) - span, 0)
    shared = along(0) * along(1)
    areas = np.add.outer(boxes[:, 2] * boxes[:, 3], others[:, 2] * others[:, 3])
    return np.nan_to_num(shared / (areas - shared))

# %% iou · right · distances of scikit-learn
from sklearn.metrics import pairwise_distances

def iou(boxes, others):
    def pair(a, b):
        sides = np.clip(np.minimum(a[:2] + a[2:], b[:2] + b[2:]) - np.maximum(a[:2], b[:2]), 0, np.inf)
        union = a[2:].prod() + b[2:].prod() - sides.prod()
        return sides.prod() / union if union else 0
    return pairwise_distances(boxes, others, metric=pair)

# %% iou · wrong · two negative sides make a positive area
def iou(boxes, others):
    a, b = boxes[:, None], others[None]
    sides = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.maximum(sides.prod(-1), 0)
    union = a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)

# %% iou · wrong · over the smaller box
def iou(boxes, others):
    a, b = boxes[:, None], others[None]
    sides = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.maximum(sides, 0).prod(-1)
    return shared / np.maximum(np.minimum(a[..., 2:].prod(-1), b[..., 2:].prod(-1)), 1e-9)

# %% codes · right · powers of two
def encode(boxes, anchors):
    code = np.empty(boxes.shape)
    code[:, :2] = ((boxes - anchors)[:, :2] + (boxes - anchors)[:, 2:] / 2) / anchors[:, 2:]
    code[:, 2:] = np.log2(boxes[:, 2:] / anchors[:, 2:]) * np.log(2)
    return code

def decode(codes, anchors):
    box = np.copy(anchors)
    box[:, :2] += anchors[:, 2:] / 2 + codes[:, :2] * anchors[:, 2:]
    box[:, 2:] *= 2 ** (codes[:, 2:] / np.log(2))
    box[:, :2] -= box[:, 2:] / 2
    return box

# %% codes · right · a matrix from boxes to middles and back
TO_MIDDLE = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0.5, 0, 1, 0], [0, 0.5, 0, 1]])

def encode(boxes, anchors):
    b, a = boxes @ TO_MIDDLE, anchors @ TO_MIDDLE
    return np.hstack([(b[:, :2] - a[:, :2]) / a[:, 2:], np.log(b[:, 2:] / a[:, 2:])])

def decode(codes, anchors):
    a = anchors @ TO_MIDDLE
    b = np.hstack([a[:, :2] + codes[:, :2] * a[:, 2:], a[:, 2:] * np.exp(codes[:, 2:])])
    return b @ np.linalg.inv(TO_MIDDLE)

# %% codes · wrong · exponents are limited
def encode(boxes, anchors):
    middles = lambda each: each[:, :2] + each[:, 2:] / 2
    return np.hstack([(middles(boxes) - middles(anchors)) / anchors[:, 2:], np.log(boxes[:, 2:] / anchors[:, 2:])])

def decode(codes, anchors):
    sizes = anchors[:, 2:] * np.exp(np.clip(codes[:, 2:], -1, 1))
    return np.hstack([anchors[:, :2] + anchors[:, 2:] * (0.5 + codes[:, :2]) - sizes / 2, sizes])

# %% codes · wrong · by heights in both directions
def encode(boxes, anchors):
    middles = lambda each: each[:, :2] + each[:, 2:] / 2
    return np.hstack([(middles(boxes) - middles(anchors)) / anchors[:, 2:3], np.log(boxes[:, 2:] / anchors[:, 2:])])

def decode(codes, anchors):
    sizes = anchors[:, 2:] * np.exp(codes[:, 2:])
    return np.hstack([anchors[:, :2] + anchors[:, 2:] / 2 + codes[:, :2] * anchors[:, 2:3] - sizes / 2, sizes])

# %% make_anchors · right · a grid that is filled
def make_anchors(cells, shapes):
    grid = np.empty((cells, cells, len(shapes), 4), "float32")
    grid[..., 2:] = shapes
    middles = (np.arange(cells) + 0.5) / cells
    grid[..., 0] = middles[:, None, None] - grid[..., 2] / 2
    grid[..., 1] = middles[:, None] - grid[..., 3] / 2
    return grid.reshape(-1, 4)

# %% make_anchors · right · place by division
def make_anchors(cells, shapes):
    def anchor(number):
        cell, kind = divmod(number, len(shapes))
        row, column = divmod(cell, cells)
        height, width = shapes[kind]
        return (2 * row + 1 - cells * height) / 2 / cells, (2 * column + 1 - cells * width) / 2 / cells, height, width
    return np.array(list(map(anchor, range(cells * cells * len(shapes)))))

# %% make_anchors · wrong · around the corner of each cell
def make_anchors(cells, shapes):
    corners = np.arange(cells) / cells
    return np.array([(y - h / 2, x - w / 2, h, w) for y in corners for x in corners for h, w in shapes])

# %% make_anchors · wrong · cut at the border
def make_anchors(cells, shapes):
    middles = (np.arange(cells) + 0.5) / cells
    return np.array([(max(y - h / 2, 0), max(x - w / 2, 0), h, w) for y in middles for x in middles for h, w in shapes])

# %% match · right · a column for no box
def match(anchors, boxes, threshold=0.5):
    table = overlaps_of(anchors, boxes)
    if len(boxes):
        table[np.argmax(table, axis=0), np.arange(len(boxes))] = np.inf
    table = np.where(table >= threshold, table, -1)
    return np.concatenate([np.zeros((len(anchors), 1)), table], axis=1).argmax(axis=1) - 1

# %% match · right · box after box
def match(anchors, boxes, threshold=0.5):
    found, best = np.full(len(anchors), -1), np.zeros(len(anchors))
    columns = [overlaps_of(anchors, box[None])[:, 0] for box in boxes]
    for place, column in enumerate(columns):
        better = (column >= threshold) & (column > best)
        found[better], best[better] = place, column[better]
    for place, column in enumerate(columns):
        found[column.argmax()] = place
    return found

# %% match · wrong · only boxes that found no anchor get their best
def match(anchors, boxes, threshold=0.5):
    if not len(boxes):
        return np.full(len(anchors), -1)
    table = overlaps_of(anchors, boxes)
    found = np.where(table.max(1) >= threshold, table.argmax(1), -1)
    for place in range(len(boxes)):
        if place not in found:
            found[table[:, place].argmax()] = place
    return found

# %% match · wrong · the first box that overlaps enough
def match(anchors, boxes, threshold=0.5):
    if not len(boxes):
        return np.full(len(anchors), -1)
    table = overlaps_of(anchors, boxes)
    found = np.where((table >= threshold).any(1), (table >= threshold).argmax(1), -1)
    found[table.argmax(0)] = np.arange(len(boxes))
    return found

# %% nms · right · a heap
import heapq

def nms(boxes, scores, threshold=0.5, limit=100):
    heap = [(-score, place) for place, score in enumerate(scores)]
    heapq.heapify(heap)
    kept = ()
    while heap and len(kept) < limit:
        _, place = heapq.heappop(heap)
        if not kept or overlaps_of(boxes[list(kept)], boxes[place:place + 1]).max() <= threshold:
            kept += (place,)
    return kept

# %% nms · right · the sorted triangle
def nms(boxes, scores, threshold=0.5, limit=100):
    order = np.flip(np.argsort(scores))
    near = np.triu(overlaps_of(boxes[order], boxes[order]) > threshold, 1)
    kept = np.ones(len(order), bool)
    for row in range(len(order)):
        kept[near[row]] &= not kept[row]
    return ops.convert_to_tensor(order[kept][:limit])

# %% nms · wrong · at the threshold it is left out
def nms(boxes, scores, threshold=0.5, limit=100):
    left, kept = list(np.argsort(-scores)), []
    while left and len(kept) < limit:
        kept.append(left.pop(0))
        left = [place for place in left if overlaps_of(boxes[[kept[-1]]], boxes[[place]])[0, 0] < threshold]
    return kept

# %% nms · wrong · the limit comes first
def nms(boxes, scores, threshold=0.5, limit=100):
    left, kept = list(np.argsort(-scores))[:limit], []
    while left:
        kept.append(left.pop(0))
        left = [place for place in left if overlaps_of(boxes[[kept[-1]]], boxes[[place]])[0, 0] <= threshold]
    return kept

# %% judge · right · calls itself
def judge(boxes, scores, truths, threshold=0.5):
    if len(boxes) == 0 or len(truths) == 0:
        return [False] * len(boxes)
    first = int(np.argmax(scores))
    row = overlaps_of(boxes[first:first + 1], truths)[0]
    hit = row.max() >= threshold
    rest = judge(np.delete(boxes, first, 0), np.delete(scores, first),
                 np.delete(truths, row.argmax(), 0) if hit else truths, threshold)
    return np.insert(rest, first, hit)

# %% judge · right · masked arrays
def judge(boxes, scores, truths, threshold=0.5):
    answers = np.zeros(len(scores), dtype=bool)
    if not len(truths):
        return answers
    table = np.ma.masked_array(overlaps_of(boxes, truths), mask=np.zeros((len(boxes), len(truths)), bool))
    for place in np.argsort(-scores):
        row = table[place]
        if not row.mask.all() and row.max() >= threshold:
            answers[place] = True
            table[:, row.argmax()] = np.ma.masked
    return tuple(answers)

# %% judge · wrong · above the threshold only
def judge(boxes, scores, truths, threshold=0.5):
    table, right = overlaps_of(boxes, truths), np.full(len(boxes), False)
    for place in scores.argsort()[::-1]:
        if truths.size and table[place].max() > threshold:
            right[place] = True
            table[:, table[place].argmax()] = 0
    return right

# %% judge · wrong · the first free object that fits
def judge(boxes, scores, truths, threshold=0.5):
    table, right, free = overlaps_of(boxes, truths), np.full(len(boxes), False), np.ones(len(truths), bool)
    for place in np.argsort(-scores):
        fit = np.flatnonzero(free & (table[place] >= threshold))
        if len(fit):
            right[place], free[fit[0]] = True, False
    return right

# %% average_precision · right · an envelope by accumulate, places by bisect
import bisect

def precision_recall(scores, correct, count):
    order = np.lexsort((-scores,))
    hits = np.add.accumulate(np.where(correct[order], 1.0, 0.0))
    return [hits / np.linspace(1, len(order), len(order)), hits / count]

def average_precision(scores, correct, count):
    if not np.any(correct):
        return 0
    precision, recall = precision_recall(scores, correct, count)
    best = list(itertools.accumulate(precision[::-1], max))[::-1] + [0]
    return np.mean([best[bisect.bisect_left(recall.tolist(), at)] for at in np.linspace(0, 1, 101)], keepdims=False)

# %% average_precision · right · how many of the 101 each step of recall wins
def precision_recall(scores, correct, count):
    right = [c for _, c in sorted(zip(-scores, correct))]
    hits = np.cumsum(right)
    return hits / np.arange(1, len(hits) + 1), np.true_divide(hits, count)

def average_precision(scores, correct, count):
    total, best, before = 0.0, 0.0, 101
    if not len(scores):
        return total
    precision, recall = precision_recall(scores, correct, count)
    for p, r in zip(precision[::-1], recall[::-1]):
        upto = int(np.floor(r * 100 + 1e-9)) + 1
        if total == 0 and best == 0:
            before = upto
        total += best * (before - upto)
        best, before = max(best, p), upto
    return (total + best * before) / 101

# %% average_precision · wrong · a hundred recalls
def precision_recall(scores, correct, count):
    hits = np.cumsum(correct[np.argsort(-scores)])
    return hits / (1 + np.arange(hits.size)), hits / count

def average_precision(scores, correct, count):
    precision, recall = precision_recall(scores, correct, count)
    return np.mean([max(precision[recall >= at], default=0) for at in np.arange(0, 1, 0.01)])

# %% average_precision · wrong · at this recall or a lower one
def precision_recall(scores, correct, count):
    hits = np.cumsum(correct[np.argsort(-scores)])
    return hits / (1 + np.arange(hits.size)), hits / count

def average_precision(scores, correct, count):
    precision, recall = precision_recall(scores, correct, count)
    return np.mean([max(precision[recall <= at], default=0) for at in np.linspace(0, 1, 101)])
