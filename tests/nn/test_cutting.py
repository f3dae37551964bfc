"""Windows cut out of pictures are those of the resized picture."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from coursekit.nn import cut_windows


def test_the_whole_picture_is_tf_image_resize():
    pictures = np.random.default_rng(0).random((3, 12, 20, 2), np.float32)
    for side in (6, 12, 31):
        cut = cut_windows(pictures, [2, 0], np.tile([0, 0, 1, 1], (2, 1)), side)

        np.testing.assert_allclose(cut, tf.image.resize(pictures[[2, 0]], (side, side)), atol=1e-5)


def test_a_window_of_equal_size_is_a_slice():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)

    cut = cut_windows(pictures, [1], [[4 / 16, 5 / 16, 8 / 16, 8 / 16]], 8)

    assert cut.dtype == np.uint8
    np.testing.assert_array_equal(cut[0], pictures[1, 4:12, 5:13])


def test_it_is_the_window_of_a_larger_picture():
    """As a sliding window sees it: the picture is enlarged by 2, and a window of 8 pixels cut at a corner."""
    picture = np.random.default_rng(0).random((1, 16, 16, 1), np.float32)
    larger = tf.image.resize(picture, (32, 32)).numpy()

    cut = cut_windows(picture, [0, 0], [[0, 0, 0.25, 0.25], [0.75, 0.25, 0.25, 0.25]], 8)

    np.testing.assert_allclose(cut[0], larger[0, :8, :8], atol=1e-6)
    np.testing.assert_allclose(cut[1], larger[0, 24:, 8:16], atol=1e-6)


def test_more_windows_than_are_cut_at_once(monkeypatch):
    from coursekit.nn import cutting

    pictures = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
    boxes = np.tile([0, 0, 0.5, 0.5], (10, 1))
    at_once = cut_windows(pictures, np.arange(10) % 4, boxes, 4)
    monkeypatch.setattr(cutting, "TOGETHER", 3)

    np.testing.assert_array_equal(cut_windows(pictures, np.arange(10) % 4, boxes, 4), at_once)
