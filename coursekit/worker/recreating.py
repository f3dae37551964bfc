"""A Keras model as configuration and weights, and from them again: both sides of the clean room.

A model of Keras's own layers is these two and nothing else. So it is taken apart where the learner's code runs, and put
together in a worker where none ever ran; see :mod:`coursekit.grading.cleanroom`.
"""

from __future__ import annotations

import importlib
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from coursekit.worker.bounds import MB
from coursekit.worker.failures import WrongKind

BATCH, BATCH_BYTES = 256, 4 * MB  # rows; a direct call keeps what all layers give, which is more for larger inputs
DIRECT = 4  # batches
OF_THE_COURSE = "coursekit.nn.variational"  # layers that Keras has not; it knows them once their module is imported
SHAPES = ("batch_shape", "build_input_shape")


def export(model: Any) -> dict[str, Any] | None:
    """A model's configuration and weights.

    Args:
        model: a ``Sequential`` or functional model; its class may be the learner's, if it computes nothing itself.

    Returns:
        ``config``, the text of its JSON, without what the model was compiled with; and ``weights``: for each layer that
        has some its path, by the names of the models it is in, and its arrays. ``None`` for a model that is not built.

    Raises:
        WrongKind: the model computes with code of its own, holds weights outside of its layers, or a ``Sequential`` in
            which one layer stands several times, whose configuration would tell of it once.
    """
    keras = sys.modules["keras"]
    kinds = {"Sequential": keras.Sequential, "Functional": sys.modules["keras.src.models.functional"].Functional}
    name = next((name for name, kind in kinds.items() if isinstance(model, kind)), "")
    if not name or any(getattr(type(model), each) is not getattr(kinds[name], each) for each in ("call", "__call__")):
        raise WrongKind(f"its class `{type(model).__name__}` computes with code of its own")
    if not model.built:
        return None
    if name == "Sequential" and _repeats(model):
        name, model = "Functional", keras.Model(model.inputs, model.outputs, name=model.name)
    if any(isinstance(each, keras.Sequential) and _repeats(each) for each in model._flatten_layers()):
        raise WrongKind("a `Sequential` in it holds one layer several times")
    layers = dict(_weighted(keras, model))
    if {id(each) for layer in layers.values() for each in layer.weights} != {id(each) for each in model.weights}:
        raise WrongKind("it holds weights that are in none of its layers")
    known = {"module": "keras", "registered_name": None}
    if name == "Functional":
        known = {"module": "keras.src.models.functional", "registered_name": name}
        model = model if type(model) is kinds[name] else keras.Model(model.input, model.output, name=model.name)
    whole = known | {"class_name": name, "config": kinds[name].get_config(model)}
    whole |= {"build_config": model.get_build_config()}
    config = json.dumps(_for_any_batch(keras.saving.serialize_keras_object(whole)))
    return {
        "config": config,
        "weights": [(path, list(map(np.asarray, layer.get_weights()))) for path, layer in layers.items()],
    }


def recreate(config: str, weights: list[tuple[str, list[np.ndarray]]]) -> Any:
    """The model of this configuration with these weights, not compiled.

    Args:
        config: what :func:`export` gave; it has to be vetted, since it names what is called here.
        weights: likewise.

    Raises:
        ValueError, TypeError: Keras makes no such model, or other weights belong to it.
    """
    keras = importlib.import_module("keras")
    if OF_THE_COURSE in config:
        importlib.import_module(OF_THE_COURSE)
    keras.utils.set_random_seed(zlib.crc32(config.encode()))  # what is drawn in it is drawn again in another run
    model = keras.saving.deserialize_keras_object(json.loads(config), safe_mode=True)
    layers, given = dict(_weighted(keras, model)), dict(weights)
    if layers.keys() != given.keys():
        raise ValueError(f"weights belong to {sorted(layers)}, and came for {sorted(given)}")
    for path, layer in layers.items():
        layer.set_weights(given[path])
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state") and not isinstance(layer, keras.layers.Discretization):
            layer.finalize_state()  # an adapted Normalization computes with what it derives from its weights here
    return model


