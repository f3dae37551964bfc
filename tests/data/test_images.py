from __future__ import annotations

import gc

import numpy as np
import pytest

from coursekit.data import load_cifar10, load_fashion_mnist, load_mnist


def test_mnist_is_the_published_one():
    data = load_mnist()
    assert data.x_train.shape == (60_000, 28, 28)
    assert data.x_test.shape == (10_000, 28, 28)
    assert {array.dtype for array in (data.x_train, data.y_train, data.x_test, data.y_test)} == {np.dtype(np.uint8)}
    assert data.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.x_train.mean() == pytest.approx(33.3184, abs=1e-4)
    assert data.class_names[5] == "5"


def test_fashion_mnist_part_is_balanced():
    data = load_fashion_mnist()
    assert data.x_train.shape == (5_000, 28, 28)
    assert np.bincount(data.y_train).tolist() == [500] * 10
    assert np.bincount(data.y_test).tolist() == [1_000] * 10
    assert data.y_train[:4].tolist() == [9, 0, 0, 3]
    assert data.class_names[data.y_train[0]] == "Ankle boot"


def test_cifar10_part_is_balanced_and_in_the_original_order():
    data = load_cifar10()
    assert data.x_train.shape == (7_000, 32, 32, 3)
    assert np.bincount(data.y_train).tolist() == [700] * 10
    assert np.bincount(data.y_test).tolist() == [200] * 10
    assert data.y_train[:10].tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert data.class_names[data.y_train[0]] == "frog"
    assert data.x_train.mean(axis=(0, 1, 2)) / 255 == pytest.approx([0.4914, 0.4822, 0.4465], abs=0.01)


@pytest.mark.parametrize("load", [load_mnist, load_fashion_mnist, load_cifar10])
def test_repr_tells_shapes_and_no_values(load):
    data = load()
    text = repr(data)
    assert str(data.x_train.shape) in text
    assert data.licence in text
    assert "[" not in text
    assert len(text) < 500
    assert data.citation


def test_writing_into_an_array_harms_nobody_else():
    first = load_mnist()
    first.x_train[0] = 255
    first.y_train[0] = 0
    assert type(first.x_train) is np.ndarray
    second = load_mnist()
    assert second.x_train[0].mean() < 100
    assert second.y_train[0] == 5
    del first
    gc.collect()
    assert load_mnist().y_train[0] == 5


def test_a_data_set_cannot_be_reassigned():
    with pytest.raises(AttributeError):
        load_mnist().x_train = None
