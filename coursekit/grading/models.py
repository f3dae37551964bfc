"""A Keras model as plain data: what it is made of, and what it predicts.

Keras is never imported here: where it is not loaded, nothing is a model.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from coursekit.grading.plain import CannotBePlain, to_plain
from coursekit.grading.wire import ProtocolError

MAX_LAYERS = 2_000
ESSENTIALS = frozenset(
    """units activation rate filters kernel_size strides padding dilation_rate pool_size use_bias input_dim output_dim
    kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint
    return_sequences return_state recurrent_dropout dropout go_backwards merge_mode mask_zero momentum epsilon axis
    center scale stddev seed target_shape size interpolation data_format groups depth_multiplier num_heads key_dim
    value_dim dtype noise_shape offset height width factor mode n""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Layer:
    """One layer of a model.

    Attributes:
        class_name: such as ``"Dense"``.
        name: its name in the model.
        config: the settings that matter for what it computes, such as ``units``, ``activation``, ``rate``.
        input_shape: with ``None`` for the batch; a list of shapes where there are several; ``None`` if not built.
        output_shape: likewise.
        parameter_count: how many numbers it holds, trainable or not.
        trainable: whether training may change it.
        layers: the layers within, where it is itself a model or wraps a layer.
    """

    class_name: str
    name: str
    config: dict[str, Any]
    input_shape: Any
    output_shape: Any
    parameter_count: int
    trainable: bool
    layers: tuple[Layer, ...] = ()

    @classmethod
    def from_data(cls, data: Any) -> Layer:
        """The layer that :func:`describe` described.

        Raises:
            ProtocolError: ``data`` is no such description.
        """
        _require(data, _LAYER_TYPES)
        return cls(**data | {"layers": tuple(cls.from_data(layer) for layer in data["layers"])})


@dataclass(frozen=True)
class Optimizer:
    """The optimizer that a model was compiled with.

    Attributes:
        name: its class, such as ``"SGD"``.
        learning_rate: a float; or, for a schedule, a dict of its ``class`` and settings.
        config: its settings, such as ``momentum``.
    """

    name: str
    learning_rate: Any
    config: dict[str, Any]


@dataclass(frozen=True)
class Loss:
    """The loss that a model was compiled with.

    Attributes:
        name: such as ``"sparse_categorical_crossentropy"``, however it was given to ``compile``.
        from_logits: whether it takes logits; ``False`` where it makes no such difference.
        config: its settings.
    """

    name: str
    from_logits: bool
    config: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """A Keras model, described.

    Attributes:
        class_name: such as ``"Sequential"``.
        name: its name.
        layers: its layers in order, without input layers.
        input_shape: with ``None`` for the batch; a list of shapes where there are several; ``None`` if not built.
        output_shape: likewise.
        parameter_count: how many numbers it holds.
        trainable_parameter_count: how many of them training may change.
        optimizer: ``None`` if the model is not compiled.
        loss: ``None`` if the model is not compiled, or without a loss.
        metrics: names of the metrics that it was compiled with.
        handle: number under which the learner's side holds it.
    """

    class_name: str
    name: str
    layers: tuple[Layer, ...]
    input_shape: Any
    output_shape: Any
    parameter_count: int
    trainable_parameter_count: int
    optimizer: Optimizer | None
    loss: Loss | None
    metrics: list[str]
    handle: int
    _predict: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_data(cls, data: Any) -> Model:
        """The model that :func:`describe` described.

        Raises:
            ProtocolError: ``data`` is no such description.
        """
        _require(data, _MODEL_TYPES)
        optimizer, loss = data["optimizer"], data["loss"]
        if optimizer is not None:
            _require(optimizer, _OPTIMIZER_TYPES)
        if loss is not None:
            _require(loss, _LOSS_TYPES)
        parts = {
            "layers": tuple(Layer.from_data(layer) for layer in data["layers"]),
            "optimizer": optimizer and Optimizer(**optimizer),
            "loss": loss and Loss(**loss),
        }
        return cls(**data | parts)

    def with_predict(self, predict: Callable[[Any], Any]) -> Model:
        """The same model with a way to ask for predictions."""
        return replace(self, _predict=predict)

    def predict(self, x: Any) -> Any:
        """What the model gives for the batch ``x``.

        Args:
            x: array ``(batch, …)``, or a list of them for a model with several inputs.

        Returns:
            An array ``(batch, …)``; a list or dict of them for a model with several outputs.
        """
        if self._predict is None:
            raise RuntimeError("This description is not connected to a model.")
        return self._predict(x)

    def find(self, class_name: str) -> list[Layer]:
        """The layers of one class, in order, those within other layers included.

        >>> dense = Layer("Dense", "dense", {"units": 10}, (None, 4), (None, 10), 50, True)
        >>> model = Model("Sequential", "m", (dense,), (None, 4), (None, 10), 50, 50, None, None, [], 1)
        >>> model.find("Dense") == [dense], model.find("Dropout")
        (True, [])
        """
        return [layer for layer in _walk(self.layers) if layer.class_name == class_name]


