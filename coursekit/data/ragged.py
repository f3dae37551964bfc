"""Sequences of different lengths in one flat array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike


class Ragged:
    """A list of integer sequences, kept as one flat array and the places where each begins.

    Args:
        tokens: ``(total,)`` integers, all sequences one after the other.
        offsets: ``(n + 1,)`` integers; sequence ``i`` is ``tokens[offsets[i]:offsets[i + 1]]``.
        num_words: how many different tokens there can be, for :meth:`multi_hot`;
            the largest token plus one if not given.

    Raises:
        ValueError: the offsets do not fit the tokens.

    >>> reviews = Ragged.from_lists([[1, 14, 22], [1, 7]])
    >>> len(reviews), reviews[1]
    (2, array([1, 7], dtype=int32))
    >>> reviews
    Ragged(2 sequences, 5 tokens of int32, lengths 2 to 3)
    """

    __slots__ = ("num_words", "offsets", "tokens")

    def __init__(self, tokens: np.ndarray, offsets: np.ndarray, num_words: int | None = None) -> None:
        if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
            raise ValueError(f"tokens must be one flat array of integers, not {tokens.dtype} of shape {tokens.shape}.")
        if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or not offsets.size:
            raise ValueError(f"offsets must be n + 1 integers, not {offsets.dtype} of shape {offsets.shape}.")
        if offsets[0] != 0 or offsets[-1] != tokens.size or (np.diff(offsets) < 0).any():
            raise ValueError(
                f"offsets must rise from 0 to the number of tokens, {tokens.size}; "
                f"these go from {offsets[0]} to {offsets[-1]}."
            )
        if num_words is None:
            num_words = int(tokens.max()) + 1 if tokens.size else 0
        self.tokens = tokens
        self.offsets = offsets
        self.num_words = num_words

    @classmethod
    def from_lists(cls, sequences: Iterable[ArrayLike], num_words: int | None = None) -> Ragged:
        """Put sequences one after the other.

        >>> Ragged.from_lists([[3], [], [4, 5]]).offsets
        array([0, 1, 1, 3])
        """
        arrays = [np.asarray(sequence, dtype=np.int32).reshape(-1) for sequence in sequences]
        tokens = np.concatenate([np.zeros(0, np.int32), *arrays])
        return cls(tokens, np.cumsum([0, *map(len, arrays)], dtype=np.int64), num_words)

    @property
    def lengths(self) -> np.ndarray:
        """``(n,)`` integers: the length of each sequence."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int | np.integer) -> np.ndarray: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int] | np.ndarray) -> Ragged: ...

    def __getitem__(self, index: int | np.integer | slice | Sequence[int] | np.ndarray) -> np.ndarray | Ragged:
        """One sequence for an integer; for a slice, an index array or a mask, another ``Ragged``.

        A slice without a step shares the tokens; anything else copies them.

        >>> reviews = Ragged.from_lists([[1, 2], [3], [4, 5, 6]])
        >>> reviews[-1], reviews[:2], reviews[[2, 0]].tokens
        (array([4, 5, 6], dtype=int32), Ragged(2 sequences, 3 tokens of int32, lengths 1 to 2),
         array([4, 5, 6, 1, 2], dtype=int32))
        """
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                return self._take(np.arange(start, stop, step))
            offsets = self.offsets[start : max(start, stop) + 1]
            return Ragged(self.tokens[offsets[0] : offsets[-1]], offsets - offsets[0], self.num_words)
        array = np.asarray(index)
        if array.ndim > 1 or (array.shape == () and array.dtype == bool):
            raise IndexError(f"A Ragged is indexed by a number, a slice, a list or a mask, not by shape {array.shape}.")
        places = np.arange(len(self))[array if array.size else array.astype(np.intp)]  # by NumPy's own rules
        if places.ndim == 0:
            return self.tokens[self.offsets[places] : self.offsets[places + 1]]
        return self._take(places)

    def __iter__(self) -> Iterator[np.ndarray]:
        for start, stop in zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist()):
            yield self.tokens[start:stop]

    def __repr__(self) -> str:
        span = f"lengths {self.lengths.min()} to {self.lengths.max()}" if len(self) else "empty"
        return f"Ragged({len(self):,} sequences, {self.tokens.size:,} tokens of {self.tokens.dtype}, {span})"

    def multi_hot(self, dtype: DTypeLike = np.float32, num_words: int | None = None) -> np.ndarray:
        """One row a sequence, one column a token: 1 where the sequence holds the token, else 0.

        Args:
            dtype: of the result; ``np.uint8`` or ``bool`` need a quarter of the memory of the default.
            num_words: columns of the result.

        Returns:
            ``(n, num_words)`` of ``dtype``. For 25,000 reviews and 10,000 words: 1 GB as float32, 250 MB as uint8.

        Raises:
            ValueError: a token has no column.

        >>> Ragged.from_lists([[0, 2, 2], [1]]).multi_hot(dtype=np.uint8)
        array([[1, 0, 1],
               [0, 1, 0]], dtype=uint8)
        """
        columns = self.num_words if num_words is None else num_words
        tokens = self.tokens
        if tokens.size and (tokens.min() < 0 or tokens.max() >= columns):
            raise ValueError(
                f"The tokens go from {tokens.min()} to {tokens.max()}, but num_words={columns} gives columns "
                f"0 to {columns - 1}. Ask for num_words={tokens.max() + 1}, or load fewer words."
            )
        hot = np.zeros((len(self), columns), dtype)
        for row, sequence in zip(hot, self):
            row[sequence] = 1
        return hot

    def padded(
        self,
        maxlen: int,
        padding: Literal["pre", "post"] = "pre",
        truncating: Literal["pre", "post"] = "pre",
        value: int = 0,
    ) -> np.ndarray:
        """All sequences at one length, as ``keras.utils.pad_sequences`` does it.

        Args:
            maxlen: length of every row.
            padding: where short sequences are filled up: in front (``"pre"``) or behind (``"post"``).
            truncating: where long sequences lose tokens.
            value: what to fill up with.

        Returns:
            ``(n, maxlen)`` int32.

        >>> Ragged.from_lists([[1, 2, 3], [4]]).padded(2)
        array([[2, 3],
               [0, 4]], dtype=int32)
        """
        if maxlen < 1:
            raise ValueError(f"maxlen must be at least 1, not {maxlen}.")
        for name, side in (("padding", padding), ("truncating", truncating)):
            if side not in ("pre", "post"):
                raise ValueError(f'{name} must be "pre" or "post", not {side!r}.')
        rows = np.full((len(self), maxlen), value, np.int32)
        for row, tokens in zip(rows, self):
            kept = tokens[-maxlen:] if truncating == "pre" else tokens[:maxlen]
            row[slice(maxlen - len(kept), None) if padding == "pre" else slice(len(kept))] = kept
        return rows

    def _take(self, places: np.ndarray) -> Ragged:
        lengths = self.lengths[places]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        source = np.arange(offsets[-1]) + np.repeat(self.offsets[places] - offsets[:-1], lengths)
        return Ragged(self.tokens[source], offsets, self.num_words)
