"""The IMDb film reviews, in the integer encoding that ``keras.datasets.imdb`` made known."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from coursekit.data import registry, store
from coursekit.data.labelled import LabelledData
from coursekit.data.ragged import Ragged

START, UNKNOWN, INDEX_FROM = 1, 2, 3
SPECIAL = ("<pad>", "<start>", "<unknown>", "<unused>")
WORDS_FILE = "imdb/words.txt"
WORD_COUNT = 88_584


@dataclass(frozen=True, eq=False, repr=False)
class ReviewData(LabelledData):
    """Film reviews as word indices, with their sentiment.

    An index is the word's rank plus 3; 0 is left for padding, 1 starts each review, 2 stands for a word that is too
    rare for ``num_words``, and 3 is never used.

    Attributes:
        x_train: 25,000 reviews of different lengths, int32.
        y_train: ``(25000,)`` int64; 1 is positive.
        x_test: 25,000 reviews, as ``x_train``.
        y_test: as ``y_train``.
    """

    x_train: Ragged
    x_test: Ragged

    @property
    def num_words(self) -> int:
        """Every index is below it."""
        return self.x_train.num_words

    @functools.cached_property
    def words(self) -> tuple[str, ...]:
        """All 88,584 words, the most frequent first."""
        return tuple(store.content(registry.file(WORDS_FILE)).decode().split("\n"))

    @functools.cached_property
    def word_index(self) -> dict[str, int]:
        """Rank of each word, from 1, as ``keras.datasets.imdb.get_word_index`` gives it; the index is 3 more.

        >>> load_imdb().word_index["the"]
        1
        """
        return {word: rank for rank, word in enumerate(self.words, start=1)}

    def decode(self, indices: Iterable[int]) -> str:
        """The words that the indices stand for.

        Raises:
            ValueError: an index stands for no word.

        >>> data = load_imdb()
        >>> data.decode(data.x_train[0][:6])
        '<start> this film was just brilliant'
        """
        vocabulary = SPECIAL + self.words
        chosen = [int(index) for index in indices]
        for index in chosen:
            if not 0 <= index < len(vocabulary):
                raise ValueError(f"Index {index} stands for no word: they go from 0 to {len(vocabulary) - 1}.")
        return " ".join(vocabulary[index] for index in chosen)


def load_imdb(num_words: int | None = 10_000) -> ReviewData:
    """All 25,000 + 25,000 reviews, index for index as ``keras.datasets.imdb.load_data(num_words=num_words)``.

    Args:
        num_words: rarer words become index 2, so that every index is below it. None keeps all 88,584 words, where
            Keras' own None loses one: it takes the largest index, 88,587, for the bound, and a bound is not below
            itself.

    Raises:
        ValueError: ``num_words`` is below 1.
        DamagedFile: the embedded files are damaged and no intact copy can be had.

    >>> data = load_imdb(num_words=10_000)
    >>> data
    IMDb, all 50,000 film reviews in Keras' encoding, all 88,584 words (free with citation)
      x_train  Ragged(25,000 sequences, 5,967,841 tokens of int32, lengths 11 to 2494)
      y_train  (25000,)             int64
      x_test   Ragged(25,000 sequences, 5,770,105 tokens of int32, lengths 7 to 2315)
      y_test   (25000,)             int64
      classes  negative, positive
    >>> data.x_train[0][:5]
    array([  1,  14,  22,  16,  43], dtype=int32)
    """
    if num_words is not None and num_words < 1:
        raise ValueError(f"num_words must be at least 1, or None for all words; it is {num_words}.")
    (x_train, y_train), (x_test, y_test) = (_half(half, num_words) for half in ("train", "test"))
    return ReviewData(x_train, y_train, x_test, y_test, **registry.find("imdb").about)


def _half(half: str, num_words: int | None) -> tuple[Ragged, np.ndarray]:
    tokens, offsets, labels = (
        store.array(registry.file(f"imdb/{half}_{part}.npy")) for part in ("tokens", "offsets", "labels")
    )
    if num_words is None:
        return Ragged(tokens, offsets, INDEX_FROM + WORD_COUNT + 1), labels
    common = np.where(tokens < num_words, tokens, np.int32(UNKNOWN))
    return Ragged(common, offsets, num_words), labels
