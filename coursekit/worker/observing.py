"""What a Keras model does, on the learner's side: a model that was looked at is to the last bit as it was.

Its weights, its layers' random states and those of Python and NumPy are put back. Neither its optimizer nor its metrics
are touched, and nothing that ``fit`` keeps is made. What was not built is built, as ``predict`` would do.
"""

from __future__ import annotations

import contextlib
import math
import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from coursekit.worker import describing
from coursekit.worker.failures import WrongKind

GAIN = 2.0  # of drawn weights over those that keep the size of what goes through
NUDGE = 0.5  # of drawn weights
SAMPLE = 256  # numbers of what a layer gave
NEVER = float("nan")
CALL_HINT = "Compare what your model takes with what the question says that it is fed."
GRAPHS = "_graphs_of_its_steps"  # of a recurrent layer


def observe(model: Any, x: Any) -> dict[str, Any]:
    """The description of a model that has seen the batch ``x``, and each layer's part in it.

    Args:
        model: a ``keras.Model``; it is built on ``x`` where it is not built yet.
        x: array ``(batch, …)``, or a list of them for a model with several inputs.

    Returns:
        What :func:`coursekit.worker.describing.describe` gives, and ``steps``, in the order in which layers ended: the
        fields of :class:`coursekit.grading.models.Step`.

    Raises:
        WrongKind: the model cannot take such a batch.
    """
    steps: list[dict[str, Any]] = []
    _build(model, x)
    with unchanged(model), _watching(steps):
        outputs = _call(model, x, training=False)
    return describing.describe(model) | {"steps": steps[:-1], "gave": _shapes(outputs)}  # the last is the model itself


def rehearse(model: Any, x: Any, training: bool, seed: int | None) -> Any:
    """What a model would give for the batch ``x`` with other weights, or while it trains.

    Args:
        model: a ``keras.Model``.
        x: array ``(batch, …)``, or a list of them.
        training: whether layers such as dropout work as in training.
        seed: of normal numbers in place of the trainable weights; ``None`` to keep these.
    """
    _build(model, x)
    with unchanged(model):
        if seed is not None:
            weights = model.trainable_weights
            for weight, value in zip(weights, drawn_weights(seed, [tuple(weight.shape) for weight in weights])):
                weight.assign(value)
        return _call(model, x, training)


def drawn_weights(seed: int, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """The weights that :func:`rehearse` draws from ``seed`` for a model whose trainable weights have these shapes."""
    rng = np.random.default_rng(seed)
    inputs = [math.prod(shape[:-1]) if len(shape) > 1 else 1 for shape in shapes]
    return [rng.normal(scale=GAIN * math.sqrt(2 / max(n, 1)), size=shape) for n, shape in zip(inputs, shapes)]


def loss_values(model: Any, labels: Any, predictions: list[Any]) -> list[float]:
    """The loss of a model, without penalties on its weights, for each of several predictions of ``labels``.

    Returns:
        One number for each; NaN where the loss does not take such labels and predictions.
    """
    loss = describing.single_loss(model)
    return [_loss_value(loss, labels, each) for each in predictions]


def training_step(model: Any, x: Any, seed: int | None) -> list[dict[str, Any]]:
    """What one step of training on the batch ``x`` would do to each weight.

    The step lessens the mean square of what the outputs are away from random numbers, whatever loss the model was
    compiled with.

    Args:
        model: a ``keras.Model``.
        x: array ``(batch, …)``, or a list of them.
        seed: of a nudge that the trainable weights get before, so that none is where nothing moves by chance, as behind
            a layer that starts with zeros; ``None`` for no nudge.

    Returns:
        For each weight its ``path`` and ``shape``; ``gradient``, the largest absolute value of its gradient, 0 where it
        is frozen or plays no part; and ``moves``, whether the step would change it, as a gradient does, or as a layer
        in training changes the mean and variance that follow its batches.
    """
    tensorflow = sys.modules["tensorflow"]
    _build(model, x)
    trained = model.trainable_weights
    with unchanged(model):
        if seed is not None:
            for weight, nudge in zip(trained, drawn_weights(seed, [tuple(weight.shape) for weight in trained])):
                weight.assign_add(NUDGE * nudge)
        before = [np.array(weight.numpy()) for weight in model.weights]
        with tensorflow.GradientTape() as tape:
            value = tensorflow.reduce_mean(_away(_call(model, x, training=True)))
        gradients = tape.gradient(value, [weight.value for weight in trained])
        followed = [not np.array_equal(old, weight.numpy()) for old, weight in zip(before, model.weights)]
    largest = {id(weight): _largest(gradient) for weight, gradient in zip(trained, gradients)}
    steps = [largest.get(id(weight), 0.0) for weight in model.weights]
    return [
        {"path": str(weight.path), "shape": tuple(weight.shape), "gradient": step, "moves": moved or step > 0}
        for weight, step, moved in zip(model.weights, steps, followed)
    ]


def _away(outputs: Any) -> Any:
    outputs = sys.modules["keras"].ops.cast(outputs, "float32")
    return (outputs - np.random.default_rng(0).normal(size=outputs.shape).astype(np.float32)) ** 2


@contextlib.contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Whatever happens to a model's variables within, they are as before afterwards; so are random states."""
    kept = [(variable, np.array(variable.numpy())) for variable in model.variables]
    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)
        random.setstate(states[0])
        np.random.set_state(states[1])


