"""A learner's Keras model as a check sees it: described, and connected to the worker that holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import msgspec

from coursekit.worker.wire import ProtocolError

Shape = Any  # a tuple, a list of tuples, or None


@dataclass(frozen=True)
class Layer:
    """One layer of a model.

    Attributes:
        class_name: such as ``"Dense"``.
        name: its name in the model.
        config: its settings, such as ``units``, ``activation``, ``rate``.
        input_shape: with ``None`` for the batch; a list of shapes where there are several; ``None`` if not built.
        output_shape: likewise.
        parameter_count: how many numbers it holds, trainable or not.
        trainable: whether training may change it.
        layers: the layers within, where it is itself a model or wraps a layer.
    """

    class_name: str
    name: str
    config: dict[str, Any]
    input_shape: Shape
    output_shape: Shape
    parameter_count: int
    trainable: bool
    layers: tuple[Layer, ...] = ()

    def __post_init__(self) -> None:
        _check_shapes(self.input_shape, self.output_shape)


@dataclass(frozen=True)
class Optimizer:
    """The optimizer that a model was compiled with.

    Attributes:
        name: its class, such as ``"SGD"``.
        learning_rate: a float; or, for a schedule, a dict of its ``class`` and settings.
        config: its settings, such as ``momentum``.
    """

    name: str
    learning_rate: float | dict[str, Any]
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
        handle: number under which the learner's side holds it.
    """

    class_name: str
    name: str
    layers: tuple[Layer, ...]
    input_shape: Shape
    output_shape: Shape
    parameter_count: int
    trainable_parameter_count: int
    optimizer: Optimizer | None
    loss: Loss | None
    handle: int
    _predict: ClassVar[Any] = None

    def __post_init__(self) -> None:
        _check_shapes(self.input_shape, self.output_shape)

    @classmethod
    def from_data(cls, data: Any) -> Model:
        """The model that :func:`coursekit.worker.describing.describe` described.

        Raises:
            ProtocolError: ``data`` is no such description.
        """
        try:
            return msgspec.convert(data, cls)
        except ValueError as error:  # of msgspec, or of a key that is no text
            raise ProtocolError("not the description of a model") from error

    def with_predict(self, predict: Callable[[Any], Any]) -> Model:
        """The same model with a way to ask for predictions."""
        connected = replace(self)
        object.__setattr__(connected, "_predict", predict)
        return connected

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
        >>> model = Model("Sequential", "m", (dense,), (None, 4), (None, 10), 50, 50, None, None, 1)
        >>> model.find("Dense") == [dense], model.find("Dropout")
        (True, [])
        """
        return [layer for layer in _walk(self.layers) if layer.class_name == class_name]


def _check_shapes(*shapes: Any) -> None:
    if not all(shape is None or isinstance(shape, tuple | list) for shape in shapes):
        raise TypeError("a shape is a tuple, a list of tuples, or None")


def _walk(layers: tuple[Layer, ...]) -> list[Layer]:
    return [each for layer in layers for each in (layer, *_walk(layer.layers))]
