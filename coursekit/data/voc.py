"""What is on a photograph, as the files of the Pascal Visual Object Classes tell it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from coursekit.data.errors import DataError


@dataclass(frozen=True, eq=False)
class Annotation:
    """The objects of one photograph.

    Attributes:
        filename: of the photograph.
        size: its height and width in pixels, and its colours.
        names: the class of each object, such as ``"dog"``.
        boxes: ``(n, 4)`` float32: top, left, height and width of each object, divided by the photograph's height or
            width.
        truncated: ``(n,)`` bool: a part of the object lies outside the photograph, or is hidden.
        difficult: ``(n,)`` bool: hard to make out; such objects are left out when a detector is judged.
        poses: of each object, ``"Unspecified"`` where nobody said.
    """

    filename: str
    size: tuple[int, int, int]
    names: tuple[str, ...]
    boxes: np.ndarray
    truncated: np.ndarray
    difficult: np.ndarray
    poses: tuple[str, ...]


def read_voc(source: Path | str) -> Annotation:
    """Read one file of ``VOCdevkit/VOC2012/Annotations``, or of another set in the same form.

    The files count pixels from 1, and a box holds the pixels ``xmin`` and ``xmax`` themselves (Everingham and others,
    *The PASCAL Visual Object Classes Challenge 2012 Development Kit*): a box from 1 to 10 begins at 0 and is 10 wide.

    Args:
        source: the path of the file, or its text, which begins with ``<``.

    Raises:
        DataError: it is not XML, something is missing in it, or a box is empty or sticks out of the photograph.

    >>> annotation = read_voc('''<annotation><filename>a.jpg</filename>
    ...     <size><width>200</width><height>100</height><depth>3</depth></size>
    ...     <object><name>dog</name>
    ...     <bndbox><xmin>1</xmin><ymin>51</ymin><xmax>50</xmax><ymax>100</ymax></bndbox></object></annotation>''')
    >>> annotation.names, annotation.boxes
    (('dog',), array([[0.5 , 0.  , 0.5 , 0.25]], dtype=float32))
    """
    text = source if isinstance(source, str) and source.lstrip().startswith("<") else Path(source).read_text("utf-8")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DataError(f"{_told(source)} is not XML: {error}.") from error
    height, width, depth = (int(_text(root, f"size/{name}", source)) for name in ("height", "width", "depth"))
    objects = root.findall("object")
    boxes = np.array([_box(each, height, width, source) for each in objects], np.float32).reshape(-1, 4)
    return Annotation(
        _text(root, "filename", source),
        (height, width, depth),
        tuple(_text(each, "name", source) for each in objects),
        boxes,
        np.array([each.findtext("truncated", "0").strip() == "1" for each in objects], bool),
        np.array([each.findtext("difficult", "0").strip() == "1" for each in objects], bool),
        tuple(each.findtext("pose", "Unspecified").strip() for each in objects),
    )


def _box(element: ElementTree.Element, height: int, width: int, source: Path | str) -> list[float]:
    left, top, right, bottom = (
        float(_text(element, f"bndbox/{name}", source)) for name in ("xmin", "ymin", "xmax", "ymax")
    )
    if not (1 <= left <= right <= width and 1 <= top <= bottom <= height):
        raise DataError(
            f"{_told(source)}: the box from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) is empty or sticks out of "
            f"a photograph {width} wide and {height} high; pixels are counted from 1."
        )
    return [(top - 1) / height, (left - 1) / width, (bottom - top + 1) / height, (right - left + 1) / width]


def _text(element: ElementTree.Element, path: str, source: Path | str) -> str:
    found = element.findtext(path)
    if found is None:
        raise DataError(f"{_told(source)}: <{element.tag}> has no <{path}>.")
    return found.strip()


def _told(source: Path | str) -> str:
    return "The annotation" if str(source).lstrip().startswith("<") else str(source)
