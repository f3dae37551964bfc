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

    def owners(self) -> np.ndarray:
        """``(total,)`` int64: the sequence that each token belongs to.

        >>> Ragged.from_lists([[7, 8], [], [9]]).owners()
        array([0, 0, 2])
        """
        return np.repeat(np.arange(len(self)), self.lengths)

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

    def once(self) -> Ragged:
        """Each sequence's tokens once and in rising order: the columns in which its multi-hot row holds a 1.

        Raises:
            ValueError: a token is negative or does not fit into 32 bits.

        >>> Ragged.from_lists([[5, 2, 5], [], [7]]).once().tokens
        array([2, 5, 7], dtype=int32)
        """
        if self.tokens.size and (self.tokens.min() < 0 or self.tokens.max() >= 1 << 31):
            raise ValueError(
                f"Tokens must go from 0 to 2³¹ - 1; these go from {self.tokens.min()} to {self.tokens.max()}."
            )
        return once_each(self.owners(), self.tokens, len(self), self.num_words)

    def below(self, size: int) -> Ragged:
        """The tokens below ``size``, in their order; ``num_words`` becomes ``size``.

        >>> few = Ragged.from_lists([[5, 2, 5], [7], [1]]).below(5)
        >>> few.tokens, few.lengths
        (array([2, 1], dtype=int32), array([1, 0, 1]))
        """
        kept = self.tokens < size
        return Ragged(self.tokens[kept], _offsets(self.owners()[kept], len(self)), int(size))

    def runs(self, length: int) -> Ragged:
        """One number for every run of ``length`` neighbours, none of which reaches across the border of two sequences.

        Its tokens are the digits of that number in the system of base ``num_words``; :func:`run_words` gives them back.
        A run that begins with token 0 cannot be told from a shorter one.

        Returns:
            Runs of int64, in the order in which they begin; their ``num_words`` is ``num_words ** length``.

        Raises:
            ValueError: ``length`` is below 1, or so large that a number would not fit into 63 bits.

        >>> Ragged.from_lists([[1, 2, 3], [4], [], [1, 9]], num_words=10).runs(2).tokens
        array([12, 23, 19])
        """
        if length < 1 or self.num_words**length >= 1 << 63:
            raise ValueError(f"Runs of {length} tokens out of {self.num_words} have no numbers of 63 bits.")
        count = max(0, self.tokens.size - length + 1)
        numbers = np.zeros(count, np.int64)
        for place in range(length):
            numbers = numbers * self.num_words + self.tokens[place : place + count]
        owners = self.owners()
        inside = owners[:count] == owners[len(owners) - count :]
        offsets = _offsets(owners[:count][inside], len(self))
        return Ragged(numbers[inside], offsets, self.num_words**length)

    def sum_of_rows(self, table: np.ndarray) -> np.ndarray:
        """The sum of the table's rows that each sequence names, as often as it names them.

        Where it names each :meth:`once`, that is ``multi_hot() @ table`` without the multi-hot vectors.

        Args:
            table: ``(num_words, …)``.

        Returns:
            ``(n, …)`` in the dtype of the table; zeros for an empty sequence.

        >>> Ragged.from_lists([[0, 2], [], [1]]).sum_of_rows(np.array([[1, 10], [2, 20], [3, 30]]))
        array([[ 4, 40],
               [ 0,  0],
               [ 2, 20]])
        """
        sums = np.zeros((len(self), *table.shape[1:]), table.dtype)
        filled = self.lengths > 0
        if filled.any():
            sums[filled] = np.add.reduceat(table[self.tokens], self.offsets[:-1][filled])
        return sums

    def _take(self, places: np.ndarray) -> Ragged:
        lengths = self.lengths[places]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        source = np.arange(offsets[-1]) + np.repeat(self.offsets[places] - offsets[:-1], lengths)
        return Ragged(self.tokens[source], offsets, self.num_words)


def once_each(owners: np.ndarray, tokens: np.ndarray, count: int, num_words: int) -> Ragged:
    """``count`` sequences out of tokens in any order, each of which names the sequence that it belongs to.

    A sequence gets its tokens once and rising; they must fit into 32 bits.

    >>> list(once_each(np.array([1, 0, 1, 1]), np.array([8, 5, 3, 8]), count=2, num_words=9))
    [array([5], dtype=int32), array([3, 8], dtype=int32)]
    """
    numbers = owners << 32 | tokens
    numbers.sort()
    numbers = numbers[np.diff(numbers, prepend=-1) > 0]  # as np.unique, which takes several times as long
    return Ragged((numbers & 0xFFFFFFFF).astype(np.int32), _offsets(numbers >> 32, count), num_words)


def _offsets(owners: np.ndarray, count: int) -> np.ndarray:
    """Where each of ``count`` sequences begins, from the sequence of each token."""
    return np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=count))])