_OPTIMIZER_TYPES = {"name": str, "learning_rate": (int, float, dict), "config": dict}
_LOSS_TYPES = {"name": str, "from_logits": bool, "config": dict}
_SHAPE = (tuple, list, type(None))
_LAYER_TYPES = {
    "class_name": str,
    "name": str,
    "config": dict,
    "input_shape": _SHAPE,
    "output_shape": _SHAPE,
    "parameter_count": int,
    "trainable": bool,
    "layers": list,
}
_MODEL_TYPES = {
    "class_name": str,
    "name": str,
    "layers": list,
    "input_shape": _SHAPE,
    "output_shape": _SHAPE,
    "parameter_count": int,
    "trainable_parameter_count": int,
    "optimizer": (dict, type(None)),
    "loss": (dict, type(None)),
    "metrics": list,
    "handle": int,
}


def _require(data: Any, types: dict[str, Any]) -> None:
    fits = isinstance(data, dict) and data.keys() == types.keys()
    if not fits or not all(isinstance(data[name], kind) for name, kind in types.items()):
        raise ProtocolError("not the description of a model")


def _walk(layers: tuple[Layer, ...]) -> list[Layer]:
    return [each for layer in layers for each in (layer, *_walk(layer.layers))]


def is_model(value: Any) -> bool:
    """Whether ``value`` is a Keras model."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, keras.Model)


def describe(model: Any) -> dict[str, Any]:
    """A Keras model as plain data: the fields of :class:`Model` but for ``handle``.

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
        "loss": _loss(getattr(model, "loss", None)),
        "metrics": _metrics(model),
    }


def predict(model: Any, x: Any) -> Any:
    """What a Keras model gives for the batch ``x``, computed in batches of 256."""
    return model.predict(x, batch_size=256, verbose=0)


def _layers(owner: Any) -> list[dict[str, Any]]:
    layers = list(getattr(owner, "layers", None) or [getattr(owner, "layer", None)])
    return [
        _layer(layer) for layer in layers[:MAX_LAYERS] if layer is not None and type(layer).__name__ != "InputLayer"
    ]


def _layer(layer: Any) -> dict[str, Any]:
    return {
        "class_name": type(layer).__name__,
        "name": str(layer.name),
        "config": _settings(layer, keep=ESSENTIALS),
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


def _settings(thing: Any, keep: frozenset[str] | None = None) -> dict[str, Any]:
    try:
        config = thing.get_config()
    except (NotImplementedError, TypeError):  # Keras: a class that takes arguments and says nothing about them
        return {}
    chosen = {key: _setting(value) for key, value in config.items() if keep is None or key in keep}
    return {key: value for key, value in chosen.items() if value is not _LEFT_OUT}


_LEFT_OUT = object()


def _setting(value: Any) -> Any:
    """A setting as plain data; a serialised object becomes its class name, or name and settings."""
    if isinstance(value, dict) and "class_name" in value:
        config = value.get("config")
        if value["class_name"] == "function":
            return str(config)
        settings = config if isinstance(config, dict) else {}
        if value["class_name"] == "DTypePolicy":
            return str(settings.get("name"))
        return {"class": str(value["class_name"])} | {str(k): _setting(v) for k, v in settings.items()}
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


def _loss(loss: Any) -> dict[str, Any] | None:
    if loss is None:
        return None
    if isinstance(loss, str):
        loss = sys.modules["keras"].losses.get(loss)
    settings = _settings(loss) if hasattr(loss, "get_config") else {}
    name = getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__)
    return {"name": str(name), "from_logits": bool(settings.get("from_logits", False)), "config": settings}


def _metrics(model: Any) -> list[str]:
    compiled = getattr(model, "_compile_config", None)
    config = getattr(compiled, "config", None) or {}
    metrics = config.get("metrics") or []
    return [_metric_name(metric) for metric in (metrics if isinstance(metrics, list | tuple) else [metrics])]


def _metric_name(metric: Any) -> str:
    if isinstance(metric, str):
        return metric
    return str(getattr(metric, "name", None) or getattr(metric, "__name__", type(metric).__name__))
