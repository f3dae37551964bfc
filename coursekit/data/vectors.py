"""Pretrained word vectors: GloVe's, for the words of the reviews and of the word tests."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from coursekit.data import registry, store
from coursekit.names import did_you_mean


@dataclass(frozen=True, eq=False, repr=False)
class WordVectors:
    """One vector for each of some words.

    Args:
        words: no word twice.
        vectors: ``(words, dimensions)`` float32, one row a word.
        title: what they are, for people.
        licence: of the vectors.

    Raises:
        ValueError: there are not as many vectors as words, or a word comes twice.

    >>> toy = WordVectors(("good", "bad"), np.float32([[1, 0], [0, 1]]), "Two words", "MIT")
    >>> toy["bad"], "ugly" in toy
    (array([0., 1.], dtype=float32), False)
    """

    words: tuple[str, ...]
    vectors: np.ndarray
    title: str
    licence: str

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.words):
            raise ValueError(f"{len(self.words)} words need a table of as many rows, not {self.vectors.shape}.")
        if len(set(self.words)) < len(self.words):
            raise ValueError("A word comes twice, so that its vector could not be told.")

    @functools.cached_property
    def index(self) -> dict[str, int]:
        """The row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.index

    def __getitem__(self, word: str) -> np.ndarray:
        """The vector of a word, ``(dimensions,)``.

        Raises:
            KeyError: the word has none; the message offers words that are spelt like it.
        """
        if word not in self.index:
            raise KeyError(f"No vector for {word!r}. {did_you_mean(word, self.words)}")
        return np.asarray(self.vectors[self.index[word]])

    def __repr__(self) -> str:
        """Title, licence and sizes in two lines; never the values."""
        count, dimensions = self.vectors.shape
        return f"{self.title} ({self.licence})\n  {count:,} words, {dimensions} numbers each, {self.vectors.dtype}"


def load_glove() -> WordVectors:
    """GloVe's vectors of 100 numbers for 27,563 words, the words most frequent in its own texts first.

    They were trained on six billion words of Wikipedia and of newspapers (Pennington, Socher, Manning: *GloVe: Global
    Vectors for Word Representation*, 2014). Here are the 30,000 most frequent words of the reviews, as far as GloVe
    has them, and all words of the word tests (:mod:`coursekit.data.word_tests`); all in lower case. Each number is
    kept as a whole number from -127 to 127 times the row's own unit, which moves it by at most half that unit, and all
    of them by 0.7 % (root mean square).

    Raises:
        DamagedFile: an embedded file is damaged and no intact copy can be had.

    >>> glove = load_glove()
    >>> glove
    GloVe, 100 numbers for each of 27,563 words of the reviews and the word tests (PDDL 1.0)
      27,563 words, 100 numbers each, float32
    >>> glove["film"][:3].round(2), glove.words[:3]
    (array([ 0.21, -0.05,  0.25], dtype=float32), ('the', 'of', 'to'))
    """
    about = registry.find("glove")
    words, steps, units = (registry.file(f"glove/{part}") for part in ("words.txt", "steps.npy", "units.npy"))
    names = tuple(store.content(words).decode().split("\n"))
    return WordVectors(names, store.array(steps) * store.array(units)[:, None], about.title, about.licence)