def predict(model: Any, x: Any) -> Any:
    """What a model gives for the batch ``x``, by direct calls; traced only where that takes less than it spares."""
    keras, call = sys.modules["keras"], partial(model, training=False)

    def tensor(part: np.ndarray) -> Any:
        return keras.ops.convert_to_tensor(part.astype(keras.config.floatx()) if part.dtype.kind == "f" else part)

    size = max(1, min(BATCH, BATCH_BYTES * rows(x) // max(1, _size(x))))
    batches = [_map(tensor, take(x, slice(start, start + size))) for start in range(0, max(1, rows(x)), size)]
    traced = sys.modules["tensorflow"].function(call) if len(batches) > DIRECT else call
    outputs = [*map(traced, batches[:-1]), call(batches[-1])]
    return _joined([_map(np.asarray, each) for each in outputs])


def rows(x: Any) -> int:
    """How many rows the batch ``x`` has, be it an array, or a list or dict of them.

    >>> rows(np.zeros((3, 2))), rows([np.zeros((4, 2)), np.zeros(4)])
    (3, 4)
    """
    if isinstance(x, dict):
        return min(map(len, x.values()), default=0)
    return min(map(len, x), default=0) if _is_several(x) else len(x)


def take(x: Any, which: Any) -> Any:
    """The rows of the batch ``x`` that a slice or an array of indices picks.

    >>> take([np.arange(4), 2 * np.arange(4)], np.array([1, 3]))
    [array([1, 3]), array([2, 6])]
    """
    return _map(lambda part: np.asarray(part)[which], x if isinstance(x, dict) or _is_several(x) else np.asarray(x))


def each_part(change: Callable[[Any], Any], x: Any) -> Any:
    """``x`` with each of its arrays changed."""
    return _map(change, x if isinstance(x, dict) or _is_several(x) else np.asarray(x))


def _repeats(sequential: Any) -> bool:
    """Whether one layer stands several times in a ``Sequential``; its ``layers`` have each once."""
    return len(sequential._layers) > len(set(map(id, sequential._layers)))


def _weighted(keras: Any, layer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The layers with weights, and where each is: names are unique in a model, and order is not kept by all."""
    if isinstance(layer, keras.Model):
        for inner in layer.layers:
            yield from _weighted(keras, inner, f"{path}/{inner.name}")
    elif layer.weights:
        yield path, layer


def _for_any_batch(config: Any) -> Any:
    """A configuration without what models were compiled with, and without the size of the batch they first saw."""
    if isinstance(config, list | tuple):
        return [_for_any_batch(each) for each in config]
    if not isinstance(config, dict):
        return config
    kept = {key: _for_any_batch(value) for key, value in config.items() if key != "compile_config"}
    return kept | {key: [None, *kept[key][1:]] for key in SHAPES if isinstance(kept.get(key), list)}


def _is_several(x: Any) -> bool:
    return isinstance(x, list | tuple) and len(x) > 0 and all(isinstance(each, np.ndarray) for each in x)


def _size(x: Any) -> int:
    """Bytes of a batch."""
    parts = x.values() if isinstance(x, dict) else x if _is_several(x) else [x]
    return sum(np.asarray(part).nbytes for part in parts)


def _map(change: Callable[[Any], Any], parts: Any) -> Any:
    if isinstance(parts, dict):
        return {key: _map(change, part) for key, part in parts.items()}
    return [_map(change, part) for part in parts] if isinstance(parts, list | tuple) else change(parts)


def _joined(outputs: list[Any]) -> Any:
    first = outputs[0]
    if isinstance(first, dict):
        return {key: _joined([each[key] for each in outputs]) for key in first}
    if isinstance(first, list):
        return [_joined([each[index] for each in outputs]) for index in range(len(first))]
    return np.concatenate(outputs) if first.ndim else first
