from __future__ import annotations

import numpy as np
import pytest

from coursekit.data import gap_function, make_gap_regression


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


def test_seeds_and_bad_arguments():
    assert np.array_equal(make_gap_regression(seed=1).x_train, make_gap_regression(seed=1).x_train)
    assert not np.array_equal(make_gap_regression(seed=1).x_train, make_gap_regression(seed=2).x_train)
    assert "x_train" in repr(make_gap_regression())
    with pytest.raises(ValueError, match="at least 2"):
        make_gap_regression(count=1)
    with pytest.raises(ValueError, match="negative"):
        make_gap_regression(noise=-1)
