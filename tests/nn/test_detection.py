"""Average precision is what COCO's own program counts."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from coursekit.nn import COCO_THRESHOLDS, average_precisions, box_overlaps
from coursekit.nn.detection import Detections

CLASSES = 3


def scenes(seed: int, pictures: int = 40) -> tuple[list[Detections], np.ndarray, np.ndarray]:
    """Objects, and detections near them: some repeated, some of another class, many with the same score."""
    random = np.random.default_rng(seed)
    starts, sizes = random.integers(0, 60, (pictures, 6, 2)), random.integers(10, 40, (pictures, 6, 2))
    boxes, labels = np.concatenate([starts, sizes], axis=-1).astype(float), random.integers(-1, CLASSES, (pictures, 6))
    detections = []
    for box, label in zip(boxes, labels):
        count = random.integers(0, 15)
        which = random.integers(6, size=count)
        near = np.maximum(box[which] + random.normal(0, 2, (count, 4)).round(), 1)
        other = random.integers(CLASSES, size=count)
        classes = np.where(random.random(count) < 0.8, np.maximum(label[which], 0), other)
        detections.append((near, classes, random.random(count).round(1)))
    return detections, boxes, labels


def by_coco(detections: list[Detections], boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Average precision (thresholds, classes) by pycocotools."""
    objects = [
        {"image_id": number, "category_id": int(label) + 1, "bbox": _xywh(box), "area": box[2] * box[3], "iscrowd": 0}
        for number, (row, kinds) in enumerate(zip(boxes, labels), start=1)
        for box, label in zip(row, kinds)
        if label >= 0
    ]
    found = [
        {"image_id": number, "category_id": int(kind) + 1, "bbox": _xywh(box), "score": float(score)}
        for number, each in enumerate(detections, start=1)
        for box, kind, score in zip(*each)
    ]
    truth = COCO()
    truth.dataset = {
        "images": [{"id": number} for number in range(1, len(boxes) + 1)],
        "categories": [{"id": kind} for kind in range(1, CLASSES + 1)],
        "annotations": [{"id": number, **each} for number, each in enumerate(objects, start=1)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][:, :, :, 0, 2]  # (threshold, recall, class), all areas, 100 detections
    return precision.mean(axis=1)


def _xywh(box: np.ndarray) -> list[float]:
    return [float(box[place]) for place in (1, 0, 3, 2)]


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_is_that_of_pycocotools(seed):
    case = scenes(seed)

    ours = average_precisions(*case, classes=CLASSES, thresholds=COCO_THRESHOLDS)

    np.testing.assert_allclose(ours, by_coco(*case), atol=1e-12)
    assert 0.01 < ours.mean() < 0.9


def test_a_class_without_objects_is_no_number_and_one_never_found_is_zero():
    nothing = (np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))

    result = average_precisions([nothing], np.ones((1, 1, 4)), np.array([[1]]), classes=2)

    np.testing.assert_array_equal(result, [[np.nan, 0]])


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="0 pictures with detections"):
        average_precisions([], np.ones((1, 1, 4)), np.array([[1]]), classes=2)


def test_overlaps_of_boxes_without_area_are_zero():
    assert box_overlaps(np.zeros((1, 4)), np.zeros((2, 4))).tolist() == [[0, 0]]


def test_the_thresholds_are_cocos():
    assert COCO_THRESHOLDS == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
