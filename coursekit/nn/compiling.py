"""Compiling networks, and starting them again, so that they train faster with the same results."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import keras
from keras import ops, tree
from tensorflow.python.framework.ops import gradient_registry

STEPS = 16
"""Batches that Keras trains on before it returns to Python."""

# TensorFlow counts the tracings of all networks together, and would warn whoever trains a few, each traced once.
logging.getLogger("tensorflow").addFilter(lambda record: "triggered tf.function retracing" not in record.getMessage())

Metric: TypeAlias = "keras.metrics.Metric | str | Callable[[Any, Any], Any]"


def compile_network(
    model: keras.Model,
    optimizer: Any,
    loss: Any = None,
    metrics: Sequence[Metric] | Mapping[str, Any] | None = None,
    steps_per_execution: int = STEPS,
    **settings: Any,
) -> keras.Model:
    """``model.compile`` with the same results in less time.

    Two things are saved. By default Keras returns to Python after every batch; here TensorFlow trains on 16 in a row,
    and callbacks hear of every sixteenth. And Keras makes the variables of the optimizer and of the metrics in the
    first step of ``fit``, and because that step made variables, traces it again; here they are made at once.
    Predictions go batch by batch as before: in a row, Keras would trace the network anew for each of its batches.

    XLA stays as Keras has it: off on a CPU, where it slows most networks down. (It pays for an ``LSTM`` or ``GRU`` over
    many sequences of one length: ``jit_compile=True``.)

    Args:
        model: a model that has its weights. Set what is trainable before, as for ``compile``.
        optimizer: as for ``compile``.
        loss: as for ``compile``; none for a model with a ``train_step`` of its own.
        metrics: as for ``compile``. Objects and functions of truth and prediction are made at once; those that Keras
            knows by name, such as ``"mae"``, in the first step.
        steps_per_execution: 1 for a callback that must hear of every batch.
        settings: more of ``compile``'s arguments.

    Returns:
        The model, compiled.

    Raises:
        ValueError: the model has no weights yet.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> compile_network(model, "adam", "mse").steps_per_execution
    16
    """
    if not (model.built or model.weights):
        raise ValueError("The model has no weights yet: give it a keras.Input first, or call it once on a batch.")
    made = None if metrics is None else tree.map_structure(_made, metrics)
    model.compile(optimizer, loss, metrics=made, **settings)
    model.optimizer.build(model.trainable_weights)
    model.make_predict_function()
    predict_batch = model.predict_function
    model.predict_function = lambda batches: _joined([predict_batch([batch]) for batch in batches])
    model.steps_per_execution = steps_per_execution
    model.make_train_function()
    model.train_function = _forgetting(model.train_function)
    model.make_test_function()
    model.test_function = _forgetting(model.test_function)
    return model


def compile_classifier(
    model: keras.Model, optimizer: Any, loss: Any = None, metrics: Sequence[Metric] = (), **settings: Any
) -> keras.Model:
    """:func:`compile_network` for a classifier: with the usual loss, and accuracy as its metric.

    Args:
        model: a built model with one output, ``(n, 1)`` for two classes or ``(n, classes)`` for more.
        optimizer: as for ``compile``.
        loss: as for ``compile``; by default binary cross-entropy for one output unit, otherwise sparse categorical.
        metrics: those wanted beside the accuracy, as for :func:`compile_network`.
        settings: more arguments of :func:`compile_network`.

    Returns:
        The model, compiled.

    Raises:
        ValueError: the model is not built or has several outputs.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    >>> compile_classifier(model, "adam").loss
    'sparse_categorical_crossentropy'
    """
    if not model.built or len(model.outputs) != 1:
        raise ValueError("compile_classifier needs a built model with one output: give it a keras.Input first.")
    if model.output_shape[-1] == 1:
        usual, accuracy = "binary_crossentropy", keras.metrics.BinaryAccuracy("accuracy")
    else:
        usual, accuracy = "sparse_categorical_crossentropy", keras.metrics.SparseCategoricalAccuracy("accuracy")
    return compile_network(model, optimizer, loss or usual, [accuracy, *metrics], **settings)


def reinitialize(model: keras.Model, seed: int) -> keras.Model:
    """Put a compiled network back to the start that ``seed`` gives it, without tracing it again.

    Weights, the states of dropout and of metrics, and the optimizer become those of the same network made and compiled
    anew after ``keras.utils.set_random_seed(seed)``; training then gives the same results. For a small network on a
    few examples tracing takes most of the time, and here many seeds share one tracing. Weights that were copied into
    the network have to be copied again.

    Args:
        model: a compiled model whose configuration tells how it was made (``keras.models.clone_model``).
        seed: seeds Python, NumPy and TensorFlow.

    Returns:
        The model.

    Raises:
        ValueError: the model is not compiled.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> first = reinitialize(compile_network(model, "adam", "mse"), seed=1).get_weights()[0]
    >>> bool((reinitialize(model, seed=1).get_weights()[0] == first).all())
    True
    """
    if not model.compiled:
        raise ValueError("The model is not compiled: compile it once, then put it back to its start.")
    keras.utils.set_random_seed(seed)
    fresh = keras.models.clone_model(model)
    for present, first in zip(
        [*model.variables, *model.optimizer.variables], [*fresh.variables, *fresh.optimizer.variables], strict=True
    ):
        present.assign(first)
    model.reset_metrics()
    return model


def _made(metric: Metric) -> Metric:
    """A function as the metric that Keras would make of it: its mean."""
    if isinstance(metric, (str, keras.metrics.Metric)):
        return metric
    return keras.metrics.MeanMetricWrapper(metric, name=metric.__name__)


def _forgetting(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``step``, after which TensorFlow forgets the gradients that were registered while it was traced.

    They are needed while the backward pass is traced, and that happens in ``step`` itself. TensorFlow would keep them
    for as long as the process lives, and with each the graph of its network: 3 to 6 MB for every network trained.
    """

    def run(batches: Any) -> Any:
        known = set(gradient_registry.list())
        try:
            return step(batches)
        finally:
            for name in set(gradient_registry.list()) - known:
                del gradient_registry._registry[name]  # there is no public way

    return run


def _joined(outputs: list[Any]) -> Any:
    return tree.map_structure(lambda *parts: ops.concatenate(parts), *outputs)
