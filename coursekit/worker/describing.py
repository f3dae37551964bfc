"""A Keras model as plain data, on the learner's side: what it is made of, and what it predicts.

Keras is never imported here: where it is not loaded, nothing is a model.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np

from coursekit.worker import recreating
from coursekit.worker.bounds import MODEL_LAYERS, SETTING_DEPTH, SETTING_ITEMS
from coursekit.worker.plain import CannotBePlain, to_plain

PREDICTING = ("predict", "predict_step", "make_predict_function")


def is_model(value: Any) -> bool:
    """Whether ``value`` is a Keras model."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, keras.Model)


def describe(model: Any) -> dict[str, Any]:
    """A Keras model as plain data: the fields of :class:`coursekit.grading.models.Model` but for ``handle``.

    Args:
        model: a ``keras.Model``, built or not, compiled or not.
    """
    return {
        "class_name": type(model).__name__,
        "name": str(model.name),
        "layers": _layers(model),
        "input_shape": _shape(getattr(model, "input_shape", None)),
        "output_shape": _shape(getattr(model, "output_shape", None)),
        "parameter_count": _count(model.weights),
        "trainable_parameter_count": _count(model.trainable_weights),
        "optimizer": _optimizer(getattr(model, "optimizer", None)),
        "loss": _loss(model),
        "always_training": _always_training(model),
    }


def predict(model: Any, x: Any) -> Any:
    """What a Keras model gives for the batch ``x``: by its own ``predict`` if it has another than Keras's, which would
    trace the model for each check, else by direct calls."""
    kind = sys.modules["keras"].Model
    if any(name in vars(model) or getattr(type(model), name) is not getattr(kind, name) for name in PREDICTING):
        return model.predict(x, batch_size=recreating.BATCH, verbose=0)
    return recreating.predict(model, x)


def text_for_numbers(model: Any, x: Any) -> str:
    """What is wrong where a model takes text and the batch ``x`` holds numbers, or the reverse; else nothing."""
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, list | tuple) else [x]
    inputs = getattr(model, "inputs", None)  # of a class of the learner's, it may be anything
    dtypes = [str(getattr(each, "dtype", "")) for each in inputs] if isinstance(inputs, list) else []
    takes = {"text" if dtype == "string" else "numbers" for dtype in dtypes}
    fed = {"text" if np.asarray(part).dtype.kind in "US" else "numbers" for part in parts}
    return f"takes {takes.pop()} and is fed {fed.pop()}" if len(takes) == len(fed) == 1 and takes != fed else ""


def kinds(layer: Any) -> list[str]:
    """The names of the classes of Keras and of the course that a layer is an instance of, the nearest first."""
    classes = type(layer).__mro__
    known = [each for each in classes if each.__module__.partition(".")[0] in ("keras", "coursekit")]
    return [each.__name__ for each in known if issubclass(each, sys.modules["keras"].layers.Layer)]


def single_loss(model: Any) -> Any:
    """The loss that a model was compiled with, as a function of labels and predictions; also one in a list of one.

    None for a model with a loss for each of its outputs.
    """
    loss = getattr(model, "loss", None)
    while isinstance(loss, list | tuple | dict) and len(loss) == 1:
        loss = next(iter(loss.values() if isinstance(loss, dict) else loss))
    return None if isinstance(loss, list | tuple | dict) else sys.modules["keras"].losses.get(loss)


def _always_training(model: Any) -> list[str]:
    """The names of the layers that a functional model was made to call with ``training=True``.

    Layers for augmentation do not count: Keras writes it down for them unasked, as the default of their calls.
    """
    kind = sys.modules["keras.src.models.functional"].Functional
    try:
        layers = kind.get_config(model)["layers"] if isinstance(model, kind) else []
    except Exception:  # a layer of the learner's, which tells no settings: of whatever kind
        return []
    return [
        str(layer["name"])
        for layer in layers
        if any(node["kwargs"].get("training") is True for node in layer.get("inbound_nodes", []))
        and not _trains_by_default(model.get_layer(layer["name"]))
    ]