def _build(model: Any, x: Any) -> None:
    """Have a model make its variables; a class may call itself built before each of its layers is."""
    if not model.variables or not all(layer.built for layer in model._flatten_layers()):
        _call(model, x, training=False)


def _call(model: Any, x: Any, training: bool) -> Any:
    """What a model gives; where it cannot take such a batch, a failure says so."""
    try:
        with contextlib.nullcontext() if training else _recurrence_in_graphs():
            return model(x, training=training)
    except Exception as error:
        shape = " and ".join(str(np.shape(each)) for each in (x if isinstance(x, list) else [x]))
        lines = [line.replace("\x1b[1m", "").replace("\x1b[0m", "").strip() for line in str(error).splitlines()]
        told = [line for line in lines if line and not line.startswith("Exception encountered")]
        came = f"It stopped with {type(error).__name__}: {told[0] if told else 'without a message'}"
        raise WrongKind(f"The model cannot take a batch of shape {shape}.", came, CALL_HINT) from error


@contextlib.contextmanager
def _recurrence_in_graphs() -> Iterator[None]:
    """Each recurrent layer of Keras' own cells goes through the steps of a batch in a graph, which it keeps: outside of
    one, a step is milliseconds of Python. A learner's cell may do what no graph can. Not for training, where the graph
    would keep the first batch's mask of dropout as well."""
    kind = sys.modules["keras"].layers.RNN
    step_by_step = kind.inner_loop

    def in_a_graph(layer: Any, *args: Any, **kwargs: Any) -> Any:
        cells = getattr(layer.cell, "cells", [layer.cell])
        if not all(type(cell).__module__.startswith("keras.") for cell in cells):
            return step_by_step(layer, *args, **kwargs)
        kept = vars(layer).setdefault(GRAPHS, {})
        key = (id(layer.cell), layer.go_backwards, layer.return_sequences, layer.unroll)
        if key not in kept:
            kept[key] = sys.modules["tensorflow"].function(step_by_step.__get__(layer), autograph=False)
            kept[key]._omit_frequent_tracing_warning = True  # each batch of another length is another graph
        return kept[key](*args, **kwargs)

    kind.inner_loop = in_a_graph
    try:
        yield
    finally:
        kind.inner_loop = step_by_step


@contextlib.contextmanager
def _watching(steps: list[dict[str, Any]]) -> Iterator[None]:
    """Note what each layer takes and gives when it is first called; not in a graph, which has no values yet."""
    kind = sys.modules["keras"].layers.Layer
    original, seen = kind.__call__, set[int]()

    def watched(layer: Any, *args: Any, **kwargs: Any) -> Any:
        given = original(layer, *args, **kwargs)
        if id(layer) not in seen and not sys.modules["tensorflow"].inside_function():
            seen.add(id(layer))
            steps.append(_step(layer, args[0] if args else next(iter(kwargs.values()), None), given))
        return given

    kind.__call__ = watched
    try:
        yield
    finally:
        kind.__call__ = original


def _step(layer: Any, took: Any, gave: Any) -> dict[str, Any]:
    return {
        "layer": str(layer.name),
        "kinds": describing.kinds(layer),
        "took": _shapes(took),
        "gave": _shapes(gave),
        "took_probabilities": _are_probabilities(took),
        "gave_probabilities": _are_probabilities(gave),
        "sample": _sample(gave),
    }


def _shapes(tensors: Any) -> Any:
    if isinstance(tensors, dict):
        tensors = list(tensors.values())
    if isinstance(tensors, list | tuple):
        return [_shapes(each) for each in tensors]
    shape = getattr(tensors, "shape", None)
    return None if shape is None else tuple(int(length) for length in shape)


def _are_probabilities(tensor: Any) -> bool:
    shape = _shapes(tensor)
    if not isinstance(shape, tuple) or len(shape) < 2 or shape[-1] < 2:
        return False
    values = np.asarray(tensor)
    return values.dtype.kind == "f" and bool((values >= 0).all() and np.allclose(values.sum(axis=-1), 1, atol=1e-3))


def _sample(tensor: Any) -> list[float]:
    """Numbers of a tensor, at places that follow from its size alone; none if it holds none."""
    if not isinstance(_shapes(tensor), tuple):
        return []
    values = np.asarray(tensor).ravel()
    if values.dtype.kind not in "biuf" or not values.size:
        return []
    places = np.random.default_rng(0).integers(values.size, size=SAMPLE)
    return [float(value) for value in values[places]]


def _loss_value(loss: Any, labels: Any, prediction: Any) -> float:
    ops = sys.modules["keras"].ops
    try:
        return float(np.mean(np.asarray(loss(ops.convert_to_tensor(labels), ops.convert_to_tensor(prediction)))))
    except Exception:  # of whatever kind: the loss is the learner's, and says so of labels that it does not take
        return NEVER


def _largest(gradient: Any) -> float:
    if gradient is None:
        return 0.0
    values = np.asarray(getattr(gradient, "values", gradient))  # of an embedding, only the rows that were used
    return float(np.abs(values).max()) if values.size else 0.0
