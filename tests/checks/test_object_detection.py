"""Every check of exercise 12 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from answer_tables import AnswerTables, run
from object_detection_answers import PARTIAL, RIGHT, WRONG

from coursekit import course
from coursekit.checks import object_detection as checks
from coursekit.data import load_cifar10, load_mnist
from coursekit.grading import NamespaceAnswers, find_exercise
from coursekit.nn import average_precisions

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


def test_judging_and_averaging_are_those_of_coco():
    """As the course counts, which is held against pycocotools elsewhere."""
    for seed in range(60):
        boxes, scores, truths, threshold = checks._judged(np.random.default_rng(seed), 1 + seed % 4, seed % 4 > 0)
        found = checks._finds(boxes, scores, truths, threshold)
        labels = np.zeros((1, len(truths)), int)
        want = average_precisions([(boxes, 0 * scores, scores)], truths[np.newaxis], labels, 1, (threshold,))
        assert checks._average_precision(scores, found, len(truths)) == pytest.approx(want.item(), abs=1e-9)


def test_boxes_in_a_row_overlap_as_they_are_meant():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        anchors, boxes = checks._rows(rng, (0.12, 0.23, -0.15), (0, 0.2))
        overlaps = checks._iou(anchors, boxes)
        assert overlaps.argmax(axis=1).tolist() == [1, 1, 0]
        assert overlaps.argmax(axis=0).tolist() == [0, 1]
        assert overlaps[[0, 1, 2], [1, 1, 0]].min() > 0.6
        assert overlaps[2, 1] < 0.52 - checks.CLEAR
        overlaps = checks._iou(*checks._rows(rng, (0, 0.2, 0.06, 0.14), (0, 0.2)))
        assert overlaps.argmax(axis=1).tolist() == [0, 1, 0, 1]
        assert overlaps.argmax(axis=0).tolist() == [0, 1]
        assert overlaps.min() > 0.6


def test_a_half_is_a_half_however_it_is_computed():
    whole, parts = checks._halved()
    for dtype in (np.float64, np.float32):
        sides = np.minimum(whole, parts).astype(dtype)[:, 2:]
        shared = sides[:, 0] * sides[:, 1]
        area = dtype(checks.HUGE) * dtype(checks.HUGE)
        for little in (0, 1e-9, 1e-7, 1e-6):
            assert (shared / (area + shared - shared + dtype(little))).tolist() == [0.5, 0.5, 0.25]


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
    """Those that the check shows; the first two rows of pixels tell what is in them, and where."""
    mnist = load_mnist()
    composed = checks._composed(mnist.x_test, mnist.y_test, load_cifar10().x_test, checks.SHOWN, checks.SEED)
    pictures, labels, boxes = composed
    pictures[:, 0, :4, 0] = boxes
    pictures[:, 1, :10, 0] = np.eye(10)[labels]
    return composed


DETECT = """
def detect(pictures):
    label, box = pictures[:, 1, :10, 0].copy(), pictures[:, 0, :4, 0].copy()
    label[: int(WRONG * len(label))] = np.roll(label[: int(WRONG * len(label))], 1, axis=1)
    box[:, :2] += MOVED
    return label, box

history = {"loss": [1.0], "val_loss": [1.0]}
"""


def detecting(wrong: float = 0, moved: float = 0, returned: str = "label, box", after: str = "") -> str:
    """A function that reads these rows; so many labels are made wrong, and boxes moved so far."""
    source = DETECT.replace("WRONG", str(wrong)).replace("MOVED", str(moved))
    return source.replace("return label, box", f"return {returned}") + after


@pytest.mark.parametrize(
    ("source", "want"),
    [
        (detecting(), 3),
        (detecting(returned="[label.tolist(), box.tolist()]"), 3),
        (detecting(returned="{'box': box, 'label': label, 'more': box}"), 3),
        (detecting(returned="np.log(label + 1e-9), box.astype('float64')"), 3),
        (detecting(wrong=0.15, moved=0.02), 3),
        (detecting(after="history['val_label_loss'] = [1.0]"), 3),
        (detecting(after="del history"), 2),
        (detecting(after="del history['val_loss']"), 2),
        (detecting(moved=0.15), 2),
        (detecting(wrong=0.25), 2),
        (detecting(wrong=0.25, moved=0.15), 1),
        (detecting(returned="label, 32 * box"), 2),
        (detecting(returned="label, box[:, ::-1]"), 2),
        (detecting(returned="label, box[:, [1, 0, 3, 2]]"), 2),
        (detecting(returned="label, np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)"), 2),
        (detecting(returned="box, label"), 1),
        (detecting(returned="label"), 1),
        (detecting(returned="label.argmax(axis=1), box"), 1),
        (detecting(returned="label, box * np.nan"), 1),
        (detecting(returned="None"), 1),
        (detecting(after="del detect, history"), 0),
    ],
)
def test_two_heads_are_judged_by_unseen_scenes(earned, scenes, monkeypatch, source, want):
    monkeypatch.setattr(checks, "_composed", lambda *given: scenes)
    assert earned(EXERCISE, "training", source) == want


def test_a_network_that_knows_the_test_digits_alone_is_looked_at(scenes, monkeypatch):
    pictures, labels, boxes = scenes
    for others, flags in ((labels, 0), (np.roll(labels, 1), 1)):
        told = {10_000: labels, 60_000: others}
        monkeypatch.setattr(checks, "_composed", lambda x, *_, told=told: (pictures, told[len(x)], boxes))
        result = find_exercise(EXERCISE).find("training").run(NamespaceAnswers(run(detecting(), {})))
        assert (result.points, len(result.flags)) == (3, flags)


def test_a_box_in_the_middle_misses_the_bar(scenes):
    """Whatever its size."""
    for side in np.linspace(0.1, 1, 10):
        box = np.array([[0.5 - side / 2, 0.5 - side / 2, side, side]])
        assert checks._iou(box, scenes[2]).mean() < checks.BARS[1] - 0.3


def test_the_notebook_composes_as_the_check_does():
    cells = json.loads(course.find(EXERCISE).solution.read_text("utf-8"))["cells"]
    (source,) = (text for cell in cells if (text := "".join(cell["source"])).startswith("def compose("))
    mnist, photos = load_mnist(), load_cifar10().x_train
    names = {"np": np}
    exec(source, names)
    given = mnist.x_train, mnist.y_train, photos, 200
    for got, want in zip(names["compose"](*given, seed=3), checks._composed(*given, 3), strict=True):
        assert got.dtype == want.dtype
        assert np.array_equal(got, want)


def test_a_box_holds_its_digit_and_no_more():
    """On black, ink touches all four edges, to within a pixel that is left out where a digit shrinks."""
    mnist = load_mnist()
    pictures, _, boxes = checks._composed(mnist.x_test, mnist.y_test, np.zeros((1, 32, 32, 3)), 200, 4)
    for picture, (y, x, height, width) in zip(pictures[..., 0], np.round(32 * boxes).astype(int)):
        assert np.count_nonzero(picture[y : y + height, x : x + width]) == np.count_nonzero(picture)
        rows, columns = (np.flatnonzero(picture.max(axis) > 0.2) for axis in (1, 0))
        assert max(rows[0] - y, columns[0] - x, y + height - rows[-1] - 1, x + width - columns[-1] - 1) <= 4
