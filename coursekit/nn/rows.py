"""Networks on reviews as rows of numbers, without multi-hot vectors."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from coursekit.data import Ragged

STRIP = 16
"""TensorFlow's product with a sparse matrix is fast for so many units at a time."""


def ragged_tensor(rows: Ragged) -> tf.RaggedTensor:
    """Sequences as Keras takes them: a ``RaggedTensor`` ``(n, None)`` of their dtype.

    >>> ragged_tensor(Ragged.from_lists([[3, 1], [], [2]])).to_list()
    [[3, 1], [], [2]]
    """
    return tf.RaggedTensor.from_row_splits(rows.tokens, rows.offsets)


def ragged_batches(rows: Ragged, labels: Any, size: int = 512, seed: int | None = None) -> tf.data.Dataset:
    """Sequences and their labels in batches for ``fit``; with a seed, shuffled before they are put together.

    Args:
        rows: n sequences.
        labels: ``(n, …)``.
        size: sequences in a batch; the last may hold fewer.
        seed: of the order; None to keep it.

    Raises:
        ValueError: not one label a sequence, or ``size`` below 1.

    >>> for rows, labels in ragged_batches(Ragged.from_lists([[3, 1], [], [2]]), [1, 0, 1], size=2):
    ...     print(rows.to_list(), labels.numpy())
    [[3, 1], []] [1 0]
    [[2]] [1]
    """
    labels = np.asarray(labels)
    if len(labels) != len(rows) or size < 1:
        raise ValueError(
            f"{len(rows)} sequences need as many labels and a positive size, not {len(labels)} and {size}."
        )
    order = np.arange(len(rows)) if seed is None else np.random.default_rng(seed).permutation(len(rows))
    return tf.data.Dataset.from_tensor_slices((ragged_tensor(rows[order]), labels[order])).batch(size)


@keras.saving.register_keras_serializable(package="coursekit")
class SumOfRows(keras.layers.Dense):  # type: ignore[misc, unused-ignore]  # Keras brings no types
    """``Dense`` on multi-hot vectors that are never made: the sum of the kernel's rows that each sequence names.

    Args:
        units: outputs.
        columns: rows of the kernel: every token is below it.
        factors: ``(columns,)``, one fixed number for each row of the kernel, which multiplies it; None for ones.
        settings: as for ``keras.layers.Dense``.

    Input: ragged ``(batch, None)``, whole numbers, each once a sequence (:meth:`coursekit.data.Ragged.once`), from
    ``keras.Input((None,), dtype="int32", ragged=True)``; an empty sequence has the sum 0. Output ``(batch, units)``.

    >>> layer = SumOfRows(2, columns=3, kernel_initializer="ones", factors=[1, 10, 100])
    >>> layer(ragged_tensor(Ragged.from_lists([[0, 2], []]))).numpy().tolist()
    [[101.0, 101.0], [0.0, 0.0]]
    """

    def __init__(self, units: int, columns: int, factors: Any = None, **settings: Any) -> None:
        super().__init__(units, **settings)
        self.columns = int(columns)
        self.factors = None if factors is None else np.asarray(factors, "float32")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make kernel and bias; they depend on ``columns`` only.

        The factors go into a variable, for TensorFlow would copy a constant into each of the steps that it takes in a
        row. They are a setting and no weight: Keras neither counts nor saves them as one.
        """
        super().build((None, self.columns))
        self.input_spec = None  # sequences may have any length
        if self.factors is not None:
            with tf.init_scope():
                self.held = tf.Variable(self.factors[:, None], trainable=False)

    def call(self, inputs: tf.RaggedTensor) -> Any:
        """The sums, as a product with the sparse matrix of ones that the numbers describe."""
        kernel = self.kernel if self.factors is None else self.kernel * self.held
        numbers = tf.cast(inputs.flat_values, "int64")
        places = tf.stack([inputs.value_rowids(), numbers], axis=1)
        ones = tf.SparseTensor(places, tf.ones_like(numbers, kernel.dtype), (inputs.nrows(), self.columns))
        strips = tf.split(kernel, max(1, self.units // STRIP), axis=1)
        sums = tf.concat([tf.sparse.sparse_dense_matmul(ones, strip) for strip in strips], axis=1)
        return self.activation(sums + self.bias if self.use_bias else sums)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """``(batch, units)``."""
        return (input_shape[0], self.units)

    def get_config(self) -> dict[str, Any]:
        """All settings, so that a model with this layer is saved as ``.keras`` and loaded again."""
        factors = None if self.factors is None else self.factors.tolist()
        return {**super().get_config(), "columns": self.columns, "factors": factors}
