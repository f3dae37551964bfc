from __future__ import annotations

import numpy as np
import pytest

from coursekit.data import gap_function, make_gap_regression, make_two_moons


def test_gap_regression():
    data = make_gap_regression(count=101, noise=0.05, seed=3)
    assert data.x_train.shape == (101, 1)
    assert data.y_train.shape == (101,)
    assert data.x_train.dtype == data.y_train.dtype == np.float32
    distance = abs(data.x_train)
    assert distance.min() >= 1
    assert distance.max() <= 4
    assert (data.x_train > 0).sum() == 51
    assert (data.y_train - gap_function(data.x_train[:, 0])).std() == pytest.approx(0.05, rel=0.3)
    assert np.allclose(data.y_test, gap_function(data.x_test[:, 0]), atol=1e-5)


def test_two_moons():
    data = make_two_moons(count=200, noise=0.1)
    assert data.x_train.shape == data.x_test.shape == (200, 2)
    assert np.bincount(data.y_train).tolist() == [100, 100]
    assert not np.array_equal(data.x_train, data.x_test)
    upper = data.x_train[data.y_train == 0]
    assert upper[:, 1].mean() > data.x_train[data.y_train == 1][:, 1].mean()


@pytest.mark.parametrize("make", [make_gap_regression, make_two_moons])
def test_seeds_and_bad_arguments(make):
    assert np.array_equal(make(seed=1).x_train, make(seed=1).x_train)
    assert not np.array_equal(make(seed=1).x_train, make(seed=2).x_train)
    assert "x_train" in repr(make())
    with pytest.raises(ValueError, match="at least 2"):
        make(count=1)
    with pytest.raises(ValueError, match="negative"):
        make(noise=-1)
