"""How good a detector is: average precision, as COCO counts it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RECALLS = np.linspace(0, 1, 101)
COCO_THRESHOLDS = tuple(np.round(np.arange(0.5, 1, 0.05), 2).tolist())
"""0.5, 0.55, …, 0.95: the mean over these is what is written mAP@[.5:.95]."""

Detections = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Of one picture: boxes ``(n, 4)``, classes ``(n,)``, scores ``(n,)``."""


def average_precisions(
    detections: Sequence[Detections],
    boxes: np.ndarray,
    labels: np.ndarray,
    classes: int,
    thresholds: Sequence[float] = (0.5,),
) -> np.ndarray:
    """The average precision of each class at each threshold; its mean over the classes is the mAP.

    Within a picture and a class, the detection of the highest score chooses first: it takes the free object of the
    largest intersection over union, if that reaches the threshold, and is correct then. Precision and recall are
    counted over all pictures as the score falls; the precision, made to fall nowhere as recall falls, is read at the
    recalls 0, 0.01, …, 1 and averaged (Lin et al., "Microsoft COCO", 2014, and its evaluation code, which gives the
    same numbers).

    Args:
        detections: for each picture its boxes (top, left, height, width), classes from 0, and scores.
        boxes: ``(pictures, most, 4)``, the true ones.
        labels: ``(pictures, most)``, their classes; -1 where there is no object.
        classes: how many there are.
        thresholds: of the intersection over union.

    Returns:
        ``(thresholds, classes)``; NaN for a class that has no object.

    Raises:
        ValueError: there are not as many pictures with detections as with boxes and labels.

    >>> truth, labels = np.array([[[0, 0, 2, 2], [4, 4, 2, 2]]]), np.array([[0, 0]])
    >>> found = [(truth[0], np.array([0, 0]), np.array([0.9, 0.8]))]
    >>> average_precisions(found, truth, labels, classes=2)
    array([[ 1., nan]])
    """
    if not len(detections) == len(boxes) == len(labels):
        raise ValueError(
            f"{len(detections)} pictures with detections, {len(boxes)} with boxes, {len(labels)} labelled."
        )
    wanted = np.minimum(thresholds, 1 - 1e-10)
    result = np.full((len(wanted), classes), np.nan)
    for name in range(classes):
        scores, correct, objects = [np.zeros(0)], [np.zeros((len(wanted), 0), bool)], 0
        for (found, kinds, certain), truth, label in zip(detections, boxes, labels):
            mine, truth = kinds == name, truth[label == name]
            objects += len(truth)
            if mine.any():
                order = np.argsort(-certain[mine], kind="stable")
                scores.append(certain[mine][order])
                correct.append(_correct(box_overlaps(found[mine][order], truth), wanted))
        if objects:
            order = np.argsort(-np.concatenate(scores), kind="stable")
            hits = np.concatenate(correct, axis=1)[:, order]
            result[:, name] = [_average(row, objects) for row in hits]
    return result


def box_overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of each box with each other one.

    Args:
        boxes: ``(n, 4)`` top, left, height, width.
        others: ``(m, 4)``.

    Returns:
        ``(n, m)`` from 0 to 1; 0 where neither box has an area.

    >>> box_overlaps(np.array([[0, 0, 2, 2]]), np.array([[0, 1, 2, 2], [5, 5, 1, 1]])).round(2)
    array([[0.33, 0.  ]])
    """
    boxes, others = np.asarray(boxes, float)[:, None], np.asarray(others, float)[None]
    starts = np.maximum(boxes[..., :2], others[..., :2])
    ends = np.minimum(boxes[..., :2] + boxes[..., 2:], others[..., :2] + others[..., 2:])
    shared = np.prod(np.maximum(ends - starts, 0), axis=-1)
    union = np.prod(boxes[..., 2:], axis=-1) + np.prod(others[..., 2:], axis=-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _correct(overlaps: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """``(thresholds, detections)``: which detections, best first, find an object that is still free."""
    correct = np.zeros((len(wanted), len(overlaps)), bool)
    if not overlaps.size:
        return correct
    free, rows = np.ones((len(wanted), overlaps.shape[1]), bool), np.arange(len(wanted))
    for number, overlap in enumerate(overlaps):
        left = np.where(free, overlap, -1)[:, ::-1]  # of equals the last, as in COCO's code
        best = left.shape[1] - 1 - left.argmax(axis=1)
        correct[:, number] = left.max(axis=1) >= wanted
        free[rows, best] &= ~correct[:, number]
    return correct


def _average(correct: np.ndarray, objects: int) -> float:
    hits = np.cumsum(correct)
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    places = np.searchsorted(hits / objects, RECALLS)
    return float(np.append(precision, 0.0)[places].mean())
