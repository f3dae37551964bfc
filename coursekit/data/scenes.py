"""Scenes of several objects whose boxes are known exactly, for detectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from coursekit.data.images import load_cifar10, load_mnist

SIDE = 96
LARGEST = 40  # pixels, of an object's longer side
SMALLEST = {"digit": 16, "photo": 20}  # of a digit's height, and of both sides of a photo
INK = 100  # a digit's box holds all that is at least so bright, of 255
TRIES = 20  # places that are tried for an object
OVERLAP = 0.1  # share of the smaller of two boxes that the other may cover
CROP = (96, 160)  # side of the square that is cut out of a photograph
DIGITS = 10
ANIMALS = np.isin(np.arange(10), range(2, 8))  # CIFAR-10's classes: bird to horse; the others are vehicles
CLASS_NAMES = (*map(str, range(DIGITS)), "vehicle", "animal")
# Which digits, objects and columns of the photographs each part has: no part sees anything of another.
DIGIT_PARTS = {"train": slice(50_000), "valid": slice(50_000, None), "test": slice(None)}
OBJECT_PARTS = {"train": slice(6_000), "valid": slice(6_000, None), "test": slice(None)}
COLUMNS = {"train": (0, 320), "valid": (320, 480), "test": (480, 640)}


@dataclass(frozen=True, eq=False, repr=False)
class Scenes:
    """Pictures with what is in them, and where.

    Attributes:
        pictures: ``(n, 96, 96, 3)`` uint8, 0 to 255.
        boxes: ``(n, most, 4)`` float32, top, left, height and width of each object, each divided by 96; zeros where
            there is none.
        labels: ``(n, most)`` int8, the index of each object's class in ``class_names``; -1 where there is none.
        class_names: the ten digits, ``"vehicle"`` and ``"animal"``.
    """

    pictures: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...] = CLASS_NAMES

    def __len__(self) -> int:
        return len(self.pictures)

    def __repr__(self) -> str:
        return f"Scenes: {len(self):,} pictures with {(self.labels >= 0).sum():,} objects"


@dataclass(frozen=True)
class _Parts:
    digits: np.ndarray
    digit_labels: np.ndarray
    objects: np.ndarray
    object_labels: np.ndarray
    photographs: tuple[Image.Image, ...]


def make_scenes(count: int, seed: int = 0, split: str = "train", most: int = 6) -> Scenes:
    """Compose pictures of one to ``most`` objects on pieces of two photographs.

    An object is a digit of MNIST, ten classes, drawn in one light or dark colour, or a small photo of CIFAR-10,
    whose ten classes are gathered in two; one object in six is a photo, so that the classes are about as frequent. A
    digit is 16 to 40 pixels high, a photo 20 to 40 pixels high and wide; two boxes may share a tenth of the smaller.
    The photographs are scikit-learn's, a temple and a flower.

    Args:
        count: pictures.
        seed: of the random numbers; the same seed gives the same pictures.
        split: ``"train"``, ``"valid"`` or ``"test"``, which have no digit, no photo and no piece of a photograph in
            common.
        most: objects in a picture, at most; 1 for exactly one in each. An object for which no free place was found
            in twenty tries is left out, so pictures of many objects are a little rarer than others.

    Raises:
        ValueError: ``split`` is none of the three, or ``count`` or ``most`` is below 1.

    >>> scenes = make_scenes(3, most=2)
    >>> scenes.pictures.shape, scenes.boxes.shape, scenes.labels.shape
    ((3, 96, 96, 3), (3, 2, 4), (3, 2))
    """
    if split not in COLUMNS:
        raise ValueError(f"split is 'train', 'valid' or 'test', not {split!r}.")
    if count < 1 or most < 1:
        raise ValueError(f"count and most must be at least 1; they are {count} and {most}.")
    parts, random = _parts(split), np.random.default_rng(seed)
    pictures = np.empty((count, SIDE, SIDE, 3), np.uint8)
    boxes = np.zeros((count, most, 4), np.float32)
    labels = np.full((count, most), -1, np.int8)
    for picture, box, label in zip(pictures, boxes, labels):
        picture[:] = _background(parts, random)
        placed: list[tuple[int, int, int, int]] = []
        for _ in range(random.integers(1, most + 1)):
            name, patch, ink = _object(parts, random)
            place = _place(patch.shape[0], patch.shape[1], placed, random)
            if place is not None:
                box[len(placed)], label[len(placed)] = place, name
                placed.append(place)
                _draw(picture, place, patch, ink, random)
    return Scenes(pictures, boxes / SIDE, labels)


@cache
def _parts(split: str) -> _Parts:
    digits, objects = load_mnist(), load_cifar10()
    held = "test" if split == "test" else "train"
    of_digits, of_objects = DIGIT_PARTS[split], OBJECT_PARTS[split]
    left, right = COLUMNS[split]
    return _Parts(
        getattr(digits, f"x_{held}")[of_digits],
        getattr(digits, f"y_{held}")[of_digits],
        getattr(objects, f"x_{held}")[of_objects],
        getattr(objects, f"y_{held}")[of_objects],
        tuple(Image.fromarray(photograph[:, left:right]) for photograph in load_sample_images().images),
    )


def _background(parts: _Parts, random: np.random.Generator) -> np.ndarray:
    """A square piece of a photograph, half of the time mirrored."""
    photograph = parts.photographs[random.integers(len(parts.photographs))]
    side = random.integers(CROP[0], CROP[1] + 1)
    left, top = random.integers((photograph.width - side + 1, photograph.height - side + 1))
    piece = np.asarray(photograph.resize((SIDE, SIDE), Image.Resampling.BILINEAR, (left, top, left + side, top + side)))
    return piece[:, ::-1] if random.random() < 0.5 else piece


def _object(parts: _Parts, random: np.random.Generator) -> tuple[int, np.ndarray, bool]:
    """Its class, its pixels ``(height, width)`` of ink or ``(height, width, 3)``, and whether they are ink."""
    if random.random() * len(CLASS_NAMES) < DIGITS:
        chosen = random.integers(len(parts.digits))
        digit = parts.digits[chosen]
        rows, columns = (np.flatnonzero((digit >= INK).any(axis)) for axis in (1, 0))
        box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        height = int(random.integers(SMALLEST["digit"], LARGEST + 1))
        width = max(4, round(height * (box[2] - box[0]) / (box[3] - box[1])))
        height, width = (round(height * LARGEST / width), LARGEST) if width > LARGEST else (height, width)
        name, picture, ink = int(parts.digit_labels[chosen]), Image.fromarray(digit), True
    else:
        chosen = random.integers(len(parts.objects))
        height, width = map(int, random.integers(SMALLEST["photo"], LARGEST + 1, 2))
        box = (0, 0, 32, 32)
        name = DIGITS + int(ANIMALS[parts.object_labels[chosen]])
        picture, ink = Image.fromarray(parts.objects[chosen]), False
    return name, np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, box)), ink


def _place(
    height: int, width: int, placed: list[tuple[int, int, int, int]], random: np.random.Generator
) -> tuple[int, int, int, int] | None:
    """Where it hides nothing, and nothing hides it, by more than a little."""
    tops = random.integers(SIDE - height + 1, size=TRIES)
    lefts = random.integers(SIDE - width + 1, size=TRIES)
    for top, left in zip(tops.tolist(), lefts.tolist()):
        if not any(_hides((top, left, height, width), other) for other in placed):
            return top, left, height, width
    return None


def _hides(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    shared = [
        max(0, min(one[axis] + one[axis + 2], other[axis] + other[axis + 2]) - max(one[axis], other[axis]))
        for axis in (0, 1)
    ]
    return shared[0] * shared[1] > OVERLAP * min(one[2] * one[3], other[2] * other[3])


def _draw(
    picture: np.ndarray,
    place: tuple[int, int, int, int],
    patch: np.ndarray,
    ink: bool,
    random: np.random.Generator,
) -> None:
    top, left, height, width = place
    beneath = picture[top : top + height, left : left + width]
    if ink:  # dark on what is light, light on what is dark
        colour = random.uniform(0, 90, 3) if beneath.mean() > 127 else random.uniform(165, 255, 3)
        share = patch[..., None].astype(np.float32) / 255
        beneath[:] = beneath * (1 - share) + colour.astype(np.float32) * share
    else:
        beneath[:] = patch
