"""Annotations of Pascal VOC: small files of our own."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.data import DataError, read_voc

OBJECT = """<object><name>{name}</name><pose>Left</pose><truncated>{truncated}</truncated>
<difficult>{difficult}</difficult><bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax>
<ymax>{box[3]}</ymax></bndbox></object>"""


def text(*objects: str) -> str:
    size = "<size><width>200</width><height>100</height><depth>3</depth></size>"
    return f"<annotation><filename>a.jpg</filename>{size}{''.join(objects)}</annotation>"


def thing(name="dog", box=(1, 1, 200, 100), truncated=0, difficult=0) -> str:
    return OBJECT.format(name=name, box=box, truncated=truncated, difficult=difficult)


def test_all_fields():
    annotation = read_voc(text(thing(), thing("cat", (11, 21, 11, 70), truncated=1, difficult=1)))

    assert (annotation.filename, annotation.size) == ("a.jpg", (100, 200, 3))
    assert annotation.names == ("dog", "cat")
    assert annotation.poses == ("Left", "Left")
    assert annotation.truncated.tolist() == annotation.difficult.tolist() == [False, True]
    np.testing.assert_allclose(annotation.boxes, [[0, 0, 1, 1], [0.2, 0.05, 0.5, 0.005]], rtol=1e-6)
    assert annotation.boxes.dtype == np.float32


def test_a_file(tmp_path):
    path = tmp_path / "000001.xml"
    path.write_text(text(thing()), encoding="utf-8")

    assert read_voc(path).names == read_voc(str(path)).names == ("dog",)


def test_no_object():
    annotation = read_voc(text())

    assert annotation.names == ()
    assert annotation.boxes.shape == (0, 4)


def test_fields_that_old_files_lack():
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2.5</xmax><ymax>2</ymax></bndbox>"
    annotation = read_voc(text(f"<object><name> dog </name>{box}</object>"))

    assert annotation.names == ("dog",)
    assert annotation.poses == ("Unspecified",)
    assert not annotation.truncated.any()
    np.testing.assert_allclose(annotation.boxes, [[0, 0, 0.02, 0.0125]], rtol=1e-6)


@pytest.mark.parametrize("box", [(0, 1, 5, 5), (1, 1, 201, 5), (6, 1, 5, 5), (1, 1, 5, 101), (1, 9, 5, 8)])
def test_a_box_that_sticks_out_or_is_empty(box):
    with pytest.raises(DataError, match="is empty or sticks out"):
        read_voc(text(thing(box=box)))


def test_something_is_missing():
    with pytest.raises(DataError, match="<object> has no <bndbox/xmin>"):
        read_voc(text("<object><name>dog</name></object>"))
    with pytest.raises(DataError, match="<annotation> has no <size/height>"):
        read_voc("<annotation></annotation>")


def test_no_xml(tmp_path):
    path = tmp_path / "broken.xml"
    path.write_text("<annotation>", encoding="utf-8")

    with pytest.raises(DataError, match=r"broken\.xml is not XML"):
        read_voc(path)
    with pytest.raises(DataError, match="The annotation is not XML"):
        read_voc("<annotation>")
