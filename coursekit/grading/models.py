"""A learner's Keras model as a check sees it: described, and connected to the worker that holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
import numpy as np

from coursekit.worker.bounds import MODEL_LAYERS, MODEL_WEIGHTS
from coursekit.worker.requests import LossValues, Observe, Predict, Rehearse, TrainingStep
from coursekit.worker.wire import ProtocolError

Made = TypeVar("Made")
Shape = Any  # a tuple, a list of tuples, or None
AskModel = Callable[[Any, str, dict[str, Any]], Any]  # the kind of request, its name in messages, its fields


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
        layers: the layers within, where it is a model, wraps a layer, or is a class of the learner's that has some.
        kinds: the classes of Keras and of the course that it is an instance of, the nearest first: ``"Conv2D"``,
            ``"BaseConv"``, ``"Layer"``, …
    """

    class_name: str
    name: str
    config: dict[str, Any]
    input_shape: Shape
    output_shape: Shape
    parameter_count: int
    trainable: bool
    layers: tuple[Layer, ...] = ()
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_shapes(self.input_shape, self.output_shape)


@dataclass(frozen=True)
class Step:
    """What one layer did with a batch.

    Attributes:
        layer: its name.
        kinds: as of a :class:`Layer`.
        took: the shape of its input, or of its first input where there are several; a list where that is a list.
        gave: the shape of its output; a list where there are several.
        took_probabilities: whether the last axis of its input held numbers from 0 up that sum to one.
        gave_probabilities: the same of its output.
        sample: numbers of its output, at places that follow from the output's size alone, to compare it with that of
            another layer; empty where there are several outputs.
    """

    layer: str
    kinds: tuple[str, ...]
    took: Shape
    gave: Shape
    took_probabilities: bool
    gave_probabilities: bool = False
    sample: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _check_shapes(self.took, self.gave)


@dataclass(frozen=True)
class Weight:
    """What a step of training would do to one weight.

    Attributes:
        path: its name, with the layers that hold it.
        shape: its shape.
        gradient: the largest absolute value of its gradient; 0 where it is frozen or plays no part.
        moves: whether the step would change it: by its gradient, or as batch normalisation in training changes its
            moving mean and variance.
    """

    path: str
    shape: tuple[int, ...]
    gradient: float
    moves: bool = False


Weights = Annotated[list[Weight], msgspec.Meta(max_length=MODEL_WEIGHTS)]


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
        name: such as ``"sparse_categorical_crossentropy"``, however it was given to ``compile``; ``"several losses"``
            for a model with one for each output.
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
        steps: what its layers did with the batch that it was shown last, see :meth:`on`, in the order in which they
            ended.
        gave: the shape of its output for that batch; a list where there are several; ``None`` if it was shown none.
        always_training: the names of the layers that a functional model was made to call with ``training=True``.
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
    handle: int = 0
    steps: Annotated[tuple[Step, ...], msgspec.Meta(max_length=MODEL_LAYERS)] = ()
    gave: Shape = None
    always_training: tuple[str, ...] = ()
    _ask: ClassVar[Any] = None

    def __post_init__(self) -> None:
        _check_shapes(self.input_shape, self.output_shape, self.gave)

    @classmethod
    def from_data(cls, data: Any) -> Model:
        """The model that :func:`coursekit.worker.describing.describe` described.

        Raises:
            ProtocolError: ``data`` is no such description.
        """
        return _converted(data, cls)

    def connected(self, ask: AskModel) -> Model:
        """The same model with a way to ask for what it does."""
        connected = replace(self)
        object.__setattr__(connected, "_ask", ask)
        return connected

    def predict(self, x: Any) -> Any:
        """What the model gives for the batch ``x``.

        Args:
            x: array ``(batch, …)``, or a list of them for a model with several inputs.

        Returns:
            An array ``(batch, …)``; a list or dict of them for a model with several outputs.
        """
        return self._asked(Predict, "predict", x=x)

    def on(self, x: Any) -> Model:
        """The model once it has seen the batch ``x``: built, with its :attr:`steps` and what it :attr:`gave`."""
        return self.from_data(self._asked(Observe, "", x=x)).connected(self._ask)

    def rehearse(self, x: Any, training: bool = False, seed: int | None = None) -> Any:
        """What the model would give for the batch ``x`` in training, or with weights drawn from ``seed``.

        Drawn weights show what follows from the architecture alone: an output of softmax sums to one with all of them,
        one of ReLU is never negative. The model stays as it is.
        """
        return self._asked(Rehearse, "", x=x, training=training, seed=seed)

    def loss_values(self, labels: Any, predictions: list[np.ndarray]) -> list[float]:
        """The model's loss, without penalties on weights, for each of several predictions of ``labels``; NaN where it
        does not take them."""
        return _converted(self._asked(LossValues, "", labels=labels, predictions=predictions), list[float])

    def training_step(self, x: Any, seed: int | None = None) -> list[Weight]:
        """What a step of training on the batch ``x`` would do to each of the model's weights.

        The step leads to random outputs, whatever loss the model was compiled with. With a seed the weights are nudged
        before, so that none stays at rest by chance, as behind a layer that starts with zeros.
        """
        return _converted(self._asked(TrainingStep, "", x=x, seed=seed), Weights)

    def _asked(self, kind: Any, words: str, **fields: Any) -> Any:
        if self._ask is None:
            raise RuntimeError("This description is not connected to a model.")
        return self._ask(kind, words, fields)

    def find(self, class_name: str) -> list[Layer]:
        """The layers of one class of Keras or of the course, in order: those within other layers included, and those of
        classes that the learner made from it.

        >>> dense = Layer("Dense", "dense", {"units": 10}, (None, 4), (None, 10), 50, True)
        >>> model = Model("Sequential", "m", (dense,), (None, 4), (None, 10), 50, 50, None, None, 1)
        >>> model.find("Dense") == [dense], model.find("Dropout")
        (True, [])
        """
        return [layer for layer in _walk(self.layers) if class_name in (layer.class_name, *layer.kinds)]


def _converted(data: Any, kind: type[Made]) -> Made:
    try:
        return msgspec.convert(data, kind)
    except ValueError as error:  # of msgspec, or of a key that is no text
        raise ProtocolError("not the description of a model") from error


def _check_shapes(*shapes: Any) -> None:
    if not all(shape is None or isinstance(shape, tuple | list) for shape in shapes):
        raise TypeError("a shape is a tuple, a list of tuples, or None")


def _walk(layers: tuple[Layer, ...]) -> list[Layer]:
    return [each for layer in layers for each in (layer, *_walk(layer.layers))]
