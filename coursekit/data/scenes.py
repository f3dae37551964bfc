"""Scenes of several objects whose boxes are known exactly, for detectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from coursekit.data.images import load_cifar10, load_mnist

SIDE = 96
SIZES = (20, 40)  # pixels, of an object's sides
NARROWEST = 10  # narrower digits, most of them ones, are stretched
INK = 100  # a digit's box holds all that is at least so bright, of 255
TRIES = 20  # places that are tried for an object
OVERLAP = 0.1  # share of the smaller of two boxes that the other may cover
PIECE = (142, 160)  # rows and columns of the pieces that a photograph is divided into
CROP = (96, 142)  # side of the square that is cut out of a piece
LIGHT, DARK = (190, 255), (0, 65)  # of the colours of digits
DIGITS = 10
ANIMALS = np.isin(np.arange(10), range(2, 8))  # CIFAR-10's classes: bird to horse; the others are vehicles
CLASS_NAMES = (*map(str, range(DIGITS)), "vehicle", "animal")
# Which digits, objects and pieces of the photographs each part has: no part sees anything of another.
DIGIT_PARTS = {"train": slice(50_000), "valid": slice(50_000, None), "test": slice(None)}
OBJECT_PARTS = {"train": slice(6_000), "valid": slice(6_000, None), "test": slice(None)}
PIECES = {  # row and column, of 3 rows and 4 columns
    "train": ((0, 0), (0, 1), (0, 3), (1, 0), (1, 2), (1, 3), (2, 1), (2, 2)),
    "valid": ((0, 2), (2, 0)),
    "test": ((1, 1), (2, 3)),
}


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

    def __getitem__(self, part: slice) -> Scenes:
        """Some of the scenes, without copying them.

        >>> make_scenes(3)[:2]
        Scenes: 2 pictures with 7 objects
        """
        return Scenes(self.pictures[part], self.boxes[part], self.labels[part], self.class_names)

    def __repr__(self) -> str:
        return f"Scenes: {len(self):,} pictures with {(self.labels >= 0).sum():,} objects"


@dataclass(frozen=True)
class _Parts:
    digits: np.ndarray
    digit_labels: np.ndarray
    digit_boxes: np.ndarray  # (n, 4): top, left, height and width of what is inked
    objects: np.ndarray
    object_labels: np.ndarray
    photographs: tuple[Image.Image, ...]  # in pieces


def make_scenes(
    count: int, seed: int = 0, split: str = "train", most: int = 6, sizes: tuple[int, int] = SIZES
) -> Scenes:
    """Compose pictures of one to ``most`` objects on pieces of two photographs.

    An object is a digit of MNIST, ten classes, drawn in one light or dark colour, or a small photo of CIFAR-10,
    whose ten classes are gathered in two; one object in six is a photo, so that the classes are about as frequent. A
    digit is 20 to 40 pixels high, or less where it would be wider than 40, and at least 10 wide; a photo is 20 to 40
    pixels high and wide. Two boxes may share a tenth of the smaller one.
    The photographs are scikit-learn's, a temple and a flower.

    Args:
        count: pictures.
        seed: of the random numbers; the same seed gives the same pictures.
        split: ``"train"``, ``"valid"`` or ``"test"``, which have no digit, no photo and no piece of a photograph in
            common.
        most: objects in a picture, at most; 1 for exactly one in each. An object for which no free place was found
            in twenty tries is left out, so pictures of many objects are a little rarer than others.
        sizes: pixels, the smallest and the largest, of a digit's height and of a photo's height and width.

    Raises:
        ValueError: ``split`` is none of the three, ``count`` or ``most`` is below 1, or ``sizes`` do not rise from 10
            or more to 96 or less.

    >>> scenes = make_scenes(3, most=2)
    >>> scenes.pictures.shape, scenes.boxes.shape, scenes.labels.shape
    ((3, 96, 96, 3), (3, 2, 4), (3, 2))
    """
    if split not in PIECES:
        raise ValueError(f"split is 'train', 'valid' or 'test', not {split!r}.")
    if count < 1 or most < 1:
        raise ValueError(f"count and most must be at least 1; they are {count} and {most}.")
    if not NARROWEST <= sizes[0] <= sizes[1] <= SIDE:
        raise ValueError(f"sizes go from at least {NARROWEST} to at most {SIDE} pixels; they are {sizes}.")
    parts, random = _parts(split), np.random.default_rng(seed)
    digit, chosen, labels, drawn = _objects(parts, (count, most), sizes, random)
    wanted = np.arange(most) < random.integers(1, most + 1, count)[:, None]
    places = _places(drawn, wanted, random)
    labels[places[..., 0] < 0] = -1
    light, dark = (random.uniform(*tones, (count, most, 3)) for tones in (LIGHT, DARK))
    pictures = np.empty((count, SIDE, SIDE, 3), np.uint8)
    for number, picture in enumerate(pictures):
        picture[:] = _background(parts, random)
        for slot in np.flatnonzero(labels[number] >= 0).tolist():
            (top, left), (height, width) = places[number, slot].tolist(), drawn[number, slot].tolist()
            beneath, which = picture[top : top + height, left : left + width], chosen[number, slot]
            if digit[number, slot]:  # dark on what is light, light on what is dark
                colour = (dark if beneath.mean() > 127 else light)[number, slot]
                ink = _resized(parts.digits[which], parts.digit_boxes[which].tolist(), height, width) / np.float32(255)
                beneath[:] = beneath + (colour.astype(np.float32) - beneath) * ink[..., None]
            else:
                beneath[:] = _resized(parts.objects[which], [0, 0, 32, 32], height, width)
    order = np.argsort(labels < 0, axis=1, kind="stable")  # objects first
    boxes = np.where(labels[..., None] >= 0, np.concatenate([places, drawn], axis=-1) / SIDE, 0)
    boxes, labels = np.take_along_axis(boxes, order[..., None], 1), np.take_along_axis(labels, order, 1)
    return Scenes(pictures, boxes.astype(np.float32), labels.astype(np.int8))


@cache
def _parts(split: str) -> _Parts:
    digits, objects = load_mnist(), load_cifar10()
    held = "test" if split == "test" else "train"
    of_digits, of_objects = DIGIT_PARTS[split], OBJECT_PARTS[split]
    inked = getattr(digits, f"x_{held}")[of_digits]
    return _Parts(
        inked,
        getattr(digits, f"y_{held}")[of_digits],
        _inked_boxes(inked),
        getattr(objects, f"x_{held}")[of_objects],
        getattr(objects, f"y_{held}")[of_objects],
        tuple(
            Image.fromarray(photograph[row * PIECE[0] :, column * PIECE[1] :][: PIECE[0], : PIECE[1]])
            for photograph in load_sample_images().images
            for row, column in PIECES[split]
        ),
    )


def _inked_boxes(digits: np.ndarray) -> np.ndarray:
    starts, ends = [], []
    for axis in (2, 1):  # rows, then columns
        inked = np.asarray((digits >= INK).any(axis))
        starts.append(inked.argmax(axis=1))
        ends.append(digits.shape[1] - inked[:, ::-1].argmax(axis=1))
    return np.stack([*starts, ends[0] - starts[0], ends[1] - starts[1]], axis=1)


def _objects(
    parts: _Parts, shape: tuple[int, int], sizes: tuple[int, int], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which are digits, which of them or of the photos, their labels, and their sizes ``(…, 2)`` in pixels."""
    digit = random.random(shape) * len(CLASS_NAMES) < DIGITS
    chosen = random.integers(np.where(digit, len(parts.digits), len(parts.objects)))
    of_digits, of_objects = np.where(digit, chosen, 0), np.where(digit, 0, chosen)
    labels = np.where(digit, parts.digit_labels[of_digits], DIGITS + ANIMALS[parts.object_labels[of_objects]])
    inked = parts.digit_boxes[of_digits, 2:]
    heights = random.integers(sizes[0], sizes[1] + 1, shape)
    heights = np.minimum(heights, sizes[1] * inked[..., 0] // inked[..., 1])  # so that none is too wide
    widths = np.maximum(NARROWEST, np.rint(heights * inked[..., 1] / inked[..., 0]))
    photos = random.integers(sizes[0], sizes[1] + 1, (*shape, 2))
    drawn = np.where(digit[..., None], np.stack([heights, widths], axis=-1), photos)
    return digit, chosen, labels.astype(int), drawn.astype(int)


def _places(sizes: np.ndarray, wanted: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Top and left ``(scenes, most, 2)``: the first of some tries that hides nothing; -1 where none did."""
    scenes, most, _ = sizes.shape
    places = np.full((scenes, most, 2), -1)
    for slot in range(most):
        size = sizes[:, slot]
        tries = (random.random((scenes, TRIES, 2)) * (SIDE + 1 - size[:, None])).astype(int)
        good = np.ones((scenes, TRIES), bool)
        for other in range(slot):
            there, its = places[:, other], sizes[:, other]
            ends = np.minimum(tries + size[:, None], (there + its)[:, None])
            shared = np.maximum(ends - np.maximum(tries, there[:, None]), 0).prod(axis=-1)
            most_shared = OVERLAP * np.minimum(size.prod(axis=-1), its.prod(axis=-1))
            good &= (shared <= most_shared[:, None]) | (there[:, :1] < 0)
        first = tries[np.arange(scenes), good.argmax(axis=1)]
        places[:, slot] = np.where((good.any(axis=1) & wanted[:, slot])[:, None], first, -1)
    return places


def _background(parts: _Parts, random: np.random.Generator) -> np.ndarray:
    """A square piece of a photograph, half of the time mirrored."""
    photograph = parts.photographs[random.integers(len(parts.photographs))]
    side = int(random.integers(CROP[0], CROP[1] + 1))
    left, top = random.integers((photograph.width - side + 1, photograph.height - side + 1)).tolist()
    box = (left, top, left + side, top + side)
    piece = np.asarray(photograph.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box))
    return piece[:, ::-1] if random.random() < 0.5 else piece


def _resized(pixels: np.ndarray, box: list[int], height: int, width: int) -> np.ndarray:
    """A part of an image, ``box`` as top, left, height and width, in another size."""
    top, left, high, wide = box
    mode, shape = ("L", pixels.shape) if pixels.ndim == 2 else ("RGB", pixels.shape[:2])
    picture = Image.frombuffer(mode, shape[::-1], pixels.tobytes(), "raw", mode, 0, 1)
    resized = picture.resize((width, height), Image.Resampling.BILINEAR, (left, top, left + wide, top + high))
    return np.frombuffer(resized.tobytes(), np.uint8).reshape(height, width, *pixels.shape[2:])