def _trains_by_default(layer: Any) -> bool:
    training = inspect.signature(layer.call).parameters.get("training")
    return training is not None and training.default is True


def _layers(owner: Any) -> list[dict[str, Any]]:
    layers = owner._flatten_layers(include_self=False, recursive=False)  # also those that are attributes of a class
    return [_layer(layer) for layer in layers[:MODEL_LAYERS] if "InputLayer" not in kinds(layer)]


def _layer(layer: Any) -> dict[str, Any]:
    return {
        "class_name": type(layer).__name__,
        "kinds": kinds(layer),
        "name": str(layer.name),
        "config": _settings(layer),
        "input_shape": _shape(_tensor_shapes(layer, "input")),
        "output_shape": _shape(_tensor_shapes(layer, "output")),
        "parameter_count": _count(layer.weights),
        "trainable": bool(layer.trainable),
        "layers": _layers(layer),
    }


def _tensor_shapes(layer: Any, which: str) -> Any:
    try:
        tensors = getattr(layer, which)
    except (AttributeError, ValueError):  # Keras: the layer has never been called, or several times
        return None
    return [each.shape for each in tensors] if isinstance(tensors, list | tuple) else getattr(tensors, "shape", None)


def _shape(shape: Any) -> Any:
    if shape is None or isinstance(shape, dict):
        return None
    if len(shape) and isinstance(shape[0], list | tuple):
        return [_shape(each) for each in shape]
    return tuple(None if length is None else int(length) for length in shape)


def _count(weights: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def _settings(thing: Any) -> dict[str, Any]:
    try:
        config = thing.get_config()
    except Exception:  # the learner's class: of whatever kind; it tells no settings
        return {}
    return _settings_of(config)


def _settings_of(config: dict[str, Any]) -> dict[str, Any]:
    """Settings as plain data, without those that cannot be, or that are large, such as the words of a vocabulary."""
    settings = {str(key): _setting(value) for key, value in config.items()}
    return {key: value for key, value in settings.items() if _is_small(value)}


_LEFT_OUT = object()


def _is_small(setting: Any, depth: int = SETTING_DEPTH) -> bool:
    if isinstance(setting, np.ndarray):
        return setting.size <= SETTING_ITEMS
    if isinstance(setting, str):
        return len(setting) <= SETTING_ITEMS
    if isinstance(setting, list | tuple | dict):
        items = setting.values() if isinstance(setting, dict) else setting
        return depth > 0 and len(setting) <= SETTING_ITEMS and all(_is_small(item, depth - 1) for item in items)
    return setting is not _LEFT_OUT


def _setting(value: Any) -> Any:
    """A setting as plain data; a serialised object becomes its class name, or name and settings."""
    if isinstance(value, dict) and "class_name" in value:
        config = value.get("config")
        if value["class_name"] == "function":
            return str(config)
        settings = config if isinstance(config, dict) else {}
        if value["class_name"] == "DTypePolicy":
            return str(settings.get("name"))
        return {"class": str(value["class_name"])} | _settings_of(settings)
    try:
        return to_plain(value)
    except CannotBePlain:
        return _LEFT_OUT


def _optimizer(optimizer: Any) -> dict[str, Any] | None:
    if optimizer is None:
        return None
    settings = _settings(optimizer)
    rate = settings.get("learning_rate")
    if not isinstance(rate, dict):  # a dict is a schedule: its class and settings
        rate = float(f"{float(np.asarray(optimizer.learning_rate)):.7g}")  # Keras keeps it as float32: 7 digits
    return {"name": type(optimizer).__name__, "learning_rate": rate, "config": settings | {"learning_rate": rate}}


def _loss(model: Any) -> dict[str, Any] | None:
    if getattr(model, "loss", None) is None:
        return None
    loss = single_loss(model)
    if loss is None:
        return {"name": "several losses", "from_logits": False, "config": {}}
    settings = _settings(loss) if hasattr(loss, "get_config") else {}
    name = getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__)
    return {"name": str(name), "from_logits": bool(settings.get("from_logits", False)), "config": settings}
