"""Word vectors out of their package: which words are wanted, where they stand in its text, and in how few bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import numpy as np

from coursekit.data import load_analogies, load_word_pairs

DIMENSIONS = 100  # what follows them in a row of the package is no part of the vector
RARE = {"algebra", "calculus", "geometry"}  # what lesson 11 asks for besides
ROW = re.compile(rb'("(?:[^"\\]|\\.)*"):\[([^\]]*)\]')


def wanted(words: Iterable[str]) -> set[str]:
    """These words, those that a lesson names, and all of the word tests."""
    tests = [load_word_pairs("wordsim353"), load_word_pairs("simlex999")]
    rated = [word for pairs in tests for side in (pairs.first, pairs.second) for word in side.tolist()]
    return {*words, *RARE, *rated, *load_analogies().questions.ravel().tolist()}


def chosen(text: bytes, words: set[str]) -> tuple[list[str], np.ndarray]:
    """The wanted words that the package has, in its order, and their vectors, float32.

    Only the wanted rows are read: all of them as Python's numbers would take gigabytes.

    >>> numbers = ",".join(["0.5"] * 102)
    >>> names, vectors = chosen(f'{{"size":2,"vectors":{{"a\\\\"b":[{numbers}],"c":[{numbers}]}}}}'.encode(), {'a"b'})
    >>> names, vectors.shape
    (['a"b'], (1, 100))
    """
    names, rows = [], []
    for row in ROW.finditer(text, text.index(b'"vectors":{') + len(b'"vectors":{')):
        name = json.loads(row[1])
        if name in words:
            names.append(name)
            rows.append(np.array(row[2].split(b",")[:DIMENSIONS], np.float32))
    return names, np.stack(rows)


def quantised(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole steps from -127 to 127, int8, and the unit of each row, float32: their product is nearly the vectors.

    >>> steps, units = quantised(np.float32([[1, -2, 0.5]]))
    >>> steps, (steps * units[:, None]).round(2)
    (array([[  64, -127,   32]], dtype=int8), array([[ 1.01, -2.  ,  0.5 ]], dtype=float32))
    """
    units = np.abs(vectors).max(axis=1) / np.float32(127)
    return np.rint(vectors / units[:, None]).astype(np.int8), units
