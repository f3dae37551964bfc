"""Every check of exercise 12 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import AnswerTables
from object_detection_answers import PARTIAL, RIGHT, WRONG

from coursekit.checks import object_detection as checks
from coursekit.data import make_scenes
from coursekit.grading import find_exercise

EXERCISE = "12_object_detection"


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)

    def names(self, question, request):
        """The overlap of question 1, which later answers may use."""
        return {"iou": checks._iou} if question in ("match", "nms", "judge") else {}


def test_the_points_add_up():
    assert find_exercise(EXERCISE).points == 20


def test_the_overlaps_are_areas():
    """Counted in cells of a fine grid."""
    rng = np.random.default_rng(0)
    cells = (np.arange(1000) + 0.5) / 1000
    boxes = [checks._crossing(rng, 3), checks._anywhere(rng, 3)]
    inside = [
        [np.outer((cells > y) & (cells < y + h), (cells > x) & (cells < x + w)) for y, x, h, w in each]
        for each in (boxes[0], np.concatenate(boxes))
    ]
    want = [[(one & other).sum() / (one | other).sum() for other in inside[1]] for one in inside[0]]
    assert checks._iou(boxes[0], np.concatenate(boxes)) == pytest.approx(np.array(want), abs=0.01)


def test_suppression_is_that_of_tensorflow():
    import tensorflow as tf

    for seed in range(30):
        boxes, scores, threshold = checks._crowd(np.random.default_rng(seed), 12, True)
        corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        theirs = tf.image.non_max_suppression(corners.astype("float32"), scores.astype("float32"), 12, threshold)
        assert checks._kept(boxes, scores, threshold) == theirs.numpy().tolist()


def test_codes_lead_back_to_the_boxes():
    rng = np.random.default_rng(0)
    boxes, anchors = checks._crossing(rng, 9), checks._anywhere(rng, 9)
    assert checks._decode(checks._encode(boxes, anchors), anchors) == pytest.approx(boxes)
    middles = anchors[:, :2] + anchors[:, 2:] / 2
    moved = checks._decode(np.tile([1, -1, 0, np.log(2)], (9, 1)), anchors)
    assert moved[:, :2] + moved[:, 2:] / 2 == pytest.approx(middles + anchors[:, 2:] * [1, -1])
    assert moved[:, 2:] == pytest.approx(anchors[:, 2:] * [1, 2])


def test_no_recall_but_0_and_1_falls_on_one_of_the_levels():
    for count in checks.TRUTHS:
        recalls = np.arange(1, count) / count
        assert np.abs(recalls[:, np.newaxis] - np.linspace(0, 1, 101)).min() > 5e-4


@pytest.fixture(scope="module")
def scenes():
    """Scenes whose first two rows of pixels tell what is in them, and where."""
    scenes = make_scenes(checks.SHOWN, seed=checks.SEED, split="test", most=1)
    scenes.pictures[:, 0, :4, 0] = np.round(255 * scenes.boxes[:, 0])
    scenes.pictures[:, 1, :12, 0] = 255 * np.eye(12)[scenes.labels[:, 0]]
    return scenes


@pytest.fixture
def networks(scenes, monkeypatch):
    """A network that reads these rows, of boxes that are moved, and of labels, so many of them wrong."""
    import keras
    from keras import layers

    monkeypatch.setattr(checks, "make_scenes", lambda count, **given: scenes)
    inputs = keras.Input((96, 96, 3))
    rows = [layers.Flatten()(inputs[:, row, :size, 0] / 255) for row, size in ((1, 12), (0, 4))]

    def reading(wrong: float = 0, moved: float = 0, made=lambda label, box: {"label": label, "box": box}):
        confused = np.eye(12) * (1 - wrong) + np.roll(np.eye(12), 1, axis=1) * wrong
        label, box = layers.Dense(12, use_bias=False), layers.Dense(4)
        outputs = made(label(rows[0]), box(rows[1]))
        label.set_weights([confused])
        box.set_weights([np.eye(4), np.array([moved, moved, 0, 0])])
        return keras.Model(inputs, outputs)

    return {"reading": reading, "keras": keras, "history": {"loss": [1.0], "val_loss": [1.0]}}


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("model = reading()", 3),
        ("model = reading(made=lambda label, box: [label, box])", 3),
        ("model = reading(made=lambda label, box: {'box': box, 'label': keras.ops.softmax(label), 'more': box})", 3),
        ("model = reading(moved=0.02)", 3),
        ("model = reading(); history['val_label_loss'] = [1.0]", 3),
        ("model = reading(); del history", 2),
        ("model = reading(); del history['val_loss']", 2),
        ("model = reading(moved=0.15)", 2),
        ("model = reading(wrong=0.9)", 2),
        ("model = reading(wrong=0.9, moved=0.15)", 1),
        ("model = reading(made=lambda label, box: {'label': label, 'box': 96 * box})", 2),
        ("model = reading(made=lambda label, box: {'label': label, 'box': keras.ops.flip(box, axis=1)})", 2),
        ("model = reading(made=lambda label, box: [box, label])", 1),
        ("model = reading(made=lambda label, box: label)", 1),
        ("model = reading(made=lambda label, box: {'classes': label, 'boxes': box})", 1),
        ("model = reading(made=lambda label, box: {'label': keras.ops.argmax(label, axis=1), 'box': box})", 1),
        ("model = reading", 1),
        ("model = None; del history", 0),
    ],
)
def test_two_heads_are_judged_by_unseen_scenes(earned, networks, source, want):
    assert earned(EXERCISE, "training", source, **networks) == want


def test_a_box_in_the_middle_misses_the_bar():
    """Whatever its size."""
    truths = make_scenes(checks.SHOWN, seed=checks.SEED, split="test", most=1).boxes[:, 0]
    for side in np.linspace(0.1, 1, 10):
        box = np.array([[0.5 - side / 2, 0.5 - side / 2, side, side]])
        assert checks._iou(box, truths).mean() < checks.BARS[1] / 2
