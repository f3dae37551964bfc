"""Keras' integer encoding of the IMDb reviews, made anew from the raw texts.

The published encoding was made in 2015 by Keras' Tokenizer under 64-bit CPython 2.7: words are ranked by how often
they occur in the training texts, and words that occur equally often stand in the iteration order of a dict of that
Python. So its string hash and its dict are emulated here; every one of the 88,584 ranks comes out right.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

START, UNKNOWN, INDEX_FROM = 1, 2, 3  # Keras' defaults
SEED = 113
WORDS_SHA256 = "c5875fe5aa047b30f148423ade177d8afca9f2599691a2a2eded0b6dab0e3996"
FILTERED = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'  # the Tokenizer's default; the apostrophe stays
LOWER_AND_FILTER = str.maketrans(
    {**{capital: chr(capital + 32) for capital in range(ord("A"), ord("Z") + 1)}, **{ord(c): " " for c in FILTERED}}
)
MASK = 2**64 - 1


def encode(reviews: Sequence[dict]) -> tuple[list[str], list[tuple[list[np.ndarray], np.ndarray]]]:
    """Words by rank, and for training and test ``(encoded reviews, labels)`` in Keras' shuffled order.

    Args:
        reviews: the package's rows ``{"t": text, "s": label}``: test and training negatives, then positives.

    Raises:
        SystemExit: the words differ from the published list.
    """
    texts = [split(review["t"]) for review in reviews]
    test_negative, train_negative, test_positive, train_positive = (
        texts[start : start + 12_500] for start in range(0, 50_000, 12_500)
    )
    train, test = train_positive + train_negative, test_positive + test_negative
    words = rank(train)
    found = hashlib.sha256("\n".join(words).encode()).hexdigest()
    if found != WORDS_SHA256:
        raise SystemExit(f"The ranked words differ:\n  expected {WORDS_SHA256}\n  found    {found}")
    index = {word: place + INDEX_FROM for place, word in enumerate(words, start=1)}
    labels = np.repeat([1, 0], 12_500)
    random = np.random.RandomState(SEED)
    return words, [_shuffled([_encoded(text, index) for text in half], labels, random) for half in (train, test)]


def split(text: str) -> list[str]:
    """The words of a text, as Keras' Tokenizer finds them.

    >>> split("It's GREAT -- 10/10!")
    ["it's", 'great', '10', '10']
    """
    return [word for word in text.translate(LOWER_AND_FILTER).split(" ") if word]


def rank(texts: Iterable[Sequence[str]]) -> list[str]:
    """All words, the most frequent first, ties in the order of a Python 2.7 dict that counted them.

    >>> rank([["b", "a"], ["a"]])
    ['a', 'b']
    """
    counts = Counter(word for text in texts for word in text)  # keeps the order of first occurrence
    return sorted(python2_dict_order(list(counts)), key=lambda word: -counts[word])


def python2_hash(data: bytes) -> int:
    """CPython 2.7's ``hash(data)`` on a 64-bit machine, as an unsigned number.

    >>> python2_hash(b"a") == 12416037344
    True
    """
    if not data:
        return 0
    value = data[0] << 7
    for byte in data:
        value = (1000003 * value ^ byte) & MASK
    value ^= len(data)
    return value if value != MASK else MASK - 1  # -1 is no hash in C


def python2_dict_order(keys: Sequence[str]) -> list[str]:
    """The keys in the iteration order of a CPython 2.7 dict into which they were put one after the other.

    Open addressing: the first free slot of the sequence ``i = 5 i + perturb + 1``. The table grows when it is two
    thirds full, fourfold at first, twofold past 50,000 keys, and is then refilled in its own order.
    """
    hashes = [python2_hash(key.encode()) for key in keys]
    table: list[int | None] = [None] * 8
    for used, key in enumerate(range(len(keys)), start=1):
        _insert(table, key, hashes[key])
        if 3 * used >= 2 * len(table):
            table = _grown(table, used * (2 if used > 50_000 else 4), hashes)
    return [keys[key] for key in table if key is not None]


def _insert(table: list[int | None], key: int, value: int) -> None:
    mask = len(table) - 1
    slot = perturb = value
    while table[slot & mask] is not None:
        slot = (5 * slot + perturb + 1) & MASK
        perturb >>= 5
    table[slot & mask] = key


def _grown(table: list[int | None], more_than: int, hashes: Sequence[int]) -> list[int | None]:
    size = 8
    while size <= more_than:
        size *= 2
    grown: list[int | None] = [None] * size
    for key in table:
        if key is not None:
            _insert(grown, key, hashes[key])
    return grown


def _encoded(text: Sequence[str], index: dict[str, int]) -> np.ndarray:
    return np.array([START, *(index[word] for word in text if word in index)], np.int32)


def _shuffled(texts: list[np.ndarray], labels: np.ndarray, random: np.random.RandomState) -> tuple:
    order = np.arange(len(texts))
    random.shuffle(order)
    return [texts[place] for place in order], labels[order]
