"""Words, pairs and triples of words as rows of a table."""

from __future__ import annotations

import numpy as np

from coursekit.data.ragged import Ragged, once_each

BLOCK = 5_000  # sequences at a time, for less memory


class KnownRuns:
    """A row for every run of one word, two words and so on that occurs at least twice in some reviews.

    The rows of single words come first, then those of pairs, and so on.

    Args:
        reviews: where the runs are counted.
        longest: words of the longest runs.
        at_least: how often a run must occur to be known.

    Raises:
        ValueError: ``longest`` is below 1, or too large for the number of words; see :meth:`Ragged.runs`.

    Attributes:
        keys: ``(rows,)`` int64, rising: the number of each run, as :meth:`Ragged.runs` gives it.
        sizes: ``(longest,)``: rows of runs of up to 1, 2, … words.

    >>> reviews = Ragged.from_lists([[1, 4, 2], [1, 4], []])
    >>> known = KnownRuns(reviews, longest=2)
    >>> len(known), known.sizes
    (3, array([2, 3]))
    >>> [known.words(row) for row in range(3)]
    [[1], [4], [1, 4]]
    """

    def __init__(self, reviews: Ragged, longest: int, at_least: int = 2) -> None:
        if longest < 1:
            raise ValueError(f"longest must be at least 1, not {longest}.")
        found = [_often(reviews.runs(length).tokens, at_least) for length in range(1, longest + 1)]
        self.num_words = reviews.num_words
        self.sizes = np.cumsum([len(keys) for keys in found])
        self.keys = np.concatenate(found)

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, reviews: Ragged) -> Ragged:
        """The rows of all known runs of each review, each once and in rising order.

        Raises:
            ValueError: the reviews have another number of words than those that were counted.

        >>> known = KnownRuns(Ragged.from_lists([[1, 4, 2], [1, 4]]), longest=2)
        >>> list(known.rows(Ragged.from_lists([[4, 1, 4], [2]], num_words=5)))
        [array([0, 1, 2], dtype=int32), array([], dtype=int32)]
        """
        if reviews.num_words != self.num_words:
            raise ValueError(f"These runs are of {self.num_words} different words, the reviews of {reviews.num_words}.")
        blocks = [self._rows(reviews[start : start + BLOCK]) for start in range(0, len(reviews), BLOCK)]
        tokens = np.concatenate([np.zeros(0, np.int32), *(block.tokens for block in blocks)])
        lengths = np.concatenate([[0], *(block.lengths for block in blocks)])
        return Ragged(tokens, np.cumsum(lengths), len(self))

    def _rows(self, reviews: Ragged) -> Ragged:
        owners, rows = [], []
        for length in range(1, len(self.sizes) + 1):
            runs = reviews.runs(length)
            row = np.searchsorted(self.keys, runs.tokens)
            found = np.append(self.keys, -1)[row] == runs.tokens
            owners.append(runs.owners()[found])
            rows.append(row[found])
        return once_each(np.concatenate(owners), np.concatenate(rows), len(reviews), len(self))

    def words(self, row: int) -> list[int]:
        """The word indices of a row's run."""
        return run_words(self.keys[row], self.num_words)


def run_words(number: int, num_words: int) -> list[int]:
    """The tokens of a run: the digits of its number in the system of base ``num_words``.

    >>> run_words(123, 10)
    [1, 2, 3]
    """
    digits: list[int] = []
    while number:
        number, digit = divmod(int(number), num_words)
        digits.insert(0, digit)
    return digits


def _often(keys: np.ndarray, at_least: int) -> np.ndarray:
    """The keys that occur at least so often, each once and rising."""
    keys = np.sort(keys)  # equal ones now stand side by side
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[first[np.diff(first, append=len(keys)) >= at_least]]
