"""Scenes of known objects: exact boxes, parts that have nothing in common, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.data import Scenes, make_scenes, scenes


@pytest.fixture(scope="module")
def many() -> Scenes:
    return make_scenes(300, seed=3)


def test_shapes_and_types(many):
    assert many.pictures.shape == (300, 96, 96, 3)
    assert many.pictures.dtype == np.uint8
    assert many.boxes.shape == (300, 6, 4)
    assert many.boxes.dtype == np.float32
    assert many.labels.shape == (300, 6)
    assert len(many.class_names) == 12
    assert repr(many) == f"Scenes: 300 pictures with {(many.labels >= 0).sum():,} objects"


def test_there_are_one_to_six_objects_and_all_classes(many):
    counts = (many.labels >= 0).sum(axis=1)

    assert set(counts) == {1, 2, 3, 4, 5, 6}
    assert set(many.labels.ravel()) == {-1, *range(12)}


def test_places_without_an_object_come_last_and_are_empty(many):
    there = many.labels >= 0

    assert (np.sort(~there, axis=1) == ~there).all()
    assert (many.boxes[~there] == 0).all()


def test_boxes_lie_inside_and_have_the_promised_sizes(many):
    boxes = many.boxes[many.labels >= 0] * scenes.SIDE
    is_digit = many.labels[many.labels >= 0] < 10

    np.testing.assert_allclose(boxes, boxes.round(), atol=1e-4)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= scenes.SIDE + 1e-4).all()
    assert (boxes[:, 2:].max(axis=1) <= 40 + 1e-4).all()
    assert boxes[is_digit, 3].min() >= 10 - 1e-4
    assert (boxes[is_digit, 2] >= 16 - 1e-4).mean() > 0.95
    assert boxes[~is_digit, 2:].min() >= 20 - 1e-4


def test_boxes_share_at_most_a_tenth_of_the_smaller(many):
    for boxes, labels in zip(many.boxes * scenes.SIDE, many.labels):
        boxes = boxes[labels >= 0]
        for number, one in enumerate(boxes):
            for other in boxes[:number]:
                ends = np.minimum(one[:2] + one[2:], other[:2] + other[2:])
                shared = np.prod(np.maximum(ends - np.maximum(one[:2], other[:2]), 0))
                assert shared <= 0.1 * min(one[2] * one[3], other[2] * other[3]) + 1e-2


def test_a_box_holds_its_object_and_nothing_else_changed(monkeypatch):
    """Without objects the same seed gives other pictures, so the background is made plain instead."""
    plain = np.full((scenes.SIDE, scenes.SIDE, 3), 100, np.uint8)
    monkeypatch.setattr(scenes, "_background", lambda parts, random: plain)
    drawn = make_scenes(60, seed=1, most=1)

    for picture, box in zip(drawn.pictures, drawn.boxes[:, 0] * scenes.SIDE):
        rows, columns = (np.flatnonzero((picture != 100).any(axis=2).any(axis=axis)) for axis in (1, 0))
        top, left, height, width = box.round().astype(int)
        assert (rows.min(), columns.min()) >= (top, left)
        assert (rows.max() + 1, columns.max() + 1) <= (top + height, left + width)
        assert rows.max() + 1 - rows.min() >= height - 1
        assert columns.max() + 1 - columns.min() >= width - 1


def test_a_part(many):
    part = many[10:13]

    assert len(part) == 3
    np.testing.assert_array_equal(part.boxes, many.boxes[10:13])
    assert part.pictures.base is not None


def test_the_seed_decides():
    first, again, other = (make_scenes(4, seed=seed) for seed in (5, 5, 6))

    np.testing.assert_array_equal(first.pictures, again.pictures)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert (first.pictures != other.pictures).any()


def test_parts_have_nothing_in_common():
    parts = {split: scenes._parts(split) for split in ("train", "valid", "test")}

    assert [len(part.digits) for part in parts.values()] == [50_000, 10_000, 10_000]
    assert [len(part.objects) for part in parts.values()] == [6_000, 1_000, 2_000]
    assert [len(part.photographs) for part in parts.values()] == [16, 4, 4]
    assert {piece.size for part in parts.values() for piece in part.photographs} == {(160, 142)}
    assert sorted(sum(scenes.PIECES.values(), ())) == list(np.ndindex(3, 4))


def test_other_sizes():
    boxes = make_scenes(50, most=1, sizes=(48, 90)).boxes[:, 0] * scenes.SIDE

    assert boxes[:, 2].max() > 80
    assert (boxes[:, 2:].max(axis=1) >= 40).all()


def test_one_object_each():
    assert ((make_scenes(20, most=1, split="test").labels >= 0).sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    "wrong", [{"split": "all"}, {"count": 0}, {"most": 0}, {"sizes": (5, 20)}, {"sizes": (30, 20)}]
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"split is|at least 1|sizes go from"):
        make_scenes(**{"count": 1, **wrong})
