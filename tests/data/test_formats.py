"""The readers of published formats, and the packing of the embedded files."""

from __future__ import annotations

import gzip
import io
import tarfile

import numpy as np
import pytest
from data_packing import pack
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from coursekit.data import official, packing

bytes_arrays = npst.arrays(np.uint8, npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
colour_images = npst.arrays(np.uint8, st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), st.just(3)))


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


@given(bytes_arrays)
def test_idx_gives_the_array_back(array):
    parsed = official.parse_idx(idx(array))
    assert parsed.shape == array.shape
    assert np.array_equal(parsed, array)


@given(bytes_arrays.filter(np.size), st.data())
def test_idx_cut_short_or_with_more(array, data):
    whole = idx(array)
    cut = data.draw(st.integers(4, len(whole) - 1))
    for wrong in (whole[:cut], whole + b"x"):
        with pytest.raises(ValueError, match=r"reshape|buffer"):
            official.parse_idx(wrong)


def test_idx_gz(tmp_path):
    packed = tmp_path / "numbers.gz"
    packed.write_bytes(gzip.compress(idx(np.arange(6, dtype=np.uint8))))
    assert official.read_idx_gz(packed)[0].tolist() == [0, 1, 2, 3, 4, 5]


def cifar10_records(count: int) -> bytes:
    planes = np.arange(count * 3072, dtype=np.uint32).astype(np.uint8).reshape(count, 3072)
    return np.column_stack([np.full(count, 3, np.uint8), planes]).tobytes()


def test_cifar10_records():
    images, labels = official.parse_cifar10(cifar10_records(2))
    assert images.shape == (2, 32, 32, 3)
    assert labels.tolist() == [3, 3]
    assert images[0, 0, 1].tolist() == [1, 1024 + 1 & 255, 2048 + 1 & 255]


def test_cifar10_records_cut_short():
    with pytest.raises(ValueError, match="cannot reshape"):
        official.parse_cifar10(cifar10_records(1)[:-1])


def test_cifar10_archive(tmp_path):
    with tarfile.open(tmp_path / "cifar10.tar.gz", "w:gz") as tar:
        for name in (*official.CIFAR10_TRAIN, *official.CIFAR10_TEST):
            member = tarfile.TarInfo(name)
            member.size = len(cifar10_records(2))
            tar.addfile(member, io.BytesIO(cifar10_records(2)))
    arrays = official.read_cifar10_tar(tmp_path / "cifar10.tar.gz")
    assert [array.shape for array in arrays] == [(10, 32, 32, 3), (10,), (2, 32, 32, 3), (2,)]


@given(st.binary(max_size=300), st.sampled_from(["", "shuffle"]))
def test_packing_loses_nothing(content, rearrangement):
    assert packing.unpack(io.BytesIO(pack(content, rearrangement)), rearrangement) == content


@given(colour_images)
def test_packing_of_colour_images_loses_nothing(images):
    content = packing.npy_bytes(images)
    assert packing.unpack(io.BytesIO(pack(content, "planes")), "planes") == content


def test_an_array_of_objects_is_refused():
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        packing.npy_array(stream.getvalue())
